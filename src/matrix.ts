import { displays } from './display.js';
import { GraphError } from './errors.js';
import { matrixLook } from './matrix-look.js';
import { plural } from './plural.js';

/** Features are rows and samples are columns, everywhere; in data, an entry that is NaN is missing. */

/** Numbers of 64 or 32 bits. */
export type Floats = Float64Array | Float32Array;

/** `rows × cols`, every entry kept: column after column, or row after row. */
export interface DenseData {
  readonly kind: 'dense';
  readonly rows: number;
  readonly cols: number;
  /** 'columns' (default): entry (i, j) is `data[i + j * rows]`; 'rows': `data[i * cols + j]`. */
  readonly order?: 'columns' | 'rows' | undefined;
  readonly data: Floats;
}

/** `rows × cols`, column-major: entry (i, j) is `data[i + j * rows]`. */
export interface DenseMatrix extends DenseData {
  readonly order?: 'columns' | undefined;
  /** Column by column: `row`, `column`, `entry` and `toRows` read it for you. */
  readonly data: Float64Array;
  /** What the rows are called, where that is known: features in a `W`. */
  readonly rowNames?: readonly string[] | undefined;
  /** What the columns are called, where that is known: samples in an `H`. */
  readonly colNames?: readonly string[] | undefined;
}

/** Compressed sparse columns: column j owns positions `indptr[j]` to `indptr[j + 1]` of `indices` (ascending) and `values`. */
export interface CscMatrix {
  readonly kind: 'csc';
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Floats;
  /** What entries are that aren't listed: 'zero' (default), or 'missing', as in a table of ratings. */
  readonly unlisted?: 'zero' | 'missing' | undefined;
}

export type Matrix = DenseData | CscMatrix;

/** Matrices over the same samples, stacked top to bottom without being copied into one. */
export type RowBlocks = readonly Matrix[];

/** How matrices of ours look where they are printed, and in a notebook. */
const displayed = displays((matrix: Matrix) => {
  const { rows, cols } = matrix;
  const { rowNames, colNames } = matrix as Partial<DenseMatrix>; // a sparse one has none
  const title =
    matrix.kind === 'dense' ? 'Matrix' : `Sparse matrix with ${plural(matrix.values.length, 'entry', 'entries')},`;
  // An array that was transferred to a worker has no entries any more.
  const at = (i: number, j: number) => entry(matrix, i, j) ?? Number.NaN;
  return matrixLook({ title, rows, cols, rowNames, colNames, at });
});

/** A matrix that won't change, with its look. */
const made = <M extends Matrix>(matrix: M): M => Object.freeze(displayed(matrix));

/** Makes a dense matrix around `data` (column-major; zeros when left out). */
export function dense(rows: number, cols: number, data: Float64Array = new Float64Array(rows * cols)): DenseMatrix {
  return made({ kind: 'dense', rows, cols, data });
}

/** The numbers that are kept in memory: all of a dense matrix, the listed ones of a sparse one. */
export function storedValues(matrix: Matrix): Floats {
  return matrix.kind === 'dense' ? matrix.data : matrix.values;
}

/** Bytes of the arrays: those of the numbers, and 4 for each row index and column bound of a sparse matrix. */
export function storedBytes(matrix: Matrix): number {
  const { byteLength } = storedValues(matrix);
  return matrix.kind === 'dense' ? byteLength : byteLength + 4 * (matrix.indices.length + matrix.indptr.length);
}

/** How far apart in `data` neighbours within a column, and within a row, are. */
export function stridesOf({ rows, cols, order }: DenseData): readonly [down: number, across: number] {
  return order === 'rows' ? [cols, 1] : [1, rows];
}

export function totalRows(blocks: RowBlocks): number {
  return blocks.reduce((sum, block) => sum + block.rows, 0);
}

