import { call, tell } from './call.js';
import { Failure } from './failure.js';

const args = process.argv.slice(2);

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // Who reads no further, as head does, has what he wanted.
  if (error.code === 'EPIPE') process.exit(0);
  tell(new Failure(`Data must go to where they can be written; got ${error.message}`, { cause: error }), args, process);
  process.exit(1);
});
// Talk that nobody hears is no reason to stop.
process.stderr.on('error', () => {});
/** What Node ends with where nothing is left to do, and what was waited for never came: a program that is loaded, say. */
const UNSETTLED = 13;
process.once('exit', () => {
  if (process.exitCode !== UNSETTLED) return;
  tell(new Failure('A graph must be there in time; got a program that waits for what never comes'), args, process);
  process.exitCode = 1;
});

process.exitCode = await call(args, process);
