/**
 * How far an estimate is from an entry: the losses of NMF layers, their words and what each is of one entry.
 *
 * x is an entry, μ = (WH)_ij ≥ 0 its estimate, V the variance that the loss supposes for a mean of μ, d(x, μ) ≥ 0 the unit
 * deviance, ℓ = ½d. What is minimised is Σ ω·ℓ + κ·penalties; a loss that is reported is Σ ω·d / entries.
 *
 *   mse               ℓ = ½(x − μ)²                                           V = 1
 *   kl                x·log(x/μ) − x + μ                                      V = μ        (Poisson; Lee & Seung 2001)
 *   gamma             x/μ − 1 − log(x/μ)                                      V = μ²       (Itakura–Saito)
 *   inverse-gaussian  (x − μ)² / (2xμ²)                                       V = μ³
 *   tweedie, p ≥ 1    ∫ from x to μ of (m − x)·m⁻ᵖ dm                         V = μᵖ       (Jørgensen 1987); p = 1, 2, 3: those
 *   nb, size r        x·log(x/μ) − (x + r)·log((x + r)/(μ + r))               V = μ + μ²/r (negative binomial)
 *   gp, θ             L(λ) − L(λ*), L = λ − log λ − (x − 1)·log(λ + θx)       V = μ/(1 − θ)² (Consul & Jain 1973)
 *   huber, δ          ½r², |r| ≤ δ; δ|r| − ½δ² beyond, r = x − μ              V = 1        (Huber 1964)
 *   mae               |r|, and d = ℓ                                          V = mean |x|
 *
 * For gp λ = (1 − θ)μ, and λ* = ½((1 − θ)x + √((1 − θ)²x² + 4θx)) is where L is lowest; ℓ = λ at x = 0. Where x > 0 and a
 * loss needs μ > 0, estimates below the floor ε count as ε; where x = 0 those below 0 count as 0.
 */

import {
  generalizedPoisson,
  generalizedPoissonBest,
  negativeBinomial,
  negativeBinomialBest,
  tweedie,
} from './loss-values.js';

/** Losses that have no parameter of their own, or one that is estimated unless it is given. */
export type PlainLoss = 'mse' | 'kl' | 'gamma' | 'inverse-gaussian' | 'nb' | 'gp' | 'mae';
export type LossName = PlainLoss | 'tweedie' | 'huber';
/** What a kernel is told by name; where it is told of no loss it minimises squares. */
export type KernelLossName = Exclude<LossName, 'mse'>;

/** Whether there is one for all entries, one for each row (feature), or one for each column (sample). */
export type By = 'global' | 'row' | 'column';

/** Estimated, one for all or for each row or column; or given: one number, or one for each row or column. */
export type LossParameter = By | number | { readonly row: ArrayLike<number> } | { readonly column: ArrayLike<number> };

/** Losses of counts that vary more than Poisson's. */
export interface CountLoss {
  readonly name: 'nb' | 'gp';
  /**
   * nb: the size r > 0, V = μ + μ²/r; gp: θ in [0, 1), V = μ/(1 − θ)². Estimated by maximum likelihood, 'global' (default:
   * one number), by 'row' (feature) or by 'column' (sample); or given.
   */
  readonly dispersion?: LossParameter | undefined;
  /**
   * π in [0, 1), the chance of a zero that the counts have nothing to do with: P(0) = π + (1 − π)·p(0). Estimated 'global', by
   * 'row' or by 'column', or given. Default: none.
   */
  readonly zeroInflation?: LossParameter | undefined;
}

/** The loss of an NMF layer: a name, or a name with parameters. */
export type LossOption =
  | PlainLoss
  | { readonly name: Exclude<PlainLoss, CountLoss['name']> }
  /** p ≥ 1, V = μᵖ: 1 is kl, 2 gamma, 3 inverse-gaussian; between 1 and 2 zeros have a chance of their own. */
  | { readonly name: 'tweedie'; readonly power: number }
  /** δ > 0, in units of the data: residuals beyond count as their size, not as their square. */
  | { readonly name: 'huber'; readonly delta: number }
  | CountLoss;

/** Everything a kernel needs to know of a loss. */
export interface KernelLoss {
  readonly name: KernelLossName;
  /** p of tweedie, else 0. */
  readonly power: number;
  /** δ of huber, else 0. */
  readonly delta: number;
  /** ε > 0: 1e-6 of the mean of |x|; for mae residuals smaller than it weigh as if they were ε. */
  readonly floor: number;
  /** κ > 0: what penalties are multiplied by, `penaltyScale` of that mean. */
  readonly penalties: number;
  /** r of nb, θ of gp; else null. */
  readonly dispersion: KernelParameter | null;
  /** π, of nb and gp alone; null: no zero inflation. */
  readonly zeroInflation: KernelParameter | null;
}

