import { describe, expectTypeOf, test } from 'vitest';
import {
  crossValidateGraph,
  type DenseMatrix,
  factorAdd,
  factorInput,
  graphSweep,
  H,
  type Matrix,
  nmfLayer,
  range,
  type SavedFit,
  type SweepResult,
} from '../../src/index.js';

declare const X: Matrix;
const rna = factorInput(X, { name: 'rna' });
const atac = factorInput(X, { name: 'atac' });

describe('a strategy', () => {
  const common = {
    params: { k: [5, 10, 20], L1: range(0.01, 1, { log: true }) },
    layerFn: () => nmfLayer(rna, { name: 'x', k: 2 }),
  } as const;

  test('is one of four, with options of its own', async () => {
    const cv = await crossValidateGraph({ ...common, strategy: 'halving', points: 20, eta: 4, minIter: 5 });
    expectTypeOf(cv.eliminated[0].params.k).toEqualTypeOf<5 | 10 | 20>();
    expectTypeOf(cv.eliminated[0].budget).toEqualTypeOf<number>();
    expectTypeOf(cv.rows[0].budget).toEqualTypeOf<number | null>();
    // @ts-expect-error there is none of that name
    graphSweep({ ...common, strategy: 'best' });
    // @ts-expect-error points are a number
    graphSweep({ ...common, strategy: 'random', points: 'many' });
  });
});

test('warm starts are asked for, or not', () => {
  const sweep = { params: { k: [2, 3] }, layerFn: () => nmfLayer(rna, { name: 'x', k: 2 }) } as const;
  graphSweep({ ...sweep, warmStart: true });
  // @ts-expect-error whom layers start from follows from the points
  graphSweep({ ...sweep, warmStart: 'k' });
});

describe('the parameters of a point are those of the space', () => {
  const params = {
    k: [5, 10, 20],
    L1: range(0, 0.1, { steps: 3 }),
    solver: ['hals', 'mu'],
    deep: [true, false],
  } as const;

  test('in layerFn, and in what is chosen', async () => {
    const cv = await crossValidateGraph({
      params: { k: [5, 10, 20], L1: [0, 0.01], solver: ['hals', 'mu'] },
      layerFn: (p) => {
        expectTypeOf(p.k).toEqualTypeOf<5 | 10 | 20>();
        // @ts-expect-error not in the space
        p.rank;
        return factorAdd(
          nmfLayer(rna, { name: 'x', k: p.k, solver: p.solver, H: H({ L1: p.L1 }) }),
          nmfLayer(atac, { name: 'y', k: p.k }),
        );
      },
      complexity: ({ k }) => k,
    });
    expectTypeOf(cv.best.solver).toEqualTypeOf<'hals' | 'mu'>();
    expectTypeOf(cv.simplest.k).toEqualTypeOf<5 | 10 | 20>();
    expectTypeOf(cv.points[0].params.L1).toEqualTypeOf<0 | 0.01>();
    // @ts-expect-error not in the space
    cv.best.rank;
    // @ts-expect-error a row that failed has no loss
    cv.rows[0].testLoss;
  });

  test('and in what fits are asked for', async () => {
    const cv = await crossValidateGraph({
      params: { k: [2, 3] },
      layerFn: ({ k }) => nmfLayer(rna, { name: 'x', k }),
      diagnostics: true,
      keep: 'best',
    });
    expectTypeOf(await cv.fit(cv.best)).toEqualTypeOf<SavedFit>();
    expectTypeOf(await cv.fit({ k: 3 }, 1)).toEqualTypeOf<SavedFit>();
    expectTypeOf(await cv.consensus(cv.simplest, 'x')).toEqualTypeOf<DenseMatrix>();
    expectTypeOf(cv.points[0].diagnostics?.x.cophenetic).toEqualTypeOf<number | null | undefined>();
    // @ts-expect-error not in the space
    cv.fit({ k: 4 });
    // @ts-expect-error the layer is needed
    cv.consensus(cv.best);
    // @ts-expect-error none, the best or all
    crossValidateGraph({ params: { k: [2] }, layerFn: () => nmfLayer(rna, { name: 'x', k: 2 }), keep: 'some' });
  });

  test('ranges are numbers, and a space may be made before', async () => {
    const sweep = graphSweep({
      params,
      layerFn: ({ k, L1, deep }) => {
        expectTypeOf(L1).toEqualTypeOf<number>();
        expectTypeOf(deep).toEqualTypeOf<boolean>();
        const fine = nmfLayer(rna, { name: 'fine', k, H: H({ L1 }) });
        return deep ? nmfLayer(fine, { name: 'top', k: 2 }) : fine;
      },
    });
    expectTypeOf(await sweep.run()).toExtend<SweepResult<typeof params>>();
    for await (const { row } of sweep.steps()) expectTypeOf(row.replicate).toEqualTypeOf<number>();
  });

  test('a graph must end in a layer, or what is made of layers', () => {
    // @ts-expect-error an input is no embedding
    graphSweep({ params: { k: [1] }, layerFn: () => rna });
    // @ts-expect-error no such way to hold out
    graphSweep({ params: { k: [1] }, layerFn: ({ k }) => nmfLayer(rna, { name: 'a', k }), holdOut: 'rows' });
    // @ts-expect-error the seed is that of the sweep
    graphSweep({ params: { k: [1] }, layerFn: ({ k }) => nmfLayer(rna, { name: 'a', k }), config: { seed: 1 } });
  });
});
