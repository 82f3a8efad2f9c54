import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type MatrixInput,
  nmfLayer,
  svdLayer,
} from '../../src/index.js';
import { dense, toRows, transpose } from '../../src/matrix.js';
import { everyForm, meanSquare, product, rowMajor, scaled, single, sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';

const on = { backend: 'reference' } as const;
const Y = dense(6, 11, uniform(6, 11, 2).data.map(Math.fround));
const fitOf = (data: MatrixInput, options: { readonly orientation?: 'samples-by-features' } = {}) =>
  factorNet(nmfLayer(factorInput(data, { name: 'y', ...options }), { name: 'a', k: 2, precision: 'f64' }), {
    seed: 1,
  }).fit(on);

test('all accepted forms of a matrix give the same fit, bit for bit', async () => {
  const rows = toRows(Y);
  const narrow = Float32Array.from(Y.data);
  const one = await fitOf(Y);
  const forms: readonly MatrixInput[] = [
    rows,
    rows.map((row) => Float32Array.from(row)),
    { rows: 6, cols: 11, data: narrow },
    { rows: 6, cols: 11, order: 'rows', data: rows.flat() },
    { shape: [6, 11], stride: [11, 1], offset: 0, data: rows.flat() },
    { shape: [6, 11], strides: [1, 6], offset: 0, data: narrow },
    { shape: [6, 11], data: Float64Array.from(rows.flat()) },
    rowMajor(Y),
    single(rowMajor(Y)),
  ];
  for (const form of forms) expect((await fitOf(form)).a).toEqual(one.a);
  const samplesInRows = { orientation: 'samples-by-features' } as const;
  for (const form of [toRows(transpose(Y)), transpose(Y), rowMajor(transpose(Y)), single(transpose(Y))])
    expect((await fitOf(form, samplesInRows)).a).toEqual(one.a);
});

test('row-major data is what its column-major copy is, dense or sparse of either width, for every kind of layer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), fc.constantFrom('f32', 'f64'), async (seed, precision) => {
      const Z = dense(3, 8, uniform(3, 8, seed).data.map(Math.fround));
      const X = dense(5, 8, uniform(5, 8, seed + 1).data.map(Math.fround));
      const fitted = (x: MatrixInput, z: MatrixInput) => {
        const data = factorCondition(factorInput(x, { name: 'x' }), z);
        const parts = factorShared(nmfLayer(data, { name: 'a', k: 2, precision }), svdLayer(data, { name: 's', k: 2 }));
        return factorNet(nmfLayer(parts, { name: 't', k: 2 }), { seed: 1 }).fit(on);
      };
      const { summary: _, ...expected } = await fitted(X, Z);
      for (const [x, z] of [
        [rowMajor(X), Z],
        [single(X), rowMajor(Z)],
        [single(rowMajor(X)), single(rowMajor(Z))],
      ]) {
        const { summary: __, ...layers } = await fitted(x, z);
        expect(layers).toEqual(expected);
      }
    }),
    runs(10),
  );
});

describe('numbers of 32 bits', () => {
  const low = { k: 3, maxIter: 50, tol: 0 } as const;

  test('data held in them is fitted in them: close to 64 bits, and results are 64 bits wide', async () => {
    const wide = scaled(uniform(30, 20, 5), 3);
    for (const form of [single(wide), single(rowMajor(wide)), single(sparse(30, 20, 5))]) {
      const x = factorInput(form, { name: 'x' });
      const { a, summary } = await factorNet(nmfLayer(x, { name: 'a', ...low }), { seed: 1 }).fit(on);
      const { a: exact } = await factorNet(nmfLayer(x, { name: 'a', ...low, precision: 'f64' }), { seed: 1 }).fit(on);
      for (const values of [a.W.data, a.d, a.H.data]) expect(values).toBeInstanceOf(Float64Array);
      expect(a.loss / meanSquare(form, product(a))).toBeCloseTo(1, 5);
      expect(summary.loss / meanSquare(form, product(a))).toBeCloseTo(1, 9);
      expect(a.loss / exact.loss).toBeCloseTo(1, 2);
      expect(a.d).not.toEqual(exact.d);
    }
  });

  test('at both ends of the range that they are let into', async () => {
    for (const size of [0.9e15, 1.1e-15]) {
      const X = scaled(uniform(12, 9, 5), size);
      const x = factorInput(single(X), { name: 'x' });
      for (const solver of ['hals', 'mu', 'bpp', 'cholesky'] as const) {
        const net = factorNet(nmfLayer(x, { name: 'a', k: 3, solver }), { seed: 1 });
        expect(net.explain()).toContain('f32');
        const { a, summary } = await net.fit(on);
        expect(summary.inputs.x.explained).toBeGreaterThan(0.8);
        expect(a.loss / meanSquare(X, product(a))).toBeCloseTo(1, 3);
      }
    }
  });
});

test('less memory, the same bits', async () => {
  for (const [X, k] of [
    [sparse(30, 40, 3), 3],
    [sparse(56, 38, 4), 64],
    [sparse(500, 400, 5), 10],
  ] as const) {
    const net = factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k, maxIter: 10 }), { seed: 1 });
    for (const backend of k === 3 ? (['reference', 'auto'] as const) : (['auto'] as const)) {
      const [low, normal] = [await net.fit({ backend, memory: 'low' }), await net.fit({ backend, memory: 'normal' })];
      expect(low.a).toEqual(normal.a);
    }
  }
});

test('every form of one matrix, by every solver: losses that the factors have', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(1000), fc.constantFrom('hals', 'mu', 'bpp', 'cholesky'), async (seed, solver) => {
      const [first, ...others] = everyForm(uniform(7, 9, seed));
      const fitted = async (data: MatrixInput) =>
        (await factorNet(nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 2, solver }), { seed }).fit(on)).a;
      const one = await fitted(first);
      for (const form of others) {
        const other = await fitted(form);
        expect(meanSquare(form, product(other)) / other.loss).toBeCloseTo(1, 4);
        expect(other.loss).toBeLessThan(one.loss * 1.5);
      }
    }),
    runs(15),
  );
});
