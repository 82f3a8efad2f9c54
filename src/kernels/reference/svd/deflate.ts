import { dense } from '../../../matrix.js';
import type { SvdTerms } from '../../../objective.js';
import type { CallOptions, Stopped, SvdResult } from '../../kernels.js';
import type { Blocks } from '../blocks.js';
import { centeredOperator, type FeatureMoments, featureMoments, type Operator } from '../centered.js';
import { createPause, type Pause } from '../pause.js';
import { dot, residualByRow } from '../products.js';
import { cycleOf } from './cycles.js';
import { columnOf, completed, less, type Model, type Prepared, prepared, squaresOf } from './gaps.js';
import { EXPLICIT_BELOW, finite, type Measure, sum } from './measure.js';
import { resultOf, type Search, tell } from './result.js';
import { fixSigns, largestResidual, leading, type Ritz } from './ritz.js';

/** The pair that a step begins from is sought so far, and so long. */
const ROUGH = { tol: 1e-6, cycles: 20 } as const;
/** Directions that are sought beside the first. */
const BESIDE = 8;
/** A pair that takes less than this part of ‖A‖² off is rounding. */
const NOTHING = 1e-26;

/** A pair: d·u·vᵀ, u and v of length 1. */
interface Pair {
  readonly u: Float64Array;
  readonly d: number;
  readonly v: Float64Array;
}

/** What is left for a pair: A less the pairs before, completed with the pair itself where entries are missing. */
type Rest = (pair: Pair) => Promise<Operator>;

/** A matrix that pairs are taken from. */
interface Source {
  readonly rest: (pairs: readonly Pair[]) => Rest;
  /** ‖A − pairs‖² over what is known, in its own units and in those of the data. */
  readonly measure: (pairs: readonly Pair[]) => Promise<{ readonly own: number; readonly squares: number }>;
  readonly entries: number;
  readonly moments: Pick<FeatureMoments, 'center' | 'scale'>;
}

/**
 * Pairs one after the other (Shen & Huang 2008; Witten, Tibshirani & Hastie 2009): v is that for which J of the pair is least,
 * u standing still, and then u, in closed form: a product with what is left of A, its entries brought nearer to zero or held
 * at it, and its length made smaller. What a pair takes is subtracted as a product; the pairs themselves are not touched
 * again, so they keep their bounds to the bit.
 */
export async function deflate(args: Search, options: CallOptions): Promise<SvdResult> {
  const { k, start, L2, maxIter, tol } = args;
  const terms = args.terms ?? { W: FREE, H: FREE };
  const pause = createPause();
  const source = args.missing ? gappy(prepared(args), args, pause) : whole(args, pause);
  const [m, n] = [start.rows, args.blocks[0].cols];
  const bounds = { terms, L2, roots: { W: Math.sqrt(n), H: Math.sqrt(m) } };
  const pairs: Pair[] = [];
  const history: Measure[] = [];
  let measured = await source.measure([]);
  const left = [measured.own];
  const total = measured.own;
  let last: Measure = { squares: measured.squares, objective: total / 2 };
  let stopped: Stopped = 'converged';
  let kkt = 0;
  let penalties = 0;

  while (pairs.length < k && stopped !== 'aborted') {
    const rest = source.rest(pairs);
    let pair = await begin(await rest(NONE(m, n)), args, terms, pause);
    let [gain, step] = [0, 1];
    for (let made = 0; made < maxIter; made++) {
      await pause.turn();
      if (options.signal?.aborted) {
        stopped = 'aborted';
        break;
      }
      const A = await rest(pair);
      const h = solve((await A.transposed(vector(pair.u), pause)).data, pair.u, 'H', bounds);
      const v = unit(h);
      const w = v === null ? null : solve((await A.times(vector(v), pause)).data, v, 'W', bounds);
      const u = w === null ? null : unit(w);
      const d = w === null ? 0 : length(w);
      const next = u === null || v === null || d * d <= NOTHING * total ? NONE(m, n) : { u, d, v };
      step = Math.max(change(pair.u, next.u), change(pair.v, next.v));
      pair = next;
      measured = await source.measure([...pairs, pair]);
      const before = last.objective;
      const own = penaltyOf(pair, bounds);
      const objective = measured.own / 2 + penalties + own;
      // What seems to have risen did so by rounding.
      last = { squares: measured.squares, objective: Math.min(before, objective) };
      history.push(last);
      tell(options, history, source.entries);
      const brought = left[pairs.length] / 2 - measured.own / 2 - own;
      const settled = brought - gain <= tol * brought;
      gain = brought;
      if (pair.d === 0 || settled) break;
      if (made === maxIter - 1) stopped = 'max-iter';
    }
    if (pair.d === 0) break;
    kkt = Math.max(kkt, step);
    pairs.push(turned(pair, terms));
    penalties += penaltyOf(pair, bounds);
    left.push(measured.own);
  }
  while (left.length <= k) left.push(left[left.length - 1]);
  const ritz = stacked(pairs, m, n, k);
  const { moments, entries } = source;
  return resultOf(ritz, { last, history, kkt, stopped, left: Float64Array.from(left), moments, entries });
}

