import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  graphSweep,
  H,
  nmfLayer,
  range,
  type SweepRow,
  svdLayer,
} from '../../src/index.js';
import type { CallOptions } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type Matrix, toCsc } from '../../src/matrix.js';
import { keyOf, splitEntries, startSeed } from '../../src/sweep/held-out.js';
import { lowRank, sparse, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { runs } from '../support/runs.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

/** How often each kernel was asked. */
const calls = vi.hoisted(() => ({ nmf: 0, svd: 0 }));

vi.mock('../../src/kernels/select.js', async (original) => {
  const { selectKernels, quickestKernels } = await original<typeof import('../../src/kernels/select.js')>();
  return {
    quickestKernels,
    selectKernels: (backend?: 'auto' | 'native' | 'reference') => {
      const kernels = selectKernels(backend);
      const counted =
        <A, R>(name: keyof typeof calls, kernel: (args: A, options?: CallOptions) => R) =>
        (args: A, options?: CallOptions): R => {
          calls[name]++;
          return kernel(args, options);
        };
      return { ...kernels, nmf: counted('nmf', kernels.nmf), svd: counted('svd', kernels.svd) };
    },
  };
});

const noisy = (rows: number, cols: number, k: number, seed: number): DenseMatrix => {
  const noise = uniform(rows, cols, seed + 50);
  return dense(rows, cols, lowRank(rows, cols, k, seed).data.map((z, p) => z + 0.1 * noise.data[p])); // biome-ignore format: one thought
};
const X = noisy(20, 18, 3, 1);
const S = sparse(13, 18, 2);

/** Rows without what differs from run to run. */
const told = (rows: readonly SweepRow<object>[]) => rows.map(({ seconds: _, ...row }) => row);
/** The same, whatever the places of points. */
const byParams = (rows: readonly SweepRow<object>[]) =>
  told(rows)
    .map(({ point: _, ...row }) => JSON.stringify(row))
    .sort();

interface Data {
  readonly x: Matrix;
  readonly y: Matrix;
}
const shapes: readonly (readonly [
  string,
  (k: number, data: Data) => ReturnType<typeof nmfLayer> | ReturnType<typeof factorConcat>,
])[] = [
  ['one layer', (k, { x }) => nmfLayer(factorInput(x, { name: 'x' }), { name: 'a', k })],
  ['sparse', (k, { y }) => nmfLayer(factorInput(y, { name: 'y' }), { name: 'a', k })],
  [
    'shared',
    (k, { x, y }) =>
      nmfLayer(factorShared(factorInput(x, { name: 'x' }), factorInput(y, { name: 'y' })), { name: 'a', k }),
  ],
  ['deep', (k, { x }) => nmfLayer(nmfLayer(factorInput(x, { name: 'x' }), { name: 'a', k: 5 }), { name: 'b', k })],
  [
    'concat',
    (k, { x, y }) =>
      factorConcat(
        nmfLayer(factorInput(x, { name: 'x' }), { name: 'a', k }),
        nmfLayer(factorInput(y, { name: 'y' }), { name: 'b', k: 2 }),
      ),
  ],
  [
    'sum',
    (k, { x, y }) =>
      nmfLayer(
        factorAdd(
          nmfLayer(factorInput(x, { name: 'x' }), { name: 'a', k: 4 }),
          nmfLayer(factorInput(y, { name: 'y' }), { name: 'b', k: 4 }),
        ),
        { name: 'c', k },
      ) as never, // any graph will do
  ],
  [
    'conditioned',
    (k, { x }) => nmfLayer(factorCondition(factorInput(x, { name: 'x' }), uniform(2, 18, 7)), { name: 'a', k }),
  ],
];

const sweepOf = (make: (k: number, data: Data) => unknown, data: Data, more: object = {}) =>
  crossValidateGraph({
    params: { k: [1, 2, 3] },
    reps: 2,
    testFraction: 0.2,
    seed: 5,
    config: { maxIter: 30 },
    layerFn: ({ k }) => make(k, data) as ReturnType<typeof nmfLayer>, // any graph will do
    ...more,
  });

describe('what is held out', () => {
  test.each(shapes)('can not leak: %s', async (_, make) => {
    const data = { x: X, y: S };
    const before = await sweepOf(make, data);
    // Noise where something is held out on one of the masks; the fit on that mask is the same to the bit.
    for (const replicate of [0, 1]) {
      const noise = async (name: string, matrix: Matrix): Promise<Matrix> => {
        const { test: held } = await splitEntries(matrix, keyOf(5, replicate, name), 0.2, 'entries');
        if (held.kind !== 'csc') throw new Error('entries are listed');
        const full = dense(matrix.rows, matrix.cols, new Float64Array(matrix.rows * matrix.cols));
        const old = matrix.kind === 'dense' ? matrix.data : null;
        const out = old === null ? toDenseCopy(matrix) : Float64Array.from(old);
        for (let j = 0; j < held.cols; j++)
          for (let p = held.indptr[j]; p < held.indptr[j + 1]; p++)
            out[held.indices[p] + j * matrix.rows] = 3 + ((7 * held.indices[p] + j) % 5);
        const made = dense(full.rows, full.cols, out);
        return matrix.kind === 'csc' ? toCsc(made) : made;
      };
      const after = await sweepOf(make, { x: await noise('x', X), y: await noise('y', S) });
      const fitted = (rows: readonly SweepRow<object>[]) =>
        rows
          .filter((row) => row.replicate === replicate)
          .map((row) => {
            if (row.error !== null) throw new Error(row.error.message);
            return [row.trainLoss, row.iterations, row.converged];
          });
      expect(fitted(after.rows)).toEqual(fitted(before.rows));
      expect(after.rows.map((row) => row.error === null && row.testLoss)).not.toEqual(
        before.rows.map((row) => row.error === null && row.testLoss),
      );
    }
  });

  const toDenseCopy = (matrix: Matrix): Float64Array => {
    const out = new Float64Array(matrix.rows * matrix.cols);
    if (matrix.kind !== 'csc') throw new Error('a sparse matrix');
    for (let j = 0; j < matrix.cols; j++)
      for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++)
        out[matrix.indices[p] + j * matrix.rows] = matrix.values[p];
    return out;
  };

  property.prop(
    [
      fc.integer({ min: 2, max: 90 }),
      fc.integer({ min: 2, max: 90 }),
      fc.integer(),
      fc.double({ min: 0.01, max: 0.99, noNaN: true }),
    ],
    runs(40),
  )('is the same however the data lie, and never a whole row or column', async (rows, cols, seed, fraction) => {
    const full = dense(rows, cols, uniform(rows, cols, 3).data.map((x, p) => (p % 3 === 0 ? 0 : x))); // biome-ignore format: one thought
    const turned = new Float64Array(rows * cols);
    for (let j = 0; j < cols; j++) for (let i = 0; i < rows; i++) turned[i * cols + j] = full.data[i + j * rows];
    const forms: readonly Matrix[] = [full, { kind: 'dense', rows, cols, order: 'rows', data: turned }, toCsc(full)];
    const found = await Promise.all(forms.map((form) => splitEntries(form, keyOf(seed, 0, 'x'), fraction, 'entries')));
    for (const { test: held } of found) expect(held).toEqual(found[0].test);
    const [{ test: held, count }] = found;
    if (held.kind !== 'csc') throw new Error('entries are listed');
    expect(count).toBe(held.indices.length);
    const byRow = new Uint32Array(rows);
    for (const i of held.indices) byRow[i]++;
    expect(Math.max(...byRow)).toBeLessThan(cols);
    for (let j = 0; j < cols; j++) expect(held.indptr[j + 1] - held.indptr[j]).toBeLessThan(rows);
    for (let j = 0; j < cols; j++)
      for (let p = held.indptr[j]; p < held.indptr[j + 1]; p++)
        expect(held.values[p]).toBe(full.data[held.indices[p] + j * rows]);
  });

  test('is none of what is missing, and none of the zeros where these stay', async () => {
    const gaps = dense(20, 18, X.data.map((x, p) => (p % 4 === 1 ? Number.NaN : p % 4 === 2 ? 0 : x))); // biome-ignore format: one thought
    const { test: any, train } = await splitEntries(gaps, keyOf(1, 0, 'x'), 0.3, 'entries');
    const { test: nonzero } = await splitEntries(gaps, keyOf(1, 0, 'x'), 0.3, 'nonzeros');
    if (any.kind !== 'csc' || nonzero.kind !== 'csc' || train.kind !== 'dense') throw new Error('as they were');
    expect(any.values.some((x) => Number.isNaN(x))).toBe(false);
    expect(any.values.some((x) => x === 0)).toBe(true);
    expect(nonzero.values.every((x) => x > 0)).toBe(true);
    expect(train.data.filter((x) => Number.isNaN(x)).length).toBe(90 + any.values.length);
  });
});

