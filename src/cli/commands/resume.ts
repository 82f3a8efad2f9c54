import { resolve } from 'node:path';
import { Command } from 'commander';
import type { Context } from '../context.js';
import { Failure } from '../failure.js';
import { talkOf } from '../talk.js';
import { readUnfinished } from '../unfinished.js';
import { whole } from '../values.js';

/** Commands that leave something behind to go on from, and the option that says where. */
const RESUMED: Readonly<Record<string, string>> = { fit: '--checkpoint', cv: '--store', sweep: '--store' };

/** `factorloom resume FILE`: goes on with what was stopped. */
export const resumeCommand = ({ run }: Context): Command =>
  new Command('resume')
    .description('Go on with a fit or a sweep that was stopped, to the result that it would have had')
    .argument('<file>', 'the checkpoint that a fit has left behind, or the store of a sweep')
    .option('--threads <count>', 'other than before', whole(1))
    .action(async (file: string, { threads }: { readonly threads?: number }, command: Command) => {
      const { args, folder, place } = await readUnfinished(file);
      // Before the command there are flags without a value, if anything.
      const kind = args.find((arg) => !arg.startsWith('-')) ?? '';
      if (!Object.hasOwn(RESUMED, kind))
        throw new Failure(`What is resumed must be a fit or a sweep; got: factorloom ${args.join(' ')}`);
      const talk = talkOf(command);
      const now = resolve(file);
      talk.say(`factorloom ${args.join(' ')}`);
      process.chdir(folder);
      await run([
        ...args,
        ...(threads === undefined ? [] : ['--threads', String(threads)]),
        ...(talk.json ? ['--json'] : []),
        ...(talk.quiet ? ['--quiet'] : []),
        ...(now === place ? [] : [RESUMED[kind], now]),
      ]);
    });
