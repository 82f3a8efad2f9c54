import { KernelError } from '../../errors.js';
import { dense, totalRows, transpose } from '../../matrix.js';
import type { CallOptions, Stopped, TiedArgs, TiedResult } from '../kernels.js';
import { type Blocks, blocksOf } from './blocks.js';
import { checkTied } from './check.js';
import { largestStep, solveColumns } from './columns.js';
import { lossesOf } from './factor-losses.js';
import { tiedByLoss } from './losses/tied.js';
import { createPause, type Pause } from './pause.js';
import { EXPLICIT_BELOW } from './problem.js';
import { dot, gram, type Panel, residual, sumOfSquares, timesData, timesTransposed } from './products.js';
import { isInvisible, settled } from './progress.js';
import { type Quadratic, quadratic } from './quadratic.js';
import { normalize, projectionOf, scaledRows } from './scale.js';
import { between, lowest, minus, segment, type Tied, valueAt } from './segment.js';
import { hals } from './solvers/hals.js';

/** What is to be minimised. */
interface Problem {
  readonly args: TiedArgs;
  readonly X: Blocks;
  readonly entries: number;
  /** ‖X‖². */
  readonly total: number;
}

interface Measure {
  /** ‖X − WH‖². */
  readonly squares: number;
  readonly objective: number;
}

/** An accepted iterate. */
interface Place extends Tied {
  readonly measure: Measure;
}

/**
 * Factorizations X ≈ W·H in which W ≥ 0 gives H, 'symmetric' H = Wᵀ (Ding, He & Simon 2005) and 'projective' H = WᵀX
 * (Yuan & Oja 2005), by one method: J is a polynomial of degree four in W, so on the way to any other W ≥ 0 its lowest point
 * is found exactly. Where to go is the half-step of an NMF for W, H standing still, on the slope that J has in truth.
 * For 'symmetric' this is NMF's own half-step. With another loss than squares J is no polynomial: see `losses/tied.ts`.
 */
export async function tied(args: TiedArgs, options: CallOptions = {}): Promise<TiedResult> {
  checkTied(args);
  if (args.loss != null) return tiedByLoss(args, args.loss, options);
  const pause = createPause();
  const X = blocksOf(args.X);
  const problem = { args, X, entries: totalRows(X) * X[0].cols, total: sumOfSquares(X) };
  const cancelled = () => options.signal?.aborted === true;

  let place = await begin(problem, pause);
  const history: Measure[] = [];
  let stopped: Stopped = 'max-iter';
  while (history.length < args.maxIter) {
    await pause.turn();
    const step = await iterate(problem, place, cancelled, pause);
    if (step === null) {
      stopped = 'aborted';
      break;
    }
    const before = place.measure.objective;
    let now = step.measure;
    if (now.objective > before) {
      // It can't have risen: the measure is at its limit. The fall was found without cancellation.
      if (!isInvisible(step.fall, before)) {
        stopped = 'converged';
        break;
      }
      now = { ...now, objective: before - step.fall };
    }
    place = { ...step.to, measure: now };
    history.push(now);
    options.onIteration?.({
      iteration: history.length,
      loss: now.squares / problem.entries,
      objective: now.objective,
    });
    if (settled(history, args.tol)) {
      stopped = 'converged';
      break;
    }
  }
  return result(problem, place, history, stopped, pause);
}

/** The start, multiplied by the scalar for which it is nearest to X; as large as X where that would be nothing. */
async function begin(problem: Problem, pause: Pause): Promise<Place> {
  const { args, X, total } = problem;
  const drawn = tiedTo(args, transpose(args.start), await timesData(transpose(args.start), X, pause));
  const cross = dot(drawn.P.data, drawn.H.data);
  const whole = dot(gram(drawn.W), gram(drawn.H));
  const by = Math.sqrt(cross > 0 ? cross / whole : Math.sqrt(total / whole));
  const scaled = (F: Panel) => (Number.isFinite(by) ? scaledRows(F, new Float64Array(F.rows).fill(by)) : F);
  const start = tiedTo(args, scaled(drawn.W), scaled(drawn.P));
  return { ...start, measure: await measure(problem, start, pause) };
}

