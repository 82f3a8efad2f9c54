import { KernelError } from '../../errors.js';
import { type DenseMatrix, dense, totalRows, transpose } from '../../matrix.js';
import type { CallOptions, Stopped, SvdArgs, SvdResult } from '../kernels.js';
import { type Blocks, blocksOf } from './blocks.js';
import { centeredOperator, type FeatureMoments, featureMoments, type Operator } from './centered.js';
import { checkSvd } from './check.js';
import { complete, extend, jacobiSvd, multiply, qr } from './orthogonal.js';
import { createPause, type Pause } from './pause.js';
import { residualByRow } from './products.js';
import { dominatingMeans, shifted } from './shift.js';

/** Blocks AᵀA·Q, (AᵀA)²·Q, … added to the search space before it is reduced to its best directions. */
const KRYLOV_DEPTH = 3;
/** Below this fraction of ‖A‖² the residual is summed entry by entry: ‖A‖² − Σσ² would lose too many digits. */
const EXPLICIT_BELOW = 1e-6;

/** Restarts without a smaller residual after which rounding is in the way and the search ends. */
const PATIENCE = 5;

/** The best approximations that a search space holds: A·V = U·diag(σ), V and U orthonormal, σ falling. */
interface Ritz {
  readonly U: DenseMatrix;
  readonly sigma: Float64Array;
  readonly V: DenseMatrix;
}

interface Search extends SvdArgs {
  readonly X: Blocks;
}

interface Measure {
  /** ‖X − reconstruction‖², in units of the data. */
  readonly squares: number;
  /** Half the same of the centred and scaled matrix. */
  readonly objective: number;
}

/**
 * Truncated SVD of X, centred and scaled where asked. Means that dwarf the spread are taken out of dense data first,
 * which costs a copy and saves the digits that differ.
 */
export async function svd(args: SvdArgs, options: CallOptions = {}): Promise<SvdResult> {
  checkSvd(args);
  const X = blocksOf(args.X);
  const shift = args.center ? dominatingMeans(X) : null;
  if (shift === null) return search({ ...args, X }, options);
  const fit = await search({ ...args, X: shifted(X, shift) }, options);
  return { ...fit, center: shift.map((x, i) => x + (fit.center?.[i] ?? 0)) };
}

/**
 * Restarted block Krylov iteration (Musco & Musco 2015, algorithm 2, restarted): the search space is orthonormalised
 * twice over, so U and V are orthonormal to rounding; it stops on the true residual ‖Aᵀu − σv‖, or when there is nothing
 * left to search. The largest entry of each left vector is positive.
 */
async function search(args: Search, options: CallOptions): Promise<SvdResult> {
  const { X, k } = args;
  const pause = createPause();
  const [m, n] = [totalRows(X), X[0].cols];
  const moments = featureMoments(X, args.center, args.scale);
  const A = centeredOperator(X, moments);

  let V = extend(dense(n, 0), await A.transposed(args.start, pause), Math.min(m, n));
  let best: Ritz = { U: dense(m, k), sigma: new Float64Array(k), V: dense(n, k) };
  let last = await measure(args, best, moments, pause);
  const history: Measure[] = [];
  let kkt = V.cols > 0 ? 1 : 0;
  let stopped: Stopped = 'max-iter';
  let least = Number.POSITIVE_INFINITY;
  let sinceBest = 0;

  while (history.length < args.maxIter) {
    await pause.turn();
    if (options.signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    const space = await grow(A, V, pause);
    const found = ritz(space.V, space.AV);
    best = leading(found, k);
    kkt = await largestResidual(A, best, pause);
    sinceBest = kkt < least ? 0 : sinceBest + 1;
    least = Math.min(least, kkt);
    last = await measure(args, best, moments, pause);
    const before = history.at(-1)?.objective ?? Number.POSITIVE_INFINITY;
    const entry = { squares: last.squares, objective: Math.min(before, last.objective) };
    history.push(entry);
    options.onIteration?.({
      iteration: history.length,
      loss: entry.squares / (m * n),
      objective: entry.objective,
    });
    if (kkt <= args.tol) {
      stopped = 'converged';
      break;
    }
    if (space.invariant || sinceBest === PATIENCE) break;
    V = leading(found, Math.min(args.start.cols, found.sigma.length)).V;
  }

  complete(best.U);
  complete(best.V);
  fixSigns(best);
  return {
    W: best.U,
    d: best.sigma,
    H: transpose(best.V),
    loss: last.squares / (m * n),
    nullLoss: null,
    factorLoss: null,
    objective: last.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, (entry) => entry.squares / (m * n)),
      objective: Float64Array.from(history, (entry) => entry.objective),
    },
    kkt,
    heldOut: null,
    center: moments.center,
    scale: moments.scale,
  };
}

