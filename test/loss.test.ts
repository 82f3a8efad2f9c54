import { describe, expect, test } from 'vitest';
import {
  beyondLoss,
  chanceOfOwn,
  domainOf,
  entryLoss,
  inflatedZero,
  isLinearAtZero,
  type KernelLoss,
  penaltyScale,
  variance,
} from '../src/loss.js';
import { byDispersion } from '../src/loss-values.js';
import { given } from './support/losses.js';

const plain = { power: 0, delta: 0, floor: 1e-9, penalties: 1, dispersion: null, zeroInflation: null };
const loss = (own: Partial<KernelLoss> & Pick<KernelLoss, 'name'>): KernelLoss => ({ ...plain, ...own });

/** Each loss in the words of the textbook, with a dispersion. */
const TEXTBOOK: readonly (readonly [string, KernelLoss, number, (x: number, mu: number) => number])[] = [
  ['kl', loss({ name: 'kl' }), 0, (x, mu) => (x === 0 ? 0 : x * Math.log(x / mu)) - x + mu],
  ['gamma', loss({ name: 'gamma' }), 0, (x, mu) => x / mu - 1 - Math.log(x / mu)],
  ['inverse-gaussian', loss({ name: 'inverse-gaussian' }), 0, (x, mu) => (x - mu) ** 2 / (2 * x * mu * mu)],
  ...[1.2, 1.5, 1.9, 2.5, 4].map(
    (p) =>
      [
        `tweedie ${p}`,
        loss({ name: 'tweedie', power: p }),
        0,
        (x: number, mu: number) =>
          x ** (2 - p) / ((1 - p) * (2 - p)) - (x * mu ** (1 - p)) / (1 - p) + mu ** (2 - p) / (2 - p),
      ] as const,
  ),
  ...[0.3, 2, 1000].map(
    (r) =>
      [
        `nb ${r}`,
        loss({ name: 'nb', dispersion: given(r) }),
        r,
        (x: number, mu: number) => (x === 0 ? 0 : x * Math.log(x / mu)) - (x + r) * Math.log((x + r) / (mu + r)),
      ] as const,
  ),
  ...[0, 0.2, 0.8].map((theta) => {
    const L = (x: number, lambda: number) => lambda - Math.log(lambda) - (x - 1) * Math.log(lambda + theta * x);
    const best = (x: number) => 0.5 * ((1 - theta) * x + Math.sqrt(((1 - theta) * x) ** 2 + 4 * theta * x));
    const value = (x: number, mu: number) => (x === 0 ? (1 - theta) * mu : L(x, (1 - theta) * mu) - L(x, best(x)));
    return [`gp ${theta}`, loss({ name: 'gp', dispersion: given(theta) }), theta, value] as const;
  }),
  ['huber', loss({ name: 'huber', delta: 0.7 }), 0, (x, mu) => (Math.abs(x - mu) < 0.7 ? 0.5 * (x - mu) ** 2 : 0.7 * (Math.abs(x - mu) - 0.35))], // biome-ignore format: one thought
  ['mae', loss({ name: 'mae' }), 0, (x, mu) => Math.abs(x - mu)],
];

const MEANS = [1e-3, 0.1, 0.9, 1, 3.7, 40];

