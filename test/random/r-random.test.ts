import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rRandom } from '../../src/index.js';
import { mersenneTwister, STATE } from '../../src/random/mersenne-twister.js';
import { normalQuantile } from '../../src/random/normal-quantile.js';
import { rUniforms } from '../../src/random/r-random.js';
import { expectFault, untyped } from '../support/faults.js';

/** Figures of R 4.2.2. */
const close = (a: number, b: number) => expect(Math.abs(a - b)).toBeLessThanOrEqual(1e-15 * Math.abs(b));
/** Depends on every number and its place. */
const hash = (values: Float64Array) => values.reduce((sum, x) => (Math.imul(sum, 31) + x * 2 ** 32) >>> 0, 0);

describe('mersenneTwister', () => {
  test('the ten thousandth word from the seed 5489 is that of the C++ standard', () => {
    const state = new Uint32Array(STATE);
    state[0] = 5489;
    for (let p = 1; p < STATE; p++) state[p] = Math.imul(1812433253, state[p - 1] ^ (state[p - 1] >>> 30)) + p;
    const next = mersenneTwister(state);
    for (let nth = 1; nth < 10_000; nth++) next();
    expect(next()).toBe(4123659995);
  });
});

describe('runif', () => {
  test('the numbers of R', () => {
    const { runif } = rRandom(42);
    expect([...runif(3)]).toEqual([0.9148060434963554, 0.9370754132978618, 0.2861395347863436]);
    expect(hash(rRandom(42).runif(5000))).toBe(1870010000);
  });

  test('of a negative seed, of the largest, and between bounds', () => {
    const below = rRandom(-7).runif(1000, -2, 5);
    expect([below[0], below[1], below[999]]).toEqual([0.285463989013806, 1.7790278191678226, 3.5222970731556416]);
    const last = rRandom(2147483647).runif(1000);
    expect([last[0], last[1], last[999]]).toEqual([0.6896674267482013, 0.9878751782234758, 0.7803007033653557]);
  });

  test('calls go on where the one before ended, and generators know nothing of each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
        fc.array(fc.nat(700), { minLength: 1, maxLength: 5 }),
        (seed, counts) => {
          const [one, other] = [rRandom(seed), rRandom(seed)];
          const parts = counts.flatMap((n) => [...one.runif(n)]);
          expect(parts).toEqual([...other.runif(parts.length)]);
          expect(parts.every((x) => x > 0 && x < 1)).toBe(true);
        },
      ),
    );
  });

  test('between equal bounds nothing is drawn', () => {
    const { runif } = rRandom(1);
    expect([...runif(3, 2, 2)]).toEqual([2, 2, 2]);
    expect([...runif(2)]).toEqual([...rRandom(1).runif(2)]);
    expect(runif(0)).toEqual(new Float64Array());
  });

  test('starts draw the same numbers', () => {
    const uniform = rUniforms(1301);
    expect(Float64Array.from({ length: 2000 }, uniform)).toEqual(rRandom(1301).runif(2000));
  });
});

describe('rnorm', () => {
  test('the numbers of R, to the last digit or the one before', () => {
    const drawn = rRandom(42).rnorm(20_000);
    for (const [at, expected] of [
      [0, 1.3709584471466685],
      [1, -0.5646981713960887],
      [2, 0.3631284113373392],
      [999, -0.4332143486111139],
      [4999, 0.4939701560304117],
      [19_999, 1.308849049588438],
    ])
      close(drawn[at], expected);
    close(Math.max(...drawn), 4.328091273852909);
    close(Math.min(...drawn), -4.0432763494616015);
    const weighed = drawn.reduce((sum, x, at) => sum + x * ((at % 7) + 1), 0);
    expect(weighed).toBeCloseTo(-586.440927471356, 9);
  });

  test('between runif, with a mean and a deviation; where that is zero nothing is drawn', () => {
    const { runif, rnorm } = rRandom(3);
    const all = [...runif(3), ...rnorm(3, 5, 2), ...runif(2, 3, 3), ...rnorm(2, 7, 0), ...runif(3)];
    [
      0.16804152633994818, 0.8075163990724832, 0.38494235137477517, 4.107643899086703, 5.529474443908784,
      3.9200139608276277, 3.0, 3.0, 7.0, 7.0, 0.6309792743995786, 0.5120158975478262, 0.5050239141564816,
    ].forEach((expected, at) => {
      close(all[at], expected);
    });
  });

  test('quantiles in the middle, at the sides and in the tails', () => {
    for (const [p, expected] of [
      [1e-300, -37.0470962993612],
      [1e-100, -21.27345356096532],
      [1e-20, -9.262340089798405],
      [1e-12, -7.034483825301132],
      [1e-5, -4.2648907939228256],
      [0.001, -3.090232306167813],
      [0.0749, -1.4402382675279632],
      [0.075, -1.4395314709384557],
      [0.0751, -1.4388253927525398],
      [0.3, -0.5244005127080407],
      [0.5, 0],
      [0.6, 0.2533471031357998],
      [0.925, 1.439531470938456],
      [0.9251, 1.4402382675279632],
      [0.999999, 4.753424308817089],
    ])
      close(normalQuantile(p), expected);
  });

  test('a quantile turns its sign with 1 − p, and rises with p', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 - 1 }), fc.integer({ min: 1, max: 2 ** 30 - 1 }), (a, b) => {
        const [p, q] = [a / 2 ** 30, b / 2 ** 30];
        expect(normalQuantile(1 - p)).toBe(-normalQuantile(p) + 0);
        if (p < q) expect(normalQuantile(p)).toBeLessThan(normalQuantile(q));
      }),
    );
  });
});

test.each([
  ['invalid-option', () => rRandom(1.5), { option: 'seed' }, /seed of rRandom must be a whole number from -2147483647/],
  ['invalid-option', () => rRandom(2 ** 31), { option: 'seed' }, /to 2147483647; got 2147483648/],
  ['invalid-option', () => untyped.rRandom('1'), { option: 'seed' }, /got '1'/],
  ['invalid-option', () => rRandom(1).runif(-1), { of: 'runif', option: 'n' }, /n of runif must be a whole number/],
  ['invalid-option', () => rRandom(1).runif(2, 0, Infinity), { option: 'max' }, /finite/],
  ['invalid-option', () => rRandom(1).runif(1, -1e308, 1e308), { option: 'max' }, /distance from min is finite/],
  ['invalid-option', () => rRandom(1).runif(2, 1, 0), { option: 'max' }, /at least min \(1\); got 0/],
  ['invalid-option', () => rRandom(1).rnorm(1, Number.NaN), { of: 'rnorm', option: 'mean' }, /finite number/],
  ['invalid-option', () => rRandom(1).rnorm(1, 0, -1), { option: 'sd' }, /at least 0; got -1/],
] as const)('%s', (...fault) => expectFault(fault));
