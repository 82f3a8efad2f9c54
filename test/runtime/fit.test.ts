import { describe, expect, test } from 'vitest';
import {
  column,
  type DenseMatrix,
  entry,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  nmfLayer,
  row,
  svdLayer,
  toRows,
} from '../../src/index.js';
import { reference } from '../../src/kernels/reference.js';
import { addScaled, dense, scaleRows, stackDense, toCsc, transpose } from '../../src/matrix.js';
import { randomStart } from '../../src/runtime/starts.js';
import { nmfArgs } from '../support/arguments.js';
import { uniform } from '../support/matrices.js';

const on = { backend: 'reference' } as const;
const X = uniform(14, 11, 1);
const Y = uniform(6, 11, 2);
const x = factorInput(X, { name: 'x' });
const y = factorInput(Y, { name: 'y' });

/** The kernel called by hand, as the layer with this stream would call it. */
async function byHand(data: DenseMatrix, k: number, stream: number, seed = 3) {
  const start = await randomStart(data.rows, data.cols, k, seed, stream);
  return reference.nmf(nmfArgs([data], start));
}
const embedding = (fit: { d: Float64Array; H: DenseMatrix }) => scaleRows(fit.H, fit.d);

describe('a graph equals calling the kernels by hand, bit for bit', () => {
  test('one layer', async () => {
    const fit = await factorNet(nmfLayer(x, { name: 'a', k: 3 }), { seed: 3 }).fit(on);
    const hand = await byHand(X, 3, 0);
    expect(fit.a.W).toEqual(hand.W);
    expect(fit.a.d).toEqual(hand.d);
    expect(fit.a.H).toEqual(hand.H);
    expect(fit.a.loss).toBe(hand.loss);
    expect(fit.a.history.map(({ loss }) => loss)).toEqual([...hand.history.loss]);
  });

  test('shared inputs: the stacked matrix, W cut by modality', async () => {
    const fit = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), { seed: 3 }).fit(on);
    const hand = await byHand(stackDense([X, Y]), 3, 0);
    expect(stackDense([fit.a.W.x, fit.a.W.y])).toEqual(hand.W);
    expect(fit.a.H).toEqual(hand.H);
  });

  test('a chain: the scaled embedding is the next input', async () => {
    const chain = x.nmfLayer({ name: 'a', k: 5 }).nmfLayer({ name: 'b', k: 3 }).nmfLayer({ name: 'c', k: 2 });
    const fit = await factorNet(chain, { seed: 3 }).fit(on);
    const a = await byHand(X, 5, 0);
    const b = await byHand(embedding(a), 3, 1);
    const c = await byHand(embedding(b), 2, 2);
    expect(fit.c.W).toEqual(c.W);
    expect(fit.c.H).toEqual(c.H);
    expect([fit.b.W.rows, fit.b.W.cols, fit.c.H.cols]).toEqual([5, 3, 11]);
  });

  test('a normalized embedding is H alone', async () => {
    const top = nmfLayer(x.nmfLayer({ name: 'a', k: 5 }), { name: 'b', k: 3, embedding: 'normalized' });
    const fit = await factorNet(top, { seed: 3 }).fit(on);
    const a = await byHand(X, 5, 0);
    expect(fit.b.H).toEqual((await byHand(a.H, 3, 1)).H);
  });

  test('branches: concatenated, summed, conditioned', async () => {
    const a = nmfLayer(x, { name: 'a', k: 3 });
    const b = nmfLayer(y, { name: 'b', k: 3 });
    const Z = uniform(2, 11, 9);
    const [handA, handB] = [await byHand(X, 3, 0), await byHand(Y, 3, 1)];
    const [A, B] = [embedding(handA), embedding(handB)];
    const concat = await factorNet(nmfLayer(factorConcat(a, b), { name: 't', k: 2 }), { seed: 3 }).fit(on);
    expect(concat.t.H).toEqual((await byHand(stackDense([A, B]), 2, 2)).H);
    const sum = await factorNet(nmfLayer(factorAdd(a, b), { name: 't', k: 2 }), { seed: 3 }).fit(on);
    expect(sum.t.H).toEqual((await byHand(addScaled(A, B), 2, 2)).H);
    const conditioned = await factorNet(nmfLayer(factorCondition(a, Z), { name: 't', k: 2 }), { seed: 3 }).fit(on);
    const hand = await byHand(stackDense([A, Z]), 2, 1);
    expect(stackDense([conditioned.t.W, conditioned.t.Wcondition])).toEqual(hand.W);
  });

  test('conditions inside a concat: their rows are gathered in Wcondition', async () => {
    const [a, b] = [nmfLayer(x, { name: 'a', k: 2 }), nmfLayer(y, { name: 'b', k: 3 })];
    const [Z1, Z2] = [uniform(2, 11, 8), uniform(1, 11, 9)];
    const output = nmfLayer(factorCondition(factorConcat(factorCondition(a, Z1), b), Z2), { name: 't', k: 2 });
    const fit = await factorNet(output, { seed: 3 }).fit(on);
    const hand = await byHand(
      stackDense([embedding(await byHand(X, 2, 0)), Z1, embedding(await byHand(Y, 3, 1)), Z2]),
      2,
      2,
    );
    const rows = (M: DenseMatrix, list: readonly number[]) =>
      list.map((i) => Array.from({ length: M.cols }, (_, r) => M.data[i + r * M.rows]));
    expect(rows(fit.t.W, [0, 1, 2, 3, 4])).toEqual(rows(hand.W, [0, 1, 4, 5, 6]));
    expect(rows(fit.t.Wcondition, [0, 1, 2])).toEqual(rows(hand.W, [2, 3, 7]));
  });
});

