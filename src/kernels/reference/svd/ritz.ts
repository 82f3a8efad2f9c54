import { type DenseMatrix, dense } from '../../../matrix.js';
import type { Operator } from '../centered.js';
import { jacobiSvd, multiply, qr } from '../orthogonal.js';
import type { Pause } from '../pause.js';

/** The best approximations that a search space holds: A·V = U·diag(σ), V and U orthonormal, σ falling. */
export interface Ritz {
  readonly U: DenseMatrix;
  readonly sigma: Float64Array;
  readonly V: DenseMatrix;
}

export const noRitz = (m: number, n: number, k: number): Ritz => ({
  U: dense(m, k),
  sigma: new Float64Array(k),
  V: dense(n, k),
});

/** Rayleigh–Ritz: the SVD of A restricted to the space that V spans. */
export function ritz(V: DenseMatrix, AV: DenseMatrix): Ritz {
  const { Q, R } = qr(AV);
  const small = jacobiSvd(R);
  return { U: multiply(Q, small.U), sigma: small.sigma, V: multiply(V, small.V) };
}

/** The first `count` directions, zero vectors where there are fewer. */
export function leading(found: Ritz, count: number): Ritz {
  const sigma = new Float64Array(count);
  sigma.set(found.sigma.subarray(0, count));
  return { U: columns(found.U, count), sigma, V: columns(found.V, count) };
}

function columns(M: DenseMatrix, count: number): DenseMatrix {
  const out = dense(M.rows, count);
  out.data.set(M.data.subarray(0, Math.min(count, M.cols) * M.rows));
  return out;
}

/** max_r ‖Aᵀu_r − σ_r·v_r‖₂ / σ₁. */
export async function largestResidual(A: Operator, { U, sigma, V }: Ritz, pause: Pause): Promise<number> {
  if (sigma[0] === 0) return 0;
  return furthest(await A.transposed(U, pause), V, sigma) / sigma[0];
}

/** max_r ‖z_r − σ_r·v_r‖₂ */
export function furthest(Z: DenseMatrix, V: DenseMatrix, sigma: Float64Array): number {
  let largest = 0;
  for (let r = 0; r < sigma.length; r++) {
    let sum = 0;
    for (let j = 0; j < V.rows; j++) sum += (Z.data[j + r * V.rows] - sigma[r] * V.data[j + r * V.rows]) ** 2;
    largest = Math.max(largest, Math.sqrt(sum));
  }
  return largest;
}

/** Turns each pair of vectors so that the left one's largest entry (the first, among equals to rounding) is positive. */
export function fixSigns({ U, V }: Ritz): void {
  for (let r = 0; r < U.cols; r++) {
    const u = U.data.subarray(r * U.rows, (r + 1) * U.rows);
    const largest = u.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const lead = u.find((x) => Math.abs(x) >= (1 - 1e-9) * largest) ?? 0;
    if (lead >= 0) continue;
    for (let i = 0; i < u.length; i++) u[i] = -u[i];
    for (let j = r * V.rows; j < (r + 1) * V.rows; j++) V.data[j] = -V.data[j];
  }
}
