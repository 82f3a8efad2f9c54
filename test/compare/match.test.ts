import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  align,
  bipartiteMatch,
  type Factors,
  factorInput,
  factorNet,
  factorShared,
  type MatrixInput,
  nmfLayer,
  simulateNmf,
} from '../../src/index.js';
import { column, type DenseMatrix, dense, row } from '../../src/matrix.js';
import { issuesOf } from '../support/issues.js';
import { product, relativeDifference, uniform } from '../support/matrices.js';

/** The lowest cost by trying every pairing. */
function least(cost: readonly (readonly number[])[], r = 0, taken: readonly number[] = []): number {
  const [rows, cols] = [cost.length, cost[0].length];
  if (r === rows) return taken.length === Math.min(rows, cols) ? 0 : Infinity;
  const options = cost[r].map((x, c) => (taken.includes(c) ? Infinity : x + least(cost, r + 1, [...taken, c])));
  return Math.min(...options, rows > cols ? least(cost, r + 1, taken) : Infinity);
}

describe('bipartiteMatch', () => {
  const tables = fc
    .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
    .chain(([m, n]) => fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: n, maxLength: n }), { minLength: m, maxLength: m })); // biome-ignore format: one thought

  test('costs as little as the best of all pairings, square or not', () => {
    fc.assert(
      fc.property(tables, (cost) => {
        const { columns, cost: sum } = bipartiteMatch(cost);
        const pairs = Array.from(columns.entries()).filter(([, c]) => c >= 0);
        expect(pairs).toHaveLength(Math.min(cost.length, cost[0].length));
        expect(new Set(pairs.map(([, c]) => c)).size).toBe(pairs.length);
        expect(pairs.reduce((total, [r, c]) => total + cost[r][c], 0)).toBe(sum);
        expect(sum).toBe(least(cost));
      }),
    );
  });

  test('its example, and numbers near the end of the range', () => {
    expect(bipartiteMatch([[4, 1, 3], [2, 0, 5], [3, 2, 2]])).toEqual({ columns: [1, 0, 2], cost: 5 }); // biome-ignore format: one thought
    expect(bipartiteMatch([[1e140, -1e140], [0, 1e140]]).columns).toEqual([1, 0]); // biome-ignore format: one thought
  });

  test.each([
    ['a gap', [[Number.NaN]], 'non-finite'],
    ['infinity', [[Infinity]], 'non-finite'],
    ['no matrix', 3, 'invalid-data'],
    ['nothing', { rows: 0, cols: 0, data: [] }, 'invalid-data'],
  ])('refuses %s', (_, cost, code) => {
    expect(issuesOf(() => bipartiteMatch(cost as MatrixInput)).map((issue) => issue.code)).toEqual([code]);
  });
});

