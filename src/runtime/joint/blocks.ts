import { createPause } from '../../kernels/reference/pause.js';
import { type Bounds, largestDiagonal, quadratic } from '../../kernels/reference/quadratic.js';
import { hals } from '../../kernels/reference/solvers/hals.js';
import { type DenseMatrix, dense, transpose } from '../../matrix.js';

/** Sweeps over each row or column that is improved. */
const SWEEPS = 50;

/** A term ½·⟨D, left·D·right⟩ of a quadratic in D; `left` null is the unit matrix times `by`. */
export interface Curvature {
  readonly left: DenseMatrix | null;
  readonly right: DenseMatrix;
  readonly by: number;
}

/**
 * Lowers ½·Σ ⟨D, left·D·right⟩ − ⟨slope, D⟩ over the change D of rows of A, row by row, A staying within its bounds: each
 * row by coordinate steps, so that it never rises. `slope` is in the shape of those rows.
 */
export async function improveRows(
  A: DenseMatrix,
  slope: DenseMatrix,
  terms: readonly Curvature[],
  bounds: Bounds,
): Promise<DenseMatrix> {
  const pause = createPause();
  const { rows, cols: k } = A;
  const out = transpose(A);
  const before = out.data.slice();
  const free = { ridge: new Float64Array(k), linear: new Float64Array(k), coupling: null };
  const uniform = terms.every(({ left }) => left === null);
  const gramOf = (i: number) => {
    const gram = new Float64Array(k * k);
    for (const { left, right, by } of terms) {
      const weight = by * (left === null ? 1 : left.data[i * (left.rows + 1)]);
      right.data.forEach((x, p) => { gram[p] += weight * x; }); // biome-ignore format: one thought
    }
    return gram;
  };
  // A row that next to nothing is made of, such as one that others cancel, is dead beside the others.
  let most = 0;
  for (let i = 0; i < (uniform ? 1 : rows); i++) most = Math.max(most, largestDiagonal(gramOf(i), k));
  const shared = uniform ? quadratic(gramOf(0), free, bounds, most) : null;
  for (let i = 0; i < rows; i++) {
    const q = shared ?? quadratic(gramOf(i), free, bounds, most);
    const x = out.data.subarray(i * k, (i + 1) * k);
    // In terms of the row itself: b = slope + gram·row before, less what the rows that have moved already do.
    const b = Float64Array.from({ length: k }, (_, r) => slope.data[i + r * rows]);
    for (let r = 0; r < k; r++) for (let s = 0; s < k; s++) b[r] += q.gram[r * k + s] * before[i * k + s];
    for (const { left, right, by } of terms) {
      if (left === null) continue;
      for (let other = 0; other < rows; other++) {
        const weight = by * left.data[i + other * rows];
        if (other === i || weight === 0) continue;
        for (let s = 0; s < k; s++) {
          const moved = out.data[other * k + s] - before[other * k + s];
          if (moved !== 0) for (let r = 0; r < k; r++) b[r] -= weight * moved * right.data[r * k + s];
        }
      }
    }
    hals(q, SWEEPS)(x, b, i);
    if (pause.due()) await pause.turn();
  }
  return transpose(dense(k, rows, out.data));
}

/** The same for columns of E, the quadratic of each being ½·dᵀG·d − slope·d. */
export async function improveColumns(
  E: DenseMatrix,
  slope: DenseMatrix,
  G: DenseMatrix,
  bounds: Bounds,
): Promise<DenseMatrix> {
  const rows = await improveRows(transpose(E), transpose(slope), [{ left: null, right: G, by: 1 }], bounds);
  return transpose(rows);
}

/** Aᵀ·B */
export function inner(A: DenseMatrix, B: DenseMatrix): DenseMatrix {
  const out = dense(A.cols, B.cols);
  for (let s = 0; s < B.cols; s++) {
    for (let r = 0; r < A.cols; r++) {
      let sum = 0;
      for (let i = 0; i < A.rows; i++) sum += A.data[i + r * A.rows] * B.data[i + s * B.rows];
      out.data[r + s * A.cols] = sum;
    }
  }
  return out;
}

/** A·Bᵀ of matrices with as many columns. */
export const outer = (A: DenseMatrix, B: DenseMatrix): DenseMatrix => inner(transpose(A), transpose(B));

/** A with some of its rows replaced. */
export function withRows(A: DenseMatrix, from: number, rows: DenseMatrix): DenseMatrix {
  const out = dense(A.rows, A.cols, A.data.slice());
  for (let j = 0; j < A.cols; j++)
    for (let i = 0; i < rows.rows; i++) out.data[from + i + j * A.rows] = rows.data[i + j * rows.rows];
  return out;
}
