import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorInput,
  graphSweep,
  nmfLayer,
  range,
  type SweepOptions,
  svdLayer,
} from '../../src/index.js';
import {
  allPoints,
  gridPoints,
  isRange,
  nameOfPoint,
  placeOf,
  type Range,
  type Space,
  sizeOf,
  valueAt,
} from '../../src/sweep/space.js';
import { randomPoints } from '../../src/sweep/strategies/random.js';
import { propose, type Tried, tpe } from '../../src/sweep/strategies/tpe.js';
import { issuesOf } from '../support/issues.js';
import { lowRank } from '../support/matrices.js';
import { runs } from '../support/runs.js';

const data = lowRank(20, 15, 3, 1);
const layerFn = ({ k = 2, L1 = 0 }: { readonly k?: unknown; readonly L1?: unknown }) =>
  nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: Number(k), L1: Number(L1) });

const MIXED = {
  k: range(2, 30, { int: true }),
  L1: range(1e-4, 10, { log: true }),
  x: range(-3, 3),
  kind: ['a', 'b', 'c'],
} as const;

/** How far a point is from the best there is. */
const bowl = (params: Readonly<Record<string, unknown>>) =>
  (Number(params.x) - 1) ** 2 +
  (Math.log10(Number(params.L1)) + 1.5) ** 2 +
  ((Number(params.k) - 12) / 8) ** 2 +
  (params.kind === 'b' ? 0 : 1);

const ranges: fc.Arbitrary<Range> = fc.oneof(
  fc
    .tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 60 }))
    .map(([low, wide]) => range(low, low + wide, { int: true })),
  fc
    .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 60 }))
    .map(([low, wide]) => range(low, low + wide, { int: true, log: true })),
  fc
    .tuple(fc.double({ min: -9, max: 9, noNaN: true }), fc.double({ min: 0.1, max: 9, noNaN: true }))
    .map(([low, wide]) => range(low, low + wide)),
  fc
    .tuple(fc.double({ min: 1e-6, max: 9, noNaN: true }), fc.double({ min: 1.1, max: 1e6, noNaN: true }))
    .map(([low, by]) => range(low, low * by, { log: true })),
);
const lists = fc.uniqueArray(fc.oneof(fc.integer(), fc.string(), fc.boolean()), { minLength: 1, maxLength: 5 });
const spaces = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.oneof(ranges, lists), {
  minKeys: 1,
}) as fc.Arbitrary<Space>; // its values are those of a space

const within = (space: Space, params: Readonly<Record<string, unknown>>) =>
  Object.entries(space).every(([name, values]) => {
    const value = params[name];
    if (!isRange(values)) return values.some((one) => Object.is(one, value));
    const { low, high, int } = values;
    return typeof value === 'number' && value >= low && value <= high && (!int || Number.isInteger(value));
  });

describe('a range', () => {
  property.prop([ranges, fc.double({ min: 0, max: 1, noNaN: true })], runs(200))(
    'has a place for every value',
    (own, place) => {
      const value = valueAt(own, place);
      expect(valueAt(own, placeOf(own, value))).toBeCloseTo(value, 8);
      if (!own.int) expect(placeOf(own, value)).toBeCloseTo(place, 6);
    },
  );
});

