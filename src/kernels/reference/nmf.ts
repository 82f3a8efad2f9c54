import { KernelError } from '../../errors.js';
import { dense, totalRows, transpose } from '../../matrix.js';
import { type FactorTerms, penalty, stepTerms } from '../../objective.js';
import type { CallOptions, NmfArgs, NmfResult, Stopped } from '../kernels.js';
import { createPause, type Pause } from './pause.js';
import { dot, gram, type Panel, residual, sumOfSquares, timesData, timesTransposed } from './products.js';
import { balance, normalize, panelNorms, scaleRow } from './scale.js';
import { largestStep, sweepColumns } from './sweep.js';

/** Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits. */
const EXPLICIT_BELOW = 1e-6;
/** Convergence is judged over so many accepted iterations. */
const WINDOW = 5;

/** Both factors as panels: W is k × features, H is k × samples. */
interface State {
  readonly W: Panel;
  readonly H: Panel;
}

interface Measure {
  readonly squares: number;
  readonly objective: number;
}

/**
 * Non-negative (or sign-free) factorization by hierarchical alternating least squares with inner sweeps: H first, then
 * W. No step raises J; an iterate that seems to is below rounding, so the one before it is kept and the fit has converged.
 */
export async function nmf(args: NmfArgs, options: CallOptions = {}): Promise<NmfResult> {
  const { X, start } = args;
  const pause = createPause();
  const entries = totalRows(X) * X[0].cols;
  const total = sumOfSquares(X);

  const state: State = { W: transpose(start.W), H: copyPanel(start.H) };
  let B = await timesData(state.W, X, pause);
  scaleStart(state, B);
  let accepted = copy(state);
  let last = await measure(args, state, total, dot(B.data, state.H.data), pause);
  const history: Measure[] = [];
  let stopped: Stopped = 'max-iter';

  while (history.length < args.maxIter) {
    await pause.turn();
    if (options.signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    if (history.length > 0) B = await timesData(state.W, X, pause);
    solve(state.H, state.W, B, args.H, args.W, args.sweeps);
    if (!args.W.nonneg) turnUnused(state.W, state.H);
    const C = await timesTransposed(state.H, X, pause);
    if (options.signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    solve(state.W, state.H, C, args.W, args.H, args.sweeps);
    if (!args.H.nonneg) turnUnused(state.H, state.W);

    const now = await measure(args, state, total, dot(C.data, state.W.data), pause);
    if (now.objective > last.objective) {
      stopped = 'converged';
      break;
    }
    balance(state.W, state.H);
    accepted = copy(state);
    last = now;
    history.push(now);
    options.onIteration?.({ iteration: history.length, loss: now.squares / entries, objective: now.objective });
    if (settled(history, args.tol)) {
      stopped = 'converged';
      break;
    }
  }

  return {
    ...normalize(accepted.W, accepted.H, args.norm),
    loss: last.squares / entries,
    objective: last.objective,
    iterations: history.length,
    stopped,
    history: {
      loss: Float64Array.from(history, (measure) => measure.squares / entries),
      objective: Float64Array.from(history, (measure) => measure.objective),
    },
    kkt: await kktResidual(args, accepted, pause),
  };
}

const copyPanel = (panel: Panel): Panel => dense(panel.rows, panel.cols, panel.data.slice());
const copy = (state: State): State => ({ W: copyPanel(state.W), H: copyPanel(state.H) });

/** One half-step: F is improved, its partner P stands still; `product` is P·X or P·Xᵀ. */
function solve(F: Panel, P: Panel, product: Panel, own: FactorTerms, partner: FactorTerms, sweeps: number): void {
  const terms = stepTerms(own, partner, panelNorms(F), panelNorms(P));
  sweepColumns(F, product, gram(P), terms, own.nonneg, sweeps);
}

/**
 * Turns round the rows of a sign-free factor whose partner row is zero: the product stays as it is, and a partner that
 * vanished because the row pointed away from the data can grow in the next half-step.
 */
function turnUnused(F: Panel, partner: Panel): void {
  panelNorms(partner).l2.forEach((length, r) => {
    if (length === 0) scaleRow(F, r, -1);
  });
}

/** Multiplies H by the scalar for which W·H is nearest to X. */
function scaleStart(state: State, B: Panel): void {
  const best = Math.abs(dot(B.data, state.H.data) / dot(gram(state.W), gram(state.H)));
  if (Number.isFinite(best)) for (let r = 0; r < state.H.rows; r++) scaleRow(state.H, r, best);
}

/** ‖X − WH‖² and J, where `cross` is ⟨X, WH⟩: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough. */
async function measure(args: NmfArgs, state: State, total: number, cross: number, pause: Pause): Promise<Measure> {
  let squares = total - 2 * cross + dot(gram(state.W), gram(state.H));
  if (squares < EXPLICIT_BELOW * total) squares = await residual(args.X, state.W, state.H, pause);
  const objective = squares / 2 + penalty(args.W, args.H, panelNorms(state.W), panelNorms(state.H));
  if (!Number.isFinite(objective)) throw new KernelError('non-finite', 'the objective left the range of numbers');
  return { squares, objective };
}

function settled(history: readonly Measure[], tol: number): boolean {
  if (history.length <= WINDOW) return false;
  const now = history[history.length - 1].objective;
  return history[history.length - 1 - WINDOW].objective - now <= tol * now;
}

async function kktResidual(args: NmfArgs, { W, H }: State, pause: Pause): Promise<number> {
  const B = await timesData(W, args.X, pause);
  const C = await timesTransposed(H, args.X, pause);
  const w = panelNorms(W);
  const h = panelNorms(H);
  return Math.max(
    largestStep(H, B, gram(W), stepTerms(args.H, args.W, h, w), args.H.nonneg),
    largestStep(W, C, gram(H), stepTerms(args.W, args.H, w, h), args.W.nonneg),
  );
}
