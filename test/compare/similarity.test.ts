import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { correlation, cosine, type MatrixInput } from '../../src/index.js';
import { column, dense, toCsc, toDense, toRows, transpose } from '../../src/matrix.js';
import { issuesOf } from '../support/issues.js';
import { anyMatrix, everyForm, sparse, uniform } from '../support/matrices.js';

const mean = (x: Float64Array) => x.reduce((sum, value) => sum + value, 0) / x.length;
const definition = {
  cosine: (a: Float64Array, b: Float64Array) =>
    a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b)),
  correlation: (a: Float64Array, b: Float64Array): number =>
    definition.cosine(a.map((x) => x - mean(a)), b.map((x) => x - mean(b))), // biome-ignore format: one thought
};

describe.each([
  ['cosine', cosine],
  ['correlation', correlation],
] as const)('%s', (name, compare) => {
  const [A, B] = [uniform(9, 3, 1), uniform(9, 4, 2)];

  test('is its definition, by columns and by rows, of every form of data', () => {
    const wanted = (P: typeof A, Q: typeof B) =>
      Array.from({ length: P.cols }, (_, r) =>
        Array.from({ length: Q.cols }, (__, s) => definition[name](column(P, r), column(Q, s))),
      );
    const [rounded] = [dense(9, 3, A.data.map(Math.fround))]; // biome-ignore format: one thought
    for (const form of everyForm(A)) {
      const got = compare(form, B);
      toRows(got).forEach((row, r) => {
        row.forEach((x, s) => {
          expect(x).toBeCloseTo(wanted(rounded, B)[r][s], 12);
        });
      });
    }
    const across = compare(transpose(A), transpose(B), { by: 'rows' });
    expect(across.data).toEqual(compare(A, B, { by: 'columns' }).data);
    expect(compare(A, toCsc(B)).data.every((x, p) => Math.abs(x - compare(A, B).data[p]) < 1e-12)).toBe(true);
  });

  test('of sparse data is what it is of dense', () => {
    for (let seed = 0; seed < 10; seed++) {
      const X = sparse(7, 4, seed);
      for (const other of [sparse(7, 5, seed + 100), uniform(7, 3, seed)])
        compare(X, toCsc(other)).data.forEach((x, p) => {
          expect(x).toBeCloseTo(compare(toDense(X), toDense(other)).data[p], 12);
        });
    }
  });

  test('of a matrix with itself: symmetric, 1 on the diagonal but for what is nothing', () => {
    fc.assert(
      fc.property(anyMatrix, (X) => {
        const { rows: n, data } = compare(X, X);
        for (let r = 0; r < n; r++) {
          const own = data[r + r * n];
          expect(Math.abs(own - Math.round(own))).toBeLessThan(1e-12);
          for (let s = 0; s < n; s++) {
            expect(data[r + s * n]).toBeCloseTo(data[s + r * n], 12);
            expect(Math.abs(data[r + s * n])).toBeLessThanOrEqual(1);
          }
        }
      }),
      { numRuns: 50 },
    );
  });

  test('does not know lengths, tiny or huge, and turns with the sign', () => {
    const other = dense(9, 3, A.data.map((x, p) => x * [1e-120, -7, 1e120][Math.floor(p / 9)])); // biome-ignore format: one thought
    const [plain, scaled] = [compare(A, B).data, compare(other, B).data];
    plain.forEach((x, p) => {
      expect(scaled[p]).toBeCloseTo(p % 3 === 1 ? -x : x, 12);
    });
  });

  test('is 0 beside zeros, and keeps names', () => {
    expect(toRows(compare([[0, 1], [0, 2]], [[1], [3]]))[0][0]).toBe(0); // biome-ignore format: one thought
    const names = { rowNames: ['u', 'v', 'w'], colNames: ['x', 'y', 'z'] };
    expect(compare({ ...uniform(3, 3, 1), ...names }, uniform(3, 2, 2))).toMatchObject({ rowNames: names.colNames });
    const byRows = compare(uniform(2, 3, 2), { ...uniform(3, 3, 1), ...names }, { by: 'rows' });
    expect(byRows).toMatchObject({ rows: 2, cols: 3, colNames: names.rowNames });
    expect(byRows).not.toHaveProperty('rowNames');
  });

  const bad: readonly (readonly [string, unknown, unknown, object, string, RegExp])[] = [
    ['another length', [[1], [2]], [[1]], {}, 'invalid-data', /B must be of 2 rows, as A is; got 1/],
    ['another width', [[1, 2]], [[1]], { by: 'rows' }, 'invalid-data', /B must be of 2 columns, as A is; got 1/],
    ['a gap', [[Number.NaN]], [[1]], {}, 'non-finite', /A must be finite/],
    ['infinity', [[1]], [[Infinity]], {}, 'non-finite', /B must be finite/],
    ['no matrix', [[1]], 'B', {}, 'invalid-data', /B must be a matrix/],
    ['no such way', [[1]], [[1]], { by: 'lines' }, 'invalid-option', /'columns' or 'rows'/],
  ];
  test.each(bad)('refuses %s', (_, a, b, options, code, words) => {
    const call = () => compare(a as MatrixInput, b as MatrixInput, options);
    expect(issuesOf(call).map((issue) => issue.code)).toEqual([code]);
    expect(call).toThrow(words);
  });
});

test('the correlation with what is constant but for rounding is 0', () => {
  const other = Array.from({ length: 7 }, (_, i) => [Math.sin(i)]);
  for (const constant of [0.1, 7]) {
    const column = Float64Array.from({ length: 7 }, (_, i) => (i === 3 ? constant * (1 + Number.EPSILON) : constant));
    for (const form of [dense(7, 1, column), toCsc(dense(7, 1, column))]) {
      expect(correlation(form, other).data[0]).toBe(0);
      expect(correlation(other, form).data[0]).toBe(0);
    }
  }
});
