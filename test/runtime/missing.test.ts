import { describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type LayerRef,
  type MaskInput,
  nmfLayer,
  type Ref,
} from '../../src/index.js';
import { toMaskedMatrix } from '../../src/mask.js';
import { dense, toCsc } from '../../src/matrix.js';
import { rowMajor, single, uniform } from '../support/matrices.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

const [m, n] = [14, 11];
const X = uniform(m, n, 1);
const Y = uniform(6, n, 2);
const Z = uniform(2, n, 3);

/** About a fifth of the entries; never a whole row or column. */
const hidden = (rows: number) =>
  Array.from({ length: rows * n }, (_, p) => p).filter((p) => p % 5 === 2 && p % rows !== Math.floor(p / rows) % rows);
const entriesOf = (rows: number): MaskInput => ({
  features: hidden(rows).map((p) => p % rows),
  samples: hidden(rows).map((p) => Math.floor(p / rows)),
});
const withHidden = (A: DenseMatrix, value: (p: number) => number): DenseMatrix => {
  const places = new Set(hidden(A.rows));
  return dense(
    A.rows,
    A.cols,
    A.data.map((x, p) => (places.has(p) ? value(p) : x)),
  );
};
const noisy = (A: DenseMatrix) => withHidden(A, (p) => 1000 + p);
const holes = (A: DenseMatrix) => withHidden(A, () => Number.NaN);
const inputs = (A: DenseMatrix, B: DenseMatrix) => ({
  x: factorInput(A, { name: 'x', mask: entriesOf(A.rows) }),
  y: factorInput(toCsc(B), { name: 'y', mask: entriesOf(B.rows) }),
});

/** Graphs of every shape over two masked inputs. */
const shapes: Record<string, (given: ReturnType<typeof inputs>) => Ref> = {
  'one layer': ({ x }) => nmfLayer(x, { name: 'a', k: 3 }),
  sparse: ({ y }) => nmfLayer(y, { name: 'a', k: 3 }),
  shared: ({ x, y }) => nmfLayer(factorShared(x, y), { name: 'a', k: 3 }),
  deep: ({ x }) => nmfLayer(nmfLayer(x, { name: 'a', k: 4 }), { name: 'b', k: 2 }),
  concat: ({ x, y }) =>
    nmfLayer(factorConcat(nmfLayer(x, { name: 'a', k: 3 }), nmfLayer(y, { name: 'b', k: 2 })), { name: 'c', k: 2 }),
  conditioned: ({ x }) => nmfLayer(factorCondition(x, Z), { name: 'a', k: 3 }),
};

