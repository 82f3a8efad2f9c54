import { type DenseMatrix, dense, stackDense } from '../../../matrix.js';
import type { CallOptions, Stopped, SvdResult } from '../../kernels.js';
import { centeredOperator, type FeatureMoments, featureMoments, type Operator } from '../centered.js';
import { createPause, type Pause } from '../pause.js';
import { settled } from '../progress.js';
import { cycleOf } from './cycles.js';
import { finite, type Measure, shrunk, sum } from './measure.js';
import { orthonormalResult, type Search, tell } from './result.js';
import { furthest, leading, noRitz, type Ritz } from './ritz.js';

/** X as it is fitted: without its means, divided by deviations, NaN where an entry is missing. */
export interface Prepared {
  readonly X: DenseMatrix;
  /** What was taken out and divided by: means and deviations of what is known; 0 and 1 where not asked for. */
  readonly shift: Float64Array;
  readonly scale: Float64Array;
  /** Entries that are known. */
  readonly known: number;
}

export function prepared({ blocks, center, scale }: Search): Prepared {
  const moments = featureMoments(blocks, center, scale);
  const whole = stackDense(blocks);
  const m = whole.rows;
  const shift = moments.center ?? new Float64Array(m);
  const by = moments.scale ?? new Float64Array(m).fill(1);
  const X = dense(m, whole.cols, whole.data.map((x, p) => (x - shift[p % m]) / by[p % m])); // biome-ignore format: one thought
  return { X, shift, scale: by, known: X.data.reduce((count, x) => count + Number(!Number.isNaN(x)), 0) };
}

/** μ·1ᵀ + U·diag(d)·Vᵀ */
export interface Model {
  readonly mean: Float64Array;
  readonly U: DenseMatrix;
  readonly d: Float64Array;
  readonly V: DenseMatrix;
}

/** A column of a model, of its first `count` pairs. */
export function columnOf({ mean, U, d, V }: Model, j: number, count = d.length): Float64Array {
  const out = mean.slice();
  for (let r = 0; r < count; r++) {
    const by = d[r] * V.data[j + r * V.rows];
    if (by !== 0) for (let i = 0; i < out.length; i++) out[i] += by * U.data[i + r * U.rows];
  }
  return out;
}

/** X with entries of its own where they are missing. */
export async function completed(
  X: DenseMatrix,
  columnAt: (j: number) => Float64Array,
  pause: Pause,
): Promise<DenseMatrix> {
  const out = dense(X.rows, X.cols, X.data.slice());
  for (let j = 0; j < X.cols; j++) {
    const own = columnAt(j);
    for (let i = 0; i < X.rows; i++) if (Number.isNaN(out.data[i + j * X.rows])) out.data[i + j * X.rows] = own[i];
    if (pause.due()) await pause.turn();
  }
  return out;
}

/** Σ (x − model)² over what is known, in the units of X and, by `scale`, in those of the data. */
export async function squaresOf(
  { X, scale }: Prepared,
  model: Model,
  pause: Pause,
  count = model.d.length,
): Promise<{ readonly own: number; readonly squares: number }> {
  let [own, squares] = [0, 0];
  for (let j = 0; j < X.cols; j++) {
    const column = columnOf(model, j, count);
    for (let i = 0; i < X.rows; i++) {
      const x = X.data[i + j * X.rows];
      if (Number.isNaN(x)) continue;
      own += (x - column[i]) ** 2;
      squares += ((x - column[i]) * scale[i]) ** 2;
    }
    if (pause.due()) await pause.turn();
  }
  finite(squares);
  return { own, squares };
}

/** X − μ·1ᵀ */
export function less(X: DenseMatrix, mean: Float64Array): Operator {
  const none: FeatureMoments = { center: mean, scale: null, squares: mean, empty: [] };
  return centeredOperator([X], none);
}

/** What the first r pairs leave of what is known, r = 0 … k. */
export async function leftOf(data: Prepared, model: Model, pause: Pause): Promise<Float64Array> {
  const left = new Float64Array(model.d.length + 1);
  for (let r = 0; r < left.length; r++) left[r] = (await squaresOf(data, model, pause, r)).own;
  return left;
}

/** Where rounds of filling in stand. */
interface Stand {
  readonly model: Model;
  readonly found: Ritz | null;
  readonly measured: Measure;
}

