import { createHash } from 'node:crypto';
import type { NmfResult } from '../../src/kernels/kernels.js';
import { interleave } from '../clock.js';
import { type Context, Skip } from '../context.js';
import { describe, narrow, orNull, pbmc3k, synthetic } from '../data/matrices.js';
import { fitKernel, startOf } from '../ours.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

export interface Threads {
  readonly rows: readonly {
    readonly data: string;
    readonly k: number;
    readonly precision: 'f64' | 'f32';
    readonly threads: number;
    readonly one: Spread;
    readonly all: Spread;
    /** The same bytes of W, d and H. */
    readonly identical: boolean;
  }[];
}

const iterations = 20;

/** Twenty iterations on one thread and on all, and whether they give the same bytes. */
export async function threads({ kernels, threads: all, repeats, quick, log }: Context): Promise<Threads> {
  if (all === 1) throw new Skip('there is one core');
  const cases = [
    { name: 'pbmc3k', X: pbmc3k, k: 40 },
    { name: 'synthetic', X: synthetic, k: 32 },
  ];
  const rows: Threads['rows'][number][] = [];
  for (const { name, X, k } of cases) {
    const data = orNull(X);
    if (data === null) continue;
    const start = startOf(data, k, 1);
    for (const precision of ['f64', 'f32'] as const) {
      log(`threads: ${name}, ${precision}`);
      const held = precision === 'f32' ? narrow(data) : data;
      const digests = new Set<string>();
      const tasks = [1, all].map((threads) => ({
        repeats: quick ? 1 : repeats,
        run: async () => {
          const fit = await fitKernel(kernels, { X: held, start, iterations, threads, precision });
          digests.add(digest(fit));
          return fit.seconds;
        },
      }));
      const [one, many] = await interleave(tasks, random(k));
      const identical = digests.size === 1;
      rows.push({
        data: `${name}, ${describe(data)}`,
        k,
        precision,
        threads: all,
        one: spread(one),
        all: spread(many),
        identical,
      });
    }
  }
  return { rows };
}

function digest({ W, d, H }: NmfResult): string {
  const hash = createHash('sha256');
  for (const { buffer, byteOffset, byteLength } of [W.data, d, H.data])
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest('hex');
}
