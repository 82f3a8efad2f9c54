import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  type DenseMatrix,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  graphFromJSON,
  graphToJSON,
  type LossOption,
  loadFit,
  type Matrix,
  type NmfSpec,
  nmfLayer,
  saveFit,
} from '../../src/index.js';
import { dense, toCsc, transpose } from '../../src/matrix.js';
import { gammaData, means, negativeBinomialCounts, poissonCounts } from '../support/losses.js';
import { multiply, product, relativeDifference, uniform } from '../support/matrices.js';

const [m, n] = [18, 13];
const counts = poissonCounts(means(m, n, 3, 1, 0.1, 3), 2);
const spread = negativeBinomialCounts(means(m, n, 3, 3, 0.5, 6), 4, () => 2);
const positive = gammaData(means(m, n, 3, 5, 0.5, 2), 6, 4);

const LOSSES: readonly (readonly [string, LossOption, DenseMatrix])[] = [
  ['kl', 'kl', counts],
  ['gamma', 'gamma', positive],
  ['inverse-gaussian', 'inverse-gaussian', positive],
  ['tweedie', { name: 'tweedie', power: 1.5 }, counts],
  ['nb', 'nb', spread],
  ['nb with more zeros', { name: 'nb', zeroInflation: 'global' }, spread],
  ['gp', { name: 'gp', dispersion: 0.2 }, spread],
  ['huber', { name: 'huber', delta: 0.5 }, counts],
  ['mae', 'mae', counts],
];

const net = (data: Matrix, options: Partial<NmfSpec>) =>
  factorNet(nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, ...options }), { seed: 1, maxIter: 40 });

/** XXᵀ in whole numbers, as a form takes data. */
const madeFor = (form: string, X: DenseMatrix): DenseMatrix => {
  if (form === 'projective') return X;
  const square = multiply(X, transpose(X)).data;
  return dense(X.rows, X.rows, square.map((x) => (X === positive ? x : Math.round(x / 10)))); // biome-ignore format: one thought
};

describe.each(['symmetric', 'projective'] as const)('%s layers', (form) => {
  describe.each(LOSSES)('%s', (name, loss, drawn) => {
    const data = madeFor(form, drawn);
    const own = { [form]: true, loss };

    test('are fitted, told of, and reconstructed', async () => {
      const fit = await net(data, own).fit();
      const { loss: through, explained } = fit.summary.inputs.x;
      expect(through).toBe(fit.a.loss);
      expect(explained).toBeGreaterThan(0.1);
      expect(explained).toBeLessThan(1);
      for (let i = 1; i < fit.a.history.length; i++)
        expect(fit.a.history[i].objective).toBeLessThanOrEqual(fit.a.history[i - 1].objective);
      expect(fit.a.history.at(-1)?.objective).toBe(fit.a.objective);
      expect(relativeDifference((await fit.reconstruct('x')).data, product(fit.a).data)).toBeLessThan(1e-12);
      expect(fit.a.dispersion?.length ?? 0).toBe(name.startsWith('nb') || name === 'gp' ? 1 : 0);
      expect(fit.a.zeroInflation?.length ?? 0).toBe(name === 'nb with more zeros' ? 1 : 0);
      expect(fit.a.H.data).toEqual(form === 'symmetric' ? transpose(fit.a.W).data : fit.a.H.data);
    });

    test('samples of the fit come back', async () => {
      const fit = await net(data, { ...own, maxIter: 400, tol: 1e-9 }).fit();
      const { a = fit.a.W } = await fit.project({ x: data });
      const apart = Math.hypot(...a.data.map((x, p) => x - fit.a.H.data[p]));
      // W gives the H of a projective layer; that of a symmetric one is near the best for its W.
      const sure = form === 'symmetric' ? 0.3 : 1e-9;
      expect(apart / Math.hypot(...a.data)).toBeLessThan(sure);
    });

    test('sparse data and the reference have the same fit', async () => {
      const short = { ...own, maxIter: 10 };
      const fit = await net(data, short).fit();
      const sparse = await net(toCsc(data), short).fit();
      const reference = await net(data, short).fit({ backend: 'reference' });
      // Sums of sizes have corners, at which rounding decides where a fit goes.
      for (const other of [sparse, reference]) {
        expect(other.summary.loss / fit.summary.loss).toBeCloseTo(1, name === 'mae' ? 2 : 7);
        if (name !== 'mae') expect(relativeDifference(product(other.a).data, product(fit.a).data)).toBeLessThan(1e-6);
      }
    });

    test('go into files and come back', async () => {
      const fit = await net(data, own).fit();
      const path = join(await mkdtemp(join(tmpdir(), 'factorloom-')), 'fit.safetensors');
      await saveFit(fit, path);
      const back = await loadFit(path);
      expect(back.layers.a).toEqual(fit.a);
      expect(back.summary).toEqual(fit.summary);
      expect(await back.project({ x: data })).toEqual(await fit.project({ x: data }));
      const output = nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, ...own });
      const read = graphFromJSON(JSON.parse(JSON.stringify(graphToJSON(output, { seed: 1, maxIter: 40 }))), {
        x: data,
      });
      expect(factorNet(read.output, read.config).plan).toEqual(net(data, own).plan);
    });
  });

  test('the plan says how, and what it costs', () => {
    const data = madeFor(form, counts);
    const text = net(data, { [form]: true, loss: 'kl' }).explain();
    expect(text).toMatch(/kl by steps that are looked for along coordinate Newton steps, 2 sweeps, H = WᵀX?, f64/);
    const costOf = (X: Matrix, loss: LossOption) => /each: (\S+ ?\S*) multiply-adds/.exec(net(X, { [form]: true, loss }).explain())?.[1]; // biome-ignore format: one thought
    const sparse = toCsc(dense(data.rows, data.cols, data.data.map((x, p) => ((p % data.rows) + Math.floor(p / data.rows)) % 3 === 0 ? x : 0))); // biome-ignore format: one thought
    // Zeros of kl enter by sums; others are each looked at.
    expect(costOf(sparse, 'kl')).not.toBe(costOf(data, 'kl'));
    expect(costOf(sparse, { name: 'huber', delta: 1 })).not.toBe(costOf(sparse, 'kl'));
  });

  test('restarts keep the best of the race', async () => {
    const { a } = await net(madeFor(form, counts), { [form]: true, loss: 'kl', restarts: 4 }).fit();
    expect(a.restart).toBeLessThan(4);
  });

  test('data that the loss forbids are refused, in the fit and in projections', async () => {
    const data = madeFor(form, counts);
    const bad = dense(data.rows, data.cols, data.data.map((x) => x - 1e3)); // biome-ignore format: one thought
    const own = { [form]: true, loss: 'kl' } as const;
    expect(() => net(bad, own)).toThrow(/which layer 'a' reads with loss 'kl', must be at least 0/);
    const fit = await net(data, own).fit();
    await expect(fit.project({ x: bad })).rejects.toMatchObject({ issues: [{ code: 'invalid-data' }] });
  });

  test('a sweep chooses among ranks, and not among losses of different units', async () => {
    const run = (params: Readonly<Record<string, readonly (number | string)[]>>, loss?: LossOption) =>
      crossValidateGraph({
        params,
        layerFn: ({ k = 2, loss: own }) =>
          nmfLayer(factorInput(madeFor(form, counts), { name: 'x' }), {
            ...{ name: 'a', k: Number(k), [form]: true, loss: loss ?? (own as LossOption) },
          }),
        ...{ reps: 1, seed: 2, holdOut: 'samples', config: { maxIter: 8 }, onError: 'stop' },
      });
    const refused = { issues: [{ code: 'different-inputs' }] };
    await expect(run({ loss: ['kl', 'mae'] })).rejects.toMatchObject(refused);
    // What is left of a symmetric matrix is not square.
    if (form === 'projective') expect((await run({ k: [1, 2] }, 'kl')).rows).toHaveLength(2);
  });
});

