import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { factorAdd, factorConcat, factorInput, factorNet, factorShared, nmfLayer, svdLayer } from '../../src/index.js';
import { reference } from '../../src/kernels/reference.js';
import { type DenseMatrix, dense, scaleRows } from '../../src/matrix.js';
import { run } from '../../src/runtime/run.js';
import { summarize } from '../../src/runtime/summary.js';
import {
  lowRank,
  meanSquare,
  multiply,
  product,
  relativeDifference,
  scaled,
  sparse,
  uniform,
} from '../support/matrices.js';
import { anyGraph, planOf } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

const on = { backend: 'reference' } as const;
const X = uniform(9, 12, 1);
const Y = sparse(5, 12, 2);
const x = factorInput(X, { name: 'x' });
const y = factorInput(Y, { name: 'y' });

test('one layer: W·diag(d)·H, and its loss is the summary', async () => {
  const fit = await factorNet(nmfLayer(x, { name: 'a', k: 3 }), { seed: 1 }).fit(on);
  const back = await fit.reconstruct('x');
  expect(relativeDifference(product(fit.a).data, back.data)).toBeLessThan(1e-14);
  expect(fit.summary.loss / meanSquare(X, back)).toBeCloseTo(1, 12);
  expect(fit.summary.loss / fit.a.loss).toBeCloseTo(1, 9);
  expect(fit.summary.inputs.x.explained).toBeCloseTo(1 - meanSquare(X, back) / meanSquare(X, scaled(X, 0)), 12);
});

test('shared: each modality from its own W', async () => {
  const fit = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), { seed: 1 }).fit(on);
  const back = await fit.reconstruct('y');
  expect(relativeDifference(product({ ...fit.a, W: fit.a.W.y }).data, back.data)).toBeLessThan(1e-14);
  expect(fit.summary.inputs.y.loss / meanSquare(Y, back)).toBeCloseTo(1, 12);
  const { x: ofX, y: ofY } = fit.summary.inputs;
  expect(fit.summary.loss).toBeCloseTo((ofX.loss * 9 * 12 + ofY.loss * 5 * 12) / (14 * 12), 14);
});

test('deep: through the output by default, through any layer by name; deeper is never nearer', async () => {
  const fit = await factorNet(x.nmfLayer({ name: 'a', k: 5 }).nmfLayer({ name: 'b', k: 2 }), { seed: 1 }).fit(on);
  const through = async (layer: 'a' | 'b') => meanSquare(X, await fit.reconstruct('x', { through: layer }));
  expect(relativeDifference(multiply(fit.a.W, product(fit.b)).data, (await fit.reconstruct('x')).data)).toBeLessThan(
    1e-13,
  );
  expect(await through('a')).toBeCloseTo(fit.a.loss, 12);
  expect(await through('b')).toBeCloseTo(fit.summary.loss, 12);
  expect(await through('b')).toBeGreaterThan(await through('a'));
});

test('a normalized embedding composes as well', async () => {
  const top = nmfLayer(nmfLayer(x, { name: 'a', k: 3 }), {
    name: 'b',
    k: 3,
    embedding: 'normalized',
    maxIter: 5000,
    tol: 1e-12,
  });
  const fit = await factorNet(top, { seed: 1 }).fit(on);
  expect(fit.summary.loss).toBeLessThan(fit.a.loss * 1.1);
});

test('an SVD puts back what it took out', async () => {
  const exact = await factorNet(svdLayer(x, { name: 's', k: 9, center: true, scale: true })).fit(on);
  expect(meanSquare(X, await exact.reconstruct('x'))).toBeLessThan(1e-24);
  const stacked = svdLayer(factorShared(x, y), { name: 's', k: 12, center: true });
  const fit = await factorNet(nmfLayer(stacked, { name: 't', k: 12, nonneg: false, maxIter: 20_000, tol: 1e-14 })).fit(
    on,
  );
  expect(fit.summary.inputs.y.explained).toBeGreaterThan(1 - 1e-6);
});

