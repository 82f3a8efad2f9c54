import { layer } from './build.js';
import type { LayerOn, LayersOf, NmfArgs, Ref, SvdArgs } from './expr.js';

/**
 * A non-negative matrix factorization X ≈ W·diag(d)·H of what `input` hands on.
 *
 * Minimises ½‖X − WH‖² plus the penalties of `W` and `H` (see `FactorOptions`). X is features × samples; W is
 * features × k, d has k scales, falling, and H is k × samples. Fitted by hierarchical alternating least squares
 * (Cichocki & Phan 2009) with inner sweeps (Gillis & Glineur 2012) and extrapolation (Ang & Gillis 2019), unless
 * `solver`, `accelerate` and `loss` say otherwise: the objective never rises. With `symmetric` or `projective` W alone is fitted, and
 * gives H (see `NmfOptions`).
 *
 * @example
 * const parts = nmfLayer(factorInput(X, { name: 'rna' }), { name: 'parts', k: 10, H: H({ L1: 0.01 }) });
 * @example
 * const groups = nmfLayer(factorInput(similarities, { name: 'cells' }), { name: 'groups', k: 10, symmetric: true });
 */
export function nmfLayer<U extends Ref, const N extends string, const K extends number>(
  input: U,
  spec: NmfArgs<N, K, LayersOf<U>>,
): LayerOn<U, N, K> {
  return layer('nmf', input, spec);
}

/**
 * A truncated singular value decomposition X ≈ U·diag(σ)·Vᵀ of what `input` hands on; with `center`, PCA.
 *
 * In the fit `W` is U (features × k, orthonormal columns), `d` is σ (falling) and `H` is Vᵀ (k × samples, orthonormal
 * rows; beyond min(features, samples) they are zero); the largest entry of each left vector is positive. Means and deviations taken out by `center` and `scale` are
 * put back in every reconstruction. Restarted block Krylov iteration (Musco & Musco 2015).
 *
 * @example
 * const axes = svdLayer(factorInput(X, { name: 'rna' }), { name: 'axes', k: 2, center: true });
 */
export function svdLayer<U extends Ref, const N extends string, const K extends number>(
  input: U,
  spec: SvdArgs<N, K, LayersOf<U>>,
): LayerOn<U, N, K> {
  return layer('svd', input, spec);
}
