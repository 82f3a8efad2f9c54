import type { CallOptions, Kernels } from '../../kernels/kernels.js';
import { type DenseMatrix, dense, firstColumns, rowRange, scaleRows, totalRows } from '../../matrix.js';
import { examine } from '../../matrix-check.js';
import { blocksIn, type LayerResult, type RunState } from '../state.js';
import { heightsOf, kernelWeights, type Roots, sharesIn, weighBlocks, weighRows } from '../weights.js';
import { decoderOf, overOnes } from './model.js';
import type { TrainedStep } from './steps.js';

/** A trained layer with the losses of what it reads, as its own fit would tell them. */
export async function withOwnLosses(
  step: TrainedStep,
  found: LayerResult,
  state: RunState,
  kernels: Kernels,
  options: CallOptions,
): Promise<LayerResult> {
  const read = blocksIn(state, step.read);
  const unknown = read.reduce((sum, block) => sum + examine(block, kernels.look).missing, 0);
  const entries = totalRows(read) * found.H.cols - unknown;
  const weights = step.op === 'nmf' ? kernelWeights(sharesIn(state, step.args.weights)) : null;
  const k = found.d.length;
  const [W, E] = [decoderOf(found), scaleRows(found.H, found.d)];
  /** Of the first `rank` factors, rows times roots: one loss for each of some ranks. */
  const losses = async (roots: Roots, ranks: readonly number[]) => {
    const X = await weighBlocks(read, roots, 'f64');
    const left = weighRows(W, heightsOf(read), roots);
    const all: number[] = [];
    for (const rank of ranks) all.push(await kernels.mse({ X, ...leading(left, E, rank), weights }, options));
    return all;
  };
  if (!('center' in found)) {
    const [loss] = await losses(found.roots, [k]);
    return { ...found, loss, objective: (loss * entries) / 2 };
  }
  const { scale } = found;
  const ranks = Array.from({ length: k + 1 }, (_, rank) => rank);
  const left = Float64Array.from(await losses(scale && inverse(scale, heightsOf(read)), ranks), (x) => x * entries);
  const [loss] = scale === null ? [left[k] / entries] : await losses(null, [k]);
  return { ...found, loss, objective: left[k] / 2, left };
}

/** 1/s, block by block. */
function inverse(scale: Float64Array, heights: readonly number[]): Roots {
  let top = 0;
  return heights.map((rows) => {
    top += rows;
    return Array.from(scale.subarray(top - rows, top), (x) => 1 / x);
  });
}

/** The first factors, and the means that are beside them. */
function leading(W: DenseMatrix, E: DenseMatrix, rank: number): { readonly W: DenseMatrix; readonly H: DenseMatrix } {
  const means = W.data.subarray(W.rows * E.rows);
  // A model has at least one factor.
  const cols = Math.max(1, rank + means.length / W.rows);
  const first = dense(W.rows, cols);
  first.data.set(firstColumns(W, rank).data);
  if (means.length > 0) first.data.set(means, W.rows * rank);
  const some = rowRange(E, 0, rank);
  return { W: first, H: cols === rank || means.length > 0 ? overOnes(some, first) : dense(1, E.cols) };
}
