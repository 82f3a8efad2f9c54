import { type KernelLoss, needsPositive } from '../../../loss.js';
import { column, transpose } from '../../../matrix.js';
import type { NmfArgs, NmfCallOptions, NmfResult, Stopped } from '../../kernels.js';
import { rounded } from '../blocks.js';
import { relativeSteps } from '../columns.js';
import { createPause, type Pause } from '../pause.js';
import { copyPanel, dotColumns, type Panel } from '../products.js';
import { settled } from '../progress.js';
import { balance, normalize, scaledPair, scaledRows, turnUnused } from '../scale.js';
import { improveLine, openSteps } from './line.js';
import { deviancesOf } from './model.js';
import { estimated } from './parameters.js';
import { linesOf, type Measure, measure, type Pair, type Problem, penaltyOf, pose, redrawn } from './problem.js';
import { type Course, courseOf, stateOf } from './state.js';

/** What factors are drawn to follows them for so many iterations. */
const REDRAWN = 10;

/**
 * Factorization by another loss than squares: half-steps, H first, in which every column is improved by itself, then the
 * parameters of the loss. Nothing of that raises J: where it seems to, the fit has met rounding.
 */
export async function nmfByLoss(args: NmfArgs, loss: KernelLoss, options: NmfCallOptions): Promise<NmfResult> {
  const pause = createPause();
  const posed = await pose(args, loss, pause);
  const { checkpoint } = options;
  const from = checkpoint?.from ?? null;
  let { problem, pair, history } = from === null ? await begin(posed, pause) : courseOf(posed, from);
  let now: Measure = history[history.length - 1] ?? (await measure(problem, pair, pause));
  let saved = history.length;
  const save = () => {
    checkpoint?.save(stateOf({ problem, pair, history }));
    saved = history.length;
  };
  const cancelled = () => options.signal?.aborted === true;
  let stopped: Stopped = 'max-iter';
  while (history.length < args.maxIter) {
    await pause.turn();
    if (checkpoint !== undefined && history.length >= saved + checkpoint.every) save();
    const step = await iterate(problem, pair, cancelled, pause);
    if (step === null) {
      if (history.length > saved) save();
      stopped = 'aborted';
      break;
    }
    if (step.measure.objective > now.objective) {
      stopped = 'converged';
      break;
    }
    ({ problem, pair, measure: now } = step);
    if (isDrawn(problem) && history.length < REDRAWN) {
      const penalties = penaltyOf(problem, pair);
      problem = redrawn(problem, pair);
      now = { ...now, objective: now.objective - penalties + penaltyOf(problem, pair) };
    }
    history = [...history, now];
    options.onIteration?.({ iteration: history.length, ...now });
    if (settled(isDrawn(problem) ? history.slice(REDRAWN) : history, args.tol)) {
      stopped = 'converged';
      break;
    }
  }
  return result(problem, pair, now, history, stopped, pause);
}

const isDrawn = ({ W, H }: Problem): boolean => W.attract !== null || H.attract !== null;

/** Where a fit begins that doesn't go on: scaled so that estimates and data have one sum, or by least squares. */
async function begin(posed: Problem, pause: Pause): Promise<Course> {
  const { args, data, facts, model } = posed;
  const given = { W: transpose(rounded(args.start.W, args.precision)), H: rounded(args.start.H, args.precision) };
  const positive = needsPositive(model.loss);
  let [up, down] = [positive ? facts.sum : 0, 0];
  for (let j = 0; j < data.cols; j++) {
    const { at, x, weight } = data.column(j);
    x.forEach((own, p) => {
      const mu = dotColumns(given.W, at[p], given.H, j);
      if (!positive) up += weight[p] * own * mu;
      down += weight[p] * mu * (positive ? 1 : mu);
    });
    if (pause.due()) await pause.turn();
  }
  const best = Math.abs(up / down);
  const scaled = scaledPair(given, Number.isFinite(best) ? best : 1, args);
  const pair = balanced(posed, scaled);
  return { problem: isDrawn(posed) ? redrawn(posed, pair) : posed, pair, history: [] };
}

function balanced({ args, W, H }: Problem, pair: Pair): Pair {
  const dying = args.W.L21 + args.H.L21 > 0;
  const by = balance(pair.W, pair.H, { dying, still: W.fixed || H.fixed });
  return { W: scaledRows(pair.W, by.W), H: scaledRows(pair.H, by.H) };
}

interface Step {
  readonly problem: Problem;
  readonly pair: Pair;
  readonly measure: Measure;
}

/** Both half-steps and the parameters, or null once cancelled. */
async function iterate(before: Problem, pair: Pair, cancelled: () => boolean, pause: Pause): Promise<Step | null> {
  const { args } = before;
  if (cancelled()) return null;
  const fromW = copyPanel(pair.W);
  const H = await improved(before, 'H', pair.H, fromW, pause);
  if (!args.W.nonneg && !before.W.fixed) turnUnused(fromW, H);
  if (cancelled()) return null;
  const W = await improved(before, 'W', fromW, H, pause);
  if (!args.H.nonneg && !before.H.fixed) turnUnused(H, W);
  const problem = { ...before, model: await estimated(before, { W, H }, pause) };
  const next = balanced(problem, { W, H });
  return { problem, pair: next, measure: await measure(problem, next, pause) };
}

/** One half-step: every column of `from` is improved on its own. */
async function improved(problem: Problem, side: 'W' | 'H', from: Panel, partner: Panel, pause: Pause): Promise<Panel> {
  const { solver, sweeps } = problem.args;
  const manner = { solver: solver === 'mu' ? ('mu' as const) : ('ccd' as const), sweeps };
  const lineOf = linesOf(problem, side, from, partner);
  const panel = copyPanel(from);
  for (let j = 0; j < panel.cols; j++) {
    improveLine(lineOf(j), column(panel, j), manner);
    if (pause.due()) await pause.turn();
  }
  return panel;
}

async function result(
  problem: Problem,
  pair: Pair,
  { loss, objective }: Measure,
  history: readonly Measure[],
  stopped: Stopped,
  pause: Pause,
): Promise<NmfResult> {
  const { args, data, facts, model } = problem;
  const { nullLoss } = await deviancesOf(data, model, () => 1, facts, pause);
  return {
    ...normalize(pair.W, pair.H, args.norm, isDrawn(problem)),
    loss,
    nullLoss,
    factorLoss: null,
    objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, (measured) => measured.loss),
      objective: Float64Array.from(history, (measured) => measured.objective),
    },
    kkt: Math.max(await openStep(problem, 'H', pair, pause), await openStep(problem, 'W', pair, pause)),
    heldOut: null,
    dispersion: model.loss.dispersion?.values ?? null,
    zeroInflation: model.loss.zeroInflation?.values ?? null,
  };
}

/** The largest step that any coordinate of a factor can still take, as a fraction of its row's largest entry. */
async function openStep(problem: Problem, side: 'W' | 'H', pair: Pair, pause: Pause): Promise<number> {
  const [F, partner] = side === 'W' ? [pair.W, pair.H] : [pair.H, pair.W];
  const lineOf = linesOf(problem, side, F, partner);
  const [open, scale] = [new Float64Array(F.rows), new Float64Array(F.rows)];
  for (let j = 0; j < F.cols; j++) {
    const h = column(F, j);
    openSteps(lineOf(j), h).forEach((step, r) => {
      open[r] = Math.max(open[r], step);
      scale[r] = Math.max(scale[r], Math.abs(h[r]));
    });
    if (pause.due()) await pause.turn();
  }
  return relativeSteps(open, scale);
}
