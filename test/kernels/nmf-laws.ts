import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type RowBlocks, toCsc, toDense, transpose } from '../../src/matrix.js';
import {
  anyMatrix,
  lowRank,
  meanSquare,
  multiply,
  product,
  relativeDifference,
  scaled,
  sparse,
  uniform,
  zeros,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';

import { nmfArgs, PLAIN, svdArgs } from './arguments.js';

/** Laws of `nmf`. */
export function nmfLaws(name: string, kernels: Kernels): void {
  describe(`${name}: nmf`, () => {
    const X = [uniform(24, 17, 5)];

    test('any matrix: finite factors, a loss that never rises and that the factors have', async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, fc.integer({ min: 1, max: 6 }), async (matrix, k) => {
          const fit = await kernels.nmf(nmfArgs([matrix], k, { maxIter: 40 }));
          for (const values of [fit.W.data, fit.d, fit.H.data, fit.history.loss])
            expect(values.every(Number.isFinite)).toBe(true);
          for (const values of [fit.W.data, fit.H.data]) expect(values.every((x) => x >= 0)).toBe(true);
          for (let i = 1; i < fit.history.loss.length; i++) {
            expect(fit.history.loss[i]).toBeLessThanOrEqual(fit.history.loss[i - 1] * (1 + 1e-10));
          }
          const size = meanSquare(matrix, dense(matrix.rows, matrix.cols));
          expect(Math.abs(meanSquare(matrix, product(fit)) - fit.loss)).toBeLessThanOrEqual(
            1e-11 * size + 1e-9 * fit.loss,
          );
          for (let r = 1; r < k; r++) expect(fit.d[r]).toBeLessThanOrEqual(fit.d[r - 1]);
        }),
        runs(60),
      );
    });

    test('a converged fit is stationary, and says how nearly', async () => {
      const early = await kernels.nmf(nmfArgs(X, 3, { maxIter: 5 }));
      const late = await kernels.nmf(nmfArgs(X, 3, { maxIter: 5000, tol: 1e-13 }));
      expect(late.stopped).toBe('converged');
      expect(late.kkt).toBeLessThan(1e-5);
      expect(early.stopped).toBe('max-iter');
      expect(early.kkt).toBeGreaterThan(100 * late.kkt);
    });

    test('it ends at the first iterate of which five have brought less than tol', async () => {
      const tol = 1e-4;
      const { stopped, history } = await kernels.nmf(nmfArgs(X, 3, { tol }));
      const J = Array.from(history.objective);
      expect(stopped).toBe('converged');
      expect(J.findIndex((now, t) => t >= 5 && J[t - 5] - now <= tol * now)).toBe(J.length - 1);
    });

    test('exact data comes back', async () => {
      const fit = await kernels.nmf(nmfArgs([lowRank(15, 12, 2, 9)], 2, { maxIter: 20000, tol: 1e-14 }));
      expect(fit.loss).toBeLessThan(1e-12);
    });

    test('more factors than the matrix can need', async () => {
      const fit = await kernels.nmf(nmfArgs([lowRank(6, 5, 2, 9)], 9, { maxIter: 5000, tol: 1e-13 }));
      expect(fit.W.cols).toBe(9);
      expect(fit.loss).toBeLessThan(1e-10);
    });

    test('rank one equals the leading singular pair', async () => {
      const nmf = await kernels.nmf(nmfArgs(X, 1, { maxIter: 1000, tol: 1e-15, norm: 'L2' }));
      const svd = await kernels.svd(svdArgs(X, 1));
      expect(nmf.d[0] / svd.d[0]).toBeCloseTo(1, 10);
      expect(relativeDifference(nmf.W.data, svd.W.data)).toBeLessThan(1e-7);
    });

    test('a matrix of zeros gives zero factors', async () => {
      for (const nonneg of [true, false]) {
        const terms = { ...PLAIN, nonneg };
        const fit = await kernels.nmf(nmfArgs([dense(4, 3)], 2, { W: terms, H: terms }));
        expect([fit.loss, fit.objective, fit.stopped]).toEqual([0, 0, 'converged']);
        expect(zeros(product(fit).data)).toBe(12);
      }
    });

    test('entries next to zero: finite factors, and a factor too small for numbers is zero', async () => {
      for (const norm of ['L1', 'L2', 'none'] as const) {
        const X = dense(2, 2, new Float64Array([1, 0, 0, 1e-310]));
        const fit = await kernels.nmf(nmfArgs([X], 2, { norm }));
        for (const values of [fit.W.data, fit.d, fit.H.data]) expect(values.every(Number.isFinite)).toBe(true);
        expect(product(fit).data[0]).toBeCloseTo(1, 12);
        expect(Number.isFinite(fit.kkt)).toBe(true);
      }
    });

    test('rows and columns of zeros get zero coefficients and change nothing else', async () => {
      const matrix = uniform(9, 8, 3);
      for (let j = 0; j < 8; j++) matrix.data[2 + j * 9] = 0;
      for (let i = 0; i < 9; i++) matrix.data[i + 5 * 9] = 0;
      const fit = await kernels.nmf(nmfArgs([matrix], 3, { maxIter: 500, tol: 1e-12 }));
      for (let r = 0; r < 3; r++) {
        expect(fit.W.data[2 + r * 9]).toBe(0);
        expect(fit.H.data[r + 5 * 3]).toBe(0);
      }
    });

    test('a dead factor in the start does no harm', async () => {
      const args = nmfArgs(X, 3);
      const W = args.start.W.data.slice();
      W.fill(0, 0, 24);
      const H = args.start.H.data.map((x, p) => (p % 3 === 0 ? 0 : x));
      const fit = await kernels.nmf({ ...args, start: { W: dense(24, 3, W), H: dense(3, 17, H) } });
      const two = await kernels.nmf(nmfArgs(X, 2));
      expect(fit.d[2]).toBe(0);
      expect(fit.loss).toBeLessThan(two.loss * 1.1);
    });

    test('sparse equals dense, and blocks equal one matrix', async () => {
      const whole = sparse(30, 19, 11);
      const fit = await kernels.nmf(nmfArgs([whole], 4));
      const asDense = toDense(whole);
      const rows = (from: number, to: number): DenseMatrix => {
        const out = dense(to - from, 19);
        for (let j = 0; j < 19; j++) out.data.set(asDense.data.subarray(from + j * 30, to + j * 30), j * (to - from));
        return out;
      };
      const blocks: RowBlocks = [toCsc(rows(0, 11)), rows(11, 12), rows(12, 25), toCsc(rows(25, 30))];
      for (const X of [[asDense], blocks, [rows(0, 29), rows(29, 30)]]) {
        const other = await kernels.nmf(nmfArgs(X, 4));
        expect(relativeDifference(fit.W.data, other.W.data)).toBeLessThan(1e-9);
        expect(relativeDifference(fit.H.data, other.H.data)).toBeLessThan(1e-9);
        expect(other.loss).toBeCloseTo(fit.loss, 12);
      }
    });

    test('the transpose has the same fit, roles exchanged', async () => {
      const args = nmfArgs(X, 2, { maxIter: 20000, tol: 1e-15 });
      const fit = await kernels.nmf(args);
      const turned = await kernels.nmf({
        ...args,
        X: [transpose(toDense(X[0]))],
        start: { W: transpose(args.start.H), H: transpose(args.start.W) },
      });
      expect(turned.loss / fit.loss).toBeCloseTo(1, 4);
    });

    test('equal columns get equal coefficients, bit for bit', async () => {
      const left = uniform(13, 11, 4);
      const twice = dense(13, 22, Float64Array.from([...left.data, ...left.data]));
      const args = nmfArgs([twice], 3);
      args.start.H.data.set(args.start.H.data.subarray(0, 33), 33);
      const { H } = await kernels.nmf(args);
      expect(H.data.subarray(0, 33)).toEqual(H.data.subarray(33));
    });

    test.each([2 ** -300, 2 ** -60, 2 ** 60, 2 ** 300])('scaling the data by %d scales d, bit for bit', async (by) => {
      const one = await kernels.nmf(nmfArgs(X, 3));
      const other = await kernels.nmf(nmfArgs([scaled(toDense(X[0]), by)], 3));
      expect(other.d).toEqual(one.d.map((x) => x * by));
      expect(other.W.data).toEqual(one.W.data);
      expect(other.H.data).toEqual(one.H.data);
      // Factors that the data have no use for are zero after the first half-step, and decide about no others.
      const few = lowRank(7, 23, 3, 6);
      const surplus = (A: DenseMatrix) => kernels.nmf(nmfArgs([A], 9, { maxIter: 10, tol: 0 }));
      expect((await surplus(scaled(few, by))).d).toEqual((await surplus(few)).d.map((x) => x * by));
    });

    test('norms: L1 sums to one, L2 has length one, none leaves d at one; the product is the same', async () => {
      const fits = await Promise.all(
        (['L1', 'L2', 'none'] as const).map((norm) => kernels.nmf(nmfArgs(X, 3, { norm }))),
      );
      const [l1, l2, none] = fits;
      for (let r = 0; r < 3; r++) {
        const w = (fit: typeof l1) => fit.W.data.subarray(r * 24, (r + 1) * 24);
        expect(w(l1).reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12);
        expect(w(l2).reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 12);
      }
      expect(none.d).toEqual(new Float64Array(3).fill(1));
      expect(relativeDifference(product(l1).data, product(l2).data)).toBeLessThan(1e-13);
      expect(relativeDifference(product(l1).data, product(none).data)).toBeLessThan(1e-13);
    });

    test('L1 makes the factor that carries it sparse, and not the other', async () => {
      const carriers = await Promise.all(
        [0, 0.05, 0.15].map((L1) => kernels.nmf(nmfArgs(X, 4, { H: { ...PLAIN, L1 }, maxIter: 1000, tol: 1e-9 }))),
      );
      const [none, some, much] = carriers.map(({ H }) => zeros(H.data));
      expect(some).toBeGreaterThan(none);
      expect(much).toBeGreaterThan(some);
      expect(zeros(carriers[2].W.data)).toBeLessThanOrEqual(zeros(carriers[0].W.data));
      const onW = await kernels.nmf(nmfArgs(X, 4, { W: { ...PLAIN, L1: 0.15 }, maxIter: 1000, tol: 1e-9 }));
      expect(zeros(onW.W.data)).toBeGreaterThan(zeros(carriers[0].W.data));
    });

    test('L2 shrinks the product', async () => {
      const size = async (L2: number) => {
        const fit = await kernels.nmf(nmfArgs(X, 4, { H: { ...PLAIN, L2 } }));
        return product(fit).data.reduce((sum, x) => sum + x * x, 0);
      };
      const sizes = [await size(0), await size(0.1), await size(0.5)];
      expect(sizes[1]).toBeLessThan(sizes[0]);
      expect(sizes[2]).toBeLessThan(sizes[1]);
    });

    test('the objective is the formula', async () => {
      const terms = { W: { ...PLAIN, L1: 0.02, L2: 0.3 }, H: { ...PLAIN, L1: 0.04, L2: 0.1 } };
      const fit = await kernels.nmf(nmfArgs(X, 3, terms));
      const [m, n] = [24, 17];
      let expected = (fit.loss * m * n) / 2;
      for (let r = 0; r < 3; r++) {
        const w = fit.W.data.subarray(r * m, (r + 1) * m);
        const h = fit.H.data.filter((_, p) => p % 3 === r);
        const l1 = (v: Float64Array) => v.reduce((sum, x) => sum + Math.abs(x), 0);
        const l2 = (v: Float64Array) => Math.sqrt(v.reduce((sum, x) => sum + x * x, 0));
        expected += fit.d[r] * (0.04 * Math.sqrt(m) * l2(w) * l1(h) + 0.02 * Math.sqrt(n) * l2(h) * l1(w));
        expected += 0.5 * 0.4 * (fit.d[r] * l2(w) * l2(h)) ** 2;
      }
      expect(fit.objective / expected).toBeCloseTo(1, 10);
    });

    test('semi-NMF fits signed data that non-negative factors can not', async () => {
      const signed = multiply(
        dense(
          10,
          2,
          uniform(10, 2, 3).data.map((x) => x - 0.5),
        ),
        uniform(2, 14, 4),
      );
      const semi = await kernels.nmf(
        nmfArgs([signed], 2, { W: { ...PLAIN, nonneg: false }, maxIter: 5000, tol: 1e-12 }),
      );
      const plain = await kernels.nmf(nmfArgs([signed], 2, { maxIter: 5000, tol: 1e-12 }));
      expect(semi.loss).toBeLessThan(1e-9);
      expect(plain.loss).toBeGreaterThan(1e-3);
      expect(semi.W.data.some((x) => x < 0)).toBe(true);
      expect(semi.H.data.every((x) => x >= 0)).toBe(true);
    });

    test('iterates are told in order, and a cancelled fit returns the last accepted one', async () => {
      const control = new AbortController();
      const told: number[] = [];
      const fit = await kernels.nmf(nmfArgs([uniform(300, 200, 8)], 12, { maxIter: 100_000, tol: 0 }), {
        signal: control.signal,
        onIteration: ({ iteration }) => {
          told.push(iteration);
          if (iteration === 7) control.abort();
        },
      });
      expect(fit.stopped).toBe('aborted');
      expect(told.slice(0, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
      expect(fit.iterations).toBeGreaterThanOrEqual(7);
      expect(fit.iterations).toBeLessThan(100_000);
      expect(fit.history.loss.length).toBe(fit.iterations);
      const again = await kernels.nmf(nmfArgs([uniform(300, 200, 8)], 12, { maxIter: fit.iterations, tol: 0 }));
      expect(again.W.data).toEqual(fit.W.data);
    });

    test('an error in onIteration ends the call with that error', async () => {
      const error = new Error('in the callback');
      const call = kernels.nmf(nmfArgs([uniform(100, 80, 8)], 5, { maxIter: 100_000, tol: 0 }), {
        onIteration: () => {
          throw error;
        },
      });
      await expect(call).rejects.toBe(error);
    });

    test('cancelled before it began: the start, no iterations', async () => {
      const fit = await kernels.nmf(nmfArgs(X, 2), { signal: AbortSignal.abort() });
      expect(fit.stopped).toBe('aborted');
      expect(fit.iterations).toBe(0);
      expect(fit.loss).toBeCloseTo(meanSquare(X[0], product(fit)), 10);
    });

    test('the start is not written to', async () => {
      const args = nmfArgs(X, 2);
      const [W, H, data] = [args.start.W.data.slice(), args.start.H.data.slice(), toDense(X[0]).data.slice()];
      await kernels.nmf(args);
      expect([args.start.W.data, args.start.H.data, toDense(X[0]).data]).toEqual([W, H, data]);
    });

    test('the event loop turns while a fit runs', async () => {
      let turns = 0;
      const timer = setInterval(() => turns++, 1);
      await kernels.nmf(nmfArgs([uniform(500, 400, 8)], 10, { maxIter: name === 'native' ? 600 : 30, tol: 0 }));
      clearInterval(timer);
      expect(turns).toBeGreaterThan(3);
    });
  });
}
