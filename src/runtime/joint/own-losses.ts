import type { CallOptions, Kernels } from '../../kernels/kernels.js';
import { type DenseMatrix, dense, firstColumns, type Matrix, rowRange, scaleRows, totalRows } from '../../matrix.js';
import { examine } from '../../matrix-check.js';
import { blocksIn, type LayerResult, type RunState } from '../state.js';
import {
  eachStored,
  heightsOf,
  kernelWeights,
  type Roots,
  rowsOf,
  sharesIn,
  weighBlocks,
  weighRows,
} from '../weights.js';
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
  const roots = scale && inverse(scale, heightsOf(read));
  const left = Float64Array.from(await losses(roots, ranks), (x) => x * entries);
  // The variance is about the means of the data, which what training has found need not be.
  if (found.center !== null) {
    const X = await weighBlocks(read, roots, 'f64');
    left[0] = entries * (await kernels.mse({ X, ...(await meansOf(X)) }, options));
  }
  const [loss] = scale === null ? [left[k] / entries] : await losses(null, [k]);
  return { ...found, loss, objective: left[k] / 2, left };
}

/** The mean of what is known of each row, times a row of ones. */
async function meansOf(X: readonly Matrix[]): Promise<{ readonly W: DenseMatrix; readonly H: DenseMatrix }> {
  const means: number[] = [];
  for (const block of X) {
    const listed = block.kind === 'csc' && block.unlisted === 'missing';
    const [sums, counts] = [new Float64Array(block.rows), new Float64Array(block.rows).fill(listed ? 0 : block.cols)];
    const rowOf = rowsOf(block);
    await eachStored(block, (x, p) => {
      if (!Number.isNaN(x)) sums[rowOf(p)] += x;
      if (listed !== Number.isNaN(x)) counts[rowOf(p)] += listed ? 1 : -1;
    });
    means.push(...sums.map((sum, i) => (counts[i] > 0 ? sum / counts[i] : 0)));
  }
  return {
    W: dense(means.length, 1, Float64Array.from(means)),
    H: dense(1, X[0].cols, new Float64Array(X[0].cols).fill(1)),
  };
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
