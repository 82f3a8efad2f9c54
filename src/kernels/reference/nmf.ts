import { transpose } from '../../matrix.js';
import type { HeldOut, NmfArgs, NmfCallOptions, NmfResult, Stopped, StreamedNmfArgs } from '../kernels.js';
import { rounded } from './blocks.js';
import { checkCheckpoint, checkNmf, checkStreamed } from './check.js';
import { solveColumns } from './columns.js';
import { afterAccepted, afterRejected, extrapolated, FIRST_MOMENTUM, NO_MOMENTUM } from './extrapolate.js';
import { lossesOf } from './factor-losses.js';
import { nmfByLoss } from './losses/nmf.js';
import { createPause, type Pause } from './pause.js';
import {
  columnSolver,
  isDrawn,
  type Measure,
  measure,
  objectiveOf,
  openStep,
  type Pair,
  type Place,
  type Problem,
  pose,
  poseStreamed,
  redrawn,
} from './problem.js';
import { copyPanel, dot, gram, type Panel, timesData, timesTransposed } from './products.js';
import { isInvisible, settled } from './progress.js';
import { balance, normalize, scaledPair, scaledRows, turnUnused } from './scale.js';
import { type Course, courseOf, stateOf } from './state.js';

/** What factors are drawn to follows them for so many iterations. */
const REDRAWN = 10;

interface Step extends Pair {
  readonly solvedH: Panel;
  readonly measure: Measure;
  /** How far the half-steps' quadratics fell; J falls at least so far in a step without extrapolation. */
  readonly fall: number;
}

/** How a step is made: `beta` 0 is a plain one, and J can't rise in it; `gamma` is for fits with a hold-out. */
interface Manner {
  readonly beta: number;
  readonly gamma: number;
}

/**
 * Non-negative (or sign-free) factorization by alternating half-steps, H first. With 'her' each begins from factors
 * carried on beyond their last step; where that raises J the next step is a plain one from the last accepted iterate
 * (HER: Ang & Gillis 2019, algorithm 3). A plain step can't raise J: where it seems to, the fit has met rounding.
 */
export async function nmf(args: NmfArgs, options: NmfCallOptions = {}): Promise<NmfResult> {
  checkNmf(args);
  const { checkpoint } = options;
  if (checkpoint !== undefined) checkCheckpoint(checkpoint, args);
  if (args.loss != null) return nmfByLoss(args, args.loss, options);
  return descend(await pose(args), options);
}

/** The same of data that are walked through: once for each product with them, and for whatever else looks at them. */
export async function nmfStreamed(args: StreamedNmfArgs, options: NmfCallOptions = {}): Promise<NmfResult> {
  checkStreamed(args);
  if (options.checkpoint !== undefined) checkCheckpoint(options.checkpoint, { ...args, holdOut: null });
  return descend(await poseStreamed(args), options);
}

async function descend(posed: Problem, { checkpoint, ...options }: NmfCallOptions): Promise<NmfResult> {
  const { args } = posed;
  const pause = createPause();
  const cancelled = () => options.signal?.aborted === true;

  const drawn = isDrawn(posed);
  const from = checkpoint?.from ?? null;
  const course = from === null ? await begin(posed, pause) : courseOf(posed, from);
  let { problem, place, momentum, plain, gamma } = course;
  const history = [...course.history];
  let saved = history.length;
  const save = () => {
    checkpoint?.save(stateOf({ problem, place, momentum, plain, gamma, history }));
    saved = history.length;
  };
  let best = { place, iteration: saved };
  let stopped: Stopped = 'max-iter';

  while (history.length < args.maxIter) {
    await pause.turn();
    if (checkpoint !== undefined && history.length >= saved + checkpoint.every) save();
    const step = await iterate(problem, place, { beta: plain ? 0 : momentum.beta, gamma }, cancelled, pause);
    if (step === null) {
      if (history.length > saved) save();
      stopped = 'aborted';
      break;
    }
    let now = step.measure;
    const before = place.measure.objective;
    if (now.objective > before && args.solver !== 'cholesky') {
      if (!plain) {
        momentum = afterRejected(momentum);
        place = { ...place, nextW: place.W, solvedH: place.H };
        plain = true;
        continue;
      }
      if (gamma < 1) {
        gamma = 1;
        continue;
      }
      if (!isInvisible(step.fall, before)) {
        stopped = 'converged';
        break;
      }
      now = { ...now, objective: before - step.fall };
    }
    const nextW = extrapolated(step.W, place.W, momentum.beta, args.W);
    place = balanced(problem, { W: step.W, H: step.H, solvedH: step.solvedH, nextW, measure: now });
    if (drawn && history.length < REDRAWN) ({ problem, place } = redraw(problem, place));
    if (!plain) momentum = afterAccepted(momentum);
    plain = args.accelerate === 'none';

    history.push(place.measure);
    const worse = args.holdOut?.keep === 'best' && now.heldLoss >= best.place.measure.heldLoss;
    if (!worse || best.iteration === 0) best = { place, iteration: history.length };
    options.onIteration?.({
      iteration: history.length,
      loss: now.squares / problem.entries,
      objective: place.measure.objective,
    });
    if (settled(drawn ? history.slice(REDRAWN) : history, args.tol)) {
      stopped = 'converged';
      break;
    }
  }
  return result(problem, best, history, stopped, pause);
}

