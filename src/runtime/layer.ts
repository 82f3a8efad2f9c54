import { match } from 'ts-pattern';
import type { LayerStep, NmfStep, Plan, StartArgs, SvdStep, TiedStep } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import type { CallOptions, Iterate, NmfCallOptions, NmfResult, NmfState } from '../kernels/kernels.js';
import { type DenseMatrix, dense, type RowBlocks, totalRows } from '../matrix.js';
import { withPanels } from '../streamed.js';
import type { Progress } from './fit.js';
import { grownStart } from './grown-start.js';
import { fittedLoss, kernelLoss } from './loss.js';
import { randomBlock, randomStart, randomStartOfR, type Start } from './starts.js';
import { blocksIn, type LayerResult, matrixIn, type RunOptions, type RunState } from './state.js';
import type { SeenStream } from './streams.js';
import { svdStart } from './svd-start.js';
import { energyOf, isDrawnTo, termsIn } from './terms.js';
import {
  heightsOf,
  kernelWeights,
  lossWeights,
  rmsOf,
  rootsOf,
  sharesIn,
  unweigh,
  weighBlocks,
  weighRows,
} from './weights.js';

/** Iterations after which random starts are compared. */
export const RACE = 10;

/** Told of an accepted iterate; what it says beyond that goes before what is true of the whole layer. */
type Tell = (iterate: Iterate, more?: Partial<Progress>) => void;

/** Fits one layer and leaves its factors in their slots. */
export async function fitLayer(state: RunState, step: LayerStep, plan: Plan, options: RunOptions) {
  const { layer, args, write } = step;
  const index = plan.layers.findIndex((output) => output.layer === layer) + 1;
  const whole = { layer, index, layers: plan.layers.length, maxIter: args.maxIter, done: false };
  const tell: Tell = (iterate, more) => options.onProgress?.({ ...whole, ...iterate, ...more });
  const result = await naming(layer, () =>
    match(step)
      .with({ op: 'nmf' }, (nmf) => fitNmf(nmf, state, options, tell))
      .with({ op: 'tied' }, (tied) => fitTied(tied, state, options, tell))
      .with({ op: 'svd' }, (svd) => fitSvd(svd, state, options, tell))
      .exhaustive(),
  );
  state.results.set(layer, result);
  state.data.set(write.W, [result.W]);
  state.data.set(write.H, [result.H]);
  if (result.stopped === 'aborted') {
    state.cancelledIn = layer;
    return;
  }
  options.keeper?.save({ results: state.results, inWork: null, joint: null });
  tell({ iteration: result.iterations, loss: result.loss, objective: result.objective }, { done: true });
}

/** Errors that leave a kernel name the layer it worked on. */
async function naming<T>(layer: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof KernelError) throw new KernelError(error.code, error.message, { layer, cause: error });
    // What the engine throws when an array can't be had.
    if (error instanceof RangeError) throw new KernelError('out-of-memory', error.message, { layer, cause: error });
    throw error;
  }
}

const seedOf = (start: StartArgs, { seed }: RunOptions): number => start.seed ?? seed;

function callOptions({ signal, threads, onProgress }: RunOptions, tell: Tell, more?: Partial<Progress>): CallOptions {
  return { signal, threads, onIteration: onProgress && ((iterate) => tell(iterate, more)) };
}

async function fitSvd(step: SvdStep, state: RunState, options: RunOptions, tell: Tell): Promise<LayerResult> {
  const X = blocksIn(state, step.read);
  const { block, start, ...args } = step.args;
  const drawn = await randomBlock(totalRows(X), block, seedOf(start, options), start.stream);
  return {
    ...(await options.kernels.svd({ X, ...args, start: drawn }, callOptions(options, tell))),
    restart: 0,
    roots: null,
  };
}

