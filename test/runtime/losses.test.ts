import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  graphFromJSON,
  graphToJSON,
  H,
  type LossOption,
  loadFit,
  nmfLayer,
  saveFit,
} from '../../src/index.js';
import { entryLoss } from '../../src/loss.js';
import { type DenseMatrix, dense, rowRange, toCsc } from '../../src/matrix.js';
import { keyOf, splitEntries } from '../../src/sweep/held-out.js';
import { gammaData, inflated, means, negativeBinomialCounts, poissonCounts } from '../support/losses.js';
import { product, relativeDifference, uniform } from '../support/matrices.js';

const [m, n] = [20, 15];
const counts = poissonCounts(means(m, n, 3, 1, 0.1, 3), 2);
const spread = inflated(negativeBinomialCounts(means(m, n, 3, 3, 0.5, 6), 4, () => 2), 5, () => 0.1); // biome-ignore format: one thought
const positive = gammaData(means(m, n, 3, 5, 0.5, 2), 6, 4);

const LOSSES: readonly (readonly [string, LossOption, DenseMatrix])[] = [
  ['kl', 'kl', counts],
  ['gamma', 'gamma', positive],
  ['inverse-gaussian', 'inverse-gaussian', positive],
  ['tweedie', { name: 'tweedie', power: 1.5 }, counts],
  ['nb', 'nb', spread],
  ['nb with all parameters', { name: 'nb', dispersion: 'row', zeroInflation: 'column' }, spread],
  ['gp', { name: 'gp', dispersion: 'column' }, spread],
  ['huber', { name: 'huber', delta: 0.5 }, counts],
  ['mae', 'mae', counts],
];
const backend = 'auto';

const embedded = ({ a }: { readonly a?: DenseMatrix }): DenseMatrix => {
  if (a === undefined) throw new Error('no embedding');
  return a;
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Mean deviance of kl, from the definition. */
const klOf = (X: DenseMatrix, estimate: DenseMatrix): number => {
  const { value } = entryLoss({ name: 'kl', power: 0, delta: 0, floor: 1e-300, penalties: 1, dispersion: null, zeroInflation: null }); // biome-ignore format: one thought
  return (2 * X.data.reduce((sum, x, p) => sum + value(x, estimate.data[p], 0), 0)) / X.data.length;
};

describe.each(LOSSES)('%s', (_, loss, data) => {
  const net = factorNet(nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, loss }), {
    seed: 1,
    maxIter: 40,
  });

  test('is fitted, told of, and projected', async () => {
    const fit = await net.fit({ backend });
    const { loss: through, explained } = fit.summary.inputs.x;
    expect(through).toBe(fit.a.loss);
    expect(explained).toBeGreaterThan(0.1);
    expect(explained).toBeLessThan(1);
    const { objective } = fit.a;
    for (let i = 1; i < fit.a.history.length; i++)
      expect(fit.a.history[i].objective).toBeLessThanOrEqual(fit.a.history[i - 1].objective * (1 + 1e-10));
    expect(fit.a.history.at(-1)?.objective).toBe(objective);
    expect(relativeDifference((await fit.reconstruct('x')).data, product(fit.a).data)).toBeLessThan(1e-12);
    // Samples of the fit come back near to where they were.
    const a = embedded(await fit.project({ x: data }));
    const size = (F: DenseMatrix) => Math.hypot(...F.data);
    const apart = Math.hypot(...a.data.map((x, p) => x - fit.a.H.data[p]));
    const sure = typeof loss === 'object' && loss.name !== 'huber' && loss.name !== 'tweedie';
    expect(apart / size(a)).toBeLessThan(sure || loss === 'mae' ? 0.5 : 0.15);
  });

  test('sparse data have the same fit', async () => {
    const sparse = factorNet(nmfLayer(factorInput(toCsc(data), { name: 'x' }), { name: 'a', k: 3, loss }), { seed: 1, maxIter: 40 }); // biome-ignore format: one thought
    const [one, other] = [await net.fit({ backend }), await sparse.fit({ backend })];
    expect(relativeDifference(product(one.a).data, product(other.a).data)).toBeLessThan(1e-6);
    expect(other.summary.loss / one.summary.loss).toBeCloseTo(1, 7);
  });

  test('goes into files and comes back: fits, graphs and checkpoints', async () => {
    const fit = await net.fit({ backend });
    const path = join(folder, `${_}.safetensors`);
    await saveFit(fit, path);
    const back = await loadFit(path);
    expect(back.layers.a).toEqual(fit.a);
    expect(back.summary).toEqual(fit.summary);
    const again = join(folder, `${_} again.safetensors`);
    await saveFit(back, again);
    expect((await loadFit(again)).layers.a).toEqual(fit.a);
    const output = nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, loss });
    const file = JSON.parse(JSON.stringify(graphToJSON(output, { seed: 1, maxIter: 40 })));
    const read = graphFromJSON(file, { x: data });
    expect(factorNet(read.output, read.config).plan).toEqual(net.plan);
    // Ended in the middle, it goes on.
    const checkpoint = { path: join(folder, `${_}.checkpoint`), every: 3 };
    const control = new AbortController();
    const onProgress = ({ iteration }: { readonly iteration: number }) => {
      if (iteration === 7) control.abort(new Error('enough'));
    };
    await expect(net.fit({ backend, checkpoint, signal: control.signal, onProgress })).rejects.toThrow('enough');
    const { a } = await net.fit({ backend, checkpoint });
    expect(a).toEqual(fit.a);
  });

  test('is what a sweep scores by', async () => {
    const rows = await crossValidateGraph({
      params: { k: [1, 3] },
      layerFn: ({ k }) => nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k, loss }),
      reps: 1,
      seed: 2,
      config: { maxIter: 8 },
      backend,
    });
    for (const row of rows.rows) {
      if (row.error !== null) throw new Error(row.error.message);
      expect(row.testLoss).toBeGreaterThan(0);
      expect(Number.isFinite(row.testLoss)).toBe(true);
    }
    const samples = await crossValidateGraph({
      params: { k: [2] },
      layerFn: ({ k }) => nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k, loss }),
      reps: 1,
      seed: 2,
      holdOut: 'samples',
      config: { maxIter: 8 },
      backend,
    });
    expect(samples.rows[0]).toMatchObject({ error: null });
  });
});

