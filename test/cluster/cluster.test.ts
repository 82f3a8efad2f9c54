import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjustedRandIndex,
  bipartition,
  type ClusterNode,
  type DclustOptions,
  type DclustProgress,
  dclust,
  type MatrixInput,
  nmf,
} from '../../src/index.js';
import { column, type DenseMatrix, dense, toCsc } from '../../src/matrix.js';
import { issuesOfAsync } from '../support/issues.js';
import { uniform } from '../support/matrices.js';
import { haveNative } from '../support/native.js';

/** Samples of some groups, each with features of its own, and with some that two groups share; noise on all of them. */
function groups(sizes: readonly number[], noise = 0.1): { readonly X: DenseMatrix; readonly of: readonly number[] } {
  const of = sizes.flatMap((size, g) => new Array<number>(size).fill(g));
  const rows = 4 * sizes.length;
  const X = dense(rows, of.length, uniform(rows, of.length, 5).data.map((x) => noise * x)); // biome-ignore format: one thought
  of.forEach((g, j) => {
    const depth = 1 + (j % 3) / 2;
    for (let i = 4 * g; i < 4 * g + 4; i++) X.data[i + j * rows] += depth * (i < 4 * g + 2 ? 1 : 0);
    if (sizes.length > 2) for (const i of [2, 3, 6, 7]) X.data[i + 8 * Math.floor(g / 2) + j * rows] += depth;
  });
  return { X, of };
}

const cosine = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, x, i) => sum + x * b[i], 0) / (Math.hypot(...a) * Math.hypot(...b) || 1);

const small = fc.record({
  rows: fc.integer({ min: 1, max: 6 }),
  cols: fc.integer({ min: 2, max: 9 }),
  seed: fc.nat(1000),
  zeros: fc.constantFrom(0, 0.5, 1),
});
const matrixOf = ({ rows, cols, seed, zeros }: { rows: number; cols: number; seed: number; zeros: number }) => {
  const keep = uniform(rows, cols, seed + 1).data;
  return dense(rows, cols, uniform(rows, cols, seed).data.map((x, p) => (keep[p] < zeros ? 0 : x))); // biome-ignore format: one thought
};

