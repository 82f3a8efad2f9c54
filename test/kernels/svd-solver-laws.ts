import { describe, expect, test } from 'vitest';
import type { Kernels, SvdSolver } from '../../src/kernels/kernels.js';
import { dense, toDense, transpose } from '../../src/matrix.js';
import { lowRank, product, relativeDifference, scaled, sparse, uniform } from '../support/matrices.js';
import { svdArgs } from './arguments.js';
import { offOrthonormal } from './textbook.js';

const SOLVERS: readonly SvdSolver[] = ['krylov', 'lanczos', 'randomized'];

/** Laws of `svd` that hold however pairs are sought. */
export function svdSolverLaws(name: string, kernels: Kernels): void {
  describe.each(SOLVERS)(`${name}: svd by %s`, (solver) => {
    const by = { solver, maxIter: 3000 };

    test('is the same SVD, to its residual', async () => {
      for (const X of [uniform(40, 33, 2), sparse(40, 33, 7), uniform(12, 60, 4)]) {
        for (const options of [{}, { center: true, scale: true }]) {
          const all = await kernels.svd(svdArgs([X], Math.min(X.rows, X.cols), options));
          const fit = await kernels.svd(svdArgs([X], 5, { ...options, ...by }));
          expect(fit.stopped).toBe('converged');
          expect(fit.kkt).toBeLessThanOrEqual(1e-10);
          expect(relativeDifference(all.d.slice(0, 5), fit.d)).toBeLessThan(1e-12);
          expect(relativeDifference(all.W.data.slice(0, 5 * X.rows), fit.W.data)).toBeLessThan(1e-6);
          expect([offOrthonormal(fit.W), offOrthonormal(transpose(fit.H))].every((off) => off < 1e-12)).toBe(true);
          const total = all.d.reduce((sum, x) => sum + x * x, 0);
          for (const [r, left] of (fit.left ?? []).entries())
            expect(left / all.d.slice(r).reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 9);
          expect(fit.left?.[0] ?? 0).toBeCloseTo(total, 9);
        }
      }
    });

    test('equal singular values are found as often as there are', async () => {
      const levels = dense(40, 40, Float64Array.from({ length: 1600 }, (_, p) => (p % 41 === 0 ? (p < 41 * 6 ? 3 : 1) : 0))); // biome-ignore format: one thought
      const turned = (await kernels.svd(svdArgs([uniform(40, 40, 3)], 40))).W;
      for (const X of [
        levels,
        dense(40, 40, product({ W: turned, d: levels.data.filter((_, p) => p % 41 === 0), H: transpose(turned) }).data),
      ]) {
        // biome-ignore format: one thought
        const fit = await kernels.svd(svdArgs([X], 8, by));
        for (const [r, sigma] of fit.d.entries()) expect(sigma).toBeCloseTo(r < 6 ? 3 : 1, 9);
      }
    });

    test('ranks that are deficient or too large, zeros, one row, one column', async () => {
      const low = await kernels.svd(svdArgs([lowRank(30, 20, 2, 4)], 5, by));
      expect(low.d[1]).toBeGreaterThan(1e-3);
      expect(low.d.subarray(2).every((x) => x < 1e-12)).toBe(true);
      expect(offOrthonormal(low.W)).toBeLessThan(1e-12);
      for (const [m, n] of [
        [1, 1],
        [1, 9],
        [9, 1],
        [6, 7],
      ]) {
        for (const X of [dense(m, n), uniform(m, n, 3)]) {
          const fit = await kernels.svd(svdArgs([X], 7, { ...by, center: true, scale: true }));
          expect([...fit.W.data, ...fit.d, ...fit.H.data, fit.loss, fit.kkt].every(Number.isFinite)).toBe(true);
          expect(fit.stopped).toBe('converged');
          expect(fit.loss).toBeLessThan(1e-20);
        }
      }
    });

    test.each([1e-139, 1e138])('data around %d', async (size) => {
      const X = uniform(30, 25, 2);
      const [one, other] = [
        await kernels.svd(svdArgs([X], 4, by)),
        await kernels.svd(svdArgs([scaled(X, size)], 4, by)),
      ];
      expect(relativeDifference(one.d, other.d.map((x) => x / size))).toBeLessThan(1e-12); // biome-ignore format: one thought
    });

    test('any number of threads, and cancelled', async () => {
      const args = svdArgs([toDense(sparse(90, 70, 7))], 6, { ...by, center: true });
      const one = await kernels.svd(args, { threads: 1 });
      expect(await kernels.svd(args, { threads: 5 })).toEqual(one);
      const cut = await kernels.svd(args, { signal: AbortSignal.abort() });
      expect([cut.stopped, cut.iterations]).toEqual(['aborted', 0]);
      expect(offOrthonormal(cut.W)).toBeLessThan(1e-12);
    });

    test('L2 shrinks what is found, and nothing else', async () => {
      const X = [uniform(20, 15, 2)];
      const [plain, fit] = [
        await kernels.svd(svdArgs(X, 4, by)),
        await kernels.svd(svdArgs(X, 4, { ...by, L2: 0.25 })),
      ];
      expect(relativeDifference(plain.d.map((x) => x / 1.25), fit.d)).toBeLessThan(1e-12); // biome-ignore format: one thought
      expect(relativeDifference(plain.W.data, fit.W.data)).toBeLessThan(1e-8);
      const squares = X[0].data.reduce((sum, x, p) => sum + (x - product(fit).data[p]) ** 2, 0);
      expect(fit.loss / (squares / 300)).toBeCloseTo(1, 9);
      expect(fit.objective / (squares / 2 + 0.125 * fit.d.reduce((sum, x) => sum + x * x, 0))).toBeCloseTo(1, 9);
    });
  });
}