describe.each(LOSSES)('%s: held-out entries', (_, loss, data) => {
  test('overwritten with noise change no bit of a fit, and the error that it has on them', async () => {
    const split = await splitEntries(data, keyOf(2, 0, 'x'), 0.2, 'entries');
    if (split.test.kind !== 'csc') throw new Error('entries are listed');
    const { indptr, indices } = split.test;
    const noisy = data.data.slice();
    for (let j = 0; j < n; j++)
      for (let p = indptr[j]; p < indptr[j + 1]; p++) noisy[indices[p] + j * m] = 1 + ((7 * p) % 5);
    const sweep = (X: DenseMatrix) =>
      crossValidateGraph({
        params: { k: [2] },
        layerFn: ({ k }) => nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k, loss }),
        ...{ reps: 1, seed: 2, testFraction: 0.2, config: { maxIter: 8 }, keep: 'all', backend },
      });
    const [one, other] = [await sweep(data), await sweep(dense(m, n, noisy))];
    const layers = await Promise.all([one, other].map(async (cv) => (await cv.fit({ k: 2 }, 0)).layers));
    expect(layers[1]).toEqual(layers[0]);
    const errors = [one, other].map(({ rows: [row] }) => (row.error === null ? row.testLoss : Number.NaN));
    expect(errors[0]).not.toBe(errors[1]);
    expect(errors.every(Number.isFinite)).toBe(true);
  });
});

describe('sweeps', () => {
  const run = (
    params: { readonly [name: string]: readonly (string | number)[] },
    lossOf: (params: Readonly<Record<string, unknown>>) => LossOption,
    more: object = {}, // biome-ignore format: one thought
  ) =>
    crossValidateGraph({
      params,
      layerFn: (point) => nmfLayer(factorInput(spread, { name: 'x' }), { name: 'a', k: 2, loss: lossOf(point) }),
      ...{ reps: 1, seed: 2, config: { maxIter: 15 }, backend },
      ...more,
    });

  test('do not choose among losses of different units', async () => {
    await expect(
      run({ loss: ['kl', 'mae'] }, ({ loss }) => loss as 'kl' | 'mae', { onError: 'stop' }),
    ).rejects.toMatchObject({
      issues: [
        { code: 'different-inputs', rule: expect.stringContaining("The loss of the layers that read input 'x'") },
      ],
    });
  });

  test('choose a size by its likelihood', async () => {
    // Sizes are about 2; the smaller the size the smaller the deviance.
    const found = await run({ size: [0.05, 2, 1000] }, ({ size }) => ({ name: 'nb', dispersion: Number(size) }));
    expect(found.best).toEqual({ size: 2 });
  });

  test('hold out no samples where parameters are given sample by sample', async () => {
    const loss = { name: 'gp', dispersion: { column: new Float64Array(n) } } as const;
    await expect(run({ k: [1] }, () => loss, { holdOut: 'samples' })).rejects.toMatchObject({
      issues: [{ code: 'incompatible-options', options: { 'loss.dispersion': 'for each sample' } }],
    });
  });
});

