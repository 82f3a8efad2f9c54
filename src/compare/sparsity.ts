import { reading } from '../arguments/read.js';
import { checkOptions } from '../dsl/check-options.js';
import { linesOptions } from '../dsl/schemas.js';
import { flipped, type Matrix, storedValues, toDense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { type Factors, isFactors, readFactors } from './factors.js';
import { type LinesOptions, readColumns } from './similarity.js';

/** How sparse lines of numbers are, one number for each. */
export interface Sparsity {
  /** Hoyer's measure, in [0, 1]: 0 where all are alike in size, 1 where one alone is not zero. */
  readonly hoyer: Float64Array;
  /** The share that is exactly zero, in [0, 1]. */
  readonly zeros: Float64Array;
}

/** Of the factors of a layer: columns of W (modalities one beneath the other), rows of H. */
export interface FactorSparsity {
  readonly W: Sparsity;
  readonly H: Sparsity;
}

/**
 * How sparse each factor of a fitted layer is, or each column of a matrix: of n numbers
 *
 *   hoyer(x) = (√n − Σ|x| / √Σx²) / (√n − 1),   zeros(x) = #{x = 0} / n.
 *
 * Neither knows the scale. Of zeros alone both are 1; of n = 1 number that isn't zero both are 0.
 *
 * @param X A layer's fit, or a matrix without missing entries, m × n, dense or sparse.
 * @param options For a matrix: `by: 'rows'` measures rows.
 * @throws GraphError 'invalid-data' for what is neither, or has missing entries; 'non-finite', 'value-range',
 * 'unknown-option', 'invalid-option'.
 * @example
 * console.log(sparsity([[1, 1], [0, 1], [0, 1], [0, 1]])); // hoyer 1 and 0, zeros 0.75 and 0
 * @see Hoyer 2004, §3.1.
 */
export function sparsity(X: Factors): FactorSparsity;
export function sparsity(X: MatrixInput, options?: LinesOptions): Sparsity;
export function sparsity(X: MatrixInput | Factors, options: LinesOptions = {}): Sparsity | FactorSparsity {
  const args = reading('sparsity');
  if (isFactors(X)) {
    checkOptions(linesOptions.omit({ by: true }), options, 'sparsity of a fit');
    const { W, H } = args.done(readFactors(args, 'X', X));
    return Object.freeze({ W: measured(W), H: measured(flipped(H)) });
  }
  checkOptions(linesOptions, options, 'sparsity');
  return measured(args.done(readColumns(args, 'X', X, options.by ?? 'columns')).matrix);
}

function measured(matrix: Matrix): Sparsity {
  const whole = matrix.kind === 'csc' ? matrix : toDense(matrix);
  const { rows: n, cols } = whole;
  const values = storedValues(whole);
  const [hoyer, zeros] = [new Float64Array(cols), new Float64Array(cols)];
  for (let j = 0; j < cols; j++) {
    const own = whole.kind === 'csc' ? values.subarray(whole.indptr[j], whole.indptr[j + 1]) : values.subarray(j * n, (j + 1) * n); // biome-ignore format: one thought
    let [largest, count] = [0, 0];
    for (const x of own) {
      if (x !== 0) count++;
      largest = Math.max(largest, Math.abs(x));
    }
    zeros[j] = (n - count) / n;
    hoyer[j] = largest === 0 ? 1 : hoyerOf(n, own, largest);
  }
  return Object.freeze({ hoyer, zeros });
}

function hoyerOf(n: number, own: Iterable<number>, largest: number): number {
  if (n === 1) return 0;
  let [sum, squares] = [0, 0];
  for (const x of own) {
    sum += Math.abs(x) / largest;
    squares += (x / largest) ** 2;
  }
  return Math.min(1, Math.max(0, (Math.sqrt(n) - sum / Math.sqrt(squares)) / (Math.sqrt(n) - 1)));
}
