import { totalRows, transpose } from '../../matrix.js';
import type { MseArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkMse } from './check.js';
import { createPause } from './pause.js';
import { residual } from './products.js';

/** Mean squared difference of X and W·H, entry by entry. */
export async function mse(args: MseArgs): Promise<number> {
  checkMse(args);
  const { X, W, H } = args;
  return (await residual(blocksOf(X), transpose(W), H, createPause())) / (totalRows(X) * X[0].cols);
}
