import { describe, expect, test } from 'vitest';
import type { Kernels } from '../../src/kernels/kernels.js';
import {
  type DenseMatrix,
  dense,
  entry,
  type Matrix,
  stackDense,
  toCsc,
  toDense,
  transpose,
} from '../../src/matrix.js';
import { everyForm, multiply, relativeDifference, sparse, uniform } from '../support/matrices.js';
import { gappy } from './missing-laws.js';
import { weightsOf } from './weight-laws.js';

const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));

/** ω ∘ (A − M), and Σ ω·(a − m)² over what is known and counts, from the definition. */
function leftOf(A: DenseMatrix, M: DenseMatrix, weights: Matrix | null) {
  let [sum, count] = [0, 0];
  const rest = map(A, (x, p) => {
    const i = p % A.rows;
    const weight = weights === null ? 1 : entry(weights, weights.rows === 1 ? 0 : i, Math.floor(p / A.rows));
    if (Number.isNaN(x) || weight === 0) return 0;
    sum += weight * (x - M.data[p]) ** 2;
    count++;
    return weight * (x - M.data[p]);
  });
  return { rest, loss: sum / count };
}

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

    test('less an estimate: what is missing or counts nothing leaves nothing, and the rest as much as it counts', async () => {
      const [U, V] = [uniform(16, 2, 6), uniform(2, 9, 7)];
      const [each, samples] = [weightsOf(16, 9, 8), weightsOf(1, 9, 9)];
      for (const share of [0, 0.1, 0.7]) {
        const A = gappy(toDense(sparse(16, 9, 2)), share, 3);
        for (const weights of [null, each, map(each, (x, p) => (p % 4 === 0 ? 0 : x)), toCsc(each), samples]) {
          const { rest, loss } = leftOf(A, multiply(U, V), weights);
          for (const X of [...everyForm(A).slice(0, 2), toCsc(A), A]) {
            const estimate = { W: U, H: V, weights: weights && [weights] };
            const down = await kernels.multiply({ X: [X], factor: W, side: 'W', estimate });
            const across = await kernels.multiply({ X: [X], factor: H, side: 'H', estimate });
            expect(relativeDifference(down.data, multiply(transpose(W), rest).data)).toBeLessThan(1e-6);
            expect(relativeDifference(across.data, multiply(rest, transpose(H)).data)).toBeLessThan(1e-6);
            expect((await kernels.mse({ X: [X], ...estimate })) / loss).toBeCloseTo(1, 6);
          }
        }
      }
    });

    test('what is missing because it is not listed leaves nothing either', async () => {
      const A = toCsc(uniform(16, 9, 2));
      const listed = { ...A, ...toCsc(dense(16, 9, toDense(A).data.map((x, p) => (p % 3 === 0 ? 0 : x)))), unlisted: 'missing' as const }; // biome-ignore format: one thought
      const holes = dense(16, 9, toDense(A).data.map((x, p) => (p % 3 === 0 ? Number.NaN : x))); // biome-ignore format: one thought
      const estimate = { W: uniform(16, 2, 6), H: uniform(2, 9, 7), weights: [uniform(16, 9, 3)] };
      for (const weights of [null, estimate.weights]) {
        const [one, other] = await Promise.all([holes, listed].map((X) => kernels.multiply({ X: [X], factor: W, side: 'W', estimate: { ...estimate, weights } }))); // biome-ignore format: one thought
        expect(relativeDifference(one.data, other.data)).toBeLessThan(1e-12);
      }
    });

    test('nothing of what is missing or counts nothing comes through', async () => {
      const A = uniform(16, 9, 2);
      const zero = map(A, (_, p) => Number(p % 3 !== 0));
      const estimate = { W: uniform(16, 2, 6), H: uniform(2, 9, 7), weights: [zero] };
      const of = async (value: number) => {
        const X = [map(A, (x, p) => (p % 3 === 0 ? value : x))];
        return [(await kernels.multiply({ X, factor: W, side: 'W', estimate })).data, await kernels.mse({ X, ...estimate })]; // biome-ignore format: one thought
      };
      const one = await of(Number.NaN);
      for (const value of [1e300, -3]) expect(await of(value)).toEqual(one);
    });

    test('wrong weights and estimates are refused', async () => {
      const X = [uniform(16, 9, 1)];
      const [U, V] = [uniform(16, 2, 6), uniform(2, 9, 7)];
      const ones = map(X[0], () => 1);
      for (const estimate of [
        { W: V, H: U },
        { W: U, H: V, weights: [] },
        { W: U, H: V, weights: [uniform(15, 9, 1)] },
        { W: U, H: V, weights: [map(ones, () => -1)] },
        { W: U, H: V, weights: [map(ones, (x, p) => (p === 3 ? 1.5 : x))] },
        { W: U, H: V, weights: [map(ones, (x, p) => (p === 3 ? Number.NaN : x))] },
      ]) {
        const code = 'invalid-argument';
        await expect(kernels.multiply({ X, factor: W, side: 'W', estimate })).rejects.toMatchObject({ code });
        await expect(kernels.mse({ X, ...estimate })).rejects.toMatchObject({ code });
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
