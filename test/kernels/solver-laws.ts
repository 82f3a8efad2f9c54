import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels, NmfResult } from '../../src/kernels/kernels.js';
import { dense, type Matrix, rowRange, toCsc, toDense } from '../../src/matrix.js';
import {
  anyMatrix,
  meanSquare,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { METHODS, type NmfOptions, nmfArgs, PLAIN, penaltiesFor } from './arguments.js';
import { penaltyOf } from './textbook.js';

const expectFalling = (values: Float64Array) => {
  for (let i = 1; i < values.length; i++) expect(values[i]).toBeLessThanOrEqual(values[i - 1] * (1 + 1e-10));
};

/** Laws that every way to fit keeps. */
export function solverLaws(name: string, kernels: Kernels): void {
  describe.each(METHODS)(`${name}: $solver, $accelerate`, (method) => {
    const { solver } = method;
    const falls = solver !== 'cholesky';
    const data = uniform(24, 17, 5);
    const solve = (X: readonly Matrix[], k: number, options: NmfOptions = {}) =>
      kernels.nmf(nmfArgs(X, k, { ...method, tol: 0, maxIter: 30, ...options }));
    const expectSame = (one: NmfResult, other: NmfResult) => {
      expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
      expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-8);
      expect(other.loss / one.loss).toBeCloseTo(1, 10);
    };

    test.each(penaltiesFor(solver))('%s: J never rises, and is what the factors have', async (_, options) => {
      const args = nmfArgs([data], 4, { ...method, ...options, tol: 0, maxIter: 200 });
      const result = await kernels.nmf(args);
      const { objective, loss } = result.history;
      expect([objective.length, loss.length]).toEqual([result.iterations, result.iterations]);
      expect(result.iterations).toBeGreaterThan(5);
      if (falls) expectFalling(objective);
      expect([result.loss, result.objective]).toEqual([loss.at(-1), objective.at(-1)]);
      const explicit = meanSquare(data, product(result));
      expect(result.loss / explicit).toBeCloseTo(1, 9);
      expect(result.objective / ((explicit * 24 * 17) / 2 + penaltyOf(result, args))).toBeCloseTo(1, 9);
      if (args.W.nonneg) expect(result.W.data.every((x) => x >= 0)).toBe(true);
      expect(result.H.data.every((x) => x >= 0)).toBe(true);
    });

    test('any matrix, any penalties: finite, falling, and the loss is that of the factors', async () => {
      await fc.assert(
        fc.asyncProperty(
          anyMatrix,
          fc.integer({ min: 1, max: 6 }),
          fc.constantFrom(...penaltiesFor(solver)),
          async (matrix, k, [, options]) => {
            // L1 is in units of the data: so it matters, and does not kill, at any scale.
            const size = Math.sqrt(meanSquare(matrix, dense(matrix.rows, matrix.cols)));
            const terms = { W: { ...PLAIN, ...options.W }, H: { ...PLAIN, ...options.H } };
            const inUnits = { W: { ...terms.W, L1: terms.W.L1 * size }, H: { ...terms.H, L1: terms.H.L1 * size } };
            const result = await solve([matrix], k, { ...inUnits, maxIter: 15 });
            for (const values of [result.W.data, result.d, result.H.data]) {
              expect(values.every(Number.isFinite)).toBe(true);
            }
            if (falls) expectFalling(result.history.objective);
            const explicit = meanSquare(matrix, product(result));
            expect(Math.abs(explicit - result.loss)).toBeLessThanOrEqual(1e-11 * size ** 2 + 1e-9 * result.loss);
          },
        ),
        runs(40),
      );
    });

    test('the form of the data changes nothing: sparse, in blocks, row after row, 32 bits', async () => {
      const matrix = single(toDense(sparse(30, 19, 11)));
      const wide = toDense(matrix);
      const expected = await solve([wide], 4);
      const rows = (from: number, to: number) => rowRange(wide, from, to);
      const bits: readonly (readonly Matrix[])[] = [[matrix], [rowMajor(wide)], [single(rowMajor(wide))]];
      for (const X of bits) expect(await solve(X, 4)).toEqual(expected);
      for (const X of [
        [toCsc(wide)],
        [single(toCsc(wide))],
        [toCsc(rows(0, 11)), rows(11, 12), rowMajor(rows(12, 25)), toCsc(rows(25, 30))],
        [single(rows(0, 29)), rows(29, 30)],
      ]) {
        expectSame(expected, await solve(X, 4));
      }
    });

    test('little memory gives the same bits', async () => {
      const X = [sparse(30, 19, 11), uniform(5, 19, 3)];
      expect(await solve(X, 4, { memory: 'low' })).toEqual(await solve(X, 4));
    });

    test('32 bits: the loss to 1e-5', async () => {
      for (const matrix of [data, sparse(40, 30, 2), scaled(data, 1e12)]) {
        const [wide, half] = [await solve([matrix], 4), await solve([matrix], 4, { precision: 'f32' })];
        expect(Math.abs(half.loss / wide.loss - 1)).toBeLessThan(1e-5);
        const rounded = dense(matrix.rows, matrix.cols, toDense(matrix).data.map(Math.fround));
        const form = matrix.kind === 'dense' ? rounded : toCsc(rounded);
        expect(await solve([form], 4, { precision: 'f32' })).toEqual(half);
        if (falls) expectFalling(half.history.objective);
      }
    });

    test.each([
      [2 ** -300, 'f64'],
      [2 ** -61, 'f64'],
      [2 ** 60, 'f64'],
      [2 ** 299, 'f64'],
      [2 ** -30, 'f32'],
      [2 ** 31, 'f32'],
    ] as const)('data × %d scales d, bit for bit (%s)', async (by, precision) => {
      const [one, other] = [await solve([data], 5, { precision }), await solve([scaled(data, by)], 5, { precision })];
      expect(other.d).toEqual(one.d.map((x) => x * by));
      expect(other.W.data).toEqual(one.W.data);
      expect(other.H.data).toEqual(one.H.data);
      expect(other.iterations).toBe(one.iterations);
    });

    test('equal columns get equal coefficients, bit for bit', async () => {
      const half = uniform(13, 37, 4);
      const args = nmfArgs([dense(13, 74, Float64Array.from([...half.data, ...half.data]))], 3, {
        ...method,
        maxIter: 9,
      });
      args.start.H.data.set(args.start.H.data.subarray(0, 3 * 37), 3 * 37);
      const { H } = await kernels.nmf(args);
      expect(H.data.subarray(0, 3 * 37)).toEqual(H.data.subarray(3 * 37));
    });

    test('rows and columns of zeros get coefficients of zero', async () => {
      const matrix = uniform(9, 8, 3);
      for (let j = 0; j < 8; j++) matrix.data[2 + j * 9] = 0;
      for (let i = 0; i < 9; i++) matrix.data[i + 5 * 9] = 0;
      const { W, H } = await solve([matrix], 3, { maxIter: 200 });
      for (let r = 0; r < 3; r++) expect([W.data[2 + r * 9], H.data[r + 5 * 3]]).toEqual([0, 0]);
    });

    test('a dead factor, and equal ones, do no harm', async () => {
      const dead = nmfArgs([data], 4, { ...method, tol: 0, maxIter: 30 });
      dead.start.W.data.fill(0, 24, 48);
      for (let j = 0; j < 17; j++) dead.start.H.data[1 + 4 * j] = 0;
      const equal = nmfArgs([data], 4, { ...method, tol: 0, maxIter: 30 });
      equal.start.W.data.copyWithin(24, 0, 24);
      for (let j = 0; j < 17; j++) equal.start.H.data[1 + 4 * j] = equal.start.H.data[4 * j];
      const fewer = await solve([data], 2, { maxIter: 30 });
      for (const args of [dead, equal]) {
        const result = await kernels.nmf(args);
        expect(result.loss).toBeLessThan(fewer.loss * 1.05);
        expect((await kernels.nmf(args)).W.data).toEqual(result.W.data);
      }
    });

    test('one row, one column, one entry, one factor; more factors than directions', async () => {
      for (const [m, n, k] of [
        [1, 7, 2],
        [7, 1, 2],
        [1, 1, 1],
        [1, 1, 3],
        [9, 8, 1],
        [3, 4, 7],
      ] as const) {
        const matrix = uniform(m, n, 4);
        const result = await solve([matrix], k, { maxIter: 2000 });
        expect(result.loss).toBeGreaterThanOrEqual(0);
        if (falls && k >= Math.min(m, n)) expect(result.loss).toBeLessThan(solver === 'mu' ? 1e-5 : 1e-9);
      }
    });
  });

  describe(`${name}: solvers compared`, () => {
    const X = [uniform(24, 17, 5)];
    const long = { maxIter: 5000, tol: 1e-13 };

    test.each(METHODS.filter(({ solver }) => solver === 'hals' || solver === 'bpp'))(
      '$solver, $accelerate: a converged fit is stationary',
      async (method) => {
        for (const [, options] of penaltiesFor(method.solver)) {
          const { stopped, kkt } = await kernels.nmf(nmfArgs(X, 4, { ...method, ...options, ...long }));
          expect(stopped).toBe('converged');
          expect(kkt).toBeLessThan(1e-5);
        }
      },
    );

    test('cholesky stops above what hals reaches, at a point that is not stationary', async () => {
      const hals = await kernels.nmf(nmfArgs(X, 4, long));
      const clipped = await kernels.nmf(nmfArgs(X, 4, { solver: 'cholesky', accelerate: 'none', ...long }));
      expect(clipped.loss).toBeGreaterThan(hals.loss * 1.001);
      expect(clipped.kkt).toBeGreaterThan(1e-3);
    });

    test('cholesky without bounds is alternating least squares: the truncated SVD', async () => {
      const free = { ...PLAIN, nonneg: false };
      const method = { solver: 'cholesky', accelerate: 'none' } as const;
      const als = await kernels.nmf(nmfArgs(X, 3, { ...method, W: free, H: free, maxIter: 3000, tol: 1e-15 }));
      const hals = await kernels.nmf(nmfArgs(X, 3, { W: free, H: free, maxIter: 3000, tol: 1e-15 }));
      expect(als.loss / hals.loss).toBeCloseTo(1, 8);
    });

    test('mu: what is zero stays zero', async () => {
      const args = nmfArgs(X, 4, { solver: 'mu', accelerate: 'none', sweeps: 2, norm: 'none', maxIter: 1 });
      args.start.W.data.fill(0, 3, 9);
      const { W } = await kernels.nmf(args);
      expect(Array.from(W.data).filter((x) => x === 0).length).toBe(6);
    });

    test('more sweeps for each product fall further', async () => {
      const swept = (sweeps: number) => kernels.nmf(nmfArgs(X, 4, { accelerate: 'none', sweeps, maxIter: 2, tol: 0 }));
      expect((await swept(10)).loss).toBeLessThan((await swept(1)).loss);
    });

    test('extrapolation pays: after 1.2 times the iterations no worse, from ordinary and from odd starts', async () => {
      const gains: number[] = [];
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const problems = [
          [uniform(40, 30, seed), 5],
          [sparse(60, 40, seed, 5), 6],
          [uniform(30, 30, seed), 10],
        ] as const;
        for (const [matrix, k] of problems) {
          for (const odd of [false, true]) {
            const reached = async (accelerate: 'her' | 'none', maxIter: number) => {
              const args = nmfArgs([matrix], k, { seed: 7 * seed, accelerate, maxIter, tol: 0 });
              // Factors of very different size, all nearly parallel.
              const { data } = args.start.W;
              if (odd) data.set(data.map((x, p) => (1 + 1e-3 * x) * 10 ** (p % k)));
              return (await kernels.nmf(args)).loss;
            };
            for (const many of [10, 50]) gains.push((await reached('none', many)) / (await reached('her', 1.2 * many)));
          }
        }
      }
      // Now and then it ends in another local minimum, a little above.
      expect(Math.min(...gains)).toBeGreaterThan(0.98);
      expect(gains.filter((gain) => gain > 1 - 1e-6).length).toBeGreaterThan(0.9 * gains.length);
    });
  });
}
