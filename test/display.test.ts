import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Look, lookHtml, lookText } from '../src/display.js';
import {
  chooseLoss,
  consensusNmf,
  crossValidateRank,
  dclust,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  graphSweep,
  loadFit,
  nmf,
  nmfLayer,
  openSweep,
  pca,
  type Ref,
  rankSurvey,
  saveFit,
  tfidf,
} from '../src/index.js';
import { type DenseMatrix, dense } from '../src/matrix.js';
import { clipped, textTable, widthOf } from '../src/text-table.js';
import { lowRank } from './support/matrices.js';

const hostile = '<img src=x onerror="alert(1)">';
const X = [
  [9, 8, 0, 1],
  [8, 9, 1, 0],
  [0, 1, 7, 9],
];
const backend = 'reference';
const joint = nmfLayer(
  factorShared(
    factorInput(X, { name: 'rna', featureNames: ['日本', 'é', hostile], sampleNames: ['s1', 's2', 's3', 's4'] }),
    factorInput([[1, 2, 3, Number.NaN]], { name: 'アクセス' }),
  ),
  { name: 'joint', k: 2, maxIter: 5 },
);
const net = factorNet(joint, { seed: 1 });
const fitted = net.fit({ backend });

/** As it is printed, but for how long it took. */
const printed = (value: unknown) => inspect(value).replace(/ \S+ s$/gm, ' … s');
const media = async (value: object): Promise<Readonly<Record<string, string>>> =>
  Reflect.get(value, Symbol.for('Jupyter.display')).call(value);

