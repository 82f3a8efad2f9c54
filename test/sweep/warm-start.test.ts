import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  crossValidateRank,
  type FactorRef,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  graphSweep,
  H,
  KernelError,
  type NmfSpec,
  nmfLayer,
  range,
  type SweepRow,
  svdLayer,
  W,
} from '../../src/index.js';
import type { NmfArgs } from '../../src/kernels/kernels.js';
import { dense } from '../../src/matrix.js';
import { grownStart } from '../../src/runtime/grown-start.js';
import { keyOf, splitEntries, startSeed } from '../../src/sweep/held-out.js';
import { lowRank, sparse, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

/** The ranks that the kernel was asked for, in order, and the one that it fails for. */
const kernel = vi.hoisted(() => ({ ranks: [] as number[], broken: 0 }));

vi.mock('../../src/kernels/select.js', async (original) => {
  const { selectKernels, quickestKernels } = await original<typeof import('../../src/kernels/select.js')>();
  return {
    quickestKernels,
    selectKernels: (backend?: 'auto' | 'native' | 'reference') => {
      const kernels = selectKernels(backend);
      const nmf: typeof kernels.nmf = async (args: NmfArgs, options) => {
        const k = args.start.W.cols;
        kernel.ranks.push(k);
        if (k === kernel.broken) throw new KernelError('non-finite', 'it broke');
        return kernels.nmf(args, options);
      };
      return { ...kernels, nmf };
    },
  };
});
beforeEach(() => {
  kernel.ranks.length = 0;
  kernel.broken = 0;
});

const noise = uniform(20, 18, 51);
const X = dense(20, 18, lowRank(20, 18, 3, 1).data.map((z, p) => z + 0.1 * noise.data[p])); // biome-ignore format: one thought
const x = factorInput(X, { name: 'x' });
const y = factorInput(sparse(13, 18, 2), { name: 'y' });
const conditions = uniform(2, 18, 7);

const told = (rows: readonly SweepRow<object>[]) => rows.map(({ seconds: _, ...row }) => row);
const byParams = (rows: readonly SweepRow<object>[]) =>
  told(rows)
    .map(({ point: _, ...row }) => JSON.stringify(row))
    .sort();

const one = ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k });
const base = {
  params: { k: [1, 2, 3, 4] },
  layerFn: one,
  reps: 2,
  seed: 5,
  testFraction: 0.2,
  warmStart: true,
} as const;

type Case<F> = readonly [name: string, make: F, more?: object];
const named = <F>(cases: readonly Case<F>[]) => cases.map(([name, make, more = {}]) => ({ name, make, more }));

const shapes: readonly Case<(k: number, L1: number) => FactorRef>[] = [
  ['one layer', (k, L1) => nmfLayer(x, { name: 'a', k, W: W({ L1 }) })],
  ['a shared one below', (k, L1) => nmfLayer(nmfLayer(x, { name: 'below', k: 5 }), { name: 'a', k, L1 })],
  ['the one below', (k, L1) => nmfLayer(nmfLayer(x, { name: 'below', k, L1 }), { name: 'a', k: 2 })],
  ['both', (k, L1) => nmfLayer(nmfLayer(x, { name: 'below', k: k + 1, L1 }), { name: 'a', k })],
  ['several inputs, sparse', (k, L1) => nmfLayer(factorShared(x, y), { name: 'a', k, H: H({ L1 }) })],
  ['two at the top', (k, L1) => factorConcat(nmfLayer(x, { name: 'a', k }), nmfLayer(y, { name: 'b', k: 2, L1 }))],
  [
    'on a sum, of several starts',
    (k, L1) =>
      nmfLayer(factorAdd(nmfLayer(x, { name: 'a', k: 4, restarts: 3 }), nmfLayer(y, { name: 'b', k: 4 })), {
        name: 'c',
        k,
        L1,
      }),
  ],
  [
    'samples, on an SVD and conditions',
    (k, L1) =>
      nmfLayer(factorCondition(svdLayer(x, { name: 'axes', k: 4 }), conditions), {
        name: 'a',
        k,
        nonneg: { W: false },
        L1,
      }),
    { holdOut: 'samples' },
  ],
];

