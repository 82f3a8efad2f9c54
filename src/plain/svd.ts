import type { SvdSpec } from '../dsl/config.js';
import type { MatrixInput } from '../matrix-input.js';
import { fitOne, type PlainFit, type PlainOptions } from './one-layer.js';

/** All that an SVD layer takes but a name and what only graphs need, and what its input and its fit take. */
export interface PlainSvdOptions extends Omit<SvdSpec, 'name' | 'embedding'>, Omit<PlainOptions, 'weights'> {}

/**
 * Truncated singular value decomposition of one matrix: X ≈ U·diag(σ)·Vᵀ, the best of rank k (Eckart & Young 1936).
 *
 * X is features × samples, W = U features × k and H = Vᵀ k × samples are orthonormal, d = σ falls. The fit is that of a
 * graph of one `svdLayer`, to the bit; with missing entries, `L1` and `nonneg` it is what that says.
 *
 * @param options `k`, the number of pairs, a whole number ≥ 1; all other options of `svdLayer`, of `factorInput` and of `fit`.
 * @throws as `nmf`.
 * @example
 * const { d } = await svd([[3, 0], [0, 2], [0, 0]], { k: 2 });
 * console.log(Array.from(d, (x) => x.toFixed(6))); // [ '3.000000', '2.000000' ]
 */
export const svd = (data: MatrixInput, options: PlainSvdOptions): Promise<PlainFit> => fitOne('svd', data, options);

/**
 * Principal component analysis: `svd` of what is left of X when the mean of each feature is taken out, unless `center: false`.
 *
 * W (features × k) holds the axes, diag(d)·H (k × samples) the scores; `variance` says what each axis explains, and `scale: true`
 * gives every feature variance 1 first (samples − 1 in the denominator).
 *
 * @throws as `nmf`.
 * @example
 * const { variance } = await pca([[1, 2, 3, 4], [2, 4, 6, 8.5]], { k: 1 });
 * console.log(variance?.each[0].toFixed(3)); // 0.999
 */
export const pca = (data: MatrixInput, options: PlainSvdOptions): Promise<PlainFit> => {
  // An untyped caller may have given no options.
  const own: PlainSvdOptions = { ...options, center: options?.center ?? true };
  return fitOne('pca', data, own);
};
