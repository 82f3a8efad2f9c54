import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type LayerRef,
  loadFit,
  type Matrix,
  nmfLayer,
  type Ref,
  saveFit,
  svdLayer,
} from '../../src/index.js';
import { dense, toCsc, transpose } from '../../src/matrix.js';
import { rowMajor, single, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';

/** Columns by hand, with NaN where there is none. */
function columnsOf(A: DenseMatrix, from: readonly number[]): DenseMatrix {
  const out = dense(A.rows, from.length);
  for (const [j, source] of from.entries())
    for (let i = 0; i < A.rows; i++) out.data[i + j * A.rows] = source < 0 ? Number.NaN : A.data[i + source * A.rows];
  return out;
}
const names = (letters: string): readonly string[] => [...letters];
const placesOf = (own: readonly string[], wanted: readonly string[]) => wanted.map((name) => own.indexOf(name));

/** A fit without what differs from run to run. */
async function fitted(output: Ref, backend: 'reference' | 'auto') {
  // The types of a graph of any shape don't say that its output is a layer.
  const fit = await factorNet(output as LayerRef<'a'>, { seed: 4, maxIter: 30 }).fit({ backend });
  const { summary, ...layers } = fit;
  const bare = JSON.parse(JSON.stringify(layers, (key, value) => (/^(row|col)Names$/.test(key) ? undefined : value)));
  return { fit, bare, summary: { ...summary, seconds: 0 } };
}

/** Two lists of names that overlap, in any order. */
const lists = fc
  .record({
    a: fc.shuffledSubarray([...'abcdefgh'], { minLength: 3 }),
    b: fc.shuffledSubarray([...'abcdefgh'], { minLength: 3 }),
  })
  .filter(({ a, b }) => a.some((name) => b.includes(name)));
const forms: readonly ((A: DenseMatrix) => Matrix)[] = [(A) => A, rowMajor, toCsc, (A) => single(toCsc(A)), single];

describe.each(['reference', 'auto'] as const)('samples by name, on the %s kernels', (backend) => {
  test('a union is the fit of matrices that were aligned by hand, absent samples missing, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(100), fc.nat(forms.length - 1), async ({ a, b }, seed, form) => {
        const [X, Y] = [uniform(5, a.length, seed), uniform(4, b.length, seed + 1)];
        const all = [...new Set([...a, ...b])];
        const [byHandX, byHandY] = [columnsOf(X, placesOf(a, all)), columnsOf(Y, placesOf(b, all))];
        const shared = factorShared(
          factorInput(forms[form](X), { name: 'x', sampleNames: a }),
          factorInput(Y, { name: 'y', sampleNames: b }),
          { samples: 'union' },
        );
        const one = await fitted(nmfLayer(shared, { name: 'a', k: 2 }), backend);
        const two = await fitted(
          nmfLayer(
            factorShared(factorInput(forms[form](byHandX), { name: 'x' }), factorInput(byHandY, { name: 'y' })),
            {
              name: 'a',
              k: 2,
            },
          ),
          backend,
        );
        expect(one.bare).toEqual(two.bare);
        expect(one.summary).toEqual(two.summary);
        expect(one.fit.a.H.colNames).toEqual(all);
        const estimate = await one.fit.reconstruct('y' as never);
        expect(estimate.colNames).toEqual(all);
        expect(estimate.data).toEqual((await two.fit.reconstruct('y' as never)).data);
        // New samples come in one order, whatever that of the fit was.
        const fresh = { x: uniform(5, 3, 7), y: uniform(4, 3, 8) };
        expect(await one.fit.project(fresh as never)).toEqual(await two.fit.project(fresh as never));
      }),
      runs(12),
    );
  });

  test('an intersection is the fit of columns that were picked by hand, bit for bit', async () => {
    await fc.assert(
      fc.asyncProperty(lists, fc.nat(100), fc.nat(forms.length - 1), async ({ a, b }, seed, form) => {
        const [X, Y] = [uniform(5, a.length, seed), uniform(4, b.length, seed + 1)];
        const common = a.filter((name) => b.includes(name));
        const one = await fitted(
          factorShared(
            factorInput(forms[form](X), { name: 'x', sampleNames: a }),
            factorInput(Y, { name: 'y', sampleNames: b }),
            { samples: 'intersection' },
          ).nmfLayer({ name: 'a', k: 2 }),
          backend,
        );
        const two = await fitted(
          factorShared(
            factorInput(forms[form](columnsOf(X, placesOf(a, common))), { name: 'x' }),
            factorInput(columnsOf(Y, placesOf(b, common)), { name: 'y' }),
          ).nmfLayer({ name: 'a', k: 2 }),
          backend,
        );
        expect(one.bare).toEqual(two.bare);
        expect(one.summary).toEqual(two.summary);
        expect(one.fit.a.H.colNames).toEqual(common);
      }),
      runs(12),
    );
  });

  test('other names, the same bits', async () => {
    const layer = (rename: (name: string) => string) =>
      factorShared(
        factorInput(uniform(5, 6, 1), { name: 'x', sampleNames: names('abcdef').map(rename) }),
        factorInput(uniform(4, 5, 2), { name: 'y', sampleNames: names('gacbd').map(rename) }),
        { samples: 'union' },
      ).nmfLayer({ name: 'a', k: 2 });
    const one = await fitted(
      layer((name) => name),
      backend,
    );
    expect(
      (
        await fitted(
          layer((name) => `${name}?`),
          backend,
        )
      ).bare,
    ).toEqual(one.bare);
  });
});