const FREE: SvdTerms = { L1: 0, nonneg: false };
const NONE = (m: number, n: number): Pair => ({ u: new Float64Array(m), d: 0, v: new Float64Array(n) });

interface Bounds {
  readonly terms: Readonly<Record<'W' | 'H', SvdTerms>>;
  readonly L2: number;
  /** √ of the length of the partner. */
  readonly roots: Readonly<Record<'W' | 'H', number>>;
}

/**
 * The f for which ½(1 + L2)·‖f‖² − ⟨product, f⟩ + L1·√·‖f‖₁ + (the partner's L1)·√·‖partner‖₁·‖f‖₂ is least within the
 * bounds, for a partner of length 1.
 */
function solve(product: Float64Array, partner: Float64Array, side: 'W' | 'H', { terms, L2, roots }: Bounds) {
  const other = side === 'W' ? 'H' : 'W';
  const { L1, nonneg } = terms[side];
  const least = L1 * roots[side];
  const near = product.map((x) => (x > least ? x - least : x < -least && !nonneg ? x + least : 0));
  const size = length(near);
  const group = terms[other].L1 * roots[other] * l1(partner);
  const by = size > group ? (1 - group / size) / (1 + L2) : 0;
  return near.map((x) => x * by);
}

function penaltyOf({ u, d, v }: Pair, { terms, L2, roots }: Bounds): number {
  return 0.5 * L2 * d * d + d * (terms.W.L1 * roots.W * l1(u) + terms.H.L1 * roots.H * l1(v));
}

/** The largest pair of what is left, its signs as the bounds want them. */
async function begin(A: Operator, { start }: Search, terms: Bounds['terms'], pause: Pause): Promise<Pair> {
  const few = Math.min(start.cols, 1 + BESIDE);
  const block = dense(start.rows, few, start.data.slice(0, few * start.rows));
  const cycle = cycleOf('krylov', { start: block, k: 1, changing: false });
  let from: Ritz | null = null;
  for (let made = 0; made < ROUGH.cycles; made++) {
    const { found, invariant } = await cycle(A, from, pause);
    from = found;
    if (invariant || (await largestResidual(A, leading(found, 1), pause)) <= ROUGH.tol) break;
  }
  if (from === null || from.sigma.length === 0) return NONE(A.rows, A.cols);
  const best = leading(from, 1);
  fixSigns(best);
  const [u, v] = [best.U.data, best.V.data];
  const sign = kept(u, v, terms, 1) >= kept(u, v, terms, -1) ? 1 : -1;
  const own = u.map((x) => (terms.W.nonneg ? Math.max(0, sign * x) : sign * x));
  return { u: unit(own) ?? own, d: 0, v: new Float64Array(A.cols) };
}

/** How much of a pair stays once what may not be negative is cut. */
function kept(u: Float64Array, v: Float64Array, { W, H }: Bounds['terms'], sign: number): number {
  const of = (x: Float64Array, { nonneg }: SvdTerms) => length(nonneg ? x.map((y) => Math.max(0, sign * y)) : x);
  return of(u, W) * of(v, H);
}

/** Where neither side has a sign of its own, the largest entry of u is positive. */
function turned({ u, d, v }: Pair, { W, H }: Bounds['terms']): Pair {
  if (W.nonneg || H.nonneg) return { u, d, v };
  const both = { U: dense(u.length, 1, u.slice()), sigma: Float64Array.of(d), V: dense(v.length, 1, v.slice()) };
  fixSigns(both);
  return { u: both.U.data, d, v: both.V.data };
}

function whole(args: Search, pause: Pause): Source {
  const { blocks: X } = args;
  const moments = featureMoments(X, args.center, args.scale);
  const A = centeredOperator(X, moments);
  const scale = (i: number) => moments.scale?.[i] ?? 1;
  /** Σ_j of each row's squares, less what pairs take off: of all but the last it is known. */
  const rows = [moments.squares];
  const measure: Source['measure'] = async (pairs) => {
    let own = rows[rows.length - 1];
    if (pairs.length > 0) {
      const before = pairs.slice(0, -1);
      while (rows.length < pairs.length) rows.push(await squaresLess(X, A, rows, before, moments, pause));
      own = await squaresLess(X, A, rows.slice(0, pairs.length), pairs, moments, pause);
    }
    const squares = sum(own.map((x, i) => x * scale(i) ** 2));
    finite(squares);
    return { own: sum(own), squares };
  };
  return { rest: (pairs) => async () => without(A, pairs), measure, entries: A.rows * A.cols, moments };
}

