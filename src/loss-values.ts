import { trigamma } from './gamma-function.js';

/** Losses of one entry in forms that keep their digits where an estimate is near, and the constants of their likelihoods. */

/** Below this |u − 1| a function of u that is zero to second order at 1 is summed as a series. */
const NEAR = 0.01;
/** Terms of the series: 0.01¹⁰ is nothing beside the first. */
const TERMS = 9;

/**
 * ψ(x/μ) for ψ'' = u⁻ᵖ, ψ(1) = ψ'(1) = 0: the loss is μ²⁻ᵖ·ψ(x/μ). It is u·log u − u + 1 for p = 1, and u − 1 − log u for
 * p = 2. `delta` is x/μ − 1, as exact as the caller knows it; x and μ are above 0.
 */
function bowl(p: number, x: number, mu: number, delta: number): number {
  if (Math.abs(delta) < NEAR) {
    let [sum, term] = [0, delta * delta];
    for (let n = 0; n < TERMS; n++) {
      sum += term / ((n + 1) * (n + 2));
      term *= (delta * (-p - n)) / (n + 1);
    }
    return sum;
  }
  // What is small beside μ is nothing beside 1, but its logarithm is not.
  const log = delta < -0.5 ? Math.log(x) - Math.log(mu) : Math.log1p(delta);
  const ratio = delta < -0.5 ? x / mu : 1 + delta;
  const [s, t] = [p - 1, 2 - p];
  // (u^t − 1 − t(u − 1)) / (t(t − 1)), and by the smaller of s and t nothing is divided.
  const powerLess = (by: number) => (by === 0 ? log : Math.expm1(by * log) / by);
  if (Math.abs(t) <= Math.abs(s)) return (delta - powerLess(t)) / s;
  if (ratio === 0) return 1 / t;
  return (-ratio * (s === 0 ? -log : Math.expm1(-s * log) / s) - delta) / t;
}

export const tweedie = (p: number, x: number, mu: number): number => {
  if (x === 0) return mu === 0 ? 0 : mu ** (2 - p) / (2 - p);
  return mu ** (2 - p) * bowl(p, x, mu, (x - mu) / mu);
};

export function negativeBinomial(x: number, mu: number, r: number): number {
  if (x === 0) return r * Math.log1p(mu / r);
  return mu * bowl(1, x, mu, (x - mu) / mu) - (mu + r) * bowl(1, x + r, mu + r, (x - mu) / (mu + r));
}

/** λ* */
const bestLambda = (x: number, theta: number): number => {
  const own = (1 - theta) * x;
  return 0.5 * (own + Math.sqrt(own * own + 4 * theta * x));
};

export function generalizedPoisson(x: number, mu: number, theta: number): number {
  const lambda = (1 - theta) * mu;
  if (x === 0) return lambda;
  const best = bestLambda(x, theta);
  // At λ* the slope is zero: only what is of second order is left.
  const apart = lambda - best;
  return (
    bowl(2, lambda, best, apart / best) +
    (x - 1) * bowl(2, lambda + theta * x, best + theta * x, apart / (best + theta * x))
  );
}

/** −log P(x) of the best estimate of x > 0: lgΓ(x + 1) − x·log x + r·log(1 + x/r) + Σ_{j<x} log((r + x)/(r + j)). */
export function negativeBinomialBest(x: number, r: number): number {
  return factorialLess(x) + r * Math.log1p(x / r) + risingLess(x, r);
}

/** −log P(x) of the best λ for x > 0: L(λ*) + θx + lgΓ(x + 1). */
export function generalizedPoissonBest(x: number, theta: number): number {
  const best = bestLambda(x, theta);
  const sum = best + theta * x;
  return sum - Math.log(best / x) - (x - 1) * Math.log(sum / x) + factorialLess(x);
}

/** Sums of at most so many terms are added up, longer ones are Stirling's. */
const ADDED = 32;

/** lgΓ(x + 1) − x·log x, of a whole x > 0. */
function factorialLess(x: number): number {
  if (x > ADDED) return 0.5 * Math.log(2 * Math.PI * x) - x + stirling(x);
  let sum = 0;
  for (let j = 1; j <= x; j++) sum += Math.log(j / x);
  return sum;
}

/** Σ_{0 ≤ j < x} log((r + x)/(r + j)), of a whole x. */
function risingLess(x: number, r: number): number {
  const first = Math.min(x, x > ADDED ? 8 : ADDED);
  let sum = 0;
  for (let j = 0; j < first; j++) sum += Math.log1p((x - j) / (r + j));
  if (first === x) return sum;
  const [rest, from] = [x - first, r + first];
  return sum + rest - (from - 0.5) * Math.log1p(rest / from) + stirling(from) - stirling(from + rest);
}

/** lgΓ(z) − (z − ½)·log z + z − ½·log 2π, for z ≥ 8: what is left of log Γ where its larger parts cancel. */
function stirling(z: number): number {
  const q = 1 / (z * z);
  return (1 / 12 - q * (1 / 360 - q * (1 / 1260 - q * (1 / 1680 - q * (1 / 1188 - (q * 691) / 360360))))) / z;
}

/** Derivatives of −log P(x) by log r of nb, or by θ of gp, the estimate standing still. */
export function byDispersion(name: string, x: number, mu: number, dispersion: number): Bend {
  return name === 'nb' ? bySize(x, mu, dispersion) : byTheta(x, mu, dispersion);
}

interface Bend {
  readonly slope: number;
  readonly curvature: number;
}

function bySize(x: number, mu: number, r: number): Bend {
  const { first, second } = reciprocals(x, r);
  const by = Math.log1p(mu / r) + (x - mu) / (r + mu) - first;
  const again = second - mu / (r * (r + mu)) - (x - mu) / (r + mu) ** 2;
  return { slope: r * by, curvature: r * (r * again + by) };
}

function byTheta(x: number, mu: number, theta: number): Bend {
  if (x === 0) return { slope: -mu, curvature: 0 };
  const sum = (1 - theta) * mu + theta * x;
  const apart = (x - mu) / sum;
  return {
    slope: 1 / (1 - theta) - (x - 1) * apart - mu + x,
    curvature: 1 / (1 - theta) ** 2 + (x - 1) * apart * apart,
  };
}

/** Σ_{0 ≤ j < x} 1/(r + j) and 1/(r + j)², of a whole x. */
function reciprocals(x: number, r: number): { readonly first: number; readonly second: number } {
  const added = Math.min(x, x > ADDED ? 8 : ADDED);
  let [first, second] = [0, 0];
  for (let j = 0; j < added; j++) {
    first += 1 / (r + j);
    second += 1 / (r + j) ** 2;
  }
  if (added === x) return { first, second };
  const [from, to] = [r + added, r + x];
  return {
    first: first + Math.log1p((x - added) / from) + digammaRest(to) - digammaRest(from),
    second: second + trigamma(from) - trigamma(to),
  };
}

/** ψ(z) − log z, for z ≥ 8: differences of ψ would lose the digits that large sizes leave. */
function digammaRest(z: number): number {
  const q = 1 / (z * z);
  return -1 / (2 * z) - q * (1 / 12 - q * (1 / 120 - q * (1 / 252 - q * (1 / 240 - q / 132))));
}
