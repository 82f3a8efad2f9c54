import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { averageLinkage } from '../../src/consensus/average-linkage.js';
import { consensus } from '../../src/consensus/consensus.js';
import { copheneticCorrelation } from '../../src/consensus/cophenetic-correlation.js';
import { dispersion } from '../../src/consensus/dispersion.js';
import { hardLabels } from '../../src/consensus/hard-labels.js';
import { stability } from '../../src/consensus/stability.js';
import { type DenseMatrix, dense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

const cophenetic = ({ rows, cols, data }: DenseMatrix) => {
  const D = dense(
    rows,
    cols,
    data.map((share) => 1 - share),
  );
  return copheneticCorrelation(D, averageLinkage(D));
};

/** Labels of so many samples, of several fits. */
const clusterings = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 6 })).chain(([n, fits]) =>
  fc.array(fc.array(fc.integer({ min: -1, max: 3 }), { minLength: n, maxLength: n }), {
    minLength: fits,
    maxLength: fits,
  }),
);
const shuffled = <T>(list: readonly T[], seed: number): readonly T[] => {
  const keys = uniform(list.length, 1, seed).data;
  return list.map((value, at) => ({ value, key: keys[at] })).sort((a, b) => a.key - b.key).map(({ value }) => value); // biome-ignore format: one thought
};

describe('labels', () => {
  test('are the factors that samples have most of, once d is taken in; the first among equals', () => {
    const H = dense(2, 4, Float64Array.of(1, 2, 2, 1, 3, 3, 0, 1));
    expect([...hardLabels(H, [1, 1])]).toEqual([1, 0, 0, 1]);
    expect([...hardLabels(H, [3, 1])]).toEqual([0, 0, 0, 1]);
  });

  test('are −1 for samples of zeros, and where all factors are dead or below zero', () => {
    const H = dense(2, 3, Float64Array.of(0, 0, -1, -2, 5, 1));
    expect([...hardLabels(H, [1, 1])]).toEqual([-1, -1, 0]);
    expect([...hardLabels(H, [0, 1])]).toEqual([-1, -1, 1]);
    expect([...hardLabels(H, [0, 0])]).toEqual([-1, -1, -1]);
  });
});

describe('a consensus', () => {
  property.prop([clusterings])('is symmetric, between 0 and 1, 1 on its diagonal, by its definition', (all) => {
    const { rows: n, data } = consensus(all);
    for (let j = 0; j < n; j++)
      for (let i = 0; i < n; i++)
        expect(data[i + j * n]).toBeCloseTo(all.filter((own) => own[i] === own[j]).length / all.length, 14);
  });

  property.prop([clusterings, fc.nat(1000)])(
    'does not know what clusters are called, nor the order of fits',
    (all, seed) => {
      const names = [7, 3, 9, 1, 5];
      const other = shuffled(all, seed).map((own, f) => own.map((label) => names[(label + 1 + f) % 5]));
      expect(consensus(other)).toEqual(consensus(all));
    },
  );

  property.prop([clusterings, fc.nat(1000)])('of samples in another order has the same measures', (all, seed) => {
    const order = shuffled(
      all[0].map((_, j) => j),
      seed,
    );
    const [C, other] = [consensus(all), consensus(all.map((own) => order.map((j) => own[j])))];
    expect(dispersion(other)).toBeCloseTo(dispersion(C), 12);
    const [one, two] = [cophenetic(C), cophenetic(other)];
    if (one === null) expect(two).toBe(null);
    else expect(two).toBeCloseTo(one, 9);
  });

  test('by hand: three fits of four samples', () => {
    const C = consensus([
      [0, 0, 1, 1],
      [1, 1, 0, 0],
      [0, 0, 0, 1],
    ]);
    const third = 1 / 3;
    expect([...C.data]).toEqual([1, 1, third, 0, 1, 1, third, 0, third, third, 1, 2 * third, 0, 0, 2 * third, 1]);
    // Eight entries are 0 or 1, and four each are ⅓ and … ⅔: 4·(⅙)² = ⅑.
    expect(dispersion(C)).toBeCloseTo((10 + 6 / 9) / 16, 14);
    // Distances 0, ⅔, ⅔, 1, 1, ⅓ meet at 0, 5/6 four times, ⅓.
    const [d, h] = [
      [0, 2, 2, 3, 3, 1],
      [0, 2.5, 2.5, 2.5, 2.5, 1],
    ];
    const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;
    const cross = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, x, p) => sum + (x - mean(a)) * (b[p] - mean(b)), 0);
    expect(cophenetic(C)).toBeCloseTo(cross(d, h) / Math.sqrt(cross(d, d) * cross(h, h)), 12);
  });
});

