import { type CscMatrix, type DenseMatrix, dense, type Matrix, stridesOf, withValues } from './matrix.js';

/** Tells every entry that is kept in memory: all of a dense matrix, the listed ones of a sparse one. */
export function eachStored(matrix: Matrix, told: (x: number, i: number, j: number) => void): void {
  if (matrix.kind === 'dense') {
    const [down, across] = stridesOf(matrix);
    for (let j = 0; j < matrix.cols; j++)
      for (let i = 0; i < matrix.rows; i++) told(matrix.data[i * down + j * across], i, j);
    return;
  }
  for (let j = 0; j < matrix.cols; j++)
    for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++) told(matrix.values[p], matrix.indices[p], j);
}

/** The same matrix with other numbers where it keeps some, in 64 bits; dense data column by column. */
export function mapStored(
  matrix: Matrix,
  change: (x: number, i: number, j: number) => number,
): DenseMatrix | CscMatrix {
  const out = new Float64Array(matrix.kind === 'dense' ? matrix.rows * matrix.cols : matrix.values.length);
  let p = 0;
  // Entries are told column by column, in the order in which they are kept here.
  eachStored(matrix, (x, i, j) => {
    out[p++] = change(x, i, j);
  });
  return matrix.kind === 'dense' ? dense(matrix.rows, matrix.cols, out) : withValues(matrix, out);
}