test('every modality is fitted: without one of them H is another', async () => {
  const joint = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), { seed: 3 }).fit(on);
  const zero = factorInput(dense(6, 11), { name: 'y' });
  const without = await factorNet(nmfLayer(factorShared(x, zero), { name: 'a', k: 3 }), { seed: 3 }).fit(on);
  expect(without.a.H).not.toEqual(joint.a.H);
  expect(without.a.W.y.data.every((value) => value === 0)).toBe(true);
});

test('a layer can be a modality', async () => {
  const a = nmfLayer(x, { name: 'a', k: 4 });
  const fit = await factorNet(nmfLayer(factorShared(y, a), { name: 'm', k: 3 }), { seed: 1 }).fit(on);
  expect([fit.m.W.y.rows, fit.m.W.a.rows, fit.m.H.rows]).toEqual([6, 4, 3]);
});

describe('seeds', () => {
  const net = (seed?: number, names = ['a', 'b']) =>
    factorNet(
      nmfLayer(nmfLayer(x, { name: names[0], k: 4 }), { name: names[1], k: 2 }),
      seed === undefined ? {} : { seed },
    );
  const bits = (fit: object) => JSON.stringify(Object.values(fit).map((layer: { H?: DenseMatrix }) => layer.H));

  test('one seed, one result; another seed, another', async () => {
    const [one, again, other] = await Promise.all([net(1).fit(on), net(1).fit(on), net(2).fit(on)]);
    expect(bits(again)).toBe(bits(one));
    expect(bits(other)).not.toBe(bits(one));
  });

  test('names change nothing', async () => {
    expect(bits(await net(1, ['p', 'q']).fit(on))).toBe(bits(await net(1).fit(on)));
  });

  test('without a seed one is drawn, recorded, and gives the fit again', async () => {
    const unseeded = net();
    const [first, second] = [await unseeded.fit(on), await unseeded.fit(on)];
    expect(second.summary.seed).not.toBe(first.summary.seed);
    expect(bits(await net(first.summary.seed).fit(on))).toBe(bits(first));
  });

  test('seeds beyond 32 bits are not cut off', async () => {
    expect(bits(await net(2 ** 40 + 5).fit(on))).not.toBe(bits(await net(5).fit(on)));
  });

  test("a layer's own seed goes before the graph's", async () => {
    const layer = (seed: number) => nmfLayer(x, { name: 'a', k: 4, seed });
    expect(bits(await factorNet(layer(7), { seed: 1 }).fit(on))).toBe(
      bits(await factorNet(layer(7), { seed: 2 }).fit(on)),
    );
  });
});

test('results can not be changed, and print without their methods', async () => {
  const fit = await factorNet(nmfLayer(x, { name: 'a', k: 2 })).fit(on);
  expect(Object.isFrozen(fit) && Object.isFrozen(fit.a) && Object.isFrozen(fit.summary)).toBe(true);
  expect(Object.keys(fit)).toEqual(['a', 'summary']);
});

test('an SVD layer reports what it took out, by modality', async () => {
  const fit = await factorNet(svdLayer(factorShared(x, y), { name: 's', k: 2, center: true, scale: true })).fit(on);
  const mean = (M: DenseMatrix, i: number) =>
    Array.from({ length: M.cols }, (_, j) => M.data[i + j * M.rows]).reduce((sum, v) => sum + v, 0) / M.cols;
  expect(fit.s.center.y?.[4]).toBeCloseTo(mean(Y, 4), 14);
  expect(fit.s.scale.x?.length).toBe(14);
  expect(fit.s.method).toBe('svd');
});

test('unsorted sparse columns are put in order', async () => {
  const sorted = { kind: 'csc', rows: 3, cols: 2, indptr: [0, 2, 3], indices: [0, 2, 1], values: [1, 2, 3] } as const;
  const unsorted = { ...sorted, indices: new Int32Array([2, 0, 1]), values: [2, 1, 3] };
  const fits = await Promise.all(
    [sorted, unsorted].map((form) =>
      factorNet(nmfLayer(factorInput(form, { name: 'y' }), { name: 'a', k: 1 }), { seed: 1 }).fit(on),
    ),
  );
  expect(fits[1].a).toEqual(fits[0].a);
  expect(() =>
    factorNet(nmfLayer(factorInput({ ...sorted, indices: [0, 0, 1] }, { name: 'y' }), { name: 'a', k: 1 })),
  ).toThrow(/lists an entry once/);
});

test('a condition may have its samples in rows', async () => {
  const Z = uniform(2, 11, 9);
  const turned = toRows(transpose(Z));
  const conditioned = (condition: ReturnType<typeof factorCondition<typeof x>>) =>
    factorNet(nmfLayer(condition, { name: 'a', k: 2 }), { seed: 1 }).fit(on);
  const one = await conditioned(factorCondition(x, Z));
  expect((await conditioned(factorCondition(x, turned, { orientation: 'samples-by-features' }))).a).toEqual(one.a);
  expect((await conditioned(x.factorCondition(turned, { orientation: 'samples-by-features' }))).a).toEqual(one.a);
});

test('notes of the plan come with the fit', async () => {
  const fit = await factorNet(svdLayer(x, { name: 'a', k: 12 }), { seed: 1 }).fit(on);
  expect(fit.summary.notes).toEqual([
    'a: k=12 is more than a 14×11 matrix can need; σ and the vectors beyond it are zero',
  ]);
});

test('matrices are read by row, column and entry', () => {
  expect(toRows(Y)[2]).toEqual([...row(Y, 2)]);
  expect(row(Y, 2)[3]).toBe(entry(Y, 2, 3));
  expect(column(Y, 3)[2]).toBe(entry(Y, 2, 3));
  expect(entry(toCsc(Y), 2, 3)).toBe(entry(Y, 2, 3));
});