describe('align', () => {
  const layer = (W: DenseMatrix, H: DenseMatrix) => ({
    W,
    d: Float64Array.from({ length: H.rows }, (_, r) => r + 1),
    H,
  });
  const order = [2, 0, 3, 1];
  const a = layer(uniform(9, 4, 1), uniform(4, 7, 2));
  /** Factor order[r] of the other is factor r of this one, at another length. */
  const shuffled = (by = [1, 3, 1e-9, 1e9]): ReturnType<typeof layer> => {
    const [W, H] = [dense(9, 4), dense(4, 7)];
    const d = new Float64Array(4);
    order.forEach((s, r) => {
      column(W, s).set(column(a.W, r).map((x) => x * by[r]));
      row(a.H, r).forEach((x, j) => { H.data[s + 4 * j] = x; }); // biome-ignore format: one thought
      d[s] = a.d[r] / by[r];
    });
    return { W, d, H };
  };

  test.each(['cosine', 'correlation'] as const)('finds factors again in another order, by %s', (by) => {
    const b = shuffled();
    const { permutation, similarities, fit } = align(a, b, { by });
    expect(permutation).toEqual(order);
    for (const x of similarities) expect(x).toBeCloseTo(1, 12);
    expect(fit.H.data).toEqual(a.H.data);
    expect(relativeDifference(product(fit).data, product(b).data)).toBeLessThan(1e-12);
    for (let r = 0; r < 4; r++) expect(fit.d[r] * column(fit.W, r)[0]).toBeCloseTo(a.d[r] * column(a.W, r)[0], 9);
  });

  test('by rows of H for other features; a fit with itself stays as it is', () => {
    const b = { ...shuffled(), W: uniform(3, 4, 9) };
    expect(align(a, b, { side: 'H' }).permutation).toEqual(order);
    expect(issuesOf(() => align(a, b))).toMatchObject([{ code: 'invalid-data', of: 'b', got: '3 features' }]);
    const { permutation, fit } = align(a, a);
    expect(permutation).toEqual([0, 1, 2, 3]);
    expect(fit).toEqual({ W: a.W, d: a.d, H: a.H });
  });

  test('correlation and cosine may differ: a constant pattern is none', () => {
    const flat = layer(dense(3, 2, Float64Array.of(5, 5, 5, 1, 2, 4)), dense(2, 1));
    const other = layer(dense(3, 2, Float64Array.of(11, 12, 14, 1, 1, 1)), dense(2, 1));
    expect(align(flat, other, { by: 'correlation' }).permutation).toEqual([1, 0]);
    expect(align(flat, other, { by: 'correlation' }).similarities[0]).toBe(0);
  });

  test('a factor of zeros goes with what is left', () => {
    const W = a.W.data.slice();
    W.fill(0, 0, 9);
    const { similarities } = align(a, { ...a, W: dense(9, 4, W) });
    expect(similarities[0]).toBe(0);
    expect(Array.from(similarities.slice(1), Math.round)).toEqual([1, 1, 1]);
  });

  test('fits of a graph, by modality and with names; what it is made of is left alone', async () => {
    const { X } = simulateNmf({ rows: 20, cols: 30, k: 3, seed: 1 });
    const sampleNames = Array.from({ length: 30 }, (_, j) => `s${j}`);
    const top = factorInput(uniform(4, 30, 4), { name: 'zebra', sampleNames });
    const shared = factorShared(
      top,
      factorInput(X, { name: 'ape', sampleNames, featureNames: Array.from({ length: 20 }, (_, i) => `f${i}`) }),
    );
    const fits = await Promise.all([1, 2].map(async (seed) => (await factorNet(nmfLayer(shared, { name: 'a', k: 3 }), { seed }).fit()).a)); // biome-ignore format: one thought
    const before = structuredClone(fits[1].W.ape.data);
    const { permutation, fit } = align(fits[0], fits[1]);
    expect(Object.keys(fit.W)).toEqual(Object.keys(fits[1].W));
    expect(fits[1].W.ape.data).toEqual(before);
    permutation.forEach((s, r) => {
      expect(column(fit.W.ape, r)).toEqual(column(fits[1].W.ape, s));
      expect(column(fit.W.zebra, r)).toEqual(column(fits[1].W.zebra, s));
      expect(row(fit.H, r)).toEqual(row(fits[1].H, s));
      expect(fit.d[r]).toBe(fits[1].d[s]);
    });
    expect(fit.W.ape.rowNames?.[19]).toBe('f19');
    expect(fit.H.colNames?.[29]).toBe('s29');
  });

  const bad: readonly (readonly [string, unknown, object, string])[] = [
    ['another rank', layer(uniform(9, 3, 1), uniform(3, 7, 1)), {}, 'invalid-data'],
    ['modalities that a has not', { ...a, W: { x: a.W } }, {}, 'invalid-data'],
    ['other shares of features', { ...a, W: { x: uniform(3, 4, 1), y: uniform(6, 4, 1) } }, {}, 'invalid-data'],
    ['no fit', null, {}, 'invalid-data'],
    ['d of another length', { ...a, d: new Float64Array(3) }, {}, 'invalid-data'],
    ['numbers that are none', { ...a, d: new Float64Array(4).fill(Number.NaN) }, {}, 'invalid-data'],
    ['another word', a, { by: 'euclidean' }, 'invalid-option'],
    ['a word too many', a, { signs: true }, 'unknown-option'],
  ];
  test.each(bad)('refuses %s', (_, b, options, code) => {
    expect(issuesOf(() => align(a, b as Factors, options)).map((issue) => issue.code)).toEqual([code]);
  });
});