describe('bipartition', () => {
  const { X, of } = groups([12, 7]);

  test('finds two groups, of sparse data the same', async () => {
    const { parts, difference, separation } = await bipartition(X, { seed: 1 });
    const labels = difference.map((v) => Number(v < 0));
    expect(adjustedRandIndex(labels, of)).toBe(1);
    expect(parts.map((part) => part.length).toSorted()).toEqual([12, 7]);
    expect(separation).toBeGreaterThan(0.5);
    expect((await bipartition(toCsc(X), { seed: 1 })).parts).toEqual(parts);
  });

  test('parts and separation are what they are said to be, whatever the data', async () => {
    await fc.assert(
      fc.asyncProperty(small, async (size) => {
        const data = matrixOf(size);
        const { parts, difference, separation } = await bipartition(data, { maxIter: 20 });
        expect(parts.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: data.cols }, (_, j) => j));
        for (const [side, part] of parts.entries()) for (const j of part) expect(Number(difference[j] < 0)).toBe(side);
        for (const v of difference) expect(Math.abs(v)).toBeLessThanOrEqual(1);
        const centres = parts.map((part) =>
          Float64Array.from({ length: data.rows }, (_, i) =>
            part.reduce((sum, j) => sum + data.data[i + j * data.rows], 0),
          ),
        );
        const wanted = parts.flatMap((part, side) =>
          part.map((j) => cosine(column(data, j), centres[side]) - cosine(column(data, j), centres[1 - side])),
        );
        const mean = wanted.reduce((sum, x) => sum + x, 0) / wanted.length;
        expect(separation).toBeCloseTo(parts.some((part) => part.length === 0) ? 0 : mean, 12);
      }),
      { numRuns: 30 },
    );
  });

  test('v is what the two factors add to a sample, the one less the other', async () => {
    const data = uniform(5, 9, 4);
    const [{ difference }, { d, H }] = [await bipartition(data, { seed: 3 }), await nmf(data, { k: 2, seed: 3 })];
    difference.forEach((v, j) => {
      const [a, b] = [d[0] * H.data[2 * j], d[1] * H.data[2 * j + 1]];
      expect(v).toBeCloseTo((a - b) / (a + b), 14);
    });
  });

  test('one seed has the same parts, on every backend', async () => {
    const own = await bipartition(X, { seed: 7, backend: 'reference' });
    expect(await bipartition(X, { seed: 7, backend: 'reference' })).toEqual(own);
    if (haveNative) {
      const [one, four] = [
        await bipartition(X, { seed: 7, threads: 1 }),
        await bipartition(X, { seed: 7, threads: 4 }),
      ];
      expect(four).toEqual(one);
      expect(one.parts).toEqual(own.parts);
    }
  });

  test('progress tells every iterate', async () => {
    const told: number[] = [];
    await bipartition(X, { onProgress: ({ iteration }) => told.push(iteration) });
    expect(told.slice(0, 3)).toEqual([1, 2, 3]);
  });

  test('an abort is what it rejects with', async () => {
    const reason = new Error('enough');
    await expect(bipartition(X, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});

describe('dclust', () => {
  const { X, of } = groups([10, 8, 6, 4]);

  test('finds four groups of two kinds, and leaves them whole', async () => {
    const { labels, clusters, tree } = await dclust(X, { minSamples: 3, minSeparation: 0.2, seed: 1 });
    expect(adjustedRandIndex(labels, of)).toBe(1);
    expect(clusters).toHaveLength(4);
    expect(tree.samples).toHaveLength(28);
  });

  const leaves = (node: ClusterNode): readonly ClusterNode[] =>
    node.parts === null ? [node] : node.parts.flatMap(leaves);
  const all = (node: ClusterNode): readonly ClusterNode[] => [node, ...(node.parts ?? []).flatMap(all)];

  test('is a tree of parts with enough samples, whatever the data', async () => {
    await fc.assert(
      fc.asyncProperty(small, fc.integer({ min: 1, max: 4 }), async (size, minSamples) => {
        const data = matrixOf(size);
        const { labels, clusters, tree } = await dclust(data, { minSamples, minSeparation: 0.01, maxIter: 10 });
        expect(leaves(tree)).toEqual(clusters);
        for (const [c, { samples }] of clusters.entries()) for (const j of samples) expect(labels[j]).toBe(c);
        expect(clusters.flatMap(({ samples }) => samples)).toHaveLength(data.cols);
        for (const { path, samples, parts, separation } of all(tree)) {
          if (path !== '') expect(samples.length).toBeGreaterThanOrEqual(minSamples);
          if (parts === null) continue;
          expect(separation).toBeGreaterThanOrEqual(0.01);
          expect(parts.map((part) => part.path)).toEqual([`${path}0`, `${path}1`]);
          expect(parts.flatMap((part) => part.samples).toSorted((a, b) => a - b)).toEqual(samples);
        }
      }),
      { numRuns: 15 },
    );
  });

  test('more is asked of a split, fewer are made', async () => {
    const count = async (options: Omit<DclustOptions, 'minSamples'>) =>
      (await dclust(X, { minSamples: 1, seed: 1, ...options })).clusters.length;
    const counts = await Promise.all([-1, 0.2, 2].map((minSeparation) => count({ minSeparation })));
    expect(counts).toEqual(counts.toSorted((a, b) => b - a));
    expect([counts[1], counts[2]]).toEqual([4, 1]);
    expect(await count({ maxClusters: 1 })).toBe(1);
    const { clusters } = await dclust(X, { minSamples: 1, minSeparation: 0.2, seed: 1, maxClusters: 3 });
    // The eighteen of the first kind are split before the ten of the second.
    expect(clusters.map(({ samples }) => samples.length).toSorted((a, b) => b - a)).toEqual([10, 10, 8]);
  });

  test('samples that are all alike, all zeros, or one, are a cluster', async () => {
    const same = [[1, 1, 1, 1], [2, 2, 2, 2]]; // biome-ignore format: one thought
    for (const data of [same, [[0, 0, 0, 0]], [[5]]]) {
      const { clusters } = await dclust(data, { minSamples: 1, minSeparation: 1e-6 });
      expect(clusters).toHaveLength(1);
    }
  });

  test('samples far smaller than the others are split by themselves', async () => {
    const tiny = [[1, 1e-160, 0, 2e-160], [1, 0, 3e-160, 0], [2, 0, 1e-160, 1e-162]]; // biome-ignore format: one thought
    const { tree } = await dclust(tiny, { minSamples: 1, minSeparation: -1 });
    expect(all(tree).find(({ samples }) => samples.join() === '1,3')?.parts).toHaveLength(2);
  });

  test('one seed has the same tree, sparse or dense; progress tells each split that is tried', async () => {
    const told: DclustProgress[] = [];
    const options = { minSamples: 3, minSeparation: 0.2, seed: 1 };
    const own = await dclust(X, { ...options, onProgress: (progress) => told.push(progress) });
    expect(await dclust(X, options)).toEqual(own);
    expect((await dclust(toCsc(X), options)).labels).toEqual(own.labels);
    expect(told[0]).toMatchObject({ path: '', samples: 28, split: true, clusters: 2 });
    expect(told.at(-1)?.clusters).toBe(4);
    expect(told.filter(({ split }) => split)).toHaveLength(3);
    expect(told.map(({ path }) => path).toSorted()).toEqual(
      all(own.tree).filter(({ separation }) => separation !== null).map(({ path }) => path).toSorted(),
    ); // biome-ignore format: one thought
  });

  test('an abort in between is what it rejects with, and nothing is tried after it', async () => {
    const [stop, reason] = [new AbortController(), new Error('enough')];
    let told = 0;
    const onProgress = () => {
      told++;
      stop.abort(reason);
    };
    await expect(dclust(X, { minSamples: 1, signal: stop.signal, onProgress })).rejects.toBe(reason);
    expect(told).toBe(1);
  });
});

describe('both refuse', () => {
  const bad: readonly (readonly [string, unknown, string, RegExp])[] = [
    ['numbers below zero', [[1, -2]], 'invalid-data', /without negative numbers; got -2/],
    ['gaps', [[1, Number.NaN]], 'non-finite', /finite; got NaN/],
    ['what is not listed', { kind: 'csc', rows: 2, cols: 2, indptr: [0, 1, 2], indices: [0, 1], values: [1, 1], unlisted: 'missing' }, 'invalid-data', /without missing entries/],
    ['infinity', [[1, Infinity]], 'non-finite', /Infinity/],
    ['nothing', { rows: 0, cols: 0, data: [] }, 'invalid-data', /at least 1 × 1/],
    ['no matrix', null, 'invalid-data', /got null/],
  ]; // biome-ignore format: one thought
  test.each(bad)('%s', async (_, X, code, words) => {
    for (const call of [() => bipartition(X as MatrixInput), () => dclust(X as MatrixInput, { minSamples: 1 })]) {
      expect((await issuesOfAsync(call)).map((issue) => issue.code)).toEqual([code]);
      await expect(call()).rejects.toThrow(words);
    }
  });

  test('one sample, where there is nothing to split', async () => {
    await expect(bipartition([[1]])).rejects.toThrow(/X must be of at least 2 samples \(columns\); got 1/);
  });

  test.each([
    ['minSamples', 0],
    ['minSamples', undefined],
    ['minSeparation', Number.NaN],
    ['maxClusters', 0],
    ['seed', -1],
    ['maxIter', 0],
    ['tol', -1],
    ['threads', 0],
    ['backend', 'gpu'],
    ['onProgress', 3],
    ['signal', {}],
  ])('%s of %s', async (option, value) => {
    // Untyped callers.
    const options = { minSamples: 1, [option]: value } as DclustOptions;
    expect(await issuesOfAsync(() => dclust([[1, 2]], options))).toMatchObject([{ code: 'invalid-option', option }]);
  });
});
