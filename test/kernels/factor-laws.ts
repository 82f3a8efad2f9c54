import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels, NmfResult } from '../../src/kernels/kernels.js';
import { column, type DenseMatrix, dense, type RowBlocks, row, toCsc, totalRows } from '../../src/matrix.js';
import { anyMatrix, lowRank, product, single, sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { held, METHODS, nmfArgs, PENALTIES, penaltiesFor } from './arguments.js';
import { gappy } from './missing-laws.js';
import { DRAWN, FREE_TERMS } from './penalty-laws.js';
import { madeFor, tiedArgs } from './tied-laws.js';
import { weighedSum, weightsOf } from './weight-laws.js';

type Model = Pick<NmfResult, 'W' | 'd' | 'H'>;

/** Factor r of a model as a model of its own. */
const alone = ({ W, d, H }: Model, r: number): Model => ({
  W: dense(W.rows, 1, column(W, r).slice()),
  d: d.slice(r, r + 1),
  H: dense(1, H.cols, row(H, r)),
});

/** Laws of what each factor leaves of the data by itself. */
export function factorLaws(name: string, kernels: Kernels): void {
  /** The differences from `mse` of each factor, as fractions of the mean square of X. */
  const expectLossesOf = async (X: RowBlocks, model: Model, losses: ArrayLike<number> | undefined, within = 1e-12) => {
    expect(losses).toHaveLength(model.d.length);
    const zero = { W: dense(totalRows(X), 1), H: dense(1, X[0].cols) };
    const nullLoss = await kernels.mse({ X, ...zero });
    for (let r = 0; r < model.d.length; r++) {
      const { W, d, H } = alone(model, r);
      const own = await kernels.mse({ X, W, H: dense(1, H.cols, H.data.map((x) => x * d[0])) }); // biome-ignore format: one thought
      const loss = losses?.[r] ?? Number.NaN;
      expect(loss).toBeGreaterThanOrEqual(0);
      expect(Math.abs(loss - own) / nullLoss).toBeLessThan(within);
    }
  };
  const known = async (X: RowBlocks, W: DenseMatrix, H: DenseMatrix) => {
    const found = await kernels.factorLosses({ X, W, H });
    expect(found.nullLoss / (await kernels.mse({ X, W: dense(W.rows, 1), H: dense(1, H.cols) }))).toBeCloseTo(1, 12);
    await expectLossesOf(X, { W, d: new Float64Array(H.rows).fill(1), H }, found.factorLoss);
  };

  describe(`${name}: what factors leave by themselves`, () => {
    test('factorLosses are those of each factor, however blocks are stored', async () => {
      const [W, H] = [uniform(40, 3, 1), uniform(3, 30, 2)];
      const top = uniform(25, 30, 3);
      for (const upper of [top, gappy(top, 0.3, 4), gappy(top, 0.8, 5), single(toCsc(top)), sparse(25, 30, 6, 4)])
        for (const lower of [uniform(15, 30, 7), { ...sparse(15, 30, 8), unlisted: 'missing' as const }])
          await known([upper, lower], W, H);
      await known([uniform(40, 30, 9)], dense(40, 3, W.data.map((x) => x - 0.5)), H); // biome-ignore format: one thought
    });

    test('over many entries, some missing', async () => {
      await known([gappy(uniform(300, 700, 1), 0.2, 2)], uniform(300, 9, 3), uniform(9, 700, 4));
      await known([uniform(300, 700, 1)], uniform(300, 9, 3), uniform(9, 700, 4));
    });

    test('nothing is below zero, and a factor of zeros leaves everything', async () => {
      const [W, H] = [uniform(30, 1, 5), uniform(1, 20, 6)];
      const X = [lowRank(30, 20, 1, 5)];
      const two = { W: dense(30, 2, Float64Array.from([...W.data, ...new Float64Array(30)])), H: uniform(2, 20, 7) };
      const { nullLoss, factorLoss } = await kernels.factorLosses({ X, ...two });
      expect(factorLoss[1]).toBe(nullLoss);
      const { factorLoss: exact } = await kernels.factorLosses({ X, W, H });
      expect(exact[0]).toBeGreaterThanOrEqual(0);
      expect(exact[0] / nullLoss).toBeLessThan(1e-14);
      expect(await kernels.factorLosses({ X: [dense(4, 3)], W: dense(4, 1), H: dense(1, 3) })).toEqual({
        nullLoss: 0,
        factorLoss: Float64Array.of(0),
      });
    });

    test('what does not fit, of which nothing is known, or leaves the range of numbers, is refused', async () => {
      const [X, W, H] = [[uniform(6, 5, 1)], uniform(6, 2, 2), uniform(2, 5, 3)];
      const refused = (args: object, code: string) =>
        expect(kernels.factorLosses({ X, W, H, ...args })).rejects.toMatchObject({ name: 'KernelError', code });
      await refused({ W: uniform(5, 2, 2) }, 'invalid-argument');
      await refused({ H: uniform(3, 5, 2) }, 'invalid-argument');
      await refused({ X: [] }, 'invalid-argument');
      await refused({ X: [dense(6, 5, new Float64Array(30).fill(Number.NaN))] }, 'invalid-argument');
      await refused({ W: dense(6, 2, new Float64Array(12).fill(1e200)) }, 'non-finite');
    });

    test.each(METHODS)('nmf says it of its factors: $solver, $accelerate', async (method) => {
      for (const [, terms] of penaltiesFor(method.solver)) {
        for (const norm of ['L1', 'L2', 'none'] as const) {
          const X = [uniform(25, 30, 1), sparse(12, 30, 2)];
          const fit = await kernels.nmf(nmfArgs(X, 4, { ...terms, ...method, norm, maxIter: 20 }));
          await expectLossesOf(X, fit, fit.factorLoss ?? undefined);
        }
      }
    });

    test.each([...FREE_TERMS, ...DRAWN])('nmf with %s', async (_, terms) => {
      const X = [uniform(24, 17, 5)];
      const fit = await kernels.nmf(nmfArgs(X, 4, { ...terms, maxIter: 20 }));
      await expectLossesOf(X, fit, fit.factorLoss ?? undefined);
    });

    test('nmf in 32 bits, to these', async () => {
      const X = [single(uniform(150, 90, 1)), single(sparse(60, 90, 2))];
      const fit = await kernels.nmf(nmfArgs(X, 8, { precision: 'f32', maxIter: 20 }));
      await expectLossesOf(X, fit, fit.factorLoss ?? undefined, 1e-5);
    });

    test('nmf where entries are missing or held out: over what is fitted, or not at all', async () => {
      const data = uniform(60, 45, 3);
      for (const [, terms] of PENALTIES) {
        for (const share of [0.2, 0.7]) {
          for (const missing of ['em', 'exact'] as const) {
            const X = [gappy(data, share, 4)];
            const fit = await kernels.nmf(nmfArgs(X, 3, { ...terms, accelerate: 'none', missing, maxIter: 20 }));
            if (fit.factorLoss !== null) await expectLossesOf(X, fit, fit.factorLoss);
          }
        }
      }
      // A model of one factor is that factor.
      const one = await kernels.nmf(nmfArgs([data], 1, { ...held(1), maxIter: 20 }));
      if (one.factorLoss !== null) expect(one.factorLoss[0] / one.loss).toBeCloseTo(1, 12);
    });

    test('nmf with weights: each square times its own', async () => {
      const X = [gappy(uniform(40, 30, 5), 0.3, 6), uniform(9, 30, 7)];
      const weights = [weightsOf(40, 30, 8), uniform(1, 30, 9)];
      const fit = await kernels.nmf(nmfArgs(X, 3, { missing: 'exact', weights, maxIter: 20 }));
      for (let r = 0; r < (fit.factorLoss?.length ?? 0); r++) {
        const { sum, count } = weighedSum(X, weights, alone(fit, r));
        expect(((fit.factorLoss?.[r] ?? 0) * count) / sum).toBeCloseTo(1, 10);
      }
    });

    test('where nearly all of a factor lies in missing entries no digits are made up', async () => {
      // One feature is 1e8 times as large as the others, and known in a sample in which it is small.
      const X = dense(
        4,
        6,
        Float64Array.from({ length: 24 }, (_, p) => (p % 4 > 0 ? 1 : Number.NaN)),
      );
      X.data.set([1e4, 1e-4, 1e-4, 1e-4]);
      const fit = await kernels.nmf(nmfArgs([X], 1, { missing: 'exact', maxIter: 500, tol: 0 }));
      expect(Math.max(...product(fit).data)).toBeGreaterThan(1e7);
      if (fit.factorLoss !== null) await expectLossesOf([X], fit, fit.factorLoss, 1e-11);
      await known([X], fit.W, dense(1, 6, fit.H.data.map((x) => x * fit.d[0]))); // biome-ignore format: one thought
    });

    test('tied, symmetric and projective', async () => {
      for (const form of ['symmetric', 'projective'] as const) {
        for (const norm of ['L1', 'L2', 'none'] as const) {
          for (const matrix of [uniform(20, 20, 1), sparse(20, 20, 2)]) {
            const X = [madeFor(form, matrix)];
            const fit = await kernels.tied(tiedArgs(X, form, 4, { norm, maxIter: 60 }));
            await expectLossesOf(X, fit, fit.factorLoss ?? undefined);
          }
        }
      }
    });

    test('any matrix: never NaN, and a model of one factor is that factor', async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, fc.integer({ min: 1, max: 5 }), async (X, k) => {
          const fit = await kernels.nmf(nmfArgs([X], k, { maxIter: 5 }));
          expect(fit.factorLoss).toHaveLength(k);
          for (const loss of fit.factorLoss ?? []) expect(loss >= 0 && loss < Infinity).toBe(true);
          if (k === 1)
            expect(Math.abs((fit.factorLoss?.[0] ?? 0) - fit.loss)).toBeLessThanOrEqual(1e-12 * (fit.nullLoss ?? 0));
        }),
        runs(60),
      );
    });
  });
}
