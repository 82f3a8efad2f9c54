import { totalRows, transpose } from '../../matrix.js';
import type { MseArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { createPause } from './pause.js';
import { residual } from './products.js';

/** Mean squared difference of X and W·H, entry by entry. */
export async function mse({ X, W, H }: MseArgs): Promise<number> {
  return (await residual(blocksOf(X), transpose(W), H, createPause())) / (totalRows(X) * X[0].cols);
}
