import { CommanderError } from 'commander';
import { dataOf, exitCodeOf, Failure, Interrupted, isUnread, wordsOf } from './failure.js';
import { run } from './program.js';
import { jsonText, visible } from './talk.js';

const args = process.argv.slice(2);
const json = args.includes('--json');

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads no further, as head does, has what he wanted.
  if (error.code === 'EPIPE') process.exit(0);
  tell(new Failure(`Data must go to where they can be written; got ${error.message}`, { cause: error }));
  process.exit(1);
});
// Talk that nobody hears is no reason to stop.
process.stderr.on('error', () => {});
/** What Node ends with where nothing is left to do, and what was waited for never came: a program that is loaded, say. */
const UNSETTLED = 13;
process.once('exit', () => {
  if (process.exitCode !== UNSETTLED) return;
  tell(new Failure('A graph must be there in time; got a program that waits for what never comes'));
  process.exitCode = 1;
});

try {
  await run(args);
} catch (error) {
  if (!isUnread(error)) {
    process.exitCode = exitCodeOf(error);
    // What commander has to say to people it has said.
    const said = error instanceof CommanderError || error instanceof Interrupted;
    if (json ? process.exitCode !== 0 : !said) tell(error);
  }
}

function tell(error: unknown): void {
  const red = process.stderr.isTTY && process.stderr.hasColors();
  const word = red ? '\u001b[31merror:\u001b[39m' : 'error:';
  process.stderr.write(json ? `${jsonText(dataOf(error))}\n` : `${word} ${visible(wordsOf(error))}\n`);
}