describe('points that are drawn', () => {
  property.prop([spaces, fc.integer({ min: 1, max: 20 }), fc.nat()], runs(200))(
    'are of the space, different, and the same for one seed',
    (space, count, seed) => {
      const points = randomPoints(space, count, seed);
      expect(points).toHaveLength(Math.min(count, sizeOf(space)));
      expect(new Set(points.map(nameOfPoint)).size).toBe(points.length);
      for (const point of points) expect(within(space, point)).toBe(true);
      expect(randomPoints(space, count, seed)).toEqual(points);
      // More of them begin with the same.
      if (count + 5 < sizeOf(space)) expect(randomPoints(space, count + 5, seed).slice(0, count)).toEqual(points);
    },
  );

  test('are spread evenly', () => {
    const points = randomPoints(
      { x: range(0, 1), L1: range(1e-4, 1, { log: true }), kind: ['a', 'b', 'c', 'd'] },
      4000,
      1,
    );
    const share = (is: (params: Readonly<Record<string, unknown>>) => boolean) => points.filter(is).length / 4000;
    expect(share(({ x }) => Number(x) < 0.25)).toBeCloseTo(0.25, 1);
    expect(share(({ L1 }) => Number(L1) < 1e-2)).toBeCloseTo(0.5, 1);
    for (const own of 'abcd') expect(Math.abs(share(({ kind }) => kind === own) - 0.25)).toBeLessThan(0.03);
    // Parameters don't follow one another.
    expect(Math.abs(share(({ x, kind }) => Number(x) < 0.5 && kind === 'a') - 0.125)).toBeLessThan(0.02);
  });

  test('another seed has others', () => {
    expect(randomPoints(MIXED, 5, 1)).not.toEqual(randomPoints(MIXED, 5, 2));
  });

  test('a space that has no more is taken whole', () => {
    const space = { k: range(2, 4, { int: true }), kind: ['a', 'b'] };
    expect(sizeOf(space)).toBe(6);
    for (const count of [6, 7, 1000]) expect(randomPoints(space, count, 3)).toEqual(allPoints(space));
    expect(new Set(randomPoints(space, 5, 3).map(nameOfPoint)).size).toBe(5);
    expect(allPoints({ k: [1, 2], kind: ['a', 'b'] })).toEqual(gridPoints({ k: [1, 2], kind: ['a', 'b'] }));
  });
});

/** All points that tpe asks for, generation by generation. */
async function asked(
  space: Space,
  points: number,
  seed: number,
  loss: (params: Readonly<Record<string, unknown>>) => number,
) {
  const generations: Tried[][] = [];
  await tpe(space, { points, seed })
    .plan([])
    .run(async (list, budget) => {
      expect(budget).toBeNull();
      generations.push(list.map((params) => ({ params, loss: loss(params) })));
      return list.map(loss);
    });
  return generations;
}

const least = (tried: readonly Tried[]) => Math.min(...tried.map(({ loss }) => loss));
const mean = (list: readonly number[]) => list.reduce((sum, x) => sum + x, 0) / list.length;

describe('tpe', () => {
  test.each([
    ['a mixed space', MIXED, bowl],
    ['one range', { x: range(-3, 3) }, ({ x }: Readonly<Record<string, unknown>>) => (Number(x) - 1) ** 2],
  ] as const)('comes closer than as many random points: %s', async (_, space, loss) => {
    const seeds = Array.from({ length: 12 }, (__, seed) => seed);
    const chosen = await Promise.all(seeds.map(async (seed) => least((await asked(space, 40, seed, loss)).flat())));
    const drawn = seeds.map((seed) => Math.min(...randomPoints(space, 40, seed).map(loss)));
    expect(mean(chosen)).toBeLessThan(0.5 * mean(drawn));
    expect(chosen.filter((one, seed) => one < drawn[seed]).length).toBeGreaterThanOrEqual(9);
  });

  property.prop([spaces, fc.integer({ min: 1, max: 40 }), fc.nat(1000)], runs(50))(
    'asks for as many points as it may, all different, the same for one seed',
    async (space, points, seed) => {
      const loss = (params: object) => nameOfPoint({ name: JSON.stringify(params) }).length;
      const tried = (await asked(space, points, seed, loss)).flat();
      expect(tried).toHaveLength(Math.min(points, sizeOf(space)));
      expect(new Set(tried.map(({ params }) => nameOfPoint(params))).size).toBe(tried.length);
      for (const { params } of tried) expect(within(space, params)).toBe(true);
      expect((await asked(space, points, seed, loss)).flat()).toEqual(tried);
    },
  );

  test('chooses by losses alone, whatever order the points are in', () => {
    const tried = randomPoints(MIXED, 20, 1).map((params) => ({ params, loss: bowl(params) }));
    const next = propose(MIXED, tried, { count: 4, seed: 1 });
    expect(propose(MIXED, [...tried].reverse(), { count: 4, seed: 1 })).toEqual(next);
    expect(propose(MIXED, tried, { count: 2, seed: 1 })).toEqual(next.slice(0, 2));
    expect(propose(MIXED, tried, { count: 4, seed: 2 })).not.toEqual(next);
    const scaled = tried.map(({ params, loss }) => ({ params, loss: loss ** 3 }));
    expect(propose(MIXED, scaled, { count: 4, seed: 1 })).toEqual(next);
  });

  test('keeps away from points that failed', () => {
    const space = { x: range(0, 1), kind: ['good', 'bad'] };
    const tried = randomPoints(space, 40, 1).map((params) => ({
      params,
      loss: params.kind === 'bad' ? Infinity : Number(params.x),
    }));
    const next = Array.from({ length: 10 }, (_, seed) => propose(space, tried, { count: 4, seed })).flat();
    expect(next.filter(({ kind }) => kind === 'bad').length).toBeLessThan(4);
    // Where all failed, it goes on.
    const failed = tried.map(({ params }) => ({ params, loss: Infinity }));
    expect(propose(space, failed, { count: 4, seed: 1 })).toHaveLength(4);
  });
});

