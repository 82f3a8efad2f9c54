import { describe, expect, test } from 'vitest';
import type { EncodeArgs, Kernels, NmfArgs } from '../../src/kernels/kernels.js';
import { dense, type Matrix, toCsc } from '../../src/matrix.js';
import { sparse, uniform } from '../support/matrices.js';
import { held, nmfArgs, PLAIN, svdArgs } from './arguments.js';

/** Arguments that don't fit together are refused, not computed with. */
export function argumentLaws(name: string, kernels: Kernels): void {
  describe(`${name}: arguments`, () => {
    const good = nmfArgs([uniform(5, 4, 1)], 2);
    const csc = sparse(5, 4, 1);
    const signed = dense(
      5,
      4,
      uniform(5, 4, 1).data.map((x, p) => (p === 7 ? -x : x)),
    );
    const signFree = { ...PLAIN, nonneg: false };
    const mu = { solver: 'mu', accelerate: 'none' } as const;
    const oneSided = toCsc(
      dense(
        4,
        4,
        Float64Array.from({ length: 16 }, (_, p) => Number(p === 1)),
      ),
    );
    const refused = { name: 'KernelError', code: 'invalid-argument' };

    const faults: readonly (readonly [string, Partial<NmfArgs>])[] = [
      ['no blocks', { X: [] }],
      ['too many rows', { X: [uniform(6, 4, 1)] }],
      ['blocks of different width', { X: [uniform(3, 4, 1), uniform(2, 5, 1)] }],
      ['too few numbers', { X: [{ ...dense(5, 4), data: new Float64Array(3) }] }],
      ['a row that is not there', { X: [{ ...csc, indices: new Uint32Array(csc.indices.length).fill(99) }] }],
      ['a start of another rank', { start: { W: uniform(5, 3, 1), H: uniform(2, 4, 1) } }],
      ['rows that do not rise', { X: [{ ...csc, indices: csc.indices.slice().reverse() }] }],
      ['bounds that fall', { X: [{ ...csc, indptr: csc.indptr.slice().reverse() }] }],
      ['no iterations', { maxIter: 0 }],
      ['half an iteration', { maxIter: 0.5 }],
      ['a negative tolerance', { tol: -1 }],
      ['a tolerance that is no number', { tol: Number.NaN }],
      ['no sweeps', { sweeps: 0 }],
      ['half a sweep', { sweeps: 1.5 }],
      ['a negative penalty', { H: { ...PLAIN, L1: -1 } }],
      ['a penalty that is no number', { W: { ...PLAIN, L2: Number.NaN } }],
      ['a negative weight of L21', { W: { ...PLAIN, L21: -1 } }],
      ['angular for any sign', { H: { ...PLAIN, nonneg: false, angular: 1 } }],
      ['a bound at zero', { H: { ...PLAIN, upperBound: 0 } }],
      ['a bound with bpp', { H: { ...PLAIN, upperBound: 1 }, solver: 'bpp' }],
      [
        'a target of another shape',
        { H: { ...PLAIN, target: { matrix: uniform(3, 4, 1), lambda: 1, scale: 'factor' } } },
      ],
      ['a target of weight zero', { W: { ...PLAIN, target: { matrix: uniform(5, 2, 1), lambda: 0, scale: 'none' } } }],
      [
        'patterns of another length',
        { H: { ...PLAIN, target: { matrix: uniform(1, 5, 1), lambda: -1, scale: 'factor' } } },
      ],
      ['neighbours of another number', { H: { ...PLAIN, graph: { adjacency: toCsc(dense(5, 5)), lambda: 1 } } }],
      ['neighbours on one side', { H: { ...PLAIN, graph: { adjacency: oneSided, lambda: 1 } } }],
      ['neighbours pushed apart', { H: { ...PLAIN, graph: { adjacency: toCsc(uniform(4, 4, 1)), lambda: -1 } } }],
      ['her with mu', { solver: 'mu', accelerate: 'her' }],
      ['her with cholesky', { solver: 'cholesky', accelerate: 'her' }],
      ['mu with a sign-free W', { ...mu, W: signFree }],
      ['mu with a sign-free H', { ...mu, H: signFree }],
      ['mu with negative data', { ...mu, X: [signed] }],
      [
        'mu with a negative start',
        {
          ...mu,
          start: {
            W: good.start.W,
            H: dense(
              2,
              4,
              good.start.H.data.map((x) => -x),
            ),
          },
        },
      ],
      ['a hold-out with her', { ...held(1), accelerate: 'her' }],
      ['a hold-out with bpp', { ...held(1), solver: 'bpp' }],
      ['nothing to hold out', held(1, { fraction: 0 })],
      ['everything held out', held(1, { fraction: 1 })],
      ['a fraction that is no number', held(1, { fraction: Number.NaN })],
      ['keys for other blocks', held(2)],
    ];

    test.each(faults)('nmf: %s', async (_, fault) => {
      await expect(kernels.nmf({ ...good, ...fault })).rejects.toMatchObject(refused);
    });

    const none = new Float64Array(2);
    const system: EncodeArgs = {
      X: [uniform(5, 4, 1)],
      W: uniform(5, 2, 1),
      ridge: none,
      linear: none,
      coupling: null,
      nonneg: true,
      upperBound: null,
    };
    const encodeFaults: readonly (readonly [string, Partial<EncodeArgs>])[] = [
      ['no blocks', { X: [] }],
      ['W of another height', { W: uniform(6, 2, 1) }],
      ['a negative penalty', { linear: Float64Array.of(0, -1) }],
      ['an infinite penalty', { linear: Float64Array.of(0, Infinity) }],
      ['a penalty that is no number', { ridge: Float64Array.of(Number.NaN, 0) }],
      ['too few penalties', { ridge: new Float64Array(1) }],
    ];

    test.each(encodeFaults)('encode: %s', async (_, fault) => {
      await expect(kernels.encode({ ...system, ...fault })).rejects.toMatchObject(refused);
    });

    // What the reference reads without looking would never end, or be NaN.
    const broken: readonly (readonly [string, Matrix])[] = [
      ['a row that is not there', { ...csc, indices: new Uint32Array(csc.indices.length).fill(99) }],
      ['bounds far beyond the entries', { ...csc, indptr: Uint32Array.of(0, 1, 2, 3, 4e9) }],
      ['numbers that were taken away', { ...uniform(5, 4, 1), data: new Float64Array(0) }],
      ['no columns', dense(5, 0)],
    ];

    test.each(broken)('svd: %s', async (_, X) => {
      const start = uniform(5, 2, 1);
      const args = svdArgs([X], 1, { center: true, start, maxIter: 5, tol: 1e-6 });
      await expect(kernels.svd(args)).rejects.toMatchObject(refused);
    });

    test.each(broken)('mse: %s', async (_, X) => {
      const args = { X: [X], W: uniform(5, 2, 1), H: uniform(2, 4, 1) };
      await expect(kernels.mse(args)).rejects.toMatchObject(refused);
    });

    test('numbers out of range are an error, never NaN', async () => {
      for (const x of [1e300, Number.NaN]) {
        const X = [dense(2, 2, new Float64Array([x, 1, 1, 1]))];
        await expect(kernels.nmf(nmfArgs(X, 1))).rejects.toMatchObject({ code: 'non-finite' });
      }
    });
  });
}
