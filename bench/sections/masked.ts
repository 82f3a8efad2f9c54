import { interleave, timed } from '../clock.js';
import { type Context, Skip } from '../context.js';
import { narrow, pbmc3k } from '../data/matrices.js';
import { fitKernel, type KernelRequest, startOf } from '../ours.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

/** RcppML's cross-validation on the same matrix: seconds per iteration, measured with its default build, 1 thread. */
export const rcppmlMasked: Readonly<Record<number, number>> = { 10: 1.09, 20: 1.36, 40: 1.795 };

export interface Masked {
  readonly fraction: number;
  readonly rows: readonly {
    readonly k: number;
    readonly precision: 'f64' | 'f32';
    /** Milliseconds per iteration with entries held out, without, and without but extrapolated. */
    readonly heldOut: Spread;
    readonly plain: Spread;
    readonly extrapolated: Spread;
  }[];
}

const fraction = 0.1;

/** What holding out a tenth of the entries costs. */
export async function masked({ kernels, threads, repeats, quick, log }: Context): Promise<Masked> {
  const X = pbmc3k();
  const X32 = narrow(X);
  const holdOut = { fraction, keys: [[1, 2]], solver: 'em', keep: 'last' } as const;
  const [few, many] = quick ? [1, 3] : [2, 12];
  const request = (k: number, precision: 'f64' | 'f32') => ({
    X: precision === 'f32' ? X32 : X,
    start: startOf(X, k, 1),
    threads,
    precision,
  });
  const probe = await fitKernel(kernels, { ...request(2, 'f64'), iterations: 1, accelerate: 'none', holdOut });
  if ((probe.heldOut ?? null) === null) throw new Skip('these kernels hold nothing out yet');
  const rows: Masked['rows'][number][] = [];
  for (const k of [10, 20, 40]) {
    for (const precision of ['f64', 'f32'] as const) {
      log(`masked: k = ${k}, ${precision}`);
      const kinds: readonly Partial<KernelRequest>[] = [
        { accelerate: 'none', holdOut },
        { accelerate: 'none' },
        { accelerate: 'her' },
      ];
      const tasks = kinds.flatMap((kind) =>
        [few, many].map((iterations) =>
          timed(Math.max(3, repeats - 2), () => fitKernel(kernels, { ...request(k, precision), ...kind, iterations })),
        ),
      );
      const samples = await interleave(tasks, random(k));
      const perIteration = (kind: number) =>
        spread(samples[2 * kind].map((s, r) => (1000 * (samples[2 * kind + 1][r] - s)) / (many - few)));
      rows.push({ k, precision, heldOut: perIteration(0), plain: perIteration(1), extrapolated: perIteration(2) });
    }
  }
  return { fraction, rows };
}
