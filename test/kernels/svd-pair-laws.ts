import { describe, expect, test } from 'vitest';
import type { Kernels, SvdArgs, SvdResult } from '../../src/kernels/kernels.js';
import { column, dense, type RowBlocks, row, toCsc, toDense } from '../../src/matrix.js';
import { lowRank, product, relativeDifference, scaled, sparse, uniform, zeros } from '../support/matrices.js';
import { svdArgs } from './arguments.js';
import { gappy, listed } from './missing-laws.js';
import { leftBySvd, penaltyOf } from './textbook.js';

type Terms = NonNullable<SvdArgs['terms']>;
const free = { L1: 0, nonneg: false };
const WAYS: readonly (readonly [string, Terms])[] = [
  ['sparse W', { W: { L1: 0.05, nonneg: false }, H: free }],
  ['W and H at least 0', { W: { L1: 0, nonneg: true }, H: { L1: 0, nonneg: true } }],
  ['sparse W at least 0, sparse H', { W: { L1: 0.02, nonneg: true }, H: { L1: 0.03, nonneg: false } }],
];

/** Laws of `svd` where pairs are found one by one. */
export function svdPairLaws(name: string, kernels: Kernels): void {
  const length = (x: Float64Array) => Math.hypot(...x);

  describe.each(WAYS)(`${name}: pairs one by one, %s`, (_, terms) => {
    const solve = (X: RowBlocks, k: number, options: Partial<SvdArgs> = {}) =>
      kernels.svd(svdArgs(X, k, { terms, maxIter: 300, tol: 1e-9, ...options }));
    const centred = terms.H.nonneg ? {} : { center: true };
    const full = uniform(24, 18, 2);
    const cases: readonly (readonly [string, RowBlocks, Partial<SvdArgs>])[] = [
      ['dense', [full], {}],
      ['sparse, two blocks', [sparse(10, 18, 7), sparse(14, 18, 8)], { scale: true, L2: 0.1 }],
      ['centred', [full], { ...centred, scale: true }],
      ['with gaps', [gappy(full, 0.2, 3)], { ...centred, missing: true }],
      [
        'sparse with gaps',
        [toCsc(gappy(toDense(sparse(24, 18, 7)), 0.2, 4))],
        { missing: true, scale: true, L2: 0.05 },
      ],
      ['listed', [listed(gappy(full, 0.5, 3))], { ...centred, missing: true }],
    ];

    test.each(cases)('%s: bounds hold to the bit, J falls, and is what it is said to be', async (_, X, options) => {
      const fit = await solve(X, 4, options);
      const held = (nonneg: boolean, values: Float64Array) => !nonneg || values.every((x) => x >= 0);
      expect(held(terms.W.nonneg, fit.W.data) && held(terms.H.nonneg, fit.H.data)).toBe(true);
      for (let r = 0; r < 4; r++) {
        expect(fit.d[r]).toBeGreaterThan(0);
        expect(length(column(fit.W, r))).toBeCloseTo(1, 12);
        expect(length(row(fit.H, r))).toBeCloseTo(1, 12);
      }
      const { squares, own, known } = leftBySvd(X, fit);
      expect(fit.loss / (squares / known)).toBeCloseTo(1, 8);
      expect(fit.objective / (own / 2 + penalties(fit, terms, options.L2 ?? 0))).toBeCloseTo(1, 8);
      for (const [r, left] of (fit.left ?? []).entries()) expect(left / leftBySvd(X, fit, r).own).toBeCloseTo(1, 8);
      const { objective } = fit.history;
      expect(objective[0]).toBeLessThan((fit.left?.[0] ?? 0) / 2);
      for (let i = 1; i < objective.length; i++)
        expect(objective[i]).toBeLessThanOrEqual(objective[i - 1] * (1 + 1e-10));
      // From pair to pair too.
      for (let r = 0; r < 4; r++) expect(fit.left?.[r + 1] ?? 0).toBeLessThan(fit.left?.[r] ?? 0);
    });

    test('a pair is a stationary point: its own product gives it back', async () => {
      const fit = await solve([full], 1, { maxIter: 5000, tol: 1e-15 });
      const again = await solve([full], 1, { maxIter: 5001, tol: 1e-15 });
      expect(fit.stopped).toBe('converged');
      expect(fit.kkt).toBeLessThan(1e-5);
      expect(again.W).toEqual(fit.W);
    });

    test('sparse equals dense; any number of threads; cancelled', async () => {
      const X = sparse(40, 30, 7);
      const [one, other] = [await solve([X], 3), await solve([toDense(X)], 3)];
      expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-7);
      for (const options of [{}, { missing: true }]) {
        const args = svdArgs([toCsc(gappy(toDense(sparse(90, 70, 7)), options.missing ? 0.2 : 0, 3))], 3, { terms, maxIter: 20, ...options }); // biome-ignore format: one thought
        expect(await kernels.svd(args, { threads: 5 })).toEqual(await kernels.svd(args, { threads: 1 }));
        const cut = await kernels.svd(args, { signal: AbortSignal.abort() });
        expect([cut.stopped, cut.iterations, ...cut.d]).toEqual(['aborted', 0, 0, 0, 0]);
      }
    });

    test('zeros, one row, one column, ranks beyond that of the data, far-off magnitudes: finite', async () => {
      for (const X of [
        dense(5, 4),
        uniform(1, 6, 2),
        uniform(6, 1, 2),
        lowRank(9, 7, 1, 3),
        scaled(full, 1e138),
        scaled(full, 1e-139),
      ]) {
        // biome-ignore format: one thought
        for (const options of [{}, { missing: true }, { scale: true }]) {
          const fit = await solve([X], 5, options);
          expect([...fit.W.data, ...fit.d, ...fit.H.data, fit.loss, fit.kkt, ...(fit.left ?? [])].every(Number.isFinite)).toBe(true);
          for (const [r, d] of fit.d.entries()) if (d === 0) expect(column(fit.W, r).every((x) => x === 0)).toBe(true);
        }
      }
    });
  });

  describe(`${name}: pairs one by one`, () => {
    const of = (X: RowBlocks, k: number, terms: Terms) =>
      kernels.svd(svdArgs(X, k, { terms, maxIter: 3000, tol: 1e-14 }));

    test('next to nothing asked of them, they are those of the SVD', async () => {
      const X = [uniform(20, 16, 2)];
      const fit = await of(X, 4, { W: { L1: 1e-13, nonneg: false }, H: free });
      const plain = await kernels.svd(svdArgs(X, 4));
      expect(relativeDifference(plain.d, fit.d)).toBeLessThan(1e-8);
      expect(relativeDifference(product(plain).data, product(fit).data)).toBeLessThan(1e-4);
    });

    test('the first of a matrix ≥ 0, held at least 0, is the leading pair', async () => {
      const X = [uniform(20, 16, 2)];
      const fit = await of(X, 1, WAYS[1][1]);
      const plain = await kernels.svd(svdArgs(X, 1));
      expect(relativeDifference(plain.d, fit.d)).toBeLessThan(1e-10);
      expect(relativeDifference(plain.W.data, fit.W.data)).toBeLessThan(1e-5);
    });

    test('zeros rise with L1 in the factor that carries it, and not in the other; at last nothing is left', async () => {
      const X = [dense(30, 25, uniform(30, 25, 3).data.map((x) => x - 0.5))]; // biome-ignore format: one thought
      const counts: number[] = [];
      for (const L1 of [0.001, 0.01, 0.02, 0.03]) {
        const fit = await of(X, 2, { W: { L1, nonneg: false }, H: free });
        counts.push(zeros(fit.W.data));
        expect(zeros(fit.H.data)).toBe(0);
      }
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(counts[3]).toBeGreaterThan(counts[0]);
      const none = await of(X, 2, { W: { L1: 10, nonneg: false }, H: free });
      expect([...none.d]).toEqual([0, 0]);
      expect(none.loss).toBeGreaterThan(0);
    });

    test('parts that share nothing come back one by one', async () => {
      const [W, H] = [dense(20, 3), dense(3, 18)];
      for (let i = 0; i < 20; i++) W.data[i + (i % 3) * 20] = 1 + (i % 4);
      for (let j = 0; j < 18; j++) H.data[(j % 3) + j * 3] = (1 + (j % 5)) * (1 + (j % 3));
      const X = product({ W, d: Float64Array.of(1, 1, 1), H });
      const fit = await of([X], 3, WAYS[1][1]);
      expect(relativeDifference(X.data, product(fit).data)).toBeLessThan(1e-7);
      for (let r = 0; r < 3; r++) expect(column(fit.W, r).filter((x) => x < 1e-6).length).toBeGreaterThanOrEqual(13);
    });
  });
}

const penalties = (fit: SvdResult, { W, H }: Terms, L2: number): number => {
  const none = { L2: 0, L21: 0, angular: 0, upperBound: null, graph: null, target: null };
  return penaltyOf(fit, { W: { ...none, ...W }, H: { ...none, ...H } }) + (L2 / 2) * fit.d.reduce((sum, x) => sum + x * x, 0); // biome-ignore format: one thought
};
