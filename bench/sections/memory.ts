import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, cache, root, Skip } from '../context.js';
import { narrow, pbmc3k } from '../data/matrices.js';
import { type Spread, spread } from '../stats.js';

export interface Memory {
  readonly data: string;
  readonly k: number;
  readonly rows: readonly {
    readonly precision: 'f64' | 'f32';
    /** MiB of resident memory with the matrix and the start loaded; and how much more there is at the peak of a fit. */
    readonly loaded: Spread;
    readonly added: Spread;
    /** MiB of the matrix's transpose and of six panels of factors: three of each, as extrapolation needs. */
    readonly expected: number;
  }[];
}

const k = 40;

/** How far a fit raises the resident memory of a process that holds what it is given, when garbage has been collected. */
export function memory({ repeats, log }: Context): Memory {
  if (!existsSync('/proc/self/clear_refs')) throw new Skip('the system counts no peak anew');
  const X = pbmc3k();
  const folder = join(cache, 'memory');
  mkdirSync(folder, { recursive: true });
  const rows = (['f64', 'f32'] as const).map((precision) => {
    log(`memory: ${precision}`);
    const data = precision === 'f32' ? narrow(X) : X;
    if (data.kind !== 'csc') throw new Error('pbmc3k is sparse');
    for (const [name, numbers] of Object.entries({ indptr: data.indptr, indices: data.indices, values: data.values }))
      writeFileSync(join(folder, name), numbers);
    const runs = Array.from({ length: Math.min(5, repeats) }, () => residentOf(folder, X.rows, X.cols, precision));
    const width = precision === 'f32' ? 4 : 8;
    const lanes = 64 / width;
    const transpose = X.values.length * (width + 4) + 4 * (X.rows + 1);
    const panels = 3 * (X.rows + X.cols) * Math.ceil(k / lanes) * lanes * width;
    return {
      precision,
      loaded: spread(runs.map(({ loaded }) => loaded)),
      added: spread(runs.map(({ loaded, fitted }) => fitted - loaded)),
      expected: (transpose + panels) / 2 ** 20,
    };
  });
  return { data: 'pbmc3k', k, rows };
}

/** MiB. */
function residentOf(folder: string, rows: number, cols: number, precision: string) {
  const child = fileURLToPath(new URL('memory-child.ts', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=source', child, folder, `${rows}x${cols}`, precision, String(k)];
  const printed = execFileSync(process.execPath, args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [loaded, fitted] = printed.split(' ').map((kib) => Number(kib) / 1024);
  return { loaded, fitted };
}
