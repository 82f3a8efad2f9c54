import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  adjustedRandIndex,
  assess,
  batchMixing,
  type Label,
  logisticAccuracy,
  type MatrixInput,
  nearestNeighbourAccuracy,
  normalizedMutualInformation,
  separability,
  silhouette,
} from '../../src/index.js';
import { column, dense, toCsc, toRows } from '../../src/matrix.js';
import { issuesOf, issuesOfAsync } from '../support/issues.js';
import { uniform } from '../support/matrices.js';

/** 3 × 12, and three classes of four; what scikit-learn 1.9 makes of them stands in the tests. */
const H = Array.from({ length: 3 }, (_, i) =>
  Array.from({ length: 12 }, (__, j) => (((7 * i + 3) * (j + 2) ** 2 + 5 * i * j) % 23) / 4),
);
const labels = ['a', 'b', 'c', 'a', 'b', 'c', 'a', 'a', 'b', 'c', 'c', 'b'];

const clusterings = fc
  .integer({ min: 1, max: 12 })
  .chain((n) =>
    fc.tuple(...[0, 1].map(() => fc.array(fc.integer({ min: 0, max: 3 }), { minLength: n, maxLength: n }))),
  );

describe('two clusterings', () => {
  test.each([
    [[0, 0, 1, 1, 2, 2], [0, 0, 1, 2, 2, 2], 0.4444444444444444, 0.7396673768007592],
    [[0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], -0.36363636363636365, 0],
    [[0, 0, 1, 2], [0, 0, 1, 1], 0.5714285714285714, 0.7999999999999999],
    [[0, 0, 0, 0], [0, 1, 2, 3], 0, 0],
    [[1, 1, 1], [1, 1, 1], 1, 1],
    [[0, 1, 2], [2, 1, 0], 1, 1],
    [[0, 0, 0, 1, 1, 1, 2, 2, 2, 2], [1, 1, 0, 0, 0, 2, 2, 2, 2, 1], 0.20454545454545456, 0.44270128334605],
  ])('%j and %j agree as scikit-learn says', (a, b, ari, nmi) => {
    expect(adjustedRandIndex(a, b)).toBeCloseTo(ari, 14);
    expect(normalizedMutualInformation(a, b)).toBeCloseTo(nmi, 13);
  });

  test.each([
    ['adjustedRandIndex', adjustedRandIndex, -0.5],
    ['normalizedMutualInformation', normalizedMutualInformation, 0],
  ] as const)('%s: the same both ways, whatever clusters are called; 1 of the same', (_, measure, least) => {
    fc.assert(
      fc.property(clusterings, ([a, b]) => {
        const own = measure(a, b);
        expect(own).toBeCloseTo(measure(b, a), 12);
        expect(own).toBeCloseTo(measure(a.map((x) => `cluster ${3 - x}`), b), 12); // biome-ignore format: one thought
        expect(own).toBeGreaterThanOrEqual(least);
        expect(own).toBeLessThanOrEqual(1);
        expect(measure(a, a)).toBeCloseTo(1, 12);
      }),
    );
  });

  test('samples that are not known in both are left out', () => {
    const [a, b] = [['x', 'x', null, 'y', 'y', 'y'], [1, 1, 2, 3, Number.NaN, 1]]; // biome-ignore format: one thought
    expect(adjustedRandIndex(a, b)).toBe(adjustedRandIndex(['x', 'x', 'y', 'y'], [1, 1, 3, 1]));
    expect(normalizedMutualInformation(a, b)).toBe(normalizedMutualInformation(['x', 'x', 'y', 'y'], [1, 1, 3, 1]));
  });

  test.each([
    ['lists of other lengths', [1, 2], [1]],
    ['nothing in common', [1, null], [null, 1]],
    ['no samples', [], []],
    ['no list', [1], 3],
    ['labels that are objects', [1], [{}]],
  ])('%s are refused', (_, a, b) => {
    for (const measure of [adjustedRandIndex, normalizedMutualInformation]) {
      const issues = issuesOf(() => measure(a as Label[], b as Label[]));
      expect(issues[0]).toMatchObject({ code: 'invalid-data' });
    }
  });
});

