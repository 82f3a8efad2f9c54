import type { Progress } from '../../src/index.js';
import { interleave, pace } from '../clock.js';
import type { Context } from '../context.js';
import { describe, headlineCounts } from '../data/matrices.js';
import { fitGraph, startOf } from '../ours.js';
import { random } from '../random.js';
import { type Spread, spread } from '../stats.js';

/** What RcppML's documentation prints for NMF of 5,000 × 40,000, 33 million nonzeros, k = 20, in 32 bits. */
export const rcppml = { gpuMs: 139, gpu: 'H100 NVL', cpuMs: 1925, cpu: '56 CPU threads' } as const;

export interface Headline {
  /** Of the size that RcppML's figures are for; a quick run's is not. */
  readonly comparable: boolean;
  readonly shape: string;
  readonly k: number;
  readonly rows: readonly {
    readonly threads: number;
    /** From one iteration of a `fit()` to the next. */
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
  log('headline: timing');
  const paced = async (threads: number) => {
    let seconds = 0;
    const intervals = await pace(async (tell) => {
      const onProgress = ({ done }: Progress) => done || tell();
      seconds = (await fitGraph({ X, start, iterations: 20, threads }, onProgress)).seconds;
    });
    return { seconds, intervals };
  };
  const samples = await interleave(
    counts.map((t) => ({ repeats: 3, run: () => paced(t) })),
    random(1),
  );
  return {
    comparable: !quick,
    shape: describe(X),
    k,
    rows: counts.map((threads, c) => ({
      threads,
      msPerIteration: spread(samples[c].flatMap(({ intervals }) => intervals)),
      secondsOf20: spread(samples[c].map(({ seconds }) => seconds)),
    })),
  };
}
