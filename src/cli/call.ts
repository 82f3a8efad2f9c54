import { CommanderError } from 'commander';
import { dataOf, exitCodeOf, Interrupted, isUnread, wordsOf } from './failure.js';
import { run } from './program.js';
import { jsonText, type Streams, visible } from './talk.js';

/**
 * Does what was typed after 'factorloom', and says what has failed.
 *
 * @returns the exit code of it
 */
export async function call(args: readonly string[], streams: Streams): Promise<number> {
  try {
    await run(args, streams);
    return 0;
  } catch (error) {
    if (isUnread(error)) return 0;
    const code = exitCodeOf(error);
    // What commander has to say to people it has said.
    const said = error instanceof CommanderError || error instanceof Interrupted;
    if (isForMachines(args) ? code !== 0 : !said) tell(error, args, streams);
    return code;
  }
}

/** Says what has failed, as data where that was asked for. */
export function tell(error: unknown, args: readonly string[], { stderr }: Streams): void {
  const red = stderr.isTTY === true && stderr.hasColors?.() === true;
  const word = red ? '\u001b[31merror:\u001b[39m' : 'error:';
  stderr.write(isForMachines(args) ? `${jsonText(dataOf(error))}\n` : `${word} ${visible(wordsOf(error))}\n`);
}

const isForMachines = (args: readonly string[]): boolean => args.includes('--json');
