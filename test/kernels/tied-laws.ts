import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Kernels, TiedArgs, TiedForm, TiedResult } from '../../src/kernels/kernels.js';
import {
  type DenseMatrix,
  dense,
  type Matrix,
  type RowBlocks,
  toCsc,
  toDense,
  totalRows,
  transpose,
} from '../../src/matrix.js';
import {
  anyMatrix,
  lowRank,
  meanSquare,
  multiply,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  sparse,
  uniform,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { svdArgs } from './arguments.js';

const FORMS: readonly TiedForm[] = ['symmetric', 'projective'];
const NORMS = ['L1', 'L2', 'none'] as const;

/** Arguments of a call with a seeded start; options override. */
export function tiedArgs(
  X: RowBlocks,
  form: TiedForm,
  k: number,
  { seed = 1, ...options }: Partial<Omit<TiedArgs, 'X' | 'form'>> & { readonly seed?: number } = {},
): TiedArgs {
  const start = uniform(totalRows(X), k, seed);
  return { X, form, start, sweeps: 5, memory: 'normal', maxIter: 200, tol: 1e-6, norm: 'L1', ...options };
}

/** A + Aᵀ of the leading square of a matrix, in the form that it is in. */
export function symmetrized(matrix: Matrix): Matrix {
  const A = toDense(matrix);
  const n = Math.min(A.rows, A.cols);
  const out = dense(n, n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j < n; j++) out.data[i + j * n] = A.data[i + j * A.rows] + A.data[j + i * A.rows];
  return matrix.kind === 'csc' ? toCsc(out) : out;
}

/** What a form takes: for 'symmetric' a matrix made so. */
export const madeFor = (form: TiedForm, matrix: Matrix): Matrix =>
  form === 'symmetric' ? symmetrized(matrix) : matrix;

/** W and H as the form ties them, of factors with norm 'none'. */
export const tiedProduct = (form: TiedForm, X: DenseMatrix, { W }: TiedResult): DenseMatrix =>
  multiply(W, form === 'symmetric' ? transpose(W) : multiply(transpose(W), X));

/** Laws of `tied`. */
export function tiedLaws(name: string, kernels: Kernels): void {
  describe.each(FORMS)(`${name}: tied, %s`, (form) => {
    const X = madeFor(form, uniform(19, 19, 5));
    const data = toDense(X);

    test('any matrix: finite factors, W ≥ 0, a loss that never rises and that the factors have', async () => {
      await fc.assert(
        fc.asyncProperty(anyMatrix, fc.boolean(), fc.integer({ min: 1, max: 6 }), async (drawn, signed, k) => {
          const flipped = signed ? signs(drawn) : drawn;
          const matrix = madeFor(form, flipped);
          const fit = await kernels.tied(tiedArgs([matrix], form, k, { maxIter: 40, norm: 'none' }));
          for (const values of [fit.W.data, fit.d, fit.H.data, fit.history.loss, [fit.kkt]])
            expect(Array.from(values).every(Number.isFinite)).toBe(true);
          expect(fit.W.data.every((x) => x >= 0)).toBe(true);
          if (!signed) expect(fit.H.data.every((x) => x >= 0)).toBe(true);
          for (let i = 1; i < fit.history.loss.length; i++) {
            expect(fit.history.objective[i]).toBeLessThanOrEqual(fit.history.objective[i - 1]);
            expect(fit.history.loss[i]).toBeLessThanOrEqual(fit.history.loss[i - 1] * (1 + 1e-10));
          }
          const size = meanSquare(matrix, dense(matrix.rows, matrix.cols));
          for (const model of [product(fit), tiedProduct(form, toDense(matrix), fit)])
            expect(Math.abs(meanSquare(matrix, model) - fit.loss)).toBeLessThanOrEqual(1e-10 * size + 1e-9 * fit.loss);
        }),
        runs(60),
      );
    });

    test('what W gives is H, under every norm; the product is the same', async () => {
      const products: DenseMatrix[] = [];
      for (const norm of NORMS) {
        const fit = await kernels.tied(tiedArgs([X], form, 3, { norm }));
        const { W, H, d, projection } = fit;
        if (form === 'symmetric') {
          expect(projection).toBeNull();
          expect(H.data).toEqual(transpose(W).data);
        } else {
          const P = multiply(transpose(W), data);
          const expected = P.data.map((x, p) => x * (projection?.[p % 3] ?? Number.NaN));
          expect(relativeDifference(H.data, expected)).toBeLessThan(1e-13);
        }
        for (let r = 0; r < 3; r++) {
          const w = W.data.subarray(r * 19, (r + 1) * 19);
          if (norm === 'L1') expect(w.reduce((sum, x) => sum + x, 0)).toBeCloseTo(1, 12);
          if (norm === 'L2') expect(w.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(1, 12);
          if (norm === 'none') expect(d[r]).toBe(1);
          if (r > 0) expect(d[r]).toBeLessThanOrEqual(d[r - 1]);
        }
        products.push(product(fit));
      }
      for (const other of products) expect(relativeDifference(products[0].data, other.data)).toBeLessThan(1e-12);
    });

    test('a converged fit is stationary, and says how nearly: no small change of W lowers the loss', async () => {
      const early = await kernels.tied(tiedArgs([X], form, 3, { maxIter: 5 }));
      const late = await kernels.tied(tiedArgs([X], form, 3, { maxIter: 20000, tol: 1e-14, norm: 'none' }));
      expect(late.stopped).toBe('converged');
      expect(late.kkt).toBeLessThan(1e-4);
      expect(early.stopped).toBe('max-iter');
      expect(early.kkt).toBeGreaterThan(100 * late.kkt);
      const loss = (W: DenseMatrix) => meanSquare(data, tiedProduct(form, data, { ...late, W }));
      const least = loss(late.W);
      for (let p = 0; p < late.W.data.length; p++) {
        for (const step of [1e-3, -1e-3]) {
          const changed = late.W.data.slice();
          changed[p] = Math.max(0, changed[p] + step);
          expect(loss(dense(19, 3, changed))).toBeGreaterThanOrEqual(least * (1 - 1e-7));
        }
      }
    });

    test('it ends at the first iterate of which five have brought less than tol', async () => {
      const tol = 1e-3;
      const { stopped, history } = await kernels.tied(tiedArgs([X], form, 3, { tol, maxIter: 5000 }));
      const J = Array.from(history.objective);
      expect(stopped).toBe('converged');
      expect(J.findIndex((now, t) => t >= 5 && J[t - 5] - now <= tol * now)).toBe(J.length - 1);
    });

    test('sparse equals dense, in both orders, with the transpose kept and without; blocks equal one', async () => {
      const whole = madeFor(form, sparse(30, 30, 11));
      const fit = await kernels.tied(tiedArgs([whole], form, 4, { maxIter: 30 }));
      const all = toDense(whole);
      const top = dense(11, 30);
      const bottom = dense(19, 30);
      for (let j = 0; j < 30; j++) {
        top.data.set(all.data.subarray(j * 30, j * 30 + 11), j * 11);
        bottom.data.set(all.data.subarray(j * 30 + 11, (j + 1) * 30), j * 19);
      }
      const low = await kernels.tied(tiedArgs([whole], form, 4, { maxIter: 30, memory: 'low' }));
      expect(relativeDifference(fit.W.data, low.W.data)).toBeLessThan(1e-9);
      for (const X of [[all], [rowMajor(all)], [top, toCsc(bottom)]]) {
        const other = await kernels.tied(tiedArgs(X, form, 4, { maxIter: 30 }));
        expect(relativeDifference(fit.W.data, other.W.data)).toBeLessThan(1e-9);
        expect(relativeDifference(fit.H.data, other.H.data)).toBeLessThan(1e-9);
        expect(other.loss).toBeCloseTo(fit.loss, 12);
      }
    });

    test.each([2 ** -300, 2 ** 300])('scaling the data by %d scales d', async (by) => {
      const one = await kernels.tied(tiedArgs([X], form, 3));
      const other = await kernels.tied(tiedArgs([scaled(data, by)], form, 3));
      expect(other.iterations).toBe(one.iterations);
      expect(
        relativeDifference(
          other.d,
          one.d.map((x) => x * by),
        ),
      ).toBeLessThan(1e-9);
      expect(relativeDifference(other.W.data, one.W.data)).toBeLessThan(1e-9);
    });

    test('a matrix of zeros gives zero factors', async () => {
      const fit = await kernels.tied(tiedArgs([dense(4, 4)], form, 2));
      expect([fit.loss, fit.objective, fit.stopped, fit.kkt]).toEqual([0, 0, 'converged', 0]);
      for (const values of [fit.W.data, fit.d, fit.H.data]) expect(values.every((x) => x === 0)).toBe(true);
    });

    test('numbers of any size, one by one, and more factors than entries: finite, or refused by name', async () => {
      for (const x of [1e-300, 1e-160, 1, 1e130, 1e300]) {
        for (const k of [1, 3]) {
          const call = kernels.tied(tiedArgs([dense(1, 1, new Float64Array([x]))], form, k));
          if (x === 1e300) await expect(call).rejects.toMatchObject({ code: 'non-finite' });
          else {
            const fit = await call;
            for (const values of [fit.W.data, fit.d, fit.H.data]) expect(values.every(Number.isFinite)).toBe(true);
            if (x === 1 || x === 1e130) expect(product(fit).data[0] / x).toBeCloseTo(1, 6);
          }
        }
      }
    });

    test('a feature of zeros gets next to nothing', async () => {
      const matrix = toDense(madeFor(form, uniform(9, 9, 3)));
      for (let j = 0; j < 9; j++) matrix.data[2 + j * 9] = matrix.data[j + 2 * 9] = 0;
      const fit = await kernels.tied(tiedArgs([matrix], form, 3, { maxIter: 1000, tol: 1e-12 }));
      for (let r = 0; r < 3; r++) expect(fit.W.data[2 + r * 9]).toBeLessThan(1e-9);
    });

    test('cancelled: the last accepted iterate, and told of each', async () => {
      // So large that it is at work when it is told to end.
      const large = toDense(madeFor(form, uniform(300, 300, 5)));
      const told: number[] = [];
      const control = new AbortController();
      const fit = await kernels.tied(tiedArgs([large], form, 8, { maxIter: 100_000, tol: 0 }), {
        signal: control.signal,
        onIteration: ({ iteration }) => {
          told.push(iteration);
          if (iteration === 3) control.abort();
        },
      });
      expect(fit.stopped).toBe('aborted');
      expect(told).toEqual(Array.from(fit.history.loss, (_, i) => i + 1));
      expect(meanSquare(large, product(fit)) / fit.loss).toBeCloseTo(1, 9);
    });

    const faults: readonly (readonly [string, Partial<TiedArgs>])[] = [
      ['no blocks', { X: [] }],
      ['a start of other features', { start: uniform(18, 3, 1) }],
      ['no factor', { start: dense(19, 0) }],
      ['a negative start', { start: scaled(uniform(19, 3, 1), -1) }],
      ['no sweeps', { sweeps: 0 }],
      ['no iterations', { maxIter: 0 }],
      ['a negative tolerance', { tol: -1 }],
      [
        'a missing entry',
        {
          X: [
            dense(
              19,
              19,
              data.data.map((x, p) => (p === 7 ? Number.NaN : x)),
            ),
          ],
        },
      ],
    ];
    test.each(faults)('refused: %s', async (_, fault) => {
      await expect(kernels.tied({ ...tiedArgs([X], form, 3), ...fault })).rejects.toMatchObject({
        name: 'KernelError',
        code: 'invalid-argument',
      });
    });

    test('refused: entries that a sparse matrix leaves out as missing', async () => {
      const some = { ...toCsc(madeFor(form, sparse(19, 19, 2))), unlisted: 'missing' } as const;
      await expect(kernels.tied(tiedArgs([some], form, 3))).rejects.toMatchObject({ code: 'invalid-argument' });
    });
  });

  describe(`${name}: tied`, () => {
    test('a symmetric matrix must be square', async () => {
      await expect(kernels.tied(tiedArgs([uniform(4, 5, 1)], 'symmetric', 2))).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    });

    test('symmetric: a planted W·Wᵀ comes back', async () => {
      const W = uniform(40, 3, 8);
      for (let p = 0; p < W.data.length; p++) if (W.data[p] < 0.5) W.data[p] = 0;
      const fit = await kernels.tied(
        tiedArgs([multiply(W, transpose(W))], 'symmetric', 3, { maxIter: 5000, tol: 1e-14 }),
      );
      expect(fit.loss).toBeLessThan(1e-12);
    });

    test('symmetric: rank one of a matrix of any sign is its leading eigenvector, where that is not negative', async () => {
      const A = dense(3, 3, new Float64Array([2, 1, 0, 1, -1, 1, 0, 1, 2]));
      // Eigenvalues 2, (1 ± √17) / 2: the largest has the eigenvector (1, λ − 2, 1).
      const value = (1 + Math.sqrt(17)) / 2;
      const fit = await kernels.tied(tiedArgs([A], 'symmetric', 1, { maxIter: 2000, tol: 1e-15, norm: 'L2' }));
      expect(fit.d[0]).toBeCloseTo(value, 6);
      expect(fit.W.data[1] / fit.W.data[0]).toBeCloseTo(value - 2, 5);
    });

    test('symmetric: nothing is nearest to what is negative', async () => {
      const fit = await kernels.tied(
        tiedArgs([scaled(symmetrized(uniform(6, 6, 1)) as DenseMatrix, -1)], 'symmetric', 2, { maxIter: 500 }),
      );
      expect(fit.loss / (fit.nullLoss ?? 0)).toBeCloseTo(1, 6);
    });

    test('projective: rank one of data without negative numbers is the leading singular pair', async () => {
      const X = uniform(24, 17, 5);
      const fit = await kernels.tied(tiedArgs([X], 'projective', 1, { maxIter: 2000, tol: 1e-15, norm: 'L2' }));
      const svd = await kernels.svd(svdArgs([X], 1));
      expect(fit.d[0] / svd.d[0]).toBeCloseTo(1, 7);
      expect(relativeDifference(fit.W.data, svd.W.data)).toBeLessThan(1e-5);
    });

    test('projective: parts that share no feature come back, and W is then orthogonal', async () => {
      const W = dense(30, 3);
      for (let i = 0; i < 30; i++) W.data[i + (i % 3) * 30] = 1 + (i % 5);
      const X = multiply(W, uniform(3, 20, 4));
      const fit = await kernels.tied(tiedArgs([X], 'projective', 3, { maxIter: 5000, tol: 1e-14, norm: 'L2' }));
      expect(fit.loss).toBeLessThan(1e-10);
      const G = multiply(transpose(fit.W), fit.W);
      for (let r = 0; r < 3; r++) for (let s = 0; s < r; s++) expect(G.data[r + s * 3]).toBeLessThan(1e-4);
    });

    test('projective: parts that overlap fit exactly as an NMF, and not as a projection', async () => {
      const X = lowRank(20, 15, 3, 4);
      const fit = await kernels.tied(tiedArgs([X], 'projective', 3, { maxIter: 2000, tol: 1e-10 }));
      expect(fit.loss).toBeGreaterThan(1e-6);
    });
  });
}

/** Every other entry turned negative. */
function signs(matrix: Matrix): Matrix {
  const A = toDense(matrix);
  const out = dense(A.rows, A.cols, A.data.map((x, p) => (p % 2 === 0 ? x : -x))); // biome-ignore format: one thought
  return matrix.kind === 'csc' ? toCsc(out) : out;
}
