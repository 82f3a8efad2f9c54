import { isLinearAtZero } from '../../../loss.js';
import type { StepTerms } from '../../../objective.js';
import type { Panel } from '../products.js';
import type { Bounds } from '../quadratic.js';
import type { Line } from './data.js';
import type { Model } from './model.js';

/** Halvings of a step before a line is left as it was. */
const HALVINGS = 12;

/** Residuals of mae that are small, as a part of the mean of their line. */
const SMALL = 0.1;

/** What a factor's column minimises while its partner stands still: Σ ω·cost of a line of the data, and the penalties. */
export interface LineProblem {
  readonly partner: Panel;
  readonly line: Line;
  readonly model: OfLine;
  /** κ times the penalties. */
  readonly terms: StepTerms;
  /** The penalties have −added·h. */
  readonly added: Float64Array;
  readonly bounds: Bounds;
}

/** A model along a line: of the entry at a place of it. */
export type OfLine = Pick<LineModel, 'value' | 'slope' | 'curvature' | 'share'> & { readonly loss: Model['loss'] };
interface LineModel {
  value(x: number, mu: number, at: number): number;
  slope(x: number, mu: number, at: number): number;
  curvature(x: number, mu: number, at: number): number;
  share(x: number, mu: number, at: number): number;
}

/** The model along row or column `index`. */
export function along(model: Model, side: 'W' | 'H', index: number): OfLine {
  const { loss, value, slope, curvature, share } = model;
  return side === 'H'
    ? {
        loss,
        value: (x, mu, at) => value(x, mu, at, index),
        slope: (x, mu, at) => slope(x, mu, at, index),
        curvature: (x, mu, at) => curvature(x, mu, at, index),
        share: (x, mu, at) => share(x, mu, at, index),
      }
    : {
        loss,
        value: (x, mu, at) => value(x, mu, index, at),
        slope: (x, mu, at) => slope(x, mu, index, at),
        curvature: (x, mu, at) => curvature(x, mu, index, at),
        share: (x, mu, at) => share(x, mu, index, at),
      };
}

/** How the columns of a factor are improved. */
export interface Manner {
  readonly solver: 'ccd' | 'mu';
  readonly sweeps: number;
}

/** Improves a column h; what is minimised never rises. */
export function improveLine(problem: LineProblem, h: Float64Array, { solver, sweeps }: Manner): void {
  const from = stateOf(problem, h);
  if (solver === 'mu') {
    for (let update = 0; update < sweeps; update++) {
      const at = stateOf(problem, h);
      const to = multiplied(problem, at);
      if (rise(problem, at, to) > 0) return;
      h.set(to.h);
    }
    return;
  }
  const linear = isLinearAtZero(problem.model.loss);
  const to = linear ? newton(problem, from, sweeps) : swept(problem, from, sweeps);
  if (rise(problem, from, to) <= 0) {
    h.set(to.h);
    return;
  }
  if (linear) {
    const back = multiplied(problem, from);
    if (rise(problem, from, back) <= 0) h.set(back.h);
    return;
  }
  const between = { h: to.h.slice(), mu: to.mu.slice() };
  for (let halving = 1, t = 0.5; halving <= HALVINGS; halving++, t /= 2) {
    between.h.forEach((_, r) => {
      between.h[r] = from.h[r] + t * (to.h[r] - from.h[r]);
    });
    between.mu.forEach((_, p) => {
      between.mu[p] = from.mu[p] + t * (to.mu[p] - from.mu[p]);
    });
    if (rise(problem, from, between) <= 0) {
      h.set(between.h);
      return;
    }
  }
}

/** The largest step that a coordinate of h can still take, for each. */
export function openSteps(problem: LineProblem, h: Float64Array): Float64Array {
  const at = stateOf(problem, h);
  const open = new Float64Array(h.length);
  const bent = bend(problem, at);
  for (let r = 0; r < h.length; r++) open[r] = Math.abs(landing(problem, h, r, sumsAt(problem, bent, r)) - h[r]);
  return open;
}

/** Slope and curvature of the data in each coordinate of h. */
export function bendsOf(problem: LineProblem, h: Float64Array): readonly Sums[] {
  const bent = bend(problem, stateOf(problem, h));
  return Array.from(h, (_, r) => sumsAt(problem, bent, r));
}

/** A column and its estimates. */
interface Place {
  readonly h: Float64Array;
  readonly mu: Float64Array;
}

interface Begun extends Place {
  /** ω, times 1 − τ at zeros. */
  readonly weight: Float64Array;
}