describe('a row', () => {
  test('is what masking, fitting and reconstructing by hand give', async () => {
    const result = await sweepOf(shapes[3][1], { x: X, y: S }, { ridge: 0 });
    const split = await splitEntries(X, keyOf(5, 1, 'x'), 0.2, 'entries');
    if (split.test.kind !== 'csc') throw new Error('entries are listed');
    const { indptr, indices, values } = split.test;
    const samples = Array.from(indices, (_, p) => indptr.findIndex((end) => end > p) - 1);
    const x = factorInput(X, { name: 'x', mask: { features: indices, samples } });
    const net = factorNet(nmfLayer(nmfLayer(x, { name: 'a', k: 5 }), { name: 'b', k: 2 }), {
      seed: startSeed(5, 1),
      maxIter: 30,
    });
    const fit = await net.fit();
    const led = await fit.reconstruct('x');
    const testLoss =
      Array.from(values).reduce((sum, v, p) => sum + (v - led.data[indices[p] + samples[p] * 20]) ** 2, 0) /
      values.length;
    const row = result.rows.find(({ params, replicate }) => params.k === 2 && replicate === 1);
    if (row?.error !== null) throw new Error('a row that was fitted');
    expect(row.testLoss).toBeCloseTo(testLoss, 12);
    expect(row.trainLoss).toBeCloseTo(fit.summary.loss, 12);
    expect(row.iterations).toBe(fit.a.iterations + fit.b.iterations);
    expect(row.inputs.x.heldOut).toBe(values.length);
    expect(row.inputs.x.fitted).toBe(360 - values.length);
  });

  test('of whole samples is what projecting them by hand gives', async () => {
    const Z = uniform(2, 18, 7);
    const graph = (x: Matrix, z: Matrix, k: number) =>
      nmfLayer(factorCondition(nmfLayer(factorInput(x, { name: 'x' }), { name: 'a', k: 5 }), z), { name: 'b', k });
    const result = await crossValidateGraph({
      params: { k: [1, 2] },
      reps: 2,
      testFraction: 0.25,
      holdOut: 'samples',
      seed: 5,
      config: { maxIter: 30 },
      layerFn: ({ k }) => graph(X, Z, k),
    });
    const { heldOutSamples, splitSamples } = await import('../../src/sweep/held-out.js');
    const held = heldOutSamples(18, 5, 1, 0.25);
    expect(held.length).toBe(5); // 4.5, rounded
    const [x, z] = [splitSamples(X, held), splitSamples(Z, held)];
    const fit = await factorNet(graph(x.train, z.train, 2), { seed: startSeed(5, 1), maxIter: 30 }).fit();
    const { b } = await fit.project({ x: x.test }, { conditions: [z.test] });
    const { x: L } = await fit.loadings('b');
    if (b === undefined || L === undefined || x.test.kind !== 'dense') throw new Error('all is known');
    let squares = 0;
    for (let j = 0; j < 5; j++)
      for (let i = 0; i < 20; i++) {
        let led = 0;
        for (let r = 0; r < 2; r++) led += L.data[i + r * 20] * fit.b.d[r] * b.data[r + j * 2];
        squares += (x.test.data[i + j * 20] - led) ** 2;
      }
    const row = result.rows.find(({ params, replicate }) => params.k === 2 && replicate === 1);
    if (row?.error !== null) throw new Error('a row that was fitted');
    expect(row.testLoss).toBeCloseTo(squares / 100, 10);
    expect(row.trainLoss).toBeCloseTo(fit.summary.loss, 12);
  });
});

