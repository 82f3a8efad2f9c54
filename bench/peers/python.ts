import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache, Skip } from '../context.js';

const packages = ['scikit-learn', 'scipy', 'numpy'];
const venv = join(cache, 'venv');
const python = join(venv, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');

/** The interpreter of an environment of our own that holds scikit-learn, and what else is asked for; made when it is first asked for. */
export function pythonWithPeers(log: (line: string) => void, others: readonly string[] = []): string {
  if (works(python, ['-c', `import ${['sklearn', 'scipy', 'threadpoolctl', ...others].join(', ')}`])) return python;
  const wanted = [...packages, ...others];
  log(`Installing ${wanted.join(', ')} into a virtual environment (once)`);
  mkdirSync(cache, { recursive: true });
  if (!works(python, ['--version'])) must('python3', ['-m', 'venv', '--clear', venv]);
  must(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...wanted]);
  return python;
}

const works = (command: string, args: readonly string[]): boolean =>
  spawnSync(command, args, { stdio: 'ignore' }).status === 0;

function must(command: string, args: readonly string[]): void {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  const why = error?.message ?? (stderr.trim() || stdout.trim()).split('\n').at(-1);
  throw new Skip(`what is compared could not be installed: ${why}`);
}