describe('in a graph', () => {
  const [top, bottom] = [rowRange(counts, 0, 12), rowRange(counts, 12, m)];

  test('an input through layers above is measured in the loss of the layer that reads it', async () => {
    const below = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'a', k: 4, loss: 'kl' });
    const fit = await factorNet(nmfLayer(below, { name: 'b', k: 2 }), { seed: 3, maxIter: 60 }).fit({ backend });
    const estimate = await fit.reconstruct('x');
    expect(fit.summary.inputs.x.loss / klOf(counts, estimate)).toBeCloseTo(1, 6);
    const mean = counts.data.reduce((sum, x) => sum + x, 0) / counts.data.length;
    const flat = klOf(counts, dense(m, n, new Float64Array(m * n).fill(mean)));
    expect(fit.summary.inputs.x.explained).toBeCloseTo(1 - fit.summary.inputs.x.loss / flat, 9);
  });

  test('members of a shared layer have their own rows of what is by row', async () => {
    const both = factorShared(factorInput(top, { name: 'x' }), factorInput(bottom, { name: 'y' }));
    const sizes = Float64Array.from({ length: m }, (_, i) => 1 + i);
    const loss = { name: 'nb', dispersion: { row: sizes } } as const;
    const fit = await factorNet(nmfLayer(both, { name: 'a', k: 3, loss }), { seed: 3, maxIter: 60 }).fit({ backend });
    expect(fit.a.dispersion).toEqual(sizes);
    const { x, y } = fit.summary.inputs;
    expect((x.loss * 12 + y.loss * 8) / 20 / fit.a.loss).toBeCloseTo(1, 9);
    const one = await factorNet(nmfLayer(factorInput(counts, { name: 'x' }), { name: 'a', k: 3, loss }), { seed: 3, maxIter: 60 }).fit({ backend }); // biome-ignore format: one thought
    expect(one.a.H).toEqual(fit.a.H);
    // With one member alone the others' rows are left out.
    const alone = embedded(await fit.project({ y: bottom }));
    expect(alone.data.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });

  test('an input that layers of different losses read is measured in squares', async () => {
    const input = factorInput(counts, { name: 'x' });
    const branches = [nmfLayer(input, { name: 'a', k: 2, loss: 'kl' }), nmfLayer(input, { name: 'b', k: 2 })] as const;
    const fit = await factorNet(nmfLayer(factorConcat(...branches), { name: 'c', k: 2 }), { seed: 3 }).fit({ backend });
    const { data } = await fit.reconstruct('x');
    const squares = counts.data.reduce((sum, x, p) => sum + (x - data[p]) ** 2, 0) / counts.data.length;
    expect(fit.summary.inputs.x.loss / squares).toBeCloseTo(1, 9);
    const alike = [nmfLayer(input, { name: 'a', k: 2, loss: 'kl' }), nmfLayer(input, { name: 'b', k: 3, loss: 'kl' })] as const; // biome-ignore format: one thought
    const same = await factorNet(nmfLayer(factorConcat(...alike), { name: 'c', k: 2 }), { seed: 3 }).fit({ backend });
    expect(same.summary.inputs.x.loss / klOf(counts, await same.reconstruct('x'))).toBeCloseTo(1, 6);
  });

  test('weights of every kind are weights of entries', async () => {
    const weights = { features: Array.from({ length: m }, (_, i) => 1 + (i % 3)), samples: Array.from({ length: n }, (_, j) => 1 + j) }; // biome-ignore format: one thought
    const solve = (options: object, loss: LossOption) =>
      factorNet(nmfLayer(factorInput(counts, { name: 'x', ...options }), { name: 'a', k: 2, loss }), { seed: 1, maxIter: 15 }).fit({ backend }); // biome-ignore format: one thought
    for (const loss of ['kl', { name: 'huber', delta: 0.5 }] as const) {
      const all = dense(m, n, Float64Array.from({ length: m * n }, (_, p) => 2.5 * weights.features[p % m] * weights.samples[Math.floor(p / m)])); // biome-ignore format: one thought
      const [byParts, byEntry] = [await solve({ weight: 2.5, weights }, loss), await solve({ weights: all }, loss)];
      expect(byParts.a.objective / byEntry.a.objective).toBeCloseTo(1, 9);
      expect(relativeDifference(byParts.a.W.data, byEntry.a.W.data)).toBeLessThan(1e-7);
      const plain = await solve({}, loss);
      expect(relativeDifference(byParts.a.W.data, plain.a.W.data)).toBeGreaterThan(1e-3);
    }
  });

  test('weights of features count in projections', async () => {
    const features = Array.from({ length: m }, (_, i) => (i < 10 ? 1000 : 1e-3));
    const solve = (options: object) =>
      factorNet(nmfLayer(factorInput(counts, { name: 'x', ...options }), { name: 'a', k: 2, loss: 'kl', norm: 'none' }), { seed: 1 }).fit({ backend }); // biome-ignore format: one thought
    const fit = await solve({ weights: { features } });
    const spoiled = dense(m, n, counts.data.map((x, p) => (p % m < 10 ? x : 0))); // biome-ignore format: one thought
    const [one, other] = [embedded(await fit.project({ x: counts })), embedded(await fit.project({ x: spoiled }))];
    expect(relativeDifference(one.data, other.data)).toBeLessThan(1e-2);
    const plain = await solve({});
    const [a, b] = [embedded(await plain.project({ x: counts })), embedded(await plain.project({ x: spoiled }))];
    expect(relativeDifference(a.data, b.data)).toBeGreaterThan(0.1);
  });

  test('penalties count in projections', async () => {
    const sparse = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'a', k: 3, loss: 'kl', H: H({ L1: 0.5 }) });
    const fit = await factorNet(sparse, { seed: 1, maxIter: 200, tol: 1e-8 }).fit({ backend });
    const a = embedded(await fit.project({ x: counts }));
    const zerosIn = (F: DenseMatrix) => F.data.filter((x) => x === 0).length;
    expect(zerosIn(a)).toBeGreaterThan(3);
    expect(Math.abs(zerosIn(a) - zerosIn(fit.a.H))).toBeLessThanOrEqual(2);
  });

  test('new samples are held to the loss', async () => {
    const fit = await factorNet(nmfLayer(factorCondition(factorInput(counts, { name: 'x' }), uniform(2, n, 3)), { name: 'a', k: 2, loss: 'kl' })).fit({ backend }); // biome-ignore format: one thought
    const bad = dense(m, 2, new Float64Array(2 * m).fill(-1));
    await expect(fit.project({ x: bad })).rejects.toMatchObject({ issues: [{ code: 'invalid-data' }] });
    await expect(fit.project({ x: bad })).rejects.toThrow(/at least 0, for loss 'kl' of layer 'a'; got -1 at row 0/);
  });

  test('data whose variance is no number are refused with a cure, and factors that have died are told of', async () => {
    const huge = dense(m, n, positive.data.map((x) => 1e120 * x)); // biome-ignore format: one thought
    const net = factorNet(nmfLayer(factorInput(huge, { name: 'x' }), { name: 'a', k: 2, loss: 'inverse-gaussian' }));
    await expect(net.fit({ backend })).rejects.toMatchObject({ name: 'KernelError', code: 'non-finite', layer: 'a' });
    await expect(net.fit({ backend })).rejects.toThrow(/multiply the data by a power of ten/);
    const dead = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'a', k: 2, loss: 'kl', H: H({ L1: 1e12 }) });
    const { summary, a } = await factorNet(dead, { seed: 1 }).fit({ backend });
    expect(a.H.data.every((x) => x === 0)).toBe(true);
    expect(summary.notes.join()).toMatch(/a: all factors have died/);
  });

  test('restarts, masks and starts from an SVD', async () => {
    const masked = factorInput(counts, { name: 'x', mask: { features: [0, 3], samples: [1, 2] } });
    const net = factorNet(nmfLayer(masked, { name: 'a', k: 2, loss: 'kl', restarts: 3 }), { seed: 1 });
    const fit = await net.fit({ backend });
    const noisy = dense(m, n, counts.data.map((x, p) => (p === m || p === 2 * m + 3 ? 77 : x))); // biome-ignore format: one thought
    const other = factorInput(noisy, { name: 'x', mask: { features: [0, 3], samples: [1, 2] } });
    const same = await factorNet(nmfLayer(other, { name: 'a', k: 2, loss: 'kl', restarts: 3 }), { seed: 1 }).fit({ backend }); // biome-ignore format: one thought
    expect(same.a).toEqual(fit.a);
    for (const start of ['nndsvd', 'nndsvda', 'svd'] as const) {
      const begun = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'a', k: 2, loss: 'kl', start });
      const { a } = await factorNet(begun, { seed: 1 }).fit({ backend });
      expect(a.loss).toBeLessThan(1.5 * fit.a.loss);
    }
  });

  test('the scale of penalties is that of the data, whatever their unit', async () => {
    const solve = (by: number, loss: LossOption, L2: number) => {
      const data = dense(m, n, positive.data.map((x) => x * by)); // biome-ignore format: one thought
      return factorNet(nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 2, loss, L2 }), { seed: 1, maxIter: 30 }).fit({ backend }); // biome-ignore format: one thought
    };
    for (const loss of ['kl', 'gamma', 'inverse-gaussian', 'mae'] as const) {
      const [one, other] = [await solve(1, loss, 0.3), await solve(1024, loss, 0.3)];
      expect(relativeDifference(one.a.W.data, other.a.W.data)).toBeLessThan(1e-6);
      expect(other.a.d[0] / one.a.d[0] / 1024).toBeCloseTo(1, 6);
      expect(one.a.d[0]).toBeLessThan((await solve(1, loss, 0)).a.d[0]);
    }
  });
});