export interface KernelParameter {
  readonly by: By;
  /** One; one for each feature; or one for each sample. Where it is estimated, the values that estimation begins from. */
  readonly values: Float64Array;
  readonly estimate: boolean;
}

/** Where parameters that are estimated begin, and the bounds they stay within. */
export const ESTIMATED = {
  nb: { from: 10, least: 1e-4, most: 1e7 },
  gp: { from: 0.1, least: 0, most: 0.99 },
  zeroInflation: { from: 0.1, least: 0, most: 0.99 },
} as const;

/** Part of the mean of the data below which no estimate of what is above zero counts. */
export const FLOOR = 1e-6;

/** p of those of the family V = μᵖ, else null. */
export function powerOf({ name, power }: Pick<KernelLoss, 'name' | 'power'>): number | null {
  if (name === 'tweedie') return power;
  return name === 'kl' ? 1 : name === 'gamma' ? 2 : name === 'inverse-gaussian' ? 3 : null;
}

/**
 * Whether ℓ is linear in μ at x = 0 and convex elsewhere: zeros then enter through sums of the partner alone, and
 * coordinate steps take ℓ' and ℓ'' anew at each coordinate.
 */
export const isLinearAtZero = (loss: Pick<KernelLoss, 'name' | 'power'>): boolean =>
  loss.name === 'gp' || powerOf(loss) === 1;

/** Whether estimates must be above zero, so that neither factor may be negative. */
export const needsPositive = ({ name }: { readonly name: LossName }): boolean =>
  name !== 'mse' && name !== 'huber' && name !== 'mae';

/** What of a loss decides which data it takes, and what J is. */
export interface LossShape extends Pick<KernelLoss, 'name' | 'power'> {
  readonly dispersion: { readonly estimate: boolean } | null;
  readonly zeroInflation: { readonly estimate: boolean } | null;
}

/** Whether J holds every constant of the likelihood: where parameters are estimated, or zeros are inflated. */
export const isLikelihood = ({ dispersion, zeroInflation }: LossShape): boolean =>
  dispersion?.estimate === true || zeroInflation !== null;

/** What entries must be, to be read after "must be"; null where all numbers will do. */
export function domainOf(loss: LossShape): Domain | null {
  if (!needsPositive(loss)) return null;
  const power = powerOf(loss);
  if (power !== null) return power < 2 ? NOT_NEGATIVE : POSITIVE;
  return loss.name === 'gp' || isLikelihood(loss) ? WHOLE : NOT_NEGATIVE;
}

export interface Domain {
  readonly rule: string;
  /** Losses that take what this one doesn't. */
  readonly cure: string;
  readonly holds: (x: number) => boolean;
}

const ANY = "or loss 'mse', which takes all numbers";
const NOT_NEGATIVE: Domain = {
  rule: 'at least 0',
  cure: "use loss 'mse' or 'mae', which take all numbers",
  holds: (x) => x >= 0,
};
const POSITIVE: Domain = {
  rule: 'above 0',
  cure: `use loss { name: 'tweedie', power: 1.5 }, which takes zeros, ${ANY}`,
  holds: (x) => x > 0,
};
const WHOLE: Domain = {
  rule: 'whole numbers, at least 0',
  cure: `use loss 'kl', which takes all numbers from 0 on, ${ANY}`,
  holds: (x) => x >= 0 && Number.isInteger(x),
};

/** V of a mean, with the dispersion's value; of mae, whose unit is another, the mean itself. */
export function variance(loss: Pick<KernelLoss, 'name' | 'power'>, mean: number, dispersion: number): number {
  const power = powerOf(loss);
  if (power !== null) return mean ** power;
  if (loss.name === 'nb') return mean + (mean * mean) / dispersion;
  if (loss.name === 'gp') return mean / (1 - dispersion) ** 2;
  return loss.name === 'mae' ? mean : 1;
}

/** κ: one λ of a penalty then means about the same for each loss. `mean` is that of |x|, of what is known. */
export const penaltyScale = (loss: Pick<KernelLoss, 'name' | 'power'>, mean: number, dispersion: number): number =>
  mean > 0 ? 1 / variance(loss, mean, dispersion) : 1;

/** A loss of one entry; `dispersion` is that of the entry, 0 where the loss has none. */
export interface EntryLoss {
  /** ℓ(x, μ) */
  value(x: number, mu: number, dispersion: number): number;
  /** dℓ/dμ */
  slope(x: number, mu: number, dispersion: number): number;
  /**
   * Of a parabola for a step from μ, ≥ 0. kl and gp: ℓ''. tweedie and nb: max(x/μ, 1)/V, which on average is Fisher's 1/V,
   * and 0 where x = 0, as ℓ is not convex there. huber: min(1, δ/|r|), mae: 1/|r|, whose parabolas lie above ℓ.
   */
  curvature(x: number, mu: number, dispersion: number): number;
}

