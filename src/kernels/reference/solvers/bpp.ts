import { alive, hasKinks, solveFor } from '../equations.js';
import { type ColumnSolver, fallOf, type Quadratic } from '../quadratic.js';
import { halsToTheEnd } from './hals.js';

/** A gradient below zero by less than this, as a fraction of the sizes it is summed from, is rounding. */
const ROUNDING = 1e-13;
/** Whole exchanges without fewer faults that are made before coordinates change one at a time. */
const PATIENCE = 3;

/**
 * The exact minimum for each column, by block principal pivoting (Kim & Park 2011, algorithm 2): the coordinates are
 * split into those that are free and those at zero until no free one is negative and no gradient at zero points up.
 * Where the equations are singular, the search doesn't end, or there is an upper bound or a coupling, the column is swept. The quadratic never rises.
 */
export function bpp(q: Quadratic): ColumnSolver {
  const sweep = halsToTheEnd(q);
  if (hasKinks(q) || q.upper < Number.POSITIVE_INFINITY || q.terms.coupling !== null) return sweep;
  const live = alive(q);
  return (x, b, column) => {
    const to = q.nonneg ? pivot(q, live, x, b) : solveFor(q, live, x, b);
    if (to === null) return sweep(x, b, column);
    const fall = fallOf(q, x, to, b);
    if (!(fall > 0)) return 0;
    x.set(to);
    return fall;
  };
}

function pivot(q: Quadratic, live: readonly number[], x: Float64Array, b: Float64Array): Float64Array | null {
  const free = x.map((value) => Number(value > 0));
  let fewest = live.length + 1;
  let patience = PATIENCE;
  for (let turn = 0; turn < 10 * q.k + 100; turn++) {
    const bounded = x.map((value, r) => (q.curvature[r] > 0 ? 0 : value));
    const to = solveFor(q, live.filter((r) => free[r] === 1), bounded, b); // biome-ignore format: one thought
    if (to === null) return null;
    const faults = live.filter((r) => (free[r] === 1 ? to[r] < 0 : pointsUp(q, to, b, r)));
    if (faults.length === 0) return to;
    if (faults.length < fewest) {
      fewest = faults.length;
      patience = PATIENCE;
    } else {
      patience--;
    }
    for (const r of patience >= 0 ? faults : faults.slice(-1)) free[r] = 1 - free[r];
  }
  return null;
}

/** Whether the quadratic falls as coordinate r leaves zero. */
function pointsUp({ k, gram, terms }: Quadratic, x: Float64Array, b: Float64Array, r: number): boolean {
  let g = terms.linear[r] - b[r];
  let size = terms.linear[r] + Math.abs(b[r]);
  for (let s = 0; s < k; s++) {
    const part = gram[r * k + s] * x[s];
    g += part;
    size += Math.abs(part);
  }
  return g < -ROUNDING * size;
}
