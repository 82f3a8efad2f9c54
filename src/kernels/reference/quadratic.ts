import type { StepTerms } from '../../objective.js';

/** Coordinates whose curvature is below this fraction of the largest are left alone: their factor is dead. */
const DEAD = 1e-14;

/** Where the entries of a factor may lie. */
export interface Bounds {
  readonly nonneg: boolean;
  /** Infinity: no bound. */
  readonly upper: number;
}

/** ½·xᵀ(G + ridge)x − bᵀx + linear·|x| within bounds: what a half-step minimises for each column x of a factor. */
export interface Quadratic {
  readonly k: number;
  /** k × k, symmetric, the coupling of the terms included. */
  readonly gram: Float64Array;
  readonly terms: StepTerms;
  readonly nonneg: boolean;
  readonly upper: number;
  /** G_rr + ridge_r, or 0 where a coordinate is to be left alone. */
  readonly curvature: Float64Array;
}

/** Improves a column x of a factor, given its column of the product with the data; says how far the quadratic fell. */
export type ColumnSolver = (x: Float64Array, b: Float64Array, column: number) => number;

/** `largest` is what a dead curvature is measured by; that of G itself unless said. */
export function quadratic(
  gram: Float64Array,
  terms: StepTerms,
  { nonneg, upper }: Bounds,
  largest: number = largestDiagonal(gram, terms.ridge.length),
): Quadratic {
  const k = terms.ridge.length;
  const curvature = terms.ridge.map((ridge, r) => {
    const own = gram[r * k + r];
    return own > DEAD * largest && Number.isFinite(own + ridge) ? own + ridge : 0;
  });
  const { coupling } = terms;
  const whole = coupling === null ? gram : gram.map((x, p) => x + coupling[p]);
  return { k, gram: whole, terms, nonneg, upper, curvature };
}

export function largestDiagonal(gram: Float64Array, k: number): number {
  let largest = 0;
  for (let r = 0; r < k; r++) largest = Math.max(largest, gram[r * k + r]);
  return largest;
}

/** Derivative of the smooth part in coordinate r. */
export function gradient({ k, gram, terms }: Quadratic, x: Float64Array, b: Float64Array, r: number): number {
  let g = -b[r];
  for (let s = 0; s < k; s++) g += gram[r * k + s] * x[s];
  return g + terms.ridge[r] * x[r];
}

/** Where coordinate r of x is best, the others standing still; `g` is the gradient there. */
export function minimiser({ curvature, terms, nonneg, upper }: Quadratic, x: number, g: number, r: number): number {
  const u = x - g / curvature[r];
  const t = terms.linear[r] / curvature[r];
  const to = Math.max(u - t, 0) + Math.min(u + t, 0);
  return Math.min(nonneg ? Math.max(to, 0) : to, upper);
}

/** How much lower the quadratic is at `to` than at x, from the difference itself: exact where the two are near. */
export function fallOf(q: Quadratic, x: Float64Array, to: Float64Array, b: Float64Array): number {
  let fall = 0;
  for (let r = 0; r < q.k; r++) {
    const step = to[r] - x[r];
    if (step === 0) continue;
    let bend = q.terms.ridge[r] * step;
    for (let s = 0; s < q.k; s++) bend += q.gram[r * q.k + s] * (to[s] - x[s]);
    fall -= step * (gradient(q, x, b, r) + 0.5 * bend) + q.terms.linear[r] * (Math.abs(to[r]) - Math.abs(x[r]));
  }
  return fall;
}
