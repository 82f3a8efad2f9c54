import { logGamma } from '../gamma-function.js';

/** Terms smaller than e to this, relatively to the largest, change nothing. */
const NEGLIGIBLE = -37;

/**
 * log f(x; μ = x, φ) of Tweedie's distribution with 1 < p < 2, for x > 0: −log x + log Σ_j W_j + what the exponent has at μ = x,
 *
 *   log W_j = j·log z − log j! − log Γ(−jα),   z = x^−α·(p − 1)^α / (φ^(1−α)·(2 − p)),   α = (2 − p) / (1 − p),
 *
 * summed from its largest term, near j = x^(2−p) / (φ(2 − p)), both ways (Dunn & Smyth 2005).
 */
export function saturatedTweedie(x: number, power: number, dispersion: number): number {
  const alpha = (2 - power) / (1 - power);
  const logZ =
    -alpha * Math.log(x) + alpha * Math.log(power - 1) - (1 - alpha) * Math.log(dispersion) - Math.log(2 - power);
  const term = (j: number) => j * logZ - logGamma(j + 1) - logGamma(-j * alpha);
  const grown = x ** (2 - power) / dispersion;
  const middle = Math.max(1, Math.round(grown / (2 - power)));
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
  return -Math.log(x) + largest + Math.log(sum) + grown / (1 - power) - grown / (2 - power);
}
