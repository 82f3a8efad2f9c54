import { describe, expect, test } from 'vitest';
import type { Kernels, NmfResult } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, entry, type Matrix, type RowBlocks, stackDense, toCsc } from '../../src/matrix.js';
import {
  lowRank,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { type NmfOptions, nmfArgs, PENALTIES, PLAIN } from './arguments.js';
import { gappy } from './missing-laws.js';
import { penaltyOf } from './textbook.js';

const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));

/** Weights in (0, 1], of all magnitudes. */
export const weightsOf = (rows: number, cols: number, seed: number): DenseMatrix =>
  map(uniform(rows, cols, seed), (x, p) => (p % 7 === 0 ? 1 : x ** 3));

/** Σ ω_ij·(x_ij − w_i·h_j)², and how many of them there are, from the definition. */
export function weighedSum(X: RowBlocks, weights: readonly (Matrix | null)[], fit: Pick<NmfResult, 'W' | 'd' | 'H'>) {
  const [{ data, rows }, estimate] = [stackDense(X), product(fit).data];
  const all = X.flatMap((block, at) => Array.from({ length: block.rows }, (_, i) => ({ own: weights[at], i })));
  let [sum, count] = [0, 0];
  data.forEach((x, p) => {
    const { own, i } = all[p % rows];
    const weight = own === null ? 1 : entry(own, own.rows === 1 ? 0 : i, Math.floor(p / rows));
    if (Number.isNaN(x) || weight === 0) return;
    sum += weight * (x - estimate[p]) ** 2;
    count++;
  });
  return { sum, count };
}

