import { complete, extend, jacobiSvd, multiply, qr } from '../../kernels/reference/orthogonal.js';
import { fixSigns } from '../../kernels/reference/svd/ritz.js';
import { type DenseMatrix, dense, transpose } from '../../matrix.js';
import { inner } from './blocks.js';

/** Singular values below this fraction of the largest are rounding. */
const RANK_TOLERANCE = 1e-12;

/** W·diag(d)·H = A·E with W and H orthonormal and d falling, and the embedding in new units: `turn`·E = diag(d)·H. */
export interface Axes {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
  /** k × k; W·turn = A, so that any other embedding may be turned as well. */
  readonly turn: DenseMatrix;
}

/** The SVD of A·E, of which only k × k matrices are decomposed: of A = Q₁·R₁ and Eᵀ = Q₂·R₂ that of R₁·R₂ᵀ. */
export function axesOf(A: DenseMatrix, E: DenseMatrix): Axes {
  const k = A.cols;
  const [left, right] = [qr(A), qr(transpose(E))];
  const { U, sigma, V } = jacobiSvd(multiply(left.R, transpose(right.R)));
  const rank = sigma.filter((x) => x > RANK_TOLERANCE * sigma[0]).length;
  const d = new Float64Array(k);
  d.set(sigma.subarray(0, rank));
  // What an embedding that has fewer dimensions says nothing of is still part of W.
  const W = padded(extend(padded(multiply(left.Q, U), rank), A, k), k);
  const H = padded(padded(multiply(right.Q, V), rank), k);
  complete(W);
  complete(H);
  fixSigns({ U: W, sigma: d, V: H });
  return { W, d, H: transpose(H), turn: inner(W, A) };
}

/** The first `cols` columns, zero where there are fewer. */
function padded({ rows, cols: given, data }: DenseMatrix, cols: number): DenseMatrix {
  const out = dense(rows, cols);
  out.data.set(data.subarray(0, rows * Math.min(cols, given)));
  return out;
}