/** What factors are drawn to as it should be for a pair, and the pair as it is measured then. */
function redraw(before: Problem, { measure: found, ...pair }: Place): Pick<Course, 'problem' | 'place'> {
  const problem = redrawn(before, pair);
  return { problem, place: { ...pair, measure: { ...found, objective: objectiveOf(problem, pair, found.squares) } } };
}

/** Where a fit begins that doesn't go on. */
async function begin(posed: Problem, pause: Pause): Promise<Course> {
  const { accelerate, holdOut, missing } = posed.args;
  const place = await scaledStart(posed, pause);
  return {
    ...(isDrawn(posed) ? redraw(posed, place) : { problem: posed, place }),
    momentum: accelerate === 'her' ? FIRST_MOMENTUM : NO_MOMENTUM,
    plain: true,
    gamma: (holdOut?.solver ?? missing) === 'em' ? 1 - (posed.held?.share ?? 0) : 1,
    history: [],
  };
}

/** The start multiplied by the scalar for which W·H is nearest to X: H by as much of it as its bound allows, W by the rest. */
async function scaledStart(problem: Problem, pause: Pause): Promise<Place> {
  const { start, precision } = problem.args;
  const given = { W: transpose(rounded(start.W, precision)), H: rounded(start.H, precision) };
  const product = await timesData(given.W, problem.X, pause);
  const best = Math.abs(dot(product.data, given.H.data) / dot(gram(given.W), gram(given.H)));
  const by = Number.isFinite(best) ? best : 1;
  const { W, H } = scaledPair(given, by, problem.args);
  const B = W === given.W ? product : await timesData(W, problem.X, pause);
  return balanced(problem, {
    ...{ W, H, nextW: W, solvedH: H },
    measure: await measure(problem, { W, H }, dot(B.data, H.data), pause),
  });
}

/** Both half-steps, or null once cancelled. */
async function iterate(
  problem: Problem,
  place: Place,
  { beta, gamma }: Manner,
  cancelled: () => boolean,
  pause: Pause,
): Promise<Step | null> {
  const { args, X } = problem;
  const fromW = copyPanel(place.nextW);
  if (cancelled()) return null;
  const B = await timesData(fromW, X, pause);
  const { panel: solvedH, fall: fallH } = await solveColumns(
    place.H,
    B,
    columnSolver(problem, 'H', place.H, fromW, gamma),
    pause,
  );
  const H = extrapolated(solvedH, place.solvedH, beta, args.H);
  if (beta === 0 && !args.W.nonneg && !problem.W.fixed) turnUnused(fromW, H);
  if (cancelled()) return null;
  const C = await timesTransposed(H, X, pause);
  const { panel: W, fall: fallW } = await solveColumns(fromW, C, columnSolver(problem, 'W', fromW, H, gamma), pause);
  if (beta === 0 && !args.H.nonneg && !problem.H.fixed) turnUnused(H, W);
  return {
    W,
    H,
    solvedH,
    measure: await measure(problem, { W, H }, dot(C.data, W.data), pause),
    fall: fallH + fallW,
  };
}

/** Rows of both factors brought to about the same length where they are far apart; zero where a factor is dying. */
function balanced(problem: Problem, place: Place): Place {
  const dying = problem.args.W.L21 + problem.args.H.L21 > 0;
  const by = balance(place.W, place.H, { dying, still: problem.W.fixed || problem.H.fixed });
  return {
    W: scaledRows(place.W, by.W),
    nextW: scaledRows(place.nextW, by.W),
    H: scaledRows(place.H, by.H),
    solvedH: scaledRows(place.solvedH, by.H),
    measure: place.measure,
  };
}

async function result(
  problem: Problem,
  { place, iteration }: { readonly place: Place; readonly iteration: number },
  history: readonly Measure[],
  stopped: Stopped,
  pause: Pause,
): Promise<NmfResult> {
  const { held, entries, args } = problem;
  const heldOut: HeldOut | null =
    held?.scored !== true
      ? null
      : {
          count: held.count,
          loss: place.measure.heldLoss,
          history: Float64Array.from(history, (measure) => measure.heldLoss),
          iteration,
        };
  const model = normalize(place.W, place.H, args.norm, isDrawn(problem));
  return {
    ...model,
    loss: place.measure.squares / entries,
    nullLoss: problem.total / entries,
    factorLoss: held === null ? await lossesOf(problem, model, pause) : null,
    objective: place.measure.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, (measure) => measure.squares / entries),
      objective: Float64Array.from(history, (measure) => measure.objective),
    },
    kkt: await openStep(problem, place, pause),
    heldOut,
  };
}
