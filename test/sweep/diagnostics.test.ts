import { existsSync, readdirSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hardLabels } from '../../src/consensus/hard-labels.js';
import { stability } from '../../src/consensus/stability.js';
import {
  crossValidateGraph,
  crossValidateRank,
  factorAdd,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  GraphError,
  graphSweep,
  nmfLayer,
  openSweep,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { lowRank, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';
import { timeless } from '../support/store-sweep.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `sweep-${++count}.db`);

const X = lowRank(12, 16, 3, 1);
const x = factorInput(X, { name: 'x' });
const options = {
  params: { k: [1, 2, 3, 4] },
  layerFn: ({ k }: { readonly k: number }) => nmfLayer(nmfLayer(x, { name: 'below', k: 5 }), { name: 'top', k }),
  reps: 3,
  diagnostics: true,
  config: { maxIter: 30 },
} as const;
const sweep = graphSweep(options);

const issuesOf = async (work: () => unknown) => {
  try {
    await work();
  } catch (error) {
    if (error instanceof GraphError) return error.issues;
    throw error;
  }
  return expect.unreachable('it must fail');
};

describe('the diagnostics of a point', () => {
  test('are those of its fits, layer by layer', async () => {
    const cv = await sweep.run({ keep: 'all' });
    for (const { params, diagnostics } of cv.points) {
      expect(Object.keys(diagnostics ?? {})).toEqual(['below', 'top']);
      const fits = await Promise.all([0, 1, 2].map((r) => cv.fit(params, r)));
      const own = fits.map(({ layers }) => layers.top);
      const C = await cv.consensus(params, 'top');
      const labels = own.map(({ H, d }) => hardLabels(H, d));
      for (const [i, j] of [
        [0, 1],
        [3, 9],
        [15, 15],
      ])
        expect(C.data[i + 16 * j]).toBeCloseTo(labels.filter((all) => all[i] === all[j]).length / 3, 14);
      const likeness = stability(own.map(({ W: loadings }) => loadings as ReturnType<typeof dense>)); // one modality
      expect(diagnostics?.top.stability).toBeCloseTo(likeness, 12);
    }
    const [one] = cv.points.filter(({ params }) => params.k === 1);
    expect(one.diagnostics?.top).toMatchObject({ cophenetic: null, dispersion: 1 });
    // All points have the same first layer.
    expect(new Set(cv.points.map(({ diagnostics }) => JSON.stringify(diagnostics?.below))).size).toBe(1);
  });

  test('are in the table, and null where they were not asked for', async () => {
    const cv = await sweep.run();
    expect(cv.table()).toContain('below cophenetic');
    expect(cv.table()).toContain('top stability');
    const rank = await crossValidateRank(X, { k: [2, 3], diagnostics: true, config: { maxIter: 10 } });
    expect(rank.table().split('\n')[0]).toMatch(/± se {2}cophenetic {2}dispersion {2}stability$/);
    const plain = await crossValidateGraph({ ...options, diagnostics: false });
    expect(plain.points.map(({ diagnostics }) => diagnostics)).toEqual([null, null, null, null]);
    expect(plain.table()).not.toContain('cophenetic');
    expect(sweep.explain()).toContain('diagnose NMF layers by how far their fits on 3 masks agree');
    expect(graphSweep({ ...options, diagnostics: false }).explain()).not.toContain('diagnose');
    // What is chosen does not depend on it.
    expect([cv.best, cv.simplest, timeless(cv.rows)]).toEqual([plain.best, plain.simplest, timeless(plain.rows)]);
  });

  test('are the same for any number of workers, in memory and beside a store, with whatever stays', async () => {
    const plain = await sweep.run();
    for (const keep of ['none', 'best', 'all'] as const)
      for (const store of [undefined, fresh()]) {
        const cv = await sweep.run({ keep, store, workers: 2, executor: keep === 'none' ? 'inline' : 'threads' });
        expect([cv.table(), cv.points]).toEqual([plain.table(), plain.points]);
        expect(await cv.consensus(cv.best, 'top')).toEqual(await plain.consensus(plain.best, 'top'));
        if (keep === 'none') expect((await issuesOf(() => cv.fit(cv.best)))[0].code).toBe('not-kept');
        if (store === undefined) continue;
        const stays = keep === 'none' ? 0 : keep === 'all' ? 12 : 3 * new Set([cv.best.k, cv.simplest.k]).size;
        expect(readdirSync(join(`${store}.fits`, 'fits')).length).toBe(stays);
        const stored = await openSweep<{ k: 1 | 2 | 3 | 4 }>(store);
        expect([stored.table(), stored.points, stored.best]).toEqual([plain.table(), plain.points, plain.best]);
        expect(await stored.consensus({ k: 3 }, 'below')).toEqual(await plain.consensus({ k: 3 }, 'below'));
      }
  });

  test('are read, and nothing is fitted, when it is run again; made from what is fitted again where there is nothing', async () => {
    const store = fresh();
    const cv = await sweep.run({ store });
    const again = await sweep.run({ store });
    expect([again.work.fitted, again.table()]).toEqual([0, cv.table()]);
    rmSync(`${store}.fits`, { recursive: true });
    expect((await openSweep(store)).points[0].diagnostics).toBe(null);
    const anew = await sweep.run({ store });
    expect(anew.work.asked).toBe(2 * 12);
    expect([anew.table(), timeless(anew.rows)]).toEqual([cv.table(), timeless(cv.rows)]);
  });

  test('come though a run was cancelled, and are asked for later', async () => {
    const store = fresh();
    const control = new AbortController();
    let rows = 0;
    const onProgress = () => void (++rows === 5 && control.abort(new Error('enough')));
    await expect(sweep.run({ store, onProgress, signal: control.signal })).rejects.toThrow('enough');
    const rest = await sweep.run({ store });
    const plain = await sweep.run();
    expect(rest.table()).toBe(plain.table());
    // Nothing that was fitted is fitted again.
    expect(rest.work.asked).toBeLessThanOrEqual(2 * 7);
    const later = fresh();
    await crossValidateGraph({ ...options, diagnostics: false, store: later });
    expect(existsSync(`${later}.fits`)).toBe(false);
    expect((await sweep.run({ store: later })).table()).toBe(plain.table());
  });

  test('come to two runs at once on one store', async () => {
    const store = fresh();
    const plain = await sweep.run();
    const both = await Promise.all([
      sweep.run({ store, workers: 2 }),
      graphSweep(options).run({ store, keep: 'best' }),
    ]);
    for (const cv of both) expect(cv.table()).toBe(plain.table());
  });

  test('are over the masks that it was fitted on; of fewer than two they are null', async () => {
    const named = (name: string, from: number) =>
      factorInput(lowRank(4, 16, 2, 1 + from), {
        name,
        sampleNames: Array.from({ length: 16 }, (_, j) => `s${from + j}`),
      });
    const [one, other] = [named('x', 0), named('y', 14)];
    // Two samples are in both: on some masks nothing of them is held out.
    const run = (reps: number, seed: number) =>
      crossValidateGraph({
        ...{ params: { samples: ['union', 'intersection'] }, reps, seed, testFraction: 0.05, diagnostics: true },
        ...{ keep: 'all', config: { maxIter: 10 } },
        layerFn: ({ samples }) => nmfLayer(factorShared(one, other, { samples }), { name: 'a', k: 2 }),
      });
    const cv = await run(6, 5);
    const few = cv.points.find(({ params }) => params.samples === 'intersection') ?? expect.unreachable();
    expect([few.failed > 0, few.fitted > 1]).toEqual([true, true]);
    const C = await cv.consensus(few.params, 'a');
    expect([C.rows, C.colNames]).toEqual([2, ['s14', 's15']]);
    const masks = cv.rows.filter(({ params, error }) => params.samples === 'intersection' && error === null);
    const fits = await Promise.all(masks.map(({ replicate }) => cv.fit(few.params, replicate)));
    const same = fits.filter(({ layers: { a } }) => {
      const [i, j] = hardLabels(a.H, a.d);
      return i === j;
    });
    expect(C.data[1]).toBeCloseTo(same.length / fits.length, 14);
    expect(few.diagnostics?.a.cophenetic).toBe(null);
    const two = await run(2, 2);
    const least = two.points.find(({ params }) => params.samples === 'intersection');
    expect([least?.failed, least?.fitted, least?.diagnostics]).toEqual([1, 1, null]);
    expect((await issuesOf(() => two.consensus({ samples: 'intersection' }, 'a')))[0]).toMatchObject({
      ...{ code: 'not-kept', cure: 'it must have been fitted on two masks or more' },
    });
  });

  test('are of full fits alone, with halving', async () => {
    const cv = await crossValidateGraph({ ...options, strategy: 'halving', eta: 2, minIter: 5 });
    expect(cv.eliminated.length).toBeGreaterThan(0);
    for (const { diagnostics } of cv.points) expect(diagnostics?.top.dispersion).toBeGreaterThan(0);
    expect((await issuesOf(() => cv.consensus(cv.eliminated[0].params, 'top')))[0]).toMatchObject({
      ...{ code: 'not-kept', what: 'consensus' },
    });
    expect(cv.table().split('\n').length).toBe(1 + cv.points.length + cv.eliminated.length);
  });

  test('of sums, conditions, unions, layers that die, samples of zeros, names: finite, and in range', async () => {
    const names = Array.from({ length: 16 }, (_, j) => `s${j}`);
    const named = factorInput(X, { name: 'x', sampleNames: names });
    const y = factorInput(uniform(6, 14, 2), { name: 'y', sampleNames: ['new', ...names.slice(3)] });
    const zeros = factorInput(
      dense(
        12,
        16,
        X.data.map((v, p) => (p < 24 ? 0 : v)),
      ),
      { name: 'z' },
    );
    const graphs = {
      sum: () => factorAdd(nmfLayer(x, { name: 'a', k: 2 }), nmfLayer(x, { name: 'b', k: 2, seed: 3 })),
      condition: () => nmfLayer(factorCondition(x, uniform(2, 16, 4)), { name: 'a', k: 3 }),
      union: () => nmfLayer(factorShared(named, y, { samples: 'union' }), { name: 'a', k: 3 }),
      dead: () => nmfLayer(x, { name: 'a', k: 4, W: W({ L21: 3 }) }),
      zeros: () => nmfLayer(zeros, { name: 'a', k: 3 }),
    };
    for (const [name, graph] of Object.entries(graphs)) {
      const cv = await crossValidateGraph({
        ...{ params: { p: [0] }, reps: 3, diagnostics: true, config: { maxIter: 40 } },
        layerFn: graph,
      });
      const [{ diagnostics }] = cv.points;
      for (const { cophenetic, dispersion, stability: likeness } of Object.values(diagnostics ?? {})) {
        for (const value of [dispersion, likeness]) {
          expect([name, value]).toEqual([name, expect.any(Number)]);
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(1);
        }
        if (cophenetic !== null) expect(Math.abs(cophenetic)).toBeLessThanOrEqual(1);
      }
      const C = await cv.consensus({ p: 0 }, 'a');
      expect([C.rows, C.cols]).toEqual(name === 'union' ? [17, 17] : [16, 16]);
      expect(C.rowNames).toEqual(name === 'union' ? [...names, 'new'] : undefined);
      expect(C.colNames).toEqual(C.rowNames);
      expect(C.data.every((share) => share >= 0 && share <= 1)).toBe(true);
    }
  });
});

describe('what can not be diagnosed is refused', () => {
  test.each([
    [{ reps: 1 }, { options: { diagnostics: true, reps: 1 } }],
    [{ holdOut: 'samples' }, { options: { diagnostics: true, holdOut: 'samples' } }],
    [{ layerFn: () => svdLayer(x, { name: 'a', k: 2 }), holdOut: 'entries' }, { options: { diagnostics: true } }],
  ] as const)('%o', async (more, issue) => {
    expect(await issuesOf(() => graphSweep({ ...options, ...more }))).toMatchObject([
      { code: 'incompatible-options', of: 'crossValidateGraph', ...issue },
    ]);
  });

  test('more samples than can be compared', async () => {
    const wide = factorInput(uniform(2, 5001, 1), { name: 'x' });
    const layerFn = () => nmfLayer(wide, { name: 'a', k: 1 });
    const [issue] = await issuesOf(() => graphSweep({ ...options, layerFn }));
    expect(issue).toMatchObject({ code: 'invalid-option', option: 'diagnostics', got: 5001, at: "layer 'a'" });
    expect(() => graphSweep({ ...options, layerFn, diagnostics: false })).not.toThrow();
  });

  test('a layer that the graph does not have', async () => {
    const cv = await sweep.run();
    const ask = cv.consensus as (params: unknown, layer?: unknown) => Promise<unknown>; // what callers without types may give
    for (const layer of ['other', 'toString', '__proto__', undefined, 3])
      expect(await issuesOf(() => ask(cv.best, layer))).toMatchObject([
        { code: 'invalid-option', option: 'layer', rule: 'one of the NMF layers below, top' },
      ]);
    expect(await issuesOf(() => ask({ k: 9 }, 'top'))).toMatchObject([{ code: 'unknown-point' }]);
  });
});

describe.skipIf(!haveSharedData || !haveNative)(`aml${skipReason}${withoutNative}`, () => {
  test('of rank 5 by making: its samples fall into clusters that are always the same, and at no higher rank', async () => {
    const aml = readNpy('aml.npy');
    const { a } = await factorNet(nmfLayer(factorInput(aml, { name: 'x' }), { name: 'a', k: 5 }), { seed: 1 }).fit();
    const noise = uniform(aml.rows, aml.cols, 9);
    const made = dense(aml.rows, aml.cols);
    for (let j = 0; j < aml.cols; j++)
      for (let i = 0; i < aml.rows; i++) {
        let sum = 0.3 * (noise.data[i + j * aml.rows] - 0.5);
        for (let r = 0; r < 5; r++) sum += a.W.data[i + r * aml.rows] * a.d[r] * a.H.data[r + j * 5];
        made.data[i + j * aml.rows] = Math.max(0, sum);
      }
    const { points, best } = await crossValidateRank(made, {
      ...{ k: [2, 3, 4, 5, 6, 7, 8], reps: 5, diagnostics: true, workers: 2, config: { maxIter: 300, tol: 1e-6 } },
    });
    expect(best.k).toBe(5);
    const byRank = new Map(points.map(({ params, diagnostics }) => [params.k, diagnostics?.layer]));
    const of = (k: number) => byRank.get(k as 5) ?? expect.unreachable(); // those that were tried
    expect(of(5).cophenetic).toBeGreaterThan(0.9999);
    expect(of(5).dispersion).toBeGreaterThan(0.999);
    for (const k of [2, 3, 4, 6, 7, 8]) {
      expect(of(k).cophenetic).toBeLessThanOrEqual(of(5).cophenetic ?? 0);
      expect(of(k).dispersion).toBeLessThanOrEqual(of(5).dispersion);
    }
    for (const k of [6, 7, 8]) expect(of(k).cophenetic).toBeLessThan(0.99);
    // Factors come out alike as long as there are factors.
    for (const k of [2, 3, 4, 5]) expect(of(k).stability).toBeGreaterThan(0.999);
    for (const k of [6, 7, 8]) expect(of(k).stability).toBeLessThan(0.995);
  }, 60_000);
});
