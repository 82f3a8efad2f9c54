import { describe, expectTypeOf, test } from 'vitest';
import {
  type AlternatingNnls,
  align,
  alternatingNnls,
  assess,
  batchMixing,
  type CscMatrix,
  cosine,
  type DenseMatrix,
  dclust,
  type FactorSparsity,
  type Factors,
  factorInput,
  logNormalize,
  type Matrix,
  type MatrixInput,
  type Nnls,
  nmfLayer,
  nnls,
  rRandom,
  type Sparsity,
  scaleFeatures,
  scaleSamples,
  simulateNmf,
  simulateSwimmer,
  sparsity,
  tfidf,
} from '../../src/index.js';

declare const X: Matrix;
declare const csc: CscMatrix;
declare const any: MatrixInput;
declare const labels: readonly (string | null)[];

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

  test('what is prepared is sparse where the data are', () => {
    expectTypeOf(tfidf(csc)).toEqualTypeOf<CscMatrix>();
    expectTypeOf(logNormalize([[1]])).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(scaleFeatures({ rows: 1, cols: 1, data: [1] })).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(scaleSamples({ shape: [1, 1], data: [1] })).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(scaleSamples(any)).toEqualTypeOf<CscMatrix | DenseMatrix>();
    // @ts-expect-error features are not scaled by their length
    scaleFeatures(X, { by: 'l2' });
    // @ts-expect-error samples are not scaled by their deviation
    scaleSamples(X, { by: 'sd' });
    // @ts-expect-error there is no other way to count
    tfidf(X, { tf: 'binary' });
  });

  test('what is simulated', () => {
    expectTypeOf(simulateNmf({ rows: 3, cols: 2, k: 1 }).W).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(simulateSwimmer().limbs.leftArm).toEqualTypeOf<readonly number[]>();
    // @ts-expect-error its rank is not known otherwise
    simulateNmf({ rows: 3, cols: 2 });
    // @ts-expect-error it has four limbs
    simulateSwimmer().limbs.tail;
  });

  test('sparsity is of a matrix, or of the factors of a fit', () => {
    const shared = { W: { a: X as DenseMatrix }, d: new Float64Array(1), H: X as DenseMatrix } satisfies Factors;
    expectTypeOf(sparsity(X, { by: 'rows' })).toEqualTypeOf<Sparsity>();
    expectTypeOf(sparsity(shared)).toEqualTypeOf<FactorSparsity>();
    // @ts-expect-error its factors are columns of W and rows of H
    sparsity(shared, { by: 'rows' });
    expectTypeOf(align(shared, shared).fit.W).toEqualTypeOf<{ a: DenseMatrix }>();
    // @ts-expect-error it must be a fit
    align(shared, X);
    // @ts-expect-error cosines have no such way
    cosine(X, X, { by: 'factors' });
  });

  test('labels may be missing, and are told by numbers, strings or booleans', () => {
    expectTypeOf<Awaited<ReturnType<typeof assess>>['batchMixing']>().toEqualTypeOf<number | null>();
    batchMixing(X, Int8Array.of(1, 2));
    // @ts-expect-error a label is no object
    assess(X, [{}]);
    // @ts-expect-error folds are for logisticAccuracy
    batchMixing(X, labels, { folds: 3 });
  });

  test('dclust must be told how small a cluster may be', async () => {
    expectTypeOf((await dclust(X, { minSamples: 2 })).labels).toEqualTypeOf<readonly number[]>();
    // @ts-expect-error minSamples has no default
    await dclust(X, { seed: 1 });
  });
});