/** Entry (i, j), NaN where it is missing; in a sparse matrix the column is searched. */
export function entry(matrix: Matrix, row: number, col: number): number {
  if (matrix.kind === 'dense') {
    const [down, across] = stridesOf(matrix);
    return matrix.data[row * down + col * across];
  }
  for (let p = matrix.indptr[col]; p < matrix.indptr[col + 1]; p++) {
    if (matrix.indices[p] === row) return matrix.values[p];
  }
  return matrix.unlisted === 'missing' ? Number.NaN : 0;
}

/**
 * Row i of a dense matrix, as a copy: of H, where factor i is found.
 *
 * @throws GraphError 'invalid-option' for a row that isn't there.
 */
export function row(matrix: DenseMatrix, i: number): Float64Array {
  checkPlace('row', 'i', i, matrix.rows);
  return Float64Array.from({ length: matrix.cols }, (_, j) => matrix.data[i + j * matrix.rows]);
}

/**
 * Column j of a dense matrix, as a view: of W, what factor j is made of.
 *
 * @throws GraphError 'invalid-option' for a column that isn't there.
 */
export function column(matrix: DenseMatrix, j: number): Float64Array {
  checkPlace('column', 'j', j, matrix.cols);
  return matrix.data.subarray(j * matrix.rows, (j + 1) * matrix.rows);
}

/** Past the end of a row or column the data go on: with numbers of another one. */
function checkPlace(of: string, option: string, place: number, count: number): void {
  if (Number.isInteger(place) && place >= 0 && place < count) return;
  const rule = count === 0 ? `left alone, as the matrix has no ${of}s` : `a whole number from 0 to ${count - 1}`;
  throw new GraphError([{ code: 'invalid-option', of, option, rule, got: place, at: of }]);
}

/** A dense matrix as an array of rows. */
export function toRows(matrix: DenseMatrix): number[][] {
  return Array.from({ length: matrix.rows }, (_, i) => Array.from(row(matrix, i)));
}

export function transpose(matrix: DenseMatrix): DenseMatrix {
  const { rows, cols, data } = matrix;
  const out = new Float64Array(rows * cols);
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) out[j + i * cols] = data[i + j * rows];
  }
  return dense(cols, rows, out);
}

/** The transpose of dense data of any form, which is the same numbers read in the other order: no copy. */
export function turned({ rows, cols, order, data }: DenseData): DenseData {
  return Object.freeze({ kind: 'dense', rows: cols, cols: rows, order: order === 'rows' ? 'columns' : 'rows', data });
}

/** The transpose of any matrix: dense data is not copied. */
export const flipped = (matrix: Matrix): Matrix => (matrix.kind === 'dense' ? turned(matrix) : transposeCsc(matrix));

/** A matrix with names on it; itself where there are none. */
export function named(matrix: DenseMatrix, names: Pick<DenseMatrix, 'rowNames' | 'colNames'>): DenseMatrix {
  return Object.keys(names).length === 0 ? matrix : made({ ...matrix, ...names });
}

/** Rows `from` to `to` (not included) as a matrix of its own. */
export function rowRange(matrix: DenseMatrix, from: number, to: number): DenseMatrix {
  const out = new Float64Array((to - from) * matrix.cols);
  for (let j = 0; j < matrix.cols; j++) {
    out.set(matrix.data.subarray(from + j * matrix.rows, to + j * matrix.rows), j * (to - from));
  }
  return dense(to - from, matrix.cols, out);
}

/** Columns up to `to` (not included); shares memory. */
export const firstColumns = ({ rows, data }: DenseMatrix, to: number): DenseMatrix =>
  dense(rows, to, data.subarray(0, rows * to));

/** Rows of several ranges, one range after the other. */
export function gatherRows(matrix: DenseMatrix, ranges: readonly (readonly [from: number, to: number])[]): DenseMatrix {
  const parts = ranges.map(([from, to]) => rowRange(matrix, from, to));
  return parts.length === 1 ? parts[0] : stackDense(parts);
}

/** Row blocks as one dense matrix. */
export function stackDense(blocks: RowBlocks): DenseMatrix {
  const out = dense(totalRows(blocks), blocks[0].cols);
  let top = 0;
  for (const block of blocks.map(toDense)) {
    for (let j = 0; j < out.cols; j++) {
      out.data.set(block.data.subarray(j * block.rows, (j + 1) * block.rows), top + j * out.rows);
    }
    top += block.rows;
  }
  return out;
}