describe('a sweep', () => {
  test.each(shapes)('comes to the same bits in any order, with any number of workers: %s', async (_, make) => {
    const data = { x: X, y: S };
    const [one, other] = [await sweepOf(make, data), await sweepOf(make, data, { workers: 4 })];
    expect(told(other.rows)).toEqual(told(one.rows));
    expect(other.table()).toBe(one.table());
    const back = await sweepOf(make, data, { params: { k: [3, 1, 2] }, workers: 2 });
    expect(byParams(back.rows)).toEqual(byParams(one.rows));
    expect(back.best).toEqual(one.best);
  });

  test('fits what points have in common once for each mask, and says so', async () => {
    const fine = nmfLayer(factorInput(X, { name: 'x' }), { name: 'fine', k: 6 });
    const options = {
      params: { k: [1, 2, 3, 4] },
      reps: 3,
      layerFn: ({ k }: { k: number }) => nmfLayer(fine, { name: 'top', k }),
    };
    const sweep = graphSweep(options);
    expect(sweep.explain()).toMatchInlineSnapshot(`
      "sweep of 4 points on 3 masks, seed 0
      hold out entries, 10% of x 20×18
      fit, once for each mask
        nmf fine k=6  all points  ≤ 1.05 M multiply-adds
        nmf top k=1  point 0  ≤ 32.4 k multiply-adds
        nmf top k=2  point 1  ≤ 86.4 k multiply-adds
        nmf top k=3  point 2  ≤ 162 k multiply-adds
        nmf top k=4  point 3  ≤ 259 k multiply-adds
      layers asked for: 8 × 3 = 24; to fit: 5 × 3 = 15
      multiply-adds at most: 4.76 M of 14.2 M (34%)"
    `);
    calls.nmf = 0;
    const { work, rows } = await sweep.run();
    expect(calls.nmf).toBe(3 + 4 * 3);
    expect(work).toMatchObject({ asked: 24, fitted: 15 });
    // The same rows as if each point were by itself, to the bit.
    let alone = 0;
    for (const k of options.params.k) {
      const single = await crossValidateGraph({ ...options, params: { k: [k] } });
      alone += single.work.multiplyAdds;
      expect(byParams(single.rows)).toEqual(byParams(rows.filter(({ params }) => params.k === k)));
    }
    expect(work.multiplyAddsAlone).toBe(alone);
    expect(work.multiplyAdds).toBeLessThan(0.45 * alone);
  });

  test('shares an SVD below, and layers by content rather than by name', async () => {
    calls.nmf = 0;
    const x = factorInput(X, { name: 'x' });
    const { work } = await crossValidateGraph({
      params: { name: ['p', 'q'], k: [2, 3] },
      reps: 1,
      layerFn: ({ name, k }) => nmfLayer(nmfLayer(x, { name, k: 4 }), { name: 'top', k }),
    });
    expect(work).toMatchObject({ asked: 8, fitted: 3 });
    calls.svd = 0;
    await crossValidateGraph({
      params: { k: [2, 3] },
      reps: 2,
      holdOut: 'samples',
      layerFn: ({ k }) => nmfLayer(svdLayer(x, { name: 'axes', k: 4 }), { name: 'top', k, nonneg: { W: false } }),
    });
    expect(calls.svd).toBe(2);
  });

  test('tells of every row, as it is done', async () => {
    const sweep = graphSweep({
      params: { k: [1, 2] },
      reps: 2,
      layerFn: ({ k }) => shapes[0][1](k, { x: X, y: S }) as ReturnType<typeof nmfLayer>,
    });
    const seen: number[] = [];
    const steps = sweep.steps();
    let step = await steps.next();
    while (!step.done) {
      const { done, of, row, seconds, left } = step.value;
      seen.push(done);
      expect([of, row.error]).toEqual([4, null]);
      expect(seconds).toBeGreaterThan(0);
      expect(left).toBeGreaterThanOrEqual(0);
      step = await steps.next();
    }
    expect(seen).toEqual([1, 2, 3, 4]);
    expect(told(step.value.rows)).toEqual(told((await sweep.run()).rows));
  });

  test('takes a grid of ranges', async () => {
    const { points } = await crossValidateGraph({
      params: { k: range(1, 5, { int: true, steps: 3 }), L1: range(0.001, 0.1, { log: true, steps: 3 }) },
      reps: 1,
      layerFn: ({ k, L1 }) => nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k, H: H({ L1 }) }),
    });
    const values = (name: 'k' | 'L1') => [...new Set(points.map(({ params }) => params[name]))].sort((a, b) => a - b);
    expect(values('k')).toEqual([1, 3, 5]);
    expect(values('L1').map((x) => Number(x.toPrecision(6)))).toEqual([0.001, 0.01, 0.1]);
  });

  test('predicts features of which almost nothing is left, by its ridge', async () => {
    // Ratings: half of the features have three each. Without a ridge their predictions have no bounds.
    const u = uniform(60, 40, 4);
    const counts = dense(60, 40, u.data.map((z, p) => {
      const [i, j] = [p % 60, Math.floor(p / 60)];
      return i < 30 ? 1 + Math.floor(6 * z) : j % 13 === i % 13 ? 1 + 9 * z : 0;
    })); // biome-ignore format: one thought
    const x = factorInput(counts, { name: 'x', mask: 'zeros' });
    const at = async (ridge: number) => {
      const { points } = await crossValidateGraph({
        params: { k: [3, 20] },
        ridge,
        config: { maxIter: 500, tol: 1e-9 },
        layerFn: ({ k }) => nmfLayer(x, { name: 'a', k }),
      });
      return points.find(({ params }) => params.k === 20)?.testLoss ?? Infinity;
    };
    expect(await at(1e-3)).toBeLessThan((await at(0)) / 2);
  });
});

