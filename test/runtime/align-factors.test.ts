import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { matchRows } from '../../src/assignment.js';
import {
  factorAdd,
  factorConcat,
  factorInput,
  factorNet,
  GraphError,
  graphFromJSON,
  graphToJSON,
  loadFit,
  nmfLayer,
  row,
  saveFit,
} from '../../src/index.js';
import { addScaled, column, type DenseMatrix, dense, gatherRows, scaleRows } from '../../src/matrix.js';
import { lowRank, relativeDifference, uniform } from '../support/matrices.js';

// Two modalities made of the same embedding, in different strengths: their layers have them in different orders.
const E = uniform(4, 40, 9);
const times = (rows: number, seed: number, strength: (r: number) => number) => {
  const W = uniform(rows, 4, seed);
  const out = dense(rows, 40);
  for (let j = 0; j < 40; j++)
    for (let i = 0; i < rows; i++)
      for (let r = 0; r < 4; r++)
        out.data[i + j * rows] += strength(r) * W.data[i + r * rows] ** 4 * E.data[r + j * 4] ** 3;
  return out;
};
// What is strong in one is weak in the other.
const X = times(30, 1, (r) => 5 - r);
const Y = times(25, 2, (r) => 1 + r);
const x = factorInput(X, { name: 'x' });
const y = factorInput(Y, { name: 'y' });
const a = nmfLayer(x, { name: 'a', k: 4, seed: 3, maxIter: 300, tol: 1e-9 });
const b = nmfLayer(y, { name: 'b', k: 4, seed: 8, maxIter: 300, tol: 1e-9 });
const cosine = (one: Float64Array, other: Float64Array) => {
  const dot = (p: Float64Array, q: Float64Array) => p.reduce((sum, z, i) => sum + z * q[i], 0);
  return dot(one, other) / Math.sqrt(dot(one, one) * dot(other, other));
};
const top = (align: boolean) =>
  factorNet(nmfLayer(factorAdd(a, b, { align }), { name: 'top', k: 4, maxIter: 300, tol: 1e-9 }), { seed: 1 });

/** diag(d)·H of b, the row that goes with each of a first. */
async function byHand() {
  const fit = await top(true).fit();
  const scaled = ({ d, H }: { d: Float64Array; H: DenseMatrix }) => scaleRows(H, d);
  const [A, B] = [scaled(fit.a), scaled(fit.b)];
  const order = matchRows(A, B);
  const placed = gatherRows(B, order.map((r) => [r, r + 1])); // biome-ignore format: one thought
  return { fit, order, sum: addScaled(A, placed) };
}

test('the factors of a branch are added to those of the first that they resemble', async () => {
  const { fit, order, sum } = await byHand();
  expect(order).not.toEqual([0, 1, 2, 3]);
  for (const r of [0, 1, 2, 3]) expect(cosine(row(fit.a.H, r), row(fit.b.H, order[r]))).toBeGreaterThan(0.9);
  const own = { name: 'top', k: 4, maxIter: 300, tol: 1e-9 } as const;
  // The stream of random numbers is that of the third layer.
  const [c, d] = ['c', 'd'].map((name) => nmfLayer(x, { name, k: 1, maxIter: 1 }));
  const alone = nmfLayer(factorInput(sum, { name: 'sum' }), own);
  const stacked = await factorNet(factorConcat(c, d, alone), { seed: 1 }).fit();
  expect(fit.top.H.data).toEqual(stacked.top.H.data);
});

test('loadings, reconstruction and projection give each branch its own order back', async () => {
  const { fit, order } = await byHand();
  const loadings = await fit.loadings('top');
  const { W } = fit.top;
  for (let s = 0; s < 4; s++) {
    const led = new Float64Array(25);
    for (let r = 0; r < 4; r++)
      for (let i = 0; i < 25; i++) led[i] += (fit.b.W.data[i + order[r] * 25] * W.data[r + s * 4]) / 2;
    expect(relativeDifference(column(loadings.y ?? dense(25, 4), s), led)).toBeLessThan(1e-12);
  }
  expect(fit.summary.inputs.x.explained).toBeGreaterThan(0.97);
  expect(fit.summary.inputs.y.explained).toBeGreaterThan(0.97);
  const again = await fit.project({ x: X, y: Y });
  expect(relativeDifference(again.top?.data ?? new Float64Array(), fit.top.H.data)).toBeLessThan(1e-4);
});

test('saved and read, it is asked the same', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'matched-'));
  try {
    const fit = await top(true).fit();
    await saveFit(fit, join(folder, 'fit'));
    const read = await loadFit(join(folder, 'fit'));
    expect((await read.reconstruct('y')).data).toEqual((await fit.reconstruct('y')).data);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('it is in the plan, in graph files, and refused where it is none or joint', async () => {
  expect(top(true).explain()).toContain(', factors matched');
  expect(top(false).explain()).not.toContain('matched');
  const output = factorAdd(a, b, { align: true });
  const data = { x: X, y: Y };
  const back = graphFromJSON(graphToJSON(output, {}), data);
  const read = factorNet(back.output, { seed: 1 });
  expect((await read.fit()).a.H.data).toEqual((await factorNet(output, { seed: 1 }).fit()).a.H.data);
  expect(JSON.stringify(graphToJSON(output, {}))).toContain('"align":true');
  // @ts-expect-error align is true or false
  expect(() => factorNet(factorAdd(a, b, { align: 1 }))).toThrow(GraphError);
  // @ts-expect-error there is no such option
  expect(() => factorNet(factorAdd(a, b, { aline: true }))).toThrow(/did you mean 'align'/);
  expect(() => factorNet(nmfLayer(output, { name: 'top', k: 2 }), { training: 'joint' })).toThrow(
    /sums whose factors meet by place; got training: 'joint', align: true/,
  );
});

test('branches of several layers are matched row by row, the first as they are', async () => {
  const c = nmfLayer(x, { name: 'c', k: 2, seed: 4 });
  const d = nmfLayer(y, { name: 'd', k: 2, seed: 5 });
  const sum = factorAdd(factorConcat(c, d), a, { align: true });
  const fit = await factorNet(nmfLayer(sum, { name: 'top', k: 2 }), { seed: 1 }).fit();
  expect(Number.isFinite(fit.summary.loss)).toBe(true);
  expect(fit.top.H.cols).toBe(lowRank(2, 40, 1, 1).cols);
});