async function fitNmf(step: NmfStep, state: RunState, options: RunOptions, tell: Tell): Promise<LayerResult> {
  const stream = state.streams.get(step.read);
  if (stream !== undefined) return fitStreamed(stream, step, state, options, tell);
  const { k: _k, start: _start, restarts: _restarts, weights, loss: planned, ...rest } = step.args;
  const read = blocksIn(state, step.read);
  const shares = sharesIn(state, weights);
  const roots = await rootsOf(read, weights, shares);
  const loss = planned === undefined ? null : await kernelLoss(planned, read);
  // With another loss nothing is multiplied by roots: an entry counts as much as it says.
  const taken = loss === null ? roots : null;
  const X = await weighBlocks(read, taken, rest.precision);
  const weigh = (W: DenseMatrix) => weighRows(W, heightsOf(X), taken);
  const own = loss === null ? kernelWeights(shares) : lossWeights(read, roots, shares);
  const args = { ...rest, loss, weights: own, W: termsIn(state, rest.W, 'W', weigh), H: termsIn(state, rest.H, 'H') };
  const { kernels, memory = 'normal' } = options;
  const {
    result,
    restart,
    raced: before,
  } = await runNmf(step, state, options, tell, {
    size: { rows: totalRows(X), cols: X[0].cols },
    begin: async (nth) => {
      const start = await startOf(step, state, X, options, nth);
      // What isn't drawn is in units of the data.
      const units = step.args.start.from === 'given' || options.found !== undefined;
      return units ? { ...start, W: weigh(start.W) } : start;
    },
    fit: (from, call) => kernels.nmf({ X, ...args, ...from, memory, holdOut: null }, call),
  });
  const placed = isDrawnTo(args.W) || isDrawnTo(args.H);
  const found = unweigh(result, heightsOf(X), taken, { norm: args.norm, placed });
  const measured = loss === null ? {} : { fittedLoss: fittedLoss(loss, found), rms: await rmsOf(read, own) };
  return { ...found, restart, raced: before, roots, ...energyOf(args.W, weigh(found.W)), ...measured };
}

/** The same of an input that stays in its file. */
async function fitStreamed(
  { matrix, listed }: SeenStream,
  step: NmfStep,
  state: RunState,
  options: RunOptions,
  tell: Tell,
): Promise<LayerResult> {
  const { solver, accelerate, sweeps, precision, tol, norm, W, H } = step.args;
  const terms = { W: termsIn(state, W, 'W'), H: termsIn(state, H, 'H') };
  const args = { ...{ solver, accelerate, sweeps, precision, tol, norm }, ...terms };
  const { kernels, memory = 'normal' } = options;
  const { result, restart, raced } = await withPanels(matrix, ({ panel }) => {
    const { rows, cols, together } = matrix;
    const X = { rows, cols, together, listed, panel };
    return runNmf(step, state, options, tell, {
      size: matrix,
      begin: (nth) => startOf(step, state, [], options, nth, matrix),
      fit: (from, call) => kernels.nmfStreamed({ X, ...args, ...from, memory }, call),
    });
  });
  return { ...result, restart, raced, roots: null, ...energyOf(terms.W, result.W) };
}

/** How an NMF layer begins, and the call of its kernel. */
interface NmfCalls {
  readonly size: { readonly rows: number; readonly cols: number };
  readonly begin: (nth: number) => Promise<Start>;
  readonly fit: (from: { start: Start; maxIter: number }, options: NmfCallOptions) => Promise<NmfResult>;
}

/** The fit of an NMF layer from its start, from the best of several, or from where an earlier one was. */
async function runNmf(
  step: NmfStep,
  state: RunState,
  options: RunOptions,
  tell: Tell,
  { size, begin, fit }: NmfCalls,
): Promise<Raced<NmfResult>> {
  const { layer, args } = step;
  const { signal, keeper, maxIter = args.maxIter } = options;
  const whole = (start: Start, nth: number, from: NmfState | null = null): Promise<NmfResult> => {
    const save = (found: NmfState) =>
      keeper?.save({ results: state.results, inWork: { layer, restart: nth, state: found }, joint: null });
    const checkpoint = keeper && { from, every: keeper.every, save };
    const least = Math.min(args.maxIter, maxIter);
    return fit({ start, maxIter: least }, { ...callOptions(options, tell), checkpoint });
  };
  const left = keeper?.reached.inWork;
  if (left?.layer !== layer)
    return raced(step, signal, {
      begin,
      race: (start, more) => fit({ start, maxIter: more.maxIter }, callOptions(options, tell, more)),
      run: whole,
    });
  const anywhere = { W: dense(size.rows, args.k), H: dense(args.k, size.cols) };
  return { result: await whole(anywhere, left.restart, left.state), restart: left.restart, raced: 0 };
}