const tiedTo = ({ form }: TiedArgs, W: Panel, P: Panel): Tied => ({ W, H: form === 'symmetric' ? W : P, P });

/** ‖X − WH‖² by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough, and J, which is half of it. */
async function measure({ X, total }: Problem, { W, H, P }: Tied, pause: Pause): Promise<Measure> {
  let squares = total - 2 * dot(P.data, H.data) + dot(gram(W), gram(H));
  if (squares < EXPLICIT_BELOW * total) squares = await residual(X, W, H, pause);
  if (!Number.isFinite(squares)) throw new KernelError('non-finite', 'the objective left the range of numbers');
  return { squares, objective: squares / 2 };
}

interface Step {
  readonly to: Tied;
  readonly measure: Measure;
  /** How far J fell. */
  readonly fall: number;
}

/** The next iterate, or null once cancelled. */
async function iterate(problem: Problem, at: Place, cancelled: () => boolean, pause: Pause): Promise<Step | null> {
  const { args, X } = problem;
  if (cancelled()) return null;
  const { q, B } = await towards(problem, at, pause);
  const { panel: W } = await solveColumns(at.W, B, hals(q, args.sweeps), pause);
  if (cancelled()) return null;
  const goal = tiedTo(args, W, await timesData(W, X, pause));
  const c = segment(at, tiedTo(args, minus(goal.W, at.W), minus(goal.P, at.P)));
  const t = lowest(c);
  if (t === 0) return { to: at, measure: at.measure, fall: 0 };
  const to = tiedTo(args, between(at.W, goal.W, t, 0), between(at.P, goal.P, t, -Infinity));
  return { to, measure: await measure(problem, to, pause), fall: -valueAt(c, t) };
}

/**
 * The quadratic that W is improved on, and its right side: of curvature HHᵀ, and with half the slope of J, which is
 * −2·X·Hᵀ + Z·WᵀW + W·HHᵀ, where Z is X·Hᵀ for 'projective' and W for 'symmetric'.
 */
async function towards({ args, X }: Problem, { W, H, P }: Tied, pause: Pause): Promise<{ q: Quadratic; B: Panel }> {
  const k = W.rows;
  const S = gram(H);
  const terms = { ridge: new Float64Array(k), linear: new Float64Array(k), coupling: null };
  const q = quadratic(S, terms, { nonneg: true, upper: Infinity });
  // Xᵀ is X, and so the product is made already; in the slope, W·WᵀW and W·HHᵀ are one.
  if (args.form === 'symmetric') return { q, B: P };
  const G = gram(W);
  const C = await timesTransposed(H, X, pause);
  const B = dense(k, W.cols);
  for (let j = 0; j < W.cols; j++) {
    for (let r = 0; r < k; r++) {
      let bent = 0;
      for (let s = 0; s < k; s++) bent += S[r * k + s] * W.data[j * k + s] - G[r * k + s] * C.data[j * k + s];
      B.data[j * k + r] = C.data[j * k + r] + bent / 2;
    }
  }
  return { q, B };
}

async function result(
  problem: Problem,
  place: Place,
  history: readonly Measure[],
  stopped: Stopped,
  pause: Pause,
): Promise<TiedResult> {
  const { args, X, entries, total } = problem;
  const { q, B } = await towards(problem, place, pause);
  // Sums over many iterates have let go of the last digits of WᵀX.
  const H = args.form === 'symmetric' ? place.W : await timesData(place.W, X, pause);
  const model = normalize(place.W, H, args.norm, false);
  return {
    ...model,
    projection: args.form === 'symmetric' ? null : projectionOf(place.W, H, args.norm),
    loss: place.measure.squares / entries,
    nullLoss: total / entries,
    factorLoss: await lossesOf(problem, model, pause),
    objective: place.measure.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, ({ squares }) => squares / entries),
      objective: Float64Array.from(history, ({ objective }) => objective),
    },
    kkt: await largestStep(place.W, B, () => q, pause),
    heldOut: null,
  };
}
