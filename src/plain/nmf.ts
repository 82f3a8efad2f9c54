import type { NmfSpec } from '../dsl/config.js';
import type { MatrixInput } from '../matrix-input.js';
import { fitOne, type PlainFit, type PlainOptions } from './one-layer.js';

/** All that an NMF layer takes but a name and what only graphs need, and what its input and its fit take. */
export interface PlainNmfOptions extends Omit<NmfSpec, 'name' | 'embedding'>, PlainOptions {}

/**
 * Non-negative matrix factorization of one matrix: argmin over W, H ≥ 0 of ½‖X − W·diag(d)·H‖² + penalties, or of another `loss`.
 *
 * X is features × samples, W features × k, d has k scales, falling, H is k × samples. The fit is that of a graph of one
 * `nmfLayer`, to the bit.
 *
 * @param options `k`, the number of factors, a whole number ≥ 1; all other options of `nmfLayer`, of `factorInput` (`mask`,
 * `weights`, `orientation`, names) and of `fit` (`threads`, `signal`, `onProgress`, `backend`, …); `seed`, a whole number ≥ 0,
 * default: drawn, and in `summary`.
 * @returns the fitted layer: W, d, H, losses, what its factors can be asked (`top`, `subset`, `sorted`), and the `summary` of the fit. `saveFit` takes it.
 * @throws GraphError for options and data, with every fault; KernelError, BackendUnavailableError, ModelFileError as `fit`.
 * @example
 * const { W, d, H, loss } = await nmf([[1, 0, 2], [0, 3, 1]], { k: 2, seed: 1 });
 * console.log(W.rows, H.cols, d.length, loss < 1e-3); // 2 3 2 true
 */
export const nmf = (data: MatrixInput, options: PlainNmfOptions): Promise<PlainFit> => fitOne('nmf', data, options);
