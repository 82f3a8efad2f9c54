import { type ColumnSolver, gradient, minimiser, type Quadratic } from '../quadratic.js';

/** A column is left once a sweep moves it by less than a tenth of what its first sweep did (as squares). */
const LITTLE = 1e-2;

/** When to leave a column: squared sweeps are compared with the first one, and with the column itself. */
interface Enough {
  readonly sweeps: number;
  readonly ofFirst: number;
  readonly ofColumn: number;
}

/**
 * Cyclic coordinate descent: each step is the exact minimiser in its coordinate, so none raises the quadratic (HALS:
 * Cichocki & Phan 2009, eq. 24). A column is swept until that pays no more than a new product with the data would
 * (A-HALS: Gillis & Glineur 2012, section 4).
 */
export function hals(q: Quadratic, sweeps: number): ColumnSolver {
  return (x, b) => descend(q, x, b, { sweeps, ofFirst: LITTLE, ofColumn: 0 });
}

/** The same until rounding is all that moves. */
export function halsToTheEnd(q: Quadratic): ColumnSolver {
  return (x, b) => descend(q, x, b, { sweeps: 10_000, ofFirst: 1e-28, ofColumn: 1e-30 });
}

function descend(q: Quadratic, x: Float64Array, b: Float64Array, { sweeps, ofFirst, ofColumn }: Enough): number {
  let fall = 0;
  let first = 0;
  for (let sweep = 0; sweep < sweeps; sweep++) {
    // In units of the quadratic: so no scale of a factor decides.
    let moved = 0;
    let size = 0;
    for (let r = 0; r < q.k; r++) {
      const c = q.curvature[r];
      if (c === 0) continue;
      const g = gradient(q, x, b, r);
      const to = minimiser(q, x[r], g, r);
      const step = to - x[r];
      fall -= g * step + 0.5 * c * step * step + q.terms.linear[r] * (Math.abs(to) - Math.abs(x[r]));
      x[r] = to;
      moved += c * step * step;
      size += c * to * to;
    }
    if (sweep === 0) first = moved;
    if (moved <= ofFirst * first || moved <= ofColumn * size) break;
  }
  return fall;
}