/** Where x = 0 slopes that are infinite at μ = 0 are taken at this part of the floor. */
const NEAR_ZERO = 1e-6;

/** The definitions above, in forms that keep their digits where μ is near x. */
export function entryLoss(loss: KernelLoss): EntryLoss {
  const { name, delta, floor } = loss;
  const power = powerOf(loss);
  /** The estimate that counts. */
  const at = (x: number, mu: number) => Math.max(mu, x > 0 ? floor : 0);
  const inside = (x: number, mu: number) => Math.max(mu, x > 0 ? floor : NEAR_ZERO * floor);
  if (power === 1)
    return {
      value: (x, mu) => tweedie(1, x, at(x, mu)),
      slope: (x, mu) => (x > 0 ? 1 - x / at(x, mu) : 1),
      curvature: (x, mu) => (x > 0 ? x / at(x, mu) ** 2 : 0),
    };
  if (power !== null)
    return {
      value: (x, mu) => tweedie(power, x, at(x, mu)),
      slope: (x, mu) => (inside(x, mu) - x) / inside(x, mu) ** power,
      curvature: (x, mu) => (x > 0 ? Math.max(x / at(x, mu), 1) / at(x, mu) ** power : 0),
    };
  if (name === 'nb')
    return {
      value: (x, mu, r) => negativeBinomial(x, at(x, mu), r),
      slope: (x, mu, r) => (x > 0 ? 1 - x / at(x, mu) : 1) / (1 + at(x, mu) / r),
      curvature: (x, mu, r) => {
        const m = at(x, mu);
        return x > 0 ? Math.max(x / m, 1) / (m * (1 + m / r)) : 0;
      },
    };
  if (name === 'gp')
    return {
      value: (x, mu, theta) => generalizedPoisson(x, at(x, mu), theta),
      slope: (x, mu, theta) => {
        if (x === 0) return 1 - theta;
        const lambda = (1 - theta) * at(x, mu);
        return (1 - theta) * (1 - 1 / lambda - (x - 1) / (lambda + theta * x));
      },
      curvature: (x, mu, theta) => {
        if (x === 0) return 0;
        const lambda = (1 - theta) * at(x, mu);
        return (1 - theta) ** 2 * (1 / lambda ** 2 + (x - 1) / (lambda + theta * x) ** 2);
      },
    };
  if (name === 'huber')
    return {
      value: (x, mu) => {
        const r = Math.abs(x - mu);
        return r <= delta ? 0.5 * r * r : delta * (r - 0.5 * delta);
      },
      slope: (x, mu) => Math.min(Math.max(mu - x, -delta), delta),
      curvature: (x, mu) => (Math.abs(x - mu) <= delta ? 1 : delta / Math.abs(x - mu)),
    };
  return {
    value: (x, mu) => Math.abs(x - mu),
    slope: (x, mu) => Math.max(Math.min((mu - x) / floor, 1), -1),
    curvature: (x, mu) => 1 / Math.max(Math.abs(x - mu), floor),
  };
}

/** How many times ℓ a deviance is. */
export const deviancesPerLoss = ({ name }: Pick<KernelLoss, 'name'>): number => (name === 'mae' ? 1 : 2);

/**
 * With zero inflation ℓ(0, μ) = −log(π + (1 − π)·p₀), where p₀ = e^−ℓ₀ is the chance of a zero without: `zero` is ℓ₀. Its
 * slope and curvature are 1 − τ times those of ℓ₀, τ held.
 */
export function inflatedZero(zero: number, pi: number): number {
  if (pi === 0) return zero;
  const less = Math.expm1(-zero);
  return less > -0.5 ? -Math.log1p((1 - pi) * less) : -Math.log(pi + (1 - pi) * (1 + less));
}

/** 1 − τ = (1 − π)·p₀ / (π + (1 − π)·p₀), the chance that a zero has to do with the counts; small ones keep their digits. */
export function chanceOfOwn(zero: number, pi: number): number {
  if (pi === 0) return 1;
  const own = (1 - pi) * Math.exp(-zero);
  return own / (pi + own);
}

/**
 * What −log P(x) has beyond ℓ: without zero inflation that of the best estimate of x by itself, C(x) ≥ 0; with it 0 for a
 * zero, and C(x) − log(1 − π) else. Of nb and gp.
 */
export function beyondLoss({ name }: Pick<KernelLoss, 'name'>, x: number, dispersion: number, pi: number): number {
  if (x === 0) return 0;
  return (
    (name === 'nb' ? negativeBinomialBest(x, dispersion) : generalizedPoissonBest(x, dispersion)) - Math.log1p(-pi)
  );
}