describe.skipIf(!haveSharedData || !haveNative)(`on real data${skipReason}${withoutNative}`, () => {
  test('aml: the table of the seeds', async () => {
    const aml = factorInput(readNpy('aml.npy'), { name: 'aml' });
    const grid = await crossValidateGraph({
      params: { k: [3, 5, 8, 12], L1: [0, 0.01, 0.1] },
      reps: 8,
      layerFn: ({ k, L1 }) => nmfLayer(aml, { name: 'f', k, H: H({ L1 }) }),
    });
    expect(grid.best.k).toBe(5);
    const at = (k: number, L1: number) => {
      const point = grid.points.find(({ params }) => params.k === k && params.L1 === L1);
      if (point === undefined) throw new Error('a point of the grid');
      return point;
    };
    expect(Math.min(at(5, 0).testLoss, at(5, 0.01).testLoss)).toBeLessThanOrEqual(0.0245);
    expect(at(5, 0).testLoss).toBeLessThanOrEqual(at(5, 0.01).testLoss);
    expect(grid.points.slice(1).every(({ differenceSe }) => differenceSe !== null && differenceSe > 0)).toBe(true);
    const ranks = await crossValidateGraph({
      params: { k: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
      reps: 8,
      layerFn: ({ k }) => nmfLayer(aml, { name: 'f', k }),
    });
    expect(ranks.best.k).toBe(6);
    expect(ranks.points[0].testLoss).toBeLessThanOrEqual(0.024);
    expect(ranks.reason).toContain('k = 6 has the lowest held-out error');
  });

  test('aml, deep: errors are finite, different and ordered, for half of the work', async () => {
    const fine = nmfLayer(factorInput(readNpy('aml.npy'), { name: 'aml' }), { name: 'fine', k: 10 });
    calls.nmf = 0;
    const { points, work } = await crossValidateGraph({
      params: { k: [2, 3, 5, 8] },
      layerFn: ({ k }) => nmfLayer(fine, { name: 'top', k }),
    });
    expect(calls.nmf).toBe(3 + 12);
    expect(points.map(({ params }) => params.k)).toEqual([8, 5, 3, 2]);
    expect(new Set(points.map(({ testLoss }) => testLoss)).size).toBe(4);
    expect(points.every(({ testLoss }) => Number.isFinite(testLoss))).toBe(true);
    expect(work.multiplyAdds).toBeLessThan(0.45 * work.multiplyAddsAlone);
  });
});

test('data of rank 5 are found to be of rank 5', async () => {
  const gauss = (rows: number, cols: number, seed: number) => {
    const [u, v] = [uniform(rows, cols, seed), uniform(rows, cols, seed + 7919)];
    return u.data.map((x, p) => Math.sqrt(-2 * Math.log(Math.max(x, 1e-300))) * Math.cos(2 * Math.PI * v.data[p]));
  };
  for (let seed = 0; seed < 10; seed++) {
    const exponential = (rows: number, cols: number, from: number) =>
      dense(rows, cols, uniform(rows, cols, from).data.map((x) => -Math.log(Math.max(x, 1e-300)))); // biome-ignore format: one thought
    const [Wt, Ht, noise] = [
      exponential(200, 5, 3 * seed + 1),
      exponential(5, 80, 3 * seed + 2),
      gauss(200, 80, 900 + seed),
    ];
    const data = dense(200, 80);
    for (let j = 0; j < 80; j++)
      for (let i = 0; i < 200; i++) {
        let x = 3 * noise[i + j * 200];
        for (let r = 0; r < 5; r++) x += Wt.data[i + r * 200] * Ht.data[r + j * 5];
        data.data[i + j * 200] = Math.max(0, x);
      }
    const x = factorInput(data, { name: 'x' });
    const { best, simplest } = await crossValidateGraph({
      params: { k: [2, 3, 4, 5, 6, 7, 8] },
      seed,
      layerFn: ({ k }) => nmfLayer(x, { name: 'f', k }),
    });
    expect([best.k, simplest.k]).toEqual([5, 5]);
  }
}, 240_000);
