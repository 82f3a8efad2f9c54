import type { NmfStepArgs, SlotId } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import type { Kernels, NmfResult, SvdResult, TiedResult } from '../kernels/kernels.js';
import type { KernelLoss } from '../loss.js';
import { type DenseMatrix, type RowBlocks, toDense } from '../matrix.js';
import type { Memory } from '../solver.js';
import type { Keeper } from './checkpoint.js';
import type { Progress, Round } from './fit.js';
import type { Factors } from './grown-start.js';
import type { SeenStreams } from './streams.js';
import type { Roots } from './weights.js';

export interface RunOptions {
  readonly kernels: Kernels;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  readonly threads?: number | undefined;
  readonly memory?: Memory | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly keeper?: Keeper | undefined;
  /** What stays in its file, by the slot that a plan gives it. Default: nothing does. */
  readonly streams?: SeenStreams | undefined;
  /** Iterations of an NMF layer at most, where its own `maxIter` is more; its random starts are raced as if it were not. */
  readonly maxIter?: number | undefined;
  /** What the same data have come to with no more factors: an NMF layer begins with it, in the place of a random start. */
  readonly found?: Factors | undefined;
  /** Asked for each layer in its turn: it may know what fitting would give, from another run of the same. */
  readonly share?: Share | undefined;
}

/** The result of a layer, fitted by `fit`, as a whole or in part, or known already. */
export type Share = (layer: string, fit: (part?: FitPart) => Promise<LayerResult>) => Promise<LayerResult>;
/** Where the fit of a layer begins and ends. */
export type FitPart = Pick<RunOptions, 'keeper' | 'maxIter' | 'found'> & {
  /** Those of another NMF layer that reads the same, which is fitted instead. */
  readonly args?: NmfStepArgs | undefined;
};

/** What a kernel made of a layer. */
export type LayerResult = (NmfResult | TiedResult | SvdResult) & {
  /** Which of its random starts it was. */
  readonly restart: number;
  /** Iterations of races between starts; 0 where there was none, absent where that isn't known. */
  readonly raced?: number;
  /** How the blocks it reads were weighed. */
  readonly roots: Roots;
  /** `energy` of W's rows over their squared lengths, where that isn't L2 alone. */
  readonly energy?: Float64Array;
  /** The loss that was minimised, its parameters as they were found; absent: squares. */
  readonly fittedLoss?: KernelLoss;
  /** Root of the mean square of the data, where `nullLoss` isn't that square. */
  readonly rms?: number;
};

/** Everything a run leaves behind, by slot and by layer. */
export interface RunState {
  readonly data: Map<SlotId, RowBlocks>;
  /** Slots whose data stay in their files. */
  readonly streams: SeenStreams;
  readonly results: Map<string, LayerResult>;
  /** Of sums whose branches were matched: for each branch the row that was added to row r. */
  readonly orders: Map<SlotId, readonly (readonly number[])[]>;
  /** Rounds of joint training. */
  rounds: readonly Round[];
  /** The layer that was being fitted when the run was cancelled. */
  cancelledIn: string | undefined;
}

/** The data in a slot that an earlier step has filled. */
export function blocksIn(state: RunState, slot: SlotId): RowBlocks {
  const blocks = state.data.get(slot);
  if (blocks === undefined)
    throw new KernelError('invalid-argument', `a plan must fill a slot before it is read; ${slot} is empty`);
  return blocks;
}

/** The one matrix in a slot that holds a factor or an embedding, written out. */
export function matrixIn(state: RunState, slot: SlotId): DenseMatrix {
  const [block] = blocksIn(state, slot);
  return toDense(block);
}
