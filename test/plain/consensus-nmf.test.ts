import { describe, expect, test } from 'vitest';
import { consensusNmf, GraphError, nmf } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

/** Samples of two groups, each with features of its own, and a little noise. */
const noise = uniform(20, 24, 3);
const groups = Array.from({ length: 24 }, (_, j) => (j % 3 === 0 ? 1 : 0));
const X = dense(20, 24, noise.data.map((x, p) => 0.3 * x + (Math.floor(p / 20) % 3 === 0 ? (p % 20 < 8 ? 0 : 2) : p % 20 < 8 ? 2 : 0))); // biome-ignore format: one thought
const partition = (labels: ArrayLike<number>) => Array.from(labels, (own) => Array.from(labels).indexOf(own));

describe('consensusNmf', () => {
  test.each(['hard', 'knn'] as const)('%s: two groups that are far apart are found, and only two', async (method) => {
    const found = await consensusNmf(X, {
      k: 2,
      runs: 10,
      seed: 1,
      method,
      neighbours: method === 'knn' ? 6 : undefined,
    });
    expect(partition(found.labels)).toEqual(partition(groups));
    // Of 'knn' samples of one group share most of their neighbours, not all.
    expect(found.cophenetic).toBeGreaterThanOrEqual(method === 'hard' ? 0.99 : 0.95);
    expect(found.stability).toBeGreaterThan(0.99);
    for (const k of [3, 4]) {
      const other = await consensusNmf(X, { k, runs: 10, seed: 1, method });
      expect(other.labels.reduce((most, label) => Math.max(most, label), 0)).toBe(k - 1);
      if (method === 'knn') continue;
      expect(other.cophenetic).toBeLessThan(found.cophenetic ?? 0);
      expect(other.dispersion).toBeLessThan(found.dispersion);
    }
    // The order of the tree has each group in one piece.
    const seen = found.order.map((j) => groups[j]);
    expect(seen.filter((own, i) => i > 0 && own !== seen[i - 1])).toHaveLength(1);
    expect([...found.order].sort((a, b) => a - b)).toEqual(groups.map((_, j) => j));
  });

  test('is of the fits that nmf gives, and the best of them', async () => {
    const sampleNames = groups.map((_, j) => `s${j}`);
    const told: number[] = [];
    const { fits, best, consensus } = await consensusNmf(X, {
      ...{ k: 3, runs: 4, seed: 5, sampleNames, maxIter: 20 },
      onProgress: ({ run }) => told.push(run),
    });
    expect(told).toEqual([1, 2, 3, 4]);
    for (let r = 0; r < 4; r++)
      expect(fits[r].H).toEqual((await nmf(X, { k: 3, seed: 5 + r, sampleNames, maxIter: 20 })).H);
    expect(best.objective).toBe(Math.min(...fits.map(({ objective }) => objective)));
    expect(consensus.rowNames).toEqual(sampleNames);
    for (let j = 0; j < 24; j++) {
      expect(consensus.data[j + 24 * j]).toBe(1);
      for (let i = 0; i < j; i++) expect(consensus.data[i + 24 * j]).toBe(consensus.data[j + 24 * i]);
    }
  });

  test('one seed, one result, on any number of threads', async () => {
    const options = { k: 2, runs: 3, seed: 2 } as const;
    const [one, other] = await Promise.all([1, 3].map((threads) => consensusNmf(X, { ...options, threads })));
    expect(one.consensus).toEqual(other.consensus);
    expect(one.tree).toEqual(other.tree);
    expect(one.best.W).toEqual(other.best.W);
    expect(one.fits.map(({ H }) => H)).toEqual(other.fits.map(({ H }) => H));
  });

  test('what is wrong is refused, and a cancelled one ends', async () => {
    const bad = [{ k: 2, runs: 1 }, { k: 2, method: 'soft' }, { k: 2, method: 'knn', neighbours: 24 }, { k: 0 }, { k: 2, start: 'svd' }, undefined]; // biome-ignore format: one thought
    for (const options of bad) await expect(consensusNmf(X, options as never)).rejects.toThrow(GraphError);
    await expect(consensusNmf([[1], [2]], { k: 1 })).rejects.toThrow('two samples');
    // Before anything is fitted: what is aborted is not asked.
    const signal = AbortSignal.abort(new Error('not reached'));
    const most = 'data of consensusNmf must be of 5000 samples at most';
    await expect(consensusNmf(dense(1, 5001), { k: 1, signal })).rejects.toThrow(most);
    const tall = { k: 1, signal, orientation: 'samples-by-features' } as const;
    await expect(consensusNmf(dense(5001, 1), tall)).rejects.toThrow(most);
    const control = new AbortController();
    const onProgress = () => control.abort(new Error('enough'));
    await expect(consensusNmf(X, { k: 2, onProgress, signal: control.signal })).rejects.toThrow('enough');
    // While fits are compared, when all are done.
    const late = new AbortController();
    const stop = ({ run }: { readonly run: number }) => run === 2 && setTimeout(() => late.abort(new Error('late')), 1);
    const many = { k: 2, runs: 2, maxIter: 1, onProgress: stop, signal: late.signal } as const;
    await expect(consensusNmf(uniform(3, 2000, 1), many)).rejects.toThrow('late');
  });
});
