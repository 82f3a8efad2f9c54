import { KernelError } from '../../errors.js';
import { totalRows } from '../../matrix.js';
import { penalty, stepTerms } from '../../objective.js';
import type { NmfArgs } from '../kernels.js';
import { type Blocks, blocksOf } from './blocks.js';
import { largestStep } from './columns.js';
import { type Held, heldSquares, hideEntries, hideMissing } from './masked.js';
import type { Pause } from './pause.js';
import { dot, gram, type Panel, residual, sumOfSquares, timesData, timesTransposed } from './products.js';
import { type ColumnSolver, type Quadratic, quadratic } from './quadratic.js';
import { panelNorms } from './scale.js';
import { em, exact, type MaskedStep, ownQuadratics } from './solvers/masked.js';
import { solvers } from './solvers.js';

/** Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits. */
const EXPLICIT_BELOW = 1e-6;

/** What is to be minimised, X in the form the reference reads. */
export interface Problem {
  readonly args: NmfArgs;
  /** Zero where entries are held out or missing. */
  readonly X: Blocks;
  readonly held: Held | null;
  /** Entries that are fitted. */
  readonly entries: number;
  /** Sum of their squares. */
  readonly total: number;
}

/** Both factors as panels: W is k × features, H is k × samples. */
export interface Pair {
  readonly W: Panel;
  readonly H: Panel;
}

export interface Measure {
  /** ‖X − WH‖² over what is fitted. */
  readonly squares: number;
  readonly objective: number;
  /** Mean squared error over what is held out, NaN where that is nothing. */
  readonly heldLoss: number;
}

/** X with zeros where a fit may not look, and what is there. */
async function unseen(
  X: Blocks,
  { holdOut, missing }: NmfArgs,
): Promise<{ readonly X: Blocks; readonly held: Held | null }> {
  if (holdOut !== null) return hideEntries(X, holdOut);
  if (missing === null) return { X, held: null };
  const hidden = hideMissing(X);
  if (hidden.held.count === totalRows(X) * X[0].cols)
    throw new KernelError('invalid-argument', 'no entry of the data is known');
  return hidden;
}

export async function pose(args: NmfArgs): Promise<Problem> {
  const whole = blocksOf(args.X, args.precision);
  const { X, held } = await unseen(whole, args);
  return { args, X, held, entries: totalRows(X) * X[0].cols - (held?.count ?? 0), total: sumOfSquares(X) };
}

/** How the columns of one factor are improved from `from` while the partner stands still. */
export function columnSolver(
  problem: Problem,
  side: 'W' | 'H',
  from: Panel,
  partner: Panel,
  gamma: number,
): ColumnSolver {
  const { solver, sweeps, holdOut, missing } = problem.args;
  const masking = holdOut?.solver ?? missing;
  const step = stepOf(problem, side, from, partner);
  if (step.held === null || masking === null) {
    return solvers[solver](quadratic(gram(partner), step.terms, step.nonneg), sweeps);
  }
  const masked = { ...step, held: step.held };
  return masking === 'exact' ? exact(masked, sweeps) : em(masked, sweeps, gamma);
}

type Step = Omit<MaskedStep, 'held'> & { readonly held: MaskedStep['held'] | null };

function stepOf({ args, held }: Problem, side: 'W' | 'H', from: Panel, partner: Panel): Step {
  const [own, other] = side === 'W' ? [args.W, args.H] : [args.H, args.W];
  const terms = stepTerms(own, other, panelNorms(from), panelNorms(partner));
  const lists = held === null ? null : side === 'W' ? held.byRow : held.byColumn;
  return { partner, held: lists, terms, nonneg: own.nonneg };
}

/** ‖X − WH‖² and J, where `cross` is ⟨X, WH⟩: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough. */
export async function measure(problem: Problem, { W, H }: Pair, cross: number, pause: Pause): Promise<Measure> {
  const { args, X, held, total } = problem;
  const hidden = held === null ? { model: 0, residual: 0 } : await heldSquares(held, W, H, pause);
  const whole = dot(gram(W), gram(H));
  let squares = total - 2 * cross + whole - hidden.model;
  // What is not seen of a model may be far larger than the data.
  const largest = held === null ? total : Math.max(total, whole);
  if (squares < EXPLICIT_BELOW * largest) squares = await residual(X, W, H, pause, held?.byColumn);
  const objective = squares / 2 + penalty(args.W, args.H, panelNorms(W), panelNorms(H));
  if (!Number.isFinite(objective)) throw new KernelError('non-finite', 'the objective left the range of numbers');
  return { squares, objective, heldLoss: hidden.residual / (held?.count ?? 0) };
}

/** The largest step that any coordinate of either factor can still take, as a fraction of its factor's largest entry. */
export async function openStep(problem: Problem, { W, H }: Pair, pause: Pause): Promise<number> {
  const ofColumns = (side: 'W' | 'H', F: Panel, partner: Panel): ((j: number) => Quadratic) => {
    const step = stepOf(problem, side, F, partner);
    if (step.held !== null) return ownQuadratics({ ...step, held: step.held });
    const shared = quadratic(gram(partner), step.terms, step.nonneg);
    return () => shared;
  };
  const B = await timesData(W, problem.X, pause);
  const C = await timesTransposed(H, problem.X, pause);
  const h = await largestStep(H, B, ofColumns('H', H, W), pause);
  return Math.max(h, await largestStep(W, C, ofColumns('W', W, H), pause));
}
