import { type DenseMatrix, dense, type Matrix, toDense } from './matrix.js';

/** How lines of numbers are compared: the cosine of their angle, or that of what they are off their means (Pearson). */
export type Similarity = 'cosine' | 'correlation';

/** What is left of equal numbers once their mean is taken off, as a share of it, is rounding. */
const ROUNDING = 1e-12;

/**
 * How alike columns are: entry (r, s) is the cosine, or the correlation, of column r of A with column s of B, in [−1, 1]; 0
 * where one of them is all zeros, or for a correlation constant. What isn't listed of a sparse matrix costs nothing.
 *
 * @param A m × a, finite; B: m × b
 * @returns a × b
 */
export function similarities(A: Matrix, B: Matrix, by: Similarity): DenseMatrix {
  const left = unitColumns(A, by);
  const out = dense(A.cols, B.cols);
  unitColumns(B, by).forEach(({ places, values, rest }, s) => {
    const whole = new Float64Array(B.rows).fill(rest);
    values.forEach((x, p) => { whole[places?.[p] ?? p] = x; }); // biome-ignore format: one thought
    left.forEach((column, r) => {
      out.data[r + s * A.cols] = Math.min(1, Math.max(-1, product(column, whole)));
    });
  });
  return out;
}

/** A column of length 1, or of zeros. */
interface Column {
  /** The rows of `values`; undefined: all. */
  readonly places: Uint32Array | undefined;
  readonly values: Float64Array;
  /** What all other rows hold. */
  readonly rest: number;
}

function unitColumns(matrix: Matrix, by: Similarity): readonly Column[] {
  const { rows, cols } = matrix;
  if (matrix.kind === 'csc') {
    const { indptr, indices, values } = matrix;
    return Array.from({ length: cols }, (_, j) =>
      unit(rows, values.slice(indptr[j], indptr[j + 1]), by, indices.subarray(indptr[j], indptr[j + 1])),
    );
  }
  const { data } = toDense(matrix);
  return Array.from({ length: cols }, (_, j) => unit(rows, data.slice(j * rows, (j + 1) * rows), by));
}

function unit(rows: number, own: ArrayLike<number>, by: Similarity, places?: Uint32Array): Column {
  const values = Float64Array.from(own);
  // In units in which squares are numbers.
  const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const others = rows - values.length;
  if (largest === 0) return { places, values, rest: 0 };
  const mean = by === 'cosine' ? 0 : values.reduce((sum, x) => sum + x / largest, 0) / rows;
  for (let p = 0; p < values.length; p++) values[p] = values[p] / largest - mean;
  const squares = values.reduce((sum, x) => sum + x * x, others * mean * mean);
  const length = squares > rows * (ROUNDING * mean) ** 2 ? Math.sqrt(squares) : Infinity;
  return { places, values: values.map((x) => x / length), rest: -mean / length };
}

/** The inner product with a whole column; where `rest` isn't 0 that one sums to 0, so what isn't listed follows from it. */
function product({ places, values, rest }: Column, whole: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < values.length; p++)
    sum += (values[p] - (places === undefined ? 0 : rest)) * whole[places?.[p] ?? p];
  return sum;
}
