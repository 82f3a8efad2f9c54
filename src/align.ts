import {
  type CscMatrix,
  column,
  type DenseData,
  type DenseMatrix,
  dense,
  floatsLike,
  gatherRows,
  type Matrix,
  named,
} from './matrix.js';

/** Where the columns of an aligned matrix are from: column j is column `from[j]`, or missing where that is −1. */
export type Alignment = readonly number[];

/**
 * A matrix with its columns in another order, some left out, some missing; in the same form, and numbers as wide.
 *
 * @throws RangeError where that is more than memory, or the places of a sparse matrix, hold.
 */
export function alignColumns(matrix: Matrix, from: Alignment): Matrix {
  return matrix.kind === 'dense' ? alignDense(matrix, from) : alignSparse(matrix, from);
}

function alignDense(matrix: DenseData, from: Alignment): DenseData {
  const { rows, cols, order, data } = matrix;
  const out = floatsLike(data, rows * from.length);
  from.forEach((source, j) => {
    if (order === 'rows')
      for (let i = 0; i < rows; i++) out[i * from.length + j] = source < 0 ? Number.NaN : data[i * cols + source];
    else if (source < 0) out.fill(Number.NaN, j * rows, (j + 1) * rows);
    else out.set(data.subarray(source * rows, (source + 1) * rows), j * rows);
  });
  if (order !== 'rows' && out instanceof Float64Array) return dense(rows, from.length, out);
  return Object.freeze({ kind: 'dense', rows, cols: from.length, order, data: out });
}

/** A missing column is listed whole, as what is no number, unless what isn't listed is missing anyway. */
function alignSparse(matrix: CscMatrix, from: Alignment): CscMatrix {
  const { rows, indptr, indices, values } = matrix;
  const absent = matrix.unlisted === 'missing' ? 0 : rows;
  const bounds = new Uint32Array(from.length + 1);
  let count = 0;
  from.forEach((source, j) => {
    count += source < 0 ? absent : indptr[source + 1] - indptr[source];
    bounds[j + 1] = count;
  });
  if (bounds.at(-1) !== count) throw new RangeError(`${count} entries, where 2³² − 1 are the most`);
  const places = new Uint32Array(bounds[from.length]);
  const numbers = floatsLike(values, places.length);
  from.forEach((source, j) => {
    if (source >= 0) {
      places.set(indices.subarray(indptr[source], indptr[source + 1]), bounds[j]);
      numbers.set(values.subarray(indptr[source], indptr[source + 1]), bounds[j]);
    } else {
      for (let p = bounds[j]; p < bounds[j + 1]; p++) places[p] = p - bounds[j];
      numbers.fill(Number.NaN, bounds[j], bounds[j + 1]);
    }
  });
  return Object.freeze({ ...matrix, cols: from.length, indptr: bounds, indices: places, values: numbers });
}

/** Columns of a dense matrix, and their names, in another order; some may be left out. */
export function columnsAt(matrix: DenseMatrix, order: readonly number[]): DenseMatrix {
  const out = dense(matrix.rows, order.length);
  order.forEach((source, j) => {
    column(out, j).set(column(matrix, source));
  });
  const { rowNames, colNames } = matrix;
  return named(out, {
    ...(rowNames === undefined ? {} : { rowNames }),
    ...(colNames === undefined ? {} : { colNames: order.map((j) => colNames[j]) }),
  });
}

/** Rows of a dense matrix, and their names, in another order; some may be left out; itself where all are where they were. */
export function rowsAt(matrix: DenseMatrix, order: readonly number[]): DenseMatrix {
  if (order.length === matrix.rows && order.every((row, r) => row === r)) return matrix;
  const { rowNames, colNames } = matrix;
  return named(
    gatherRows(
      matrix,
      order.map((row) => [row, row + 1]),
    ),
    {
      ...(rowNames === undefined ? {} : { rowNames: order.map((row) => rowNames[row]) }),
      ...(colNames === undefined ? {} : { colNames }),
    },
  );
}
