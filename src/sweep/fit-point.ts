import type { Compiled, LayerStep } from '../compiler/plan.js';
import type { Kernels } from '../kernels/kernels.js';
import { run } from '../runtime/run.js';
import type { FitPart, LayerResult, Share } from '../runtime/state.js';
import type { Memory } from '../solver.js';
import { isLayer, iterationCosts, layerKeys, layersBelow } from './merge.js';
import type { Point } from './points.js';
import type { Masked, Replicate } from './replicate.js';
import type { FittedRow } from './rows.js';
import { scoreEntries, scoreSamples, totals } from './score.js';
import type { Left, SharedSteps } from './shared-steps.js';

/** A point on a mask, ready to be fitted. */
export interface Task {
  readonly point: Point;
  readonly replicate: Replicate;
  readonly masked: Masked;
  /** What each of its layers is fitted from. */
  readonly keys: ReadonlyMap<string, string>;
  /** Iterations of an NMF layer at most, from its start; null: as many as it takes. */
  readonly budget: number | null;
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

/** The last iterate of a layer within a budget; null: it can't be cut, for no other kernel can go on. */
const endOf = ({ op, args: { maxIter } }: LayerStep, budget: number | null): number | null =>
  op === 'nmf' ? Math.min(maxIter, budget ?? maxIter) : null;

/**
 * A fit up to some iterate. A kernel that has made its last iteration leaves nothing to go on from, so it is kept where it
 * was one before: going on makes that one again, with the same bits.
 */
function partOf(layer: string, end: number, seed: number, from: Left | null, leave: (left: Left) => void): FitPart {
  const every = end - 1 - (from?.state.iterations ?? 0);
  if (every < 1) return { maxIter: end };
  return {
    maxIter: end,
    keeper: {
      every,
      reached: { seed, results: new Map(), inWork: from && { ...from, layer }, joint: null },
      save: ({ inWork }) => {
        if (inWork !== null) leave({ restart: inWork.restart, state: inWork.state });
      },
      settled: async () => undefined,
    },
  };
}

/** Layers as points share them: from where the last rung has left them, up to a budget. */
function sharing({ masked: { plan }, replicate: { seed }, keys, budget }: Task, steps: SharedSteps): Share {
  const [costs, below] = [iterationCosts(plan), layersBelow(plan)];
  const ends = new Map(plan.fit.filter(isLayer).map((step) => [step.layer, endOf(step, budget)]));
  const results = new Map<string, LayerResult>();
  return async (layer, make) => {
    const end = ends.get(layer) ?? null;
    const reached = below.get(layer)?.map((name) => results.get(name)?.iterations);
    const wanted = { cost: costs.get(layer) ?? 0, below: String(reached), end };
    const result = await steps.get(keys.get(layer) ?? layer, wanted, (from, leave) =>
      end === null || (budget === null && from === null) ? make() : make(partOf(layer, end, seed, from, leave)),
    );
    results.set(layer, result);
    return result;
  };
}

/** Fits a point on what a mask leaves of the data, and scores it on the rest. */
export async function fitPoint(task: Task, context: FitContext): Promise<FittedRow> {
  const { point, replicate, masked, budget } = task;
  const { plan, bindings, heldOut } = masked;
  const { kernels, steps, threads, memory, signal } = context;
  const began = performance.now();
  const share = sharing(task, steps);
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
    budget,
    error: null,
    ...totals([...scores.values()]),
    inputs: Object.freeze(Object.fromEntries(scores)),
    iterations: results.reduce((sum, { iterations }) => sum + iterations, 0),
    converged: results.every(({ stopped }) => stopped === 'converged'),
    seconds: (performance.now() - began) / 1000,
  });
}