describe('what is printed of', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'display-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a graph', () => {
    expect(printed(net)).toMatchInlineSnapshot(`
      "Graph of 2 inputs and 1 layer
        input      size         missing
        rna       3 × 4  dense
        アクセス  1 × 4  dense        1
        layer  method  k  reads
        joint  nmf     2  4 × 4  output
        fit() fits it, explain() shows its plan, toMermaid() draws it"
    `);
  });

  test('nodes: what they are, and what they read, whatever an untyped caller has put there', () => {
    expect(printed(factorConcat(joint, factorCondition(joint, [[1, 2, 3, 4]])))).toMatchInlineSnapshot(`
      "Embeddings, stacked
        of NMF layer 'joint', k = 2
          of matrices that share one embedding
            of input 'rna': 3 × 4, dense
            of input 'アクセス': 1 × 4, dense
        of condition: 1 row below the rest
          of NMF layer 'joint', k = 2
            of matrices that share one embedding
              of input 'rna': 3 × 4, dense
              of input 'アクセス': 1 × 4, dense
        factorNet makes a graph of it, which can be fitted"
    `);
    expect(printed([factorInput([[1, Number.NaN]], { name: hostile })])).toMatchInlineSnapshot(`
      "[
        Input '<img src=x onerror="alert(1)">': 1 × 2, dense
          factorNet makes a graph of it, which can be fitted
      ]"
    `);
    const untyped = { factorInput, nmfLayer, factorAdd } as unknown as Record<string, (...args: unknown[]) => object>; // as untyped callers have them
    expect(printed(untyped.nmfLayer(untyped.factorInput(3), 7))).toMatchInlineSnapshot(`
      "NMF layer undefined, k = undefined
        of input undefined: data that can't be used: a dense or CSC matrix, an ndarray or rows of numbers
        factorNet makes a graph of it, which can be fitted"
    `);
    expect(printed(untyped.factorAdd(joint, 'text', null))).toMatchInlineSnapshot(`
      "Embeddings, added up
        of NMF layer 'joint', k = 2
          of matrices that share one embedding
            of input 'rna': 3 × 4, dense
            of input 'アクセス': 1 × 4, dense
        of 'text', which is no node
        of null, which is no node
        factorNet makes a graph of it, which can be fitted"
    `);
    const deep = Array.from({ length: 40 }).reduce<object>((node, _, i) => untyped.factorAdd(node, untyped.nmfLayer(node, { name: `n${i}`, k: 2 })), joint); // biome-ignore format: one graph
    const lines = printed(deep).split('\n');
    expect(lines).toHaveLength(23);
    expect(lines[21]).toBe('  …');
  });

  test('a fit, one that was saved, a layer of it, and some of its factors', async () => {
    const fit = await fitted;
    expect(printed(fit)).toMatchInlineSnapshot(`
      "Fit of 1 layer to 2 inputs: loss 0.1437
        layer  method  k    loss  iterations
        joint  nmf     2  0.1437           5  not converged
        input      size  missing     loss  explained
        rna       3 × 4            0.1666     0.9953
        アクセス  1 × 4        1  0.05206     0.9888
        seed 1, reference, … s"
    `);
    const path = join(folder, 'fit.safetensors');
    await saveFit(fit, path);
    expect(printed(await loadFit(path))).toBe(printed(fit));
    expect(printed(fit.joint)).toMatchInlineSnapshot(`
      "NMF layer, k = 2: loss 0.1437, not converged in 5 iterations
        factor      d  strongest in rna                                          strongest in アクセス
             0  38.62  é (0.4652), 日本 (0.4647)                                 0 (0.07006)
             1  24.36  <img src=x onerror="alert(1)"> (0.6989), 日本 (0.004198)  0 (0.2969)
        W of rna 3 × 2, W of アクセス 1 × 2, H 2 × 4"
    `);
    expect(printed(fit.joint.subset([1]))).toMatchInlineSnapshot(`
      "1 factor
        factor      d  strongest in rna                                          strongest in アクセス
             0  24.36  <img src=x onerror="alert(1)"> (0.6989), 日本 (0.004198)  0 (0.2969)
        W of rna 3 × 1, W of アクセス 1 × 1, H 1 × 4"
    `);
  });

  test('a plain fit', async () => {
    expect(printed(await nmf(X, { k: 1, seed: 1, maxIter: 5, backend }))).toMatchInlineSnapshot(`
      "NMF layer, k = 1: loss 10.8, not converged in 5 iterations
        factor     d  strongest in
             0  42.6  0 (0.454), 1 (0.4537), 2 (0.09235)
        W 3 × 1, H 1 × 4
        explained 0.6935
        seed 1, reference, … s"
    `);
  });

  test('a PCA: what its axes explain about the means', async () => {
    const centred = printed(await pca(X, { k: 2, seed: 1, backend }));
    expect(centred).toMatch(/^ {2}variance 0\.\d+, 0\.\d+; together 0\.\d+$/m);
    expect(centred).toMatch(/^ {2}explained 0\.\d+, means included$/m);
    const plain = printed(await pca(X, { k: 2, seed: 1, backend, center: false }));
    expect(plain).not.toContain('variance');
    expect(plain).toMatch(/^ {2}explained 0\.\d+$/m);
  });

  test('matrices: shape, names, a corner', async () => {
    const fit = await fitted;
    expect(printed(fit.joint.W.rna)).toMatchInlineSnapshot(`
      "Matrix 3 × 2
                                             0         1
        日本                            0.4647  0.004198
        é                               0.4652         0
        <img src=x onerror="alert(1)">       0    0.6989"
    `);
    expect(printed(dense(1000, 1000))).toMatchInlineSnapshot(`
      "Matrix 1000 × 1000
           0  1  2  3  4  5  …
        0  0  0  0  0  0  0  …
        1  0  0  0  0  0  0  …
        2  0  0  0  0  0  0  …
        3  0  0  0  0  0  0  …
        4  0  0  0  0  0  0  …
        5  0  0  0  0  0  0  …
        …"
    `);
    const sparse = { kind: 'csc', rows: 2, cols: 2, indptr: [0, 1, 2], indices: [0, 1], values: [1, 4] } as const;
    expect(printed(tfidf(sparse))).toMatchInlineSnapshot(`
      "Sparse matrix with 2 entries, 2 × 2
               0      1
        0  1.405      0
        1      0  5.622"
    `);
    expect(printed(dense(0, 3))).toBe('Matrix 0 × 3');
    const sent = dense(1, 1);
    structuredClone(sent.data, { transfer: [sent.data.buffer as ArrayBuffer] });
    expect(printed(sent)).toContain('NaN');
    expect(printed(await fit.reconstruct('rna')).split('\n')[1]).toMatch(/^ +s1 +s2 +s3 +s4$/);
  });

  test('a sweep: before, after, and in its store', async () => {
    const sweep = graphSweep({
      params: { k: [1, 2] },
      layerFn: ({ k }) =>
        nmfLayer(factorInput(lowRank(8, 9, 2, 1), { name: 'rna' }), { name: 'parts', k, maxIter: 20 }),
      reps: 2,
    });
    expect(printed(sweep)).toMatchInlineSnapshot(`
      "Sweep of 2 points on 2 masks, seed 0
        hold out entries, 10% of rna 8×9
        fit, once for each mask
          nmf parts k=1  point 0  ≤ 4.41 k multiply-adds
        …
        run() fits its points, explain() shows its plan"
    `);
    const store = join(folder, 'sweep.db');
    const result = await sweep.run({ backend, store });
    expect(printed(result)).toMatchInlineSnapshot(`
      "Sweep of 2 points, 4 rows
        k = 2 has the lowest held-out error, 6.0745e-6, of 2 points on 2 masks; no simpler point is within one standard error of it; no larger k was tried.
        k   test loss       ± se  train loss   Δ to best       ± se
        2   6.0745e-6  1.9892e-6   1.7592e-6      0.0000     0.0000  best, simplest
        1  0.00020160  3.6508e-5   0.0021987  0.00019553  3.8497e-5"
    `);
    expect(printed(result.points)).toBe(printed(result).replace(/^.*\n.*/, '2 points'));
    expect(printed(result.rows)).toMatchInlineSnapshot(`
      "4 rows
        point  k  mask    test loss   train loss  iterations
            0  1     0    0.0001651     0.002204           9  converged
            1  2     0  0.000008064  0.000001911          20
            0  1     1    0.0002381     0.002193           9  converged
            1  2     1  0.000004085  0.000001607          20"
    `);
    expect(printed(await openSweep(store))).toBe(printed(result));
  });

  test('consensus, surveys, losses and trees', async () => {
    expect(printed(await consensusNmf(X, { k: 2, runs: 3, seed: 1, backend }))).toMatchInlineSnapshot(`
      "Consensus of 3 fits: 4 samples in 2 clusters
        cophenetic  dispersion  stability  least loss
                 1           1     0.9993      0.1663
        cluster  samples
              0        2
              1        2
        seeds 1 to 3"
    `);
    const survey = await rankSurvey(lowRank(8, 9, 2, 1), { k: [1, 2], reps: 2, backend });
    expect(printed(survey)).toBe(['Survey of 2 ranks: best 2, simplest 2', ...survey.table().split('\n')].join('\n  '));
    const choice = await chooseLoss(lowRank(8, 9, 2, 1), { k: 1, losses: ['mse', 'gamma'], backend });
    expect(printed(choice).split('\n')[0]).toBe(`Of 2 losses the best by BIC: ${choice.best}`);
    expect(printed(await dclust(X, { minSamples: 2, seed: 1, backend }))).toMatchInlineSnapshot(`
      "Tree of 2 clusters of 4 samples
        cluster  path  samples
              0  0           2
              1  1           2"
    `);
  });

  test('much: a few lines', async () => {
    let deep: Ref = factorInput(lowRank(4, 5, 2, 1), { name: 'rna' });
    for (let i = 0; i < 60; i++) deep = nmfLayer(deep as never, { name: `layer ${i}`, k: 1, maxIter: 1 }) as never;
    const net = factorNet(deep as never);
    const fit = await net.fit({ backend });
    for (const one of [
      net,
      fit,
      await crossValidateRank(lowRank(40, 41, 1, 1), {
        k: Array.from({ length: 40 }, (_, i) => i + 1),
        reps: 1,
        layer: { maxIter: 1 },
        backend,
      }),
    ]) {
      expect(printed(one)).toMatch(/^ {2}… \d+ more$/m);
      expect(printed(one).split('\n').length).toBeLessThan(30);
    }
    const wide = await nmf(lowRank(40, 30, 3, 1), { k: 30, maxIter: 1, backend });
    expect(printed(wide)).toContain('… and 10 more factors');
  });
});