describe('a sweep that warm-starts', () => {
  test.each(named(shapes))(
    'comes to the same bits in any order, with any number of workers: $name',
    async ({ make, more }) => {
      const options = {
        ...{ params: { k: [1, 2, 4], L1: [0, 0.01] }, reps: 2, seed: 5, testFraction: 0.2, warmStart: true },
        ...more,
        config: { maxIter: 30 },
        layerFn: ({ k, L1 }: { k: number; L1: number }) => make(k, L1),
      };
      const result = await crossValidateGraph(options);
      expect(result.rows.filter(({ error }) => error !== null)).toEqual([]);
      const parallel = await crossValidateGraph({ ...options, workers: 4 });
      expect(told(parallel.rows)).toEqual(told(result.rows));
      expect(parallel.work).toEqual(result.work);
      const other = await crossValidateGraph({ ...options, params: { k: [4, 1, 2], L1: [0.01, 0] }, workers: 2 });
      expect(byParams(other.rows)).toEqual(byParams(result.rows));
      expect(other.work).toEqual(result.work);
      // As many fits as without, and not the same.
      const cold = await crossValidateGraph({ ...options, warmStart: false });
      expect(told(cold.rows)).not.toEqual(told(result.rows));
      expect([cold.work.fitted, cold.work.asked]).toEqual([result.work.fitted, result.work.asked]);
    },
  );
});

describe('a row', () => {
  test('is what fitting along the path by hand gives', async () => {
    const { rows } = await crossValidateGraph({ ...base, params: { k: [4, 2, 3] }, ridge: 0, config: { maxIter: 40 } });
    const { test: held } = await splitEntries(X, keyOf(5, 1, 'x'), 0.2, 'entries');
    if (held.kind !== 'csc') throw new Error('entries are listed');
    const samples = Array.from(held.indices, (_, p) => held.indptr.findIndex((end) => end > p) - 1);
    const masked = factorInput(X, { name: 'x', mask: { features: held.indices, samples } });
    const seed = startSeed(5, 1);
    const fitOf = (k: number, more: object) =>
      factorNet(nmfLayer(masked, { name: 'a', k, ...more }), { seed, maxIter: 40 }).fit();
    let fit = await fitOf(2, {});
    for (const k of [2, 3, 4]) {
      if (k > 2) fit = await fitOf(k, { start: await grownStart(fit.a, k, { seed, stream: 0 }, false) });
      const row = rows.find(({ params, replicate }) => params.k === k && replicate === 1);
      if (row?.error !== null) throw new Error('a row that was fitted');
      expect(row.iterations).toBe(fit.a.iterations);
      expect(row.trainLoss).toBeCloseTo(fit.summary.loss, 13);
      const led = await fit.reconstruct('x');
      const squares = Array.from(held.values, (v, p) => (v - led.data[held.indices[p] + samples[p] * 20]) ** 2);
      expect(row.testLoss).toBeCloseTo(squares.reduce((sum, z) => sum + z, 0) / squares.length, 12);
    }
  });

  test('knows nothing of what is held out', async () => {
    const before = await crossValidateGraph(base);
    const { test: held } = await splitEntries(X, keyOf(5, 0, 'x'), 0.2, 'entries');
    if (held.kind !== 'csc') throw new Error('entries are listed');
    const data = Float64Array.from(X.data);
    for (let j = 0; j < held.cols; j++)
      for (let p = held.indptr[j]; p < held.indptr[j + 1]; p++) data[held.indices[p] + j * 20] = 3 + ((7 * p) % 5);
    const other = factorInput(dense(20, 18, data), { name: 'x' });
    const after = await crossValidateGraph({ ...base, layerFn: ({ k }) => nmfLayer(other, { name: 'a', k }) });
    const fitted = (rows: readonly SweepRow<object>[]) =>
      rows.flatMap((row) => (row.replicate === 0 && row.error === null ? [[row.trainLoss, row.iterations]] : []));
    expect(fitted(before.rows).length).toBe(4);
    expect(fitted(after.rows)).toEqual(fitted(before.rows));
  });

  /** Losses over what was fitted, of two points that are next to the same, after so many iterations each. */
  const lossesAfter = async (maxIter: number, layerFn: (point: { L2: number }) => FactorRef, more: object = {}) => {
    const { rows } = await crossValidateGraph({
      ...{ params: { L2: [0.01, 0.01 + 1e-13] }, reps: 1, config: { tol: 0, maxIter }, ridge: 0 },
      ...more,
      layerFn,
    });
    return rows.map((row) => (row.error === null ? row.trainLoss : Number.NaN));
  };
  const others = factorInput(uniform(7, 18, 3), { name: 'z' });
  const weighed = (weights: { x?: number; z?: number } | 'balance') => factorShared(x, others, { weights });
  const onX = (spec: Omit<NmfSpec, 'name' | 'k'>) => (point: { L2: number }) =>
    nmfLayer(x, { name: 'a', k: 3, ...point, ...spec });

  const kinds: readonly Case<(point: { L2: number }) => FactorRef>[] = [
    ['hals', onX({})],
    ['bpp', onX({ solver: 'bpp' }), { holdOut: 'samples' }],
    ['mu', onX({ solver: 'mu' }), { holdOut: 'samples' }],
    ['a norm of 2', onX({ norm: 'L2' })],
    ['no norm, and bounds', onX({ norm: 'none', upperBound: 0.9 })],
    ['any sign', onX({ nonneg: { W: false } })],
    ['weights', (point) => nmfLayer(weighed({ x: 50, z: 0.02 }), { name: 'a', k: 3, ...point })],
    ['balanced weights', (point) => nmfLayer(weighed('balance'), { name: 'a', k: 3, ...point })],
  ];
  test.each(named(kinds))('begins where another one ended: $name', async ({ make, more }) => {
    const [first, second] = await lossesAfter(4, make, { ...more, warmStart: true });
    const [cold] = await lossesAfter(8, make, more);
    expect(second).toBeLessThan(first);
    expect(second).toBeLessThan(cold + 0.1 * Math.abs(first - cold));
  });
});

