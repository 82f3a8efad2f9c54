import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import { dense, stackDense, toCsc, toDense, transpose } from '../../src/matrix.js';
import { everyForm, multiply, relativeDifference, sparse, uniform } from '../support/matrices.js';

/** Laws of `multiply`. */
export function multiplyLaws(name: string, kernels: Kernels): void {
  describe(`${name}: multiply`, () => {
    const [W, H] = [uniform(16, 3, 4), uniform(3, 9, 5)];

    test('Wᵀ·X and X·Hᵀ, of blocks however they are stored', async () => {
      const [top, bottom] = [uniform(7, 9, 1), toDense(sparse(9, 9, 2))];
      // Every form holds numbers that 32 bits can hold.
      const whole = stackDense([everyForm(top)[0], everyForm(bottom)[0]]);
      for (const a of everyForm(top)) {
        for (const b of everyForm(bottom)) {
          const down = await kernels.multiply({ X: [a, b], factor: W, side: 'W' });
          const across = await kernels.multiply({ X: [a, b], factor: H, side: 'H' });
          expect([down.rows, down.cols, across.rows, across.cols]).toEqual([3, 9, 16, 3]);
          expect(relativeDifference(down.data, multiply(transpose(W), whole).data)).toBeLessThan(1e-12);
          expect(relativeDifference(across.data, multiply(whole, transpose(H)).data)).toBeLessThan(1e-12);
        }
      }
    });

    test('what does not fit, or has gaps, is refused', async () => {
      const X = [uniform(16, 9, 1)];
      const gap = dense(16, 9, X[0].data.map((x, p) => (p === 5 ? Number.NaN : x))); // biome-ignore format: one thought
      const refused = { name: 'KernelError', code: 'invalid-argument' };
      await expect(kernels.multiply({ X, factor: H, side: 'W' })).rejects.toMatchObject(refused);
      await expect(kernels.multiply({ X, factor: W, side: 'H' })).rejects.toMatchObject(refused);
      await expect(kernels.multiply({ X: [gap], factor: W, side: 'W' })).rejects.toMatchObject(refused);
      const unlisted = { ...toCsc(X[0]), unlisted: 'missing' as const, indices: new Uint32Array(), values: new Float64Array(), indptr: new Uint32Array(10) }; // biome-ignore format: one thought
      await expect(kernels.multiply({ X: [unlisted], factor: W, side: 'W' })).rejects.toMatchObject(refused);
    });
  });
}
