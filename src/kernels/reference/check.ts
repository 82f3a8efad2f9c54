import { KernelError } from '../../errors.js';
import { type KernelLoss, type KernelParameter, needsPositive, powerOf } from '../../loss.js';
import { type DenseData, type Matrix, type RowBlocks, storedValues, totalRows, transposeCsc } from '../../matrix.js';
import { examine } from '../../matrix-check.js';
import type { Side } from '../../objective.js';
import type {
  Checkpoint,
  DevianceArgs,
  EncodeArgs,
  HoldOut,
  ImproveArgs,
  KernelTerms,
  MseArgs,
  MultiplyArgs,
  NmfArgs,
  StreamedNmfArgs,
  SvdArgs,
  TiedArgs,
} from '../kernels.js';

function demand(holds: boolean, rule: string): void {
  if (!holds) throw new KernelError('invalid-argument', rule);
}

/** Arguments of an NMF that don't fit together are an error, never computed with. */
export function checkNmf(args: NmfArgs): void {
  const { X, start, W, H, solver, accelerate, holdOut, missing, weights, loss = null } = args;
  checkBlocks(X);
  checkFactors(args, totalRows(X), X[0].cols);
  if (loss !== null) {
    checkLossFit(loss, args);
    checkWeights(X, weights, true);
    return;
  }
  checkSquares(args);
  if (solver === 'mu') {
    demand(W.nonneg && H.nonneg, "solver 'mu' needs both factors to be non-negative");
    const noneBelow = [...X, start.W, start.H].every((matrix) => examine(matrix).negative === undefined);
    demand(noneBelow, "solver 'mu' needs data and starts without negative entries");
  }
  if (holdOut !== null) {
    demand(solver === 'hals' && accelerate === 'none', "a hold-out needs solver 'hals' and accelerate 'none'");
    checkHoldOut(holdOut, X.length);
  }
  if (missing !== null) {
    const plain = accelerate === 'none' || missing === 'exact';
    demand(solver === 'hals' && plain, "missing entries need solver 'hals', and accelerate 'none' unless 'exact'");
    demand(holdOut === null, 'nothing can be held out where entries are missing');
  }
  demand(weights == null || missing === 'exact', "weights need missing: 'exact'");
  checkWeights(X, weights);
}

/** The same of data that are walked through. */
export function checkStreamed(args: StreamedNmfArgs): void {
  const { rows, cols } = args.X;
  demand(rows >= 1 && cols >= 1, 'data must have rows and columns');
  checkFactors(args, rows, cols);
  checkSquares(args);
  demand(args.solver !== 'mu', "solver 'mu' must have seen all data first");
}

type Fitted = Omit<NmfArgs, 'X' | 'holdOut' | 'missing'>;

/** Factors of so many rows and columns. */
function checkFactors({ start, W, H, solver, sweeps, maxIter, tol }: Fitted, rows: number, cols: number): void {
  const k = start.H.rows;
  demand(k >= 1, 'a factorization must have a factor');
  checkShape(start.W, rows, k, 'the start of W');
  checkShape(start.H, k, cols, 'the start of H');
  checkTerms(W, start.W, 'W');
  checkTerms(H, start.H, 'H');
  const swept = [W, H].some((terms) => terms.angular > 0 || terms.upperBound !== null || terms.graph || terms.target);
  demand(
    !swept || solver === 'hals' || solver === 'ccd',
    `bounds, couplings and column terms need solver 'hals', not '${solver}'`,
  );
  checkLimits({ sweeps, maxIter, tol });
}

/** Solvers of squares. */
function checkSquares({ solver, accelerate }: Fitted): void {
  demand(solver !== 'ccd', "solver 'ccd' needs a loss");
  demand(
    accelerate === 'none' || solver === 'hals' || solver === 'bpp',
    `'her' needs solver 'hals' or 'bpp', not '${solver}'`,
  );
}

