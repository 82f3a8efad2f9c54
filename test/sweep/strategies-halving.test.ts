import { beforeEach, describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  factorConcat,
  factorInput,
  graphSweep,
  nmfLayer,
  range,
  SweepError,
  type SweepResult,
  type SweepRow,
  svdLayer,
} from '../../src/index.js';
import { selectKernels } from '../../src/kernels/select.js';
import { createEngine } from '../../src/sweep/engine.js';
import type { Ledger } from '../../src/sweep/ledger.js';
import type { SweepOptions } from '../../src/sweep/options.js';
import { pointMaker } from '../../src/sweep/points.js';
import { gridPoints, nameOfPoint } from '../../src/sweep/space.js';
import { uniform } from '../support/matrices.js';

/** How often data were split. */
const splits = vi.hoisted(() => ({ made: 0 }));
vi.mock('../../src/sweep/held-out.js', async (original) => {
  const own = await original<typeof import('../../src/sweep/held-out.js')>();
  const splitEntries: typeof own.splitEntries = (...args) => {
    splits.made++;
    return own.splitEntries(...args);
  };
  return { ...own, splitEntries };
});
beforeEach(() => {
  splits.made = 0;
});

const data = uniform(24, 18, 1);
const other = uniform(12, 18, 2);
const x = () => factorInput(data, { name: 'x' });

type P = { readonly k: number; readonly L1: number };
const params = { k: [1, 2, 3, 4], L1: [0, 0.001, 0.01] };

/** Graphs in which layers are left and gone on with, or aren't. */
const GRAPHS: Readonly<Record<string, (params: P, most?: number) => ReturnType<typeof nmfLayer>>> = {
  'one layer': ({ k, L1 }) => nmfLayer(x(), { name: 'a', k, L1 }),
  'one of several starts': ({ k, L1 }) => nmfLayer(x(), { name: 'a', k, L1, restarts: 3 }),
  'a layer on a layer': ({ k, L1 }) => nmfLayer(nmfLayer(x(), { name: 'a', k: 5 }), { name: 'b', k, L1 }),
  'a layer on one that is soon done': ({ k, L1 }) =>
    nmfLayer(nmfLayer(x(), { name: 'a', k: 5, tol: 0.01 }), { name: 'b', k, L1 }),
  'a layer that may take less': ({ k, L1 }, most = Infinity) =>
    nmfLayer(nmfLayer(x(), { name: 'a', k: 5, maxIter: Math.min(12, most) }), { name: 'b', k, L1 }),
  'a layer on two': ({ k, L1 }) => {
    const [a, b] = [nmfLayer(x(), { name: 'a', k }), nmfLayer(factorInput(other, { name: 'y' }), { name: 'b', k: 2 })];
    return nmfLayer(factorConcat(a, b), { name: 'top', k: 2, L1 });
  },
  'multiplicative updates': ({ k, L1 }) => nmfLayer(x(), { name: 'a', k, L1, solver: 'mu', accelerate: 'none' }),
};
/** Rows without what is never the same, and without their place. */
const bare = ({ seconds: _, point: __, ...row }: SweepRow) => row;
const sameRow = (rows: readonly SweepRow[], { params: own, replicate }: SweepRow) =>
  rows.find((row) => row.replicate === replicate && nameOfPoint(row.params) === nameOfPoint(own));
const shown = ({ rows, eliminated, ...result }: SweepResult) => ({
  rows: rows.map((row) => ({ ...row, seconds: 0 })),
  eliminated,
  table: result.table(),
});

const base = { params, reps: 2, config: { maxIter: 90, tol: 1e-7 } };
const halving = { ...base, strategy: 'halving' } as const;

