import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import { dense, toCsc, toDense } from '../../src/matrix.js';
import { lowRank, meanSquare, product, relativeDifference, scaled, sparse, uniform } from '../support/matrices.js';
import { METHODS, nmfArgs } from './arguments.js';
import { oneIteration } from './textbook.js';

/** What went wrong in other packages and in prototypes. */
export function trapLaws(name: string, kernels: Kernels): void {
  describe(`${name}: traps`, () => {
    const ranks = [...Array.from({ length: 17 }, (_, k) => k + 1), 31, 33, 63, 65, 100, 129];
    const lengths = [1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 97, 127, 128, 129, 130];

    test.each(ranks)('odd shapes: one iteration with %d factors is the definition', async (k) => {
      for (let turn = 0; turn < 3; turn++) {
        const n = lengths[(5 * k + 7 * turn) % lengths.length];
        const m = lengths[(11 * k + 5 * turn + 3) % lengths.length];
        for (const matrix of [uniform(m, n, k), toDense(sparse(m, n, k))]) {
          const args = nmfArgs([matrix], k, { accelerate: 'none', sweeps: 1, maxIter: 1, norm: 'L2' });
          const expected = oneIteration(matrix, args.start.W, args.start.H);
          for (const X of [matrix, toCsc(matrix)]) {
            const fit = await kernels.nmf({ ...args, X: [X] });
            expect(fit.iterations).toBe(1);
            expect(relativeDifference(expected.data, product(fit).data)).toBeLessThan(1e-12);
          }
        }
      }
    });

    test.each(METHODS)(
      '$solver, $accelerate near an exact fit: the loss is the residual, never below zero',
      async (method) => {
        // Noise in the last digits, down to a loss of 1e-20 of the data.
        for (const noise of [1e-3, 1e-6, 1e-10]) {
          const [exact, other] = [lowRank(30, 20, 3, 5), uniform(30, 20, 6)];
          const X = dense(
            30,
            20,
            exact.data.map((x, p) => x + noise * other.data[p]),
          );
          const fit = await kernels.nmf(nmfArgs([X], 3, { ...method, maxIter: 600, tol: 0 }));
          expect(fit.history.loss.every((x) => x >= 0)).toBe(true);
          expect(fit.history.objective.every((x) => x >= 0)).toBe(true);
          expect(fit.loss / meanSquare(X, product(fit))).toBeGreaterThan(0.5);
          expect(fit.loss / meanSquare(X, product(fit))).toBeLessThan(2);
        }
      },
    );

    test('an exact fit ends, and soon', async () => {
      for (const k of [3, 5]) {
        const fit = await kernels.nmf(nmfArgs([lowRank(30, 20, 3, 5)], k, { maxIter: 20000, tol: 0 }));
        expect(fit.stopped).toBe('converged');
        expect(fit.iterations).toBeLessThan(2000);
        expect(fit.loss).toBeLessThan(1e-24);
      }
    });

    test('large counts: 32 bits are enough', async () => {
      const counts = dense(
        60,
        45,
        uniform(60, 45, 8).data.map((x) => Math.floor(61_225 ** x) - 1),
      );
      const loss = async (precision: 'f32' | 'f64') =>
        (await kernels.nmf(nmfArgs([counts], 6, { precision, maxIter: 40, tol: 0 }))).loss;
      expect(Math.abs((await loss('f32')) / (await loss('f64')) - 1)).toBeLessThan(1e-5);
    });

    test('a matrix of equal entries, from a start of equal entries: one factor does it all', async () => {
      const X = dense(7, 9, new Float64Array(63).fill(2.5));
      for (const method of METHODS) {
        const args = nmfArgs([X], 3, { ...method, maxIter: 50 });
        args.start.W.data.fill(1);
        args.start.H.data.fill(1);
        const fit = await kernels.nmf(args);
        expect(fit.loss).toBeLessThan(1e-20);
        expect(fit.kkt).toBeLessThan(1e-7);
        for (let r = 1; r < 3; r++) expect(fit.d[r]).toBeLessThanOrEqual(fit.d[r - 1]);
        expect(await kernels.nmf(args)).toEqual(fit);
      }
    });

    test('decaying data, down to where numbers end', async () => {
      const X = dense(
        40,
        30,
        uniform(40, 30, 2).data.map((x, p) => x * 2 ** (-25 * (p % 40)) * 2 ** (-8 * Math.floor(p / 40))),
      );
      for (const method of METHODS) {
        for (const precision of ['f64', 'f32'] as const) {
          const fit = await kernels.nmf(nmfArgs([X], 6, { ...method, precision, maxIter: 60, tol: 0 }));
          for (const values of [fit.W.data, fit.d, fit.H.data, fit.history.objective]) {
            expect(values.every(Number.isFinite)).toBe(true);
          }
        }
      }
    });

    test('zeros that a sparse matrix lists, and columns that list nothing', async () => {
      const matrix = sparse(20, 15, 4, 6);
      const full = toDense(matrix);
      full.data.fill(0, 3 * 20, 5 * 20);
      const indices = Uint32Array.from({ length: 300 }, (_, p) => p % 20);
      const indptr = Uint32Array.from({ length: 16 }, (_, j) => 20 * j);
      const everyZero = { ...matrix, indptr, indices, values: full.data };
      const [lean, all] = [toCsc(full), everyZero].map((X) => kernels.nmf(nmfArgs([X], 3, { maxIter: 30, tol: 0 })));
      expect(relativeDifference((await lean).W.data, (await all).W.data)).toBeLessThan(1e-9);
      const nothing = toCsc(dense(6, 5));
      expect((await kernels.nmf(nmfArgs([nothing], 2))).loss).toBe(0);
    });

    test('scales far apart within the data: every column gets its own precision', async () => {
      const X = uniform(20, 12, 3);
      const by = Float64Array.from(X.data, (x, p) => x * 10 ** -Math.floor(p / 20));
      const fit = await kernels.nmf(nmfArgs([dense(20, 12, by)], 4, { maxIter: 3000, tol: 1e-13 }));
      expect(fit.kkt).toBeLessThan(1e-4);
      const tiny = await kernels.nmf(nmfArgs([scaled(X, 1e-120)], 4, { maxIter: 3000, tol: 1e-13 }));
      expect(tiny.kkt).toBeLessThan(1e-5);
    });
  });
}
