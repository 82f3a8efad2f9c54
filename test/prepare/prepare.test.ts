import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logNormalize, type MatrixInput, scaleFeatures, scaleSamples, tfidf } from '../../src/index.js';
import { type CscMatrix, dense, toCsc, toDense, toRows } from '../../src/matrix.js';
import { issuesOf } from '../support/issues.js';
import { anyMatrix, rowMajor, sparse as sparseOf, uniform } from '../support/matrices.js';

const every = {
  tfidf: (X: MatrixInput) => tfidf(X),
  'tfidf of logarithms': (X: MatrixInput) => tfidf(X, { tf: 'log' }),
  logNormalize: (X: MatrixInput) => logNormalize(X),
  'scaleFeatures by sd': (X: MatrixInput) => scaleFeatures(X),
  'scaleFeatures by max': (X: MatrixInput) => scaleFeatures(X, { by: 'max' }),
  'scaleFeatures by sum': (X: MatrixInput) => scaleFeatures(X, { by: 'sum' }),
  'scaleSamples by sum': (X: MatrixInput) => scaleSamples(X),
  'scaleSamples by l2': (X: MatrixInput) => scaleSamples(X, { by: 'l2' }),
  'scaleSamples by max': (X: MatrixInput) => scaleSamples(X, { by: 'max' }),
};
const cases = Object.entries(every);
const rowsOf = (X: MatrixInput, prepare: (X: MatrixInput) => ReturnType<typeof tfidf>) => toRows(toDense(prepare(X)));
const near = (got: readonly number[][], wanted: readonly (readonly number[])[]) => {
  expect(got).toHaveLength(wanted.length);
  for (const [i, row] of wanted.entries()) for (const [j, x] of row.entries()) expect(got[i][j]).toBeCloseTo(x, 12);
};

describe.each(cases)('%s', (_, prepare) => {
  test('keeps zeros and finite numbers, and is of sparse data what it is of dense', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyMatrix,
          fc.nat(1000).map((seed) => sparseOf(6, 7, seed)),
        ),
        (X) => {
          const [sparse, whole] = [toCsc(X), toDense(X)];
          const [a, b] = [prepare(sparse), prepare(whole)];
          expect([a.kind, b.kind]).toEqual(['csc', 'dense']);
          expect((a as CscMatrix).indices).toEqual(sparse.indices);
          toDense(b).data.forEach((y, p) => {
            expect(y === 0).toBe(whole.data[p] === 0);
            expect(Number.isFinite(y)).toBe(true);
            expect(toDense(a).data[p]).toBeCloseTo(y, 12);
          });
        },
      ),
      { numRuns: 30 },
    );
  });

  test('takes every form of data, and leaves it as it was', () => {
    const X = dense(2, 3, Float64Array.of(1, 0, 4, 2, 0, 8));
    const wanted = toDense(prepare(X)).data;
    expect(X.data).toEqual(Float64Array.of(1, 0, 4, 2, 0, 8));
    const forms: readonly MatrixInput[] = [toRows(X), rowMajor(X), { rows: 2, cols: 3, data: [1, 0, 4, 2, 0, 8] }];
    for (const form of forms) expect(toDense(prepare(form)).data).toEqual(wanted);
    const wide = toCsc(X);
    expect(toDense(prepare({ ...wide, values: Float32Array.from(wide.values) })).data).toEqual(wanted);
  });

  test('what is missing stays missing and counts nothing', () => {
    const X = [
      [1, 2, Number.NaN, 1],
      [3, 1, 2, 0],
      [Number.NaN, 5, 1, 4],
    ];
    const got = toDense(prepare(X)).data;
    X.flat().forEach((x, p) => {
      expect(Number.isNaN(got[Math.floor(p / 4) + 3 * (p % 4)])).toBe(Number.isNaN(x));
    });
    // Listed as missing, or not listed at all: the same.
    const listed = toCsc(toDense(prepare(X)));
    expect(listed.values.filter(Number.isNaN)).toHaveLength(2);
    const places = { indptr: [0, 2, 4], indices: [0, 1, 0, 2], values: [1, 3, 2, 4] };
    const unlisted = prepare({ kind: 'csc', rows: 3, cols: 2, ...places, unlisted: 'missing' });
    const written = prepare([[1, 2], [3, Number.NaN], [Number.NaN, 4]]); // biome-ignore format: one thought
    expect(toDense(unlisted).data).toEqual(toDense(written).data);
    expect((unlisted as CscMatrix).unlisted).toBe('missing');
  });

  test('keeps names, and refuses those that do not fit', () => {
    const names = { rowNames: ['a', 'b'], colNames: ['x', 'y', 'z'] };
    const X = dense(2, 3, Float64Array.of(1, 0, 4, 2, 0, 8));
    expect(prepare({ ...X, ...names })).toMatchObject(names);
    expect(prepare(X)).not.toHaveProperty('rowNames');
    const short = { ...X, rowNames: ['a'] };
    expect(issuesOf(() => prepare(short))).toMatchObject([{ code: 'invalid-data', of: 'rowNames of X' }]);
  });

  const bad: readonly (readonly [string, unknown, string, RegExp])[] = [
    ['infinite', [[1, Infinity]], 'non-finite', /finite; got Infinity at row 0, column 1/],
    ['empty', { rows: 0, cols: 3, data: [] }, 'invalid-data', /at least 1 × 1; got 0 × 3/],
    ['all missing', [[Number.NaN]], 'invalid-data', /an entry that is known; got none/],
    ['no matrix', 'X', 'invalid-data', /must be a matrix/],
    ['out of range', [[1e200]], 'value-range', /largest magnitude/],
  ];
  test.each(bad)('refuses data that are %s', (__, X, code, words) => {
    const call = () => prepare(X as MatrixInput);
    expect(issuesOf(call).map((issue) => issue.code)).toEqual([code]);
    expect(call).toThrow(words);
  });
});

