import { KernelError } from '../../../errors.js';
import { dense, transpose } from '../../../matrix.js';
import type { Blocks } from '../blocks.js';
import type { FeatureMoments } from '../centered.js';
import type { Pause } from '../pause.js';
import { residualByRow } from '../products.js';
import type { Ritz } from './ritz.js';

/** Below this fraction of ‖A‖² the residual is summed entry by entry: ‖A‖² − Σσ² would lose too many digits. */
export const EXPLICIT_BELOW = 1e-6;

export interface Measure {
  /** ‖X − reconstruction‖², in units of the data. */
  readonly squares: number;
  /** J. */
  readonly objective: number;
}

/**
 * Of U·diag(σ / (1 + L2))·Vᵀ, row by row: ‖a_i‖² less what each pair takes off while that is exact enough, else the residual
 * itself.
 */
export async function measure(
  X: Blocks,
  { U, sigma, V }: Ritz,
  moments: FeatureMoments,
  L2: number,
  pause: Pause,
): Promise<Measure> {
  const { squares: rowSquares, center, scale } = moments;
  const m = rowSquares.length;
  const deviation = (i: number) => (scale === null ? 1 : scale[i]);
  const d = shrunk(sigma, L2);
  const explained = new Float64Array(m);
  for (let r = 0; r < sigma.length; r++) {
    for (let i = 0; i < m; i++) explained[i] += takenOff(U.data[i + r * m] * sigma[r], L2);
  }
  let left: Float64Array = rowSquares.map((total, i) => (total - explained[i]) * deviation(i) ** 2);
  const unscaled = () => sum(left.map((x, i) => x / deviation(i) ** 2));
  let own = unscaled();
  if (own < EXPLICIT_BELOW * sum(rowSquares)) {
    const { W, H } = asProduct({ U, sigma: d, V }, center, scale);
    left = await residualByRow(X, W, H, pause);
    own = unscaled();
  }
  const squares = sum(left);
  finite(squares);
  return { squares, objective: (own + L2 * sum(d.map((x) => x * x))) / 2 };
}

/** @throws KernelError 'non-finite' */
export function finite(squares: number): void {
  if (!Number.isFinite(squares)) throw new KernelError('non-finite', 'the loss left the range of numbers');
}

/** d = σ / (1 + L2). */
export const shrunk = (sigma: Float64Array, L2: number): Float64Array => sigma.map((x) => x / (1 + L2));

/** How much smaller a square is once its root x is met by x / (1 + L2). */
const takenOff = (x: number, L2: number): number => (1 - (L2 / (1 + L2)) ** 2) * x * x;

/** What the first r pairs leave of `total`, r = 0 … k. */
export function leftBy(total: number, sigma: Float64Array, L2: number): Float64Array {
  const left = new Float64Array(sigma.length + 1).fill(total);
  sigma.forEach((x, r) => {
    left[r + 1] = Math.max(0, left[r] - takenOff(x, L2));
  });
  return left;
}

/** Panels whose product is the reconstruction in units of the data: the means become one more factor. */
function asProduct({ U, sigma, V }: Ritz, center: Float64Array | null, scale: Float64Array | null) {
  const extra = center === null ? 0 : 1;
  const W = dense(U.rows, sigma.length + extra);
  const H = dense(V.rows, sigma.length + extra);
  W.data.set(U.data.map((u, p) => u * sigma[Math.floor(p / U.rows)] * (scale === null ? 1 : scale[p % U.rows])));
  H.data.set(V.data);
  if (center !== null) {
    W.data.set(center, U.data.length);
    H.data.fill(1, V.data.length);
  }
  return { W: transpose(W), H: transpose(H) };
}

export function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}