/** What a fit with a loss can't have, beside what no fit can. */
function checkLossFit(loss: KernelLoss, args: NmfArgs): void {
  const { X, start, W, H, solver, accelerate, precision, holdOut, missing } = args;
  checkLoss(loss, totalRows(X), X[0].cols, true);
  demand(
    solver === 'ccd' || (solver === 'mu' && powerOf(loss) === 1),
    `loss '${loss.name}' can't have solver '${solver}'`,
  );
  demand(accelerate === 'none' && holdOut === null, "a loss needs accelerate 'none', and nothing held out");
  demand(missing !== 'em', "a loss needs missing: 'exact' where entries are missing");
  demand(precision === 'f64' || powerOf(loss) === 1, `loss '${loss.name}' needs 64 bits`);
  if (!needsPositive(loss)) return;
  demand(W.nonneg && H.nonneg, `loss '${loss.name}' needs factors that are not negative`);
  const noneBelow = [start.W, start.H].every((matrix) => examine(matrix).negative === undefined);
  demand(noneBelow, `loss '${loss.name}' needs a start without negative entries`);
}

/** Whether parameters of a loss are such; what is estimated only where that can be. */
function checkLoss(loss: KernelLoss, rows: number, cols: number, estimated: boolean): void {
  const { name, power, delta, floor, penalties, dispersion, zeroInflation } = loss;
  const isNumber = (x: number) => x > 0 && x < Infinity;
  demand(
    name !== 'tweedie' || (power >= 1 && power < Infinity),
    `the power of 'tweedie' must be at least 1, not ${power}`,
  );
  demand(name !== 'huber' || isNumber(delta), `delta of 'huber' must be above zero, not ${delta}`);
  demand(isNumber(floor) && isNumber(penalties), 'the floor and the scale of penalties of a loss must be above zero');
  const counts = name === 'nb' || name === 'gp';
  demand((dispersion !== null) === counts, `loss '${name}' must have ${counts ? 'a' : 'no'} dispersion`);
  demand(zeroInflation === null || counts, `loss '${name}' can't have zero inflation`);
  const check = (parameter: KernelParameter | null, what: string, holds: (x: number) => boolean) => {
    if (parameter === null) return;
    const { by, values, estimate } = parameter;
    const count = by === 'global' ? 1 : by === 'row' ? rows : cols;
    demand(values.length === count, `the ${what} by ${by} must be ${count} numbers, not ${values.length}`);
    const odd = values.find((x) => !holds(x));
    demand(odd === undefined, `a ${what} must lie in its range, not be ${odd}`);
    demand(estimated || !estimate, `the ${what} must be given`);
  };
  check(dispersion, 'dispersion', (x) => (name === 'nb' ? isNumber(x) : x >= 0 && x < 1));
  check(zeroInflation, 'zero inflation', (x) => x >= 0 && x < 1);
}

/** One row will do, and where rows may have weights of their own one column. */
function checkWeights(X: RowBlocks, weights: NmfArgs['weights'], byRow = false): void {
  if (weights == null) return;
  demand(weights.length === X.length, 'weights must be as many as there are row blocks');
  weights.forEach((own, at) => {
    if (own === null) return;
    const { rows, cols } = X[at];
    checkShape(own, own.rows === 1 ? 1 : rows, byRow && own.cols === 1 ? 1 : cols, 'the weights of a block');
  });
}

/** The same of where it goes on from; whether the numbers of a state fit is seen when they are read. */
export function checkCheckpoint(
  { from, every }: Checkpoint,
  { holdOut, maxIter }: Pick<NmfArgs, 'holdOut' | 'maxIter'>,
): void {
  demand(Number.isInteger(every) && every >= 1, `every must be a whole number from 1 on, not ${every}`);
  demand(holdOut === null, "a fit with a hold-out can't be gone on with");
  const { iterations } = from ?? { iterations: 1 };
  const within = Number.isInteger(iterations) && iterations >= 1 && (from === null || iterations < maxIter);
  demand(within, `a state must be of at least one iteration and fewer than ${maxIter}, not ${iterations}`);
}

export function checkTied({ X, form, start, sweeps, maxIter, tol, loss = null }: TiedArgs): void {
  checkBlocks(X);
  demand(start.cols >= 1, 'a factorization must have a factor');
  checkShape(start, totalRows(X), start.cols, 'the start of W');
  demand(examine(start).negative === undefined, 'the start of W must have no negative entries');
  demand(!X.some((block) => examine(block).missing > 0), 'all entries must be known');
  demand(form === 'projective' || totalRows(X) === X[0].cols, 'a symmetric matrix must be square');
  if (loss !== null) {
    checkLoss(loss, totalRows(X), X[0].cols, true);
    const parameters = [loss.dispersion, loss.zeroInflation];
    const global = parameters.every((own) => own === null || own.by === 'global');
    demand(form === 'projective' || global, 'a symmetric matrix must have one parameter of its loss for all entries');
  }
  checkLimits({ sweeps, maxIter, tol });
}

