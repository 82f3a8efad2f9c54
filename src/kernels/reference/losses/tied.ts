import { type KernelLoss, needsPositive } from '../../../loss.js';
import { column, dense, transpose } from '../../../matrix.js';
import type { CallOptions, Stopped, TiedArgs, TiedResult } from '../../kernels.js';
import { type Blocks, blocksOf } from '../blocks.js';
import { relativeSteps } from '../columns.js';
import { createPause, type Pause } from '../pause.js';
import { copyPanel, dot, gram, type Panel, timesData, timesTransposed } from '../products.js';
import { settled } from '../progress.js';
import { normalize, projectionOf, scaledRows } from '../scale.js';
import { between } from '../segment.js';
import { dataOf } from './data.js';
import { along, bendsOf, improveLine, type LineProblem, openSteps, type Sums } from './line.js';
import { deviancesOf, factsOf, modelOf } from './model.js';
import { estimated } from './parameters.js';
import { checked, type Measure, type Measured, misfit, type Pair } from './problem.js';

/** Nearer looks on the way to a half-step's end, each at a quarter of the last, before W stays as it is. */
const LOOKS = 10;
/** Rows are damped by no more than what bounds them, and by less while steps are long. */
const DAMPING = { least: 2 ** -10, most: 1, less: 1 / 2, more: 4 } as const;
/** Damping counts entries of W below this part of the mean of their factor as if they were that, else zeros would stay. */
const SMALL = 1e-3;

/** What is to be minimised. */
interface Problem extends Measured {
  readonly args: TiedArgs;
  readonly X: Blocks;
}

/** An accepted iterate; the problem has its parameters. */
interface Place {
  readonly problem: Problem;
  readonly pair: Pair;
  readonly measure: Measure;
  /** Part of the damping that rows have. */
  readonly damping: number;
}

/**
 * `tied` by another loss than squares. Where to go is a half-step of an NMF by that loss for W, H standing still, on the slope
 * that J has in truth; on the way there J is looked at, and its lowest point found is the next iterate. Then parameters of the
 * loss are estimated. Nothing of that raises J: where it seems to, the fit has met rounding.
 */
export async function tiedByLoss(args: TiedArgs, loss: KernelLoss, options: CallOptions): Promise<TiedResult> {
  const pause = createPause();
  const cancelled = () => options.signal?.aborted === true;
  let place = await begin(args, loss, pause);
  const history: Measure[] = [];
  let stopped: Stopped = 'max-iter';
  while (history.length < args.maxIter) {
    await pause.turn();
    const next = await iterate(place, cancelled, pause);
    if (next === null) {
      stopped = 'aborted';
      break;
    }
    if (next.measure.objective > place.measure.objective) {
      stopped = 'converged';
      break;
    }
    place = next;
    history.push(place.measure);
    options.onIteration?.({ iteration: history.length, ...place.measure });
    if (settled(history, args.tol)) {
      stopped = 'converged';
      break;
    }
  }
  return result(place, history, stopped, pause);
}

/** The start, multiplied so that estimates and data have one sum, or by least squares where they may be negative. */
async function begin(args: TiedArgs, loss: KernelLoss, pause: Pause): Promise<Place> {
  const X = blocksOf(args.X);
  const data = dataOf(X, null);
  const facts = await factsOf(data, loss, pause);
  const problem = { args, X, data, facts, model: modelOf(loss) };
  const W = transpose(args.start);
  const P = await timesData(W, X, pause);
  const { H } = pairOf(args, W, P);
  const whole = needsPositive(loss) ? dot(sums(W), sums(H)) : dot(gram(W), gram(H));
  const cross = needsPositive(loss) ? facts.sum : dot(P.data, H.data);
  const by = Math.sqrt(cross > 0 ? cross / whole : Math.sqrt(facts.squares / whole));
  const scaled = (F: Panel) => (Number.isFinite(by) ? scaledRows(F, new Float64Array(F.rows).fill(by)) : F);
  const pair = pairOf(args, scaled(W), scaled(P));
  return { problem, pair, measure: checked(await misfit(problem, pair, pause)), damping: DAMPING.most };
}

/** Of each row. */
function sums(F: Panel): Float64Array {
  const out = new Float64Array(F.rows);
  F.data.forEach((x, p) => {
    out[p % F.rows] += x;
  });
  return out;
}

