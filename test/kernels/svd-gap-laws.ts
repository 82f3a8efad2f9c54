import { describe, expect, test } from 'vitest';
import type { Kernels, SvdArgs, SvdSolver } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type RowBlocks, stackDense, toCsc, toDense, transpose } from '../../src/matrix.js';
import {
  lowRank,
  multiply,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { nmfArgs, PLAIN, svdArgs } from './arguments.js';
import { gappy, listed } from './missing-laws.js';
import { leftBySvd, offOrthonormal } from './textbook.js';

const FREE = { ...PLAIN, nonneg: false };
const WAYS: readonly (readonly [SvdSolver, Partial<SvdArgs>])[] = [
  ['krylov', {}],
  ['krylov', { center: true, scale: true, L2: 0.01 }],
  ['lanczos', { center: true }],
  ['randomized', { scale: true }],
];

/** Laws of `svd` on data with missing entries. */
export function svdGapLaws(name: string, kernels: Kernels): void {
  const solve = (X: RowBlocks, k: number, options: Partial<SvdArgs> = {}) =>
    kernels.svd(svdArgs(X, k, { missing: true, maxIter: 60, tol: 1e-8, ...options }));
  const noisy = (m: number, n: number, k: number, seed: number): DenseMatrix =>
    dense(m, n, lowRank(m, n, k, seed).data.map((x, p) => x + 0.1 * uniform(m, n, seed + 9).data[p])); // biome-ignore format: one thought

  describe.each(WAYS)(`${name}: svd of what is known, by %s, %o`, (solver, way) => {
    const options = { solver, ...way };

    test('what is reported is what the model has on what is known; J never rises', async () => {
      for (const share of [0.05, 0.3, 0.6]) {
        const forms: readonly RowBlocks[] = [
          [gappy(noisy(30, 24, 3, 2), share, 3)],
          [listed(gappy(noisy(30, 24, 3, 2), share, 4))],
          [gappy(uniform(9, 24, 3), share, 4), toCsc(gappy(toDense(sparse(26, 24, 4)), share, 5)), uniform(1, 24, 4)],
          [single(rowMajor(gappy(noisy(30, 24, 3, 2), share, 5)))],
        ];
        for (const X of forms) {
          const fit = await solve(X, 3, options);
          const { squares, own, known } = leftBySvd(X, fit);
          expect(fit.loss / (squares / known)).toBeCloseTo(1, 9);
          const shrinking = (way.L2 ?? 0) * fit.d.reduce((sum, x) => sum + x * x, 0);
          expect(fit.objective / ((own + shrinking) / 2)).toBeCloseTo(1, 9);
          expect(fit.left).toHaveLength(4);
          for (const [r, left] of (fit.left ?? []).entries()) expect(left / leftBySvd(X, fit, r).own).toBeCloseTo(1, 9);
          expect(offOrthonormal(fit.W)).toBeLessThan(1e-8);
          expect(offOrthonormal(transpose(fit.H))).toBeLessThan(1e-8);
          expect([...fit.d]).toEqual([...fit.d].sort((a, b) => b - a));
          expect(fit.iterations).toBe(fit.history.objective.length);
          expect(fit.history.objective.at(-1)).toBe(fit.objective);
          for (let i = 1; i < fit.iterations; i++)
            expect(fit.history.objective[i]).toBeLessThanOrEqual(fit.history.objective[i - 1] * (1 + 1e-10));
        }
      }
    });

    test('however they are stored, the same fit', async () => {
      const A = toDense(single(gappy(toDense(sparse(34, 30, 5)), 0.2, 7)));
      const one = await solve([A], 3, { ...options, maxIter: 10, tol: 0 });
      for (const X of [single(A), rowMajor(A), toCsc(A), single(toCsc(A)), listed(A)]) {
        const other = await solve([X], 3, { ...options, maxIter: 10, tol: 0 });
        expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-7);
        expect(relativeDifference(one.history.objective, other.history.objective)).toBeLessThan(1e-9);
      }
    });

    test('nothing missing: the SVD itself', async () => {
      const X = [uniform(20, 16, 2)];
      const fit = await solve(X, 3, { ...options, maxIter: 400, tol: 1e-15 });
      const plain = await kernels.svd(svdArgs(X, 3, { ...options, maxIter: 2000 }));
      expect(relativeDifference(plain.d, fit.d)).toBeLessThan(1e-6);
      expect(relativeDifference(product(plain).data, product(fit).data)).toBeLessThan(1e-4);
      expect(relativeDifference(plain.left ?? plain.d, fit.left ?? fit.d)).toBeLessThan(1e-6);
    });

    test('any number of threads, and cancelled', async () => {
      const X = [gappy(noisy(60, 50, 3, 2), 0.2, 3), toCsc(gappy(toDense(sparse(60, 50, 4)), 0.1, 5))];
      const args = svdArgs(X, 4, { ...options, missing: true, maxIter: 6, tol: 0 });
      const one = await kernels.svd(args, { threads: 1 });
      expect(await kernels.svd(args, { threads: 5 })).toEqual(one);
      const cut = await kernels.svd(args, { signal: AbortSignal.abort() });
      expect([cut.stopped, cut.iterations]).toEqual(['aborted', 0]);
      const { squares, known } = leftBySvd(X, cut);
      expect(cut.loss / (squares / known)).toBeCloseTo(1, 9);
    });
  });

  describe(`${name}: svd of what is known`, () => {
    test('a matrix of low rank comes back whole', async () => {
      const A = lowRank(30, 24, 2, 3);
      const fit = await solve([gappy(A, 0.25, 5)], 2, { maxIter: 2000, tol: 1e-14 });
      expect(relativeDifference(A.data, product(fit).data)).toBeLessThan(1e-4);
      const shifted = dense(30, 24, A.data.map((x, p) => x + (p % 30))); // biome-ignore format: one thought
      const centred = await solve([gappy(shifted, 0.25, 5)], 2, { center: true, maxIter: 2000, tol: 1e-14 });
      const back = product(centred).data.map((x, p) => x + (centred.center?.[p % 30] ?? 0));
      expect(relativeDifference(shifted.data, back)).toBeLessThan(1e-4);
    });

    test('no worse than the least squares of two free factors, which has the same optimum', async () => {
      for (const share of [0.1, 0.4]) {
        const X = [gappy(noisy(30, 24, 3, 2), share, 6)];
        const args = { W: FREE, H: FREE, missing: 'exact', accelerate: 'none', maxIter: 3000, tol: 1e-12 } as const;
        const free = await kernels.nmf(nmfArgs(X, 3, args));
        const fit = await solve(X, 3, { maxIter: 3000, tol: 1e-12 });
        expect(fit.loss).toBeLessThan(free.loss * (1 + 1e-5));
        expect(fit.kkt).toBeLessThan(1e-4);
      }
    });

    test('the means are those for which J is least: what is left has none', async () => {
      const X = gappy(noisy(20, 40, 2, 3), 0.3, 4);
      const fit = await solve([X], 2, { center: true, scale: true, maxIter: 2000, tol: 1e-14 });
      const model = multiply(dense(20, 2, fit.W.data.map((x, p) => x * fit.d[Math.floor(p / 20)] * (fit.scale?.[p % 20] ?? 1))), fit.H); // biome-ignore format: one thought
      for (let i = 0; i < 20; i++) {
        const rest = Array.from({ length: 40 }, (_, j) => X.data[i + j * 20] - (fit.center?.[i] ?? 0) - model.data[i + j * 20]); // biome-ignore format: one thought
        const known = rest.filter((x) => !Number.isNaN(x));
        expect(Math.abs(known.reduce((sum, x) => sum + x, 0) / known.length)).toBeLessThan(1e-4);
      }
    });

    test('deviations are those of what is known; constant features are not divided', async () => {
      const X = dense(3, 5, Float64Array.of(5, 1, 0, 5, 2, NaN, NaN, 4, 0, 5, NaN, 0, 5, 5, 0));
      const fit = await solve([X], 1, { center: true, scale: true });
      expect([fit.scale?.[0], fit.scale?.[2]]).toEqual([1, 1]);
      expect(fit.scale?.[1]).toBeCloseTo(Math.sqrt(10 / 3), 12);
      expect(Number.isFinite(fit.loss)).toBe(true);
    });

    test('zeros, one row, one column, nothing known of a line, ranks beyond the size, far-off magnitudes: finite', async () => {
      const cases: readonly DenseMatrix[] = [
        gappy(dense(6, 5), 0.3, 1),
        gappy(uniform(1, 8, 2), 0.3, 1),
        gappy(uniform(8, 1, 2), 0.3, 1),
        dense(4, 4, uniform(4, 4, 2).data.map((x, p) => (p % 4 === 1 || p >= 12 ? NaN : x))), // biome-ignore format: one thought
        gappy(scaled(uniform(9, 7, 3), 1e138), 0.3, 2),
        gappy(scaled(uniform(9, 7, 3), 1e-139), 0.3, 2),
      ];
      for (const X of cases) {
        for (const way of [{}, { center: true, scale: true }]) {
          for (const form of [X, toCsc(X), listed(X)]) {
            const fit = await solve([form], 9, way);
            const numbers = [
              ...fit.W.data,
              ...fit.d,
              ...fit.H.data,
              fit.loss,
              fit.objective,
              fit.kkt,
              ...(fit.left ?? []),
            ];
            expect(numbers.every(Number.isFinite)).toBe(true);
          }
        }
      }
    });

    test('a mean of 1e6 costs no digits that the data have', async () => {
      const noise = noisy(20, 30, 2, 3);
      const moved = gappy(dense(20, 30, noise.data.map((x) => x + 1e6)), 0.2, 4); // biome-ignore format: one thought
      const kept = dense(20, 30, moved.data.map((x) => x - 1e6)); // biome-ignore format: one thought
      for (const form of [(X: DenseMatrix) => X, listed]) {
        const [one, other] = [
          await solve([form(moved)], 2, { center: true }),
          await solve([form(kept)], 2, { center: true }),
        ];
        expect(relativeDifference(other.d, one.d)).toBeLessThan(1e-7);
      }
    });

    test('L2 keeps what few entries tell about within bounds', async () => {
      const X = [gappy(uniform(30, 20, 3), 0.8, 4)];
      const size = (fit: { readonly d: Float64Array }) => fit.d.reduce((sum, x) => sum + x * x, 0);
      const [free, held] = [await solve(X, 5, { maxIter: 500 }), await solve(X, 5, { maxIter: 500, L2: 0.1 })];
      expect(size(held)).toBeLessThan(size(free) / 1.2);
      expect(stackDense(X).rows).toBe(held.W.rows);
    });
  });
}