describe('silhouette', () => {
  test('is what scikit-learn says, a sample alone in its class too', () => {
    expect(silhouette(H, labels)).toBeCloseTo(-0.005425068162113138, 12);
    expect(silhouette(H, labels, { metric: 'cosine' })).toBeCloseTo(-0.08556945924887427, 12);
    expect(silhouette(H, labels.with(5, 'd'))).toBeCloseTo(-0.1520952847759011, 12);
  });

  test('is 0 where every sample is alone, or all are the same, and of zeros by cosine', () => {
    expect(silhouette([[1, 2, 3]], ['a', 'b', 'c'])).toBe(0);
    expect(silhouette([[2, 2, 2, 2]], ['a', 'a', 'b', 'b'])).toBe(0);
    expect(silhouette([[0, 0, 0, 0]], ['a', 'a', 'b', 'b'], { metric: 'cosine' })).toBe(0);
  });
});

describe('nearest neighbours', () => {
  /** By the definition, all distances sorted. */
  const byHand = (k: number) => {
    const told = labels.map((_, j) => {
      const near = labels
        .map((label, i) => ({ label, i, far: Math.hypot(...H.map((own) => own[i] - own[j])) }))
        .filter(({ i }) => i !== j)
        .sort((a, b) => a.far - b.far || a.i - b.i)
        .slice(0, k);
      const votes = (label: string) => near.filter((other) => other.label === label).length;
      const most = Math.max(...near.map(({ label }) => votes(label)));
      return near.find(({ label }) => votes(label) === most)?.label === labels[j];
    });
    return told.filter(Boolean).length / labels.length;
  };

  test('tell what the definition says, and of one neighbour what scikit-learn says', () => {
    expect(nearestNeighbourAccuracy(H, labels, { neighbours: 1 })).toBeCloseTo(5 / 12, 14);
    for (const neighbours of [1, 2, 3, 5, 8, 11])
      expect(nearestNeighbourAccuracy(H, labels, { neighbours })).toBe(byHand(neighbours));
    expect(nearestNeighbourAccuracy(H, labels)).toBe(byHand(5));
  });

  test('are all others where more are asked', () => {
    expect(nearestNeighbourAccuracy(H, labels, { neighbours: 100 })).toBe(byHand(11));
  });

  test('by cosine do not know lengths', () => {
    const long = H.map((own) => own.map((x, j) => x * 10 ** j));
    const [a, b] = [H, long].map((X) => nearestNeighbourAccuracy(X, labels, { neighbours: 3, metric: 'cosine' }));
    expect(b).toBe(a);
    expect(nearestNeighbourAccuracy(long, labels, { neighbours: 3 })).not.toBe(byHand(3));
  });
});

describe('batchMixing', () => {
  test('is 0 of batches apart, near 1 of batches at random, and by its formula', () => {
    const apart = dense(2, 200, uniform(2, 200, 1).data.map((x, p) => x + (p >= 200 ? 10 : 0))); // biome-ignore format: one thought
    const halves = Array.from({ length: 200 }, (_, j) => (j < 100 ? 'x' : 'y'));
    expect(batchMixing(apart, halves)).toBe(0);
    const mixed = batchMixing(uniform(2, 200, 1), halves);
    expect(mixed).toBeGreaterThan(0.9);
    expect(mixed).toBeLessThanOrEqual(1);
    // Neighbours of 0: x, y; of 1: x, y; of 2: x, x; of 7: y, x. Shares of all: ¾, ¼.
    const all = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25));
    expect(batchMixing([[0, 1, 2.5, 7]], ['x', 'x', 'y', 'x'], { neighbours: 2 })).toBeCloseTo(
      (3 * Math.LN2) / 4 / all,
      14,
    );
  });
});

