import type { CallOptions, Stopped, SvdArgs, SvdResult } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { centeredOperator, featureMoments } from './centered.js';
import { checkSvd } from './check.js';
import { createPause } from './pause.js';
import { dominatingMeans, shifted } from './shift.js';
import { cycleOf } from './svd/cycles.js';
import { deflate } from './svd/deflate.js';
import { fillIn } from './svd/gaps.js';
import { leftBy, type Measure, measure, shrunk, sum } from './svd/measure.js';
import { orthonormalResult, type Search, tell } from './svd/result.js';
import { largestResidual, leading, noRitz, type Ritz } from './svd/ritz.js';

/** Cycles without a smaller residual after which rounding is in the way and the search ends. */
const PATIENCE = { krylov: 5, lanczos: 20, randomized: 40 } as const;

/**
 * Truncated SVD of X, centred and scaled where asked. Means that dwarf the spread are taken out of dense data first,
 * which costs a copy and saves the digits that differ.
 */
export async function svd(args: SvdArgs, options: CallOptions = {}): Promise<SvdResult> {
  checkSvd(args);
  const X = blocksOf(args.X);
  const solve = args.terms !== null ? deflate : args.missing ? fillIn : search;
  const shift = args.center && !args.missing ? dominatingMeans(X) : null;
  if (shift === null) return solve({ ...args, blocks: X }, options);
  const fit = await solve({ ...args, blocks: shifted(X, shift) }, options);
  return { ...fit, center: shift.map((x, i) => x + (fit.center?.[i] ?? 0)) };
}

/**
 * Cycles of a search (`SvdSolver`) until the true residual ‖Aᵀu − σv‖ is small, or there is nothing left to search. A basis
 * is orthonormalised twice over, so U and V are orthonormal to rounding. The largest entry of each left vector is positive.
 */
async function search(args: Search, options: CallOptions): Promise<SvdResult> {
  const { blocks: X, k, solver, L2 } = args;
  const pause = createPause();
  const moments = featureMoments(X, args.center, args.scale);
  const A = centeredOperator(X, moments);
  const cycle = cycleOf(solver, { start: args.start, k, changing: false });
  const entries = A.rows * A.cols;

  let best = noRitz(A.rows, A.cols, k);
  let last = await measure(X, best, moments, L2, pause);
  let from: Ritz | null = null;
  const history: Measure[] = [];
  let kkt = last.objective > 0 ? 1 : 0;
  let stopped: Stopped = 'max-iter';
  let least = Number.POSITIVE_INFINITY;
  let sinceBest = 0;
  // One vector at a time may have missed a direction of equal σ: cycles with something new would show it.
  let fresh = 0;

  while (history.length < args.maxIter) {
    await pause.turn();
    if (options.signal?.aborted) {
      stopped = 'aborted';
      break;
    }
    const { found, invariant } = await cycle(A, from, pause, fresh);
    best = leading(found, k);
    kkt = await largestResidual(A, best, pause);
    sinceBest = kkt < least ? 0 : sinceBest + 1;
    least = Math.min(least, kkt);
    last = await measure(X, best, moments, L2, pause);
    const before = history.at(-1)?.objective ?? Number.POSITIVE_INFINITY;
    const entry = { squares: last.squares, objective: Math.min(before, last.objective) };
    history.push(entry);
    tell(options, history, entries);
    const there = kkt <= args.tol;
    if (there && (invariant || solver !== 'lanczos' || fresh > 0)) {
      stopped = 'converged';
      break;
    }
    if (invariant || sinceBest === PATIENCE[solver]) break;
    fresh = Math.max(fresh, Number(there));
    from = found;
  }
  const { sigma } = best;
  const d = shrunk(sigma, L2);
  const left = leftBy(sum(moments.squares), sigma, L2);
  return orthonormalResult({ ...best, sigma: d }, { last, history, kkt, stopped, left, moments, entries });
}
