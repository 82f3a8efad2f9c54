import { describe, expect, test } from 'vitest';
import type { ImproveTerm, Kernels } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, toCsc, transpose } from '../../src/matrix.js';
import { multiply, relativeDifference, rowMajor, uniform } from '../support/matrices.js';
import { gappy } from './missing-laws.js';
import { weightsOf } from './weight-laws.js';

/** Laws of `improve`. */
export function improveLaws(name: string, kernels: Kernels): void {
  describe(`${name}: improve`, () => {
    const [m, n, k] = [20, 15, 3];
    const W = uniform(m, k, 1);
    const H = uniform(k, n, 2);
    const data: readonly (readonly [string, Omit<ImproveTerm, 'partner'>])[] = [
      ['all known', { X: [uniform(m, n, 3)], by: 1 }],
      ['gaps', { X: [gappy(uniform(m, n, 3), 0.6, 4)], by: 2 }],
      ['gaps in a sparse matrix', { X: [toCsc(gappy(uniform(m, n, 3), 0.2, 4))], by: 2 }],
      ['weights by entry', { X: [gappy(uniform(m, n, 3), 0.3, 4)], weights: [weightsOf(m, n, 5)], by: 0.5 }],
      ['weights by sample', { X: [gappy(uniform(m, n, 3), 0.3, 4)], weights: [weightsOf(1, n, 5)], by: 0.5 }],
    ];
    const loss = async (terms: readonly Omit<ImproveTerm, 'partner'>[], w: DenseMatrix, h: DenseMatrix) => {
      let sum = 0;
      for (const { X, weights, by } of terms) {
        const size = X[0].rows * X[0].cols;
        // Times how many count, which is the same for both factors.
        sum += by * (await kernels.mse({ X, W: w, H: h, weights })) * size;
      }
      return sum;
    };
    const slopeOf = async (terms: readonly Omit<ImproveTerm, 'partner'>[], side: 'W' | 'H') => {
      const out = side === 'W' ? new Float64Array(m * k) : new Float64Array(k * n);
      for (const { X, weights, by } of terms) {
        const estimate = { W, H, weights };
        const partner = side === 'W' ? ({ factor: H, side: 'H' } as const) : ({ factor: W, side: 'W' } as const);
        const { data } = await kernels.multiply({ X, ...partner, estimate });
        data.forEach((x, p) => { out[p] += by * x; }); // biome-ignore format: one thought
      }
      return side === 'W' ? dense(m, k, out) : dense(k, n, out);
    };

    describe.each(data)('%s', (_, term) => {
      test.each(['W', 'H'] as const)('%s goes down to where no coordinate can improve', async (side) => {
        for (const nonneg of [true, false]) {
          let [w, h] = [W, H];
          let before = await loss([term], w, h);
          const first = before;
          for (let step = 0; step < 60; step++) {
            const estimate = { W: w, H: h, weights: term.weights };
            const partner = side === 'W' ? h : w;
            const other = side === 'W' ? ('H' as const) : ('W' as const);
            const slope = await kernels.multiply({ X: term.X, factor: partner, side: other, estimate });
            const by = dense(slope.rows, slope.cols, slope.data.map((x) => term.by * x)); // biome-ignore format: one thought
            const factor = side === 'W' ? w : h;
            const found = await kernels.improve({ factor, side, slope: by, nonneg, terms: [{ ...term, partner }] });
            if (nonneg) expect(found.data.every((x) => x >= 0)).toBe(true);
            if (side === 'W') w = found;
            else h = found;
            const now = await loss([term], w, h);
            expect(now).toBeLessThanOrEqual(before * (1 + 1e-12));
            before = now;
            if (step < 59) continue;
            found.data.forEach((x, p) => {
              if (x > 1e-9 || !nonneg) expect(Math.abs(slope.data[p])).toBeLessThan(1e-6);
              else expect(slope.data[p]).toBeLessThan(1e-6);
            });
          }
          expect(before).toBeLessThan(0.9 * first);
        }
      });
    });

    test('several terms are lowered together', async () => {
      const terms = data.slice(1).map(([, term]) => term);
      const slope = await slopeOf(terms, 'W');
      const found = await kernels.improve({ factor: W, side: 'W', slope, nonneg: true, terms: terms.map((term) => ({ ...term, partner: H })) }); // biome-ignore format: one thought
      const sums = async (w: DenseMatrix) => {
        let sum = 0;
        for (const { X, weights, by } of terms) {
          const rest = await kernels.multiply({ X, factor: H, side: 'H', estimate: { W: w, H, weights } });
          sum += by * rest.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
        }
        return sum;
      };
      // The slopes of all together go towards zero where a row may still move.
      expect(await sums(found)).toBeLessThan(await sums(W));
    });

    test('rows of W are columns of the transpose', async () => {
      const X = gappy(uniform(m, n, 3), 0.4, 4);
      const slope = await slopeOf([{ X: [X], by: 1 }], 'W');
      const one = await kernels.improve({ factor: W, side: 'W', slope, nonneg: true, terms: [{ X: [X], partner: H, by: 1 }] }); // biome-ignore format: one thought
      const turned = { factor: transpose(W), side: 'H', slope: transpose(slope), nonneg: true } as const;
      for (const A of [transpose(X), rowMajor(transpose(X)), toCsc(transpose(X))]) {
        const other = await kernels.improve({ ...turned, terms: [{ X: [A], partner: transpose(H), by: 1 }] });
        expect(relativeDifference(transpose(other).data, one.data)).toBeLessThan(1e-10);
      }
    });

    test('a column of which nothing is known stays as it is', async () => {
      const X = dense(m, n, uniform(m, n, 3).data.map((x, p) => (p < m ? Number.NaN : x))); // biome-ignore format: one thought
      const slope = await slopeOf([{ X: [X], by: 1 }], 'H');
      const found = await kernels.improve({ factor: H, side: 'H', slope, nonneg: true, terms: [{ X: [X], partner: W, by: 1 }] }); // biome-ignore format: one thought
      expect(found.data.subarray(0, k)).toEqual(H.data.subarray(0, k));
      expect(found.data.subarray(k, 2 * k)).not.toEqual(H.data.subarray(k, 2 * k));
    });

    test('at an exact model nothing moves', async () => {
      const X = [multiply(W, H)];
      const slope = await slopeOf([{ X, by: 1 }], 'W');
      const found = await kernels.improve({ factor: W, side: 'W', slope, nonneg: true, terms: [{ X, partner: H, by: 1 }] }); // biome-ignore format: one thought
      expect(relativeDifference(found.data, W.data)).toBeLessThan(1e-12);
    });

    test('what does not fit is refused', async () => {
      const term = { X: [uniform(m, n, 3)], partner: H, by: 1 };
      const right = { factor: W, side: 'W', slope: W, nonneg: true, terms: [term] } as const;
      const refused = { name: 'KernelError', code: 'invalid-argument' };
      for (const wrong of [
        { ...right, slope: H },
        { ...right, side: 'H' as const },
        { ...right, terms: [] },
        { ...right, terms: [{ ...term, partner: W }] },
        { ...right, terms: [{ ...term, by: 0 }] },
        { ...right, terms: [{ ...term, X: [uniform(m, n + 1, 3)] }] },
        { ...right, terms: [{ ...term, weights: [] }] },
        { ...right, terms: [{ ...term, weights: [dense(m, n, new Float64Array(m * n).fill(2))] }] },
      ])
        await expect(kernels.improve(wrong)).rejects.toMatchObject(refused);
    });
  });
}
