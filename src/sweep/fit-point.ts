import { costOf } from '../compiler/cost.js';
import type { LayerStep, NmfStepArgs, Plan } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { hashOfMatrix } from '../io/hash.js';
import { hashesOf } from '../io/model-file.js';
import type { Kernels } from '../kernels/kernels.js';
import type { Matrix } from '../matrix.js';
import { run } from '../runtime/run.js';
import type { FitPart, LayerResult, RunState, Share } from '../runtime/state.js';
import { summarize } from '../runtime/summary.js';
import type { Memory } from '../solver.js';
import type { FitParts } from './fits/kept-fit.js';
import { isLayer, layersBelow } from './merge.js';
import type { Masked, Replicate } from './replicate.js';
import type { FittedRow, Look } from './rows.js';
import { scoreEntries, scoreSamples, totals } from './score.js';
import type { Left, Steps, Wanted } from './shared-steps.js';

export interface Looks {
  readonly every: number;
  readonly patience: number;
}

/** A point on a mask, ready to be fitted: data, whatever made it. */
export interface Task {
  /** What it is called in errors. */
  readonly name: string;
  readonly replicate: Replicate;
  readonly masked: Masked;
  /** What each of its layers is fitted from. */
  readonly keys: ReadonlyMap<string, string>;
  /** Whom its layers start from, and these: the nearest first. */
  readonly starts: ReadonlyMap<string, readonly StartStep[]>;
  /** Iterations of an NMF layer at most, from its start; null: as many as it takes. */
  readonly budget: number | null;
}

/** A fit that layers start from: of what they read, and so of their own data. */
export interface StartStep {
  /** What the point is called whose layer it is. */
  readonly name: string;
  readonly key: string;
  readonly args: NmfStepArgs;
}

/** What a row says of a point that was fitted. */
export type Fit = Omit<FittedRow, 'point' | 'params' | 'replicate'>;

export interface FitContext {
  readonly kernels: Kernels;
  /** Iterations from one look at the held-out loss to the next, and looks that may pass without a lower one; null: none. */
  readonly looks: Looks | null;
  readonly steps: Steps;
  /** Whether fits are to be kept beside their rows. */
  readonly keeps: boolean;
  readonly threads: number | undefined;
  readonly memory: Memory | undefined;
  readonly signal: AbortSignal | undefined;
}

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
function sharing({ masked: { plan }, replicate: { seed }, keys, starts, budget }: Task, steps: Steps): Share {
  const below = layersBelow(plan);
  const layers = new Map(plan.fit.filter(isLayer).map((step) => [step.layer, step]));
  const results = new Map<string, LayerResult>();
  return async (layer, make) => {
    const step = layers.get(layer);
    if (step === undefined) throw new TypeError('a layer that is fitted must be in its plan');
    const reached = String(below.get(layer)?.map((name) => results.get(name)?.iterations));
    const wanted = (own: LayerStep, most: number | null): Wanted => ({
      cost: costOf(own, plan).multiplyAdds,
      below: reached,
      end: endOf(own, most),
    });
    /** What it starts from, known or fitted now, each from the next; undefined: it starts at random. */
    const found = async (path: readonly StartStep[], at: number): Promise<LayerResult | undefined> => {
      if (at === path.length || step.op !== 'nmf') return undefined;
      const { name, key, args } = path[at];
      try {
        return await steps.find(key, wanted({ ...step, args }, null), async () =>
          make({ args, found: await found(path, at + 1) }),
        );
      } catch (cause) {
        throw startError(layer, name, cause);
      }
    };
    const own = wanted(step, budget);
    const result = await steps.get(keys.get(layer) ?? layer, own, async (from, leave) =>
      own.end === null || (budget === null && from === null)
        ? make({ found: await found(starts.get(layer) ?? [], 0) })
        : make(partOf(layer, own.end, seed, from, leave)),
    );
    results.set(layer, result);
    return result;
  };
}

const FAILED = ', which must not fail; it did: ';

