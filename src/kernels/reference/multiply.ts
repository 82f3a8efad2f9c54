import { type DenseMatrix, transpose } from '../../matrix.js';
import type { MultiplyArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkMultiply } from './check.js';
import { createPause } from './pause.js';
import { timesData, timesTransposed } from './products.js';

/** Wᵀ·X, k × samples; or X·Hᵀ, features × k. */
export async function multiply(args: MultiplyArgs): Promise<DenseMatrix> {
  checkMultiply(args);
  const { factor, side } = args;
  const X = blocksOf(args.X);
  if (side === 'W') return timesData(transpose(factor), X, createPause());
  return transpose(await timesTransposed(factor, X, createPause()));
}
