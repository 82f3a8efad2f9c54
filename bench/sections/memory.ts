import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Context, cache, root } from '../context.js';
import { narrow, pbmc3k } from '../data/matrices.js';
import { median } from '../stats.js';

export interface Memory {
  readonly data: string;
  readonly k: number;
  readonly rows: readonly {
    readonly precision: 'f64' | 'f32';
    /** MiB of resident memory at its peak: with the matrix and the start loaded, and fitted too. */
    readonly loaded: number;
    readonly fitted: number;
    /** MiB of the matrix's transpose and of six panels of factors: three of each, as extrapolation needs. */
    readonly expected: number;
  }[];
}

const k = 40;

/** How far a fit raises the peak above that of a process that only holds what it is given; garbage of loading is collected in both. */
export function memory({ repeats, log }: Context): Memory {
  const X = pbmc3k();
  const folder = join(cache, 'memory');
  mkdirSync(folder, { recursive: true });
  const rows = (['f64', 'f32'] as const).map((precision) => {
    log(`memory: ${precision}`);
    const data = precision === 'f32' ? narrow(X) : X;
    if (data.kind !== 'csc') throw new Error('pbmc3k is sparse');
    for (const [name, numbers] of Object.entries({ indptr: data.indptr, indices: data.indices, values: data.values }))
      writeFileSync(join(folder, name), numbers);
    const peak = (what: 'load' | 'fit') =>
      median(Array.from({ length: Math.min(3, repeats) }, () => peakOf(folder, X.rows, X.cols, precision, what)));
    const width = precision === 'f32' ? 4 : 8;
    const lanes = 64 / width;
    const transpose = X.values.length * (width + 4) + 4 * (X.rows + 1);
    const panels = 3 * (X.rows + X.cols) * Math.ceil(k / lanes) * lanes * width;
    return { precision, loaded: peak('load'), fitted: peak('fit'), expected: (transpose + panels) / 2 ** 20 };
  });
  return { data: 'pbmc3k', k, rows };
}

function peakOf(folder: string, rows: number, cols: number, precision: string, what: 'load' | 'fit'): number {
  const child = fileURLToPath(new URL('memory-child.ts', import.meta.url));
  const args = ['--import', 'tsx', '--conditions=source', child, folder, `${rows}x${cols}`, precision, String(k), what];
  return (
    Number(
      execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }),
    ) / 1024
  );
}
