/** The logarithm of Γ and its derivatives, for x > 0. */

/** Above this the asymptotic series are exact to rounding; below it x is stepped up, by Γ(x + 1) = x·Γ(x). */
const FAR = 12;
/** ½·log 2π */
const HALF_LOG_2PI = 0.9189385332046728;

/** Bernoulli's numbers B₂, B₄, … B₁₆. */
const BERNOULLI = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510];

/** Σ by[n]·z^n, n = 0, 1, …. */
const series = (z: number, by: readonly number[]): number => by.reduceRight((sum, b) => sum * z + b, 0);

const FOR_LOG_GAMMA = BERNOULLI.map((b, n) => b / ((2 * n + 2) * (2 * n + 1)));
const FOR_DIGAMMA = BERNOULLI.map((b, n) => b / (2 * n + 2));

/**
 * log Γ(x), x > 0, by Stirling's series (Abramowitz & Stegun 1964, 6.1.41): to about 10⁻¹⁵, absolutely where the value is
 * small and relatively where it is large. NaN below zero, infinite at it.
 */
export function logGamma(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  if (x === 1 || x === 2) return 0;
  if (x > 1e17) return x * (Math.log(x) - 1);
  let [at, product] = [x, 1];
  while (at < FAR) product *= at++;
  return (at - 0.5) * Math.log(at) - at + HALF_LOG_2PI + series(1 / (at * at), FOR_LOG_GAMMA) / at - Math.log(product);
}

/** ψ(x) = d log Γ(x) / dx, x > 0 (Abramowitz & Stegun 1964, 6.3.18). */
export function digamma(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  let [at, sum] = [x, 0];
  while (at < FAR) sum -= 1 / at++;
  const z = 1 / (at * at);
  return sum + Math.log(at) - 0.5 / at - z * series(z, FOR_DIGAMMA);
}

/** ψ′(x), x > 0 (Abramowitz & Stegun 1964, 6.4.12). */
export function trigamma(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.POSITIVE_INFINITY : Number.NaN;
  let [at, sum] = [x, 0];
  while (at < FAR) sum += 1 / (at++) ** 2;
  const z = 1 / (at * at);
  return sum + 1 / at + z / 2 + (z / at) * series(z, BERNOULLI);
}