describe.each(['reference', 'auto'] as const)('missing entries in a graph, on the %s kernels', (backend) => {
  const fitted = async (output: Ref) => {
    // The types of a graph of any shape don't say that its output is a layer.
    const { summary, ...layers } = await factorNet(output as LayerRef<'a'>, { seed: 4 }).fit({ backend });
    return { ...layers, summary: { ...summary, seconds: 0 } };
  };

  test.each(Object.keys(shapes))('what a mask hides reaches nothing, bit for bit: %s', async (shape) => {
    const one = await fitted(shapes[shape](inputs(X, Y)));
    expect(await fitted(shapes[shape](inputs(noisy(X), noisy(Y))))).toEqual(one);
    expect(Number.isFinite(one.summary.loss)).toBe(true);
  });

  test('losses are means over what is known, and say how much is not', async () => {
    const { x, y } = inputs(X, Y);
    const net = factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), { seed: 4 });
    const result = await net.fit({ backend });
    const known = { x: m * n - hidden(m).length, y: 6 * n - hidden(6).length };
    let squares = 0;
    for (const [name, A] of [
      ['x', X],
      ['y', Y],
    ] as const) {
      const estimate = await result.reconstruct(name);
      const places = new Set(hidden(A.rows));
      const sum = A.data.reduce((total, v, p) => total + (places.has(p) ? 0 : (v - estimate.data[p]) ** 2), 0);
      const size = A.data.reduce((total, v, p) => total + (places.has(p) ? 0 : v ** 2), 0);
      expect(result.summary.inputs[name].missing).toBe(hidden(A.rows).length);
      expect(result.summary.inputs[name].loss / (sum / known[name])).toBeCloseTo(1, 9);
      expect(result.summary.inputs[name].explained).toBeCloseTo(1 - sum / size, 9);
      squares += sum;
    }
    expect(result.summary.loss / (squares / (known.x + known.y))).toBeCloseTo(1, 9);
    expect(result.a.loss / result.summary.loss).toBeCloseTo(1, 9);
    expect(net.explain()).toContain(`${hidden(m).length} entries missing`);
  });

  test('NaN, a mask of entries and a mask of ones say the same', async () => {
    const ones = withHidden(dense(m, n), () => 1);
    const layer = (data: Parameters<typeof factorInput>[0], mask?: MaskInput) =>
      fitted(nmfLayer(factorInput(data, { name: 'x', mask }), { name: 'a', k: 3 }));
    const one = await layer(holes(X));
    const same = [layer(X, entriesOf(m)), layer(X, ones), layer(X, toCsc(ones)), layer(rowMajor(noisy(X)), ones)];
    for (const other of await Promise.all(same)) expect(other).toEqual(one);
    const sparse = await layer(toCsc(X), ones);
    expect(sparse.summary.loss / one.summary.loss).toBeCloseTo(1, 9);
  });

  test("mask: 'zeros' makes zeros missing, listed or not", async () => {
    const A = withHidden(X, () => 0);
    const layer = (data: Parameters<typeof factorInput>[0]) =>
      fitted(nmfLayer(factorInput(data, { name: 'x', mask: 'zeros' }), { name: 'a', k: 3 }));
    const one = await fitted(nmfLayer(factorInput(holes(X), { name: 'x' }), { name: 'a', k: 3 }));
    expect(await layer(A)).toEqual(one);
    const explicit = { ...toCsc(X), values: X.data.map((x, p) => (hidden(m).includes(p) ? 0 : x)) };
    for (const data of [toCsc(A), single(toCsc(A)), explicit]) {
      const other = await layer(data);
      expect(Math.abs(other.summary.loss / one.summary.loss - 1)).toBeLessThan(1e-5);
      expect(other.summary.inputs.x?.missing).toBe(hidden(m).length);
    }
  });

  test('with the samples as rows, a mask lies as the data do', async () => {
    const turned = (A: DenseMatrix) => ({ rows: A.cols, cols: A.rows, order: 'rows' as const, data: A.data });
    const one = await fitted(nmfLayer(factorInput(holes(X), { name: 'x' }), { name: 'a', k: 3 }));
    const mask = turned(withHidden(dense(m, n), () => 1));
    const input = factorInput(turned(X), { name: 'x', mask, orientation: 'samples-by-features' });
    expect(await fitted(nmfLayer(input, { name: 'a', k: 3 }))).toEqual(one);
  });

  test('a sample that one modality lacks is fitted from the other', async () => {
    const A = dense(m, n, X.data.slice());
    for (let i = 0; i < m; i++) A.data[i + 3 * m] = Number.NaN;
    const result = await factorNet(
      nmfLayer(factorShared(factorInput(A, { name: 'x' }), factorInput(Y, { name: 'y' })), { name: 'a', k: 3 }),
      { seed: 4 },
    ).fit({ backend });
    expect(result.summary.inputs.x.missing).toBe(m);
    expect([...result.a.H.data].every(Number.isFinite)).toBe(true);
    expect(result.a.H.data.subarray(9, 12).some((x) => x > 0)).toBe(true);
  });

  test('conditions may have gaps', async () => {
    const gaps = dense(2, n, Z.data.slice());
    gaps.data[5] = Number.NaN;
    const result = await fitted(nmfLayer(factorCondition(factorInput(X, { name: 'x' }), gaps), { name: 'a', k: 3 }));
    expect(Number.isFinite(result.summary.loss)).toBe(true);
  });

  test('ranks and shares choose how: by Gram matrices of each column, or by filling in', () => {
    const text = (k: number, A: DenseMatrix) =>
      factorNet(nmfLayer(factorInput(A, { name: 'x' }), { name: 'a', k }), { seed: 1 }).explain();
    const large = uniform(40, 30, 1);
    const gap = (wanted: (p: number) => boolean) =>
      dense(
        40,
        30,
        large.data.map((x, p) => (wanted(p) ? Number.NaN : x)),
      );
    expect(
      text(
        7,
        gap((p) => p % 7 === 1),
      ),
    ).toContain('filled in by the model');
    expect(
      text(
        6,
        gap((p) => p % 7 === 1),
      ),
    ).toContain('left out of each Gram matrix');
    expect(
      text(
        7,
        gap((p) => p % 3 !== 1),
      ),
    ).toContain('left out of each Gram matrix');
    expect(text(7, large)).not.toContain('missing');
  });
});

test('a second mask goes on top of the first, and the data stay as they were', () => {
  const before = X.data.slice();
  const once = toMaskedMatrix(X, entriesOf(m));
  const twice = toMaskedMatrix(once, { features: [0, 1], samples: [0, 1] });
  expect([once, twice].map((A) => A.kind === 'dense' && A.data.filter(Number.isNaN).length)).toEqual([
    hidden(m).length,
    hidden(m).length + 2,
  ]);
  expect(X.data).toEqual(before);
});

describe.skipIf(!haveSharedData)(`aml with a fifth of its entries hidden${skipReason}`, () => {
  test('k = 6: hidden entries are told to a mean squared error of 0.0245, mean of five', async () => {
    const A = haveSharedData ? readNpy('aml.npy') : dense(1, 1);
    let sum = 0;
    for (const seed of [1, 2, 3, 4, 5]) {
      const draws = uniform(A.rows, A.cols, 100 + seed).data;
      const data = dense(
        A.rows,
        A.cols,
        A.data.map((x, p) => (draws[p] < 0.2 ? Number.NaN : x)),
      );
      const result = await factorNet(nmfLayer(factorInput(data, { name: 'aml' }), { name: 'a', k: 6 }), { seed }).fit();
      const estimate = await result.reconstruct('aml');
      let squares = 0;
      let count = 0;
      A.data.forEach((x, p) => {
        if (draws[p] >= 0.2) return;
        squares += (x - estimate.data[p]) ** 2;
        count++;
      });
      sum += squares / count;
    }
    expect(sum / 5).toBeLessThan(0.0245);
  });
});