async function fitTied(step: TiedStep, state: RunState, options: RunOptions, tell: Tell): Promise<LayerResult> {
  const X = blocksIn(state, step.read);
  const { k: _k, start: _start, restarts: _restarts, loss: planned, ...rest } = step.args;
  const loss = planned === undefined ? null : await kernelLoss(planned, X);
  const args = { ...rest, loss };
  const { kernels, memory = 'normal', signal } = options;
  const {
    result,
    restart,
    raced: before,
  } = await raced(step, signal, {
    begin: (nth) => startOf(step, state, X, options, nth),
    race: ({ W: start }, more) =>
      kernels.tied({ X, ...args, maxIter: more.maxIter, start, memory }, callOptions(options, tell, more)),
    run: ({ W: start }) => kernels.tied({ X, ...args, start, memory }, callOptions(options, tell)),
  });
  const measured = loss === null ? {} : { fittedLoss: fittedLoss(loss, result), rms: await rmsOf(X, null) };
  return { ...result, restart, raced: before, roots: null, ...measured };
}

/** Where a layer can begin, and the calls of its kernel that races are made of, and its fit. */
interface Racing<R extends NmfResult> {
  readonly begin: (nth: number) => Promise<Start>;
  readonly race: (start: Start, more: { readonly restart: number; readonly maxIter: number }) => Promise<R>;
  readonly run: (start: Start, nth: number) => Promise<R>;
}

interface Raced<R extends NmfResult> {
  readonly result: R;
  readonly restart: number;
  readonly raced: number;
}

/** The fit from a layer's start, or from the best of several. */
async function raced<R extends NmfResult>(
  { args: { restarts, maxIter } }: NmfStep | TiedStep,
  signal: AbortSignal | undefined,
  { begin, race, run }: Racing<R>,
): Promise<Raced<R>> {
  if (restarts === 1) return { result: await run(await begin(0), 0), restart: 0, raced: 0 };

  const most = Math.min(RACE, maxIter);
  let iterations = 0;
  const best = await fittest(restarts, signal, async (restart) => {
    const start = await begin(restart);
    const result = await race(start, { restart, maxIter: most });
    iterations += result.iterations;
    return { restart, start, result };
  });
  const result = signal?.aborted
    ? { ...best.result, stopped: 'aborted' as const }
    : await run(best.start, best.restart);
  return { result, restart: best.restart, raced: iterations };
}

interface Runner<R extends NmfResult> {
  readonly restart: number;
  readonly start: Start;
  readonly result: R;
}

/** The runner of lowest objective, the first among equals; of those that have run when the fit is cancelled. */
async function fittest<R extends NmfResult>(
  count: number,
  signal: AbortSignal | undefined,
  run: (restart: number) => Promise<Runner<R>>,
) {
  let best = await run(0);
  for (let restart = 1; restart < count && !signal?.aborted; restart++) {
    const next = await run(restart);
    if (next.result.objective < best.result.objective) best = next;
  }
  return best;
}

/** Where an NMF layer begins; random starts differ by number. */
async function startOf(
  step: NmfStep | TiedStep,
  state: RunState,
  X: RowBlocks,
  options: RunOptions,
  nth: number,
  { rows: m, cols: n } = { rows: totalRows(X), cols: X[0]?.cols ?? 0 },
): Promise<Start> {
  const { k, start } = step.args;
  if (start.from === 'given') return { W: matrixIn(state, start.W), H: matrixIn(state, start.H) };
  const seed = seedOf(start, options);
  if (options.found !== undefined) {
    const lift = step.op === 'nmf' && step.args.solver === 'mu';
    return grownStart(options.found, k, { seed, stream: start.stream }, lift);
  }
  if (start.from === 'random') {
    if (start.rng !== 'R') return randomStart(m, n, k, seed, start.stream, nth);
    return randomStartOfR(m, n, k, { seed, stream: start.stream, nth, withH: step.op === 'nmf' });
  }
  const { signal, threads, kernels } = options;
  return svdStart(start.from, X, k, { seed, stream: start.stream }, kernels, { signal, threads });
}
