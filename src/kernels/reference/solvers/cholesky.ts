import { alive, hasKinks, solveFor } from '../equations.js';
import { type ColumnSolver, fallOf, type Quadratic } from '../quadratic.js';
import { halsToTheEnd } from './hals.js';

/** Keeps the equations solvable where factors depend on each other. */
const LIFT = 1e-12;

/**
 * The minimum without bounds, then negative entries set to zero: the heuristic behind "ALS" in many packages. With
 * bounds it may raise the quadratic. A sign-free factor with an L1 term has no linear equations: it is swept.
 */
export function cholesky(q: Quadratic): ColumnSolver {
  const sweep = halsToTheEnd(q);
  if (hasKinks(q)) return sweep;
  const live = alive(q);
  return (x, b, column) => {
    const to = solveFor(q, live, x, b, LIFT);
    if (to === null) return sweep(x, b, column);
    if (q.nonneg) for (const r of live) to[r] = Math.max(to[r], 0);
    const fall = fallOf(q, x, to, b);
    x.set(to);
    return fall;
  };
}