test('an output of several layers: each gives back its own input; two readings of one input are averaged', async () => {
  const a = nmfLayer(x, { name: 'a', k: 3 });
  const b = nmfLayer(y, { name: 'b', k: 3 });
  const c = svdLayer(x, { name: 'c', k: 3 });
  for (const output of [factorConcat(a, b), factorAdd(a, b)]) {
    const fit = await factorNet(output, { seed: 1 }).fit(on);
    expect(fit.summary.inputs.x.loss / fit.a.loss).toBeCloseTo(1, 9);
    expect(fit.summary.inputs.y.loss / fit.b.loss).toBeCloseTo(1, 9);
  }
  const twice = await factorNet(factorConcat(a, c), { seed: 1 }).fit(on);
  const mean = product(twice.a).data.map((value, p) => (value + product(twice.c).data[p]) / 2);
  expect(relativeDifference((await twice.reconstruct('x')).data, Float64Array.from(mean))).toBeLessThan(1e-13);
});

test('a sum that its consumer keeps exactly comes apart into its branches exactly', async () => {
  const a = nmfLayer(x, { name: 'a', k: 3 });
  const b = nmfLayer(y, { name: 'b', k: 3 });
  const fit = await factorNet(svdLayer(factorAdd(a, b), { name: 't', k: 3 }), { seed: 1 }).fit(on);
  expect(fit.summary.inputs.x.loss / fit.a.loss).toBeCloseTo(1, 6);
  expect(fit.summary.inputs.y.loss / fit.b.loss).toBeCloseTo(1, 6);
});

test('exact data through a deep exact graph comes back', async () => {
  const data = factorInput(lowRank(10, 12, 2, 5), { name: 'data' });
  const net = factorNet(data.svdLayer({ name: 'a', k: 4 }).svdLayer({ name: 'b', k: 3 }).svdLayer({ name: 'c', k: 2 }));
  expect((await net.fit(on)).summary.loss).toBeLessThan(1e-25);
});

describe('asking for what is not there', () => {
  test('inputs and layers by name', async () => {
    const net = factorNet(
      nmfLayer(factorConcat(nmfLayer(x, { name: 'a', k: 2 }), nmfLayer(y, { name: 'b', k: 2 })), { name: 't', k: 2 }),
    );
    const fit = await net.fit(on);
    // @ts-expect-error no such input
    await expect(fit.reconstruct('z')).rejects.toThrow(/name of an input of the graph; got 'z'/);
    // @ts-expect-error no such layer
    await expect(fit.reconstruct('x', { through: 'z' })).rejects.toThrow(/one of the layers a, b, t; got 'z'/);
    await expect(fit.reconstruct('x', { through: 'b' })).rejects.toThrow(/downstream of input 'x'; got 'b'/);
    // @ts-expect-error no such option
    await expect(fit.reconstruct('x', { trough: 'b' })).rejects.toThrow(/did you mean 'through'/);
  });
});

test('any graph: finite losses, in the summary of every input; the plan runs the same after a round trip through JSON', async () => {
  await fc.assert(
    fc.asyncProperty(anyGraph, async (node) => {
      const { plan, bindings } = planOf(node);
      const state = await run(plan, bindings, { kernels: reference, seed: 5 });
      const summary = await summarize(plan, state, reference, { seed: 5, threads: undefined, began: 0 });
      expect(Number.isFinite(summary.loss)).toBe(true);
      for (const { loss, explained } of Object.values(summary.inputs)) {
        expect(loss).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(explained)).toBe(true);
      }
      const again = await run(JSON.parse(JSON.stringify(plan)), bindings, { kernels: reference, seed: 5 });
      expect([...again.data.values()]).toEqual([...state.data.values()]);
    }),
    runs(40),
  );
});