describe.each(TEXTBOOK)('%s', (_, own, dispersion, textbook) => {
  const entry = entryLoss(own);
  const data = [0, 1, 2, 7, 30].filter((x) => domainOf(own)?.holds(x) !== false);

  test('is what the textbook says, and never below zero', () => {
    for (const x of data) {
      for (const mu of [...MEANS, x * (1 + 1e-3), x * (1 - 1e-9), x].filter((each) => each > 0)) {
        const value = entry.value(x, mu, dispersion);
        expect(value).toBeGreaterThanOrEqual(0);
        const scale = 1 + x + Math.abs(textbook(1, 1e-3));
        expect(Math.abs(value - textbook(x, mu))).toBeLessThan(1e-10 * scale + 1e-9 * value);
      }
    }
  });

  test('its slope and its curvature are those of finite differences', () => {
    for (const x of data) {
      for (const mu of MEANS) {
        // Not across the kink of mae.
        if (own.name === 'mae' && Math.abs(x - mu) < 1e-3) continue;
        const step = 1e-5 * mu;
        const between = (of: (mu: number) => number) => (of(mu + step) - of(mu - step)) / (2 * step);
        const slope = entry.slope(x, mu, dispersion);
        const difference = between((m) => entry.value(x, m, dispersion));
        expect(Math.abs(slope - difference)).toBeLessThan(1e-5 * Math.abs(slope) + 1e-7);
        if (!isLinearAtZero(own)) continue;
        const curvature = entry.curvature(x, mu, dispersion);
        const bend = between((m) => entry.slope(x, m, dispersion));
        expect(Math.abs(curvature - bend)).toBeLessThan(1e-6 * curvature + 1e-9);
      }
    }
  });

  test('keeps its digits where the estimate is near', () => {
    for (const x of data.filter((each) => each > 0)) {
      if (own.name === 'gp' || own.name === 'mae') continue;
      const by = own.name === 'huber' ? 1 : variance(own, x, dispersion);
      for (const off of [1e-4, 1e-8, 1e-12]) {
        const value = entry.value(x, x * (1 + off), dispersion);
        expect((value * 2 * by) / (x * (1 + off) - x) ** 2).toBeCloseTo(1, 2);
      }
    }
  });

  test('an estimate of nothing of what is there is finite, and pushed up', () => {
    for (const x of data) {
      expect(Number.isFinite(entry.value(x, 0, dispersion))).toBe(true);
      expect(Number.isFinite(entry.slope(x, 0, dispersion))).toBe(true);
      if (x > 0) expect(entry.slope(x, 0, dispersion)).toBeLessThan(0);
      else expect(entry.slope(x, 0, dispersion)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('likelihoods', () => {
  const total = (own: KernelLoss, mu: number, dispersion: number, pi: number) => {
    const entry = entryLoss(own);
    let [sum, mean] = [0, 0];
    for (let x = 0; x < 4000; x++) {
      const value = entry.value(x, mu, dispersion);
      const p = Math.exp(-(x === 0 ? inflatedZero(value, pi) : value) - beyondLoss(own, x, dispersion, pi));
      sum += p;
      mean += x * p;
    }
    return { sum, mean };
  };

  test.each([
    ['nb', 0.4, 3],
    ['nb', 8, 30],
    ['nb', 1e6, 0.5],
    ['gp', 0, 4],
    ['gp', 0.3, 0.5],
    ['gp', 0.8, 12],
  ] as const)('of %s, %d, add up to one, with the mean they are of', (name, dispersion, mu) => {
    const own = loss({ name, dispersion: given(dispersion) });
    for (const pi of [0, 0.25]) {
      const { sum, mean } = total(own, mu, dispersion, pi);
      expect(sum).toBeCloseTo(1, 9);
      expect(mean / ((1 - pi) * mu)).toBeCloseTo(1, 6);
    }
  });

  test('derivatives by r and θ are those of finite differences, for small counts and large', () => {
    for (const [name, dispersion, from] of [
      ['nb', 0.4, 0.4],
      ['nb', 30, 30],
      ['gp', 0.2, 0.2],
      ['gp', 0.7, 0.7],
    ] as const) {
      const own = loss({ name, dispersion: given(dispersion) });
      const entry = entryLoss(own);
      for (const x of [0, 1, 5, 31, 33, 400]) {
        for (const mu of [0.5, 6, 90]) {
          const at = (t: number) => {
            const d = name === 'nb' ? from * Math.exp(t) : from + t;
            return entry.value(x, mu, d) + beyondLoss(own, x, d, 0);
          };
          const step = 1e-4;
          const { slope, curvature } = byDispersion(name, x, mu, dispersion);
          const size = 1 + Math.abs(slope) + Math.abs(curvature) + 1e-2 * at(0);
          expect(Math.abs(slope - (at(step) - at(-step)) / (2 * step)) / size).toBeLessThan(1e-5);
          expect(Math.abs(curvature - (at(step) - 2 * at(0) + at(-step)) / step ** 2) / size).toBeLessThan(1e-3);
        }
      }
    }
  });

  test('zeros of another kind: none, nearly all, and far from both', () => {
    expect(inflatedZero(3, 0)).toBe(3);
    expect(inflatedZero(1000, 0.25)).toBeCloseTo(-Math.log(0.25), 12);
    expect(inflatedZero(1e-12, 0.25)).toBeCloseTo(0.75e-12, 20);
    expect(chanceOfOwn(0, 0.25)).toBeCloseTo(0.75, 12);
    expect(chanceOfOwn(100, 0.25) / (3 * Math.exp(-100))).toBeCloseTo(1, 12);
    expect(chanceOfOwn(1000, 0.25)).toBe(0);
    expect(chanceOfOwn(1000, 0)).toBe(1);
  });
});

test('what is nothing beside its estimate is finite, and right', () => {
  for (const tiny of [1e-15, 1e-17, 1e-40, 1e-200, 1e-300]) {
    const log = Math.log(tiny);
    const value = (own: Parameters<typeof loss>[0]) => entryLoss(loss(own)).value(tiny, 1, 1);
    expect(value({ name: 'gamma' })).toBeCloseTo(tiny - 1 - log, 10);
    expect(value({ name: 'kl' })).toBeCloseTo(1 - tiny + tiny * log, 10);
    expect(value({ name: 'tweedie', power: 1.5 })).toBeCloseTo(2 - 4 * Math.sqrt(tiny) + 2 * tiny, 10);
    expect(value({ name: 'inverse-gaussian' }) * 2 * tiny).toBeCloseTo((1 - tiny) ** 2, 10);
  }
});

test('tweedie is what lies between and what it is at whole powers', () => {
  for (const [power, name] of [
    [1, 'kl'],
    [2, 'gamma'],
    [3, 'inverse-gaussian'],
  ] as const) {
    const [one, other] = [entryLoss(loss({ name })), entryLoss(loss({ name: 'tweedie', power }))];
    const near = entryLoss(loss({ name: 'tweedie', power: power + 1e-9 }));
    for (const x of [1, 4]) {
      for (const mu of MEANS) {
        expect(other.value(x, mu, 0)).toBe(one.value(x, mu, 0));
        expect(other.slope(x, mu, 0)).toBe(one.slope(x, mu, 0));
        if (x !== mu) expect(near.value(x, mu, 0) / one.value(x, mu, 0)).toBeCloseTo(1, 6);
      }
    }
  }
});

test('penalties weigh as much as a loss bends at the mean of the data', () => {
  expect(penaltyScale({ name: 'kl', power: 0 }, 4, 0)).toBe(0.25);
  expect(penaltyScale({ name: 'gamma', power: 0 }, 4, 0)).toBe(1 / 16);
  expect(penaltyScale({ name: 'nb', power: 0 }, 4, 2)).toBe(1 / 12);
  expect(penaltyScale({ name: 'gp', power: 0 }, 4, 0.5)).toBe(1 / 16);
  expect(penaltyScale({ name: 'huber', power: 0 }, 4, 0)).toBe(1);
  expect(penaltyScale({ name: 'mae', power: 0 }, 4, 0)).toBe(0.25);
  expect(penaltyScale({ name: 'kl', power: 0 }, 0, 0)).toBe(1);
});
