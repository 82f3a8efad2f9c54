import { interleave, timed } from '../clock.js';
import type { Context } from '../context.js';
import { describe, headlineCounts } from '../data/matrices.js';
import { fitGraph, startOf } from '../ours.js';
import { random } from '../random.js';
import { perStep, type Spread, spread } from '../stats.js';

/** What RcppML's documentation prints for NMF of 5,000 × 40,000, 33 million nonzeros, k = 20, in 32 bits. */
export const rcppml = { gpuMs: 139, gpu: 'H100 NVL', cpuMs: 1925, cpu: '56 CPU threads' } as const;

export interface Headline {
  /** Of the size that RcppML's figures are for; a quick run's is not. */
  readonly comparable: boolean;
  readonly shape: string;
  readonly k: number;
  readonly rows: readonly {
    readonly threads: number;
    /** (t(12) − t(2)) / 10: a full iteration, all that happens once left out. */
    readonly msPerIteration: Spread;
    /** A whole `fit()` of 20 iterations, all that happens once included. */
    readonly secondsOf20: Spread;
  }[];
}

/** A full iteration on the matrix that RcppML times on a GPU, in 32 bits, through `fit()`. */
export async function headline({ threads, quick, log }: Context): Promise<Headline> {
  log('headline: making 33 million nonzeros');
  const X = headlineCounts(quick);
  const k = 20;
  const start = startOf(X, k, 1);
  const counts = [...new Set([threads, 1])];
  await fitGraph({ X, start, iterations: 1, threads });
  const runs = counts.flatMap((t) => [2, 12, 20].map((iterations) => ({ threads: t, iterations })));
  log('headline: timing');
  const samples = await interleave(
    runs.map((run) => timed(3, () => fitGraph({ X, start, ...run }))),
    random(1),
  );
  const of = (t: number, iterations: number) =>
    samples[runs.findIndex((run) => run.threads === t && run.iterations === iterations)];
  return {
    comparable: !quick,
    shape: describe(X),
    k,
    rows: counts.map((t) => ({
      threads: t,
      msPerIteration: perStep(of(t, 2), of(t, 12), 10),
      secondsOf20: spread(of(t, 20)),
    })),
  };
}