export function checkEncode({
  X,
  W,
  ridge,
  linear,
  coupling,
  upperBound,
  nonneg,
  loss = null,
  weights,
}: EncodeArgs): void {
  checkBlocks(X);
  demand(weights == null || loss !== null, 'weights need a loss');
  checkWeights(X, weights, true);
  if (loss !== null) {
    checkLoss(loss, totalRows(X), X[0].cols, false);
    demand(nonneg || !needsPositive(loss), `loss '${loss.name}' needs coefficients that are not negative`);
  }
  demand(W.cols >= 1, 'W must have a column');
  checkShape(W, totalRows(X), W.cols, 'W');
  demand(
    [ridge, linear].every((terms) => terms.length === W.cols && terms.every((x) => x >= 0)) &&
      linear.every(Number.isFinite),
    'penalties must be one for each factor, not negative, and but for a ridge finite',
  );
  const fits = coupling === null || (coupling.length === W.cols ** 2 && coupling.every(Number.isFinite));
  demand(
    fits && (upperBound === null || upperBound > 0),
    'a coupling must be k × k finite numbers, and an upper bound above zero',
  );
}

export function checkSvd({ X, k, start, L2, terms, maxIter, tol }: SvdArgs): void {
  checkBlocks(X);
  demand(k >= 1, 'a factorization must have a factor');
  checkShape(start, totalRows(X), start.cols, 'the start');
  const weights = [L2, terms?.W.L1 ?? 0, terms?.H.L1 ?? 0];
  demand(
    weights.every((x) => x >= 0 && Number.isFinite(x)),
    `penalties must be finite and not negative, not ${weights.join(', ')}`,
  );
  checkLimits({ sweeps: 1, maxIter, tol });
}

export function checkMultiply({ X, factor, side, estimate }: MultiplyArgs): void {
  checkBlocks(X);
  const [rows, cols] = side === 'W' ? [totalRows(X), factor.cols] : [factor.rows, X[0].cols];
  demand((side === 'W' ? cols : rows) >= 1, 'a factor must have a row or column');
  checkShape(factor, rows, cols, 'the factor');
  if (estimate === undefined)
    demand(
      X.every((block) => examine(block).missing === 0),
      'the data must have no gaps',
    );
  else checkMse({ X, ...estimate });
}

export function checkMse(args: MseArgs): void {
  checkEstimate(args, false);
}

function checkEstimate({ X, W, H, weights }: MseArgs, byRow: boolean): void {
  checkBlocks(X);
  demand(W.cols >= 1, 'a model must have a factor');
  checkShape(W, totalRows(X), W.cols, 'W');
  checkShape(H, W.cols, X[0].cols, 'H');
  checkWeights(X, weights, byRow);
}

export function checkDeviance({ loss, ...args }: DevianceArgs): void {
  checkEstimate(args, true);
  checkLoss(loss, totalRows(args.X), args.X[0].cols, false);
}

export function checkImprove({ factor, side, slope, terms }: ImproveArgs): void {
  const [k, count] = side === 'W' ? [factor.cols, factor.rows] : [factor.rows, factor.cols];
  demand(k >= 1 && count >= 1 && terms.length > 0, 'there must be a factor, and terms that it is to lower');
  checkShape(slope, factor.rows, factor.cols, 'the slope');
  for (const { X, weights, partner, by } of terms) {
    checkBlocks(X);
    checkWeights(X, weights);
    demand(
      (side === 'W' ? totalRows(X) : X[0].cols) === count,
      'data must have as many features or samples as the factor',
    );
    if (side === 'W') checkShape(partner, k, X[0].cols, 'the partner');
    else checkShape(partner, totalRows(X), k, 'the partner');
    demand(by > 0 && Number.isFinite(by), `a term must count more than nothing, not ${by}`);
  }
}

