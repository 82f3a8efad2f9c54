import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import {
  type CscMatrix,
  type DenseMatrix,
  dense,
  type Matrix,
  type RowBlocks,
  stackDense,
  toCsc,
  toDense,
  totalRows,
} from '../../src/matrix.js';
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
import { type NmfOptions, nmfArgs, PENALTIES } from './arguments.js';
import { meanSquareOver, penaltyOf } from './textbook.js';

/** The same matrix with a share of its entries missing, but never a whole row or column. */
export function gappy(A: DenseMatrix, share: number, seed: number): DenseMatrix {
  const draws = uniform(A.rows, A.cols, seed).data;
  const kept = (p: number) =>
    p % A.rows === Math.floor(p / A.rows) % A.rows || Math.floor(p / A.rows) === (p % A.rows) % A.cols;
  return dense(
    A.rows,
    A.cols,
    A.data.map((x, p) => (draws[p] < share && !kept(p) ? Number.NaN : x)),
  );
}

/** A sparse matrix that lists what is known, zeros too, and nothing else. */
export function listed(A: DenseMatrix): CscMatrix {
  const shifted = toCsc(
    dense(
      A.rows,
      A.cols,
      A.data.map((x) => (Number.isNaN(x) ? 0 : x + 1)),
    ),
  );
  return { ...shifted, values: shifted.values.map((x) => x - 1) as Float64Array, unlisted: 'missing' };
}

const isKnown = (X: RowBlocks) => {
  const { data } = stackDense(X.map(toDense));
  return (p: number) => !Number.isNaN(data[p]);
};

