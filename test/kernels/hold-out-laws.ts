import { describe, expect, test } from 'vitest';
import { heldOutEntries } from '../../src/kernels/hold-out.js';
import type { HoldOut, Kernels, NmfResult } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type Matrix, type RowBlocks, stackDense, toCsc, toDense } from '../../src/matrix.js';
import {
  multiply,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { held, type NmfOptions, nmfArgs, PENALTIES, PLAIN } from './arguments.js';
import { meanSquareOver, penaltyOf } from './textbook.js';

/** Which entries of the stacked matrix are held out. */
async function maskOf(X: RowBlocks, holdOut: HoldOut | null | undefined): Promise<Float64Array> {
  if (!holdOut) throw new Error('no hold-out');
  return stackDense(
    await Promise.all(X.map(({ rows, cols }, at) => heldOutEntries(rows, cols, holdOut.keys[at], holdOut.fraction))),
  ).data;
}

/** Other numbers in the entries that are held out. */
const overwritten = (A: DenseMatrix, mask: Float64Array): DenseMatrix =>
  dense(
    A.rows,
    A.cols,
    uniform(A.rows, A.cols, 99).data.map((x, p) => (mask[p] === 1 ? 50 * x : A.data[p])),
  );

/** All of a result that may not depend on what is held out. */
const fitted = ({ heldOut, ...rest }: NmfResult) => ({ ...rest, count: heldOut?.count });

/** Laws of `nmf` with a hold-out. */
export function holdOutLaws(name: string, kernels: Kernels): void {
  describe.each(['em', 'exact'] as const)(`${name}: hold-out, %s`, (solver) => {
    const data = uniform(40, 30, 2);
    const thin = toDense(sparse(70, 66, 5));
    const solve = (X: RowBlocks, k: number, options: Partial<HoldOut> = {}, more: NmfOptions = {}) =>
      kernels.nmf(nmfArgs(X, k, { tol: 0, maxIter: 30, ...held(X.length, { solver, ...options }), ...more }));

    test('what is reported is what the factors have, on what is fitted and on what is held out', async () => {
      const forms: readonly RowBlocks[] = [
        [data],
        [toCsc(thin)],
        [uniform(25, 30, 3), toCsc(toDense(sparse(66, 30, 4))), uniform(1, 30, 4)],
        [single(rowMajor(data))],
      ];
      for (const X of forms) {
        for (const [, terms] of PENALTIES) {
          const args = nmfArgs(X, 4, { ...terms, ...held(X.length, { solver, fraction: 0.2 }), tol: 0, maxIter: 12 });
          const mask = await maskOf(X, args.holdOut);
          const result = await kernels.nmf(args);
          const count = mask.reduce((sum, x) => sum + x, 0);
          expect(result.heldOut).toMatchObject({ count, iteration: result.iterations });
          expect(result.heldOut?.history.length).toBe(result.iterations);
          expect(result.heldOut?.history.at(-1)).toBe(result.heldOut?.loss);
          const seen = meanSquareOver(X, result, (p) => mask[p] === 0);
          expect(result.loss / seen).toBeCloseTo(1, 9);
          expect((result.heldOut?.loss ?? 0) / meanSquareOver(X, result, (p) => mask[p] === 1)).toBeCloseTo(1, 9);
          const objective = (seen * (mask.length - count)) / 2 + penaltyOf(result, args);
          expect(result.objective / objective).toBeCloseTo(1, 9);
        }
      }
    });

    test.each(PENALTIES)('J never rises: %s', async (_, terms) => {
      for (const fraction of [0.1, 0.4, 0.8]) {
        const { history, iterations } = await solve([data], 4, { fraction }, { ...terms, maxIter: 150 });
        expect(iterations).toBeGreaterThan(5);
        for (let i = 1; i < iterations; i++) {
          expect(history.objective[i]).toBeLessThanOrEqual(history.objective[i - 1] * (1 + 1e-10));
        }
      }
    });

    test('what is held out does not reach the fit, bit for bit', async () => {
      for (const A of [data, thin]) {
        const mask = await maskOf([A], held(1, { fraction: 0.15 }).holdOut);
        const noisy = overwritten(A, mask);
        for (const form of [(M: DenseMatrix): Matrix => M, toCsc]) {
          const [one, other] = [
            await solve([form(A)], 5, { fraction: 0.15 }),
            await solve([form(noisy)], 5, { fraction: 0.15 }),
          ];
          expect(fitted(other)).toEqual(fitted(one));
          expect(other.heldOut?.loss).toBeGreaterThan(10 * (one.heldOut?.loss ?? 0));
        }
      }
    });

    test('sparse equals dense, row after row and 32-bit data equal both', async () => {
      const narrow = single(thin);
      const A = toDense(narrow);
      const one = await solve([A], 4);
      for (const X of [narrow, rowMajor(A)]) expect(await solve([X], 4)).toEqual(one);
      for (const other of [await solve([toCsc(A)], 4), await solve([toCsc(narrow)], 4)]) {
        expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
        expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-8);
        expect((other.heldOut?.loss ?? 0) / (one.heldOut?.loss ?? 0)).toBeCloseTo(1, 9);
      }
      const half = await solve([A], 4, {}, { precision: 'f32' });
      expect(Math.abs(half.loss / one.loss - 1)).toBeLessThan(1e-5);
      expect(Math.abs((half.heldOut?.loss ?? 0) / (one.heldOut?.loss ?? 1) - 1)).toBeLessThan(1e-3);
    });

    test('data × 2^-61 and 2^60 scale d, bit for bit', async () => {
      const one = await solve([data], 4);
      for (const by of [2 ** -61, 2 ** 60]) {
        const other = await solve([scaled(data, by)], 4);
        expect(other.d).toEqual(one.d.map((x) => x * by));
        expect([other.W.data, other.H.data]).toEqual([one.W.data, one.H.data]);
      }
    });

    test('a converged fit is stationary', async () => {
      for (const fraction of [0.1, 0.3]) {
        const { kkt, stopped } = await solve([data], 3, { fraction }, { maxIter: 5000, tol: 1e-13 });
        expect(stopped).toBe('converged');
        expect(kkt).toBeLessThan(1e-5);
      }
    });

    test('the best iterate comes back when it is asked for', async () => {
      // Two factors and noise, fitted with nine: the held-out error has its minimum early.
      const signal = multiply(uniform(40, 2, 1), uniform(2, 30, 2));
      const X = [
        dense(
          40,
          30,
          signal.data.map((x, p) => x + 0.5 * data.data[p]),
        ),
      ];
      const [last, best] = [
        await solve(X, 9, { fraction: 0.3 }, { maxIter: 200 }),
        await solve(X, 9, { fraction: 0.3, keep: 'best' }, { maxIter: 200 }),
      ];
      const history = best.heldOut?.history ?? new Float64Array();
      expect(history).toEqual(last.heldOut?.history);
      expect(best.history).toEqual(last.history);
      const iteration = history.indexOf(Math.min(...history)) + 1;
      expect(best.heldOut).toMatchObject({ loss: Math.min(...history), iteration });
      expect(iteration).toBeLessThan(best.iterations);
      expect([best.loss, best.objective]).toEqual([
        best.history.loss[iteration - 1],
        best.history.objective[iteration - 1],
      ]);
      const mask = await maskOf(X, held(1, { fraction: 0.3 }).holdOut);
      expect((best.heldOut?.loss ?? 0) / meanSquareOver(X, best, (p) => mask[p] === 1)).toBeCloseTo(1, 9);
      const short = await solve(X, 9, { fraction: 0.3 }, { maxIter: iteration });
      expect(short.W.data).toEqual(best.W.data);
    });

    test('near an exact fit the loss is the residual of what is fitted, and what is held out comes back', async () => {
      for (const noise of [0, 1e-6, 1e-10]) {
        const [exactly, other] = [multiply(uniform(40, 2, 1), uniform(2, 30, 2)), uniform(40, 30, 6)];
        const X = [
          dense(
            40,
            30,
            exactly.data.map((x, p) => x + noise * other.data[p]),
          ),
        ];
        const result = await solve(X, 2, { fraction: 0.2 }, { maxIter: 1500 });
        expect(result.history.loss.every((x) => x >= 0)).toBe(true);
        expect(result.heldOut?.loss).toBeLessThan(1e-12);
        const mask = await maskOf(X, held(1, { fraction: 0.2 }).holdOut);
        const seen = meanSquareOver(X, result, (p) => mask[p] === 0);
        expect(result.loss / seen).toBeGreaterThan(0.5);
        expect(result.loss / seen).toBeLessThan(2);
      }
    });

    test('cancelled before it began: the start, and its held-out loss', async () => {
      const result = await kernels.nmf(nmfArgs([data], 3, held(1, { solver })), { signal: AbortSignal.abort() });
      expect(result.heldOut).toMatchObject({ iteration: 0, history: new Float64Array() });
      const mask = await maskOf([data], held(1).holdOut);
      expect((result.heldOut?.loss ?? 0) / meanSquareOver([data], result, (p) => mask[p] === 1)).toBeCloseTo(1, 9);
    });

    test('a block of one row or one column has nothing to spare: nothing is held out', async () => {
      for (const X of [uniform(1, 9, 1), uniform(9, 1, 1)]) {
        for (const keep of ['last', 'best'] as const) {
          const result = await solve([X], 2, { fraction: 0.5, keep });
          expect(result.heldOut).toMatchObject({ count: 0, loss: Number.NaN, iteration: result.iterations });
          expect(result.loss).toBeLessThan(1e-6);
        }
      }
    });

    test('nearly everything held out: finite, zeros and dead factors included', async () => {
      for (const seed of [1, 2, 3, 4]) {
        for (const matrix of [uniform(6, 5, seed), sparse(9, 7, seed), dense(4, 4)]) {
          const args = nmfArgs([matrix], 4, { seed, ...held(1, { solver, fraction: 0.9 }), maxIter: 50 });
          const dead = {
            ...args,
            start: { ...args.start, W: dense(matrix.rows, 4, args.start.W.data.slice().fill(0, 0, matrix.rows)) },
          };
          for (const result of [await kernels.nmf(args), await kernels.nmf(dead)]) {
            const values = [
              result.W.data,
              result.d,
              result.H.data,
              result.history.objective,
              result.heldOut?.history ?? [],
            ];
            for (const numbers of values) expect(numbers.every(Number.isFinite)).toBe(true);
          }
        }
      }
    });

    test('rows with one to three entries to learn from: with a little L2, many factors predict as well as few', async () => {
      const X = [rareRows()];
      const heldLoss = async (k: number, L2: number) => {
        const terms = { ...PLAIN, L2 };
        return (await solve(X, k, {}, { W: terms, H: terms, maxIter: 25 })).heldOut?.loss ?? Number.NaN;
      };
      const [few, many, without] = [await heldLoss(20, 1e-3), await heldLoss(40, 1e-3), await heldLoss(40, 0)];
      expect(many).toBeLessThan(1.2 * few);
      expect(many).toBeLessThan(without);
    });
  });

  describe(`${name}: hold-out solvers compared`, () => {
    test.each([0.1, 0.3])('em and exact have the same fixed points, %d held out', async (fraction) => {
      const X = [uniform(40, 30, 2)];
      for (const [from, to] of [
        ['em', 'exact'],
        ['exact', 'em'],
      ] as const) {
        const options = (solver: 'em' | 'exact') => ({ ...held(1, { solver, fraction }), maxIter: 3000, tol: 0 });
        const first = await kernels.nmf(nmfArgs(X, 3, options(from)));
        const H = dense(
          3,
          30,
          first.H.data.map((x, p) => x * first.d[p % 3]),
        );
        const second = await kernels.nmf({ ...nmfArgs(X, 3, options(to)), start: { W: first.W, H } });
        expect(relativeDifference(product(first).data, product(second).data)).toBeLessThan(1e-6);
      }
    });
  });
}

/** Thirty rows of rank five with noise, and thirty of which next to nothing is known. */
function rareRows(): DenseMatrix {
  const [rows, cols] = [60, 160];
  const signal = multiply(uniform(rows, 5, 7), uniform(5, cols, 8));
  const [keep, noise] = [uniform(rows, cols, 9), uniform(rows, cols, 10)];
  return dense(
    rows,
    cols,
    signal.data.map((x, p) => (p % rows < 30 ? x + 0.1 * noise.data[p] : keep.data[p] < 0.0125 ? x : 0)),
  );
}
