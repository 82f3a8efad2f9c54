import { Command } from 'commander';
import { packageVersion } from '../io/version.js';
import { completionCommand } from './commands/completion.js';
import { convertCommand } from './commands/convert.js';
import { cvCommand } from './commands/cv.js';
import { doctorCommand } from './commands/doctor.js';
import { explainCommand } from './commands/explain.js';
import { fitCommand } from './commands/fit.js';
import { inspectCommand } from './commands/inspect.js';
import { plotCommand } from './commands/plot.js';
import { projectCommand } from './commands/project.js';
import { reportCommand } from './commands/report.js';
import { resumeCommand } from './commands/resume.js';
import { schemaCommand } from './commands/schema.js';
import { simulateCommand } from './commands/simulate.js';
import type { Context } from './context.js';
import { examples } from './examples.js';
import { type Streams, speakTo } from './talk.js';

/** In the order of the help. */
const COMMANDS = [
  inspectCommand,
  convertCommand,
  simulateCommand,
  explainCommand,
  fitCommand,
  cvCommand,
  resumeCommand,
  projectCommand,
  plotCommand,
  reportCommand,
  schemaCommand,
  doctorCommand,
  completionCommand,
];

/** All commands; nothing of them ends the process. */
function program(context: Context, { stdout, stderr }: Streams): Command {
  const all = new Command('factorloom')
    .description('Matrix factorization as composable graphs: from files to fits and back')
    .version(packageVersion(), '-V, --version', 'print the version')
    .option('--json', 'data as JSON')
    .option('-q, --quiet', 'no talk, errors only')
    .helpOption('-h, --help', 'print this, or the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText(
      ...examples(
        'factorloom inspect cells.h5ad',
        'factorloom cv -i cells.h5ad -k 2:20 --store ranks.db',
        'factorloom fit -i cells.h5ad -k 10 -o fit.safetensors',
        'factorloom report fit.safetensors -o fit.html',
      ),
    )
    .showHelpAfterError('(See --help.)')
    .configureOutput({ writeOut: (text) => void stdout.write(text), writeErr: (text) => void stderr.write(text) })
    .exitOverride();
  // To machines what is wrong is told as JSON, at the end.
  if (context.args.includes('--json')) all.configureOutput({ writeErr: () => {} });
  speakTo(all, { stdout, stderr });
  for (const make of COMMANDS) all.addCommand(inheriting(make(context), all));
  return all;
}

/** Does what was typed after 'factorloom'. */
export async function run(args: readonly string[], streams: Streams): Promise<void> {
  const context: Context = { args, run: (others) => run(others, streams) };
  await program(context, streams).parseAsync([...args], { from: 'user' });
}

/** The command and those below it, set as the one that they are added to. */
function inheriting(command: Command, from: Command): Command {
  for (const sub of command.commands) inheriting(sub, from);
  return command.copyInheritedSettings(from);
}