describe('separability', () => {
  test('is that of its formula: 0 where centres are one, Infinity where labels have a point each', () => {
    // Centres 1 and 11, grand mean 6: 2·25 + 2·25 over four times 1.
    expect(separability([[0, 2, 10, 12]], ['a', 'a', 'b', 'b'])).toBeCloseTo(25, 13);
    expect(separability([[0, 2, 0, 2]], ['a', 'a', 'b', 'b'])).toBe(0);
    expect(separability([[4, 4], [4, 4]], ['a', 'b'])).toBe(0); // biome-ignore format: one thought
    expect(separability([[1, 1, 2]], ['a', 'a', 'b'])).toBe(Infinity);
  });

  test('does not know where samples lie nor in which unit, but how the units of factors differ', () => {
    const before = separability(H, labels);
    const moved = (scale: number, by: number) => H.map((own) => own.map((x) => scale * x + by));
    expect(separability(moved(1, 50), labels)).toBeCloseTo(before, 10);
    for (const scale of [1e-130, 1e130]) expect(separability(moved(scale, 0), labels)).toBeCloseTo(before, 10);
    const one = H.map((own, r) => own.map((x) => (r === 0 ? 1e6 * x : x)));
    expect(separability(one, labels)).toBeCloseTo(separability([H[0]], labels), 6);
  });
});

describe('what all of an embedding have in common', () => {
  const measures: Readonly<Record<string, (X: MatrixInput, own: ArrayLike<Label>) => unknown>> = {
    silhouette: (X: MatrixInput, own: ArrayLike<Label>) => silhouette(X, own),
    nearestNeighbourAccuracy: (X: MatrixInput, own: ArrayLike<Label>) => nearestNeighbourAccuracy(X, own),
    logisticAccuracy: (X: MatrixInput, own: ArrayLike<Label>) => logisticAccuracy(X, own),
    batchMixing: (X: MatrixInput, own: ArrayLike<Label>) => batchMixing(X, own, { neighbours: 4 }),
    separability,
    assess: (X: MatrixInput, own: ArrayLike<Label>) => assess(X, own),
  };
  const cases = Object.entries(measures);

  test.each(cases)('%s leaves out samples without a label', async (name, measure) => {
    if (name === 'assess') return;
    const some = labels.map((label, j) => (j % 4 === 1 ? null : label));
    const kept = labels.filter((_, j) => j % 4 !== 1);
    const part = H.map((own) => own.filter((_, j) => j % 4 !== 1));
    expect(await measure(H, some)).toEqual(await measure(part, kept));
  });

  test.each(cases)('%s does not know what classes are called, nor the form of the data', async (_, measure) => {
    const places = Object.fromEntries(['a', 'b', 'c'].map((label, place) => [label, place]));
    expect(
      await measure(
        H,
        Int32Array.from(labels, (label) => places[label]),
      ),
    ).toEqual(await measure(H, labels));
    const X = dense(
      3,
      12,
      Float64Array.from({ length: 36 }, (__, p) => H[p % 3][Math.floor(p / 3)]),
    );
    expect(await measure(toCsc(X), labels)).toEqual(await measure(toRows(X), labels));
  });

  const bad: readonly (readonly [string, unknown, unknown, string])[] = [
    ['too few labels', H, ['a'], 'invalid-data'],
    ['one class only', H, labels.map(() => 'a'), 'invalid-data'],
    ['no labels that are known', H, labels.map(() => null), 'invalid-data'],
    ['no list of labels', H, 'abc', 'invalid-data'],
    ['labels that are objects', H, labels.map(() => ({})), 'invalid-data'],
    ['gaps', H.map((own) => own.map((x, j) => (j === 3 ? Number.NaN : x))), labels, 'non-finite'],
    ['infinity', H.map((own) => own.map((x, j) => (j === 3 ? Infinity : x))), labels, 'non-finite'],
    ['no matrix', {}, labels, 'invalid-data'],
  ];
  test.each(cases.flatMap(([name, measure]) => bad.map((each) => [name, measure, ...each] as const)))(
    '%s refuses%.0s %s',
    async (_, measure, __, X, own, code) => {
      const issues = await issuesOfAsync(async () => measure(X as MatrixInput, own as Label[]));
      expect(issues[0]?.code).toBe(code);
    },
  );

  test.each([
    ['silhouette', () => silhouette(H, labels, { metric: 'far' as 'cosine' }), 'metric'],
    ['nearestNeighbourAccuracy', () => nearestNeighbourAccuracy(H, labels, { neighbours: 0 }), 'neighbours'],
    ['batchMixing', () => batchMixing(H, labels, { neighbours: 1.5 }), 'neighbours'],
    ['logisticAccuracy', () => logisticAccuracy(H, labels, { folds: 1 }), 'folds'],
    ['logisticAccuracy', () => logisticAccuracy(H, labels, { folds: 13 }), 'folds'],
    ['logisticAccuracy', () => logisticAccuracy(H, labels, { L2: 0 }), 'L2'],
    ['logisticAccuracy', () => logisticAccuracy(H, labels, { seed: -1 }), 'seed'],
    ['assess', () => assess(H, labels, { folds: 13 }), 'folds'],
  ])('%s refuses an option out of range', async (of, call: () => unknown, option) => {
    expect(await issuesOfAsync(async () => call())).toMatchObject([{ code: 'invalid-option', of, option }]);
  });
});

