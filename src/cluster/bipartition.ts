import { checkOptions } from '../dsl/check-options.js';
import { bipartitionOptions } from '../dsl/schemas.js';
import type { MatrixInput } from '../matrix-input.js';
import type { FitOptions } from '../net/net.js';
import { readSamples } from './read.js';
import { type Split, type SplitOptions, split } from './split.js';

export interface BipartitionOptions extends SplitOptions {
  /** Told of every accepted iterate of the fit. */
  readonly onProgress?: FitOptions['onProgress'];
}

export interface Bipartition extends Split {}

/**
 * Splits samples in two by a non-negative factorization of rank 2, X ≈ W·diag(d)·H with columns of W that sum to 1, so that
 * d_r·h_rj is what factor r adds to the sum of sample j:
 *
 *   v_j = (d_1·h_1j − d_2·h_2j) / (d_1·h_1j + d_2·h_2j),   the first part where v_j ≥ 0, the second where v_j < 0,
 *   separation = mean_j (cos(x_j, c of its part) − cos(x_j, c of the other)),   c the mean of a part.
 *
 * As the modularity of a graph it is within less between, 0 where there are no parts. It is above 0 also where samples differ
 * by chance alone, the more the fewer features there are. Where there are three groups with nothing in common two factors are
 * too few, and one group may be cut through. The factors are sorted, so d_1 is the larger.
 *
 * @param X m × n, n ≥ 2, ≥ 0, without missing entries, dense or sparse. A sample of zeros goes to the first part.
 * @throws GraphError 'invalid-data' for data that are no matrix, negative, with missing entries, or of one sample;
 * 'non-finite', 'value-range', 'unknown-option', 'invalid-option'.
 * @throws What `fit()` throws; cancelled, it rejects with `signal.reason`.
 * @example
 * const { parts, separation } = await bipartition([[5, 4, 0, 0], [4, 6, 1, 0], [0, 1, 3, 4]]);
 * console.log(parts); // [[0, 1], [2, 3]] or [[2, 3], [0, 1]]
 * @see Newman & Girvan 2004 for modularity; Kuang & Park 2013 for splits by rank-2 NMF.
 */
export async function bipartition(X: MatrixInput, options: BipartitionOptions = {}): Promise<Bipartition> {
  checkOptions(bipartitionOptions, options, 'bipartition');
  return split(readSamples('bipartition', X, 2), options, options.onProgress);
}