/** W and H, where P is the product of W with the data. */
const pairOf = ({ form }: TiedArgs, W: Panel, P: Panel): Pair => ({ W, H: form === 'symmetric' ? W : P });

/** The next iterate, or null once cancelled. */
async function iterate(from: Place, cancelled: () => boolean, pause: Pause): Promise<Place | null> {
  const { problem, pair } = from;
  const { args, X } = problem;
  if (cancelled()) return null;
  const rowOf = await rowsOf(problem, pair, from.damping, pause);
  const W = copyPanel(pair.W);
  for (let i = 0; i < W.cols; i++) {
    improveLine(rowOf(i), column(W, i), { solver: 'ccd', sweeps: args.sweeps });
    if (pause.due()) await pause.turn();
  }
  if (cancelled()) return null;
  const goal = pairOf(args, W, args.form === 'symmetric' ? W : await timesData(W, X, pause));
  const to = await lowestOnTheWay(from, goal, pause);
  const model = await estimated(problem, to.pair, pause);
  if (model === problem.model) return to;
  const next = { ...problem, model };
  return { ...to, problem: next, measure: checked(await misfit(next, to.pair, pause)) };
}

/**
 * What each row of W minimises while H stands still. For 'symmetric' its slope is half of what J has in truth, as W comes in
 * twice. For 'projective' that is U + X·V for the slopes U and V by W and by H: half of what it has beyond U is taken away.
 */
async function rowsOf(
  problem: Problem,
  pair: Pair,
  damping: number,
  pause: Pause,
): Promise<(i: number) => LineProblem> {
  const { args, X, data, model } = problem;
  const k = pair.W.rows;
  const none = new Float64Array(k);
  const plain = {
    terms: { ridge: none, linear: none, coupling: null },
    added: none,
    bounds: { nonneg: true, upper: Infinity },
  };
  // Where Xᵀ is X, the same for both.
  const columnOf = (j: number): LineProblem => ({
    partner: pair.W,
    line: data.column(j),
    model: along(model, 'H', j),
    ...plain,
  });
  if (args.form === 'symmetric') return columnOf;
  const rowOf = (i: number): LineProblem => ({
    partner: pair.H,
    line: data.row(i),
    model: along(model, 'W', i),
    ...plain,
  });
  const [U, V] = [await bends(pair.W, rowOf, pause), await bends(pair.H, columnOf, pause)];
  const XV = await timesTransposed(V.slope, X, pause);
  const ridge = needsPositive(model.loss) ? await damped(problem, pair, V.curvature, damping, pause) : null;
  const pull = (p: number) =>
    (U.slope.data[p] - XV.data[p]) / 2 + (ridge === null ? 0 : ridge.data[p] * pair.W.data[p]);
  const added = dense(k, pair.W.cols, pair.W.data.map((_, p) => pull(p))); // biome-ignore format: one thought
  return (i) => ({
    ...rowOf(i),
    terms: ridge === null ? plain.terms : { ...plain.terms, ridge: column(ridge, i) },
    added: column(added, i),
  });
}

/** Slopes and curvatures of the data in every coordinate of a factor. */
async function bends(F: Panel, lineOf: (j: number) => LineProblem, pause: Pause): Promise<Record<keyof Sums, Panel>> {
  const [slope, curvature] = [dense(F.rows, F.cols), dense(F.rows, F.cols)];
  for (let j = 0; j < F.cols; j++) {
    bendsOf(lineOf(j), column(F, j)).forEach((own, r) => {
      slope.data[j * F.rows + r] = own.slope;
      curvature.data[j * F.rows + r] = own.curvature;
    });
    if (pause.due()) await pause.turn();
  }
  return { slope, curvature };
}

/**
 * ρ of ½ρ·(w − w̃)², which is to hold what H bends as W moves: of a row r of H = WᵀX with curvatures c
 * Σ_j c_j·(Σ_i x_ij·d_i)² ≤ Σ_i d_i²·(Σ_j x_ij·h_j·c_j) / w_i, as no entry is negative. Where estimates are what curvatures
 * hang on, a row would go too far without it.
 */
