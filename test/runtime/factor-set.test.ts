import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, factorShared, type LayerFit, nmf, nmfLayer, svd } from '../../src/index.js';
import { uniform } from '../support/matrices.js';

const X = uniform(6, 8, 1);
const featureNames = ['a', 'b', 'c', 'd', 'e', 'f'];

/** W·diag(d)·H at a place. */
const at = ({ W, d, H }: Pick<LayerFit, 'W' | 'd' | 'H'>, i: number, j: number): number =>
  d.reduce((sum, d, r) => sum + W.data[r * W.rows + i] * d * H.data[j * H.rows + r], 0);

describe('factors of a layer', () => {
  test('top: the features a factor is strongest in, by name where they have one', async () => {
    const fit = await nmf(X, { k: 2, seed: 1, featureNames });
    const top = fit.top(1, 3);
    const column = fit.W.data.slice(6, 12);
    expect(top.map(({ weight }) => weight)).toEqual([...column].sort((a, b) => b - a).slice(0, 3));
    for (const { feature, place, weight } of top) {
      expect(feature).toBe(featureNames[place]);
      expect(weight).toBe(column[place]);
    }
    const plain = await svd(X, { k: 2 });
    expect(plain.top(0)).toHaveLength(6);
    expect(plain.top(1, 1)[0].feature).toBe(plain.top(1, 1)[0].place);
    const sizes = plain.top(1).map(({ weight }) => Math.abs(weight));
    expect(sizes).toEqual([...sizes].sort((a, b) => b - a));
  });

  test('top: for each modality', async () => {
    const shared = factorShared(
      factorInput(X, { name: 'x', featureNames }),
      factorInput(uniform(3, 8, 2), { name: 'y' }),
    );
    const { joint } = await factorNet(nmfLayer(shared, { name: 'joint', k: 2 }), { seed: 1 }).fit();
    const { x, y } = joint.top(0, 2);
    expect(x[0].feature).toBe(featureNames[x[0].place]);
    expect(y.every(({ feature, place }) => feature === place)).toBe(true);
    const some = joint.subset([1]);
    expect(some.W.x).toEqual(expect.objectContaining({ rows: 6, cols: 1, rowNames: featureNames }));
    expect(some.top(0, 1).y).toEqual(joint.top(1, 1).y);
  });

  test('subset: these alone, in this order; sorted: by falling d', async () => {
    const fit = await nmf(X, { k: 3, seed: 1, featureNames, norm: 'L2' });
    const some = fit.subset([2, 0]);
    expect(some.d).toEqual(Float64Array.of(fit.d[2], fit.d[0]));
    expect(some.W.rowNames).toEqual(featureNames);
    expect(some.H.rows).toBe(2);
    const rest = fit.subset([1]);
    for (const [i, j] of [[0, 0], [5, 7], [2, 4]]) expect(at(some, i, j) + at(rest, i, j)).toBeCloseTo(at(fit, i, j), 12); // biome-ignore format: one thought
    const again = some.sorted();
    expect(again.d).toEqual(Float64Array.of(fit.d[0], fit.d[2]));
    expect(again.W.data).toEqual(fit.subset([0, 2]).W.data);
    expect(fit.sorted().H).toEqual(fit.H);
  });

  test('toJSON: lists, not objects of places', async () => {
    const fit = await nmf(X, { k: 2, seed: 1, featureNames });
    const read = JSON.parse(JSON.stringify(fit));
    expect(read.d).toEqual([...fit.d]);
    expect(read.W).toEqual({ kind: 'dense', rows: 6, cols: 2, data: [...fit.W.data], rowNames: featureNames });
    expect(read.history[0]).toEqual(fit.history[0]);
    expect(read.method).toBe('nmf');
    expect(Object.keys(JSON.parse(JSON.stringify(fit.subset([1]))))).toEqual([
      ...['W', 'd', 'H', 'center', 'scale', 'dispersion', 'zeroInflation'],
    ]);
  });

  test('what is no factor is refused', async () => {
    const fit = await nmf(X, { k: 2, seed: 1 });
    for (const factor of [-1, 2, 0.5, Number.NaN, '0' as never]) {
      expect(() => fit.top(factor)).toThrow('a whole number from 0 to 1');
      expect(() => fit.subset([0, factor])).toThrow('a whole number from 0 to 1');
    }
    expect(() => fit.subset([])).toThrow('at least one');
    expect(() => fit.subset([1, 1])).toThrow('different factors');
    expect(() => fit.top(0, 0)).toThrow('at least 1');
  });
});
