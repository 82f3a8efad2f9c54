import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { averageLinkage, type Merge } from '../../src/consensus/average-linkage.js';
import { copheneticCorrelation } from '../../src/consensus/cophenetic-correlation.js';
import { type DenseMatrix, dense } from '../../src/matrix.js';

/** A symmetric table of the distances of each pair, zeros on its diagonal. */
function distancesOf(n: number, of: (i: number, j: number) => number): DenseMatrix {
  const D = dense(n, n);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < j; i++) {
      D.data[i + j * n] = of(i, j);
      D.data[j + i * n] = D.data[i + j * n];
    }
  return D;
}

/** The heights at which pairs meet, by the definition: sets of items, means over all pairs of them. */
function heightsByDefinition({ rows: n, data }: DenseMatrix): DenseMatrix {
  let clusters = Array.from({ length: n }, (_, i) => [i]);
  const met = dense(n, n);
  const between = (a: readonly number[], b: readonly number[]) =>
    a.reduce((sum, i) => sum + b.reduce((own, j) => own + data[i + j * n], 0), 0) / (a.length * b.length);
  while (clusters.length > 1) {
    let best = { far: Infinity, a: 0, b: 0 };
    for (let b = 1; b < clusters.length; b++)
      for (let a = 0; a < b; a++) {
        const far = between(clusters[a], clusters[b]);
        if (far < best.far) best = { far, a, b };
      }
    for (const i of clusters[best.a])
      for (const j of clusters[best.b]) {
        met.data[i + j * n] = best.far;
        met.data[j + i * n] = best.far;
      }
    const joined = [...clusters[best.a], ...clusters[best.b]];
    clusters = [...clusters.filter((_, c) => c !== best.a && c !== best.b), joined];
  }
  return met;
}

function heightsIn(n: number, tree: readonly Merge[]): DenseMatrix {
  const members = Array.from({ length: n }, (_, i) => [i]);
  const met = dense(n, n);
  for (const { left, right, height } of tree) {
    for (const i of members[left])
      for (const j of members[right]) {
        met.data[i + j * n] = height;
        met.data[j + i * n] = height;
      }
    members.push([...members[left], ...members[right]]);
  }
  return met;
}

const pairsOf = ({ rows: n, data }: DenseMatrix) =>
  Array.from({ length: n }, (_, j) => Array.from({ length: j }, (__, i) => data[i + j * n])).flat();
function pearson(x: readonly number[], y: readonly number[]): number {
  const mean = (list: readonly number[]) => list.reduce((sum, v) => sum + v, 0) / list.length;
  const [mx, my] = [mean(x), mean(y)];
  const cross = (a: readonly number[], ma: number, b: readonly number[], mb: number) =>
    a.reduce((sum, v, p) => sum + (v - ma) * (b[p] - mb), 0);
  return cross(x, mx, y, my) / Math.sqrt(cross(x, mx, x, mx) * cross(y, my, y, my));
}
const correlation = (D: DenseMatrix) => copheneticCorrelation(D, averageLinkage(D));

/** Distances of which no two are alike. */
const untied = fc.integer({ min: 3, max: 14 }).chain((n) =>
  fc
    .uniqueArray(fc.double({ min: 0.01, max: 1, noNaN: true }), {
      minLength: (n * (n - 1)) / 2,
      maxLength: (n * (n - 1)) / 2,
      comparator: (a, b) => Math.abs(a - b) < 1e-7,
    })
    .map((list) => distancesOf(n, (i, j) => list[(j * (j - 1)) / 2 + i])),
);
/** Distances in thirds, as of a consensus of three: almost all are tied. */
const tied = fc
  .integer({ min: 3, max: 14 })
  .chain((n) =>
    fc
      .array(fc.integer({ min: 0, max: 3 }), { minLength: (n * (n - 1)) / 2, maxLength: (n * (n - 1)) / 2 })
      .map((list) => distancesOf(n, (i, j) => list[(j * (j - 1)) / 2 + i] / 3)),
  );