/** Laws of `nmf` on data whose entries have weights. */
export function weightLaws(name: string, kernels: Kernels): void {
  describe.each(['none', 'her'] as const)(`${name}: weights, acceleration %s`, (accelerate) => {
    const data = uniform(40, 30, 2);
    const solve = (X: RowBlocks, k: number, weights: readonly (Matrix | null)[], more: NmfOptions = {}) =>
      kernels.nmf(nmfArgs(X, k, { accelerate, missing: 'exact', weights, tol: 0, maxIter: 30, ...more }));
    const ones = map(data, () => 1);

    test('what is reported is what the factors have, entry by entry', async () => {
      const forms: readonly (readonly [RowBlocks, readonly (Matrix | null)[]])[] = [
        [[data], [weightsOf(40, 30, 3)]],
        [[data], [uniform(1, 30, 4)]],
        [[gappy(data, 0.3, 5)], [weightsOf(40, 30, 6)]],
        [[toCsc(data)], [sparse(40, 30, 7, 2)]],
        [
          [gappy(uniform(25, 30, 3), 0.2, 4), sparse(66, 30, 4), uniform(1, 30, 4)],
          [weightsOf(25, 30, 8), null, uniform(1, 30, 9)],
        ],
      ];
      for (const [X, weights] of forms) {
        for (const [, terms] of PENALTIES) {
          const args = nmfArgs(X, 4, { ...terms, accelerate, missing: 'exact', weights, tol: 0, maxIter: 12 });
          const result = await kernels.nmf(args);
          const { sum, count } = weighedSum(X, weights, result);
          expect((result.loss * count) / sum).toBeCloseTo(1, 9);
          expect(result.objective / (sum / 2 + penaltyOf(result, args))).toBeCloseTo(1, 9);
          const nothing = weighedSum(X, weights, { ...result, d: result.d.map(() => 0) }).sum;
          expect(((result.nullLoss ?? 0) * count) / nothing).toBeCloseTo(1, 9);
        }
      }
    });

    test.each([
      ...PENALTIES,
      ['angular', { H: { ...PLAIN, angular: 0.3 } }],
      ['L21', { W: { ...PLAIN, L21: 0.02 } }],
      ['an upper bound', { H: { ...PLAIN, upperBound: 0.5 } }],
    ] as const)('J never rises: %s', async (_, terms) => {
      for (const X of [data, gappy(data, 0.3, 6)]) {
        const weights = [weightsOf(40, 30, 7)];
        const { history, iterations } = await solve([X], 4, weights, { ...terms, maxIter: 150 });
        expect(iterations).toBeGreaterThan(5);
        for (let i = 1; i < iterations; i++)
          expect(history.objective[i]).toBeLessThanOrEqual(history.objective[i - 1] * (1 + 1e-10));
      }
    });

    test('weights of 1 are no weights; of 0, missing entries', async () => {
      const near = (one: NmfResult, other: NmfResult) => {
        expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
        expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-8);
        expect(one.loss / other.loss).toBeCloseTo(1, 9);
        expect(one.objective / other.objective).toBeCloseTo(1, 9);
        expect(Math.abs(one.kkt - other.kkt)).toBeLessThan(1e-8);
      };
      near(await solve([data], 4, [ones]), await solve([data], 4, [null], { weights: null, missing: null }));
      const holes = gappy(data, 0.3, 8);
      const zeroOne = map(holes, (x) => Number(!Number.isNaN(x)));
      const missing = await solve([holes], 4, [], { weights: null });
      near(await solve([data], 4, [zeroOne]), missing);
      near(await solve([data], 4, [toCsc(zeroOne)]), missing);
      expect(await solve([holes], 4, [zeroOne])).toEqual(await solve([data], 4, [zeroOne]));
      expect(await solve([holes], 4, [map(holes, (x) => x / x)])).toEqual(await solve([holes], 4, [zeroOne]));
    });

    test('nothing of what counts nothing reaches the fit', async () => {
      const weights = map(weightsOf(40, 30, 9), (x, p) => (p % 5 === 0 ? 0 : x));
      const one = await solve([data], 4, [weights]);
      for (const value of [1e9, Number.NaN, -3])
        expect(await solve([map(data, (x, p) => (p % 5 === 0 ? value : x))], 4, [weights])).toEqual(one);
    });

    test('however data and weights are stored, the same fit', async () => {
      const [A, weights] = [map(sparseDense(40, 30), (x) => x), weightsOf(40, 30, 10)];
      const one = await solve([A], 4, [weights]);
      expect(await solve([rowMajor(A)], 4, [rowMajor(weights)])).toEqual(one);
      expect(await solve([A], 4, [toCsc(weights)])).toEqual(one);
      const listed = await solve([toCsc(A)], 4, [weights]);
      expect(relativeDifference(one.W.data, listed.W.data)).toBeLessThan(1e-8);
      expect(listed.objective / one.objective).toBeCloseTo(1, 10);
      const half = await solve([single(A)], 4, [single(weights)], { precision: 'f32' });
      expect(Math.abs(half.loss / one.loss - 1)).toBeLessThan(1e-4);
    });

    test('data × 2^-61 and 2^60 scale d, bit for bit', async () => {
      const weights = [weightsOf(40, 30, 11)];
      const one = await solve([data], 4, weights);
      for (const by of [2 ** -61, 2 ** 60]) {
        const other = await solve([scaled(data, by)], 4, weights);
        expect(other.d).toEqual(one.d.map((x) => x * by));
        expect([other.W.data, other.H.data]).toEqual([one.W.data, one.H.data]);
      }
    });

    test('a converged fit is stationary: the weighted gradient is zero where a factor is not', async () => {
      const weights = weightsOf(40, 30, 12);
      const fit = await solve([data], 3, [weights], { maxIter: 20_000, tol: 1e-14 });
      expect(fit.kkt).toBeLessThan(1e-4);
      const estimate = product(fit).data;
      for (let i = 0; i < 40; i++) {
        for (let r = 0; r < 3; r++) {
          let [slope, size] = [0, 0];
          for (let j = 0; j < 30; j++) {
            const part = weights.data[i + 40 * j] * fit.H.data[r + 3 * j];
            slope += part * (data.data[i + 40 * j] - estimate[i + 40 * j]);
            size += part * data.data[i + 40 * j];
          }
          const at = fit.W.data[i + 40 * r];
          if (at > 1e-6) expect(Math.abs(slope) / size).toBeLessThan(1e-3);
          else expect(slope / size).toBeLessThan(1e-3);
        }
      }
    });

    test('a sample that counts twice as much as others is a sample given twice', async () => {
      // 1 and ½ of twice the data: what is minimised is that of 2 and 1.
      const A = lowRank(12, 9, 4, 13);
      const noisy = map(A, (x, p) => x + uniform(12, 9, 14).data[p]);
      const twice = dense(12, 12, Float64Array.of(...noisy.data, ...noisy.data.subarray(0, 36)));
      const weights = dense(
        1,
        9,
        Float64Array.from({ length: 9 }, (_, j) => (j < 3 ? 1 : 0.5)),
      );
      const given = { W: uniform(12, 2, 15), H: uniform(2, 9, 16) };
      const again = dense(2, 12, Float64Array.of(...given.H.data, ...given.H.data.subarray(0, 6)));
      const options = { accelerate, maxIter: 50_000, tol: 1e-15, norm: 'none' } as const;
      const one = await kernels.nmf({
        ...nmfArgs([noisy], 2, { ...options, missing: 'exact', weights: [weights] }),
        start: given,
      });
      const other = await kernels.nmf({ ...nmfArgs([twice], 2, options), start: { W: given.W, H: again } });
      expect((2 * one.objective) / other.objective).toBeCloseTo(1, 8);
      expect(relativeDifference(product(one).data, product(other).data.subarray(0, 12 * 9))).toBeLessThan(1e-5);
    });

    test('columns that count next to nothing are fitted all the same', async () => {
      const weights = map(dense(1, 30), (_, j) => (j % 3 === 0 ? 1e-30 : 1));
      const { H } = await solve([lowRank(40, 30, 2, 17)], 2, [weights], { maxIter: 3000 });
      const whole = await solve([lowRank(40, 30, 2, 17)], 2, [ones], { maxIter: 3000 });
      const lengths = (F: DenseMatrix) => Array.from({ length: 30 }, (_, j) => F.data[2 * j] + F.data[2 * j + 1]);
      expect(Math.min(...lengths(H))).toBeGreaterThan(0.2 * Math.min(...lengths(whole.H)));
    });

    test('exact data comes back, however its entries are weighed', async () => {
      const A = lowRank(40, 30, 2, 18);
      const result = await solve([gappy(A, 0.2, 19)], 2, [weightsOf(40, 30, 20)], { maxIter: 4000, tol: 1e-12 });
      expect(relativeDifference(product(result).data, A.data)).toBeLessThan(1e-3);
      expect(result.loss).toBeGreaterThanOrEqual(0);
    });

    test('wrong weights: an error', async () => {
      const code = 'invalid-argument';
      for (const weights of [
        [map(ones, () => -1)],
        [map(ones, (x, p) => (p === 5 ? 1.5 : x))],
        [map(ones, (x, p) => (p === 5 ? Number.NaN : x))],
        [map(ones, () => 0)],
        [uniform(39, 30, 1)],
        [uniform(40, 29, 1)],
        [],
        [null, null],
      ])
        await expect(solve([data], 1, weights)).rejects.toMatchObject({ code });
      for (const missing of [null, 'em'] as const)
        await expect(solve([data], 1, [ones], { missing, accelerate: 'none' })).rejects.toMatchObject({ code });
      await expect(solve([data], 1, [ones], { solver: 'bpp' })).rejects.toMatchObject({ code });
    });
  });
}

const sparseDense = (rows: number, cols: number): DenseMatrix =>
  map(uniform(rows, cols, 21), (x, p) => (uniform(rows, cols, 22).data[p] < 0.5 ? 0 : x));
