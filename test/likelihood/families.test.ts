import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { logGamma } from '../../src/gamma-function.js';
import { erf } from '../../src/likelihood/erf.js';
import {
  type Family,
  gamma,
  huber,
  inverseGaussian,
  laplace,
  normal,
  poisson,
  tweedie,
} from '../../src/likelihood/families.js';
import { tallyOf } from '../../src/likelihood/tally.js';
import { saturatedTweedie } from '../../src/likelihood/tweedie.js';
import { dense, toCsc } from '../../src/matrix.js';

const tally = (values: readonly number[]) => tallyOf(dense(1, values.length, Float64Array.from(values)));
const sum = (list: readonly number[]) => list.reduce((a, b) => a + b, 0);

interface Known {
  readonly family: Family;
  readonly loss: (x: number, mu: number) => number;
  /** The density as text books have it. */
  readonly log: (x: number, mu: number, phi: number) => number;
  readonly data: fc.Arbitrary<number>;
}

const pause = async () => {};
const positive = fc.double({ min: 0.05, max: 20, noNaN: true });
const any = fc.double({ min: -20, max: 20, noNaN: true });
const huberLoss = (r: number) => (Math.abs(r) <= 1.5 ? 0.5 * r * r : 1.5 * Math.abs(r) - 1.125);

const KNOWN: Readonly<Record<string, Known>> = {
  normal: {
    family: normal,
    loss: (x, mu) => 0.5 * (x - mu) ** 2,
    log: (x, mu, phi) => -0.5 * Math.log(2 * Math.PI * phi) - (x - mu) ** 2 / (2 * phi),
    data: any,
  },
  laplace: {
    family: laplace,
    loss: (x, mu) => Math.abs(x - mu),
    log: (x, mu, phi) => -Math.log(2 * phi) - Math.abs(x - mu) / phi,
    data: any,
  },
  poisson: {
    family: poisson,
    loss: (x, mu) => (x > 0 ? x * Math.log(x / mu) : 0) - x + mu,
    log: (x, mu) => x * Math.log(mu) - mu - logGamma(x + 1),
    data: fc.nat(30),
  },
  gamma: {
    family: gamma,
    loss: (x, mu) => x / mu - 1 - Math.log(x / mu),
    log: (x, mu, phi) => {
      const a = 1 / phi;
      return a * Math.log(a / mu) + (a - 1) * Math.log(x) - (a * x) / mu - logGamma(a);
    },
    data: positive,
  },
  'inverse Gaussian': {
    family: inverseGaussian,
    loss: (x, mu) => (x - mu) ** 2 / (2 * x * mu * mu),
    log: (x, mu, phi) => -0.5 * Math.log(2 * Math.PI * phi * x ** 3) - (x - mu) ** 2 / (2 * phi * mu * mu * x),
    data: positive,
  },
  tweedie: {
    family: tweedie(1.5),
    loss: (x, mu) => 4 * Math.sqrt(x) * -1 + (2 * x) / Math.sqrt(mu) + 2 * Math.sqrt(mu),
    // Gamma sums of Poisson many terms: λ = μ^½/(φ/2), shape 1 each, scale φ·μ^½/2.
    log: (x, mu, phi) => {
      const [rate, scale] = [(2 * Math.sqrt(mu)) / phi, (phi * Math.sqrt(mu)) / 2];
      if (x === 0) return -rate;
      let density = 0;
      for (let n = 1; n < 400; n++)
        density += Math.exp(
          n * Math.log(rate) -
            rate -
            logGamma(n + 1) +
            (n - 1) * Math.log(x) -
            x / scale -
            logGamma(n) -
            n * Math.log(scale),
        );
      return Math.log(density);
    },
    data: fc.oneof(fc.constant(0), positive),
  },
};

describe.each(Object.entries(KNOWN))('%s', (name, { family, loss, log, data }) => {
  const pairs = fc
    .array(fc.tuple(data, positive), { minLength: 5, maxLength: 30 })
    .filter((list) => new Set(list.map(([x]) => x)).size > 2);
  const found = (list: readonly (readonly [number, number])[]) =>
    family(sum(list.map(([x, mu]) => loss(x, mu))) / list.length, tally(list.map(([x]) => x)), pause);

  it('is the sum of its log densities', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async (list) => {
        const { logLikelihood, dispersion } = await found(list);
        const direct = sum(list.map(([x, mu]) => log(x, mu, dispersion ?? 1)));
        expect(Math.abs(logLikelihood - direct)).toBeLessThanOrEqual(1e-8 * (1 + Math.abs(direct)));
      }),
      { numRuns: name === 'tweedie' ? 20 : 100 },
    );
  });

  it.skipIf(name === 'poisson')('is largest at its dispersion', async () => {
    await fc.assert(
      fc.asyncProperty(pairs, fc.constantFrom(0.9, 0.99, 1.01, 1.1), async (list, by) => {
        const { logLikelihood, dispersion } = await found(list);
        const beside = sum(list.map(([x, mu]) => log(x, mu, (dispersion ?? 1) * by)));
        expect(beside).toBeLessThanOrEqual(logLikelihood + 1e-9 * (1 + Math.abs(logLikelihood)));
      }),
      { numRuns: name === 'tweedie' ? 20 : 100 },
    );
  });
});

