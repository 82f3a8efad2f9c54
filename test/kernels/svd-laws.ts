import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type Matrix, toCsc, toDense, transpose } from '../../src/matrix.js';
import {
  anyMatrix,
  lowRank,
  meanSquare,
  product,
  relativeDifference,
  scaled,
  sparse,
  uniform,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';

import { nmfArgs, svdArgs } from './arguments.js';

/** Laws of `svd`. */
export function svdLaws(name: string, kernels: Kernels): void {
  describe(`${name}: svd`, () => {
    const columnsOf = (M: DenseMatrix) =>
      Array.from({ length: M.cols }, (_, j) => M.data.subarray(j * M.rows, (j + 1) * M.rows));
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
    const expectOrthonormal = (M: DenseMatrix) => {
      const columns = columnsOf(M);
      for (const [i, a] of columns.entries()) {
        for (const [j, b] of columns.entries()) expect(Math.abs(dot(a, b) - Number(i === j))).toBeLessThan(1e-12);
      }
    };
    /** Centred and scaled by the textbook. */
    const standardized = (X: Matrix, center: boolean, scale: boolean): DenseMatrix => {
      const A = toDense(X);
      const out = dense(A.rows, A.cols);
      for (let i = 0; i < A.rows; i++) {
        const row = Array.from({ length: A.cols }, (_, j) => A.data[i + j * A.rows]);
        const mean = row.reduce((sum, x) => sum + x, 0) / A.cols;
        const deviation = Math.sqrt(row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (A.cols - 1)) || 1;
        for (const [j, x] of row.entries())
          out.data[i + j * A.rows] = (x - (center ? mean : 0)) / (scale ? deviation : 1);
      }
      return out;
    };

    test.each([
      [false, false],
      [true, false],
      [true, true],
      [false, true],
    ])(
      'center %s, scale %s: orthonormal, σ falling, exact at full rank, sparse equals dense',
      async (center, scale) => {
        const X = sparse(20, 13, 7);
        const full = await kernels.svd(svdArgs([X], 13, { center, scale }));
        expect(relativeDifference(standardized(X, center, scale).data, product(full).data)).toBeLessThan(1e-12);
        expect(full.loss).toBeLessThan(1e-24);
        const fit = await kernels.svd(svdArgs([X], 5, { center, scale }));
        const asDense = await kernels.svd(svdArgs([toDense(X)], 5, { center, scale }));
        expectOrthonormal(fit.W);
        expectOrthonormal(transpose(fit.H));
        for (let r = 0; r < 5; r++) {
          expect(fit.d[r]).toBeCloseTo(full.d[r], 10);
          if (r > 0) expect(fit.d[r]).toBeLessThanOrEqual(fit.d[r - 1]);
          const u = columnsOf(fit.W)[r];
          expect(u[u.reduce((best, x, i) => (Math.abs(x) > Math.abs(u[best]) ? i : best), 0)]).toBeGreaterThan(0);
        }
        expect(relativeDifference(fit.W.data, asDense.W.data)).toBeLessThan(1e-9);
        expect(relativeDifference(fit.H.data, asDense.H.data)).toBeLessThan(1e-9);
        const restored = product(fit).data.map((x, p) => x * (fit.scale?.[p % 20] ?? 1) + (fit.center?.[p % 20] ?? 0));
        expect(fit.loss / meanSquare(X, dense(20, 13, restored))).toBeCloseTo(1, 9);
      },
    );

    test('no rank-k matrix is nearer: NMF never is', async () => {
      const X = [uniform(18, 15, 2)];
      const best = await kernels.svd(svdArgs(X, 4));
      const nmf = await kernels.nmf(nmfArgs(X, 4, { maxIter: 1000 }));
      expect(best.loss).toBeLessThan(nmf.loss);
    });

    test('a larger matrix converges to the true residual', async () => {
      const fit = await kernels.svd(svdArgs([uniform(150, 90, 2)], 6, { center: true }));
      expect(fit.stopped).toBe('converged');
      expect(fit.kkt).toBeLessThanOrEqual(1e-10);
      expectOrthonormal(fit.W);
      for (let i = 1; i < fit.history.objective.length; i++) {
        expect(fit.history.objective[i]).toBeLessThanOrEqual(fit.history.objective[i - 1]);
      }
    });

    test('deficient and oversized ranks: σ is zero there and the vectors stay orthonormal while there is room', async () => {
      const fit = await kernels.svd(svdArgs([lowRank(9, 7, 2, 4)], 5));
      expect(fit.d[1]).toBeGreaterThan(1e-3);
      for (const sigma of fit.d.subarray(2)) expect(sigma).toBeLessThan(1e-13);
      expectOrthonormal(fit.W);
      expectOrthonormal(transpose(fit.H));
      const wide = await kernels.svd(svdArgs([uniform(3, 4, 1)], 6));
      expect(wide.W.cols).toBe(6);
      expect(wide.d.subarray(3)).toEqual(new Float64Array(3));
      expect(wide.loss).toBeLessThan(1e-25);
    });

    test('any matrix: finite, orthonormal', async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, fc.integer({ min: 1, max: 5 }), fc.boolean(), async (matrix, k, center) => {
          const fit = await kernels.svd(svdArgs([matrix], k, { center, scale: center }));
          for (const values of [fit.W.data, fit.d, fit.H.data]) expect(values.every(Number.isFinite)).toBe(true);
          if (k <= Math.min(matrix.rows, matrix.cols)) {
            expectOrthonormal(fit.W);
            expectOrthonormal(transpose(fit.H));
          }
        }),
        runs(60),
      );
    });

    test.each([1e-139, 1e-80, 1e80, 1e138])('data around %d has the same directions', async (by) => {
      const X = uniform(40, 60, 2);
      const [one, other] = [await kernels.svd(svdArgs([X], 5)), await kernels.svd(svdArgs([scaled(X, by)], 5))];
      expect(other.stopped).toBe('converged');
      expect(
        relativeDifference(
          one.d,
          other.d.map((sigma) => sigma / by),
        ),
      ).toBeLessThan(1e-12);
      expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
    });

    test('a large mean: kkt says how exact it is, and the search ends', async () => {
      const noise = uniform(30, 50, 3);
      const X = dense(
        30,
        50,
        noise.data.map((x, p) => (p % 30 === 0 ? 1e15 / 3 : x)),
      );
      const fit = await kernels.svd(svdArgs([X], 10, { center: true }));
      const best = await kernels.svd(
        svdArgs(
          [
            dense(
              30,
              50,
              noise.data.map((x, p) => (p % 30 === 0 ? 0 : x)),
            ),
          ],
          10,
          { center: true },
        ),
      );
      expect(relativeDifference(best.d, fit.d)).toBeLessThan(1e-9);
    });

    test.each([1e3, 1e6, 1e9])(
      'a mean of %d in dense data costs no more digits than the data have lost',
      async (mean) => {
        const noise = uniform(30, 50, 3);
        const moved = dense(
          30,
          50,
          noise.data.map((x) => x + mean),
        );
        // What is left of the noise once it was added to the mean.
        const kept = dense(
          30,
          50,
          moved.data.map((x) => x - mean),
        );
        const [fit, best] = await Promise.all(
          [moved, kept].map((X) => kernels.svd(svdArgs([X], 4, { center: true, scale: true }))),
        );
        expect(fit.stopped).toBe('converged');
        expect(relativeDifference(best.d, fit.d)).toBeLessThan(1e-11);
        expect(relativeDifference(best.W.data, fit.W.data)).toBeLessThan(1e-8);
        expect(relativeDifference(best.center?.map((x) => x + mean) ?? fit.d, fit.center ?? fit.d)).toBeLessThan(1e-14);
      },
    );

    test('where rounding is in the way the search ends, and kkt says how exact it is', async () => {
      const X = toCsc(
        dense(
          30,
          50,
          uniform(30, 50, 3).data.map((x) => x + 1e9),
        ),
      );
      const fit = await kernels.svd(svdArgs([X], 3, { center: true }));
      expect(fit.stopped).toBe('max-iter');
      expect(fit.iterations).toBeLessThan(40);
      expect(fit.kkt).toBeGreaterThan(1e-10);
      expect(fit.kkt).toBeLessThan(1e-4);
    });

    test('constant features are centred to nothing and not divided by it', async () => {
      const X = dense(3, 4, Float64Array.from([5, 1, 0, 5, 2, 0, 5, 3, 0, 5, 5, 0]));
      const fit = await kernels.svd(svdArgs([X], 1, { center: true, scale: true }));
      expect(fit.scale?.[0]).toBe(1);
      expect(fit.scale?.[2]).toBe(1);
      expect(fit.loss).toBeLessThan(1e-25);
      expect(Math.abs(fit.W.data[0])).toBeLessThan(1e-14);
    });
  });
}