async function damped({ X }: Problem, { W, H }: Pair, curvature: Panel, damping: number, pause: Pause): Promise<Panel> {
  const k = W.rows;
  const bent = dense(k, H.cols, H.data.map((h, p) => h * curvature.data[p])); // biome-ignore format: one thought
  const { data } = await timesTransposed(bent, X, pause);
  const least = sums(W).map((sum) => (SMALL * sum) / W.cols);
  const over = (p: number) => Math.max(W.data[p], least[p % k]);
  return dense(k, W.cols, data.map((x, p) => (x > 0 ? (damping * x) / over(p) : 0))); // biome-ignore format: one thought
}

/**
 * The lowest point that is found on the way to `goal`: of its end, its middle and the foot of the parabola through these and
 * where it begins; if J is lower at none, of a quarter of the way.
 */
async function lowestOnTheWay(from: Place, goal: Pair, pause: Pause): Promise<Place> {
  const { problem, pair, measure } = from;
  const least = needsPositive(problem.model.loss) ? 0 : -Infinity;
  const look = async (t: number) => {
    const W = between(pair.W, goal.W, t, 0);
    const at = pairOf(problem.args, W, goal.H === goal.W ? W : between(pair.H, goal.H, t, least));
    return { t, pair: at, measure: await misfit(problem, at, pause) };
  };
  for (let [looks, end] = [0, 1]; looks < LOOKS; looks++, end /= 4) {
    const [far, near] = [await look(end), await look(end / 2)];
    const foot = footOf(measure.objective, near.measure.objective, far.measure.objective);
    const points = foot === null ? [far, near] : [far, near, await look(foot * end)];
    let best = { t: 0, pair, measure };
    for (const point of points) if (point.measure.objective < best.measure.objective) best = point;
    if (best.t > 0) return { problem, pair: best.pair, measure: checked(best.measure), damping: after(from.damping, best.t) }; // biome-ignore format: one thought
  }
  return { ...from, damping: after(from.damping, 0) };
}

/** Damping after a step of length t. */
function after(damping: number, t: number): number {
  if (t >= 0.5) return Math.max(DAMPING.less * damping, DAMPING.least);
  return t < 0.25 ? Math.min(DAMPING.more * damping, DAMPING.most) : damping;
}

/** Where in (0, 1) the parabola of these values at 0, ½ and 1 is lowest; null where that is not inside. */
function footOf(first: number, middle: number, last: number): number | null {
  const slope = 4 * middle - 3 * first - last;
  const at = slope / (4 * (2 * middle - first - last));
  return slope < 0 && at > 0 && at < 1 ? at : null;
}

async function result(
  { problem, pair, measure }: Place,
  history: readonly Measure[],
  stopped: Stopped,
  pause: Pause,
): Promise<TiedResult> {
  const { args, X, data, facts, model } = problem;
  // Sums over many iterates have let go of the last digits of WᵀX.
  const H = args.form === 'symmetric' ? pair.W : await timesData(pair.W, X, pause);
  const { nullLoss } = await deviancesOf(data, model, () => 1, facts, pause);
  return {
    ...normalize(pair.W, H, args.norm, false),
    projection: args.form === 'symmetric' ? null : projectionOf(pair.W, H, args.norm),
    loss: measure.loss,
    nullLoss,
    factorLoss: null,
    objective: measure.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, ({ loss }) => loss),
      objective: Float64Array.from(history, ({ objective }) => objective),
    },
    kkt: await openStep(problem, pair, pause),
    heldOut: null,
    dispersion: model.loss.dispersion?.values ?? null,
    zeroInflation: model.loss.zeroInflation?.values ?? null,
  };
}

/** The largest step that a coordinate of W can still take, as a fraction of its row's largest entry. */
async function openStep(problem: Problem, pair: Pair, pause: Pause): Promise<number> {
  const { W } = pair;
  const rowOf = await rowsOf(problem, pair, DAMPING.most, pause);
  const [open, scale] = [new Float64Array(W.rows), new Float64Array(W.rows)];
  for (let i = 0; i < W.cols; i++) {
    const w = column(W, i);
    openSteps(rowOf(i), w).forEach((step, r) => {
      open[r] = Math.max(open[r], step);
      scale[r] = Math.max(scale[r], w[r]);
    });
    if (pause.due()) await pause.turn();
  }
  return relativeSteps(open, scale);
}
