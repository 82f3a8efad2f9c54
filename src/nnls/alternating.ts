import { linesKnown, notNegative, type Reading, reading, sizeOf, whole } from '../arguments/read.js';
import { checkOptions } from '../dsl/check-options.js';
import { alternatingOptions } from '../dsl/schemas.js';
import { type Backend, selectKernels } from '../kernels/select.js';
import { type DenseMatrix, dense, flipped, type Matrix, toDense, transpose } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { NO_TERMS, residualOf, solve } from './solve.js';

export interface AlternatingNnlsOptions {
  /** The factor that stands still first, ≥ 0: W (m × k), then H is solved for first, or H (k × n), then W. */
  readonly start:
    | { readonly W: MatrixInput; readonly H?: undefined }
    | { readonly H: MatrixInput; readonly W?: undefined };
  /** How often a factor is solved for, a whole number ≥ 1; default 100, fifty times each. */
  readonly halfSteps?: number | undefined;
  /** Cancels between two half-steps: rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Threads for the native kernels, ≥ 1; default: all cores. The result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** 'auto' (default): native where it is built, else reference. */
  readonly backend?: Backend | undefined;
}

export interface AlternatingNnls {
  /** m × k, ≥ 0, as it was solved for last: not scaled, not sorted. */
  readonly W: DenseMatrix;
  /** k × n, ≥ 0. */
  readonly H: DenseMatrix;
  /** ‖X − W·H‖_F over what is known of X, after each half-step; it never rises. */
  readonly residuals: Float64Array;
}

/**
 * X ≈ W·H with W, H ≥ 0 by alternating minimisation, one exact half-step at a time: H = argmin ‖X − W·H‖ over H ≥ 0, then
 * W = argmin ‖X − W·H‖ over W ≥ 0, and so on, each as `nnls` has it. What `solver: 'bpp'` does in a layer, with the residual
 * after every half-step; a layer's `history` has one entry for two of them, of loss residual² / entries.
 *
 * @param X m × n, of any sign, dense or sparse. What is missing (NaN) is left out.
 * @throws GraphError with every fault of the arguments: 'invalid-data', 'non-finite', 'value-range', 'nothing-known' for a
 * row or column of X without a known entry, 'unknown-option', 'invalid-option'.
 * @throws BackendUnavailableError for `backend: 'native'` where that isn't built.
 * @example
 * const { runif } = rRandom(0);
 * const Y = { rows: 10, cols: 5, data: runif(50) };
 * const { H, residuals } = await alternatingNnls(X, { start: { W: Y }, halfSteps: 30 });
 */
export async function alternatingNnls(X: MatrixInput, options: AlternatingNnlsOptions): Promise<AlternatingNnls> {
  checkOptions(alternatingOptions, options, 'alternatingNnls');
  const { start, halfSteps = 100, signal, threads, backend } = options;
  const args = reading('alternatingNnls');
  const data = args.read('X', X);
  if (data !== undefined) linesKnown(args, 'X', data, true);
  const [side, given] = start.W !== undefined ? (['W', start.W] as const) : (['H', start.H] as const);
  const factor = args.done(readStart(args, side, given, data?.matrix));
  const known = args.done(data);

  const kernels = selectKernels(backend);
  const across = flipped(known.matrix);
  const residuals: number[] = [];
  // One of them is solved for before it is looked at.
  let [W, H] = [factor, factor];
  for (let step = 0; step < halfSteps; step++) {
    signal?.throwIfAborted();
    if ((step % 2 === 0) === (side === 'W'))
      H = await solve(kernels, { A: W, B: known.matrix, terms: NO_TERMS }, { threads });
    else W = transpose(await solve(kernels, { A: transpose(H), B: across, terms: NO_TERMS }, { threads }));
    residuals.push(await residualOf(kernels, known, { A: W, X: H }, { threads }));
  }
  return Object.freeze({ W, H, residuals: Float64Array.from(residuals) });
}

/** A factor to begin from, of the shape that the data ask for. */
function readStart(args: Reading, side: 'W' | 'H', given: MatrixInput, X: Matrix | undefined): DenseMatrix | undefined {
  const of = `start.${side}`;
  const found = args.read(of, given);
  if (found === undefined) return undefined;
  const { matrix } = found;
  whole(args, of, found);
  if (found.facts.gap === undefined) notNegative(args, of, found);
  const [own, wanted] = side === 'W' ? [matrix.rows, X?.rows] : [matrix.cols, X?.cols];
  if (wanted !== undefined && own !== wanted)
    args.refuse(of, `of ${wanted} ${side === 'W' ? 'rows' : 'columns'}, as X is`, sizeOf(matrix));
  // It may come back as it is.
  return dense(matrix.rows, matrix.cols, toDense(matrix).data.slice());
}
