import { expect, test } from 'vitest';
import { factorInput, factorNet, GraphError, nmfLayer, refine, separability, svdLayer } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

const labels = Array.from({ length: 40 }, (_, j) => (j < 20 ? 'left' : 'right'));
/** Samples of two kinds that differ a little. */
const noise = uniform(15, 40, 3);
const X = dense(15, 40, noise.data.map((x, p) => x + (p % 15 < 3 && p < 300 ? 0.6 : 0))); // biome-ignore format: one thought
const x = factorInput(X, { name: 'x' });
const chain = nmfLayer(nmfLayer(x, { name: 'fine', k: 6 }), { name: 'coarse', k: 3 });

test('labels are drawn apart, or what tells them apart is taken out', async () => {
  const fit = await factorNet(nmfLayer(x, { name: 'a', k: 4 }), { seed: 1 }).fit();
  const before = separability(fit.a.H, labels);
  const apart = await refine(fit, labels, { lambda: 0.5, cycles: 2 });
  const without = await refine(fit, labels, { lambda: -5 });
  expect(separability(apart.a.H, labels)).toBeGreaterThan(1.5 * before);
  expect(separability(without.a.H, labels)).toBeLessThan(before / 3);
  expect(apart.summary.seed).toBe(fit.summary.seed);
});

test('a second layer is guided, and the first stays as it was, bit for bit', async () => {
  const fit = await factorNet(chain).fit();
  const apart = await refine(fit, labels, { layer: 'coarse', lambda: 1 });
  expect(apart.fine.H.data).toEqual(fit.fine.H.data);
  expect(separability(apart.coarse.H, labels)).toBeGreaterThan(1.3 * separability(fit.coarse.H, labels));
});

test('a first layer is guided, and those above follow', async () => {
  const fit = await factorNet(chain, { seed: 2 }).fit();
  const apart = await refine(fit, labels, { layer: 'fine', lambda: 1 });
  expect(separability(apart.fine.H, labels)).toBeGreaterThan(1.3 * separability(fit.fine.H, labels));
  expect(apart.coarse.H.data).not.toEqual(fit.coarse.H.data);
});

test('more cycles go on from where the last one ended; weight 0 is a fit from there', async () => {
  const fit = await factorNet(nmfLayer(x, { name: 'a', k: 4 }), { seed: 1 }).fit();
  const [once, twice] = [await refine(fit, labels, { cycles: 1 }), await refine(fit, labels, { cycles: 2 })];
  const again = await refine(once, labels, { cycles: 1 });
  expect(twice.a.H.data).not.toEqual(once.a.H.data);
  expect(again.a.H.data).toEqual(twice.a.H.data);
  const free = await refine(fit, labels, { lambda: 0 });
  expect(free.a.loss).toBeLessThanOrEqual(fit.a.loss);
});

test('what would be lost is refused: joint training, a target of the other sign', async () => {
  const layer = nmfLayer(nmfLayer(x, { name: 'fine', k: 4 }), { name: 'a', k: 2 });
  const jointly = await factorNet(layer, { seed: 1, training: 'joint', rounds: 3 }).fit();
  await expect(refine(jointly, labels, { layer: 'a' })).rejects.toThrow(/must be layerwise; got training: 'joint'/);
  const exact = await factorNet(nmfLayer(x, { name: 'a', k: 4, solver: 'bpp' }), { seed: 1 }).fit();
  await expect(refine(exact, labels)).rejects.toThrow(/must have solver 'hals'; got layer: 'a', solver: 'bpp'/);
  const free = await refine(await factorNet(nmfLayer(x, { name: 'a', k: 4 }), { seed: 1 }).fit(), labels, {
    lambda: -5,
  });
  await expect(refine(free, labels, { lambda: 1 })).rejects.toThrow(
    /must have one target.*lambda: 1, targetLambda: -5/,
  );
  expect((await refine(free, labels, { lambda: -1 })).a.H.rows).toBe(4);
});

test('what is no fit, no layer, no labels is refused', async () => {
  const fit = await factorNet(nmfLayer(svdLayer(x, { name: 's', k: 3 }), { name: 'a', k: 2 }), { seed: 1 }).fit();
  const codes = async (call: Promise<unknown>) => {
    const error: unknown = await call.catch((reason: unknown) => reason);
    return error instanceof GraphError ? error.issues.map(({ code }) => code) : error;
  };
  expect(await codes(refine({}, labels))).toEqual(['invalid-data']);
  expect(await codes(refine({ ...fit }, labels))).toEqual(['invalid-data']);
  expect(await codes(refine(fit, labels, { layer: 's' }))).toEqual(['invalid-option']);
  expect(await codes(refine(fit, labels.slice(1)))).toEqual(['invalid-data']);
  expect(await codes(refine(fit, labels, { cycles: 0 }))).toEqual(['invalid-option']);
  expect(await codes(refine(fit, labels, { lamda: 1 } as object))).toEqual(['unknown-option']);
});
