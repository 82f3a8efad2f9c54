import type { Quadratic } from './quadratic.js';

/** A pivot below this fraction of its diagonal entry says that the equations have no one solution. */
const SINGULAR = 1e-13;

/**
 * Makes the gradient (with the linear term, as for x ≥ 0) zero in the coordinates `free`; the others keep their `x`.
 * By Cholesky decomposition, with G_rr grown by the fraction `lift`; null where that is singular.
 */
export function solveFor(
  q: Quadratic,
  free: readonly number[],
  x: Float64Array,
  b: Float64Array,
  lift = 0,
): Float64Array | null {
  const { k, gram, terms } = q;
  const isFree = new Uint8Array(k);
  for (const r of free) isFree[r] = 1;
  const right = free.map((r) => {
    let sum = b[r] - terms.linear[r];
    for (let s = 0; s < k; s++) if (isFree[s] === 0) sum -= gram[r * k + s] * x[s];
    return sum;
  });
  const L = decompose(
    free.map((r) => free.map((s) => gram[r * k + s] + (r === s ? terms.ridge[r] + lift * gram[r * k + r] : 0))),
  );
  if (L === null) return null;
  const solution = substitute(L, right);
  const out = x.slice();
  free.forEach((r, at) => {
    out[r] = solution[at];
  });
  return out;
}

/** L of A = L·Lᵀ, row by row; null where A is not positive definite. */
function decompose(A: readonly (readonly number[])[]): number[][] | null {
  const L: number[][] = [];
  for (const [i, row] of A.entries()) {
    const made: number[] = [];
    for (let j = 0; j <= i; j++) {
      let sum = row[j];
      for (let s = 0; s < j; s++) sum -= made[s] * (j === i ? made[s] : L[j][s]);
      if (j < i) made.push(sum / L[j][j]);
      else if (sum > SINGULAR * row[i]) made.push(Math.sqrt(sum));
      else return null;
    }
    L.push(made);
  }
  return L;
}

/** The solution of L·Lᵀ·x = right. */
function substitute(L: readonly (readonly number[])[], right: readonly number[]): number[] {
  const x = right.slice();
  for (let i = 0; i < x.length; i++) {
    for (let s = 0; s < i; s++) x[i] -= L[i][s] * x[s];
    x[i] /= L[i][i];
  }
  for (let i = x.length - 1; i >= 0; i--) {
    for (let s = i + 1; s < x.length; s++) x[i] -= L[s][i] * x[s];
    x[i] /= L[i][i];
  }
  return x;
}

/** Coordinates that are not to be left alone. */
export function alive({ curvature }: Quadratic): readonly number[] {
  return Array.from(curvature.keys()).filter((r) => curvature[r] > 0);
}

/** Whether the minimum without bounds solves no linear equations: |x| has a kink there. */
export function hasKinks({ nonneg, terms }: Quadratic): boolean {
  return !nonneg && terms.linear.some((x) => x > 0);
}
