import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, root, Skip } from '../context.js';

export interface Micro {
  readonly rows: readonly MicroRow[];
}

/** One line that the Rust bench prints. */
export interface MicroRow {
  readonly kernel: string;
  readonly k: number;
  readonly type: string;
  readonly value: number;
  readonly unit: string;
  /** What this machine was measured to do at most, in the same unit. */
  readonly peak: number;
  readonly fraction: number;
}

const workspace = join(root, 'src', 'kernels', 'native');

/** Kernels as fractions of the machine's measured peak, by a Rust program of the core. */
export function micro({ log }: Context): Micro {
  if (!existsSync(join(workspace, 'core', 'benches', 'peak.rs'))) throw new Skip('core/benches/peak.rs is not there');
  log('micro: cargo bench');
  const args = ['bench', '--quiet', '--bench', 'peak', '--', '--json'];
  const { status, stdout, error, stderr } = spawnSync('cargo', args, { cwd: workspace, encoding: 'utf8' });
  if (error !== undefined) throw new Skip(`cargo can't be run: ${error.message}`);
  if (status !== 0) throw new Skip(`cargo bench failed: ${stderr.trim().split('\n').at(-1)}`);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return { rows: lines.map((line) => JSON.parse(line) as MicroRow) }; // peak.rs prints these fields
}
