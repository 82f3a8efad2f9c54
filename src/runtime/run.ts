import { match } from 'ts-pattern';
import { alignColumns } from '../align.js';
import { matchRows } from '../assignment.js';
import type {
  AddStep,
  AlignStep,
  Bindings,
  EmbedStep,
  FitStep,
  LayerStep,
  Plan,
  SlotId,
  SplitStep,
} from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { addScaled, gatherRows, scaleRows, stackDense } from '../matrix.js';
import { inOrder } from './in-order.js';
import { finishedLayers } from './joint/finish.js';
import { withOwnLosses } from './joint/own-losses.js';
import { trainedSteps } from './joint/steps.js';
import { train } from './joint/train.js';
import { fitLayer } from './layer.js';
import { blocksIn, type LayerResult, matrixIn, type RunOptions, type RunState } from './state.js';

/** Runs a plan, what an earlier run has finished left out; a cancelled run ends early and says where. */
export async function run(plan: Plan, bindings: Bindings, options: RunOptions): Promise<RunState> {
  const results = new Map(options.keeper?.reached.results);
  const { streams = new Map() } = options;
  const state: RunState = { data: new Map(), streams, results, orders: new Map(), rounds: [], cancelledIn: undefined };
  for (const step of plan.prepare) {
    // Layers walk through what stays in its file.
    if (streams.has(step.write)) continue;
    if (step.op === 'load') state.data.set(step.write, [bound(bindings, step.write)]);
    else if (step.op === 'align') align(state, step);
    else stackRows(state, step);
  }
  for (const step of plan.fit) {
    await fitStep(state, step, plan, options);
    if (state.cancelledIn !== undefined) break;
  }
  if (plan.joint !== null && state.cancelledIn === undefined) await trainJointly(plan, state, options);
  for (const step of plan.finish) if (state.results.has(step.layer)) splitRows(state, step);
  return state;
}

/** All layers at once, from where each has got by itself; what each hands on is then made anew. */
async function trainJointly(plan: Plan, state: RunState, options: RunOptions): Promise<void> {
  const trained = await train(plan, state, options);
  state.rounds = trained.rounds;
  for (const [layer, result] of await finishedLayers(plan, state, trained)) state.results.set(layer, result);
  if (trained.aborted) [state.cancelledIn] = plan.output;
  replay(plan, state);
  const { kernels, threads } = options;
  for (const step of trainedSteps(plan)) {
    const found = state.results.get(step.layer);
    if (found === undefined) throw missing(step.layer);
    state.results.set(step.layer, await withOwnLosses(step, found, state, kernels, { threads }));
  }
}

/** What a run has left behind, but for the data, from what kernels made of the layers. */
export function restore(plan: Plan, results: ReadonlyMap<string, LayerResult>): RunState {
  const state: RunState = {
    data: new Map(),
    streams: new Map(),
    results: new Map(results),
    orders: new Map(),
    rounds: [],
    cancelledIn: undefined,
  };
  replay(plan, state);
  for (const step of plan.finish) splitRows(state, step);
  return state;
}

/** Fills the slots that need no kernel from the results of layers. */
function replay(plan: Plan, state: RunState): void {
  for (const step of plan.fit) {
    if (step.op === 'stackRows') {
      if (step.reads.every((slot) => state.data.has(slot))) stackRows(state, step);
    } else if (step.op === 'add') addRows(state, step);
    else if (step.op === 'embed') embed(state, step);
    else leave(state, step);
  }
}

const missing = (layer: string) => new KernelError('invalid-argument', `nothing is known of layer '${layer}'`);

/** Puts the factors of a fitted layer into their slots. */
function leave(state: RunState, { layer, write }: LayerStep): void {
  const result = state.results.get(layer);
  if (result === undefined) throw missing(layer);
  state.data.set(write.W, [result.W]);
  state.data.set(write.H, [result.H]);
}

function addRows(state: RunState, { reads, align, write }: AddStep): void {
  const own = reads.map((slot) => stackDense(blocksIn(state, slot)));
  if (align) state.orders.set(write, own.map((part) => matchRows(own[0], part))); // biome-ignore format: one thought
  const parts = inOrder(own, state.orders.get(write));
  state.data.set(write, [parts.reduce((sum, part) => addScaled(sum, part))]);
}

function bound(bindings: Bindings, slot: SlotId) {
  const matrix = bindings.get(slot);
  if (matrix === undefined)
    throw new KernelError('invalid-argument', `a plan needs data for each load; none is bound to ${slot}`);
  return matrix;
}

async function fitStep(state: RunState, step: FitStep, plan: Plan, options: RunOptions): Promise<void> {
  await match(step)
    .with({ op: 'stackRows' }, (s) => stackRows(state, s))
    .with({ op: 'add' }, (s) => addRows(state, s))
    .with({ op: 'embed' }, (s) => embed(state, s))
    .with({ op: 'nmf' }, { op: 'tied' }, { op: 'svd' }, (s) => layerStep(state, s, plan, options))
    .exhaustive();
}

/** Fits a layer, unless its result is known. */
async function layerStep(state: RunState, step: LayerStep, plan: Plan, options: RunOptions): Promise<void> {
  const { layer } = step;
  if (state.results.has(layer)) return leave(state, step);
  if (options.share === undefined) return fitLayer(state, step, plan, options);
  const result = await options.share(layer, async ({ args, ...part } = {}) => {
    const other = args !== undefined && step.op === 'nmf' ? { ...step, args } : step;
    await fitLayer(state, other, plan, { ...options, ...part });
    const own = state.results.get(layer);
    if (own === undefined) throw missing(layer);
    return own;
  });
  state.results.set(layer, result);
  leave(state, step);
}

function align(state: RunState, { read, from, write }: AlignStep): void {
  state.data.set(
    write,
    blocksIn(state, read).map((block) => alignColumns(block, from)),
  );
}

function stackRows(
  state: RunState,
  { reads, write }: { readonly reads: readonly SlotId[]; readonly write: SlotId },
): void {
  state.data.set(
    write,
    reads.flatMap((slot) => blocksIn(state, slot)),
  );
}

function embed(state: RunState, { layer, H, write }: EmbedStep): void {
  const result = state.results.get(layer);
  if (result === undefined)
    throw new KernelError('invalid-argument', `a plan must fit a layer before it is read; '${layer}' is not`);
  state.data.set(write, [scaleRows(matrixIn(state, H), result.d)]);
}

function splitRows(state: RunState, { read, parts }: SplitStep): void {
  const W = matrixIn(state, read);
  for (const { rows, write } of parts) state.data.set(write, [gatherRows(W, rows)]);
}
