import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mainEffects } from '../../src/viz/main-effects.js';
import { uniform } from '../support/matrices.js';

const names = ['a', 'b'];
const number = fc.double({ min: -5, max: 5, noNaN: true });
const effects = fc.array(number, { minLength: 2, maxLength: 5 });
const gridOf = (a: readonly number[], b: readonly number[], loss: (i: number, j: number) => number) =>
  a.flatMap((_, i) => b.map((__, j) => ({ params: { a: i, b: `v${j}` }, loss: loss(i, j) })));
const variance = (list: readonly number[]) => {
  const mean = list.reduce((sum, x) => sum + x, 0) / list.length;
  return list.reduce((sum, x) => sum + (x - mean) ** 2, 0) / list.length;
};

test('over a grid a sum of effects is shared out by their variances, and nothing is left', () => {
  fc.assert(
    fc.property(effects, effects, (a, b) => {
      fc.pre(variance(a) + variance(b) > 1e-3);
      const { shares, rest, exact } = mainEffects(
        gridOf(a, b, (i, j) => a[i] + b[j] + 3),
        names,
      );
      const whole = variance(a) + variance(b);
      expect(exact).toBe(true);
      expect(shares.a).toBeCloseTo(variance(a) / whole, 8);
      expect(shares.b).toBeCloseTo(variance(b) / whole, 8);
      expect(rest).toBeCloseTo(0, 8);
    }),
  );
});

test('what is neither of one nor of the other is left; units and the order of points do not matter', () => {
  const sign = (i: number) => (i % 2 === 0 ? 1 : -1);
  const points = gridOf([0, 1], [0, 1], (i, j) => sign(i) * sign(j) + 2);
  expect(mainEffects(points, names)).toEqual({ shares: { a: 0, b: 0 }, rest: 1, exact: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 6, maxLength: 6 }), (losses) => {
      fc.pre(variance(losses) > 1e-3);
      const own = gridOf([0, 1, 2], [0, 1], (i, j) => losses[2 * i + j]);
      const { shares, rest } = mainEffects(own, names);
      expect(shares.a + shares.b + rest).toBeCloseTo(1, 10);
      const other = mainEffects([...own].reverse().map((point) => ({ ...point, loss: 7 * point.loss - 1 })), names); // biome-ignore format: one call
      expect(other.shares.a).toBeCloseTo(shares.a, 8);
      expect(other.shares.b).toBeCloseTo(shares.b, 8);
    }),
  );
});

test('equal losses are no variance', () => {
  expect(mainEffects(gridOf([0, 1], [0, 1], () => 0.1 + 0.2), names)).toEqual({ shares: { a: 0, b: 0 }, rest: 0, exact: true }); // biome-ignore format: one call
});

test('points that were drawn give an estimate of the same, and of chance none', () => {
  const n = 2000;
  const U = uniform(3, n, 1).data;
  const points = Array.from({ length: n }, (_, p) => {
    const [a, b, c] = U.subarray(3 * p, 3 * p + 3);
    const word = ['x', 'y', 'z'][Math.floor(3 * c)];
    return { params: { a, b, word }, loss: 3 * a + b ** 2 };
  });
  const { shares, rest, exact } = mainEffects(points, ['a', 'b', 'word']);
  // 9/12 of a, 4/45 of b².
  const whole = 9 / 12 + 4 / 45;
  expect(exact).toBe(false);
  expect(Math.abs(shares.a - 9 / 12 / whole)).toBeLessThan(0.03);
  expect(Math.abs(shares.b - 4 / 45 / whole)).toBeLessThan(0.03);
  expect(shares.word).toBeLessThan(0.01);
  expect(rest).toBeLessThan(0.05);
});
