import { expect, test } from 'vitest';
import { crossValidateGraph, crossValidateRank, factorInput, GraphError, nmfLayer } from '../../src/index.js';
import { lowRank, uniform } from '../support/matrices.js';

const noise = uniform(30, 25, 9);
const X = { ...lowRank(30, 25, 3, 1), data: lowRank(30, 25, 3, 1).data.map((x, p) => x + 0.02 * noise.data[p]) };

test('is the sweep over the rank of one layer, whatever its options', async () => {
  const layer = { L2: 0.01, maxIter: 40 } as const;
  const short = await crossValidateRank(X, { k: [1, 2, 3, 4], reps: 2, seed: 3, testFraction: 0.2, layer });
  const data = factorInput(X, { name: 'data' });
  const long = await crossValidateGraph({
    params: { k: [1, 2, 3, 4] },
    reps: 2,
    seed: 3,
    testFraction: 0.2,
    layerFn: ({ k }) => nmfLayer(data, { name: 'layer', k, ...layer }),
  });
  expect(short.table()).toBe(long.table());
  expect(short.best.k).toBeGreaterThanOrEqual(3);
  const rank: 1 | 2 | 3 | 4 = short.best.k;
  expect([1, 2, 3, 4]).toContain(rank);
});

test('refuses what is wrong with ranks, options and data', async () => {
  await expect(crossValidateRank(X, { k: [] })).rejects.toThrow("got none for 'k'");
  await expect(crossValidateRank(X, { k: [2, 2] })).rejects.toThrow('got 2 twice');
  await expect(crossValidateRank(X, { k: [0.5] })).rejects.toBeInstanceOf(GraphError);
  await expect(crossValidateRank(X, { k: [2], layer: { L1: -1 } })).rejects.toThrow('L1 of layer');
  // @ts-expect-error the graph is one layer
  await expect(crossValidateRank(X, { k: [2], layerFn: () => undefined })).rejects.toThrow('no option');
  // @ts-expect-error ranks are those of the sweep
  await expect(crossValidateRank(X, { k: [2], layer: { k: 3 } })).rejects.toThrow('but for name and k');
  // @ts-expect-error no such option
  await expect(crossValidateRank(X, { k: [2], repz: 3 })).rejects.toThrow("did you mean 'reps'?");
  await expect(crossValidateRank([[1, 2], [3]], { k: [1] })).rejects.toThrow('input');
});
