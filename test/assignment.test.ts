import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { assign, matchRows } from '../src/assignment.js';
import { dense } from '../src/matrix.js';
import { uniform } from './support/matrices.js';

/** Every order of 0 … n − 1. */
const orders = (n: number): readonly (readonly number[])[] =>
  n === 0
    ? [[]]
    : orders(n - 1).flatMap((order) => Array.from({ length: n }, (_, at) => order.toSpliced(at, 0, n - 1)));
const gainOf = (gains: readonly (readonly number[])[], order: readonly number[]) =>
  order.reduce((sum, c, r) => sum + gains[r][c], 0);

describe('assign', () => {
  property.prop([
    fc.integer({ min: 1, max: 6 }).chain((n) =>
      fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: n, maxLength: n }), {
        minLength: n,
        maxLength: n,
      }),
    ),
  ])('gains as much as the best of all orders', (gains) => {
    const found = assign(gains);
    expect([...found].sort()).toEqual(gains.map((_, r) => r));
    expect(gainOf(gains, found)).toBe(Math.max(...orders(gains.length).map((order) => gainOf(gains, order))));
  });

  test('no rows have no columns', () => {
    expect(assign([])).toEqual([]);
  });
});

describe('matchRows', () => {
  test('finds rows again in another order and at another length, tiny and huge', () => {
    const A = uniform(5, 30, 3);
    const order = [3, 0, 4, 1, 2];
    const lengths = [1e-150, 7, 1e150, 1, 0.2];
    const B = dense(
      5,
      30,
      A.data.map((_, p) => lengths[p % 5] * A.data[order.indexOf(p % 5) + 5 * Math.floor(p / 5)]),
    );
    expect(matchRows(A, B)).toEqual(order);
  });

  test('a row of zeros goes with whatever is left', () => {
    expect(matchRows(dense(2, 2, Float64Array.of(0, 1, 0, 1)), dense(2, 2, Float64Array.of(1, 0, 1, 0)))).toEqual([
      1, 0,
    ]);
  });
});