/** The error of a fit whose start has failed: of those before it the first alone is told. */
function startError(layer: string, name: string, cause: unknown): unknown {
  if (!(cause instanceof KernelError)) return cause;
  const [first] = cause.message.split(FAILED).slice(-1);
  return new KernelError(cause.code, `Layer '${layer}' starts from that of ${name}${FAILED}${first}`, { cause });
}

/** The fit of a point on a mask, and what it leaves to be kept; null where nothing is: it isn't done, or not wanted. */
export interface Fitted {
  readonly fit: Fit;
  readonly parts: FitParts | null;
}

/**
 * Fits a point on what a mask leaves of the data, and scores it on the rest; with early stopping it is scored again and again
 * on the way, and the row is that of the lowest held-out loss.
 */
export async function fitPoint(task: Task, context: FitContext): Promise<Fitted> {
  const { looks } = context;
  const began = performance.now();
  if (looks === null) {
    const { fit, state } = await fitOnce(task, context);
    return { fit, parts: await partsOf(task, state, context, began) };
  }
  let best: Once | undefined;
  const looked: Look[] = [];
  for (let budget = looks.every, idle = 0; idle < looks.patience; budget += looks.every) {
    const once = await fitOnce({ ...task, budget }, context);
    looked.push(lookAt(once, budget, task.masked.plan));
    idle = best === undefined || once.fit.testLoss < best.fit.testLoss ? 0 : idle + 1;
    if (idle === 0) best = once;
    if (once.ended) break;
  }
  if (best === undefined) throw new TypeError('a fit that is looked at must be looked at once');
  const parts = await partsOf(task, best.state, context, began);
  const seconds = (performance.now() - began) / 1000;
  return { fit: { ...best.fit, budget: null, looks: looked, seconds }, parts };
}

function lookAt({ fit: { testLoss, trainLoss }, state: { results } }: Once, budget: number, { fit }: Plan): Look {
  const made = fit.flatMap((step) => (step.op === 'nmf' ? [results.get(step.layer)?.iterations ?? 0] : []));
  return Object.freeze({ iteration: Math.min(budget, Math.max(0, ...made)), testLoss, trainLoss });
}

async function partsOf(
  { masked: { plan, bindings }, replicate: { seed }, budget }: Task,
  state: RunState,
  { keeps, kernels, threads, signal }: FitContext,
  began: number,
): Promise<FitParts | null> {
  if (!keeps || budget !== null) return null;
  const summary = await summarize(plan, state, kernels, { seed, threads, signal, began });
  signal?.throwIfAborted();
  return { plan, results: state.results, summary, inputs: await hashesOf(plan, bindings, state.streams, hashOnce) };
}

const hashes = new WeakMap<Matrix, Promise<string>>();

/** Points have the data of a mask in common. */
function hashOnce(matrix: Matrix): Promise<string> {
  const hash = hashes.get(matrix) ?? hashOfMatrix(matrix);
  hashes.set(matrix, hash);
  return hash;
}

interface Once {
  readonly fit: Fit;
  readonly state: RunState;
  /** Whether more iterations would change nothing. */
  readonly ended: boolean;
}

async function fitOnce(task: Task, context: FitContext): Promise<Once> {
  const { replicate, masked, budget } = task;
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
  const ended = plan.fit.filter(isLayer).every((step) => {
    const end = endOf(step, budget);
    return end === null || end === step.args.maxIter || stoppedBefore(end, state.results.get(step.layer));
  });
  const fit = {
    budget,
    error: null,
    ...totals(scores),
    inputs: Object.fromEntries(scores),
    iterations: results.reduce((sum, { iterations }) => sum + iterations, 0),
    converged: results.every(({ stopped }) => stopped === 'converged'),
    looks: [],
    seconds: (performance.now() - began) / 1000,
  };
  return { fit, state, ended };
}

/** Whether a layer came to its end by itself. */
const stoppedBefore = (end: number, result: LayerResult | undefined): boolean =>
  result !== undefined && result.iterations < end;