function stateOf({ partner, line, model }: LineProblem, h: Float64Array): Begun {
  const k = partner.rows;
  const mu = new Float64Array(line.at.length);
  for (let p = 0; p < mu.length; p++) for (let r = 0; r < k; r++) mu[p] += partner.data[line.at[p] * k + r] * h[r];
  const weight =
    model.loss.zeroInflation === null
      ? line.weight
      : line.weight.map((own, p) => own * model.share(line.x[p], mu[p], line.at[p]));
  return { h: h.slice(), mu, weight };
}

/** Slopes and curvatures of all entries, each times its weight. */
interface Bent {
  readonly slope: Float64Array;
  readonly curvature: Float64Array;
}

function bend({ line, model }: LineProblem, { mu, weight }: Begun): Bent {
  if (model.loss.name === 'mae') return bendSizes(line, mu, model.loss.floor);
  return {
    slope: mu.map((own, p) => weight[p] * model.slope(line.x[p], own, line.at[p])),
    curvature: mu.map((own, p) => weight[p] * model.curvature(line.x[p], own, line.at[p])),
  };
}

/**
 * Of |r|: residuals smaller than a tenth of the line's mean weigh as if they were that, else the first that happens to vanish
 * would hold the column where it is.
 */
function bendSizes({ x, weight }: Line, mu: Float64Array, floor: number): Bent {
  const sizes = mu.map((own, p) => Math.abs(own - x[p]));
  let [sum, all] = [0, 0];
  sizes.forEach((size, p) => {
    sum += weight[p] * size;
    all += weight[p];
  });
  const least = Math.max(floor, (SMALL * sum) / all);
  const curvature = sizes.map((size, p) => weight[p] / Math.max(size, least));
  return { curvature, slope: curvature.map((c, p) => c * (mu[p] - x[p])) };
}

export interface Sums {
  readonly slope: number;
  readonly curvature: number;
}

function sumsAt({ partner, line }: LineProblem, { slope, curvature }: Bent, r: number): Sums {
  let [g, c] = [0, 0];
  for (let p = 0; p < slope.length; p++) {
    const w = partner.data[line.at[p] * partner.rows + r];
    g += slope[p] * w;
    c += curvature[p] * w * w;
  }
  return { slope: g, curvature: c };
}

/** Where coordinate r is best on the parabola of the entries and the penalties. */
function landing(
  { terms, added, bounds }: LineProblem,
  h: Float64Array,
  r: number,
  { slope, curvature }: Sums,
): number {
  const { ridge, linear, coupling } = terms;
  let g = slope - added[r] + ridge[r] * h[r];
  if (coupling !== null) for (let s = 0; s < h.length; s++) g += coupling[r * h.length + s] * h[s];
  const c = curvature + ridge[r];
  // A row that is dead has an infinite ridge.
  if (!Number.isFinite(c) || !Number.isFinite(g)) return h[r];
  if (c === 0) return bounds.nonneg && g + linear[r] > 0 ? 0 : h[r];
  const [u, t] = [h[r] - g / c, linear[r] / c];
  const to = Math.max(u - t, 0) + Math.min(u + t, 0);
  return Number.isFinite(to) ? Math.min(bounds.nonneg ? Math.max(to, 0) : to, bounds.upper) : h[r];
}

function move({ partner, line }: LineProblem, { h, mu }: Place, r: number, to: number): void {
  const step = to - h[r];
  if (step === 0) return;
  h[r] = to;
  for (let p = 0; p < mu.length; p++) mu[p] += step * partner.data[line.at[p] * partner.rows + r];
}

/** Cyclic Newton steps, slopes and curvatures anew at each coordinate (Hsieh & Dhillon 2011). Zeros: what is linear in them. */
function newton(problem: LineProblem, from: Begun, sweeps: number): Place {
  const { partner, line, model } = problem;
  const k = partner.rows;
  const { base, above } = zerosApart(problem, from);
  const [h, mu] = [from.h.slice(), from.mu.slice()];
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let r = 0; r < k; r++) {
      let [slope, curvature] = [base[r], 0];
      for (const p of above) {
        const w = partner.data[line.at[p] * k + r];
        if (w === 0) continue;
        const own = model.slope(line.x[p], mu[p], line.at[p]) - model.slope(0, 0, line.at[p]);
        slope += line.weight[p] * own * w;
        curvature += line.weight[p] * model.curvature(line.x[p], mu[p], line.at[p]) * w * w;
      }
      move(problem, { h, mu }, r, landing(problem, h, r, { slope, curvature }));
    }
  }
  return { h, mu };
}