/** The squares of each row, once the last pair is taken from what those before it leave. */
async function squaresLess(
  X: Blocks,
  A: Operator,
  rows: readonly Float64Array[],
  pairs: readonly Pair[],
  moments: FeatureMoments,
  pause: Pause,
): Promise<Float64Array> {
  const { u, d, v } = pairs[pairs.length - 1];
  const p = (await without(A, pairs.slice(0, -1)).times(vector(v), pause)).data;
  const own = rows[rows.length - 1].map((x, i) => x - 2 * d * u[i] * p[i] + (d * u[i]) ** 2);
  if (sum(own) >= EXPLICIT_BELOW * sum(rows[0])) return own;
  // Too few digits are left of the difference.
  const [center, scale] = [moments.center, (i: number) => moments.scale?.[i] ?? 1];
  const extra = center === null ? 0 : 1;
  const [W, H] = [dense(pairs.length + extra, u.length), dense(pairs.length + extra, v.length)];
  pairs.forEach((pair, r) => {
    pair.u.forEach((x, i) => { W.data[r + i * W.rows] = x * pair.d * scale(i); }); // biome-ignore format: one thought
    pair.v.forEach((x, j) => { H.data[r + j * H.rows] = x; }); // biome-ignore format: one thought
  });
  center?.forEach((x, i) => { W.data[pairs.length + i * W.rows] = x; }); // biome-ignore format: one thought
  for (let j = 0; j < v.length && extra > 0; j++) H.data[pairs.length + j * H.rows] = 1;
  return (await residualByRow(X, W, H, pause)).map((x, i) => x / scale(i) ** 2);
}

/** Missing entries are filled in with the model, all pairs and the one in work, at each step. */
function gappy(data: Prepared, { center, scale }: Search, pause: Pause): Source {
  const { X, known, shift } = data;
  const mean = new Float64Array(X.rows);
  const model = (pairs: readonly Pair[]): Model => {
    const { U, sigma, V } = stacked(pairs, X.rows, X.cols, pairs.length);
    return { mean, U, d: sigma, V };
  };
  return {
    rest: (pairs) => async (pair) => {
      const all = model([...pairs, pair]);
      return without(less(await completed(X, (j) => columnOf(all, j), pause), mean), pairs);
    },
    measure: (pairs) => squaresOf(data, model(pairs), pause),
    entries: known,
    moments: { center: center ? shift : null, scale: scale ? data.scale : null },
  };
}

/** A − Σ d·u·vᵀ */
function without(A: Operator, pairs: readonly Pair[]): Operator {
  return {
    ...A,
    async times(V, pause) {
      const Y = await A.times(V, pause);
      for (let c = 0; c < V.cols; c++) subtract(Y.data.subarray(c * Y.rows, (c + 1) * Y.rows), pairs, 'u', 'v', V.data.subarray(c * V.rows, (c + 1) * V.rows)); // biome-ignore format: one thought
      return Y;
    },
    async transposed(U, pause) {
      const Z = await A.transposed(U, pause);
      for (let c = 0; c < U.cols; c++) subtract(Z.data.subarray(c * Z.rows, (c + 1) * Z.rows), pairs, 'v', 'u', U.data.subarray(c * U.rows, (c + 1) * U.rows)); // biome-ignore format: one thought
      return Z;
    },
  };
}

/** y −= Σ d·a·⟨b, x⟩ */
function subtract(y: Float64Array, pairs: readonly Pair[], a: 'u' | 'v', b: 'u' | 'v', x: Float64Array): void {
  for (const pair of pairs) {
    const by = pair.d * dot(pair[b], x);
    for (let i = 0; i < y.length; i++) y[i] -= by * pair[a][i];
  }
}

function stacked(pairs: readonly Pair[], m: number, n: number, k: number): Ritz {
  const out = { U: dense(m, k), sigma: new Float64Array(k), V: dense(n, k) };
  pairs.forEach(({ u, d, v }, r) => {
    out.U.data.set(u, r * m);
    out.V.data.set(v, r * n);
    out.sigma[r] = d;
  });
  return out;
}

const vector = (x: Float64Array) => dense(x.length, 1, x);
const l1 = (x: Float64Array): number => x.reduce((total, y) => total + Math.abs(y), 0);
const largest = (x: Float64Array): number => x.reduce((most, y) => Math.max(most, Math.abs(y)), 0);

/** Without squares that leave the range of numbers. */
function length(x: Float64Array): number {
  const most = largest(x);
  return most === 0 ? 0 : most * Math.sqrt(x.reduce((total, y) => total + (y / most) ** 2, 0));
}

function unit(x: Float64Array): Float64Array | null {
  const size = length(x);
  return size === 0 ? null : x.map((y) => y / size);
}

const change = (before: Float64Array, now: Float64Array): number => {
  const most = largest(now);
  return most === 0 ? 0 : largest(now.map((x, i) => x - before[i])) / most;
};
