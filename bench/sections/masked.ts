import { interleave, pace } from '../clock.js';
import type { Context } from '../context.js';
import { narrow, orNull, pbmc3k, synthetic } from '../data/matrices.js';
import { fitKernel, type KernelRequest, startOf } from '../ours.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

/** RcppML's cross-validation on the same matrix: seconds per iteration, measured with its default build, 1 thread. */
export const rcppmlMasked: Readonly<Record<number, number>> = { 10: 1.09, 20: 1.36, 40: 1.795 };

export interface Masked {
  readonly fraction: number;
  readonly rows: readonly {
    readonly data: string;
    readonly k: number;
    readonly precision: 'f64' | 'f32';
    /** Milliseconds from one iteration to the next: with entries held out, without, and without but extrapolated. */
    readonly heldOut: Spread;
    readonly plain: Spread;
    readonly extrapolated: Spread;
  }[];
}

const fraction = 0.1;

/** What holding out a tenth of the entries costs. */
export async function masked({ kernels, threads, repeats, quick, log }: Context): Promise<Masked> {
  const [counts, made] = [orNull(pbmc3k), synthetic()];
  const cases = [
    ...(counts === null ? [] : [10, 20, 40].map((k) => ({ data: 'pbmc3k', X: counts, k }))),
    { data: 'synthetic dense', X: made, k: 32 },
  ];
  const holdOut = { fraction, keys: [[1, 2]], solver: 'em', keep: 'last' } as const;
  const iterations = quick ? 3 : 15;
  const rows: Masked['rows'][number][] = [];
  for (const { data, X, k } of cases) {
    for (const precision of ['f64', 'f32'] as const) {
      log(`masked: ${data}, k = ${k}, ${precision}`);
      const request = { X: precision === 'f32' ? narrow(X) : X, start: startOf(X, k, 1), threads, precision };
      const kinds: readonly Partial<KernelRequest>[] = [
        { accelerate: 'none', holdOut },
        { accelerate: 'none' },
        { accelerate: 'her' },
      ];
      const tasks = kinds.map((kind) => ({
        repeats: Math.max(3, repeats - 2),
        run: () =>
          pace((tell) => fitKernel(kernels, { ...request, ...kind, iterations }, { onIteration: () => tell() })),
      }));
      const [heldOut, plain, extrapolated] = (await interleave(tasks, random(k))).map((runs) => spread(runs.flat()));
      rows.push({ data, k, precision, heldOut, plain, extrapolated });
    }
  }
  return { fraction, rows };
}