describe('work', () => {
  test('is one fit for each layer on each mask, each from the last, in any order', async () => {
    const { work } = await crossValidateGraph({ ...base, params: { k: [4, 1, 3, 2] } });
    expect(work).toMatchObject({ asked: 8, fitted: 8 });
    expect(work.multiplyAdds).toBe(work.multiplyAddsAlone);
    // The first point asks for rank 4, which needs all others.
    expect(kernel.ranks).toEqual([1, 2, 3, 4, 1, 2, 3, 4]);
  });

  test('is that of layers above too, which start at random on another one below', async () => {
    const layerFn = ({ k, top }: { k: number; top: number }) =>
      nmfLayer(nmfLayer(x, { name: 'below', k: 3 + k }), { name: 'top', k: top });
    const options = { ...base, params: { k: [1, 2], top: [1, 2] }, reps: 1, layerFn };
    const { work } = await crossValidateGraph(options);
    expect(work).toMatchObject({ asked: 8, fitted: 6 });
    const lines = graphSweep(options)
      .explain()
      .split('\n')
      .filter((line) => line.includes('nmf'));
    expect(lines.map((line) => line.replace(/ *≤.*/, ''))).toEqual([
      '  nmf below k=4  points 0, 1',
      '  nmf top k=1  point 0',
      '  nmf top k=2  point 1  from k=1 of point 0',
      '  nmf below k=5  points 2, 3  from k=4 of point 0',
      '  nmf top k=1  point 2',
      '  nmf top k=2  point 3  from k=1 of point 2',
    ]);
  });

  test('of races between starts is counted', async () => {
    const at = async (restarts: number) => {
      const layerFn = ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k, restarts, tol: 0, maxIter: 25 });
      const options = { params: { k: [2] }, reps: 1, layerFn };
      const bound = /at most: ([\d.]+) k of ([\d.]+) k/.exec(graphSweep(options).explain());
      return { ...(await crossValidateGraph(options)).work, bound: bound?.slice(1).map(Number) };
    };
    const [plain, raced] = [await at(1), await at(4)];
    // Four times ten iterations, and then all twenty-five of the best.
    expect(raced.multiplyAdds / plain.multiplyAdds).toBeCloseTo((25 + 40) / 25, 12);
    expect(raced.multiplyAddsAlone).toBe(raced.multiplyAdds);
    const most = (raced.bound?.[0] ?? 0) / (plain.bound?.[0] ?? 1);
    expect(most).toBeCloseTo((25 + 40) / 25, 1);
  });
});