describe('average linkage', () => {
  property.prop([untied])('meets where the definition does', (D) => {
    const [found, wanted] = [heightsIn(D.rows, averageLinkage(D)), heightsByDefinition(D)];
    for (let p = 0; p < wanted.data.length; p++) expect(found.data[p]).toBeCloseTo(wanted.data[p], 12);
  });

  property.prop([fc.oneof(untied, tied)])('is a tree whose heights never fall', (D) => {
    const tree = averageLinkage(D);
    const n = D.rows;
    expect(tree.length).toBe(n - 1);
    expect(tree.at(-1)?.size).toBe(n);
    const used = tree.flatMap(({ left, right }) => [left, right]);
    expect([...used].sort((a, b) => a - b)).toEqual(Array.from({ length: 2 * n - 2 }, (_, c) => c));
    for (const [s, { left, right }] of tree.entries()) expect(Math.max(left, right)).toBeLessThan(n + s);
    for (let s = 1; s < tree.length; s++) expect(tree[s].height).toBeGreaterThanOrEqual(tree[s - 1].height);
  });

  property.prop([fc.oneof(untied, tied), fc.infiniteStream(fc.nat())])(
    'does not depend on the order of the items, ties or not',
    (D, draws) => {
      const n = D.rows;
      const order = Array.from({ length: n }, (_, i) => i);
      for (let i = n - 1; i > 0; i--) {
        const j = Number(draws.next().value) % (i + 1);
        [order[i], order[j]] = [order[j], order[i]];
      }
      const other = distancesOf(n, (i, j) => D.data[order[i] + order[j] * n]);
      const [one, two] = [heightsIn(n, averageLinkage(D)), heightsIn(n, averageLinkage(other))];
      for (let j = 0; j < n; j++)
        for (let i = 0; i < j; i++) expect(two.data[i + j * n]).toBeCloseTo(one.data[order[i] + order[j] * n], 10);
      const [a, b] = [correlation(D), correlation(other)];
      if (a === null) expect(b).toBe(null);
      else expect(b).toBeCloseTo(a, 9);
    },
  );

  test('by hand: five items on a line', () => {
    const at = [0, 1, 4, 6, 12];
    const tree = averageLinkage(distancesOf(5, (i, j) => Math.abs(at[i] - at[j])));
    expect(tree).toEqual([
      { left: 0, right: 1, height: 1, size: 2 },
      { left: 2, right: 3, height: 2, size: 2 },
      { left: 5, right: 6, height: 4.5, size: 4 },
      { left: 7, right: 4, height: (12 + 11 + 8 + 6) / 4, size: 5 },
    ]);
  });

  test('what is equally near meets at once, though its ends are further apart', () => {
    const D = distancesOf(4, (i, j) => (j === 3 ? 5 : j - i));
    expect(averageLinkage(D).map(({ height, size }) => [height, size])).toEqual([
      [1, 2],
      [1, 3],
      [5, 4],
    ]);
  });

  test('of one item there is nothing to tell; two thousand take no minutes', () => {
    expect(averageLinkage(dense(1, 1))).toEqual([]);
    const n = 2000;
    const D = distancesOf(n, (i, j) => Math.abs(Math.sin(12.9898 * i + 78.233 * j) * 43758.5453) % 1);
    expect(averageLinkage(D).length).toBe(n - 1);
  });
});

describe('the cophenetic correlation', () => {
  property.prop([untied])('is that of distances with heights, by the definition', (D) => {
    expect(correlation(D)).toBeCloseTo(pearson(pairsOf(D), pairsOf(heightsByDefinition(D))), 9);
  });

  property.prop([fc.oneof(untied, tied)])('is at most 1, and never no number', (D) => {
    const found = correlation(D);
    if (found !== null) expect(found).toBeLessThanOrEqual(1);
    expect(Number.isNaN(found)).toBe(false);
  });

  test('is 1 where a tree keeps every distance', () => {
    // Pairs within pairs.
    const ultra = distancesOf(8, (i, j) => (i >> 1 === j >> 1 ? 1 : i >> 2 === j >> 2 ? 2 : 3));
    expect(correlation(ultra)).toBeCloseTo(1, 14);
  });

  test('is null where all distances are equal, and where there is one or none', () => {
    for (const far of [0, 0.1, 1 / 3]) expect(correlation(distancesOf(6, () => far))).toBe(null);
    for (const n of [1, 2]) expect(correlation(distancesOf(n, () => 1))).toBe(null);
  });

  test('by hand: three items', () => {
    // Heights 1, 2.5, 2.5: the correlation of (1, 2, 3) with them is √3/2.
    expect(correlation(distancesOf(3, (i, j) => i + j))).toBeCloseTo(Math.sqrt(3) / 2, 14);
  });
});