describe('assess', () => {
  const batches = labels.map((_, j) => j % 2);

  test('has what each function has, to the bit', async () => {
    const options = { neighbours: 3, metric: 'cosine', folds: 4, L2: 0.1, seed: 2 } as const;
    const clusters = H[0].map((_, j) => Math.floor(j / 4));
    expect(await assess(H, labels, { ...options, clusters, batches })).toEqual({
      adjustedRandIndex: adjustedRandIndex(labels, clusters),
      normalizedMutualInformation: normalizedMutualInformation(labels, clusters),
      silhouette: silhouette(H, labels, { metric: 'cosine' }),
      nearestNeighbourAccuracy: nearestNeighbourAccuracy(H, labels, { neighbours: 3, metric: 'cosine' }),
      logisticAccuracy: logisticAccuracy(H, labels, { folds: 4, L2: 0.1, seed: 2 }),
      batchMixing: batchMixing(H, batches, { neighbours: 3, metric: 'cosine' }),
    });
    expect((await assess(H, labels)).batchMixing).toBeNull();
  });

  test('clusters by the largest factor, d taken in; samples without one are a cluster', async () => {
    const X = [[3, 2, 0, 1, 0], [1, 1, 2, 2, 0]]; // biome-ignore format: one thought
    const own = ['p', 'p', 'q', 'q', 'r'];
    expect((await assess(X, own, { folds: 2 })).adjustedRandIndex).toBe(1);
    expect((await assess(X, own, { folds: 2, d: [3, 1] })).adjustedRandIndex).toBe(
      adjustedRandIndex(own, [0, 0, 1, 0, 2]),
    );
  });

  test.each([
    ['d of another length', { d: [1] }, /d must be 3 finite numbers, at least 0; got 1/],
    ['d below zero', { d: [1, -1, 1] }, /d must be 3 finite numbers/],
    ['too few clusters', { clusters: [1] }, /clusters must be 12, one for each sample; got 1/],
    ['one batch', { batches: labels.map(() => 1) }, /batches must be of at least 2 classes; got 1/],
    ['too few batches', { batches: [1, 2] }, /batches must be 12/],
  ])('refuses %s', async (_, options, words) => {
    await expect(assess(H, labels, options)).rejects.toThrow(words);
  });

  test('lets the event loop turn, and is cancelled within one of its turns', async () => {
    const n = 1500;
    const [many, groups] = [uniform(6, n, 1), Array.from({ length: n }, (_, j) => j % 3)];
    const [control, why] = [new AbortController(), new Error('enough')];
    const told = assess(many, groups, { folds: 2, signal: control.signal });
    // Reached while it works, or it would be done.
    setImmediate(() => setImmediate(() => control.abort(why)));
    await expect(told).rejects.toBe(why);
    await expect(assess(many, groups, { signal: AbortSignal.abort(why) })).rejects.toBe(why);
  });
});

test('a column at a time: distances see the samples in order', () => {
  const X = uniform(2, 5, 1);
  const turned = dense(2, 5);
  for (let j = 0; j < 5; j++) column(turned, j).set(column(X, 4 - j));
  const own = ['a', 'b', 'a', 'b', 'b'];
  expect(silhouette(turned, own.toReversed())).toBeCloseTo(silhouette(X, own), 14);
});
