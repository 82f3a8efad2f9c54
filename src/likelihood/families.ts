import { digamma, logGamma, trigamma } from '../gamma-function.js';
import { erf } from './erf.js';
import { maximise } from './maximise.js';
import { sumOver, type Tally } from './tally.js';
import { saturatedTweedie } from './tweedie.js';

/**
 * The log-likelihood of data given estimates, every constant included, for losses ℓ that are one less its value at the best
 * estimate: log f(x; μ, φ) = log f(x; x, φ) − ℓ(x, μ) / φ. So the data are needed only as a tally, and the estimates only by
 * their mean ℓ; φ, where there is one, is where the whole is largest.
 */
export interface Likelihood {
  readonly logLikelihood: number;
  /** φ, as `dispersion` of the family has it; null where there is none. */
  readonly dispersion: number | null;
}

/** Of a mean ℓ over all known entries. Where it takes long `pause` is waited for again and again. */
export type Family = (meanLoss: number, data: Tally, pause: () => Promise<void>) => Likelihood | Promise<Likelihood>;

/** Of a density where all estimates are exact. */
const EXACT: Likelihood = { logLikelihood: Number.POSITIVE_INFINITY, dispersion: 0 };

/** Normal errors, φ = σ² = 2·mean ℓ. */
export const normal: Family = (meanLoss, { entries }) => {
  const dispersion = 2 * meanLoss;
  return { logLikelihood: -0.5 * entries * (Math.log(2 * Math.PI * dispersion) + 1), dispersion };
};

/** Laplace's errors, f = e^(−|r|/φ) / 2φ, φ = mean |r|. */
export const laplace: Family = (meanLoss, { entries }) => ({
  logLikelihood: -entries * (Math.log(2 * meanLoss) + 1),
  dispersion: meanLoss,
});

/** Huber's errors, f = e^(−ℓ/φ) / Z(φ), normal within δ and Laplace's beyond (Huber 1964). */
export const huber =
  (delta: number): Family =>
  async (meanLoss, { entries }, pause) => {
    if (meanLoss === 0) return EXACT;
    const logLikelihood = (phi: number) => {
      const inside = Math.sqrt(2 * Math.PI * phi) * erf(delta / Math.sqrt(2 * phi));
      const outside = ((2 * phi) / delta) * Math.exp((-delta * delta) / (2 * phi));
      return entries * (-meanLoss / phi - Math.log(inside + outside));
    };
    // Between the scale of normal errors, 2ℓ, and that of Laplace's, where ℓ = φ.
    const { at, value } = await maximise(logLikelihood, meanLoss / 4, meanLoss * 4, pause);
    return { logLikelihood: value, dispersion: at };
  };

/** Poisson's counts: φ = 1. */
export const poisson: Family = (meanLoss, data) => ({
  logLikelihood: -meanLoss * data.entries + sumOver(data, (x) => x * Math.log(x) - x - logGamma(x + 1)),
  dispersion: null,
});

/** Gamma's, φ = 1 / shape: log a − ψ(a) = mean ℓ for the shape a. */
export const gamma: Family = (meanLoss, data) => {
  if (meanLoss === 0) return EXACT;
  const shape = shapeOf(meanLoss);
  // By Stirling's series where the terms are far larger than what is left of them.
  const best =
    shape > FAR
      ? 0.5 * Math.log(shape / (2 * Math.PI)) - 1 / (12 * shape)
      : shape * Math.log(shape) - logGamma(shape) - shape;
  return { logLikelihood: data.entries * (best - shape * meanLoss) - sumOver(data, Math.log), dispersion: 1 / shape };
};

/** Of a shape beyond which what is left out of Stirling's series is rounding. */
const FAR = 1e4;

/** Where log a − ψ(a), which falls from ∞ to 0, is y > 0: by Newton's steps in log a; far out of 1/2a + 1/12a² = y. */
function shapeOf(y: number): number {
  if (2 * FAR * y < 1) return (0.5 + Math.sqrt(0.25 + y / 3)) / (2 * y);
  let shape = (3 - y + Math.sqrt((y - 3) ** 2 + 24 * y)) / (12 * y);
  for (let step = 0; step < 20; step++) {
    const by = (Math.log(shape) - digamma(shape) - y) / (1 - shape * trigamma(shape));
    shape *= Math.exp(-by);
    if (Math.abs(by) < 1e-12) break;
  }
  return shape;
}

/** The inverse Gaussian's, φ = 1/λ = 2·mean ℓ. */
export const inverseGaussian: Family = (meanLoss, data) => {
  const dispersion = 2 * meanLoss;
  const each = -0.5 * (Math.log(2 * Math.PI * dispersion) + 1);
  return { logLikelihood: data.entries * each - 1.5 * sumOver(data, Math.log), dispersion };
};

/** So many numbers that series are interpolated. */
const MANY = 5000;

/** Tweedie's, 1 < p < 2. */
export const tweedie =
  (power: number): Family =>
  async (meanLoss, data, pause) => {
    // Zeros have a chance, which is 1 where they are expected.
    if (meanLoss === 0) return data.values.length > 0 ? EXACT : { logLikelihood: 0, dispersion: 0 };
    const saturated = saturatedTweedie(power, data.values.length > MANY);
    const logLikelihood = (phi: number) => -(meanLoss * data.entries) / phi + sumOver(data, (x) => saturated(x, phi));
    const guess = 2 * meanLoss;
    const { at, value } = await maximise(logLikelihood, guess / 100, guess * 100, pause);
    return { logLikelihood: value, dispersion: at };
  };
