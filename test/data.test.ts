import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, factorShared, nmfLayer, svdLayer } from '../src/index.js';
import { selectKernels } from '../src/kernels/select.js';
import { dense, stackDense, toDense } from '../src/matrix.js';
import { randomStart } from '../src/runtime/starts.js';
import { nmfArgs } from './support/arguments.js';
import { meanSquare, multiply, product, relativeDifference } from './support/matrices.js';
import { haveSharedData, readJson, readMtx, readNpy, skipReason } from './support/shared-data.js';

const backend = 'auto' as const;

describe.skipIf(!haveSharedData)(`aml: 824 × 135 methylation values${skipReason}`, () => {
  const X = haveSharedData ? readNpy('aml.npy') : dense(1, 1);
  const aml = factorInput(X, { name: 'aml' });

  test.each([1, 2, 3, 4, 5])(
    'k = 6, seed %i: converges to the minimum that others stall above; the loss never rises',
    async (seed) => {
      const net = factorNet(nmfLayer(aml, { name: 'a', k: 6, maxIter: 3000, tol: 1e-7 }), { seed });
      const { a } = await net.fit({ backend });
      expect(a.converged).toBe(true);
      expect(a.loss).toBeLessThanOrEqual(0.020435);
      expect(meanSquare(X, product(a)) / a.loss).toBeCloseTo(1, 9);
      for (let i = 1; i < a.history.length; i++)
        expect(a.history[i].loss).toBeLessThanOrEqual(a.history[i - 1].loss * (1 + 1e-10));
    },
  );

  test('a one-layer graph is the kernel call, bit for bit', async () => {
    const { a } = await factorNet(nmfLayer(aml, { name: 'a', k: 6 }), { seed: 9 }).fit({ backend });
    const start = await randomStart(824, 135, 6, 9, 0);
    const direct = await selectKernels(backend).nmf(nmfArgs([X], start));
    expect(a.W).toEqual(direct.W);
    expect(a.d).toEqual(direct.d);
    expect(a.H).toEqual(direct.H);
  });

  test('10 → 3: samples stay samples at any depth, and the composed loss is far below RcppML', async () => {
    const two = aml.nmfLayer({ name: 'fine', k: 10 }).nmfLayer({ name: 'coarse', k: 3 });
    const fit = await factorNet(nmfLayer(two, { name: 'one', k: 1 }), { seed: 1, maxIter: 500, tol: 1e-6 }).fit({
      backend,
    });
    const shape = ({ rows, cols }: { rows: number; cols: number }) => [rows, cols];
    expect([fit.fine.W, fit.fine.H, fit.coarse.W, fit.coarse.H, fit.one.H].map(shape)).toEqual([
      [824, 10],
      [10, 135],
      [10, 3],
      [3, 135],
      [1, 135],
    ]);
    const back = await fit.reconstruct('aml', { through: 'coarse' });
    expect(relativeDifference(back.data, multiply(fit.fine.W, product(fit.coarse)).data)).toBeLessThan(1e-12);
    expect(meanSquare(X, back)).toBeLessThan(0.05);
  });

  test('PCA: six axes hold more than six factors, and are orthonormal', async () => {
    const { s } = await factorNet(svdLayer(aml, { name: 's', k: 6, center: true })).fit({ backend });
    expect(s.converged).toBe(true);
    expect(s.loss).toBeLessThan(0.0204339);
    const gram = multiply(
      s.H,
      dense(
        135,
        6,
        Float64Array.from({ length: 135 * 6 }, (_, p) => s.H.data[(p % 135) * 6 + Math.floor(p / 135)]),
      ),
    );
    for (let p = 0; p < 36; p++) expect(Math.abs(gram.data[p] - Number(p % 7 === 0))).toBeLessThan(1e-12);
  });
});

describe.skipIf(!haveSharedData)(`hawaiibirds + geography${skipReason}`, () => {
  const birds = haveSharedData ? readMtx('hawaiibirds.mtx') : dense(1, 1);
  const geography = haveSharedData ? standardPlaces(birds.cols) : dense(1, 1);
  const species = factorInput(birds, { name: 'species' });
  const spec = { name: 'joint', k: 8 } as const;
  const config = { seed: 1, maxIter: 500, tol: 1e-7 };

  test('one H, one W each, equal to the hand-stacked matrix; both modalities matter', async () => {
    const shared = nmfLayer(factorShared(species, factorInput(geography, { name: 'geography' })), spec);
    const { joint } = await factorNet(shared, config).fit({ backend });
    expect([joint.W.species.rows, joint.W.species.cols]).toEqual([183, 8]);
    expect([joint.W.geography.rows, joint.W.geography.cols]).toEqual([2, 8]);
    expect([joint.H.rows, joint.H.cols]).toEqual([8, 1183]);

    const stacked = factorInput(stackDense([birds, geography]), { name: 'stacked' });
    const { joint: hand } = await factorNet(nmfLayer(stacked, spec), config).fit({ backend });
    expect(relativeDifference(hand.W.data, stackDense([joint.W.species, joint.W.geography]).data)).toBeLessThan(1e-9);
    expect(relativeDifference(hand.H.data, joint.H.data)).toBeLessThan(1e-9);

    const nowhere = factorInput(dense(2, birds.cols), { name: 'geography' });
    const { joint: without } = await factorNet(nmfLayer(factorShared(species, nowhere), spec), config).fit({ backend });
    expect(relativeDifference(joint.H.data, without.H.data)).toBeGreaterThan(0.01);
  });

  test('k = 8: within 1% of the best known loss', async () => {
    const { joint } = await factorNet(nmfLayer(species, spec), config).fit({ backend });
    expect(joint.loss).toBeLessThan(0.00387346 * 1.01);
    expect(joint.loss / meanSquare(toDense(birds), product(joint))).toBeCloseTo(1, 9);
  });
});

/** Latitude and longitude, standardised, shifted to be non-negative, and given a tenth of the birds' absolute mass. */
function standardPlaces(count: number) {
  const meta = readJson('hawaiibirds.meta.json') as {
    readonly lat: readonly number[];
    readonly lng: readonly number[];
  };
  const rows = [meta.lat, meta.lng].map((values) => {
    const mean = values.reduce((sum, x) => sum + x, 0) / count;
    const deviation = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (count - 1));
    const standard = values.map((x) => (x - mean) / deviation);
    const least = Math.min(...standard);
    return standard.map((x) => x - least);
  });
  const mass = Array.from(readMtx('hawaiibirds.mtx').values).reduce((sum, x) => sum + Math.abs(x), 0);
  const own = rows.flat().reduce((sum, x) => sum + x, 0);
  return dense(
    2,
    count,
    Float64Array.from({ length: 2 * count }, (_, p) => (rows[p % 2][Math.floor(p / 2)] * mass) / (10 * own)),
  );
}
