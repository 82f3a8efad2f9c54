import { KernelError } from '../../errors.js';
import { transpose } from '../../matrix.js';
import type { MseArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkMse } from './check.js';
import { createPause } from './pause.js';
import { dotColumns } from './products.js';
import { eachKnown } from './weighed.js';

/** Mean squared difference of X and W·H, entry by entry, over those that are not missing, each as much as it counts. */
export async function mse(args: MseArgs): Promise<number> {
  checkMse(args);
  const { X, W, H, weights } = args;
  const panel = transpose(W);
  let [sum, count] = [0, 0];
  await eachKnown(blocksOf(X), weights, createPause(), (i, j, weight, x) => {
    sum += weight * (x - dotColumns(panel, i, H, j)) ** 2;
    count++;
  });
  if (count === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  return sum / count;
}
