import { normalQuantile } from '../random/normal-quantile.js';
import { fillUniform } from '../runtime/rng.js';

/** n numbers, uniform on (0, 1); each stream of a seed is another list. */
export function uniforms(n: number, seed: number, stream: number): Float64Array {
  const out = new Float64Array(n);
  fillUniform(out, seed, stream);
  return out;
}

/** n numbers, exponential with mean 1: −ln u. */
export const exponentials = (n: number, seed: number, stream: number): Float64Array =>
  uniforms(n, seed, stream).map((u) => -Math.log(u));

/** Adds noise·mean·ε to numbers, ε standard normal, and makes those that come below 0 zero; without noise it leaves them. */
export function addNoise(numbers: Float64Array, noise: number, { seed, stream }: Draw): void {
  if (noise === 0) return;
  const deviation = noise * (numbers.reduce((sum, x) => sum + x, 0) / numbers.length);
  const draws = uniforms(numbers.length, seed, stream);
  for (let p = 0; p < numbers.length; p++) numbers[p] = Math.max(0, numbers[p] + deviation * normalQuantile(draws[p]));
}

export interface Draw {
  readonly seed: number;
  readonly stream: number;
}