const shown = ({ rows, table }: { readonly rows: readonly object[]; table(): string }) => ({
  rows: rows.map((row) => ({ ...row, seconds: 0 })),
  table: table(),
});

describe('a sweep with a strategy', () => {
  const base = {
    layerFn,
    params: { k: [1, 2, 3, 4], L1: range(1e-3, 1, { log: true }) },
    reps: 2,
    config: { maxIter: 10 },
  };

  test.each(['random', 'tpe'] as const)('%s: the same result for any number of workers', async (strategy) => {
    const options = { ...base, strategy, points: 17 };
    const one = await crossValidateGraph(options);
    expect(one.rows).toHaveLength(34);
    expect(one.rows.every(({ budget }) => budget === null)).toBe(true);
    expect(one.eliminated).toEqual([]);
    for (const workers of [3, 8]) expect(shown(await crossValidateGraph({ ...options, workers }))).toEqual(shown(one));
    const other = await crossValidateGraph({ ...options, seed: 5 });
    expect(other.points).not.toEqual(one.points);
  });

  test('a sweep runs twice alike', async () => {
    const sweep = graphSweep({ ...base, strategy: 'tpe', points: 14 });
    expect(shown(await sweep.run())).toEqual(shown(await sweep.run()));
  });

  test('points drawn from lists have the rows of the grid', async () => {
    const params = { k: [1, 2, 3, 4], L1: [0, 0.01, 0.1] };
    const grid = await crossValidateGraph({ ...base, params });
    for (const strategy of ['random', 'tpe'] as const) {
      const some = await crossValidateGraph({ ...base, params, strategy, points: 11 });
      expect(some.rows).toHaveLength(22);
      for (const row of some.rows) {
        const same = grid.rows.find(
          (one) => one.replicate === row.replicate && nameOfPoint(one.params) === nameOfPoint(row.params),
        );
        expect({ ...same, point: 0, seconds: 0 }).toEqual({ ...row, point: 0, seconds: 0 });
      }
      const told: number[] = [];
      const onProgress = ({ of }: { readonly of: number }) => told.push(of);
      const all = await crossValidateGraph({ ...base, params, strategy, points: 50, onProgress });
      expect(new Set(told)).toEqual(new Set([24]));
      expect(all.rows).toHaveLength(24);
      expect(all.best).toEqual(grid.best);
    }
  });

  test('points that fail are told, and are never the best', async () => {
    const failing = (params: { readonly k?: unknown }) => {
      if (params.k === 2) throw new Error('no twos');
      return layerFn(params);
    };
    const options = { ...base, layerFn: failing, strategy: 'tpe', points: 20, reps: 1 } as const;
    const { rows, best } = await crossValidateGraph(options);
    expect(rows).toHaveLength(20);
    expect(rows.filter(({ params, error }) => (params.k === 2) !== (error !== null))).toEqual([]);
    expect(rows.some(({ error }) => error !== null)).toBe(true);
    expect(best.k).not.toBe(2);
    await expect(crossValidateGraph({ ...options, onError: 'stop' })).rejects.toThrow('no twos');
  });

  test('says what it is going to do', () => {
    const said = (more: Partial<SweepOptions<typeof base.params>>) => graphSweep({ ...base, ...more }).explain();
    expect(said({ strategy: 'random', points: 9 })).toContain('9 points drawn from ranges');
    expect(said({ strategy: 'random', points: 9 })).toContain('sweep of 9 points on 2 masks');
    const tpeText = said({ strategy: 'tpe', points: 30 });
    expect(tpeText).toContain('10 points drawn from ranges, then 20 by tpe, 4 at a time');
    expect(tpeText).toContain('for the first 10 points');
    expect(graphSweep({ ...base, params: { k: [1, 2] }, strategy: 'random', points: 3 }).explain()).toContain(
      'all 2 points of the space',
    );
  });
});

