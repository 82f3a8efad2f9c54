import { type DenseMatrix, dense, transpose } from '../../matrix.js';
import type { Estimate, MultiplyArgs } from '../kernels.js';
import { type Blocks, blocksOf } from './blocks.js';
import { checkMultiply } from './check.js';
import { createPause } from './pause.js';
import { dotColumns, timesData, timesTransposed } from './products.js';
import { eachKnown } from './weighed.js';

/** Wᵀ·X, k × samples; or X·Hᵀ, features × k; with an estimate, of what it leaves of X. */
export async function multiply(args: MultiplyArgs): Promise<DenseMatrix> {
  checkMultiply(args);
  const { factor, side, estimate } = args;
  const blocks = blocksOf(args.X);
  const X = estimate === undefined ? blocks : [await restOf(blocks, estimate)];
  if (side === 'W') return timesData(transpose(factor), X, createPause());
  return transpose(await timesTransposed(factor, X, createPause()));
}

/** ω ∘ (X − W·H), zero where an entry is missing. */
async function restOf(X: Blocks, { W, H, weights }: Estimate): Promise<DenseMatrix> {
  const panel = transpose(W);
  const rest = dense(W.rows, H.cols);
  await eachKnown(X, weights, createPause(), (i, j, weight, x) => {
    rest.data[i + j * W.rows] = weight * (x - dotColumns(panel, i, H, j));
  });
  return rest;
}
