import { namesOf } from '../arguments/names.js';
import { type Reading, reading, whole } from '../arguments/read.js';
import { checkOptions } from '../dsl/check-options.js';
import { linesOptions } from '../dsl/schemas.js';
import { type DenseMatrix, flipped, type Matrix, named } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { type Similarity, similarities } from '../similarity.js';

export interface LinesOptions {
  /** What is compared: 'columns' (default; of a W: factors), or 'rows' (of an H: factors). */
  readonly by?: 'columns' | 'rows' | undefined;
}

/**
 * Cosines of all columns of A with all columns of B: s_rs = ⟨a_r, b_s⟩ / (‖a_r‖·‖b_s‖), in [−1, 1]; 0 where one of the two is
 * all zeros.
 *
 * @param A m × a, finite numbers of any sign, dense or sparse; with `by: 'rows'` a × m.
 * @param B m × b, with `by: 'rows'` b × m; A itself to compare its columns with one another.
 * @returns a × b, dense; with the names of the columns, where these have any.
 * @throws GraphError 'invalid-data' for data that are no matrix, of another length, or with missing entries; 'non-finite',
 * 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * console.log(toRows(cosine([[1, 0], [0, 2]], [[3, 1], [0, 1]]))); // [[1, 0.707…], [0, 0.707…]]
 */
export function cosine(A: MatrixInput, B: MatrixInput, options: LinesOptions = {}): DenseMatrix {
  return compared('cosine', A, B, options);
}

/**
 * Correlations (Pearson) of all columns of A with all columns of B: the cosine of what each is off its mean, in [−1, 1]; 0 where
 * one of the two is constant.
 *
 * @param A m × a, finite numbers of any sign, dense or sparse; with `by: 'rows'` a × m.
 * @param B m × b, with `by: 'rows'` b × m; A itself to compare its columns with one another.
 * @returns a × b, dense; with the names of the columns, where these have any.
 * @throws GraphError 'invalid-data' for data that are no matrix, of another length, or with missing entries; 'non-finite',
 * 'value-range', 'unknown-option', 'invalid-option'.
 * @example
 * console.log(toRows(correlation([[1, 2, 3]], [[5, 4, 3], [1, 2, 4]], { by: 'rows' }))); // [[-1, 0.981…]]
 */
export function correlation(A: MatrixInput, B: MatrixInput, options: LinesOptions = {}): DenseMatrix {
  return compared('correlation', A, B, options);
}

function compared(by: Similarity, A: MatrixInput, B: MatrixInput, options: LinesOptions): DenseMatrix {
  checkOptions(linesOptions, options, by);
  const lines = options.by ?? 'columns';
  const args = reading(by);
  const [a, b] = [readColumns(args, 'A', A, lines), readColumns(args, 'B', B, lines)];
  if (a !== undefined && b !== undefined && a.matrix.rows !== b.matrix.rows)
    args.refuse('B', `of ${a.matrix.rows} ${lines === 'columns' ? 'rows' : 'columns'}, as A is`, String(b.matrix.rows));
  const [left, right] = [args.done(a), args.done(b)];
  return named(similarities(left.matrix, right.matrix, by), {
    ...(left.names === undefined ? {} : { rowNames: left.names }),
    ...(right.names === undefined ? {} : { colNames: right.names }),
  });
}

interface Columns {
  readonly matrix: Matrix;
  readonly names: readonly string[] | undefined;
}

/** A matrix whose columns are the lines that are asked for. */
export function readColumns(
  args: Reading,
  of: string,
  input: MatrixInput,
  lines: 'columns' | 'rows',
): Columns | undefined {
  const found = args.read(of, input);
  if (found === undefined) return undefined;
  whole(args, of, found);
  const { rowNames, colNames } = namesOf(args, of, input, found.matrix);
  return lines === 'columns'
    ? { matrix: found.matrix, names: colNames }
    : { matrix: flipped(found.matrix), names: rowNames };
}
