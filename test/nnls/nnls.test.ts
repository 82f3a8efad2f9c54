import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nnls } from '../../src/index.js';
import { column, type DenseMatrix, dense, toCsc, toRows } from '../../src/matrix.js';
import { issuesOfAsync } from '../support/issues.js';
import { multiply, rowMajor, single, uniform } from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { runs } from '../support/runs.js';

const backends = haveNative ? (['reference', 'native'] as const) : (['reference'] as const);

/** Numbers on both sides of zero. */
const signed = (rows: number, cols: number, seed: number): DenseMatrix => {
  const { data } = uniform(rows, cols, seed);
  return dense(rows, cols, data.map((x) => x - 0.4)); // biome-ignore format: one thought
};

interface Penalties {
  readonly L1?: number;
  readonly L2?: number;
}

/** ½‖Ax − b‖² + L1·Σx + ½·L2·Σx² over what is known of b. */
function objective(A: DenseMatrix, x: Float64Array, b: Float64Array, { L1 = 0, L2 = 0 }: Penalties): number {
  const Ax = multiply(A, dense(A.cols, 1, x)).data;
  const fit = b.reduce((sum, y, i) => (Number.isNaN(y) ? sum : sum + (Ax[i] - y) ** 2), 0);
  return fit / 2 + x.reduce((sum, value) => sum + L1 * value + (L2 / 2) * value * value, 0);
}

/** The largest fault of the conditions of a minimum over 0 ≤ x ≤ upper, by the gradient from the definition. */
function openGradient(A: DenseMatrix, x: Float64Array, b: Float64Array, { L1 = 0, L2 = 0 }: Penalties, upper: number) {
  const Ax = multiply(A, dense(A.cols, 1, x)).data;
  const off = b.map((y, i) => (Number.isNaN(y) ? 0 : Ax[i] - y));
  return x.reduce((most, value, r) => {
    const slope = column(A, r).reduce((sum, a, i) => sum + a * off[i], 0) + L1 + L2 * value;
    const down = value > 0 ? Math.max(slope, 0) : 0;
    const up = value < upper ? Math.max(-slope, 0) : 0;
    return Math.max(most, down, up);
  }, 0);
}

const problem = fc.record({
  m: fc.integer({ min: 1, max: 9 }),
  k: fc.integer({ min: 1, max: 6 }),
  n: fc.integer({ min: 1, max: 4 }),
  seed: fc.integer({ min: 1, max: 10_000 }),
  L1: fc.constantFrom(0, 0.3),
  L2: fc.constantFrom(0, 0.5),
  upperBound: fc.constantFrom(undefined, 0.2),
  missing: fc.boolean(),
});

