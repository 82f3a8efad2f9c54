import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  crossValidateRank,
  factorConcat,
  factorInput,
  factorNet,
  factorShared,
  H,
  nmfLayer,
  type SvdSpec,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense, toRows, transpose } from '../../src/matrix.js';
import { offOrthonormal } from '../kernels/textbook.js';
import { lowRank, meanSquare, product, relativeDifference, uniform } from '../support/matrices.js';

/** Low rank, means that differ, noise. */
const [m, n] = [18, 26];
const data = (rank: number, seed = 3) =>
  dense(m, n, lowRank(m, n, rank, seed).data.map((x, p) => x + (p % m) / 4 + 0.02 * uniform(m, n, seed + 7).data[p])); // biome-ignore format: one thought
const X = data(2);
const draws = uniform(m, n, 11).data;
const holes = dense(m, n, X.data.map((x, p) => (draws[p] < 0.15 && p % m !== Math.floor(p / m) % m ? NaN : x))); // biome-ignore format: one thought

const SPECS: readonly (readonly [string, Partial<SvdSpec>])[] = [
  ['plain', {}],
  ['centred, scaled, L2', { center: true, scale: true, L2: 0.01 }],
  ['lanczos', { solver: 'lanczos', center: true }],
  ['randomized', { solver: 'randomized', scale: true }],
  ['sparse', { center: true, W: W({ L1: 0.05 }) }],
  ['at least 0', { nonneg: true, scale: true }],
  ['both', { W: W({ nonneg: true, L1: 0.02 }), H: H({ L1: 0.02 }), L2: 0.1 }],
];

describe.each(SPECS)('an SVD layer, %s', (_, spec) => {
  const ends = spec.solver === undefined ? { maxIter: 3000, tol: 1e-13 } : {};
  const net = (matrix: typeof X) =>
    factorNet(svdLayer(factorInput(matrix, { name: 'x' }), { name: 's', k: 2, ...ends, ...spec }), { seed: 1 });

  test('whole data: the reconstruction has the loss, and the samples of the fit project to their embedding', async () => {
    const fit = await net(X).fit();
    expect(fit.s.loss / meanSquare(X, await fit.reconstruct('x'))).toBeCloseTo(1, 8);
    expect(fit.summary.inputs.x.loss / fit.s.loss).toBeCloseTo(1, 8);
    const { s } = await fit.project({ x: X });
    expect(relativeDifference(fit.s.H.data, s?.data ?? fit.s.d)).toBeLessThan(1e-4);
    const { each, cumulative } = fit.s.variance ?? { each: fit.s.d, cumulative: fit.s.d };
    expect(each[0] + each[1]).toBeCloseTo(cumulative[1], 12);
    expect(cumulative[1]).toBeLessThanOrEqual(1);
    expect(cumulative[0]).toBeGreaterThan(0.3);
  });

  test('with missing entries: nothing of them reaches the fit; what is hidden is told; new samples may have gaps too', async () => {
    const fit = await net(holes).fit();
    const estimate = await fit.reconstruct('x');
    let [known, hidden, spread] = [0, 0, 0];
    const mean = X.data.reduce((sum, x) => sum + x, 0) / X.data.length;
    X.data.forEach((x, p) => {
      if (Number.isNaN(holes.data[p])) {
        hidden += (x - estimate.data[p]) ** 2;
        spread += (x - mean) ** 2;
      } else known += (x - estimate.data[p]) ** 2;
    });
    const missing = holes.data.filter(Number.isNaN).length;
    expect(fit.s.loss / (known / (m * n - missing))).toBeCloseTo(1, 8);
    expect(hidden).toBeLessThan(spread / 2);
    expect(fit.summary.inputs.x.missing).toBe(missing);
    // The same entries hidden by a mask, with noise under them.
    const noise = dense(m, n, X.data.map((x, p) => (Number.isNaN(holes.data[p]) ? 1e3 * draws[p] : x))); // biome-ignore format: one thought
    const mask = dense(m, n, holes.data.map((x) => Number(Number.isNaN(x)))); // biome-ignore format: one thought
    const masked = svdLayer(factorInput(noise, { name: 'x', mask }), { name: 's', k: 2, ...ends, ...spec });
    const other = await factorNet(masked, { seed: 1 }).fit();
    expect([other.s.W, other.s.d, other.s.H, other.s.center, other.s.history]).toEqual([
      fit.s.W,
      fit.s.d,
      fit.s.H,
      fit.s.center,
      fit.s.history,
    ]);
    const { s } = await fit.project({ x: holes });
    expect(s?.data.every(Number.isFinite)).toBe(true);
    if (spec.W === undefined && spec.nonneg === undefined)
      expect(relativeDifference(fit.s.H.data, s?.data ?? fit.s.d)).toBeLessThan(2e-2);
  });
});

