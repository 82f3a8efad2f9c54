import { KernelError } from '../../errors.js';
import { column, dense, totalRows } from '../../matrix.js';
import { penalty } from '../../objective.js';
import type { NmfArgs, StreamedNmfArgs } from '../kernels.js';
import { type Blocks, blocksOf, type Walked, walkOf } from './blocks.js';
import { largestStep } from './columns.js';
import { type Held, heldSquares, hideEntries, hideMissing } from './masked.js';
import type { Pause } from './pause.js';
import { dot, gram, type Panel, residual, squaresOf, sumOfSquares, timesData, timesTransposed } from './products.js';
import { type Bounds, type ColumnSolver, type Quadratic, quadratic } from './quadratic.js';
import { type ColumnTerms, columnTerms, drawn, type FactorSide, sideOf, solveTerms, sumsOf } from './sides.js';
import { em, exact, type MaskedStep, ownQuadratics } from './solvers/masked.js';
import { solverNamed } from './solvers.js';
import { weigh, weighedSquares } from './weighed.js';

/** Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits. */
export const EXPLICIT_BELOW = 1e-6;

/** What is to be minimised, X in the form the reference reads. */
export interface Problem {
  readonly args: Omit<NmfArgs, 'X'>;
  readonly W: FactorSide;
  readonly H: FactorSide;
  /** Zero where entries are held out or missing; where they have weights, times these. */
  readonly X: Walked;
  readonly held: Held | null;
  /** Entries that are fitted. */
  readonly entries: number;
  /** Sum of their squares, each times its weight. */
  readonly total: number;
}

/** Both factors as panels: W is k × features, H is k × samples. */
export interface Pair {
  readonly W: Panel;
  readonly H: Panel;
}

/** The last accepted iterate, and where the next one begins. */
export interface Place extends Pair {
  readonly measure: Measure;
  /** W that H is solved against next: extrapolated, or the accepted one. */
  readonly nextW: Panel;
  /** H as it was solved for last, before it was extrapolated. */
  readonly solvedH: Panel;
}

export interface Measure {
  /** ‖X − WH‖² over what is fitted, each square times its weight. */
  readonly squares: number;
  readonly objective: number;
  /** Mean squared error over what is held out, NaN where that is nothing. */
  readonly heldLoss: number;
}

/** X with zeros where a fit may not look, times the weights of its entries, and what is there. */
async function unseen(
  X: Blocks,
  { holdOut, missing, weights }: NmfArgs,
): Promise<{ readonly X: Blocks; readonly held: Held | null; readonly total?: number }> {
  if (holdOut !== null) return hideEntries(X, holdOut);
  if (missing === null) return { X, held: null };
  const hidden = weights == null ? hideMissing(X) : weigh(X, weights);
  if (hidden.held.count === totalRows(X) * X[0].cols)
    throw new KernelError('invalid-argument', 'no entry of the data is known');
  return hidden;
}

export async function pose(args: NmfArgs): Promise<Problem> {
  const whole = blocksOf(args.X, args.precision);
  const { X, held, total = sumOfSquares(X) } = await unseen(whole, args);
  const entries = totalRows(X) * X[0].cols - (held?.count ?? 0);
  const sides = { W: sideOf(args.W, 'W'), H: sideOf(args.H, 'H') };
  return { args, ...sides, X, held, entries, total };
}

/** The same of data that are walked through. */
export async function poseStreamed({ X: given, ...rest }: StreamedNmfArgs): Promise<Problem> {
  const X = walkOf(given, rest.precision);
  const args = { ...rest, holdOut: null, missing: null };
  const sides = { W: sideOf(args.W, 'W'), H: sideOf(args.H, 'H') };
  return { args, ...sides, X, held: null, entries: X.rows * X.cols, total: await squaresOf(X) };
}

/** The same, with what factors are drawn to as it should be for these. */
export const redrawn = (problem: Problem, { W, H }: Pair): Problem => ({
  ...problem,
  W: drawn(problem.W, W, H),
  H: drawn(problem.H, H, W),
});

/** Whether a factor is drawn to a target. */
export const isDrawn = ({ W, H }: Problem): boolean => W.attract !== null || H.attract !== null;

