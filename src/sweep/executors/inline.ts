import { fitPoint } from '../fit-point.js';
import { type Executor, type ExecutorOptions, type Fitter, inTurn } from './executor.js';

/** Fits on the caller's thread, which kernels leave free or let turn. */
export function inlineExecutor({ shares, ...context }: ExecutorOptions): Executor {
  const fitters = shares.map(
    (threads): Fitter => ({
      fit: (task, steps) => fitPoint(task, { ...context, threads, steps }),
      close: async () => undefined,
    }),
  );
  return { ...inTurn(fitters), placed: (replicate) => replicate };
}
