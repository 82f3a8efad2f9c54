import { KernelError } from '../../errors.js';
import { totalRows, transpose } from '../../matrix.js';
import type { MseArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkMse } from './check.js';
import { hideMissing } from './masked.js';
import { createPause } from './pause.js';
import { residual } from './products.js';

/** Mean squared difference of X and W·H, entry by entry, over those that are not missing. */
export async function mse(args: MseArgs): Promise<number> {
  checkMse(args);
  const { W, H } = args;
  const { X, held } = hideMissing(blocksOf(args.X));
  const known = totalRows(X) * X[0].cols - held.count;
  if (known === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  return (await residual(X, transpose(W), H, createPause(), held.byColumn)) / known;
}
