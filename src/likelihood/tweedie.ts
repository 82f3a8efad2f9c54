import { logGamma } from '../gamma-function.js';

/** Terms smaller than e to this, relatively to the largest, change nothing. */
const NEGLIGIBLE = -37;
/** From one place to the next where a series is summed, in log u: what is interpolated is off by some 10⁻¹¹ at power 1.5. */
const STEP = 0.01;

/**
 * log f(x; μ = x, φ) of Tweedie's distribution with 1 < p < 2, for x > 0: −log x + log Σ_j W_j + what the exponent has at μ = x,
 *
 *   log W_j = j·log z − log j! − log Γ(−jα),   z = x^−α·(p − 1)^α / (φ^(1−α)·(2 − p)),   α = (2 − p) / (1 − p),
 *
 * summed from its largest term, near j = x^(2−p) / (φ(2 − p)), both ways (Dunn & Smyth 2005). All but −log x is a function of
 * u = x^(2−p) / φ alone; with `interpolated` it is summed at a few places, and between them a cubic.
 */
export function saturatedTweedie(power: number, interpolated: boolean): (x: number, dispersion: number) => number {
  const at = (logU: number) => seriesOf(logU, power);
  // Near power 1 all is nearly counts of one size, and bends as often as these come.
  const value = interpolated ? cubic(at, STEP * Math.min(1, 2 * (power - 1))) : at;
  return (x, dispersion) => value((2 - power) * Math.log(x) - Math.log(dispersion)) - Math.log(x);
}

function seriesOf(logU: number, power: number): number {
  const alpha = (2 - power) / (1 - power);
  const u = Math.exp(logU);
  const logZ = (1 - alpha) * logU + alpha * Math.log(power - 1) - Math.log(2 - power);
  const term = (j: number) => j * logZ - logGamma(j + 1) - logGamma(-j * alpha);
  const middle = Math.max(1, Math.round(u / (2 - power)));
  const largest = term(middle);
  let sum = 1;
  for (let j = middle + 1; ; j++) {
    const rest = term(j) - largest;
    if (rest < NEGLIGIBLE) break;
    sum += Math.exp(rest);
  }
  for (let j = middle - 1; j >= 1; j--) {
    const rest = term(j) - largest;
    if (rest < NEGLIGIBLE) break;
    sum += Math.exp(rest);
  }
  return largest + Math.log(sum) + u / (1 - power) - u / (2 - power);
}

/** Lagrange's cubic through the four places around, each looked at once. */
function cubic(of: (x: number) => number, step: number): (x: number) => number {
  const known = new Map<number, number>();
  const at = (place: number): number => {
    const before = known.get(place);
    if (before !== undefined) return before;
    const value = of(place * step);
    known.set(place, value);
    return value;
  };
  return (x) => {
    const place = Math.floor(x / step);
    const t = x / step - place;
    const [a, b, c, d] = [at(place - 1), at(place), at(place + 1), at(place + 2)];
    return (
      (-t * (t - 1) * (t - 2) * a) / 6 +
      ((t + 1) * (t - 1) * (t - 2) * b) / 2 -
      ((t + 1) * t * (t - 2) * c) / 2 +
      ((t + 1) * t * (t - 1) * d) / 6
    );
  };
}
