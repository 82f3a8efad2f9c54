import { GraphError } from '../errors.js';
import { mersenneTwister, STATE } from './mersenne-twister.js';
import { normalQuantile } from './normal-quantile.js';

/** Random numbers as R draws them after `set.seed(seed)`: each call goes on where the one before ended. */
export interface RRandom {
  /**
   * n numbers, uniform on (min, max): min + (max − min)·u, u a multiple of 2⁻³². Where max = min they are min, and nothing
   * is drawn.
   *
   * @param n Whole number ≥ 0.
   * @param min Finite; default 0.
   * @param max Finite, ≥ min; default 1.
   * @throws GraphError 'invalid-option'.
   */
  runif(n: number, min?: number, max?: number): Float64Array;
  /**
   * n numbers, normal with this mean and standard deviation: mean + sd·Φ⁻¹(u), two uniform numbers for each, together of 53
   * bits. Where sd = 0 they are the mean, and nothing is drawn.
   *
   * @param n Whole number ≥ 0.
   * @param mean Finite; default 0.
   * @param sd Finite, ≥ 0; default 1.
   * @throws GraphError 'invalid-option'.
   */
  rnorm(n: number, mean?: number, sd?: number): Float64Array;
}

/** The largest seed of R; the smallest is its negative. */
const LARGEST_SEED = 2 ** 31 - 1;
/** Congruential steps before the state is filled. */
const SCRAMBLING = 50;
/** What makes two uniform numbers one of more digits. */
const BIG = 2 ** 27;

/** Uniform numbers of (0, 1) as R draws them: what `runif` scales. A word of zero is half of 1/(2³² − 1). */
export function rUniforms(seed: number): () => number {
  let congruential = seed >>> 0;
  const step = () => {
    congruential = (Math.imul(69069, congruential) + 1) >>> 0;
    return congruential;
  };
  // R keeps the place in the state before it, so that one more is drawn.
  for (let p = 0; p <= SCRAMBLING; p++) step();
  const next = mersenneTwister(Uint32Array.from({ length: STATE }, step));
  return () => {
    const word = next();
    return word === 0 ? 0.5 / (2 ** 32 - 1) : word / 2 ** 32;
  };
}

/**
 * R's random numbers: what `set.seed(seed)` begins with R's default kinds, Mersenne Twister and inversion. `runif` gives the
 * same bits; `rnorm` the same digits but for the last of some, since logarithms differ in it from machine to machine.
 * Matrices of R are filled column by column, as ours are: `{ rows: 60, cols: 3, data: runif(180) }` is `matrix(runif(180), 60)`.
 *
 * @param seed Whole number from −2147483647 to 2147483647.
 * @returns A generator of its own; two of one seed draw the same.
 * @throws GraphError 'invalid-option' for another seed.
 * @example
 * const { runif } = rRandom(42);
 * const X = { rows: 60, cols: 3, data: runif(180, 0.1, 1) };
 */
export function rRandom(seed: number): RRandom {
  const rule = `a whole number from ${-LARGEST_SEED} to ${LARGEST_SEED}`;
  check('rRandom', 'seed', seed, Number.isInteger(seed) && Math.abs(seed) <= LARGEST_SEED, rule);
  const uniform = rUniforms(seed);
  const runif = (n: number, min = 0, max = 1) => {
    checkCount('runif', n);
    checkFinite('runif', 'min', min);
    checkFinite('runif', 'max', max);
    check('runif', 'max', max, Number.isFinite(max - min), 'a number whose distance from min is finite');
    check('runif', 'max', max, max >= min, `a finite number, at least min (${min})`);
    return drawn(n, () => (max === min ? min : min + (max - min) * uniform()));
  };
  const rnorm = (n: number, mean = 0, sd = 1) => {
    checkCount('rnorm', n);
    checkFinite('rnorm', 'mean', mean);
    check('rnorm', 'sd', sd, Number.isFinite(sd) && sd >= 0, 'a finite number, at least 0');
    return drawn(n, () => (sd === 0 ? mean : mean + sd * normal(uniform)));
  };
  return Object.freeze({ runif, rnorm });
}

function normal(uniform: () => number): number {
  const high = Math.floor(BIG * uniform());
  return normalQuantile((high + uniform()) / BIG);
}

function drawn(n: number, draw: () => number): Float64Array {
  const out = new Float64Array(n);
  for (let p = 0; p < n; p++) out[p] = draw();
  return out;
}

function check(of: string, option: string, got: unknown, holds: boolean, rule: string): void {
  if (!holds) throw new GraphError([{ code: 'invalid-option', of, option, rule, got, at: of }]);
}

const checkFinite = (of: string, option: string, got: number) =>
  check(of, option, got, Number.isFinite(got), 'a finite number');

const checkCount = (of: string, n: number) =>
  check(of, 'n', n, Number.isInteger(n) && n >= 0 && n < 2 ** 32, 'a whole number, at least 0');