describe('whom a layer starts from', () => {
  const lines = (layerFn: (params: never) => FactorRef, params: object, more: object = {}) =>
    graphSweep({ params, layerFn, reps: 1, warmStart: true, ...more } as never) // any space will do
      .explain()
      .split('\n')
      .filter((line) => /^ {2}(nmf|svd|tied)/.test(line))
      .map((line) =>
        /(?:points? (?=\d)|(?=all))(\d+|all)/.exec(line)?.[1].concat(
          / {2}from (.*?) {2}/
            .exec(line)
            ?.slice(1, 2)
            .map((from) => ` < ${from}`)
            .join() ?? '',
        ),
      );

  test('is the lower penalty of its rank, then the lower rank', () => {
    const layerFn = ({ k, L1, L2 }: { k: number; L1: number; L2: number }) =>
      nmfLayer(x, { name: 'a', k, W: W({ L1 }), H: H({ L2 }) });
    expect(lines(layerFn, { k: [2, 5], L1: [0, 0.1], L2: [0, 1] })).toEqual([
      '0',
      '1 < k=2 of point 0',
      '2 < k=2 of point 0',
      '3 < k=2 W.L1=0.1 of point 2',
      '4 < k=2 of point 0',
      '5 < k=5 of point 4',
      '6 < k=5 of point 4',
      '7 < k=5 W.L1=0.1 of point 6',
    ]);
  });

  test('says the same but for these; what follows from the rank is not said', () => {
    const data = factorInput(sparse(60, 70, 3), { name: 'x' });
    const layerFn = ({ k, solver }: { k: number; solver: 'hals' | 'bpp' }) => nmfLayer(data, { name: 'a', k, solver });
    expect(lines(layerFn, { k: [2, 30], solver: ['hals', 'bpp'] }, { holdOut: 'samples' })).toEqual([
      '0',
      '1',
      '2 < k=2 of point 0',
      '3 < k=2 of point 1',
    ]);
    const swept = ({ k, sweeps }: { k: number; sweeps: number }) => nmfLayer(x, { name: 'a', k, sweeps });
    expect(lines(swept, { k: [2, 3], sweeps: [1, 2] })).toEqual(['0', '1', '2 < k=2 of point 0', '3 < k=2 of point 1']);
    const tied = ({ k, tol }: { k: number; tol: number }) => nmfLayer(x, { name: 'a', k, tol });
    expect(lines(tied, { k: [2, 3], tol: [1e-3, 1e-4] })).toEqual([
      '0',
      '1',
      '2 < k=2 of point 0',
      '3 < k=2 of point 1',
    ]);
  });

  test('is nobody for an SVD, for what has no neighbour, and for points that can not be made', () => {
    const axes = ({ k }: { k: number }) => svdLayer(x, { name: 'a', k });
    expect(lines(axes, { k: [1, 2] }, { holdOut: 'samples' })).toEqual(['0', '1']);
    const seeds = ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k, seed: k });
    expect(lines(seeds, { k: [1, 2] })).toEqual(['0', '1']);
    expect(lines(one, { k: [1, 0, 2] })).toEqual(['0', '2 < k=1 of point 0']);
    expect(graphSweep({ ...base, params: { k: [3] } }).explain()).toContain(
      'layers that start from another one: 0 of 1',
    );
  });

  test('can be of the same point, and under another name', () => {
    const layerFn = ({ k }: { k: number }) =>
      factorConcat(nmfLayer(x, { name: `a${k}`, k, seed: 1 }), nmfLayer(y, { name: 'b', k: 2 }));
    expect(lines(layerFn, { k: [2, 3] })).toEqual(['0', 'all', '1 < k=2 of point 0']);
    const twice = () =>
      factorConcat(nmfLayer(x, { name: 'a', k: 3, seed: 1 }), nmfLayer(x, { name: 'b', k: 2, seed: 1 }));
    expect(lines(twice, { p: [1] })).toEqual(['all < k=2 of point 0', 'all']);
  });

  test('is one of the points that are drawn', async () => {
    const options = {
      ...{ params: { k: range(1, 6, { int: true }), L1: range(0, 0.1) }, reps: 1, warmStart: true, seed: 2 },
      layerFn: ({ k, L1 }: { k: number; L1: number }) => nmfLayer(x, { name: 'a', k, L1 }),
      ...({ strategy: 'random', points: 12, config: { maxIter: 20 } } as const),
    };
    expect(graphSweep(options).explain()).toMatch(/layers that start from another one: [1-9]\d* of 12/);
    const [alone, parallel] = [await crossValidateGraph(options), await crossValidateGraph({ ...options, workers: 4 })];
    expect(told(parallel.rows)).toEqual(told(alone.rows));
  });
});