function checkLimits({ sweeps, maxIter, tol }: Pick<NmfArgs, 'sweeps' | 'maxIter' | 'tol'>): void {
  demand(Number.isInteger(maxIter) && maxIter >= 1, `maxIter must be a whole number from 1 on, not ${maxIter}`);
  demand(tol >= 0 && Number.isFinite(tol), 'the tolerance must be finite and not negative');
  demand(Number.isInteger(sweeps) && sweeps >= 1, `sweeps must be a whole number from 1 on, not ${sweeps}`);
}

function checkHoldOut({ fraction, keys }: HoldOut, blocks: number): void {
  demand(fraction > 0 && fraction < 1, `the fraction to hold out must lie between 0 and 1, not be ${fraction}`);
  demand(keys.length === blocks, `a hold-out needs a key for each of ${blocks} blocks, not ${keys.length}`);
}

function checkTerms(terms: KernelTerms, factor: DenseData, side: Side): void {
  const { L1, L2, L21, angular, nonneg, upperBound, graph, target } = terms;
  const isPenalty = (x: number) => x >= 0 && Number.isFinite(x);
  const weights = [L1, L2, L21, angular];
  demand(weights.every(isPenalty), `penalties must be finite and not negative, not ${weights.join(', ')}`);
  demand(angular === 0 || nonneg, 'an angular penalty needs a factor that is not negative');
  demand(upperBound === null || upperBound > 0, `an upper bound must be above zero, not ${upperBound}`);
  const length = side === 'W' ? factor.rows : factor.cols;
  if (graph !== null) {
    const { adjacency, lambda } = graph;
    checkShape(adjacency, length, length, 'a graph of neighbours');
    demand(isPenalty(lambda), `the weight of a graph must be finite and not negative, not ${lambda}`);
    demand(adjacency.values.every(isPenalty), 'a graph of neighbours must have no negative numbers');
    const other = transposeCsc(adjacency);
    const same = (a: ArrayLike<number>, b: ArrayLike<number>) => Array.from(a).every((x, p) => x === b[p]);
    demand(same(adjacency.indices, other.indices) && same(adjacency.values, other.values), 'neighbours must be symmetric'); // biome-ignore format: one thought
  }
  if (target === null) return;
  const { matrix, lambda } = target;
  demand(Number.isFinite(lambda) && lambda !== 0, `the weight of a target must be finite and not zero, not ${lambda}`);
  demand(matrix.data.every(Number.isFinite), 'a target must hold finite numbers');
  const [rows, cols] = side === 'W' ? [length, matrix.cols] : [matrix.rows, length];
  const shape = lambda > 0 ? factor : { rows, cols };
  checkShape(matrix, shape.rows, shape.cols, 'a target');
}

function checkBlocks(X: RowBlocks): void {
  demand(X.length > 0, 'there must be a row block');
  for (const block of X) {
    demand(block.rows >= 1 && block.cols >= 1, 'a row block must have rows and columns');
    demand(block.cols === X[0].cols, 'row blocks must have the same columns');
    checkArrays(block);
  }
}

function checkShape(matrix: Matrix, rows: number, cols: number, what: string): void {
  demand(matrix.rows === rows && matrix.cols === cols, `${what} must be ${rows} × ${cols}`);
  checkArrays(matrix);
}

function checkArrays(matrix: Matrix): void {
  if (matrix.kind === 'dense') {
    demand(matrix.data.length === matrix.rows * matrix.cols, 'a dense matrix must have rows × cols numbers');
    return;
  }
  const { indptr, indices, rows, cols } = matrix;
  const listed = storedValues(matrix).length;
  const fits = indptr.length === cols + 1 && indptr[0] === 0 && indptr[cols] === listed && indices.length === listed;
  demand(
    fits && indptr.every((at, j) => j === 0 || at >= indptr[j - 1]),
    'the column bounds of a sparse matrix do not fit its entries',
  );
  for (let j = 0; j < cols; j++) {
    for (let p = indptr[j]; p < indptr[j + 1]; p++) {
      const rises = indices[p] < rows && (p === indptr[j] || indices[p] > indices[p - 1]);
      demand(rises, `the row indices of a sparse matrix must rise and stay below ${rows} (column ${j})`);
    }
  }
}