/** Laws of `nmf` and `mse` on data with missing entries. */
export function missingLaws(name: string, kernels: Kernels): void {
  describe.each([
    ['em', 'none'],
    ['exact', 'none'],
    ['exact', 'her'],
  ] as const)(`${name}: missing entries, %s, acceleration %s`, (missing, accelerate) => {
    const data = uniform(40, 30, 2);
    const solve = (X: RowBlocks, k: number, more: NmfOptions = {}) =>
      kernels.nmf(nmfArgs(X, k, { accelerate, missing, tol: 0, maxIter: 30, ...more }));

    test('what is reported is what the factors have on what is known', async () => {
      for (const share of [0.05, 0.3, 0.8]) {
        const forms: readonly RowBlocks[] = [
          [gappy(data, share, 3)],
          [listed(gappy(data, share, 3))],
          [gappy(uniform(25, 30, 3), share, 4), toCsc(toDense(sparse(66, 30, 4))), uniform(1, 30, 4)],
          [single(rowMajor(gappy(data, share, 5)))],
        ];
        for (const X of forms) {
          const known = isKnown(X);
          const size = totalRows(X) * 30;
          const count = Array.from({ length: size }, (_, p) => known(p)).filter(Boolean).length;
          for (const [, terms] of PENALTIES) {
            const args = nmfArgs(X, 4, { ...terms, accelerate, missing, tol: 0, maxIter: 12 });
            const result = await kernels.nmf(args);
            expect(result.heldOut).toBeNull();
            const seen = meanSquareOver(X, result, known);
            expect(result.loss / seen).toBeCloseTo(1, 9);
            expect(result.objective / ((seen * count) / 2 + penaltyOf(result, args))).toBeCloseTo(1, 9);
            const H = dense(
              4,
              30,
              result.H.data.map((x, p) => x * result.d[p % 4]),
            );
            expect((await kernels.mse({ X, W: result.W, H })) / seen).toBeCloseTo(1, 9);
          }
        }
      }
    });

    test.each(PENALTIES)('J never rises: %s', async (_, terms) => {
      for (const share of [0.01, 0.1, 0.4, 0.9]) {
        const { history, iterations } = await solve([gappy(data, share, 6)], 4, { ...terms, maxIter: 150 });
        expect(iterations).toBeGreaterThan(5);
        for (let i = 1; i < iterations; i++)
          expect(history.objective[i]).toBeLessThanOrEqual(history.objective[i - 1] * (1 + 1e-10));
      }
    });

    test('however they are stored, the same fit', async () => {
      const A = toDense(single(gappy(toDense(sparse(70, 66, 5)), 0.3, 7)));
      const one = await solve([A], 4);
      for (const X of [single(A), rowMajor(A)] satisfies Matrix[]) expect(await solve([X], 4)).toEqual(one);
      for (const X of [toCsc(A), single(toCsc(A)), listed(A)]) {
        const other = await solve([X], 4);
        expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
        expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-8);
        expect(other.loss / one.loss).toBeCloseTo(1, 10);
      }
      const half = await solve([A], 4, { precision: 'f32' });
      expect(Math.abs(half.loss / one.loss - 1)).toBeLessThan(1e-5);
    });

    test('where nothing is missing it is the fit without', async () => {
      const one = await solve([data], 4);
      const other = await solve([data], 4, { missing: null });
      expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-8);
      expect(one.loss / other.loss).toBeCloseTo(1, 9);
    });

    test('data × 2^-61 and 2^60 scale d, bit for bit', async () => {
      const A = gappy(data, 0.2, 8);
      const one = await solve([A], 4);
      for (const by of [2 ** -61, 2 ** 60]) {
        const other = await solve([scaled(A, by)], 4);
        expect(other.d).toEqual(one.d.map((x) => x * by));
        expect([other.W.data, other.H.data]).toEqual([one.W.data, one.H.data]);
      }
    });

    test('a converged fit is stationary', async () => {
      for (const share of [0.1, 0.3]) {
        const { kkt, stopped } = await solve([gappy(data, share, 19)], 3, { maxIter: 20_000, tol: 1e-12 });
        expect(stopped).toBe('converged');
        expect(kkt).toBeLessThan(1e-4);
      }
    });

    test('what is missing from exact data comes back', async () => {
      const A = lowRank(40, 30, 2, 10);
      const result = await solve([gappy(A, 0.3, 11)], 2, { maxIter: 4000, tol: 1e-12 });
      expect(relativeDifference(product(result).data, A.data)).toBeLessThan(1e-3);
    });

    test('nothing known, or something held out beside: an error', async () => {
      const code = 'invalid-argument';
      const nothing = dense(3, 2, new Float64Array(6).fill(Number.NaN));
      await expect(solve([nothing], 1)).rejects.toMatchObject({ code });
      await expect(kernels.mse({ X: [nothing], W: uniform(3, 1, 1), H: uniform(1, 2, 1) })).rejects.toMatchObject({
        code,
      });
      const holdOut = { fraction: 0.1, keys: [[1, 2]], solver: missing, keep: 'last' } as const;
      await expect(solve([data], 1, { holdOut })).rejects.toMatchObject({ code });
      const others = [{ solver: 'bpp' }, { solver: 'mu', accelerate: 'none' }] as const;
      for (const wrong of missing === 'em' ? [...others, { accelerate: 'her' } as const] : others)
        await expect(solve([data], 1, wrong)).rejects.toMatchObject({ code });
    });

    test('rows and columns of which nothing is known: finite factors and loss', async () => {
      const A = gappy(data, 0.2, 12);
      for (let i = 0; i < 40; i++) A.data[i + 7 * 40] = Number.NaN;
      for (let j = 0; j < 30; j++) A.data[3 + j * 40] = Number.NaN;
      const { W, H, loss } = await solve([A], 3);
      expect([...W.data, ...H.data, loss].every(Number.isFinite)).toBe(true);
    });
  });

  test(`${name}: 'em' and 'exact' end at the same fit`, async () => {
    const X = [gappy(lowRank(40, 30, 3, 13), 0.2, 14)];
    const solve = (missing: 'em' | 'exact') =>
      kernels.nmf(nmfArgs(X, 3, { accelerate: 'none', missing, maxIter: 20_000, tol: 1e-14 }));
    const [one, other] = [await solve('em'), await solve('exact')];
    expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-5);
  });
}