describe('a fit that fails', () => {
  test('fails those that start from it, and says so', async () => {
    kernel.broken = 2;
    for (const k of [
      [1, 2, 3, 4],
      [4, 3, 2, 1],
    ]) {
      const { rows } = await crossValidateGraph({ ...base, params: { k }, reps: 1 });
      const messages = new Map(rows.map(({ params, error }) => [params.k, error]));
      expect(messages.get(1)).toBe(null);
      expect(messages.get(2)).toEqual({ code: 'non-finite', message: "it broke (in layer 'a')" });
      for (const above of [3, 4]) {
        const error = messages.get(above);
        expect(error?.code).toBe('non-finite');
        expect(error?.message).toBe(
          `Layer 'a' starts from that of { k: ${above - 1} }, which must not fail; it did: it broke (in layer 'a')`,
        );
      }
    }
    await expect(crossValidateGraph({ ...base, onError: 'stop' })).rejects.toThrow('it broke');
  });

  test('is told alike in any order, where several points have it', async () => {
    kernel.broken = 2;
    const rows = async (p: readonly number[]) =>
      byParams((await crossValidateGraph({ ...base, params: { p, k: [1, 2, 3] }, reps: 1 })).rows);
    expect(await rows([1, 0])).toEqual(await rows([0, 1]));
  });
});

