import type { Steps } from '../steps.js';

/** A smooth function: its value at x, and its gradient there into `gradient`. */
export type Smooth = (x: Float64Array, gradient: Float64Array) => number;

export interface Minimum {
  /** Steps that the curvature is taken from. */
  readonly memory: number;
  readonly maxIter: number;
  /** The largest entry of the gradient that is small enough. */
  readonly tol: number;
}

/** Of the fall that the slope promises, the part that a step must bring (Armijo). */
const PART = 1e-4;
/** Halvings of a step, after which rounding leaves nothing to gain. */
const HALVINGS = 40;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

/**
 * Where a convex function is lowest, by L-BFGS (Liu & Nocedal 1989) with halved steps; it goes from `x` and leaves it there,
 * a step for each iteration.
 *
 * @returns whether the gradient became small enough.
 */
export function* minimise(smooth: Smooth, x: Float64Array, { memory, maxIter, tol }: Minimum): Steps<boolean> {
  const pairs: Pair[] = [];
  const gradient = new Float64Array(x.length);
  let value = smooth(x, gradient);
  for (let iteration = 0; iteration < maxIter; iteration++) {
    if (gradient.every((g) => Math.abs(g) <= tol)) return true;
    const way = direction(gradient, pairs);
    const slope = inner(way, gradient);
    const next = x.slice();
    const ahead = new Float64Array(x.length);
    let size = pairs.length === 0 ? 1 / Math.max(1, Math.sqrt(inner(gradient, gradient))) : 1;
    let reached = value;
    for (let halving = 0; ; halving++) {
      if (halving === HALVINGS) return false;
      for (let p = 0; p < x.length; p++) next[p] = x[p] + size * way[p];
      reached = smooth(next, ahead);
      if (reached <= value + PART * size * slope) break;
      size /= 2;
    }
    const step = next.map((to, p) => to - x[p]);
    const change = ahead.map((to, p) => to - gradient[p]);
    const product = inner(step, change);
    if (product > 0) pairs.push({ step, change, product });
    if (pairs.length > memory) pairs.shift();
    x.set(next);
    gradient.set(ahead);
    value = reached;
    yield;
  }
  return false;
}

/** −(inverse of the curvature)·gradient, by the two loops. */
function direction(gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const way = gradient.map((g) => -g);
  const parts = new Float64Array(pairs.length);
  for (let p = pairs.length - 1; p >= 0; p--) {
    parts[p] = inner(pairs[p].step, way) / pairs[p].product;
    add(way, pairs[p].change, -parts[p]);
  }
  const last = pairs.at(-1);
  if (last !== undefined) {
    const scale = last.product / inner(last.change, last.change);
    for (let q = 0; q < way.length; q++) way[q] *= scale;
  }
  for (const [p, { step, change, product }] of pairs.entries()) add(way, step, parts[p] - inner(change, way) / product);
  return way;
}

function inner(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let p = 0; p < a.length; p++) sum += a[p] * b[p];
  return sum;
}

function add(x: Float64Array, y: Float64Array, by: number): void {
  for (let p = 0; p < x.length; p++) x[p] += by * y[p];
}
