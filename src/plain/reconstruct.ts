import type { DenseMatrix } from '../matrix.js';
import type { LayerFit, ReconstructOptions } from '../runtime/fit.js';
import { graphOf } from './one-layer.js';

/**
 * The estimate W·diag(d)·H (features × samples) of what `nmf`, `svd` or `pca` has fitted, scaled and about means where these
 * were taken out; whole, or of some `features` and `samples` (places from 0, in this order).
 *
 * @throws GraphError 'invalid-option' for what does not come from a plain function, and places that aren't there; 'unknown-option'.
 * @example
 * const fit = await nmf([[1, 0, 2], [0, 3, 1]], { k: 2, seed: 1 });
 * const { rows, cols } = await reconstruct(fit, { samples: [2] });
 * console.log(rows, cols); // 2 1
 */
export const reconstruct = async (
  fit: LayerFit,
  options: Omit<ReconstructOptions<never>, 'through'> = {},
): Promise<DenseMatrix> => graphOf(fit, 'reconstruct').fit.reconstruct('data', options);
