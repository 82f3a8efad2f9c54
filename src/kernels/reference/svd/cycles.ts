import { type DenseMatrix, dense } from '../../../matrix.js';
import type { SvdSolver } from '../../kernels.js';
import type { Operator } from '../centered.js';
import { extend } from '../orthogonal.js';
import type { Pause } from '../pause.js';
import { leading, type Ritz, ritz } from './ritz.js';

/**
 * Blocks AᵀA·Q, (AᵀA)²·Q, … added to the search space before it is reduced to its best directions; where A changes, what is
 * not known of it keeps a cycle from more than one brings.
 */
const KRYLOV_DEPTH = { fixed: 3, changing: 1 } as const;
/** Least vectors of a Lanczos basis, and how many there are for each direction wanted. */
const LANCZOS = { least: 20, each: 2 } as const;

/** What one cycle of a search has found. */
export interface Cycled {
  readonly found: Ritz;
  /** Nothing new was to be found: the space holds every direction of A. */
  readonly invariant: boolean;
}

/**
 * One cycle of a search, from where the last one has ended or, first, from Aᵀ·start. What it finds approximates A no worse
 * than what it begins from does. `fresh` columns of the start are brought in anew.
 */
export type Cycle = (A: Operator, from: Ritz | null, pause: Pause, fresh?: number) => Promise<Cycled>;

/** Where a search begins, and how many directions it is for. */
export interface Wanted {
  readonly start: DenseMatrix;
  readonly k: number;
  /** Whether A is another in each cycle. */
  readonly changing: boolean;
}

export const cycleOf = (solver: SvdSolver, wanted: Wanted): Cycle => CYCLES[solver](wanted);

const CYCLES: Readonly<Record<SvdSolver, (wanted: Wanted) => Cycle>> = { krylov, lanczos, randomized };

const nothing = (A: Operator): DenseMatrix => dense(A.cols, 0);
const most = (A: Operator): number => Math.min(A.rows, A.cols);

/** Krylov blocks of a block of directions, orthonormalised twice over. */
function krylov({ start, changing }: Wanted): Cycle {
  const depth = changing ? KRYLOV_DEPTH.changing : KRYLOV_DEPTH.fixed;
  return async (A, from, pause) => {
    const begin =
      from === null
        ? extend(nothing(A), await A.transposed(start, pause), most(A))
        : leading(from, Math.min(start.cols, from.sigma.length)).V;
    let [V, AV] = [begin, await A.times(begin, pause)];
    let block: DenseMatrix = AV;
    for (let step = 0; step < depth; step++) {
      const wider = extend(V, await A.transposed(block, pause), most(A));
      if (wider.cols === V.cols) return { found: ritz(V, AV), invariant: true };
      block = await A.times(dense(V.rows, wider.cols - V.cols, wider.data.slice(V.data.length)), pause);
      AV = beside(AV, block);
      V = wider;
    }
    return { found: ritz(V, AV), invariant: V.cols >= most(A) };
  };
}

/** A power of AᵀA times a block, orthonormalised on both sides. */
function randomized({ start }: Wanted): Cycle {
  return async (A, from, pause) => {
    const U = from === null ? start : leading(from, Math.min(start.cols, from.sigma.length)).U;
    const V = extend(nothing(A), await A.transposed(U, pause), most(A));
    const found = ritz(V, await A.times(V, pause));
    return { found, invariant: V.cols < U.cols || V.cols >= most(A) };
  };
}

/**
 * A basis grown by one vector Aᵀu at a time, u the newest vector of an orthonormal basis of its image; where A changes, or
 * something was brought in anew, first those of all that were wanted: the residuals of these are then no longer one direction.
 * Where that leads to nothing, a column of the start goes on: only so are equal singular values found more than once.
 */
function lanczos({ start, k, changing }: Wanted): Cycle {
  return async (A, from, pause, fresh = 0) => {
    const size = Math.min(most(A), Math.max(LANCZOS.each * k + 1, LANCZOS.least));
    const each = changing || fresh > 0;
    const more = each ? 0 : Math.floor((size - k) / 2);
    let V = from === null ? nothing(A) : leading(from, Math.min(k + more, from.sigma.length, size - 1)).V;
    let AV = await A.times(V, pause);
    let Q = extend(dense(A.rows, 0), AV, A.rows);
    /** Columns of Q, and of the start, that have been used. */
    let [used, spare] = [each ? 0 : Math.max(0, Q.cols - 1), 0];
    for (let added = 0; V.cols < size; added++) {
      let wider = V;
      while (wider.cols === V.cols && added >= fresh && used < Q.cols)
        wider = extend(V, await A.transposed(columnAt(Q, used++), pause), most(A));
      while (wider.cols === V.cols && spare < start.cols)
        wider = extend(V, await A.transposed(columnAt(start, spare++), pause), most(A));
      if (wider.cols === V.cols) return { found: ritz(V, AV), invariant: true };
      const image = await A.times(columnAt(wider, V.cols), pause);
      [V, AV, Q] = [wider, beside(AV, image), extend(Q, image, A.rows)];
    }
    // The last vectors of a full basis may be more rounding than direction.
    return { found: ritz(V, AV), invariant: false };
  };
}

const columnAt = (M: DenseMatrix, c: number): DenseMatrix =>
  dense(M.rows, 1, M.data.slice(c * M.rows, (c + 1) * M.rows));

/** Two matrices of as many rows side by side. */
function beside(A: DenseMatrix, B: DenseMatrix): DenseMatrix {
  const out = dense(A.rows, A.cols + B.cols);
  out.data.set(A.data);
  out.data.set(B.data, A.data.length);
  return out;
}
