import { column, type DenseMatrix, dense } from '../../matrix.js';
import { exponent } from './scale.js';

/** What is left of a column after projection counts as nothing below this fraction of it. */
const DEPENDENT = 1e-12;

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** Takes from x its part along each of the first `count` columns of Q; adds what it took to `taken`. */
function project(Q: DenseMatrix, count: number, x: Float64Array, taken: Float64Array): void {
  for (let j = 0; j < count; j++) {
    const q = column(Q, j);
    const c = inner(q, x);
    taken[j] += c;
    for (let i = 0; i < x.length; i++) x[i] -= c * q[i];
  }
}

/** Multiplies x by the power of two that brings its largest entry to 1 … 2, so that squares stay numbers. */
function bringToOne(x: Float64Array): void {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // In two steps, since the power itself may be out of range.
  const half = Math.trunc(exponent(largest) / 2);
  const rest = exponent(largest) - half;
  for (let i = 0; i < x.length; i++) x[i] = x[i] * 2 ** -half * 2 ** -rest;
}

/**
 * Q with what is new in the columns of `block` added to its orthonormal columns, up to `most` of them; what lies in it
 * already is left out. Gram–Schmidt, done twice ("twice is enough", Giraud et al. 2005).
 */
export function extend(Q: DenseMatrix, block: DenseMatrix, most: number): DenseMatrix {
  const rows = block.rows;
  const wider = dense(rows, Q.cols + block.cols);
  wider.data.set(Q.data);
  let count = Q.cols;
  for (let j = 0; j < block.cols && count < most; j++) {
    const x = column(wider, count);
    x.set(column(block, j));
    bringToOne(x);
    if (normalizeAgainst(wider, count, x, new Float64Array(count)) > 0) count++;
  }
  return dense(rows, count, wider.data.slice(0, count * rows));
}

/** Makes x a unit vector at right angles to the first `count` columns of Q; returns its length before, 0 (and x = 0) if it lay in them. */
function normalizeAgainst(Q: DenseMatrix, count: number, x: Float64Array, taken: Float64Array): number {
  const before = Math.sqrt(inner(x, x));
  project(Q, count, x, taken);
  project(Q, count, x, taken);
  const after = Math.sqrt(inner(x, x));
  if (after <= DEPENDENT * before) {
    x.fill(0);
    return 0;
  }
  for (let i = 0; i < x.length; i++) x[i] /= after;
  return after;
}

/** Y = Q·R: Q has orthonormal columns, or zero where a column of Y depends on those before it; R is upper triangular. */
export function qr(Y: DenseMatrix): { readonly Q: DenseMatrix; readonly R: DenseMatrix } {
  const { rows, cols } = Y;
  const Q = dense(rows, cols, Y.data.slice());
  const R = dense(cols, cols);
  for (let j = 0; j < cols; j++) {
    const x = column(Q, j);
    const taken = column(R, j);
    taken[j] = normalizeAgainst(Q, j, x, taken);
  }
  return { Q, R };
}

/** Fills the zero columns of Q with unit vectors at right angles to all others, as far as there is room. */
export function complete(Q: DenseMatrix): void {
  const { rows, cols } = Q;
  let next = 0;
  for (let j = 0; j < cols; j++) {
    if (inner(column(Q, j), column(Q, j)) > 0) continue;
    for (; next < rows; next++) {
      const x = new Float64Array(rows);
      x[next] = 1;
      project(Q, cols, x, new Float64Array(cols));
      project(Q, cols, x, new Float64Array(cols));
      const left = Math.sqrt(inner(x, x));
      if (left <= 1e-3) continue;
      column(Q, j).set(x.map((value) => value / left));
      break;
    }
  }
}

/**
 * A = U·diag(σ)·Vᵀ of a small square matrix by one-sided Jacobi rotations (Hestenes 1958): σ falling, V orthonormal,
 * columns of U orthonormal or zero where σ is.
 */
export function jacobiSvd(A: DenseMatrix): {
  readonly U: DenseMatrix;
  readonly sigma: Float64Array;
  readonly V: DenseMatrix;
} {
  const n = A.cols;
  const U = dense(A.rows, n, A.data.slice());
  const V = dense(n, n);
  for (let i = 0; i < n; i++) V.data[i * n + i] = 1;
  const tolerance = 2e-16 * Math.max(n, 8);
  for (let round = 0; round < 60; round++) {
    let rotated = false;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const a = inner(column(U, p), column(U, p));
        const b = inner(column(U, q), column(U, q));
        const c = inner(column(U, p), column(U, q));
        if (Math.abs(c) <= tolerance * Math.sqrt(a) * Math.sqrt(b)) continue;
        rotated = true;
        const zeta = (b - a) / (2 * c);
        const t = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cos = 1 / Math.hypot(1, t);
        rotate(U, p, q, cos, cos * t);
        rotate(V, p, q, cos, cos * t);
      }
    }
    if (!rotated) break;
  }
  const length = Float64Array.from({ length: n }, (_, j) => Math.sqrt(inner(column(U, j), column(U, j))));
  const order = Array.from(length.keys()).sort((i, j) => length[j] - length[i] || i - j);
  const sortedU = dense(A.rows, n);
  const sortedV = dense(n, n);
  const sigma = new Float64Array(n);
  order.forEach((from, to) => {
    sigma[to] = length[from] > 1e-15 * length[order[0]] ? length[from] : 0;
    const u = column(U, from);
    if (sigma[to] > 0) column(sortedU, to).set(u.map((x) => x / sigma[to]));
    column(sortedV, to).set(column(V, from));
  });
  return { U: sortedU, sigma, V: sortedV };
}

/** A = V·diag(values)·Vᵀ of a small symmetric matrix without negative eigenvalues, falling. */
export function eigenSymmetric(A: DenseMatrix): { readonly values: Float64Array; readonly vectors: DenseMatrix } {
  const { sigma, V } = jacobiSvd(A);
  return { values: sigma, vectors: V };
}

function rotate(M: DenseMatrix, p: number, q: number, cos: number, sin: number): void {
  const x = column(M, p);
  const y = column(M, q);
  for (let i = 0; i < x.length; i++) {
    const xi = x[i];
    x[i] = cos * xi - sin * y[i];
    y[i] = sin * xi + cos * y[i];
  }
}

/** A·B for small B. */
export function multiply(A: DenseMatrix, B: DenseMatrix): DenseMatrix {
  const out = dense(A.rows, B.cols);
  for (let j = 0; j < B.cols; j++) {
    const target = column(out, j);
    for (let s = 0; s < A.cols; s++) {
      const b = B.data[s + j * B.rows];
      if (b === 0) continue;
      const a = column(A, s);
      for (let i = 0; i < target.length; i++) target[i] += a[i] * b;
    }
  }
  return out;
}
