import { describe, expect, test } from 'vitest';
import { crossValidateRank, GraphError, rankSurvey, simulateNmf } from '../../src/index.js';

describe('rankSurvey', () => {
  test.each([3, 5, 8])('data of rank %i: held-out error finds it, and fits agree no better above', async (rank) => {
    const { X } = simulateNmf({ rows: 80, cols: 60, k: rank, noise: 0.05, seed: rank });
    const k = [rank - 1, rank, rank + 1, rank + 2];
    const { ranks, best, sweep, table } = await rankSurvey(X, {
      k,
      reps: 5,
      seed: 1,
      layer: { maxIter: 300, tol: 1e-6 },
    });
    expect(best).toBe(rank);
    expect(ranks.map((own) => own.k)).toEqual(k);
    const of = (wanted: number) => {
      const found = ranks.find((own) => own.k === wanted);
      if (found === undefined) throw new Error(`no rank ${wanted}`);
      return found;
    };
    // Above the true rank factors are of noise, and each fit has its own.
    for (const above of [rank + 1, rank + 2]) {
      expect(of(above).stability).toBeLessThan(of(rank).stability);
      expect(of(above).dispersion).toBeLessThan(of(rank).dispersion);
      expect(of(above).testLoss).toBeGreaterThan(of(rank).testLoss);
    }
    for (const { silhouette, cophenetic } of ranks) {
      for (const x of [silhouette, cophenetic]) expect(Math.abs(x ?? 2)).toBeLessThanOrEqual(1);
    }
    expect(table().split('\n')).toHaveLength(5);
    expect(table()).toContain('best');
    const plain = await crossValidateRank(X, { k, reps: 5, seed: 1, layer: { maxIter: 300, tol: 1e-6 } });
    for (const { params, testLoss } of plain.points) expect(of(params.k as number).testLoss).toBe(testLoss);
    expect(sweep.best).toEqual({ k: best });
  });

  test('one factor has no silhouette; what is wrong is refused', async () => {
    const { X } = simulateNmf({ rows: 20, cols: 12, k: 2, noise: 0.1, seed: 1 });
    const { ranks } = await rankSurvey(X, { k: [2, 1], reps: 2 });
    expect(ranks.map(({ k, silhouette }) => [k, silhouette === null])).toEqual([[1, true], [2, false]]); // biome-ignore format: one thought
    for (const bad of [{ k: [2], reps: 1 }, { k: [2], method: 'svd' }, { k: [2], diagnostics: true }, { k: 2 }, {}])
      await expect(rankSurvey(X, bad as never)).rejects.toThrow(GraphError);
  });
});