test('a sparse matrix lists what it lacks, unless what is not listed is missing; so do masks and turned data', async () => {
  const A = dense(3, 3, Float64Array.of(1, 0, 2, 0, 3, 0, 4, 5, 6));
  const y = factorInput(uniform(2, 4, 1), { name: 'y', sampleNames: names('dcba') });
  const layers = (data: Matrix, more: object = {}) =>
    factorNet(
      nmfLayer(
        factorShared(y, factorInput(data, { name: 'x', sampleNames: names('abc'), ...more }), { samples: 'union' }),
        {
          name: 'a',
          k: 1,
        },
      ),
      { seed: 1 },
    );
  const missing = (net: ReturnType<typeof layers>) => net.plan.prepare.find((step) => step.op === 'align');
  expect(missing(layers(toCsc(A)))).toMatchObject({ from: [-1, 2, 1, 0], missing: 3 });
  expect(missing(layers({ ...toCsc(A), unlisted: 'missing' }))).toMatchObject({ missing: 3 + 3 });
  expect(missing(layers(A, { mask: 'zeros' }))).toMatchObject({ missing: 3 + 3 });
  const asRows = layers(transpose(A), { orientation: 'samples-by-features' });
  const [one, two] = [await layers(A).fit(), await asRows.fit()];
  expect(two.a.H).toEqual(one.a.H);
  const sparse = await layers(toCsc(A)).fit();
  expect(sparse.a.loss / one.a.loss).toBeCloseTo(1, 9);
  expect(sparse.summary.inputs.x).toMatchObject({ rows: 3, cols: 4, missing: 3 });
});

test('names travel to all that has rows or columns of their own', async () => {
  const [genes, cells] = [names('ABCDE'), names('abcdef')];
  const x = factorInput(uniform(5, 6, 1), { name: 'x', featureNames: genes, sampleNames: cells });
  const y = factorInput(uniform(4, 6, 2), { name: 'y', sampleNames: cells });
  const joint = nmfLayer(factorShared(x, y), { name: 'joint', k: 3 });
  const top = nmfLayer(factorCondition(joint, uniform(1, 6, 3)), { name: 'top', k: 2 });
  const fit = await factorNet(factorConcat(top, svdLayer(x, { name: 'axes', k: 2 })), { seed: 1 }).fit();
  const { x: Wx, y: Wy } = fit.joint.W;
  expect([Wx.rowNames, Wx.colNames, Wy.rowNames, fit.joint.H.colNames]).toEqual([genes, undefined, undefined, cells]);
  expect([fit.top.W.rowNames, fit.top.Wcondition.rowNames, fit.top.H.colNames]).toEqual([undefined, undefined, cells]);
  expect([fit.axes.W.rowNames, fit.axes.H.colNames, fit.axes.H.rowNames]).toEqual([genes, cells, undefined]);
  const part = await fit.reconstruct('x', { features: [2, 0], samples: [5, 5, 1], through: 'top' });
  expect([part.rowNames, part.colNames]).toEqual([names('CA'), names('ffb')]);
  expect((await fit.loadings('top')).x?.rowNames).toEqual(genes);
  expect(Object.keys((await fit.loadings('top')).y ?? {})).not.toContain('rowNames');
  // What is stacked with samples that have no names, by place, has none.
  const bare = factorInput(uniform(4, 6, 2), { name: 'y' });
  const mixed = await factorNet(nmfLayer(factorShared(x, bare), { name: 'a', k: 2 }), { seed: 1 }).fit();
  expect([mixed.a.H.colNames, mixed.a.W.x.rowNames]).toEqual([undefined, genes]);
});

test('names are taken as they are when they are given', async () => {
  const cells = ['a', 'b', 'c'];
  const x = factorInput(uniform(4, 3, 1), { name: 'x', sampleNames: cells });
  cells[0] = 'z';
  expect((await factorNet(nmfLayer(x, { name: 'a', k: 1 }), { seed: 1 }).fit()).a.H.colNames).toEqual(['a', 'b', 'c']);
});

test('a layer may be stacked by name where it has the samples in the order wanted', async () => {
  const x = factorInput(uniform(5, 4, 1), { name: 'x', sampleNames: names('abcd') });
  const y = factorInput(uniform(4, 3, 2), { name: 'y', sampleNames: names('dba') });
  const shared = factorShared(nmfLayer(x, { name: 'below', k: 2 }), y, { samples: 'union' });
  const fit = await factorNet(nmfLayer(shared, { name: 'a', k: 2 }), { seed: 1 }).fit();
  expect([fit.a.H.colNames, fit.a.W.below.rows, fit.summary.inputs.y.missing]).toEqual([names('abcd'), 2, 4]);
});

