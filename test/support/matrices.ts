import fc from 'fast-check';
import {
  type CscMatrix,
  type DenseData,
  type DenseMatrix,
  dense,
  type Matrix,
  toCsc,
  toDense,
  transpose,
  turned,
} from '../../src/matrix.js';
import { fillUniform } from '../../src/runtime/rng.js';

/** Uniform on (0, 1). */
export function uniform(rows: number, cols: number, seed: number): DenseMatrix {
  const out = dense(rows, cols);
  fillUniform(out.data, seed, 77);
  return out;
}

/** About one entry in `every` is not zero. */
export function sparse(rows: number, cols: number, seed: number, every = 3): CscMatrix {
  const keep = uniform(rows, cols, seed + 1);
  const values = uniform(rows, cols, seed).data.map((x, p) => (keep.data[p] < 1 / every ? x : 0));
  return toCsc(dense(rows, cols, values));
}

export function multiply(A: DenseMatrix, B: DenseMatrix): DenseMatrix {
  const out = dense(A.rows, B.cols);
  for (let j = 0; j < B.cols; j++) {
    for (let i = 0; i < A.rows; i++) {
      for (let s = 0; s < A.cols; s++) out.data[i + j * A.rows] += A.data[i + s * A.rows] * B.data[s + j * B.rows];
    }
  }
  return out;
}

/** A product of two non-negative factors of rank k. */
export const lowRank = (rows: number, cols: number, k: number, seed: number): DenseMatrix =>
  multiply(uniform(rows, k, seed), uniform(k, cols, seed + 1));

export function scaled(A: DenseMatrix, by: number): DenseMatrix {
  return dense(
    A.rows,
    A.cols,
    A.data.map((x) => x * by),
  );
}

/** W·diag(d)·H. */
export function product(fit: {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
}): DenseMatrix {
  return multiply(
    dense(
      fit.W.rows,
      fit.W.cols,
      fit.W.data.map((x, p) => x * fit.d[Math.floor(p / fit.W.rows)]),
    ),
    fit.H,
  );
}

export function meanSquare(A: Matrix, B: DenseMatrix): number {
  const { data } = toDense(A);
  return data.reduce((sum, x, p) => sum + (x - B.data[p]) ** 2, 0) / data.length;
}

/** Largest difference, as a fraction of the largest entry. */
export function relativeDifference(a: Float64Array, b: Float64Array): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const size = a.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  const gap = a.reduce((max, x, p) => Math.max(max, Math.abs(x - b[p])), 0);
  return gap === 0 ? 0 : gap / size;
}

/** The same numbers row after row. */
export const rowMajor = (A: DenseMatrix): DenseData => turned(transpose(A));

/** The same matrix in numbers of 32 bits, rounded. */
export function single<M extends Matrix>(A: M): M {
  return A.kind === 'dense' ? { ...A, data: Float32Array.from(A.data) } : { ...A, values: Float32Array.from(A.values) };
}

/** A matrix whose numbers 32 bits can hold, in every form: dense in both orders and sparse, each in both widths. */
export function everyForm(A: DenseMatrix): readonly Matrix[] {
  const exact = dense(A.rows, A.cols, A.data.map(Math.fround));
  const wide: readonly Matrix[] = [exact, rowMajor(exact), toCsc(exact)];
  return [...wide, ...wide.map((form) => single(form))];
}

export const zeros = (values: Float64Array): number => values.reduce((count, x) => count + Number(x === 0), 0);

/** Small matrices of any kind: dense or sparse, down to one row or column, with rows and columns of zeros. */
export const anyMatrix: fc.Arbitrary<Matrix> = fc
  .record({
    rows: fc.integer({ min: 1, max: 14 }),
    cols: fc.integer({ min: 1, max: 14 }),
    sparse: fc.boolean(),
    // In tenths, so that both ends come up: no zeros, and nothing else.
    tenths: fc.integer({ min: 0, max: 10 }),
    seed: fc.nat(1e6),
    power: fc.integer({ min: -40, max: 40 }),
  })
  .map(({ rows, cols, sparse: asCsc, tenths, seed, power }) => {
    const keep = uniform(rows, cols, seed + 1);
    const matrix = dense(
      rows,
      cols,
      uniform(rows, cols, seed).data.map((x, p) => (keep.data[p] < tenths / 10 ? 0 : x * 10 ** power)),
    );
    return asCsc ? toCsc(matrix) : matrix;
  });
