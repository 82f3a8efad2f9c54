import { Command } from 'commander';
import { packageVersion } from '../io/version.js';
import { convertCommand } from './commands/convert.js';
import { doctorCommand } from './commands/doctor.js';
import { explainCommand } from './commands/explain.js';
import { fitCommand } from './commands/fit.js';
import { inspectCommand } from './commands/inspect.js';
import { resumeCommand } from './commands/resume.js';
import { schemaCommand } from './commands/schema.js';
import type { Context } from './context.js';

const COMMANDS = [
  fitCommand,
  resumeCommand,
  explainCommand,
  inspectCommand,
  convertCommand,
  schemaCommand,
  doctorCommand,
];

/** All commands; nothing of them ends the process. */
function program(context: Context): Command {
  const all = new Command('factorloom')
    .description('Matrix factorization as composable graphs: from files to fits and back')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--json', 'data as JSON')
    .option('-q, --quiet', 'no talk, errors only')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(See --help.)')
    .exitOverride();
  for (const make of COMMANDS) all.addCommand(make(context).copyInheritedSettings(all));
  return all;
}

/** Does what was typed after 'factorloom'. */
export async function run(args: readonly string[]): Promise<void> {
  await program({ args, run }).parseAsync([...args], { from: 'user' });
}