describe.each(backends)('nnls (%s)', (backend) => {
  test('of numbers far from 1 the residual is one', async () => {
    const { residual } = await nnls([[1e-130], [2e-130]], [1e130, 1], { backend });
    expect(residual / (Math.sqrt(0.8) * 1e130)).toBeCloseTo(1, 9);
  });

  test('a hand-made case, where least squares would be negative', async () => {
    const { X, residual } = await nnls([[1, 0], [1, 1], [0, 1]], [2, 1, -1], { backend }); // biome-ignore format: one thought
    expect(X).toMatchObject({ rows: 2, cols: 1 });
    expect(X.data[0]).toBeCloseTo(1.5, 14);
    expect(X.data[1]).toBe(0);
    expect(residual).toBeCloseTo(Math.sqrt(1.5), 14);
  });

  test('meets the conditions of a minimum, with gaps, penalties and bounds', async () => {
    await fc.assert(
      fc.asyncProperty(problem, async ({ m, k, n, seed, L1, L2, upperBound, missing }) => {
        const [A, B] = [signed(m, k, seed), signed(m, n, seed + 1)];
        if (missing && m > 1) for (let j = 0; j < n; j++) B.data[((seed + j) % m) + j * m] = Number.NaN;
        const { X, residual } = await nnls(A, B, { L1, L2, upperBound, backend });
        let squares = 0;
        for (let j = 0; j < n; j++) {
          const [x, b] = [column(X, j), column(B, j)];
          expect(x.every((value) => value >= 0 && value <= (upperBound ?? Number.POSITIVE_INFINITY))).toBe(true);
          expect(openGradient(A, x, b, { L1, L2 }, upperBound ?? Number.POSITIVE_INFINITY)).toBeLessThan(1e-8);
          squares += 2 * objective(A, x, b, {});
        }
        expect(residual).toBeCloseTo(Math.sqrt(squares), 6);
      }),
      runs(100),
    );
  });

  test('no other point is lower', async () => {
    await fc.assert(
      fc.asyncProperty(
        problem,
        fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { minLength: 6, maxLength: 6 }),
        async ({ m, k, seed, L1, L2 }, other) => {
          const [A, B] = [signed(m, k, seed), signed(m, 1, seed + 1)];
          const { X } = await nnls(A, B, { L1, L2, backend });
          const b = column(B, 0);
          expect(objective(A, X.data, b, { L1, L2 })).toBeLessThanOrEqual(
            objective(A, Float64Array.from(other.slice(0, k)), b, { L1, L2 }) + 1e-12,
          );
        },
      ),
      runs(100),
    );
  });

  test('every form of the same matrices gives the same', async () => {
    const [A, B] = [signed(8, 3, 5), signed(8, 4, 6)];
    const { X, residual } = await nnls(A, B, { backend });
    for (const [a, b] of [
      [rowMajor(A), rowMajor(B)],
      [toCsc(A), toCsc(B)],
      [toRows(A), toRows(B)],
    ]) {
      const same = await nnls(a, b, { backend });
      expect(same.X).toEqual(X);
      expect(same.residual).toBeCloseTo(residual, 13);
    }
    const narrow = await nnls(single(A), single(B), { backend });
    narrow.X.data.forEach((value, p) => { expect(value).toBeCloseTo(X.data[p], 5); }); // biome-ignore format: one thought
  });

  test('columns are by themselves, and a list of numbers is one', async () => {
    const [A, B] = [signed(7, 3, 1), signed(7, 5, 2)];
    const { X } = await nnls(A, B, { backend });
    for (let j = 0; j < 5; j++) {
      const b = column(B, j);
      for (const alone of [b, Array.from(b), Float32Array.from(b)]) {
        const { X: x } = await nnls(A, alone, { backend });
        x.data.forEach((value, r) => { expect(value).toBeCloseTo(X.data[r + 3 * j], 5); }); // biome-ignore format: one thought
      }
      expect((await nnls(A, b, { backend })).X.data).toEqual(column(X, j).slice());
    }
  });

  test('what is missing is left out: whatever stands there, of a sparse matrix too', async () => {
    const A = signed(6, 2, 3);
    const b = [1, Number.NaN, 0.5, Number.NaN, 2, 1];
    const known = [0, 2, 4, 5];
    const { X, residual } = await nnls(A, b, { backend });
    const rows = toRows(A);
    const without = await nnls(known.map((i) => rows[i]), known.map((i) => b[i]), { backend }); // biome-ignore format: one thought
    without.X.data.forEach((value, r) => { expect(X.data[r]).toBeCloseTo(value, 12); }); // biome-ignore format: one thought
    expect(residual).toBeCloseTo(without.residual, 12);
    const listed = { kind: 'csc', rows: 6, cols: 1, indptr: [0, 4], indices: known, values: known.map((i) => b[i]), unlisted: 'missing' } as const; // biome-ignore format: one thought
    expect((await nnls(A, listed, { backend })).X.data).toEqual(X.data);
  });

  test('columns of A that are alike, zero, or more than its rows: finite, and a minimum', async () => {
    const A = dense(2, 4, Float64Array.of(1, 1, 1, 1, 0, 0, -1, 2));
    const { X, residual } = await nnls(A, [3, 3], { backend });
    expect(X.data.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    expect(X.data[2]).toBe(0);
    expect(residual).toBeCloseTo(0, 12);
    expect((await nnls([[0], [0]], [1, 2], { backend })).X.data).toEqual(Float64Array.of(0));
    expect((await nnls([[1], [2]], [0, 0], { backend })).residual).toBe(0);
  });

  test('far from 1, and where nothing fits', async () => {
    for (const by of [1e-120, 1e120]) {
      const { X, residual } = await nnls([[by], [by]], [by, by], { backend });
      expect(X.data[0]).toBeCloseTo(1, 12);
      expect(residual / by).toBeCloseTo(0, 12);
    }
    expect((await nnls([[1], [1]], [-1, -1], { backend })).X.data).toEqual(Float64Array.of(0));
  });

  test('penalties shrink', async () => {
    const [A, B] = [uniform(9, 4, 8), uniform(9, 3, 9)];
    const sum = async (options: Penalties) =>
      (await nnls(A, B, { ...options, backend })).X.data.reduce((a, b) => a + b, 0);
    const plain = await sum({});
    expect(await sum({ L1: 0.5 })).toBeLessThan(plain);
    expect(await sum({ L2: 0.5 })).toBeLessThan(plain);
    expect(await sum({ L1: 1e6 })).toBe(0);
  });
});