describe('tfidf', () => {
  const counts = [[3, 0, 1, 0], [1, 1, 1, 2], [0, 0, 0, 0], [0, 5, 0, 0]]; // biome-ignore format: one thought

  test('is what scikit-learn 1.9 has, with lengths too', () => {
    near(rowsOf(counts, every.tfidf), [
      [4.532476871297972, 0, 1.5108256237659907, 0],
      [1, 1, 1, 2],
      [0, 0, 0, 0],
      [0, 9.581453659370776, 0, 0],
    ]);
    near(toRows(scaleSamples(tfidf(counts), { by: 'l2' })), [
      [0.976515210561555, 0, 0.8338842129915957, 0],
      [0.21544847073470202, 0.10380447049235944, 0.551939416352363, 1],
      [0, 0, 0, 0],
      [0, 0.9945977236580632, 0, 0],
    ]);
  });

  test('of logarithms counts ln(1 + x)', () => {
    const [plain, logs] = [rowsOf(counts, every.tfidf), rowsOf(counts, every['tfidf of logarithms'])];
    near(logs, plain.map((row, i) => row.map((y, j) => (counts[i][j] === 0 ? 0 : (y * Math.log1p(counts[i][j])) / counts[i][j])))); // biome-ignore format: one thought
  });

  test('documents in which a term is not known are no documents without it', () => {
    const got = toRows(tfidf([[2, Number.NaN, 0], [1, 1, 1]])); // biome-ignore format: one thought
    expect(got[0][0]).toBeCloseTo(2 * (1 + Math.log(3 / 2)), 14);
  });

  test.each(['tfidf', 'logNormalize'] as const)('%s refuses counts below zero', (name) => {
    expect(() => every[name]([[1, -2]])).toThrow(/without negative numbers; got -2 at row 0, column 1/);
  });
});

