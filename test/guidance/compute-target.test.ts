import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { column, computeTarget, GraphError, type Label } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

const H = dense(2, 5, Float64Array.of(1, 0, 3, 0, 0, 4, 0, 8, 5, 5));

describe('computeTarget', () => {
  test('centroids less the grand mean; zeros where no label is known', () => {
    const T = computeTarget(H, ['a', 'a', 'b', 'b', null]);
    // Centroids (2, 0) and (0, 6), grand mean (1, 3).
    expect(Array.from(T.data)).toEqual([1, -3, 1, -3, -1, 3, -1, 3, 0, 0]);
  });

  test('undefined and NaN are no labels; 0, false and the empty string are', () => {
    for (const unknown of [undefined, Number.NaN]) {
      const T = computeTarget(H, [0, 0, 1, 1, unknown]);
      expect(Array.from(column(T, 4))).toEqual([0, 0]);
    }
    for (const label of [0, false, '']) expect(column(computeTarget(H, [label, 'x', 'x', 'x', 'x']), 0)[1]).not.toBe(0);
  });

  test('over the samples with a label it sums to zero, and one label alone gives zeros', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom(1, 2, 3, null), { minLength: 1, maxLength: 20 }),
        (k, labels) => {
          fc.pre(labels.some((label) => label !== null));
          const T = computeTarget(uniform(k, labels.length, 3), labels);
          for (let r = 0; r < k; r++) {
            const row = labels.map((_, j) => T.data[r + j * k]);
            expect(Math.abs(row.reduce((a, b) => a + b, 0))).toBeLessThan(1e-12);
          }
          labels.forEach((label, j) => {
            if (label === null) expect(column(T, j).every((x) => x === 0)).toBe(true);
          });
          if (new Set(labels.filter((label) => label !== null)).size === 1)
            expect(T.data.every((x) => Math.abs(x) < 1e-15)).toBe(true);
        },
      ),
    );
  });

  test('whitened: directions in which samples differ anyway count less', () => {
    // The first row varies ten times as much as the second within labels, the labels differ as much in both.
    const n = 400;
    const noise = uniform(2, n, 5);
    const labels = Array.from({ length: n }, (_, j) => j % 2);
    const wide = dense(2, n, noise.data.map((x, p) => (p % 2 === 0 ? 100 : 10) * (x - 0.5) + (labels[Math.floor(p / 2)] === 1 ? 1 : 0))); // biome-ignore format: one thought
    const [plain, white] = [computeTarget(wide, labels), computeTarget(wide, labels, { whiten: true })];
    const share = (T: typeof plain) => Math.abs(T.data[0] / T.data[1]);
    expect(share(white)).toBeLessThan(share(plain) / 5);
    expect(white.data.every(Number.isFinite)).toBe(true);
  });

  test('whitened numbers next to zero are those of numbers next to one', () => {
    const labels = ['a', 'a', 'b', 'b', 'b'];
    const tiny = dense(2, 5, H.data.map((value) => value * 2 ** -660)); // biome-ignore format: one thought
    expect(computeTarget(tiny, labels, { whiten: true }).data).toEqual(computeTarget(H, labels, { whiten: true }).data);
  });

  test('whitened with the covariance of a sphere it is a multiple', () => {
    const H = dense(2, 4, Float64Array.of(1, 0, -1, 0, 0, 1, 0, -1));
    const labels = ['a', 'b', 'a', 'b'];
    const labelsOf = ['a', 'a', 'b', 'b'];
    for (const list of [labels, labelsOf]) {
      const [plain, white] = [computeTarget(H, list), computeTarget(H, list, { whiten: true })];
      const by = Math.hypot(...white.data) / (Math.hypot(...plain.data) || 1);
      white.data.forEach((x, p) => {
        expect(x).toBeCloseTo(by * plain.data[p], 12);
      });
    }
  });

  const bad: readonly (readonly [string, () => unknown, string])[] = [
    ['too few labels', () => computeTarget(H, ['a']), 'invalid-data'],
    ['no labels at all', () => computeTarget(H, [null, null, null, null, null]), 'invalid-data'],
    ['no list', () => computeTarget(H, 3 as unknown as Label[]), 'invalid-data'],
    ['H that is none', () => computeTarget({} as typeof H, []), 'invalid-data'],
    ['H with gaps', () => computeTarget(dense(1, 1, Float64Array.of(Number.NaN)), ['a']), 'invalid-data'],
    [
      'options that are none',
      () => computeTarget(H, ['a', 'a', 'b', 'b', 'b'], null as unknown as object),
      'invalid-option',
    ],
    ['a word too many', () => computeTarget(H, ['a', 'a', 'b', 'b', 'b'], { white: true } as object), 'unknown-option'],
    [
      'a word of another kind',
      () => computeTarget(H, ['a', 'a', 'b', 'b', 'b'], { whiten: 1 as unknown as boolean }),
      'invalid-option',
    ],
  ];
  test.each(bad)('refuses %s', (_, call, code) => {
    expect(call).toThrow(GraphError);
    try {
      call();
    } catch (error) {
      expect((error as GraphError).issues[0].code).toBe(code);
    }
  });
});