test('with center, pairs explain the variance about the means; in the summary as in the layer', async () => {
  const fit = await factorNet(svdLayer(factorInput(X, { name: 'x' }), { name: 's', k: 3, center: true })).fit();
  const rows = toRows(X).map((row) => row.map((x) => x - row.reduce((sum, y) => sum + y, 0) / n));
  const total = rows.flat().reduce((sum, x) => sum + x * x, 0);
  const shares = Array.from(fit.s.d, (sigma) => (sigma * sigma) / total);
  expect(fit.s.variance?.each[0]).toBeCloseTo(shares[0], 10);
  expect(fit.s.variance?.cumulative[2]).toBeCloseTo(shares[0] + shares[1] + shares[2], 10);
  for (const [r, share] of shares.entries()) {
    expect(fit.summary.inputs.x.factors.s[r]).toBeCloseTo(share, 9);
    expect((await fit.explained('s')).x?.[r]).toBeCloseTo(share, 9);
  }
  // About zero, the means explain too.
  expect(fit.summary.inputs.x.explained).toBeGreaterThan(fit.s.variance?.cumulative[2] ?? 1);
  const nmf = await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 2 }), { seed: 1 }).fit();
  expect(nmf.a.variance).toBeNull();
});

test('above a centred layer, what factors explain is about the means that it took out', async () => {
  const below = svdLayer(factorInput(holes, { name: 'x' }), { name: 's', k: 3, center: true });
  const fit = await factorNet(nmfLayer(below, { name: 'a', k: 2, nonneg: false }), { seed: 1, maxIter: 500 }).fit();
  const { x: L } = await fit.loadings('a');
  const explained = (await fit.explained('a')).x ?? new Float64Array();
  for (let r = 0; r < 2; r++) {
    let [left, total] = [0, 0];
    holes.data.forEach((x, p) => {
      if (Number.isNaN(x)) return;
      const [i, j] = [p % m, Math.floor(p / m)];
      const about = x - (fit.s.center?.[i] ?? 0);
      left += (about - (L?.data[i + r * m] ?? 0) * fit.a.d[r] * fit.a.H.data[r + 2 * j]) ** 2;
      total += about ** 2;
    });
    expect(explained[r]).toBeCloseTo(1 - left / total, 9);
  }
});

test('graphs of SVD and NMF layers fit, project and are cross-validated, with gaps', async () => {
  const x = factorInput(holes, { name: 'x' });
  const y = factorInput(data(2, 5), { name: 'y' });
  const graph = (k: number) => {
    const axes = svdLayer(factorShared(x, y), { name: 'axes', k, center: true });
    const parts = nmfLayer(y, { name: 'parts', k: 2 });
    return svdLayer(factorConcat(axes, parts), { name: 'top', k: 2 });
  };
  const fit = await factorNet(graph(3), { seed: 1 }).fit();
  expect(offOrthonormal(transpose(fit.axes.H))).toBeLessThan(1e-8);
  expect(offOrthonormal(fit.top.W)).toBeLessThan(1e-8);
  const { axes, top } = await fit.project({ x: holes });
  expect([axes?.rows, top?.rows, top?.cols]).toEqual([3, 2, n]);
  expect(top?.data.every(Number.isFinite)).toBe(true);
  const cv = await crossValidateGraph({ params: { k: [1, 2, 3] }, reps: 2, layerFn: ({ k }) => graph(k) });
  expect(cv.rows.every(({ error }) => error === null)).toBe(true);
  const [first] = cv.points;
  expect(Number.isFinite(first.testLoss ?? Number.NaN)).toBe(true);
});

test('rank by held-out entries', async () => {
  const noisy = data(3);
  const by = { k: [1, 2, 3, 6], reps: 3, method: 'svd', seed: 1 } as const;
  for (const solver of ['krylov', 'lanczos', 'randomized'] as const)
    expect((await crossValidateRank(noisy, { ...by, layer: { center: true, solver } })).best.k).toBe(3);
  // What L1 takes off a pair, those after it bring back.
  const sparse = await crossValidateRank(noisy, { ...by, layer: { center: true, W: W({ L1: 0.001 }) } });
  expect(sparse.best.k).toBeGreaterThanOrEqual(3);
  const nmf = await crossValidateRank(noisy, { k: [2, 3], reps: 1, seed: 1, method: 'nmf', layer: { L1: 0.01 } });
  expect(nmf.rows).toHaveLength(2);
});

test('plans say how', () => {
  const x = factorInput(holes, { name: 'x' });
  const text = (spec: Partial<SvdSpec>) => factorNet(svdLayer(x, { name: 's', k: 2, ...spec })).explain();
  expect(text({ center: true })).toContain(
    'block Krylov, missing entries filled in by the model, centred, tol 0.00001, at most 500 rounds',
  );
  expect(text({ solver: 'lanczos' })).toContain('Lanczos, missing');
  expect(text({ W: W({ L1: 0.1, nonneg: true }), L2: 0.5 })).toContain('pair by pair, W ≥ 0 L1 0.1, L2 0.5, missing');
});

test('the first pairs of a fit are close to those of the whole matrix, entries of which are hidden', async () => {
  const whole = await factorNet(svdLayer(factorInput(X, { name: 'x' }), { name: 's', k: 2, center: true })).fit();
  const gaps = await factorNet(svdLayer(factorInput(holes, { name: 'x' }), { name: 's', k: 2, center: true })).fit();
  expect(relativeDifference(product(whole.s).data, product(gaps.s).data)).toBeLessThan(0.05);
});