describe('projective layers by losses', () => {
  test('data of any sign by huber and mae, without a note', async () => {
    const signed = dense(m, n, uniform(m, n, 3).data.map((x) => x - 0.3)); // biome-ignore format: one thought
    for (const loss of ['mae', { name: 'huber', delta: 0.1 }] as const) {
      const fit = await net(signed, { projective: true, loss }).fit();
      expect(fit.a.W.data.every((x) => x >= 0)).toBe(true);
      expect(fit.a.H.data.some((x) => x < 0)).toBe(true);
      expect(fit.summary.notes).toEqual([]);
    }
  });

  test('parameters by feature and by sample, of shared inputs and conditions', async () => {
    const members = factorShared(factorInput(spread, { name: 'x' }), factorInput(counts, { name: 'y' }));
    const loss = { name: 'nb', dispersion: 'row', zeroInflation: 'column' } as const;
    const graph = nmfLayer(factorCondition(members, counts), { name: 'a', k: 3, projective: true, loss });
    const fit = await factorNet(graph, { seed: 1 }).fit();
    expect([fit.a.dispersion?.length, fit.a.zeroInflation?.length]).toEqual([3 * m, n]);
    const { a } = await fit.project({ x: spread, y: counts }, { conditions: [counts] });
    expect(relativeDifference(fit.a.H.data, (a ?? fit.a.Wcondition).data)).toBeLessThan(1e-9);
  });

  test('no samples are held out where parameters are given sample by sample', async () => {
    const loss = { name: 'gp', dispersion: { column: new Float64Array(n) } } as const;
    const run = crossValidateGraph({
      params: { k: [1] },
      layerFn: ({ k }) => nmfLayer(factorInput(spread, { name: 'x' }), { name: 'a', k, projective: true, loss }),
      ...{ reps: 1, seed: 2, holdOut: 'samples', config: { maxIter: 8 } },
    });
    await expect(run).rejects.toMatchObject({
      issues: [{ code: 'incompatible-options', options: { 'loss.dispersion': 'for each sample' } }],
    });
  });

  test('above and below other layers', async () => {
    const below = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'b', k: 5 });
    const fit = await factorNet(nmfLayer(below, { name: 'a', k: 2, projective: true, loss: 'kl' }), { seed: 1 }).fit();
    expect((await fit.reconstruct('x')).rows).toBe(m);
    const first = nmfLayer(factorInput(counts, { name: 'x' }), { name: 'b', k: 5, projective: true, loss: 'kl' });
    const deep = await factorNet(nmfLayer(first, { name: 'a', k: 2 }), { seed: 1 }).fit();
    expect((await deep.loadings('a')).x?.cols).toBe(2);
    expect(deep.summary.inputs.x.explained).toBeGreaterThan(0);
  });
});