/** Σ ω·ℓ'(0)·w_r over the line, and which of its entries are above zero. */
function zerosApart({ partner, line, model }: LineProblem, { weight }: Begun) {
  const k = partner.rows;
  const base = new Float64Array(k);
  line.at.forEach((at, p) => {
    const slope = weight[p] * model.slope(0, 0, at);
    for (let r = 0; r < k; r++) base[r] += slope * partner.data[at * k + r];
  });
  const above = line.at.map((_, p) => p).filter((p) => line.x[p] > 0);
  return { base, above };
}

/** Cyclic coordinate sweeps on the parabolas at the start. */
function swept(problem: LineProblem, from: Begun, sweeps: number): Place {
  const [h, mu] = [from.h.slice(), from.mu.slice()];
  const bent = bend(problem, from);
  const slope = bent.slope.slice();
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let r = 0; r < h.length; r++) {
      for (let p = 0; p < mu.length; p++) slope[p] = bent.slope[p] + bent.curvature[p] * (mu[p] - from.mu[p]);
      move(problem, { h, mu }, r, landing(problem, h, r, sumsAt(problem, { ...bent, slope }, r)));
    }
  }
  return { h, mu };
}

/**
 * A multiplicative update (Lee & Seung 2001): where no entry of a column is below zero, −log(Σ w·h) lies below
 * −Σ α·log(w·h/α), α the shares of the present, which holds each coordinate by itself; a ridge makes its zero a quadratic
 * equation's, and a coupling is met by 2·h_r·h_s ≤ h_r²·h̃_s/h̃_r + h_s²·h̃_r/h̃_s.
 */
function multiplied(problem: LineProblem, from: Begun): Place {
  const { partner, line, model, terms, added, bounds } = problem;
  const k = partner.rows;
  const { base, above } = zerosApart(problem, from);
  const up = new Float64Array(k);
  for (const p of above) {
    const at = line.at[p];
    const pull = line.weight[p] * (model.slope(0, 0, at) - model.slope(line.x[p], from.mu[p], at));
    for (let r = 0; r < k; r++) up[r] += pull * partner.data[at * k + r];
  }
  const h = from.h.map((own, r) => {
    if (own === 0 || !Number.isFinite(terms.ridge[r])) return own;
    let ridge = terms.ridge[r];
    if (terms.coupling !== null) for (let s = 0; s < k; s++) ridge += (terms.coupling[r * k + s] * from.h[s]) / own;
    const b = base[r] + terms.linear[r] - added[r];
    const root = Math.sqrt(b * b + 4 * ridge * up[r] * own);
    const to =
      b >= 0 ? (2 * up[r] * own) / Math.max(b + root, Number.MIN_VALUE) : ridge > 0 ? (root - b) / (2 * ridge) : own;
    return Math.min(to, bounds.upper);
  });
  return { h, mu: stateOf(problem, h).mu };
}

/** How much higher what is minimised is at `to`; for convex losses a bound from above, where that isn't above zero. */
function rise(problem: LineProblem, from: Place, to: Place): number {
  const { line, model } = problem;
  const penalties = penaltyRise(problem, from.h, to.h);
  const { name, floor, zeroInflation } = model.loss;
  const signed = name === 'huber' || name === 'mae';
  if (zeroInflation === null && (signed || isLinearAtZero(model.loss))) {
    let bound = penalties;
    for (let p = 0; p < line.x.length; p++) {
      const least = signed ? Number.NEGATIVE_INFINITY : line.x[p] > 0 ? floor : 0;
      const step = Math.max(to.mu[p], least) - Math.max(from.mu[p], least);
      const slope = name === 'mae' ? Math.sign(to.mu[p] - line.x[p]) : model.slope(line.x[p], to.mu[p], line.at[p]);
      bound += line.weight[p] * slope * step;
    }
    if (bound <= 0) return bound;
  }
  let sum = penalties;
  for (let p = 0; p < line.x.length; p++) {
    const [x, at] = [line.x[p], line.at[p]];
    sum += line.weight[p] * (model.value(x, to.mu[p], at) - model.value(x, from.mu[p], at));
  }
  return Number.isNaN(sum) ? Number.POSITIVE_INFINITY : sum;
}

/** From the difference itself: exact where the two are near. */
function penaltyRise({ terms: { ridge, linear, coupling }, added }: LineProblem, from: Float64Array, to: Float64Array) {
  let sum = 0;
  for (let r = 0; r < from.length; r++) {
    const step = to[r] - from[r];
    if (step === 0) continue;
    sum += step * (0.5 * ridge[r] * (to[r] + from[r]) - added[r]) + linear[r] * (Math.abs(to[r]) - Math.abs(from[r]));
    if (coupling === null) continue;
    for (let s = 0; s < from.length; s++) sum += 0.5 * step * coupling[r * from.length + s] * (to[s] + from[s]);
  }
  return sum;
}
