import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, factorShared, type MatrixInput, nmfLayer, sparsity } from '../../src/index.js';
import { dense, stackDense, toCsc, transpose } from '../../src/matrix.js';
import { issuesOf } from '../support/issues.js';
import { everyForm, sparse, uniform } from '../support/matrices.js';

describe('sparsity', () => {
  test('of flat columns is 0, of one entry 1, of two of four by the formula; zeros are counted', () => {
    const X = [[1, 0, 3, 0], [1, 0, -3, 0], [1, 5, 0, 0], [1, 0, 0, 0]]; // biome-ignore format: one thought
    const { hoyer, zeros } = sparsity(X);
    expect(Array.from(hoyer, (x) => x.toFixed(12))).toEqual([0, 1, 2 - Math.SQRT2, 1].map((x) => x.toFixed(12)));
    expect(Array.from(zeros)).toEqual([0, 0.75, 0.5, 1]);
  });

  test('is the same of every form, by rows of the transpose, and at every scale', () => {
    const X = sparse(8, 5, 3);
    const [first, ...others] = everyForm(stackDense([X]));
    for (const form of others) expect(sparsity(form)).toEqual(sparsity(first));
    expect(sparsity(transpose(stackDense([X])), { by: 'rows' })).toEqual(sparsity(X));
    const huge = sparsity(toCsc(dense(8, 5, stackDense([X]).data.map((x) => x * 2 ** 400)))); // biome-ignore format: one thought
    expect(huge).toEqual(sparsity(X));
  });

  test('of one number is 0, or 1 if it is none', () => {
    expect(sparsity([[3, 0]])).toEqual({ hoyer: Float64Array.of(0, 1), zeros: Float64Array.of(0, 1) });
  });

  test('of a fit is that of columns of W, modalities together, and of rows of H', async () => {
    const shared = factorShared(
      factorInput(uniform(6, 9, 1), { name: 'a' }),
      factorInput(sparse(5, 9, 2), { name: 'b' }),
    );
    const { both } = await factorNet(nmfLayer(shared, { name: 'both', k: 3, L1: 0.01 }), { seed: 1 }).fit();
    const { W, H } = sparsity(both);
    expect(H).toEqual(sparsity(both.H, { by: 'rows' }));
    expect(W).toEqual(sparsity(stackDense([both.W.a, both.W.b])));
  });

  const bad: readonly (readonly [string, unknown, object, string])[] = [
    ['a gap', [[Number.NaN]], {}, 'non-finite'],
    ['nothing', undefined, {}, 'invalid-data'],
    ['half a fit', { W: uniform(3, 2, 1), H: uniform(3, 4, 1), d: new Float64Array(3) }, {}, 'invalid-data'],
    ['a fit that is not finite', { W: dense(1, 1), H: dense(1, 1, Float64Array.of(Number.NaN)), d: new Float64Array(1) }, {}, 'invalid-data'],
    ['rows of a fit', { W: dense(1, 1), H: dense(1, 1), d: new Float64Array(1) }, { by: 'rows' }, 'unknown-option'],
    ['another word', [[1]], { by: 'all' }, 'invalid-option'],
  ]; // biome-ignore format: one thought
  test.each(bad)('refuses %s', (_, X, options, code) => {
    expect(issuesOf(() => sparsity(X as MatrixInput, options)).map((issue) => issue.code)).toEqual([code]);
  });
});
