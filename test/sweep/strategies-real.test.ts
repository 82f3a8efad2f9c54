import { describe, expect, test } from 'vitest';
import { crossValidateGraph, factorInput, nmfLayer, type SweepOptions } from '../../src/index.js';
import { haveNative, withoutNative } from '../support/native.js';
import { haveSharedData, readMtx, readNpy, skipReason } from '../support/shared-data.js';

const aml = () => factorInput(readNpy('aml.npy'), { name: 'aml' });
const birds = () => factorInput(readMtx('hawaiibirds.mtx'), { name: 'birds' });
const once = <T>(make: () => T) => {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
};
const [amlOnce, birdsOnce] = [once(aml), once(birds)];

type Real = Pick<SweepOptions<Record<string, readonly number[]>>, 'params' | 'layerFn'>;
const SWEEPS: Readonly<Record<string, Real>> = {
  'aml, k × L1': {
    params: { k: [2, 3, 4, 5, 6, 7, 8, 10, 12], L1: [0, 0.003, 0.01, 0.03] },
    layerFn: ({ k, L1 }) => nmfLayer(amlOnce(), { name: 'a', k, L1 }),
  },
  'aml, k of a layer × k of the layer on it': {
    params: { lower: [4, 6, 8, 10, 12, 15, 20], upper: [2, 3, 5, 8] },
    layerFn: ({ lower, upper }) => nmfLayer(nmfLayer(amlOnce(), { name: 'a', k: lower }), { name: 'b', k: upper }),
  },
  'hawaiibirds, k × L2': {
    params: { k: [4, 8, 12, 16, 20, 24], L2: [0, 0.01, 0.03, 0.1, 0.3] },
    layerFn: ({ k, L2 }) => nmfLayer(birdsOnce(), { name: 'a', k, L2 }),
  },
};

describe.skipIf(!haveSharedData || !haveNative)(`halving on real data${skipReason}${withoutNative}`, () => {
  test.each(Object.entries(SWEEPS))('%s: the best of the grid to 1%, for 35% of its work', async (_, sweep) => {
    // Fits that end soon by themselves have little to save.
    const options = { ...sweep, reps: 2, config: { tol: 1e-6, maxIter: 300 } };
    const grid = await crossValidateGraph(options);
    const halved = await crossValidateGraph({ ...options, strategy: 'halving' });
    expect(halved.points[0].testLoss).toBeLessThanOrEqual(1.01 * grid.points[0].testLoss);
    expect(halved.work.multiplyAdds).toBeLessThanOrEqual(0.35 * grid.work.multiplyAdds);
    expect(halved.points[0].testLoss).toBe(grid.points.find(({ point }) => point === halved.points[0].point)?.testLoss);
  });
});