describe('halving', () => {
  test('keeps the data of one mask at a time, and what it has fitted on all', async () => {
    const layerFn = GRAPHS['a layer on a layer'];
    const once = await crossValidateGraph({ ...base, layerFn });
    expect(splits.made).toBe(2);
    splits.made = 0;
    const { rows, work } = await crossValidateGraph({ ...halving, layerFn, minIter: 10 });
    const budgets = new Set(rows.map(({ budget }) => budget));
    expect(budgets.size).toBe(3);
    expect(splits.made).toBe(2 * 3);
    // The layer below once for each rung and mask; above it every row, for it begins again.
    expect(work.fitted).toBe(2 * 3 + rows.length);
    expect(work.multiplyAdds).toBeLessThan(once.work.multiplyAdds);
  });

  test.each(Object.entries(GRAPHS))(
    'a point that went on has the bits of one that was never left: %s',
    async (_, layerFn) => {
      // Entries can only be held out for 'hals'; samples for all.
      const common = { layerFn, holdOut: 'samples', testFraction: 0.2 } as const;
      const [halved, grid] = [
        await crossValidateGraph({ ...halving, ...common, minIter: 10 }),
        await crossValidateGraph({ ...base, ...common }),
      ];
      const last = halved.rows.filter(({ budget }) => budget === null);
      expect(last).toHaveLength(2 * 2);
      for (const row of last) expect(bare(row)).toEqual(bare(sameRow(grid.rows, row) as SweepRow)); // every point is there
      // And so at every rung: it is a sweep of that maxIter, whatever was before.
      for (const budget of [10, 30]) {
        const own = halved.rows.filter((row) => row.budget === budget);
        const config = { ...base.config, maxIter: budget };
        const shorter = (own: P) => layerFn(own, budget);
        const short = await crossValidateGraph({ ...base, ...common, layerFn: shorter, config });
        expect(own).toHaveLength(budget === 10 ? 12 * 2 : 4 * 2);
        for (const row of own)
          expect(bare(row)).toMatchObject({ ...bare(sameRow(short.rows, row) as SweepRow), budget }); // as above
      }
    },
  );

  test('random starts are raced as far as ever, however short the rung', async () => {
    const layerFn = ({ k, L1 }: P) => nmfLayer(x(), { name: 'a', k, L1, restarts: 4 });
    const halved = await crossValidateGraph({ ...halving, layerFn, minIter: 3 });
    expect(halved.rows.some(({ budget }) => budget === 4)).toBe(true);
    const grid = await crossValidateGraph({ ...base, layerFn });
    for (const row of halved.rows.filter(({ budget }) => budget === null))
      expect(bare(row)).toEqual(bare(sameRow(grid.rows, row) as SweepRow)); // every point is there
  });

  test('layers in which W gives H run whole', async () => {
    const layerFn = ({ k, L1 }: P) =>
      nmfLayer(nmfLayer(x(), { name: 'p', k: 5, projective: true, maxIter: 40 }), { name: 'a', k, L1 });
    const options = { ...halving, layerFn, holdOut: 'samples', testFraction: 0.2, minIter: 10 } as const;
    const { rows } = await crossValidateGraph(options);
    const grid = await crossValidateGraph({ ...options, strategy: 'grid', minIter: undefined });
    for (const row of rows.filter(({ budget }) => budget === null))
      expect(bare(row)).toEqual(bare(sameRow(grid.rows, row) as SweepRow)); // every point is there
    for (const row of rows.filter(({ budget }) => budget === 10)) {
      const { iterations } = row as SweepRow & { readonly iterations: number }; // none fails
      expect(iterations).toBeGreaterThan(10);
      expect(iterations).toBeLessThanOrEqual(40 + 10);
    }
  });

  test('of each rung the best go on', async () => {
    const { rows, eliminated, points, best } = await crossValidateGraph({
      ...halving,
      layerFn: GRAPHS['one layer'],
      minIter: 10,
    });
    const losses = (budget: number | null) => {
      const own = rows.filter((row) => row.budget === budget);
      return [...new Set(own.map(({ point }) => point))]
        .map((point) => {
          const each = own
            .filter((row) => row.point === point)
            .map((row) => (row.error === null ? row.testLoss : Infinity));
          return { point, loss: each.reduce((sum, loss) => sum + loss, 0) / each.length };
        })
        .sort((a, b) => a.loss - b.loss);
    };
    const sorted = (list: readonly { readonly point: number }[]) =>
      list.map(({ point }) => point).sort((a, b) => a - b);
    expect(losses(10)).toHaveLength(12);
    expect(sorted(losses(30))).toEqual(sorted(losses(10).slice(0, 4)));
    expect(sorted(losses(null))).toEqual(sorted(losses(30).slice(0, 2)));
    expect(points.map(({ point }) => point)).toEqual(losses(null).map(({ point }) => point));
    expect(points[0].params).toEqual(best);
    expect(eliminated.map(({ point, testLoss }) => ({ point, loss: testLoss }))).toEqual([
      ...losses(30).slice(2),
      ...losses(10).slice(4),
    ]);
    expect(eliminated.map(({ budget }) => budget)).toEqual([30, 30, ...Array.from({ length: 8 }, () => 10)]);
  });

  test('is the same for any number of workers and any order of values', async () => {
    const options = { ...halving, layerFn: GRAPHS['a layer on two'] };
    const one = await crossValidateGraph(options);
    for (const workers of [2, 5]) expect(shown(await crossValidateGraph({ ...options, workers }))).toEqual(shown(one));
    const turned = await crossValidateGraph({
      ...options,
      params: { k: [...params.k].reverse(), L1: [0.01, 0, 0.001] },
    });
    expect(turned.best).toEqual(one.best);
    expect(turned.rows).toHaveLength(one.rows.length);
    for (const row of turned.rows) {
      const same = one.rows.filter(({ budget }) => budget === row.budget);
      expect(bare(row)).toEqual(bare(sameRow(same, row) as SweepRow)); // every point is there
    }
  });

  test('equal points are told apart by what they are', async () => {
    // L1 that leaves nothing: every point is the model of zeros.
    const options = {
      ...halving,
      layerFn: ({ k }: { readonly k: number }) => nmfLayer(x(), { name: 'a', k, L1: 1e3 }),
    };
    const forward = await crossValidateGraph({ ...options, params: { k: [1, 2, 3, 4] } });
    const back = await crossValidateGraph({ ...options, params: { k: [4, 3, 2, 1] } });
    expect(back.best).toEqual(forward.best);
    expect(back.eliminated.map((one) => one.params)).toEqual(
      expect.arrayContaining(forward.eliminated.map((one) => one.params)),
    );
  });

  test('counts the iterations that were made, and no others', async () => {
    // Points of one rank, that never end by themselves.
    const options = {
      ...base,
      params: { L1: Array.from({ length: 9 }, (_, p) => p * 1e-4) },
      reps: 1,
      config: { maxIter: 45, tol: 0 },
    };
    const layerFn = ({ L1 }: { readonly L1: number }) => nmfLayer(x(), { name: 'a', k: 3, L1 });
    const grid = await crossValidateGraph({ ...options, layerFn });
    const iterations = grid.rows.map((row) => (row.error === null ? row.iterations : 0));
    expect(iterations).toEqual(iterations.map(() => 45));
    const each = grid.work.multiplyAdds / (9 * 45);
    const { work } = await crossValidateGraph({ ...options, layerFn, strategy: 'halving', minIter: 5 });
    // What was left is one iteration back.
    expect(work.multiplyAdds / each).toBeCloseTo(9 * 5 + 3 * (15 - 5 + 1) + 1 * (45 - 15 + 1), 6);
    expect(work.multiplyAddsAlone / each).toBeCloseTo(9 * 5 + 3 * 15 + 45, 6);
    expect(work).toMatchObject({ asked: 13, fitted: 13 });
    // A rung of one iteration leaves nothing to go on from.
    const short = await crossValidateGraph({
      ...options,
      layerFn,
      strategy: 'halving',
      minIter: 1,
      eta: 9,
      config: { maxIter: 9, tol: 0 },
    });
    expect(short.work.multiplyAdds / each).toBeCloseTo(9 * 1 + 9, 6);
  });

  test('what is done is not made again', async () => {
    const options = { ...base, layerFn: GRAPHS['a layer on a layer'], reps: 1, config: { maxIter: 900, tol: 0.05 } };
    const grid = await crossValidateGraph(options);
    for (const row of grid.rows) expect(row).toMatchObject({ converged: true });
    const halved = await crossValidateGraph({ ...options, strategy: 'halving', minIter: 100 });
    expect(halved.work.multiplyAdds).toBe(grid.work.multiplyAdds);
    expect(halved.work.fitted).toBe(grid.work.fitted);
    expect(halved.best).toEqual(grid.best);
  });

  test('points can be drawn', async () => {
    const options = {
      ...halving,
      params: { k: range(1, 6, { int: true }), L1: range(1e-4, 1, { log: true }) },
      points: 10,
    } as const;
    const layerFn = ({ k, L1 }: P) => nmfLayer(x(), { name: 'a', k, L1 });
    const drawn = await crossValidateGraph({ ...options, layerFn, reps: 1 });
    const random = await crossValidateGraph({ ...options, layerFn, reps: 1, strategy: 'random' });
    expect(new Set(drawn.rows.map(({ point }) => point)).size).toBe(10);
    for (const row of drawn.rows.filter(({ budget }) => budget === null))
      expect(bare(row)).toEqual(bare(sameRow(random.rows, row) as SweepRow)); // every point is there
    expect(graphSweep({ ...options, layerFn }).explain()).toContain('10 points drawn from ranges');
  });

  test('says how far points go, and does no more than it says', async () => {
    const options = { ...halving, layerFn: GRAPHS['a layer on a layer'], minIter: 10 };
    const sweep = graphSweep(options);
    const text = sweep.explain();
    expect(text).toContain(
      'halving: 12 points to iteration 10 of NMF layers, the best 4 points to iteration 30 of NMF layers, the best 2 points to the end',
    );
    const [, number, unit] = /multiply-adds at most: ([\d.]+) (\w)/.exec(text) ?? [];
    const most = Number(number) * { k: 1e3, M: 1e6, G: 1e9 }[unit as 'k' | 'M' | 'G']; // small data
    const told: number[] = [];
    const { work, table, reason } = await sweep.run({ onProgress: ({ done, of }) => told.push(done, of) });
    expect(work.multiplyAdds).toBeLessThan(1.01 * most);
    expect(work.multiplyAdds).toBeGreaterThan(0.2 * most);
    expect(told.slice(-2)).toEqual([36, 36]);
    expect(table().match(/left at iteration 10/g)).toHaveLength(8);
    expect(table().match(/left at iteration 30/g)).toHaveLength(2);
    expect(reason).toContain('of 2 points on 2 masks (10 others were given up before their end)');
  });

  test.each([
    [1, 3, 'halving: 1 point to the end'],
    [3, 3, 'halving: 3 points to iteration 30 of NMF layers, the best 1 point to the end'],
    [
      4,
      3,
      'halving: 4 points to iteration 10 of NMF layers, the best 2 points to iteration 30 of NMF layers, the best 1 point to the end',
    ],
    [8, 4, 'halving: 8 points to iteration 23 of NMF layers, the best 2 points to the end'],
  ])('%i points, one in %i', (count, eta, said) => {
    const params = { k: Array.from({ length: count }, (_, p) => p + 1) };
    const layerFn = ({ k }: { readonly k: number }) => nmfLayer(x(), { name: 'a', k });
    expect(graphSweep({ ...halving, params, layerFn, eta }).explain()).toContain(`${said}\n`);
  });

  test('points that fail are left where they did', async () => {
    const layerFn = ({ k, L1 }: P) => {
      if (L1 === 0) throw new Error('too little');
      return nmfLayer(x(), { name: 'a', k, L1 });
    };
    const { rows, eliminated, table } = await crossValidateGraph({ ...halving, layerFn });
    const failed = eliminated.filter((one) => one.failed > 0);
    expect(failed.map((one) => [one.params.L1, one.testLoss, one.failed])).toEqual(
      [0, 1, 2, 3].map(() => [0, null, 2]),
    );
    expect(rows.filter(({ error }) => error !== null)).toHaveLength(8);
    expect(table()).toMatch(/failed on 2, at iteration 10/);
    const never = () => {
      throw new Error('never');
    };
    const broken = (params: P) => (params.k > 9 ? layerFn(params) : never());
    const none = crossValidateGraph({
      ...halving,
      params: { ...params, k: [1, 2, 10] },
      layerFn: broken,
      config: { maxIter: 90 },
    });
    expect((await none).points.map((point) => point.params.k)).toEqual([10]);
  });

  test('where every point fails, nothing is chosen', async () => {
    // A projective layer takes no missing entries, and some are held out.
    const layerFn = ({ k }: { readonly k: number }) =>
      nmfLayer(
        factorConcat(
          nmfLayer(x(), { name: 's', k, projective: true }),
          nmfLayer(factorInput(other, { name: 'y' }), { name: 'b', k }),
        ),
        { name: 'a', k },
      );
    const failed = crossValidateGraph({ ...halving, params: { k: [1, 2] }, layerFn });
    await expect(failed).rejects.toBeInstanceOf(SweepError);
  });

  test('svd layers run whole, and once', async () => {
    const layerFn = ({ k, L1 }: P) =>
      factorConcat(
        svdLayer(x(), { name: 's', k: 2 }),
        nmfLayer(factorInput(other, { name: 'y' }), { name: 'a', k, L1 }),
      );
    const grid = await crossValidateGraph({ ...base, layerFn, reps: 1, holdOut: 'samples' });
    const halved = await crossValidateGraph({ ...halving, layerFn, reps: 1, minIter: 10, holdOut: 'samples' });
    for (const row of halved.rows.filter(({ budget }) => budget === null))
      expect(bare(row)).toEqual(bare(sameRow(grid.rows, row) as SweepRow)); // every point is there
    // 12 + 4 + 2 NMF layers, and one SVD for all.
    expect(halved.work).toMatchObject({ asked: 36 });
    expect(halved.work.fitted).toBeLessThanOrEqual(19);
  });

  test('rows that are known already change nothing', async () => {
    const options = { ...base, layerFn: GRAPHS['a layer on a layer'] } as unknown as SweepOptions; // its parameters are known
    const maker = pointMaker(options);
    const points = gridPoints(params).map((own) => maker.make(own, 'stop'));
    const known = new Map<string, SweepRow>();
    const name = (id: object) => JSON.stringify(id);
    const ledger: Ledger = {
      claim: async (id) => known.get(name(id)) ?? 'yours',
      record: async (id, row) => {
        known.set(name(id), row);
      },
      drop: async () => undefined,
      enter: async () => undefined,
      close: async () => true,
    };
    const masking = { kind: 'entries', fraction: 0.1, seed: 0 } as const;
    const inputs = maker.inputs() ?? new Map();
    const engine = () =>
      createEngine({
        inputs,
        masking,
        reps: 2,
        fitting: { config: base.config, ridge: 1e-3, looks: null },
        kernels: selectKernels(),
        run: {},
        ledger,
        keep: null,
        onRow: () => {},
      });
    const first = engine();
    const rungs = [await first.evaluate(points, 10), await first.evaluate(points.slice(3, 8), 30)];
    const end = await first.evaluate(points.slice(4, 6), null);
    expect(known.size).toBe(24 + 10 + 4);
    // It broke off before the last rung, or in the middle of the second.
    for (const lost of [[null], [null, 30]]) {
      for (const [id, row] of [...known]) if (lost.includes(row.budget) && row.replicate === 1) known.delete(id);
      const again = engine();
      expect(
        [await again.evaluate(points, 10), await again.evaluate(points.slice(3, 8), 30)].map((rows) => rows.map(bare)),
      ).toEqual(rungs.map((rows) => rows.map(bare)));
      expect((await again.evaluate(points.slice(4, 6), null)).map(bare)).toEqual(end.map(bare));
    }
  });
});