describe('the measures of a clustering', () => {
  const perfect = Array.from({ length: 5 }, (_, f) => Array.from({ length: 40 }, (__, j) => (j + f) % 4));
  const random = (seed: number) =>
    Array.from({ length: 5 }, (_, f) => Array.from(uniform(40, 1, 10 * seed + f).data, (u) => Math.floor(4 * u)));

  test('are 1 where it is always the same', () => {
    const C = consensus(perfect);
    expect([cophenetic(C), dispersion(C)]).toEqual([1, 1]);
  });

  test('are lower where it is drawn', () => {
    for (let seed = 1; seed < 20; seed++) {
      const C = consensus(random(seed));
      expect(cophenetic(C)).toBeLessThan(0.9);
      expect(dispersion(C)).toBeLessThan(0.7);
    }
  });

  test('of one cluster: dispersion 1, and no cophenetic correlation', () => {
    const C = consensus([new Int32Array(6), new Int32Array(6)]);
    expect([cophenetic(C), dispersion(C)]).toEqual([null, 1]);
  });

  test('of a consensus of ½ everywhere else: dispersion near 0', () => {
    const C = consensus([
      [0, 0, 0, 0],
      [0, 1, 2, 3],
    ]);
    expect(dispersion(C)).toBe(4 / 16);
    expect(cophenetic(C)).toBe(null);
  });
});

describe('stability', () => {
  const columns = ({ rows, data }: DenseMatrix, order: readonly number[], by: (r: number) => number) =>
    dense(
      rows,
      order.length,
      Float64Array.from(order.flatMap((r) => [...data.subarray(r * rows, (r + 1) * rows)].map((v) => v * by(r)))),
    );

  property.prop([fc.integer({ min: 1, max: 6 }), fc.nat(1000)])(
    'is 1 for the same factors, whatever their order and their scale',
    (k, seed) => {
      const A = uniform(12, k, seed);
      const order = shuffled(
        Array.from({ length: k }, (_, r) => r),
        seed + 1,
      );
      expect(stability([A, columns(A, order, (r) => 10 ** (40 * (r - 2)))])).toBeCloseTo(1, 12);
    },
  );

  property.prop([fc.integer({ min: 1, max: 4 }), fc.nat(1000)])(
    'is the mean over pairs of the best pairing',
    (k, seed) => {
      const all = [uniform(5, k, seed), uniform(5, k, seed + 1), uniform(5, k, seed + 2)];
      const length = (v: Float64Array) => Math.sqrt(v.reduce((sum, c) => sum + c * c, 0));
      const of = ({ data }: DenseMatrix, r: number) => data.subarray(5 * r, 5 * r + 5);
      const cosine = (a: Float64Array, b: Float64Array) =>
        a.reduce((sum, v, i) => sum + v * b[i], 0) / (length(a) * length(b));
      const orders = (left: readonly number[]): readonly (readonly number[])[] =>
        left.length === 0 ? [[]] : left.flatMap((r) => orders(left.filter((s) => s !== r)).map((rest) => [r, ...rest]));
      const best = (A: DenseMatrix, B: DenseMatrix) =>
        Math.max(
          ...orders(Array.from({ length: k }, (_, r) => r)).map(
            (order) => order.reduce((sum, s, r) => sum + cosine(of(A, r), of(B, s)), 0) / k,
          ),
        );
      const wanted = (best(all[0], all[1]) + best(all[0], all[2]) + best(all[1], all[2])) / 3;
      expect(stability(all)).toBeCloseTo(wanted, 12);
      expect(stability(shuffled(all, seed))).toBeCloseTo(wanted, 12);
    },
  );

  test('counts a factor of zeros 0, also beside another', () => {
    const A = uniform(6, 3, 1);
    const dead = columns(A, [0, 1, 2], (r) => (r === 2 ? 0 : 1));
    expect(stability([dead, dead])).toBeCloseTo(2 / 3, 14);
    expect(stability([A, dead])).toBeCloseTo(2 / 3, 14);
    expect(stability([dense(4, 1), dense(4, 1)])).toBe(0);
  });

  test('is 0 for factors that have nothing in common, or point the other way', () => {
    const [a, b] = [dense(2, 1, Float64Array.of(1, 0)), dense(2, 1, Float64Array.of(0, 3))];
    expect(stability([a, b])).toBe(0);
    expect(stability([a, dense(2, 1, Float64Array.of(-1, 0))])).toBe(0);
  });
});
