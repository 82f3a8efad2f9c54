import { describe, expectTypeOf, test } from 'vitest';
import {
  type AlternatingNnls,
  alternatingNnls,
  type DenseMatrix,
  factorInput,
  type Matrix,
  type Nnls,
  nmfLayer,
  nnls,
  rRandom,
} from '../../src/index.js';

declare const X: Matrix;

describe('functions outside a graph', () => {
  test('nnls takes matrices and lists', async () => {
    expectTypeOf(await nnls(X, X)).toEqualTypeOf<Nnls>();
    expectTypeOf((await nnls([[1], [2]], Float32Array.of(1, 2))).X).toEqualTypeOf<DenseMatrix>();
    // @ts-expect-error A is no list
    await nnls([1, 2], [1, 2]);
    // @ts-expect-error it has no such option
    await nnls(X, X, { l1: 1 });
  });

  test('alternatingNnls begins with one factor', async () => {
    expectTypeOf(await alternatingNnls(X, { start: { W: X } })).toEqualTypeOf<AlternatingNnls>();
    await alternatingNnls(X, { start: { H: X }, halfSteps: 3 });
    // @ts-expect-error with one
    await alternatingNnls(X, { start: { W: X, H: X } });
    // @ts-expect-error with one
    await alternatingNnls(X, { halfSteps: 3 });
    // @ts-expect-error it must be told where to begin
    await alternatingNnls(X);
  });

  test('the numbers of R', () => {
    expectTypeOf(rRandom(1).runif(3)).toEqualTypeOf<Float64Array<ArrayBufferLike>>();
    // @ts-expect-error a seed is a number
    rRandom('1');
    nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2, rng: 'R' });
    // @ts-expect-error there is none of that name
    nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2, rng: 'r' });
  });
});
