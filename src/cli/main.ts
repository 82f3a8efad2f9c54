import { CommanderError } from 'commander';
import { dataOf, exitCodeOf, Interrupted, wordsOf } from './failure.js';
import { run } from './program.js';
import { jsonText } from './talk.js';

// Who reads no further, as head does, has what he wanted.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const args = process.argv.slice(2);
try {
  await run(args);
} catch (error) {
  process.exitCode = exitCodeOf(error);
  // What commander has to say it has said.
  if (!(error instanceof CommanderError) && !(error instanceof Interrupted)) tell(error);
}

function tell(error: unknown): void {
  const red = process.stderr.isTTY && process.stderr.hasColors();
  const word = red ? '\u001b[31merror:\u001b[39m' : 'error:';
  process.stderr.write(args.includes('--json') ? `${jsonText(dataOf(error))}\n` : `${word} ${wordsOf(error)}\n`);
}