/**
 * Rounds of expectation–maximisation (Srebro & Jaakkola 2003): missing entries are filled in with the model, the means are
 * those of the completed matrix, and one cycle of the search finds pairs for it that are no worse than those before. So J over
 * what is known never rises. Rounds fill in what lies further on the way that the last one took, more so as long as J falls;
 * where it doesn't, the round is made again without.
 */
export async function fillIn(args: Search, options: CallOptions): Promise<SvdResult> {
  const { k, L2, start, solver, maxIter, tol } = args;
  const pause = createPause();
  const data = prepared(args);
  const { X, known } = data;
  const cycle = cycleOf(solver, { start, k, changing: true });
  const measure = async (model: Model): Promise<Measure> => {
    const { own, squares } = await squaresOf(data, model, pause);
    return { squares, objective: (own + L2 * sum(model.d.map((x) => x * x))) / 2 };
  };
  const nothing = noRitz(X.rows, X.cols, k);
  const { center: known0 } = featureMoments([X], true, false);
  const first: Model = { mean: known0 ?? data.shift, U: nothing.U, d: nothing.sigma, V: nothing.V };

  const round = async (stand: Stand, before: Stand, momentum: number): Promise<Stand> => {
    const whole = await completed(X, (j) => beyond(columnOf(stand.model, j), momentum, before.model, j), pause);
    const mean = args.center ? meansOf(whole) : new Float64Array(X.rows);
    const { found } = await cycle(less(whole, mean), stand.found, pause);
    const best = leading(found, k);
    const model = { mean, U: best.U, d: shrunk(best.sigma, L2), V: best.V };
    return { model, found, measured: await measure(model) };
  };

  let stand: Stand = { model: first, found: null, measured: await measure(first) };
  let before = stand;
  const history: Measure[] = [];
  let stopped: Stopped = 'max-iter';
  let ahead = 0;
  while (history.length < maxIter) {
    await pause.turn();
    if (options.signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    let next = await round(stand, before, momentumOf(ahead));
    if (ahead > 0 && !(next.measured.objective <= stand.measured.objective)) {
      ahead = 0;
      next = await round(stand, before, 0);
    }
    // Without centring the first round has no means to begin from.
    const rose = next.measured.objective > stand.measured.objective && history.length > 0;
    if (rose) {
      stopped = 'converged';
      break;
    }
    [before, stand] = [stand, next];
    ahead = history.length === 0 ? 0 : ahead + 1;
    history.push(stand.measured);
    tell(options, history, known);
    if (settled(history, tol)) {
      stopped = 'converged';
      break;
    }
  }
  const { center, scale } = args;
  if (stand.found === null && !center) {
    const model = { ...first, mean: new Float64Array(X.rows) };
    stand = { model, found: null, measured: await measure(model) };
  }
  const { model } = stand;
  const inUnits = center ? data.shift.map((x, i) => x + data.scale[i] * model.mean[i]) : null;
  return orthonormalResult(
    { U: model.U, sigma: model.d, V: model.V },
    {
      last: stand.measured,
      history,
      kkt: stand.found === null ? 1 : await openOf(X, model, L2, pause),
      stopped,
      left: await leftOf(data, model, pause),
      moments: { center: inUnits, scale: scale ? data.scale : null },
      entries: known,
    },
  );
}

/** How far on the way of the last round the next one looks. */
export const momentumOf = (ahead: number): number => ahead / (ahead + 3);

/** A column, and as much again of what it has moved by. */
function beyond(column: Float64Array, momentum: number, before: Model, j: number): Float64Array {
  if (momentum === 0) return column;
  const last = columnOf(before, j);
  return column.map((x, i) => x + momentum * (x - last[i]));
}

function meansOf(X: DenseMatrix): Float64Array {
  const mean = new Float64Array(X.rows);
  X.data.forEach((x, p) => {
    mean[p % X.rows] += x;
  });
  return mean.map((total) => total / X.cols);
}

/** How far the pairs are from those of the matrix that they complete, on either side, as a fraction of the largest σ. */
async function openOf(X: DenseMatrix, model: Model, L2: number, pause: Pause): Promise<number> {
  const { U, d, V, mean } = model;
  const sigma = d.map((x) => x * (1 + L2));
  if (sigma[0] === 0) return 0;
  const A = less(await completed(X, (j) => columnOf(model, j), pause), mean);
  const [left, right] = [await A.times(V, pause), await A.transposed(U, pause)];
  return Math.max(furthest(left, U, sigma), furthest(right, V, sigma)) / sigma[0];
}
