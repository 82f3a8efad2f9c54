import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels, TiedArgs, TiedForm } from '../../src/kernels/kernels.js';
import type { KernelLoss, KernelParameter } from '../../src/loss.js';
import { type DenseMatrix, dense, type RowBlocks, rowRange, toCsc, toDense, transpose } from '../../src/matrix.js';
import { estimated, given, kernelLoss, LOSS_CASES, type LossCase } from '../support/losses.js';
import {
  anyMatrix,
  lowRank,
  multiply,
  product,
  relativeDifference,
  rowMajor,
  sparse,
  uniform,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { neverRises, textbook } from './loss-laws.js';
import { madeFor, tiedArgs, tiedProduct } from './tied-laws.js';

const FORMS: readonly TiedForm[] = ['symmetric', 'projective'];
const K = 3;

type Options = Parameters<typeof tiedArgs>[3];

/** Arguments of a call with a loss; options override. */
export function tiedLossArgs(X: RowBlocks, form: TiedForm, own: LossCase['own'], options: Options = {}): TiedArgs {
  return tiedArgs(X, form, K, { sweeps: 2, maxIter: 40, tol: 1e-9, loss: kernelLoss(own, X), ...options });
}

const globally = (parameter: KernelParameter | null | undefined): KernelParameter | null =>
  parameter == null ? null : { ...parameter, by: 'global', values: parameter.values.slice(0, 1) };

/** A case as a form takes it: for 'symmetric' data made so, and parameters for all entries. */
export function caseOf(form: TiedForm, { name, data, own }: LossCase): LossCase {
  if (form === 'projective') return { name, data, own };
  const [dispersion, zeroInflation] = [globally(own.dispersion), globally(own.zeroInflation)];
  return { name, data: toDense(madeFor(form, data)), own: { ...own, dispersion, zeroInflation } };
}

/** The loss of a call as its fit has left it. */
function fitted(
  loss: KernelLoss,
  { dispersion, zeroInflation }: Pick<Awaited<ReturnType<Kernels['tied']>>, 'dispersion' | 'zeroInflation'>,
): KernelLoss {
  // biome-ignore format: one thought
  const known = (parameter: KernelParameter | null, values: Float64Array | null | undefined) =>
    parameter === null || values == null ? null : { ...parameter, values, estimate: false };
  return {
    ...loss,
    dispersion: known(loss.dispersion, dispersion),
    zeroInflation: known(loss.zeroInflation, zeroInflation),
  };
}

/** Laws of `tied` by other losses than squares. */
export function tiedLossLaws(name: string, kernels: Kernels): void {
  for (const form of FORMS) {
    describe.each(LOSS_CASES.map((item) => caseOf(form, item)))(
      `${name}: tied, ${form}, loss $name`,
      ({ data, own }) => {
        const lossArgs = (X: RowBlocks, options: Options = {}) => tiedLossArgs(X, form, own, options);

        test('the objective never rises, and what is reported is what W and the H it gives have', async () => {
          for (const seed of [1, 2, 3]) {
            const args = lossArgs([data], { seed, norm: 'none' });
            const loss = args.loss as KernelLoss; // lossArgs always gives one
            const fit = await kernels.tied(args);
            neverRises(fit);
            for (const values of [fit.W.data, fit.d, fit.H.data, [fit.kkt]])
              expect(Array.from(values).every(Number.isFinite)).toBe(true);
            expect(fit.W.data.every((x) => x >= 0)).toBe(true);
            const expected = textbook([data], loss, fit);
            expect(fit.loss / expected.loss).toBeCloseTo(1, 7);
            expect(fit.objective / expected.cost).toBeCloseTo(1, 7);
            expect(relativeDifference(product(fit).data, tiedProduct(form, data, fit).data)).toBeLessThan(1e-12);
            expect(fit.factorLoss).toBeNull();
            const { loss: now, nullLoss } = await kernels.deviance({ X: [data], W: fit.W, H: fit.H, loss: fitted(loss, fit) }); // biome-ignore format: one thought
            expect(now / fit.loss).toBeCloseTo(1, 9);
            expect(nullLoss / (fit.nullLoss ?? 0)).toBeCloseTo(1, 9);
            expect(now).toBeLessThan(nullLoss);
          }
        });

        test('a converged fit is stationary: no small change of W lowers the loss', async () => {
          const args = lossArgs([data], { maxIter: 4000, tol: 1e-13, norm: 'none' });
          const fit = await kernels.tied(args);
          const loss = fitted(args.loss as KernelLoss, fit); // lossArgs always gives one
          const at = async (W: DenseMatrix) => {
            const H = form === 'symmetric' ? transpose(W) : multiply(transpose(W), data);
            return (await kernels.deviance({ X: [data], W, H, loss })).loss;
          };
          const least = await at(fit.W);
          // Sizes alone have corners, which sweeps that look at one row at a time may not get around.
          const slack = own.name === 'mae' ? 1e-3 : 1e-6;
          for (let p = 0; p < fit.W.data.length; p++) {
            for (const step of [1e-3, -1e-3]) {
              const changed = fit.W.data.slice();
              changed[p] = Math.max(0, changed[p] + step * (changed[p] + 0.01));
              expect(await at(dense(fit.W.rows, K, changed))).toBeGreaterThanOrEqual(least * (1 - slack));
            }
          }
        });

        test('sparse equals dense, in both orders, with the transpose kept and without; blocks equal one', async () => {
          const fit = await kernels.tied(lossArgs([data], { maxIter: 8 }));
          const csc = toCsc(data);
          const blocks = [rowRange(data, 0, 10), toCsc(toDense(rowRange(data, 10, data.rows)))];
          for (const [X, memory] of [
            [[csc], 'normal'],
            [[csc], 'low'],
            [[rowMajor(data)], 'normal'],
            [blocks, 'normal'],
          ] as const) {
            const other = await kernels.tied(lossArgs(X, { maxIter: 8, memory }));
            expect(relativeDifference(fit.W.data, other.W.data)).toBeLessThan(1e-7);
            expect(relativeDifference(fit.H.data, other.H.data)).toBeLessThan(1e-7);
            expect(other.loss / fit.loss).toBeCloseTo(1, 9);
          }
        });
      },
    );
  }

  describe.each(FORMS)(`${name}: tied by losses, %s`, (form) => {
    const data = toDense(madeFor(form, uniform(19, 19, 5)));
    const solve = (own: LossCase['own'], options: Options = {}) =>
      kernels.tied(tiedLossArgs([data], form, own, options));

    test('any matrix: finite factors, and a loss that never rises', async () => {
      const cases = [
        { name: 'kl' },
        { name: 'gamma' },
        { name: 'tweedie', power: 1.5 },
        { name: 'nb', dispersion: given(2) },
        { name: 'nb', dispersion: estimated('global', 1, 10), zeroInflation: estimated('global', 1, 0.1) },
        { name: 'huber', delta: 0.2 },
        { name: 'mae' },
      ] as const;
      await fc.assert(
        fc.asyncProperty(
          anyMatrix,
          fc.constantFrom(...cases),
          fc.integer({ min: 1, max: 6 }),
          async (drawn, own, k) => {
            const matrix = toDense(madeFor(form, drawn));
            // Zeros, which gamma doesn't take, and whole numbers, which likelihoods ask for.
            const taken =
              own.name === 'gamma' ? (x: number) => x + 0.01 : own.name === 'nb' ? Math.round : (x: number) => x;
            const X = dense(matrix.rows, matrix.cols, matrix.data.map(taken)); // biome-ignore format: one thought
            fc.pre(X.data.some((x) => x > 0));
            const loss = kernelLoss(own, [X]);
            const fit = await kernels.tied(tiedArgs([X], form, k, { loss, sweeps: 2, maxIter: 30 }));
            for (const values of [fit.W.data, fit.d, fit.H.data, fit.history.loss, [fit.kkt]])
              expect(Array.from(values).every(Number.isFinite)).toBe(true);
            expect([...fit.W.data, ...fit.H.data].every((x) => x >= 0)).toBe(true);
            for (let i = 1; i < fit.iterations; i++)
              expect(fit.history.objective[i]).toBeLessThanOrEqual(fit.history.objective[i - 1]);
          },
        ),
        runs(100),
      );
    });

    test('huber beyond all residuals is squares', async () => {
      const options = { maxIter: 5000, tol: 1e-13 };
      const fit = await solve({ name: 'huber', delta: 1e6 }, options);
      const squares = await kernels.tied(tiedArgs([data], form, K, options));
      expect(fit.loss / squares.loss).toBeCloseTo(1, 5);
    });

    test('tweedie of power 1 is kl', async () => {
      const [one, other] = [await solve({ name: 'kl' }), await solve({ name: 'tweedie', power: 1 })];
      expect(other.W.data).toEqual(one.W.data);
      expect(other.history.objective).toEqual(one.history.objective);
    });

    test('huber and mae take numbers of any sign', async () => {
      const signed = dense(19, 19, data.data.map((x, p) => (Math.floor(p / 19) + (p % 19)) % 3 === 0 ? -x : x)); // biome-ignore format: one thought
      for (const own of [{ name: 'huber', delta: 0.2 }, { name: 'mae' }] as const) {
        const fit = await kernels.tied(tiedLossArgs([signed], form, own));
        neverRises(fit);
        expect(fit.W.data.every((x) => x >= 0)).toBe(true);
      }
    });

    test('a matrix of zeros gives zero factors', async () => {
      for (const own of [{ name: 'kl' }, { name: 'nb', dispersion: given(2) }, { name: 'huber', delta: 1 }] as const) {
        const fit = await kernels.tied(tiedLossArgs([dense(5, 5)], form, own));
        expect([fit.loss, fit.stopped]).toEqual([0, 'converged']);
        for (const values of [fit.W.data, fit.d, fit.H.data]) expect(values.every((x) => x === 0)).toBe(true);
      }
    });

    test('rows and columns of zeros, and more factors than rows: finite', async () => {
      const matrix = toDense(madeFor(form, sparse(9, 9, 3, 3)));
      for (let j = 0; j < 9; j++) matrix.data[2 + j * 9] = matrix.data[j + 2 * 9] = 0;
      for (const own of [
        { name: 'kl' },
        { name: 'tweedie', power: 1.5 },
        { name: 'nb', dispersion: given(2) },
        { name: 'mae' },
      ] as const) {
        // biome-ignore format: one thought
        const args = tiedArgs([matrix], form, 11, { loss: kernelLoss(own, [matrix]), sweeps: 2, norm: 'none' });
        const fit = await kernels.tied(args);
        for (const values of [fit.W.data, fit.H.data, [fit.loss, fit.kkt]])
          expect(Array.from(values).every(Number.isFinite)).toBe(true);
      }
    });

    test('cancelled: the last accepted iterate, and told of each', async () => {
      const large = toDense(madeFor(form, uniform(120, 120, 5)));
      const told: number[] = [];
      const control = new AbortController();
      const fit = await kernels.tied(tiedLossArgs([large], form, { name: 'kl' }, { maxIter: 100_000, tol: 0 }), {
        signal: control.signal,
        onIteration: ({ iteration }) => {
          told.push(iteration);
          if (iteration === 3) control.abort();
        },
      });
      expect(fit.stopped).toBe('aborted');
      expect(told).toEqual(Array.from(fit.history.loss, (_, i) => i + 1));
    });

    const faults: readonly (readonly [string, LossCase['own'], DenseMatrix])[] = [
      ['a number below zero, by kl', { name: 'kl' }, dense(19, 19, data.data.map((x) => x - 0.5))],
      ['a zero, by gamma', { name: 'gamma' }, dense(19, 19, data.data.map((x, p) => (p === 20 ? 0 : x)))],
      ['a missing entry', { name: 'kl' }, dense(19, 19, data.data.map((x, p) => (p === 7 ? Number.NaN : x)))],
      ['nb without a dispersion', { name: 'nb' }, data],
      ['a power below 1', { name: 'tweedie', power: 0.5 }, data],
      ['zero inflation of kl', { name: 'kl', zeroInflation: given(0.1) }, data],
      ['too few dispersions', { name: 'nb', dispersion: estimated('row', 18, 1) }, data],
    ]; // biome-ignore format: one thought
    test.each(faults)('refused: %s', async (_, own, X) => {
      const loss = kernelLoss(own, [data]);
      await expect(kernels.tied({ ...tiedLossArgs([X], form, { name: 'kl' }), loss })).rejects.toMatchObject({
        name: 'KernelError',
        code: 'invalid-argument',
      });
    });
  });

  describe(`${name}: tied by losses`, () => {
    test('a symmetric matrix has no parameter by row or column', async () => {
      const X = toDense(madeFor('symmetric', uniform(6, 6, 1)));
      for (const by of ['row', 'column'] as const) {
        const call = kernels.tied(tiedLossArgs([X], 'symmetric', { name: 'nb', dispersion: estimated(by, 6, 1) }));
        await expect(call).rejects.toMatchObject({ code: 'invalid-argument' });
      }
    });

    test('symmetric: a planted W·Wᵀ comes back', async () => {
      const W = uniform(40, 3, 8);
      for (let p = 0; p < W.data.length; p++) if (W.data[p] < 0.5) W.data[p] = 0;
      const X = multiply(W, transpose(W));
      const fit = await kernels.tied(
        tiedLossArgs([X], 'symmetric', { name: 'kl' }, { maxIter: 5000, tol: 1e-13, norm: 'none' }),
      );
      expect(fit.loss / (fit.nullLoss ?? 0)).toBeLessThan(1e-8);
      expect(relativeDifference(product(fit).data, X.data)).toBeLessThan(1e-4);
    });

    test('symmetric: rank one by kl has the sums of rows', async () => {
      const X = toDense(madeFor('symmetric', uniform(12, 12, 4)));
      const args = tiedArgs([X], 'symmetric', 1, { maxIter: 2000, tol: 1e-15, norm: 'none', sweeps: 2, loss: kernelLoss({ name: 'kl' }, [X]) }); // biome-ignore format: one thought
      const { W } = await kernels.tied(args);
      const sums = Float64Array.from({ length: 12 }, (_, i) => X.data.reduce((sum, x, p) => sum + (p % 12 === i ? x : 0), 0)); // biome-ignore format: one thought
      const all = Math.sqrt(sums.reduce((sum, x) => sum + x, 0));
      expect(relativeDifference(W.data, sums.map((x) => x / all))).toBeLessThan(1e-6); // biome-ignore format: one thought
    });

    test.each(['kl', 'gamma'] as const)('projective: rank one by %s comes back', async (own) => {
      const X = lowRank(20, 15, 1, 4);
      const loss = kernelLoss({ name: own }, [X]);
      const fit = await kernels.tied(tiedArgs([X], 'projective', 1, { maxIter: 5000, tol: 1e-13, sweeps: 2, loss }));
      expect(fit.loss / (fit.nullLoss ?? 0)).toBeLessThan(1e-8);
    });

    test('projective: parts that share no feature come back by kl', async () => {
      const W = dense(30, 3);
      for (let i = 0; i < 30; i++) W.data[i + (i % 3) * 30] = 1 + (i % 5);
      const X = multiply(W, uniform(3, 20, 4));
      const fit = await kernels.tied(
        tiedLossArgs([X], 'projective', { name: 'kl' }, { maxIter: 5000, tol: 1e-13, norm: 'L2' }),
      );
      expect(fit.loss / (fit.nullLoss ?? 0)).toBeLessThan(1e-6);
    });

    test('dispersion and zeros are estimated: about those that the counts were drawn with', async () => {
      const item = LOSS_CASES.find((one) => one.name === 'nb, estimated');
      if (item === undefined) throw new Error('there is such a case');
      const { data, own } = item;
      const args = tiedLossArgs([data], 'projective', own, { maxIter: 500 });
      const fit = await kernels.tied(args);
      expect(fit.dispersion?.[0]).toBeGreaterThan(1);
      expect(fit.dispersion?.[0]).toBeLessThan(8);
      expect(fit.zeroInflation).toBeNull();
    });
  });
}
