import type { Matrix } from '../../src/index.js';
import type { Context } from '../context.js';
import { narrow } from '../data/matrices.js';
import { fitGraph, fitKernel, startOf } from '../ours.js';
import type { Clock, Trajectory } from './trajectory.js';

/** Our fits: by `fit()` with all it brings, on all threads and on one, and by the kernel alone. */
export function ourTrajectory(context: Context, data: Matrix, k: number, precision: 'f64' | 'f32'): Trajectory {
  const { kernels } = context;
  const X = precision === 'f64' ? data : narrow(data);
  const graph = (threads: number, charted: boolean): Clock => ({
    name: 'fit()',
    threads,
    charted,
    fit: (seed, iterations) => fitGraph({ X, start: startOf(X, k, seed), iterations, threads }),
  });
  const { threads } = context;
  const call = (seed: number, iterations: number, signal?: AbortSignal) =>
    fitKernel(kernels, { X, start: startOf(X, k, seed), iterations, threads, precision }, { signal });
  return {
    program: 'factorloom',
    precision,
    seeds: context.seeds,
    clocks: [
      graph(threads, true),
      ...(threads > 1 ? [graph(1, false)] : []),
      { name: 'kernel alone', threads, charted: false, fit: (seed, iterations) => call(seed, iterations) },
    ],
    explore: async (seed, ladder, limit) => {
      const top = ladder[ladder.length - 1];
      const { seconds, iterations, history, stopped } = await call(seed, top, timeout(limit));
      const whole = stopped === 'aborted' ? Math.max(1, iterations - 1) : iterations; // what was cut short may be half an iteration
      return ladder
        .filter((rung) => rung <= whole)
        .map((rung) => ({ iterations: rung, loss: history.loss[rung - 1], seconds: (seconds * rung) / iterations }));
    },
  };
}

const timeout = (seconds: number): AbortSignal => AbortSignal.timeout(1000 * seconds);