describe('estimates that are exact, or nearly so', () => {
  const data = tally([0.5, 2, 2, 7]);

  it('make densities infinite', async () => {
    for (const family of [normal, laplace, huber(1.5), gamma, inverseGaussian, tweedie(1.5)])
      expect(await family(0, data, pause)).toEqual({ logLikelihood: Number.POSITIVE_INFINITY, dispersion: 0 });
    expect((await poisson(0, data, pause)).logLikelihood).toBeLessThan(0);
    // Zeros that were expected have a chance of 1.
    expect((await tweedie(1.5)(0, tally([0, 0]), pause)).logLikelihood).toBe(0);
  });

  it.each([1e-3, 1e-5, 4e-5, 6e-5, 1e-8, 1e-20, 1e-200])('make gamma’s a normal one: mean ℓ %d', async (loss) => {
    const expected = -2 * (Math.log(2 * Math.PI * 2 * loss) + 1) - sum([0.5, 2, 2, 7].map(Math.log));
    const { logLikelihood, dispersion } = await gamma(loss, data, pause);
    expect(Math.abs(logLikelihood - expected)).toBeLessThan(2 * loss + 1e-9);
    expect((dispersion ?? 0) / (2 * loss)).toBeCloseTo(1, 2);
  });
});

describe('huber', () => {
  it('is a density, and largest at its dispersion', async () => {
    const residuals = [0.1, -0.4, 2.5, -3, 0.7, 1.4, -0.2, 8];
    const data = tally(residuals);
    const mean = sum(residuals.map(huberLoss)) / residuals.length;
    const { logLikelihood, dispersion } = await huber(1.5)(mean, data, pause);
    const phi = dispersion ?? Number.NaN;
    const step = 0.001;
    let mass = 0;
    for (let r = -200; r < 200; r += step) mass += step * Math.exp(-huberLoss(r) / phi);
    expect(logLikelihood).toBeCloseTo(sum(residuals.map((r) => -huberLoss(r) / phi - Math.log(mass))), 4);
    for (const by of [0.9, 1.1]) {
      let other = 0;
      for (let r = -200; r < 200; r += step) other += step * Math.exp(-huberLoss(r) / (phi * by));
      expect(sum(residuals.map((r) => -huberLoss(r) / (phi * by) - Math.log(other)))).toBeLessThan(logLikelihood);
    }
  });

  it('with a large δ is normal', async () => {
    const data = tally([1, 2, 3]);
    const [wide, plain] = [await huber(1e3)(0.7, data, pause), await normal(0.7, data, pause)];
    expect(wide.logLikelihood).toBeCloseTo(plain.logLikelihood, 6);
  });
});

describe('Tweedie’s density', () => {
  it.each([1.1, 1.5, 1.9])('has mass 1 with power %d', (power) => {
    const [mu, phi] = [2, 0.8];
    const saturated = saturatedTweedie(power, false);
    const loss = (x: number) =>
      x ** (2 - power) / ((1 - power) * (2 - power)) -
      (x * mu ** (1 - power)) / (1 - power) +
      mu ** (2 - power) / (2 - power);
    let mass = Math.exp(-(mu ** (2 - power)) / (2 - power) / phi);
    // In log x, where nothing is steep.
    const step = 0.001;
    for (let t = -40; t < 5; t += step) {
      const x = Math.exp(t);
      mass += step * x * Math.exp(saturated(x, phi) - loss(x) / phi);
    }
    expect(mass).toBeCloseTo(1, 3);
  });
});

describe('Tweedie’s series', () => {
  it.each([1.05, 1.3, 1.5, 1.8, 1.95])('between places where they are summed, power %d', (power) => {
    const [exact, quick] = [saturatedTweedie(power, false), saturatedTweedie(power, true)];
    for (let x = 1e-4; x < 1e4; x *= 1.73)
      for (const phi of [0.01, 0.7, 30]) {
        const expected = exact(x, phi);
        expect(Math.abs(quick(x, phi) - expected)).toBeLessThan(1e-8 * (1 + Math.abs(expected)));
      }
  });
});

describe('a tally', () => {
  it('counts what is known, alike in dense and sparse form', () => {
    const numbers = [0, 2, 2, -1, Number.NaN, 0, 3, 2];
    const matrix = dense(2, 4, Float64Array.from(numbers));
    const expected = { values: Float64Array.of(-1, 2, 3), counts: Float64Array.of(1, 3, 1), zeros: 2, entries: 7 };
    expect(tallyOf(matrix)).toEqual(expected);
    expect(tallyOf(toCsc(matrix))).toEqual(expected);
    const ratings = { ...toCsc(matrix), unlisted: 'missing' as const };
    expect(tallyOf(ratings)).toEqual({ ...expected, zeros: 0, entries: 5 });
  });
});

describe('erf', () => {
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.999, 0.9999777698314002],
    [3.5, 0.9999992569016276],
    [6, 1],
  ])('of %d', (x, value) => expect(erf(x)).toBeCloseTo(value, 12));
});
