import { KernelError } from '../../errors.js';
import { transpose } from '../../matrix.js';
import type { MseArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkMse } from './check.js';
import { createPause } from './pause.js';
import { weighedRest } from './weighed.js';

/** Mean squared difference of X and W·H, entry by entry, over those that are not missing, each as much as it counts. */
export async function mse(args: MseArgs): Promise<number> {
  checkMse(args);
  const { X, W, H, weights } = args;
  const { squares, count } = await weighedRest(
    blocksOf(X),
    weights ?? X.map(() => null),
    transpose(W),
    H,
    createPause(),
  );
  if (count === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  return squares / count;
}