describe('a look', () => {
  test('is a line where no more is wanted', async () => {
    const fit = await fitted;
    expect(inspect({ a: { fit } }, { depth: 0 })).toBe('{ a: [Object] }');
    expect(inspect({ a: { net } }, { depth: 1 })).toBe('{ a: { net: [Graph of 2 inputs and 1 layer] } }');
    expect(inspect([net], { depth: 0, colors: true })).toBe('[ \u001b[36m[Graph of 2 inputs and 1 layer]\u001b[39m ]');
    expect(inspect({ fit }, { depth: null }).split('\n')[1]).toMatch(/^ {2}fit: Fit of 1 layer/);
    expect(inspect(fit, { customInspect: false })).toContain('Float64Array');
  });

  test('is the same by what Deno calls, and under a prototype', () => {
    const deno: unknown = Reflect.get(net, Symbol.for('Deno.customInspect'));
    expect(typeof deno === 'function' && deno.call(net, inspect, { depth: 4 })).toBe(inspect(net));
    expect(inspect(Object.create(net))).toBe(inspect(net));
  });

  test('is seen by nothing that copies, compares or writes', async () => {
    const fit = await fitted;
    const { W, H } = await nmf(X, { k: 1, seed: 1, backend });
    const plain = (M: DenseMatrix) => ({ kind: 'dense', rows: M.rows, cols: M.cols, data: M.data });
    assert.deepStrictEqual(W, plain(W));
    expect(H).toStrictEqual(plain(H));
    expect(structuredClone(W)).toStrictEqual(W);
    expect(JSON.parse(JSON.stringify(W))).toEqual({ ...plain(W), data: Object.fromEntries(W.data.entries()) });
    expect(Object.keys(fit)).toEqual(['joint', 'summary']);
    expect(Object.getOwnPropertySymbols({ ...fit })).toEqual([]);
    expect(Object.getOwnPropertySymbols({ ...W })).toEqual([]);
  });

  test('in a notebook is a table in which names are text', async () => {
    const fit = await fitted;
    for (const one of [net, fit, fit.joint, fit.joint.W.rna]) {
      const bundle = await media(one);
      expect(Object.keys(bundle)).toEqual(['text/plain', 'text/html']);
      expect(bundle['text/plain']).toBe(inspect(one));
      expect(bundle['text/html']).toMatch(/^<div><p><b>.*<table>.*<\/table>.*<\/div>$/s);
      expect(bundle['text/html']).not.toContain('<img');
    }
    expect((await media(fit.joint.W.rna))['text/html']).toContain('&lt;img src=x onerror=&quot;alert(1)&quot;&gt;');
  });

  test('lets nothing out that changes a terminal, or ends a line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (title, cell) => {
        const look: Look = { title, body: [cell, { head: ['', cell], lines: [[cell, 'a']], words: [0] }] };
        const text = lookText(look);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
        expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e]/);
        expect(text.split('\n')).toHaveLength(4);
        const tags = [...lookHtml(look).matchAll(/<\/?(\w*)/g)].map(([, tag]) => tag);
        expect(new Set(tags)).toEqual(new Set(['div', 'p', 'b', 'table', 'thead', 'tbody', 'tr', 'th', 'td']));
      }),
    );
  });
});

describe('a table in text', () => {
  test('has its columns under one another, whatever letters there are', () => {
    expect(widthOf('日本 é e\u0301 👍🏽 ｱ한ア')).toBe(4 + 1 + 1 + 1 + 1 + 1 + 2 + 1 + 1 + 2 + 2);
    expect(
      textTable(
        ['', 'n'],
        [
          ['日本', '1'],
          ['é', '10'],
          ['e\u0301', '100'],
        ],
        [0],
      ),
    ).toBe(['        n', '日本    1', 'é      10', 'e\u0301     100'].join('\n'));
  });

  test('cuts cells to a width, and never within a letter', () => {
    expect(clipped('abcdef', 6)).toBe('abcdef');
    expect(clipped('abcdefg', 6)).toBe('abcde…');
    expect(clipped('日本語', 4)).toBe('日…');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 12 }), (text, most) => {
        expect(widthOf(clipped(text, most))).toBeLessThanOrEqual(Math.max(most, 1));
      }),
    );
  });
});