describe('logNormalize', () => {
  test('brings sums to the median of those above zero, or to a total', () => {
    const X = [[1, 20, 0, 3], [3, 60, 0, 5]]; // biome-ignore format: one thought
    const back = (Y: readonly number[][]) => [0, 1, 2, 3].map((j) => Math.expm1(Y[0][j]) + Math.expm1(Y[1][j]));
    for (const [sum, total] of [[8, undefined], [1e4, 1e4]]) // biome-ignore format: one thought
      for (const [j, own] of back(toRows(logNormalize(X, { total }))).entries())
        expect(own / (sum ?? 1)).toBeCloseTo(j === 2 ? 0 : 1, 12);
  });

  test('does not know the depth', () => {
    const X = uniform(6, 4, 1);
    const deeper = dense(6, 4, X.data.map((x, p) => x * 2 ** Math.floor(p / 6))); // biome-ignore format: one thought
    expect(logNormalize(deeper, { total: 10 }).data).toEqual(logNormalize(X, { total: 10 }).data);
  });

  test('of zeros alone are zeros', () => {
    expect(toRows(logNormalize([[0, 0], [0, 0]]))).toEqual([[0, 0], [0, 0]]); // biome-ignore format: one thought
  });

  test.each([0, -1, Infinity, Number.NaN])('refuses a total of %s', (total) => {
    expect(issuesOf(() => logNormalize([[1]], { total }))).toMatchObject([{ code: 'invalid-option', option: 'total' }]);
  });
});

describe('scaling', () => {
  const X = [[1, -3, Number.NaN, 0], [0, 0, 0, 0], [7, 7, 7, 7], [1e-120, 3e-120, 0, 2e-120]]; // biome-ignore format: one thought

  test('features by their deviation, largest, or sum; signs stay', () => {
    // Deviation of 1, −3, 0: 2.0817 with divisor 2.
    const sd = Math.sqrt(((1 + 2 / 3) ** 2 + (3 - 2 / 3) ** 2 + (2 / 3) ** 2) / 2);
    near(toRows(scaleFeatures(X)).map((row) => row.map((x) => (Number.isNaN(x) ? -9 : x))), [
      [1 / sd, -3 / sd, -9, 0],
      [0, 0, 0, 0],
      [7, 7, 7, 7],
      [1, 3, 0, 2].map((x) => x / Math.sqrt(5 / 3)),
    ]); // biome-ignore format: one thought
    expect(toRows(scaleFeatures(X, { by: 'max' }))[0]).toEqual([1 / 3, -1, Number.NaN, 0]);
    expect(toRows(scaleFeatures(X, { by: 'sum' }))[0]).toEqual([1 / 3 / (4 / 3), -1 / (4 / 3), Number.NaN, 0]);
  });

  test('a feature that varies by rounding alone stays as it is', () => {
    const X = [[0.3, 0.1 + 0.2, 0.3]];
    expect(toRows(scaleFeatures(X))).toEqual(X);
  });

  test('sparse features count the zeros that are not listed', () => {
    const counts = [[0, 0, 0, 6], [1, 0, 2, 0]]; // biome-ignore format: one thought
    near(
      toRows(toDense(scaleFeatures(toCsc(toDense(scaleFeatures(counts, { by: 'max' })))))),
      toRows(scaleFeatures(counts)),
    );
    expect(toRows(scaleFeatures(counts))[0][3]).toBeCloseTo(6 / 3, 14);
  });

  test('samples come to a sum, length or largest of 1', () => {
    fc.assert(
      fc.property(anyMatrix, fc.constantFrom('sum', 'l2', 'max'), (matrix, by) => {
        const { rows, cols, data } = toDense(scaleSamples(matrix, { by }));
        for (let j = 0; j < cols; j++) {
          const own = data.subarray(j * rows, (j + 1) * rows).map(Math.abs);
          const size = by === 'max' ? Math.max(...own) : own.reduce((sum, x) => sum + (by === 'l2' ? x * x : x), 0);
          if (own.some((x) => x > 0)) expect(size).toBeCloseTo(1, 12);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('refuses what is no way to scale', () => {
    // Untyped callers.
    expect(issuesOf(() => scaleFeatures(X, { by: 'l2' as 'sd' }))).toMatchObject([
      { code: 'invalid-option', option: 'by' },
    ]);
    expect(issuesOf(() => scaleSamples(X, { by: 'sd' as 'l2' }))).toMatchObject([
      { code: 'invalid-option', option: 'by' },
    ]);
    expect(issuesOf(() => scaleSamples(X, { center: true } as object))).toMatchObject([{ code: 'unknown-option' }]);
  });
});
