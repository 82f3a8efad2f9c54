import { linesKnown, reading, sizeOf, whole } from '../arguments/read.js';
import { checkOptions } from '../dsl/check-options.js';
import { nnlsOptions } from '../dsl/schemas.js';
import { type Backend, selectKernels } from '../kernels/select.js';
import { type DenseMatrix, toDense } from '../matrix.js';
import { isNumbers, type MatrixInput } from '../matrix-input.js';
import { residualOf, solve } from './solve.js';

export interface NnlsOptions {
  /** λ of λ·Σx, ≥ 0, in units of A·B; default 0. */
  readonly L1?: number | undefined;
  /** λ of ½λ·Σx², ≥ 0, in units of A²; default 0. */
  readonly L2?: number | undefined;
  /** Coefficients may not rise above this, > 0; default: they may. */
  readonly upperBound?: number | undefined;
  /** Threads for the native kernels, ≥ 1; default: all cores. The result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** 'auto' (default): native where it is built, else reference. */
  readonly backend?: Backend | undefined;
}

export interface Nnls {
  /** k × n, ≥ 0. */
  readonly X: DenseMatrix;
  /** ‖A·X − B‖_F over what is known of B, without the penalties. */
  readonly residual: number;
}

/**
 * Non-negative least squares, exactly: X = argmin over X ≥ 0 of ½‖A·X − B‖² + L1·ΣX + ½·L2·ΣX², each column of B by itself,
 * by block principal pivoting (Kim & Park 2011) on AᵀA; columns are solved side by side on all threads. Where the columns
 * of A depend on each other it is one of several minima.
 *
 * @param A m × k, finite numbers of any sign, dense or sparse.
 * @param B m × n, of any sign, dense or sparse; or a list of m numbers, for n = 1. What is missing (NaN) is left out.
 * @throws GraphError with every fault of the arguments: 'invalid-data', 'non-finite', 'value-range', 'nothing-known' for a
 * column of B without a known entry, 'unknown-option', 'invalid-option'.
 * @throws BackendUnavailableError for `backend: 'native'` where that isn't built.
 * @example
 * const { X, residual } = await nnls([[1, 0], [1, 1], [0, 1]], [2, 1, -1]);
 * console.log(X.data, residual); // 1.5 and 0; 1.2247
 */
export async function nnls(
  A: MatrixInput,
  B: MatrixInput | ArrayLike<number>,
  options: NnlsOptions = {},
): Promise<Nnls> {
  checkOptions(nnlsOptions, options, 'nnls');
  const args = reading('nnls');
  const [left, right] = [args.read('A', A), args.read('B', asColumn(B))];
  if (left !== undefined) whole(args, 'A', left);
  if (right !== undefined) linesKnown(args, 'B', right, false);
  if (left !== undefined && right !== undefined && left.matrix.rows !== right.matrix.rows)
    args.refuse('B', `of ${left.matrix.rows} rows, as A is`, sizeOf(right.matrix));
  const [of, to] = [args.done(left), args.done(right)];
  const { L1 = 0, L2 = 0, upperBound = null, threads, backend } = options;
  const kernels = selectKernels(backend);
  const dense = toDense(of.matrix);
  const X = await solve(kernels, { A: dense, B: to.matrix, terms: { L1, L2, upperBound } }, { threads });
  return Object.freeze({ X, residual: await residualOf(kernels, to, { A: dense, X }, { threads }) });
}

/** A list of numbers as a matrix of one column. */
const asColumn = (B: unknown): unknown => (isNumbers(B) && !isNumbers(B[0]) ? { rows: B.length, cols: 1, data: B } : B);
