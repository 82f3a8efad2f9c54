import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { inPlainJs } from './plain-js.js';

/** What a command has said, and how it has ended. */
export interface Said {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The command line in plain JavaScript, as the built package has it; `told` sees the process while it runs. */
export function commandLine(folder: string) {
  const { program, tidy } = inPlainJs("import './src/cli/main.js';");
  async function cli(
    args: readonly string[],
    { told = () => {}, cwd = folder }: { readonly told?: (child: ChildProcess) => void; readonly cwd?: string } = {},
  ): Promise<Said> {
    // Where Rust is missing the kernels say so, which is no part of what a command says.
    const quiet = '--disable-warning=FACTORLOOM_REFERENCE';
    const child = spawn(process.execPath, [quiet, program, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (text: string) => {
        said[stream] += text;
      });
    told(child);
    const [code] = (await once(child, 'close')) as [number | null]; // what 'close' says
    return { ...said, code };
  }
  return { cli, program, tidy };
}
