import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inPlainJs } from './plain-js.js';

/** What a command has said, and how it has ended. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  readonly alone?: boolean;
  /** Sees the process of what is alone. */
  readonly told?: (child: ChildProcess) => void;
  readonly cwd?: string;
}

/** Does one command after the other, as `main.ts` does one. */
const SERVER = `import { call } from './src/cli/call.js';
const home = process.cwd();
process.on('message', async ({ args, cwd }) => {
  const said = { stdout: '', stderr: '' };
  const listener = (name) => ({ write: (text) => { said[name] += text; } });
  process.chdir(cwd);
  const code = await call(args, { stdout: listener('stdout'), stderr: listener('stderr') });
  process.chdir(home);
  process.send({ ...said, code });
});`;

// Where Rust is missing the kernels say so, which is no part of what a command says.
const QUIET = '--disable-warning=FACTORLOOM_REFERENCE';

/**
 * The command line in plain JavaScript, as the built package has it. A process does one command after the other. What is `alone` has one of its
 * own, as what loads TypeScript must, which changes how its process loads and what is stopped.
 */
export function commandLine(folder: string) {
  const { folder: home, program, tidy } = inPlainJs("import './src/cli/main.js';");
  let server: { readonly child: ChildProcess; readonly gone: Promise<never> } | undefined;
  let last: Promise<unknown> = Promise.resolve();

  function startServer() {
    writeFileSync(join(home, 'server.js'), SERVER);
    const child = fork(join(home, 'server.js'), { cwd: home, execArgv: [QUIET] });
    const gone = once(child, 'exit').then(([code]): never => {
      throw new Error(`A command must not end the process; got code ${code}`);
    });
    gone.catch(() => {});
    return { child, gone };
  }

  async function served(args: readonly string[], cwd: string): Promise<Said> {
    server ??= startServer();
    const { child, gone } = server;
    child.send({ args, cwd });
    const [said] = (await Promise.race([once(child, 'message'), gone])) as [Said]; // what the server sends
    return said;
  }

  async function spawned(args: readonly string[], cwd: string, told: (child: ChildProcess) => void): Promise<Said> {
    const child = spawn(process.execPath, [QUIET, program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    told(child);
    const [code] = (await once(child, 'close')) as [number | null]; // what 'close' says
    return { ...said, code };
  }

  async function cli(
    args: readonly string[],
    { told = () => {}, alone = false, cwd = folder }: CliOptions = {},
  ): Promise<Said> {
    if (alone) return spawned(args, cwd, told);
    const said = last.then(() => served(args, cwd));
    last = said.catch(() => {});
    return said;
  }
  return {
    cli,
    program,
    tidy: () => {
      server?.child.kill();
      tidy();
    },
  };
}
