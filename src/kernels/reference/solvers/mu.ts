import { type ColumnSolver, fallOf, type Quadratic } from '../quadratic.js';

/** The smallest number with all its digits: a divisor that is never zero. */
const SMALLEST = 2 ** -1022;

/**
 * Multiplicative updates x_r ← x_r·b_r / ((G + ridge)x + linear)_r, all r at once (Lee & Seung 2001, theorem 1; with
 * penalties: Hoyer 2002). They never raise the quadratic for b, G, x ≥ 0; a zero stays zero.
 */
export function mu(q: Quadratic, updates: number): ColumnSolver {
  return (x, b) => {
    let fall = 0;
    for (let update = 0; update < updates; update++) {
      const to = x.map((value, r) => {
        const up = value * Math.max(b[r], 0);
        if (up === 0) return 0;
        let down = q.terms.ridge[r] * value + q.terms.linear[r];
        for (let s = 0; s < q.k; s++) down += q.gram[r * q.k + s] * x[s];
        return up / Math.max(down, SMALLEST);
      });
      fall += fallOf(q, x, to, b);
      x.set(to);
    }
    return fall;
  };
}
