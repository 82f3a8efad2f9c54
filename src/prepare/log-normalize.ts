import { checkOptions } from '../dsl/check-options.js';
import { logNormalizeOptions } from '../dsl/schemas.js';
import type { MatrixInput } from '../matrix-input.js';
import { eachStored, mapStored } from '../stored-entries.js';
import { type Prepared, prepare } from './prepare.js';

export interface LogNormalizeOptions {
  /** T, what the counts of a sample are made to add up to, > 0; default: the median of the sums that are above zero. */
  readonly total?: number | undefined;
}

/**
 * Makes counts of samples comparable that were counted to different depths, and draws large ones in:
 *
 *   y_ij = ln(1 + T · x_ij / s_j),   s_j = Σ_i x_ij over what is known.
 *
 * Zeros stay zeros, a sample of zeros too; what is missing stays missing.
 *
 * @param X features × samples, counts or other numbers ≥ 0.
 * @returns features × samples, ≥ 0, in 64 bits: sparse where X is, else dense; with the names that X has.
 * @throws GraphError 'invalid-data' for data that are no matrix, negative, or all missing; 'non-finite', 'value-range',
 * 'unknown-option', 'invalid-option'.
 * @example
 * const Y = logNormalize([[1, 20], [3, 60]]);
 * console.log(toRows(Y)); // both samples are alike: ln(1 + 42 · ¼) and ln(1 + 42 · ¾)
 */
export function logNormalize<X extends MatrixInput>(X: X, options: LogNormalizeOptions = {}): Prepared<X> {
  checkOptions(logNormalizeOptions, options, 'logNormalize');
  return prepare('logNormalize', X, 'counts', (matrix) => {
    const sums = new Float64Array(matrix.cols);
    eachStored(matrix, (x, _, j) => {
      if (x > 0) sums[j] += x;
    });
    const total = options.total ?? median(sums.filter((sum) => sum > 0));
    return mapStored(matrix, (x, _, j) => (x === 0 ? 0 : Math.log1p((x / sums[j]) * total)));
  });
}

/** The middle one, or the mean of both; 1 of none, where it is of no consequence. */
function median(values: Float64Array): number {
  if (values.length === 0) return 1;
  const sorted = values.toSorted();
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