/** Adds Krylov blocks to V; `invariant` when nothing new was found, so that V holds every direction of A. */
async function grow(A: Operator, start: DenseMatrix, pause: Pause) {
  const most = Math.min(A.rows, start.rows);
  let V = start;
  let AV: DenseMatrix = await A.times(V, pause);
  let block: DenseMatrix = AV;
  for (let depth = 0; depth < KRYLOV_DEPTH; depth++) {
    const wider = extend(V, await A.transposed(block, pause), most);
    if (wider.cols === V.cols) return { V, AV, invariant: true };
    block = await A.times(dense(V.rows, wider.cols - V.cols, wider.data.slice(V.data.length)), pause);
    AV = dense(AV.rows, wider.cols, concat(AV.data, block.data));
    V = wider;
  }
  return { V, AV, invariant: V.cols >= most };
}

function concat(a: Float64Array, b: Float64Array): Float64Array {
  const out = new Float64Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** Rayleigh–Ritz: the SVD of A restricted to the space that V spans. */
function ritz(V: DenseMatrix, AV: DenseMatrix): Ritz {
  const { Q, R } = qr(AV);
  const small = jacobiSvd(R);
  return { U: multiply(Q, small.U), sigma: small.sigma, V: multiply(V, small.V) };
}

/** The first `count` directions, zero vectors where there are fewer. */
function leading(found: Ritz, count: number): Ritz {
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
async function largestResidual(A: Operator, { U, sigma, V }: Ritz, pause: Pause): Promise<number> {
  if (sigma[0] === 0) return 0;
  const Z = await A.transposed(U, pause);
  let largest = 0;
  for (let r = 0; r < sigma.length; r++) {
    let sum = 0;
    for (let j = 0; j < V.rows; j++) sum += (Z.data[j + r * V.rows] - sigma[r] * V.data[j + r * V.rows]) ** 2;
    largest = Math.max(largest, Math.sqrt(sum));
  }
  return largest / sigma[0];
}

/** Row by row: ‖a_i‖² − Σ_r (u_ir·σ_r)² while that is exact enough, else the residual itself. */
async function measure(args: Search, { U, sigma, V }: Ritz, moments: FeatureMoments, pause: Pause): Promise<Measure> {
  const { squares: rowSquares, center, scale } = moments;
  const m = rowSquares.length;
  const deviation = (i: number) => (scale === null ? 1 : scale[i]);
  const explained = new Float64Array(m);
  for (let r = 0; r < sigma.length; r++) {
    for (let i = 0; i < m; i++) explained[i] += (U.data[i + r * m] * sigma[r]) ** 2;
  }
  let left: Float64Array = rowSquares.map((total, i) => (total - explained[i]) * deviation(i) ** 2);
  let objective = sum(left.map((x, i) => x / deviation(i) ** 2));
  if (objective < EXPLICIT_BELOW * sum(rowSquares)) {
    const { W, H } = asProduct({ U, sigma, V }, center, scale);
    left = await residualByRow(args.X, W, H, pause);
    objective = sum(left.map((x, i) => x / deviation(i) ** 2));
  }
  const squares = sum(left);
  if (!Number.isFinite(squares)) throw new KernelError('non-finite', 'the loss left the range of numbers');
  return { squares, objective: objective / 2 };
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

function sum(values: Float64Array): number {
  return values.reduce((total, x) => total + x, 0);
}

/** Turns each pair of vectors so that the left one's largest entry (the first, among equals to rounding) is positive. */
function fixSigns({ U, V }: Ritz): void {
  for (let r = 0; r < U.cols; r++) {
    const u = U.data.subarray(r * U.rows, (r + 1) * U.rows);
    const largest = u.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
    const lead = u.find((x) => Math.abs(x) >= (1 - 1e-9) * largest) ?? 0;
    if (lead >= 0) continue;
    for (let i = 0; i < u.length; i++) u[i] = -u[i];
    for (let j = r * V.rows; j < (r + 1) * V.rows; j++) V.data[j] = -V.data[j];
  }
}
