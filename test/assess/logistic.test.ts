import { describe, expect, test } from 'vitest';
import { regressed } from '../../src/assess/logistic-regression.js';
import { minimise } from '../../src/assess/minimise.js';
import { logisticAccuracy } from '../../src/index.js';
import { column, dense } from '../../src/matrix.js';
import { finished } from '../../src/steps.js';
import { uniform } from '../support/matrices.js';

/** The embedding and classes of the other measures. */
const H = Array.from({ length: 3 }, (_, i) =>
  Array.from({ length: 12 }, (__, j) => (((7 * i + 3) * (j + 2) ** 2 + 5 * i * j) % 23) / 4),
);
const classes = Int32Array.of(0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 2, 1);

describe('the regression', () => {
  test('has the coefficients that scikit-learn has', () => {
    const X = dense(4, 12);
    H.forEach((own, r) => {
      const mean = own.reduce((sum, x) => sum + x / 12, 0);
      const sd = Math.sqrt(own.reduce((sum, x) => sum + (x - mean) ** 2 / 12, 0));
      own.forEach((x, j) => { X.data[r + 4 * j] = (x - mean) / sd; }); // biome-ignore format: one thought
    });
    for (let j = 0; j < 12; j++) X.data[3 + 4 * j] = 1;
    const B = finished(regressed(X, classes, { count: 3, seen: Array.from(classes.keys()), L2: 0.01 }));
    const wanted = [
      [0.1665857054357326, -0.601002229188582, 3.073855133081013, -0.8772597286949111],
      [-0.8345401780762278, 0.9460049404837891, -2.6684250839515644, -0.12605138129556492],
      [0.6679544726404962, -0.34500271129520615, -0.4054300491294484, 1.0033111099904768],
    ];
    wanted.forEach((own, c) => {
      own.forEach((x, r) => {
        expect(column(B, c)[r]).toBeCloseTo(x, 3);
      });
    });
  });
});

describe('minimise', () => {
  const options = { memory: 5, maxIter: 200, tol: 1e-9 };

  test('comes to the lowest point of a long valley', () => {
    const x = Float64Array.of(3, -2, 5);
    const scales = [1, 100, 1e4];
    const found = finished(
      minimise(
        (at, gradient) => {
          let value = 0;
          for (const [p, scale] of scales.entries()) {
            value += 0.5 * scale * (at[p] - p) ** 2;
            gradient[p] = scale * (at[p] - p);
          }
          return value;
        },
        x,
        options,
      ),
    );
    expect(found).toBe(true);
    x.forEach((value, p) => {
      expect(value).toBeCloseTo(p, 8);
    });
  });

  test('says so where it does not come there', () => {
    const line = (at: Float64Array, gradient: Float64Array) => {
      gradient[0] = 1;
      return at[0];
    };
    expect(finished(minimise(line, new Float64Array(1), { ...options, maxIter: 3 }))).toBe(false);
  });
});

describe('logisticAccuracy', () => {
  const n = 90;
  const own = Array.from({ length: n }, (_, j) => ['a', 'b', 'c'][j % 3]);
  const noise = uniform(2, n, 3);

  test('tells classes that lie apart, whatever the scale, and not those that do not', () => {
    const apart = (by: number) => dense(2, n, noise.data.map((x, p) => by * (x + 2 * (Math.floor(p / 2) % 3)))); // biome-ignore format: one thought
    expect(logisticAccuracy(apart(1), own)).toBe(1);
    expect(logisticAccuracy(apart(1e-120), own)).toBe(1);
    expect(logisticAccuracy(noise, own)).toBeLessThan(0.6);
  });

  test('a row of ones, or a class of one sample, does no harm', () => {
    const rows = [Array.from(own, (label) => 'abc'.indexOf(label)), Array.from(own, () => 0.1)];
    expect(logisticAccuracy(rows, own)).toBe(1);
    expect(logisticAccuracy(rows, own.with(0, 'alone'))).toBeCloseTo(1 - 1 / n, 14);
  });

  test('one seed has the same folds, another has others; as many folds as samples leave one out each', () => {
    const X = uniform(3, n, 8);
    expect(logisticAccuracy(X, own, { seed: 1 })).toBe(logisticAccuracy(X, own, { seed: 1 }));
    const seen = new Set([1, 2, 3, 4].map((seed) => logisticAccuracy(X, own, { seed })));
    expect(seen.size).toBeGreaterThan(1);
    const few = { folds: 12, seed: 1 };
    expect(logisticAccuracy(H, classes, few)).toBe(logisticAccuracy(H, classes, { ...few, seed: 2 }));
  });

  test('each fold has its share of each class: of two samples one is always learnt from', () => {
    const rows = [Array.from({ length: 20 }, (_, j) => Number(j < 2))];
    const rare = rows[0].map((x) => (x === 1 ? 'rare' : 'common'));
    for (let seed = 0; seed < 8; seed++) expect(logisticAccuracy(rows, rare, { folds: 2, seed })).toBe(1);
  });

  test('a stronger ridge tells no more than the most frequent class', () => {
    const rare = own.map((_, j) => (j % 3 === 0 ? 'rare' : 'common'));
    expect(logisticAccuracy(noise, rare, { L2: 1e6 })).toBeCloseTo(2 / 3, 14);
  });
});