test('an input that is stacked by name, and read on its own elsewhere, keeps its own order there', async () => {
  const [X, Y, Z] = [uniform(5, 4, 1), uniform(4, 4, 2), uniform(3, 4, 3)];
  const x = factorInput(X, { name: 'x', sampleNames: names('abcd') });
  const y = factorInput(Y, { name: 'y', sampleNames: names('dbca') });
  const z = factorInput(Z, { name: 'z' });
  const joint = nmfLayer(factorShared(x, y, { samples: 'intersection' }), { name: 'joint', k: 2 });
  // By place: z has no names.
  const alone = nmfLayer(factorShared(y, z), { name: 'alone', k: 2 });
  const net = factorNet(nmfLayer(factorConcat(joint, alone), { name: 'top', k: 2 }), { seed: 3 });
  const fit = await net.fit();
  const own = await factorNet(
    nmfLayer(factorShared(factorInput(Y, { name: 'y' }), z), { name: 'alone', k: 2, seed: 9 }),
  ).fit();
  const same = await factorNet(
    nmfLayer(
      factorConcat(
        nmfLayer(factorShared(x, y, { samples: 'intersection' }), { name: 'joint', k: 2 }),
        nmfLayer(factorShared(y, z), { name: 'alone', k: 2, seed: 9 }),
      ),
      { name: 'top', k: 2 },
    ),
  ).fit();
  expect(same.alone.W.y.data).toEqual(own.alone.W.y.data);
  expect(same.alone.H.data).toEqual(own.alone.H.data);
  expect(net.plan.prepare.filter((step) => step.op === 'load')).toHaveLength(3);
  expect(fit.summary.inputs.y).toMatchObject({ rows: 4, cols: 4, missing: 0 });
  // As given, from the output and through the layer that reads it so; as aligned through the other.
  expect((await fit.reconstruct('y')).colNames).toEqual(names('dbca'));
  expect((await fit.reconstruct('y', { through: 'joint' })).colNames).toEqual(names('abcd'));
  for (const values of Object.values(await fit.explained('joint')))
    expect([...values].every(Number.isFinite)).toBe(true);
});

test('the plan says how many samples are absent where, and how many are left out', () => {
  const x = factorInput(uniform(5, 4, 1), { name: 'x', sampleNames: names('abcd') });
  const y = factorInput(uniform(4, 4, 2), { name: 'y', sampleNames: names('edfb') });
  const text = (samples: 'union' | 'intersection') =>
    factorNet(nmfLayer(factorShared(x, y, { samples }), { name: 'a', k: 1 }), { seed: 1 }).explain();
  expect(text('union').split('\n').slice(0, 7)).toEqual([
    '2 inputs, 1 layer, 6 samples; seed 1',
    'prepare',
    '  %0 = load x   5×4 dense, 160 B',
    '  %1 = load y   4×4 dense, 128 B',
    '  %2 = align %0   5×6, samples by name, 2 absent',
    '  %3 = align %1   4×6, samples by name, 2 absent',
    '  %4 = stackRows %2 %3   9×6, no copy',
  ]);
  expect(text('intersection')).toContain('%2 = align %0   5×2, samples by name, 2 left out');
  const plain = factorShared(x, factorInput(uniform(4, 4, 2), { name: 'y', sampleNames: names('abcd') }));
  expect(factorNet(nmfLayer(plain, { name: 'a', k: 1 })).explain()).not.toContain('align');
});

describe('a saved fit', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'names-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('has its names', async () => {
    const x = factorInput(uniform(5, 4, 1), { name: 'x', sampleNames: names('abcd'), featureNames: names('ABCDE') });
    const y = factorInput(uniform(4, 4, 2), { name: 'y', sampleNames: names('edfb') });
    const net = factorNet(nmfLayer(factorShared(x, y, { samples: 'union' }), { name: 'a', k: 2 }), { seed: 1 });
    const fit = await net.fit();
    const path = join(folder, 'fit');
    await saveFit(fit, path);
    const read = await loadFit(path);
    expect(read.layers.a).toEqual(fit.a);
    expect(read.layers.a.H.colNames).toEqual(names('abcdef'));
    expect(await read.reconstruct('x')).toEqual(await fit.reconstruct('x'));
    expect((await read.reconstruct('x')).rowNames).toEqual(names('ABCDE'));
    const fresh = { x: uniform(5, 2, 5) };
    expect(await read.project(fresh)).toEqual(await fit.project(fresh));
    // The hashes are those of the data that were given.
    const alone = await factorNet(nmfLayer(x, { name: 'a', k: 1 })).fit();
    await saveFit(alone, path);
    expect((await loadFit(path)).inputs[0]).toEqual(read.inputs[0]);
  });
});
