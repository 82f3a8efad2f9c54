import { match } from 'ts-pattern';
import type {
  Bindings,
  EmbedStep,
  FitStep,
  NmfStep,
  Plan,
  SlotId,
  SplitStep,
  StartArgs,
  SvdStep,
} from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import type { CallOptions, Iterate, Kernels, NmfResult, SvdResult } from '../kernels/kernels.js';
import {
  addScaled,
  type DenseMatrix,
  gatherRows,
  type RowBlocks,
  scaleRows,
  stackDense,
  totalRows,
} from '../matrix.js';
import { randomBlock, randomStart } from './starts.js';

/** What a fit tells about its progress: every accepted iterate of every layer, and once more when the layer is done. */
export interface Progress {
  readonly layer: string;
  /** Place among the graph's layers, from 1. */
  readonly index: number;
  readonly layers: number;
  readonly iteration: number;
  readonly maxIter: number;
  /** Mean squared error of the layer on its own input. */
  readonly loss: number;
  readonly objective: number;
  /** The layer is finished. */
  readonly done: boolean;
}

export interface RunOptions {
  readonly kernels: Kernels;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly threads?: number | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Everything a run leaves behind, by slot and by layer. */
export interface RunState {
  readonly data: Map<SlotId, RowBlocks>;
  readonly results: Map<string, NmfResult | SvdResult>;
  /** The layer that was being fitted when the run was cancelled. */
  cancelledIn: string | undefined;
}

/** Runs a plan; a cancelled run ends early and says where. */
export async function run(plan: Plan, bindings: Bindings, options: RunOptions): Promise<RunState> {
  const state: RunState = { data: new Map(), results: new Map(), cancelledIn: undefined };
  for (const step of plan.prepare) {
    if (step.op === 'load') state.data.set(step.write, [bound(bindings, step.write)]);
    else stackRows(state, step);
  }
  for (const step of plan.fit) {
    await fitStep(state, step, plan, options);
    if (state.cancelledIn !== undefined) break;
  }
  for (const step of plan.finish) if (state.results.has(step.layer)) splitRows(state, step);
  return state;
}

function bound(bindings: Bindings, slot: SlotId) {
  const matrix = bindings.get(slot);
  if (matrix === undefined)
    throw new KernelError('invalid-argument', `a plan needs data for each load; none is bound to ${slot}`);
  return matrix;
}

/** The data in a slot that an earlier step has filled. */
export function blocksIn(state: RunState, slot: SlotId): RowBlocks {
  const blocks = state.data.get(slot);
  if (blocks === undefined)
    throw new KernelError('invalid-argument', `a plan must fill a slot before it is read; ${slot} is empty`);
  return blocks;
}

/** The one dense matrix in a slot that holds a factor or an embedding. */
export function matrixIn(state: RunState, slot: SlotId): DenseMatrix {
  const [block] = blocksIn(state, slot);
  if (block.kind !== 'dense') throw new KernelError('invalid-argument', `a factor must be dense; ${slot} is not`);
  return block;
}

async function fitStep(state: RunState, step: FitStep, plan: Plan, options: RunOptions): Promise<void> {
  await match(step)
    .with({ op: 'stackRows' }, (s) => stackRows(state, s))
    .with({ op: 'add' }, ({ reads, write }) => {
      const parts = reads.map((slot) => stackDense(blocksIn(state, slot)));
      state.data.set(write, [parts.reduce((sum, part) => addScaled(sum, part))]);
    })
    .with({ op: 'embed' }, (s) => embed(state, s))
    .with({ op: 'nmf' }, { op: 'svd' }, (s) => fitLayer(state, s, plan, options))
    .exhaustive();
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

async function fitLayer(state: RunState, step: NmfStep | SvdStep, plan: Plan, options: RunOptions): Promise<void> {
  const index = plan.layers.findIndex(({ layer }) => layer === step.layer) + 1;
  const tell = (iterate: Iterate, done: boolean) =>
    options.onProgress?.({
      layer: step.layer,
      index,
      layers: plan.layers.length,
      maxIter: step.args.maxIter,
      ...iterate,
      done,
    });
  const result = await callKernel(step, blocksIn(state, step.read), options, {
    signal: options.signal,
    threads: options.threads,
    onIteration: options.onProgress && ((iterate) => tell(iterate, false)),
  });
  state.results.set(step.layer, result);
  state.data.set(step.write.W, [result.W]);
  state.data.set(step.write.H, [result.H]);
  if (result.stopped === 'aborted') state.cancelledIn = step.layer;
  else tell({ iteration: result.iterations, loss: result.loss, objective: result.objective }, true);
}

async function callKernel(
  step: NmfStep | SvdStep,
  X: RowBlocks,
  { kernels, seed }: RunOptions,
  call: CallOptions,
): Promise<NmfResult | SvdResult> {
  const [m, n] = [totalRows(X), X[0].cols];
  const from = (start: StartArgs) => start.seed ?? seed;
  try {
    if (step.op === 'nmf') {
      const { k, start, ...args } = step.args;
      return await kernels.nmf({ X, ...args, start: await randomStart(m, n, k, from(start), start.stream) }, call);
    }
    const { block, start, ...args } = step.args;
    return await kernels.svd({ X, ...args, start: await randomBlock(m, block, from(start), start.stream) }, call);
  } catch (error) {
    if (error instanceof KernelError)
      throw new KernelError(error.code, error.message, { layer: step.layer, cause: error });
    // What the engine throws when an array can't be had.
    if (error instanceof RangeError)
      throw new KernelError('out-of-memory', error.message, { layer: step.layer, cause: error });
    throw error;
  }
}

function splitRows(state: RunState, { read, parts }: SplitStep): void {
  const W = matrixIn(state, read);
  for (const { rows, write } of parts) state.data.set(write, [gatherRows(W, rows)]);
}