/** Root of the mean square of what is fitted. */
const rms = ({ total, entries }: Problem): number => Math.sqrt(total / entries);

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
  const { columns, ...step } = stepOf(problem, side, from, partner);
  const { held, bounds, termsOf } = step;
  const solve = ((): ColumnSolver => {
    if (held !== null && masking !== null) {
      const masked = { ...step, held };
      return masking === 'exact' ? exact(masked, sweeps) : em(masked, sweeps, gamma);
    }
    const G = gram(partner);
    const solverOf = solverNamed(solver);
    if (columns === null) return solverOf(quadratic(G, termsOf(0), bounds), sweeps);
    return (x, b, j) => solverOf(quadratic(G, termsOf(j), bounds), sweeps)(x, b, j);
  })();
  return columns === null ? solve : (x, b, j) => solve(x, plus(b, column(columns.added, j)), j);
}

const plus = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, p) => x + b[p]);

type Step = Omit<MaskedStep, 'held'> & {
  readonly held: MaskedStep['held'] | null;
  readonly columns: ColumnTerms | null;
};

function stepOf(problem: Problem, side: 'W' | 'H', from: Panel, partner: Panel): Step {
  const { held } = problem;
  const [own, other] = side === 'W' ? [problem.W, problem.H] : [problem.H, problem.W];
  const { termsOf, columns } = solveTerms(own, other, from, partner, rms(problem));
  const bounds: Bounds = { nonneg: own.terms.nonneg, upper: own.terms.upperBound ?? Number.POSITIVE_INFINITY };
  const lists = held === null ? null : side === 'W' ? held.byRow : held.byColumn;
  return { partner, held: lists, weighed: held?.weighed != null, termsOf, bounds, columns };
}

/** ‖X − WH‖² and J, where `cross` is ⟨X, WH⟩: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough. */
export async function measure(problem: Problem, { W, H }: Pair, cross: number, pause: Pause): Promise<Measure> {
  const { X, held, total } = problem;
  if (held?.weighed != null) {
    const squares = await weighedSquares(held, held.weighed, W, H, pause);
    return { squares, objective: objectiveOf(problem, { W, H }, squares), heldLoss: Number.NaN };
  }
  const hidden = held === null ? { model: 0, residual: 0 } : await heldSquares(held, W, H, pause);
  const whole = dot(gram(W), gram(H));
  let squares = total - 2 * cross + whole - hidden.model;
  // What is not seen of a model may be far larger than the data.
  const largest = held === null ? total : Math.max(total, whole);
  if (squares < EXPLICIT_BELOW * largest) squares = await residual(X, W, H, pause, held?.byColumn);
  return {
    squares,
    objective: objectiveOf(problem, { W, H }, squares),
    heldLoss: hidden.residual / (held?.count ?? 0),
  };
}

/** J, where ‖X − WH‖² is known. */
export function objectiveOf(problem: Problem, { W, H }: Pair, squares: number): number {
  const [w, h] = [sumsOf(problem.W, W), sumsOf(problem.H, H)];
  const objective = squares / 2 + penalty(problem.W.terms, problem.H.terms, w, h, rms(problem));
  if (!Number.isFinite(objective)) throw new KernelError('non-finite', 'the objective left the range of numbers');
  return objective;
}

/** The largest step that any coordinate of either factor can still take, as a fraction of its factor's largest entry. */
export async function openStep(problem: Problem, { W, H }: Pair, pause: Pause): Promise<number> {
  const ofColumns = (side: 'W' | 'H', F: Panel, partner: Panel): ((j: number) => Quadratic) => {
    const step = stepOf(problem, side, F, partner);
    if (step.held !== null) return ownQuadratics({ ...step, held: step.held });
    const G = gram(partner);
    if (step.columns !== null) return (j) => quadratic(G, step.termsOf(j), step.bounds);
    const shared = quadratic(G, step.termsOf(0), step.bounds);
    return () => shared;
  };
  const added = (side: FactorSide, F: Panel, partner: FactorSide, P: Panel, product: Panel): Panel => {
    const columns = columnTerms(side, F, sumsOf(partner, P));
    return columns === null ? product : dense(product.rows, product.cols, plus(product.data, columns.added.data));
  };
  const B = added(problem.H, H, problem.W, W, await timesData(W, problem.X, pause));
  const C = added(problem.W, W, problem.H, H, await timesTransposed(H, problem.X, pause));
  const h = await largestStep(H, B, ofColumns('H', H, W), pause);
  return Math.max(h, await largestStep(W, C, ofColumns('W', W, H), pause));
}