describe('options beside warm starts', () => {
  const layer = (more: object) => ({ layerFn: ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k, ...more }) });
  const square = factorInput(dense(6, 6, new Float64Array(36).fill(1)), { name: 's' });

  test.each([
    [
      { strategy: 'tpe', points: 3 },
      { strategy: 'tpe' },
      /before the first is fitted.*take strategy 'grid' or 'random'/,
    ],
    [{ strategy: 'halving' }, { strategy: 'halving' }, /come to its end.*leave warmStart out/],
    [{ earlyStopping: {} }, { earlyStopping: {} }, /held out.*leave warmStart or earlyStopping out/],
    [{ config: { training: 'joint' } }, { 'config.training': 'joint' }, /by itself.*leave warmStart or training out/],
    [
      layer({ restarts: 3 }),
      { restarts: 3 },
      /no other start.*restarts: 3 in layer 'a': leave warmStart or restarts out/,
    ],
    [layer({ rng: 'R' }), { rng: 'R' }, /by their place.*leave warmStart or rng out/],
    [{ config: { restarts: 2 } }, { restarts: 2 }, /leave warmStart or restarts out/],
    [layer({ start: 'nndsvda' }), { start: 'nndsvda' }, /no other start.*take start 'random'/],
    [{ config: { start: 'svd' } }, { start: 'svd' }, /take start 'random'/],
    [
      {
        layerFn: ({ k }: { k: number }) =>
          nmfLayer(x, { name: 'a', k, start: { W: uniform(20, k, 1), H: uniform(k, 18, 2) } }),
      },
      { start: 'given' },
      /no other start/,
    ],
    [layer({ projective: true }), { projective: true }, /an H of its own.*leave warmStart out/],
    [
      { layerFn: ({ k }: { k: number }) => nmfLayer(square, { name: 'a', k, symmetric: true }) },
      { symmetric: true },
      /H of its own/,
    ],
  ])('%j is refused', (options, given, message) => {
    const sweep = { ...base, ...options } as unknown as typeof base; // it is wrong
    expect(() => graphSweep(sweep)).toThrow(message);
    try {
      graphSweep(sweep);
    } catch (error) {
      expect(error).toMatchObject({
        issues: [{ code: 'incompatible-options', options: { warmStart: true, ...given }, at: 'crossValidateGraph' }],
      });
    }
    expect(() => graphSweep({ ...sweep, warmStart: false })).not.toThrow();
  });

  test.each([
    [{ warmStart: 1 }, 'true or false'],
    [{ warmStart: 'yes' }, 'true or false'],
  ])('%j is none', (options, rule) => {
    expect(() => graphSweep({ ...base, ...options } as unknown as typeof base)).toThrow(rule); // it is wrong
  });

  test('are taken where no layer starts from another one', () => {
    const fixed = nmfLayer(x, { name: 'fixed', k: 5, restarts: 3, start: 'random' });
    const placed = nmfLayer(x, { name: 'placed', k: 5, start: 'nndsvd' });
    for (const below of [fixed, placed])
      expect(graphSweep({ ...base, layerFn: ({ k }) => nmfLayer(below, { name: 'a', k }) }).explain()).toContain(
        'layers that start from another one: 3 of 5',
      );
  });

  test('crossValidateRank has them', async () => {
    const options = { k: [1, 2, 3], reps: 1, seed: 5 } as const;
    const [warm, cold] = [
      await crossValidateRank(X, { ...options, warmStart: true }),
      await crossValidateRank(X, options),
    ];
    expect(told(warm.rows)[0]).toEqual(told(cold.rows)[0]);
    expect(told(warm.rows)[2]).not.toEqual(told(cold.rows)[2]);
  });
});

describe.skipIf(!haveSharedData || !haveNative)(`on real data${skipReason}${withoutNative}`, () => {
  test('aml: the path k = 3 … 12 takes less work at the same tolerance, to fits as good or better', async () => {
    const aml = factorInput(readNpy('aml.npy'), { name: 'aml' });
    const options = {
      params: { k: [3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
      reps: 8,
      layerFn: ({ k }: { k: number }) => nmfLayer(aml, { name: 'f', k }),
    };
    const [cold, warm] = [await crossValidateGraph(options), await crossValidateGraph({ ...options, warmStart: true })];
    expect(warm.work.multiplyAdds).toBeLessThan(0.7 * cold.work.multiplyAdds);
    expect(warm.best).toEqual(cold.best);
    expect(warm.simplest).toEqual(cold.simplest);
    for (const k of options.params.k) {
      const [one, other] = [cold, warm].map(({ points }) => points.find(({ params }) => params.k === k));
      if (one?.se == null || other === undefined) throw new Error('a point of the grid');
      // Higher ranks than the data have are held-out errors of noise: there a better fit is a worse one.
      expect(other.trainLoss).toBeLessThan(1.001 * one.trainLoss);
      if (k <= 8) expect(other.testLoss).toBeLessThan(one.testLoss + one.se);
    }
  });
});