describe('options of strategies', () => {
  const good = { layerFn, params: { k: [1, 2] } };
  const faults = (options: object) => issuesOf(() => graphSweep({ ...good, ...options } as SweepOptions)); // some are wrong

  test.each([
    [{ points: 3 }, 'incompatible-options', /points/],
    [{ strategy: 'grid', points: 3 }, 'incompatible-options', /points/],
    [{ strategy: 'random' }, 'invalid-option', /points .* strategy 'random'/],
    [{ strategy: 'tpe' }, 'invalid-option', /points .* strategy 'tpe'/],
    [{ strategy: 'random', points: 0 }, 'invalid-option', /points/],
    [{ strategy: 'random', points: 1.5 }, 'invalid-option', /points/],
    [{ strategy: 'best' }, 'invalid-option', /'grid' or 'random'/],
    [{ eta: 3 }, 'incompatible-options', /eta/],
    [{ strategy: 'tpe', points: 3, eta: 3 }, 'incompatible-options', /eta/],
    [{ strategy: 'random', points: 3, minIter: 3 }, 'incompatible-options', /minIter/],
    [{ strategy: 'halving', eta: 1 }, 'invalid-option', /eta/],
    [{ strategy: 'halving', eta: 2.5 }, 'invalid-option', /eta/],
    [{ strategy: 'halving', minIter: 0 }, 'invalid-option', /minIter/],
    [{ strategy: 'halving', minIter: 101 }, 'invalid-option', /largest maxIter of the layers, 100 of layer 'a'/],
    [
      { strategy: 'halving', config: { training: 'joint' }, layerFn: () => nmfLayer(layerFn({}), { name: 'b', k: 2 }) },
      'incompatible-options',
      /training/,
    ],
    [
      { strategy: 'halving', layerFn: () => svdLayer(factorInput(data, { name: 'x' }), { name: 's', k: 2 }) },
      'incompatible-options',
      /NMF layers/,
    ],
    [{ params: { k: range(1, 3) } }, 'invalid-option', /steps/],
    [{ strategy: 'halving', params: { k: range(1, 3) } }, 'invalid-option', /steps/],
    [{ strategy: 'random', points: 2, params: { k: range(1, 3, { steps: 3 }) } }, 'invalid-option', /without steps/],
    [{ strategy: 'random', points: 2, params: { k: range(3, 1) } }, 'invalid-option', /larger one/],
    [{ strategy: 'random', points: 2, params: { k: range(0, 1, { log: true }) } }, 'invalid-option', /above 0/],
    [
      { strategy: 'random', points: 2, params: { k: range(0.5, 3, { int: true }) } },
      'invalid-option',
      /whole ones with int/,
    ],
    [{ params: { k: [] } }, 'empty-space', /'k'/],
    [{ params: {} }, 'empty-space', /parameter/],
    [{ params: { k: [1, 1] } }, 'duplicate-value', /twice/],
    [{ params: { k: [0, -0] } }, 'duplicate-value', /twice/],
    [{ params: { k: [1, Number.NaN] } }, 'invalid-option', /finite/],
  ])('%j is refused', (options, code, message) => {
    const [issue, ...others] = faults(options);
    expect(others).toEqual([]);
    expect(issue.code).toBe(code);
    expect(() => graphSweep({ ...good, ...options } as unknown as SweepOptions)).toThrow(message); // it is wrong
  });

  test.each([
    [{ strategy: 'random', points: 2, params: { k: range(1, 3, { int: true }) } }],
    [{ strategy: 'halving', points: 2, params: { k: range(1, 3, { int: true }) } }],
    [{ strategy: 'halving', params: { k: range(1, 3, { int: true, steps: 3 }) }, eta: 2, minIter: 100 }],
    [{ strategy: 'grid' }],
  ])('%j is taken', (options) => {
    expect(faults(options)).toEqual([]);
  });
});