/** A + factor·B. */
export function addScaled(A: DenseMatrix, B: DenseMatrix, factor = 1): DenseMatrix {
  const data = new Float64Array(A.data.length);
  for (let p = 0; p < data.length; p++) data[p] = A.data[p] + factor * B.data[p];
  return dense(A.rows, A.cols, data);
}

/** diag(d)·A. */
export function scaleRows(A: DenseMatrix, d: Float64Array): DenseMatrix {
  const { rows, cols } = A;
  const data = new Float64Array(rows * cols);
  for (let first = 0; first < data.length; first += rows) {
    for (let i = 0; i < rows; i++) data[first + i] = A.data[first + i] * d[i];
  }
  return dense(rows, cols, data);
}

/** A·diag(d) */
export function scaleColumns(A: DenseMatrix, d: Float64Array): DenseMatrix {
  const data = A.data.map((x, p) => x * d[Math.floor(p / A.rows)]);
  return dense(A.rows, A.cols, data);
}

/** The same matrix with every entry written out, in 64 bits, column by column; itself where it is that already. */
export function toDense(matrix: Matrix): DenseMatrix {
  const { rows, cols } = matrix;
  if (matrix.kind === 'dense' && matrix.order !== 'rows') {
    return dense(rows, cols, matrix.data instanceof Float64Array ? matrix.data : Float64Array.from(matrix.data));
  }
  const out = dense(rows, cols);
  if (matrix.kind === 'csc' && matrix.unlisted === 'missing') out.data.fill(Number.NaN);
  for (let j = 0; j < cols; j++) {
    if (matrix.kind === 'dense') {
      for (let i = 0; i < rows; i++) out.data[i + j * rows] = matrix.data[i * cols + j];
    } else {
      for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++)
        out.data[matrix.indices[p] + j * rows] = matrix.values[p];
    }
  }
  return out;
}

/** The same sparse matrix with other numbers. */
export const withValues = (matrix: CscMatrix, values: Floats): CscMatrix => made({ ...matrix, values });

/** The same matrix with its zeros left out, in numbers of the same width. */
export function toCsc(matrix: Matrix): CscMatrix {
  if (matrix.kind === 'csc') return matrix;
  const { rows, cols, data } = matrix;
  const [down, across] = stridesOf(matrix);
  const indptr = new Uint32Array(cols + 1);
  for (let j = 0; j < cols; j++) {
    let count = indptr[j];
    for (let i = 0; i < rows; i++) if (data[i * down + j * across] !== 0) count++;
    indptr[j + 1] = count;
  }
  const indices = new Uint32Array(indptr[cols]);
  const values = floatsLike(data, indptr[cols]);
  for (let j = 0, p = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      const x = data[i * down + j * across];
      if (x === 0) continue;
      indices[p] = i;
      values[p++] = x;
    }
  }
  return made({ kind: 'csc', rows, cols, indptr, indices, values });
}

/** The transpose of a sparse matrix, row indices ascending again. */
export function transposeCsc(matrix: CscMatrix): CscMatrix {
  const { rows, cols } = matrix;
  const indptr = new Uint32Array(rows + 1);
  for (const i of matrix.indices) indptr[i + 1]++;
  for (let i = 0; i < rows; i++) indptr[i + 1] += indptr[i];
  const next = indptr.slice(0, rows);
  const indices = new Uint32Array(matrix.indices.length);
  const values = floatsLike(matrix.values, matrix.values.length);
  for (let j = 0; j < cols; j++) {
    for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++) {
      const q = next[matrix.indices[p]]++;
      indices[q] = j;
      values[q] = matrix.values[p];
    }
  }
  return made({ ...matrix, rows: cols, cols: rows, indptr, indices, values });
}

/** So many zeros, in numbers of the same width. */
export function floatsLike(values: Floats, length: number): Floats {
  return values instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}
