import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  evaluate,
  factorInput,
  factorNet,
  factorShared,
  GraphError,
  type LossOption,
  loadFit,
  mse,
  nmf,
  nmfLayer,
  type PlainFit,
  pca,
  project,
  reconstruct,
  saveFit,
  svd,
  svdLayer,
} from '../../src/index.js';
import { dense, toCsc } from '../../src/matrix.js';
import { means, negativeBinomialCounts } from '../support/losses.js';
import { meanSquare, multiply, uniform } from '../support/matrices.js';

const X = multiply(uniform(12, 3, 1), uniform(3, 15, 2));
const layerOf = ({ summary: _, ...layer }: PlainFit) => layer;
const codes = async (work: Promise<unknown>): Promise<readonly string[]> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof GraphError) return error.issues.map(({ code }) => code);
    throw error;
  }
  return [];
};

describe('nmf, svd and pca', () => {
  test('are graphs of one layer, to the bit', async () => {
    const options = { k: 2, L1: 0.01, maxIter: 30 } as const;
    const alone = await nmf(X, { ...options, seed: 4, threads: 1, backend: 'reference' });
    const input = factorInput(X, { name: 'x' });
    const net = factorNet(nmfLayer(input, { name: 'a', ...options }), { seed: 4 });
    expect(layerOf(alone)).toEqual((await net.fit({ backend: 'reference' })).a);
    expect(alone.summary).toMatchObject({ seed: 4, backend: 'reference', loss: alone.loss });
    expect(layerOf(await svd(X, { k: 3, seed: 2 }))).toEqual((await factorNet(svdLayer(input, { name: 'b', k: 3 }), { seed: 2 }).fit()).b); // biome-ignore format: one thought
    const axes = factorNet(svdLayer(input, { name: 'c', k: 3, center: true }), { seed: 2 });
    expect(layerOf(await pca(X, { k: 3, seed: 2 }))).toEqual((await axes.fit()).c);
    expect((await pca(X, { k: 3, center: false })).center).toBeNull();
    expect((await pca(X, { k: 3, center: undefined })).center).not.toBeNull();
  });

  test('take the options of an input and of a fit', async () => {
    const featureNames = Array.from({ length: 12 }, (_, i) => `f${i}`);
    const told: number[] = [];
    const masked = await nmf(X, {
      k: 2,
      seed: 1,
      featureNames,
      mask: { features: [0], samples: [0] },
      onProgress: ({ iteration }) => told.push(iteration),
    });
    expect(masked.W.rowNames).toEqual(featureNames);
    expect(told.length).toBeGreaterThan(2);
    const gap = dense(12, 15, X.data.map((x, p) => (p === 0 ? Number.NaN : x))); // biome-ignore format: one thought
    expect(masked.H).toEqual((await nmf(gap, { k: 2, seed: 1, featureNames })).H);
    const turned = dense(15, 12, Float64Array.from({ length: 180 }, (_, p) => X.data[(p % 15) * 12 + Math.floor(p / 15)])); // biome-ignore format: one thought
    const other = await nmf(turned, { k: 2, seed: 1, orientation: 'samples-by-features' });
    expect(other.H).toEqual((await nmf(X, { k: 2, seed: 1 })).H);
    await expect(nmf(X, { k: 2, signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow('stop');
  });

  test('say what is wrong, by name', async () => {
    expect(await codes(nmf(X, { k: 0 }))).toEqual(['invalid-option']);
    expect(await codes(nmf(X, {} as never))).toEqual(['invalid-option']);
    expect(await codes(nmf(X, { k: 2, centre: true } as never))).toEqual(['unknown-option']);
    expect(await codes(svd(X, { k: 2, weights: { samples: [1] } } as never))).toEqual(['unknown-option']);
    expect(await codes(pca(X, { k: 2, name: 'a' } as never))).toEqual(['unknown-option']);
    expect(await codes(nmf([[1, -1]], { k: 1, loss: 'kl' }))).toEqual(['invalid-data']);
    expect(await codes(nmf('x' as never, { k: 1 }))).toHaveLength(1);
    await expect(nmf(X, undefined as never)).rejects.toThrow(GraphError);
  });
});

test('a fit is saved and read as one of a graph', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  try {
    const fit = await nmf(X, { k: 2, seed: 1 });
    await saveFit(fit, join(folder, 'fit'));
    const { layers, summary } = await loadFit(join(folder, 'fit'));
    expect(layers.nmf).toEqual(layerOf(fit));
    expect(summary).toEqual(fit.summary);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('project', () => {
  test('gives training samples their own embeddings, as the graph does', async () => {
    for (const fit of [await nmf(X, { k: 3, seed: 1, tol: 1e-12, maxIter: 3000 }), await pca(X, { k: 3 })]) {
      const H = await project(fit, X);
      H.data.forEach((h, p) => { expect(Math.abs(h - fit.H.data[p])).toBeLessThan(1e-6 * Math.max(...fit.H.data)); }); // biome-ignore format: one thought
      expect((await project(fit, dense(12, 1, X.data.slice(0, 12)))).cols).toBe(1);
    }
  });

  test('is of what plain functions return', async () => {
    const { layer } = await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'layer', k: 2 })).fit();
    expect(await codes(project(layer, X))).toEqual(['invalid-option']);
    expect(await codes(project(null as never, X))).toEqual(['invalid-option']);
    const fit = await nmf(X, { k: 2 });
    expect(await codes(project(fit, uniform(5, 2, 1)))).toHaveLength(1);
  });
});

describe('reconstruct', () => {
  test('is W·diag(d)·H, about means and scaled; whole or in part', async () => {
    for (const fit of [await nmf(X, { k: 2, seed: 1 }), await pca(X, { k: 2, scale: true })]) {
      const whole = await reconstruct(fit);
      expect([whole.rows, whole.cols]).toEqual([X.rows, X.cols]);
      expect(meanSquare(X, whole) / fit.summary.loss).toBeCloseTo(1, 9);
      expect(await reconstruct(fit, { samples: [2, 0], features: [5] })).toMatchObject({
        ...{ rows: 1, cols: 2 },
        data: Float64Array.of(whole.data[5 + 2 * X.rows], whole.data[5]),
      });
    }
  });

  test('is of what plain functions return, and of places that are there', async () => {
    const fit = await nmf(X, { k: 2 });
    expect(await codes(reconstruct(fit.subset([0]) as never))).toEqual(['invalid-option']);
    expect(await codes(reconstruct(fit, { samples: [X.cols] }))).toEqual(['invalid-option']);
    expect(await codes(reconstruct(fit, { sample: [0] } as never))).toEqual(['unknown-option']);
  });
});

describe('evaluate and mse', () => {
  const counts = negativeBinomialCounts(means(12, 15, 3, 3, 0.5, 6), 4, () => 2);

  test.each<readonly [string, LossOption]>([
    ['mse', 'mse'],
    ['kl', 'kl'],
    ['nb', { name: 'nb', dispersion: 'row' }],
    ['gp', 'gp'],
    ['huber', { name: 'huber', delta: 1 }],
    ['tweedie', { name: 'tweedie', power: 1.4 }],
  ])('%s: the loss of the fit', async (_, loss) => {
    for (const data of [counts, toCsc(counts)]) {
      const fit = await nmf(data, { k: 2, seed: 1, loss, maxIter: 20 });
      expect((await evaluate(fit, data, { loss })) / fit.loss).toBeCloseTo(1, 9);
    }
  });

  test('with means and deviations, missing entries, and some factors alone', async () => {
    const gaps = dense(12, 15, X.data.map((x, p) => (p % 11 === 2 ? Number.NaN : x))); // biome-ignore format: one thought
    const axes = await svd(X, { k: 2, center: true, scale: true });
    const net = factorNet(svdLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2, center: true, scale: true }));
    expect((await mse(axes, X)) / (await net.fit()).summary.loss).toBeCloseTo(1, 9);
    const parts = await nmf(gaps, { k: 2, seed: 1 });
    expect((await mse(parts, gaps)) / parts.loss).toBeCloseTo(1, 9);
    const one = parts.subset([1]);
    let sum = 0;
    for (let j = 0; j < 15; j++)
      for (let i = 0; i < 12; i++) sum += (X.data[j * 12 + i] - one.W.data[i] * one.d[0] * one.H.data[j]) ** 2;
    expect((await mse(one, X)) / (sum / 180)).toBeCloseTo(1, 9);
    expect((await mse({ W: X, H: dense(15, 15, Float64Array.from({ length: 225 }, (_, p) => Number(p % 16 === 0))) }, X))).toBe(0); // biome-ignore format: one thought
  });

  test('of some factors of a PCA and of a count model, and of what JSON brought back', async () => {
    const axes = await pca(X, { k: 2, scale: true });
    expect(await mse(axes.sorted(), X)).toBe(await mse(axes, X));
    expect(await mse(axes.subset([0]), X)).toBeGreaterThan(await mse(axes, X));
    expect(await mse(JSON.parse(JSON.stringify(axes)), X)).toBe(await mse(axes, X));
    const loss = { name: 'nb', dispersion: 'row' } as const;
    const wide = await nmf(counts, { k: 2, seed: 1, loss });
    expect(await evaluate(wide.subset([1, 0]), counts, { loss })).toBeCloseTo(wide.loss, 9);
    const turned = Array.from({ length: 15 }, (_, j) => Array.from(X.data.subarray(12 * j, 12 * j + 12)));
    expect(await mse(axes, turned, { orientation: 'samples-by-features' })).toBe(await mse(axes, X));
  });

  test('say what is wrong', async () => {
    const fit = await nmf(X, { k: 2 });
    await expect(evaluate(nmf(X, { k: 2 }) as never, X)).rejects.toThrow('got a promise: await it');
    expect(await codes(evaluate(fit, uniform(3, 3, 1)))).toEqual(['invalid-data']);
    expect(await codes(evaluate(fit, counts, { loss: 'nb' }))).toEqual(['invalid-option']);
    expect(await codes(evaluate(fit, dense(12, 15, X.data.map((x) => -x)), { loss: 'kl' }))).toEqual(['invalid-data']); // biome-ignore format: one thought
    expect(await codes(evaluate(fit, dense(12, 15, new Float64Array(180).fill(Number.NaN))))).not.toEqual([]);
    expect(await codes(evaluate({ W: X, H: X }, X))).toEqual(['invalid-data']);
    expect(await codes(evaluate({ W: [[Number.NaN]], H: [[1]] }, [[1]]))).toEqual(['invalid-data']);
    expect(await codes(evaluate({ W: [[1]], d: [Infinity], H: [[1]] }, [[1]]))).toEqual(['invalid-data']);
    expect(await codes(evaluate(null as never, X))).toEqual(['invalid-option']);
    expect(await codes(evaluate(fit, X, { los: 'kl' } as never))).toEqual(['unknown-option']);
    const both = factorShared(factorInput(X, { name: 'a' }), factorInput(counts, { name: 'b' }));
    const { joint } = await factorNet(nmfLayer(both, { name: 'joint', k: 2 })).fit();
    expect(await codes(evaluate(joint as never, X))).toEqual(['invalid-option']);
  });
});