test.skipIf(!haveNative)('bitwise the same on any number of threads', async () => {
  const [A, B] = [signed(40, 8, 1), signed(40, 500, 2)];
  const one = await nnls(A, B, { threads: 1, backend: 'native' });
  expect(await nnls(A, B, { threads: 7, backend: 'native' })).toEqual(one);
});

const good = [[1], [2]];
test.each([
  ['of other rows', () => nnls(good, [1, 2, 3]), ['invalid-data'], /B must be of 2 rows, as A is; got 3 × 1/],
  ['empty', () => nnls([[]], []), ['invalid-data', 'invalid-data'], /A must be at least 1 × 1.*\n.*B must be at least/],
  [
    'a gap in A',
    () => nnls([[1], [Number.NaN]], [1, 2]),
    ['non-finite'],
    /A must be finite; got NaN at row 1, column 0/,
  ],
  [
    'unlisted entries of A',
    () =>
      nnls({ kind: 'csc', rows: 2, cols: 1, indptr: [0, 1], indices: [0], values: [1], unlisted: 'missing' }, [1, 2]),
    ['invalid-data'],
    /A must be without missing entries; got 1/,
  ],
  ['infinite', () => nnls(good, [1, Infinity]), ['non-finite'], /B must be finite; got Infinity/],
  [
    'nothing known',
    () =>
      nnls(good, [
        [1, Number.NaN],
        [3, Number.NaN],
      ]),
    ['nothing-known'],
    /sample of B .* none for sample 1/,
  ],
  ['too large', () => nnls([[1e200], [1]], [1, 2]), ['value-range'], /largest magnitude in A/],
  [
    'no numbers',
    () => nnls(good, ['1', '2'] as unknown as number[]),
    ['invalid-data'],
    /B must be numbers; got string at position 0/,
  ],
  ['no matrix', () => nnls(7 as unknown as number[][], [1, 2]), ['invalid-data'], /A must be a dense or CSC matrix/],
  ['an unknown option', () => nnls(good, [1, 2], { l1: 1 } as object), ['unknown-option'], /did you mean 'L1'/],
  [
    'a penalty below zero',
    () => nnls(good, [1, 2], { L1: -1, upperBound: 0 }),
    ['invalid-option', 'invalid-option'],
    /L1 of nnls must be a finite number, at least 0/,
  ],
] as const)('%s is refused', async (_, call, codes, words) => {
  const issues = await issuesOfAsync(call);
  expect(issues.map(({ code }) => code)).toEqual(codes);
  expect(issues.every(({ at }) => at === 'nnls')).toBe(true);
  await expect(call()).rejects.toThrow(words);
});