test('a part of a reconstruction is that part of the whole', async () => {
  const fit = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), { seed: 1 }).fit(on);
  const whole = await fit.reconstruct('x');
  const [features, samples] = [Uint32Array.of(7, 0, 7), [11, 3]];
  const part = await fit.reconstruct('x', { features, samples });
  expect([part.rows, part.cols]).toEqual([3, 2]);
  for (let i = 0; i < 3; i++)
    for (let j = 0; j < 2; j++) expect(part.data[i + 3 * j]).toBe(whole.data[features[i] + 9 * samples[j]]);
  expect((await fit.reconstruct('x', { samples: [] })).cols).toBe(0);
  for (const wrong of [{ features: [9] }, { samples: [-1] }, { samples: [0.5] }, { features: '0' }] as object[])
    await expect(fit.reconstruct('x', wrong)).rejects.toMatchObject({ issues: [{ code: 'invalid-option' }] });
});

describe('loadings', () => {
  const timesEmbedding = ({ d, H }: { d: Float64Array; H: DenseMatrix }, L: DenseMatrix | undefined) =>
    L === undefined ? dense(0, 0) : multiply(L, scaleRows(H, d));

  test('of a layer over data are its W; those of a deep layer lead to the data', async () => {
    const deep = factorShared(x, y).nmfLayer({ name: 'a', k: 5 }).nmfLayer({ name: 'b', k: 3 });
    const fit = await factorNet(nmfLayer(deep, { name: 'c', k: 2, embedding: 'normalized' }), { seed: 1 }).fit(on);
    expect(await fit.loadings('a')).toEqual({ x: fit.a.W.x, y: fit.a.W.y });
    for (const layer of ['b', 'c'] as const) {
      const { x: ofX, y: ofY } = await fit.loadings(layer);
      expect([ofX?.rows, ofX?.cols, ofY?.rows]).toEqual([9, layer === 'b' ? 3 : 2, 5]);
      const whole = await fit.reconstruct('x', { through: layer });
      expect(relativeDifference(timesEmbedding(fit[layer], ofX).data, whole.data)).toBeLessThan(1e-12);
    }
  });

  test('leave out the means that an SVD took out, and inputs that a layer is not made of', async () => {
    const s = svdLayer(x, { name: 's', k: 2, center: true });
    const fit = await factorNet(factorConcat(s, nmfLayer(y, { name: 'n', k: 2 })), { seed: 1 }).fit(on);
    expect(await fit.loadings('s')).toEqual({ x: fit.s.W });
    expect(Object.keys(await fit.loadings('n'))).toEqual(['y']);
    await expect(fit.loadings('z' as 's')).rejects.toMatchObject({ issues: [{ code: 'invalid-option' }] });
  });

  test('of a layer on a sum: what its embedding adds to each branch', async () => {
    const sum = factorAdd(nmfLayer(x, { name: 'a', k: 3 }), nmfLayer(y, { name: 'b', k: 3 }));
    const fit = await factorNet(nmfLayer(sum, { name: 't', k: 2 }), { seed: 1 }).fit(on);
    const { x: ofX } = await fit.loadings('t');
    expect(relativeDifference((ofX ?? dense(0, 0)).data, scaled(multiply(fit.a.W, fit.t.W), 0.5).data)).toBeLessThan(
      1e-14,
    );
  });
});

test('what each factor explains by itself', async () => {
  const holes = dense(
    9,
    12,
    X.data.map((v, p) => (p % 7 === 3 ? Number.NaN : v)),
  );
  const gappy = factorInput(holes, { name: 'x' });
  const fit = await factorNet(factorShared(gappy, y).nmfLayer({ name: 'a', k: 3 }).nmfLayer({ name: 'b', k: 2 }), {
    seed: 1,
  }).fit(on);
  for (const layer of ['a', 'b'] as const) {
    const [explained, loadings] = [await fit.explained(layer), await fit.loadings(layer)];
    const { d, H } = fit[layer];
    for (let r = 0; r < d.length; r++) {
      const alone = (p: number) =>
        (loadings.x?.data[(p % 9) + 9 * r] ?? 0) * d[r] * H.data[r + d.length * Math.floor(p / 9)];
      let [left, whole] = [0, 0];
      holes.data.forEach((v, p) => {
        if (Number.isNaN(v)) return;
        left += (v - alone(p)) ** 2;
        whole += v ** 2;
      });
      expect(explained.x?.[r]).toBeCloseTo(1 - left / whole, 10);
    }
    expect(explained.y).toHaveLength(d.length);
  }
});
