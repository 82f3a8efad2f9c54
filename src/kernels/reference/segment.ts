import { KernelError } from '../../errors.js';
import { dense } from '../../matrix.js';
import { crossGram, dot, gram, type Panel } from './products.js';

/** W with what is linear in it: H, and its product P with the data, H = P or H = W; J = ½‖X‖² − ⟨P, H⟩ + ½⟨WWᵀ, HHᵀ⟩. */
export interface Tied {
  readonly W: Panel;
  readonly H: Panel;
  readonly P: Panel;
}

/** The coefficients of J(t) − J(0) = c₁t + c₂t² + c₃t³ + c₄t⁴ on the way from `at` to `at` + `step`. */
export function segment(at: Tied, step: Tied): readonly number[] {
  const [g0, g1, g2] = gramsAlong(at.W, step.W);
  const [s0, s1, s2] = at.W === at.H ? [g0, g1, g2] : gramsAlong(at.H, step.H);
  const c = [
    (dot(g0, s1) + dot(g1, s0)) / 2 - (dot(at.P.data, step.H.data) + dot(step.P.data, at.H.data)),
    (dot(g0, s2) + dot(g1, s1) + dot(g2, s0)) / 2 - dot(step.P.data, step.H.data),
    (dot(g1, s2) + dot(g2, s1)) / 2,
    dot(g2, s2) / 2,
  ];
  if (!c.every(Number.isFinite)) throw new KernelError('non-finite', 'the objective left the range of numbers');
  return c;
}

/** The Gram matrix of F + tD as a polynomial in t. */
function gramsAlong(F: Panel, D: Panel): readonly Float64Array[] {
  const k = F.rows;
  const half = crossGram(F, D);
  return [gram(F), half.map((x, p) => x + half[(p % k) * k + Math.floor(p / k)]), gram(D)];
}

/** Halvings of an interval: beyond these nothing moves. */
const HALVINGS = 64;

/** c₁t + c₂t² + c₃t³ + c₄t⁴. */
export const valueAt = ([c1, c2, c3, c4]: readonly number[], t: number): number =>
  t * (c1 + t * (c2 + t * (c3 + t * c4)));

/**
 * Where in [0, 1] a quartic of that kind is lowest. Between the turning points of its slope, a cubic, the slope has at
 * most one zero, which halving finds.
 */
export function lowest(c: readonly number[]): number {
  const size = Math.max(...c.map(Math.abs));
  if (size === 0) return 0;
  const unit = c.map((x) => x / size);
  const [c1, c2, c3, c4] = unit;
  const slope = (t: number) => c1 + t * (2 * c2 + t * (3 * c3 + t * 4 * c4));
  const cuts = [0, ...zerosOfParabola(12 * c4, 6 * c3, 2 * c2).filter((t) => t > 0 && t < 1), 1];
  let best = 0;
  for (const [i, from] of cuts.slice(0, -1).entries()) {
    for (const t of [valley(slope, from, cuts[i + 1]), cuts[i + 1]])
      if (valueAt(unit, t) < valueAt(unit, best)) best = t;
  }
  return best;
}

/** Where a slope that rises or falls throughout turns from falling to rising; the end where it doesn't. */
function valley(slope: (t: number) => number, from: number, to: number): number {
  if (!(slope(from) < 0 && slope(to) > 0)) return to;
  let [low, high] = [from, to];
  for (let turn = 0; turn < HALVINGS; turn++) {
    const middle = (low + high) / 2;
    if (slope(middle) < 0) low = middle;
    else high = middle;
  }
  return high;
}

/** The real zeros of at² + bt + c, rising; none where it is constant. */
function zerosOfParabola(a: number, b: number, c: number): readonly number[] {
  const inside = b * b - 4 * a * c;
  if (inside < 0) return [];
  const q = -(b + (b < 0 ? -1 : 1) * Math.sqrt(inside)) / 2;
  return [q / a, c / q].filter(Number.isFinite).sort((x, y) => x - y);
}

export const minus = (A: Panel, B: Panel): Panel => dense(A.rows, A.cols, A.data.map((x, p) => x - B.data[p])); // biome-ignore format: one thought

/** A + t(B − A), B itself where t is 1. */
export function between(A: Panel, B: Panel, t: number, least: number): Panel {
  const data = B.data.map((x, p) => Math.max(least, x + (t - 1) * (x - A.data[p])));
  return dense(A.rows, A.cols, data);
}
