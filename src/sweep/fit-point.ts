import type { Compiled } from '../compiler/plan.js';
import type { Kernels } from '../kernels/kernels.js';
import { run } from '../runtime/run.js';
import type { Share } from '../runtime/state.js';
import type { Memory } from '../solver.js';
import { iterationCosts, layerKeys } from './merge.js';
import type { Point } from './points.js';
import type { Masked, Replicate } from './replicate.js';
import type { FittedRow } from './rows.js';
import { scoreEntries, scoreSamples, totals } from './score.js';
import type { SharedSteps } from './shared-steps.js';

/** A point on a mask, ready to be fitted. */
export interface Task {
  readonly point: Point;
  readonly replicate: Replicate;
  readonly masked: Masked;
  /** What each of its layers is fitted from. */
  readonly keys: ReadonlyMap<string, string>;
}

export interface FitContext {
  readonly kernels: Kernels;
  readonly steps: SharedSteps;
  readonly threads: number | undefined;
  readonly memory: Memory | undefined;
  readonly signal: AbortSignal | undefined;
}

export const keysOf = (compiled: Compiled, { seed }: Replicate): ReadonlyMap<string, string> =>
  layerKeys(compiled, seed);

/** Fits a point on what a mask leaves of the data, and scores it on the rest. */
export async function fitPoint(task: Task, context: FitContext): Promise<FittedRow> {
  const { point, replicate, masked, keys } = task;
  const { plan, bindings, heldOut } = masked;
  const { kernels, steps, threads, memory, signal } = context;
  const began = performance.now();
  const costs = iterationCosts(plan);
  const share: Share = (layer, fit) => steps.get(keys.get(layer) ?? layer, costs.get(layer) ?? 0, fit);
  const state = await run(plan, bindings, { kernels, seed: replicate.seed, threads, memory, signal, share });
  signal?.throwIfAborted();
  const { splits, samples } = replicate;
  const scores =
    samples === null
      ? await scoreEntries(plan, state, splits, { kernels, threads })
      : await scoreSamples(plan, state, splits, heldOut, { kernels, threads, signal });
  const results = [...state.results.values()];
  return Object.freeze({
    point: point.index,
    params: point.params,
    replicate: replicate.index,
    error: null,
    ...totals([...scores.values()]),
    inputs: Object.freeze(Object.fromEntries(scores)),
    iterations: results.reduce((sum, { iterations }) => sum + iterations, 0),
    converged: results.every(({ stopped }) => stopped === 'converged'),
    seconds: (performance.now() - began) / 1000,
  });
}
