import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import { factorNet, KernelError } from '../../src/index.js';
import type { CallOptions, NmfArgs, NmfResult } from '../../src/kernels/kernels.js';
import { loadNative, provokePanic } from '../../src/kernels/native.js';
import { reference } from '../../src/kernels/reference.js';
import { type DenseMatrix, dense, type Matrix, storedValues } from '../../src/matrix.js';
import { run } from '../../src/runtime/run.js';
import { diamond } from '../support/graphs.js';
import { anyMatrix, relativeDifference, sparse, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { anyGraph, planOf } from '../support/random-graph.js';
import { runs } from '../support/runs.js';
import { METHODS, nmfArgs, PENALTIES, PLAIN, penaltiesFor, svdArgs } from './arguments.js';
import { penalized } from './encode-laws.js';
import { gappy } from './missing-laws.js';
import { chain, DRAWN, FREE_TERMS } from './penalty-laws.js';
import { madeFor, tiedArgs } from './tied-laws.js';
import { weightsOf } from './weight-laws.js';

const terms = fc
  .record({ L1: fc.constantFrom(0, 0.01, 0.1), L2: fc.constantFrom(0, 0.1), nonneg: fc.boolean() })
  .map((some) => ({ ...PLAIN, ...some }));
const threadCounts = [1, 2, 3, 7];

describe.skipIf(!haveNative)(`native equals reference${withoutNative}`, () => {
  const native = haveNative ? loadNative() : reference;

  test.each([...FREE_TERMS, ...DRAWN])(
    'nmf, %s: entry by entry, with and without missing entries',
    async (_, terms) => {
      const whole = uniform(24, 17, 5);
      for (const [X, missing] of [
        [whole, null],
        [gappy(whole, 0.2, 3), 'exact'],
        [gappy(whole, 0.2, 3), 'em'],
      ] as const) {
        const accelerate = missing === 'em' ? 'none' : 'her';
        const args = nmfArgs([X], 4, { ...terms, missing, accelerate, maxIter: 15, tol: 0, norm: 'none' });
        await expectAlike(args);
      }
    },
  );

  test.each([...FREE_TERMS, ...DRAWN])('nmf, %s: entry by entry, with weights', async (_, terms) => {
    const args = nmfArgs([gappy(uniform(24, 17, 5), 0.2, 3)], 4, { ...terms, maxIter: 15, tol: 0, norm: 'none' });
    await expectAlike({ ...args, missing: 'exact', weights: [weightsOf(24, 17, 7)] });
  });

  test('nmf knows what factors leave by themselves though entries are missing or weighed', async () => {
    const X = [gappy(uniform(24, 17, 5), 0.2, 3)];
    for (const more of [
      { missing: 'exact' },
      { missing: 'em' },
      { missing: 'exact', weights: [weightsOf(24, 17, 7)] },
    ] as const)
      expect((await native.nmf(nmfArgs(X, 4, { accelerate: 'none', maxIter: 9, ...more }))).factorLoss).toHaveLength(4);
  });

  test('nmf: entry by entry, with weights of several blocks', async () => {
    const X = [gappy(uniform(150, 90, 5), 0.2, 3), sparse(70, 90, 6), uniform(30, 90, 7)];
    for (const [, terms] of PENALTIES) {
      const args = nmfArgs(X, 9, { ...terms, maxIter: 6, tol: 0, norm: 'none' });
      for (const own of [weightsOf(150, 90, 8), uniform(1, 90, 9), sparse(150, 90, 10, 2)])
        await expectAlike({ ...args, missing: 'exact', weights: [own, uniform(1, 90, 11), null] });
    }
  });

  const expectAlike = async (args: NmfArgs) => {
    const [one, other] = [await native.nmf(args), await reference.nmf(args)];
    expect(one.iterations).toBe(other.iterations);
    expect(relativeDifference(one.history.objective, other.history.objective)).toBeLessThan(1e-8);
    expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-6);
    expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-6);
    expect(Math.abs(one.kkt - other.kkt)).toBeLessThan(1e-6);
  };

  test('nmf: any matrix, any terms, entry by entry', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyMatrix,
        fc.integer({ min: 1, max: 9 }),
        terms,
        terms,
        fc.nat(100),
        fc.constantFrom('her' as const, 'none' as const),
        async (X, k, W, H, seed, accelerate) => {
          // Few iterations and no tolerance: rounding must not decide when to stop.
          const args = nmfArgs([X], k, { W, H, seed, accelerate, maxIter: 8, tol: 0, norm: 'L2' });
          const [one, other] = [await native.nmf(args), await reference.nmf(args)];
          fc.pre(one.iterations === other.iterations && other.loss > 1e-20 * meanOfSquares(X));
          // With more factors than the matrix has directions many factorizations are equally good, and rounding chooses.
          fc.pre(k <= Math.min(X.rows, X.cols));
          expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-7);
          expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-7);
          expect(relativeDifference(one.d, other.d)).toBeLessThan(1e-8);
          const rounding = 1e-12 * meanOfSquares(X) * X.rows * X.cols;
          expect(Math.abs(one.objective - other.objective)).toBeLessThanOrEqual(1e-8 * other.objective + rounding);
        },
      ),
      runs(200),
    );
  });

  test.each(['symmetric', 'projective'] as const)(
    'tied, %s: entry by entry, and to the bit on any threads',
    async (form) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 9 }),
          fc.integer({ min: 0, max: 60 }),
          fc.integer({ min: 0, max: 60 }),
          fc.boolean(),
          fc.nat(1e6),
          async (k, moreRows, moreCols, asCsc, seed) => {
            const [m, n] = [2 * k + 2 + moreRows, 2 * k + 2 + moreCols];
            const X = madeFor(form, asCsc ? sparse(m, n, seed, 2) : uniform(m, n, seed));
            const args = tiedArgs([X], form, k, { seed: seed + 5, maxIter: 6, tol: 0, norm: 'L2' });
            const [one, other] = [await native.tied(args, { threads: 1 }), await reference.tied(args)];
            expect(await native.tied(args, { threads: 3 })).toEqual(one);
            expectSame(one, other, 1e-9);
            expect(Math.abs(one.kkt - other.kkt)).toBeLessThanOrEqual(1e-8 * Math.max(1, other.kkt));
            if (one.projection === null || other.projection === null) expect(one.projection).toBe(other.projection);
            else expect(relativeDifference(one.projection, other.projection)).toBeLessThan(1e-9);
          },
        ),
        runs(60),
      );
    },
  );

  test.each(['symmetric', 'projective'] as const)(
    'tied, %s: many tasks, the same bits on any threads',
    async (form) => {
      const args = tiedArgs([madeFor(form, uniform(700, 500, 3))], form, 7, { maxIter: 5, tol: 0 });
      const fits = await Promise.all(threadCounts.map((threads) => native.tied(args, { threads })));
      for (const fit of fits) expect(fit).toEqual(fits[0]);
      expectSame(fits[0], await reference.tied(args), 1e-9);
    },
  );

  test.each(METHODS)('nmf, $solver, $accelerate: entry by entry, where the solutions are unique', async (method) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 0, max: 60 }),
        fc.boolean(),
        fc.constantFrom(...penaltiesFor(method.solver)),
        fc.nat(1e6),
        async (k, moreRows, moreCols, asCsc, [, terms], seed) => {
          const [m, n] = [2 * k + 2 + moreRows, 2 * k + 2 + moreCols];
          const X = asCsc ? sparse(m, n, seed, 2) : uniform(m, n, seed);
          const args = nmfArgs([X], k, { ...method, ...terms, seed: seed + 5, maxIter: 6, tol: 0, norm: 'L2' });
          const [one, other] = [await native.nmf(args), await reference.nmf(args)];
          // A fit of one factor may be at its end so soon that rounding says when.
          fc.pre(one.iterations === other.iterations);
          expectSame(one, other, 1e-7);
          expect(Math.abs(one.kkt - other.kkt)).toBeLessThanOrEqual(1e-6 * Math.max(1, other.kkt));
        },
      ),
      runs(60),
    );
  });

  test('nmf in 32 bits: the loss to 1e-5', async () => {
    for (const method of METHODS) {
      const data = [uniform(60, 45, 1), sparse(60, 45, 2), counts(60, 45)];
      for (const X of [[data[0]], [data[1]], [data[2]], [data[0], data[1]]]) {
        const args = nmfArgs(X, 5, { ...method, precision: 'f32', maxIter: 10, tol: 0, norm: 'L2' });
        const [one, other] = [await native.nmf(args), await reference.nmf(args)];
        expect(Math.abs(one.loss / other.loss - 1)).toBeLessThan(1e-5);
        if (method.accelerate === 'none') expect(relativeDifference(other.d, one.d)).toBeLessThan(1e-3);
      }
    }
  });

  test('nmf with a hold-out: the same entries, the same model, the same errors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          fraction: fc.constantFrom(0.01, 0.05, 0.1, 0.25, 0.5),
          keys: fc.tuple(...[0, 1].map(() => fc.tuple(fc.nat(0xffffffff), fc.nat(0xffffffff)))),
          solver: fc.constantFrom('em' as const, 'exact' as const),
          keep: fc.constantFrom('last' as const, 'best' as const),
        }),
        fc.integer({ min: 1, max: 150 }),
        fc.integer({ min: 12, max: 90 }),
        fc.constantFrom(...PENALTIES),
        async (holdOut, rows, n, [, terms]) => {
          const X = [uniform(40, n, rows), sparse(rows, n, n, 2)];
          const args = nmfArgs(X, 3, { ...terms, accelerate: 'none', holdOut, maxIter: 5, tol: 0, norm: 'L2' });
          const [one, other] = [await native.nmf(args), await reference.nmf(args)];
          // A fit of one factor may be at its end so soon that rounding says when.
          fc.pre(one.iterations === other.iterations);
          expectSame(one, other, 1e-7);
          expect(one.heldOut).toMatchObject({ count: other.heldOut?.count, iteration: other.heldOut?.iteration });
          if (other.heldOut?.count === 0) return;
          const history = (fit: NmfResult) => fit.heldOut?.history ?? new Float64Array();
          expect(relativeDifference(history(other), history(one))).toBeLessThan(1e-7);
        },
      ),
      runs(60),
    );
  });

  test('a mask over many tiles: the entries of the definition, whatever the shape', async () => {
    for (const [m, n] of [
      [1, 200],
      [200, 1],
      [64, 64],
      [65, 63],
      [130, 257],
      [3, 700],
    ]) {
      for (const fraction of [0.07, 0.5, 0.93]) {
        const holdOut = { fraction, keys: [[m, n]], solver: 'em', keep: 'last' } as const;
        const args = nmfArgs([uniform(m, n, 4)], 2, { accelerate: 'none', holdOut, maxIter: 2, tol: 0 });
        const [one, other] = [await native.nmf(args), await reference.nmf(args)];
        expect(one.heldOut?.count).toBe(other.heldOut?.count);
        if (other.heldOut?.count === 0) continue;
        expect((one.heldOut?.loss ?? 0) / (other.heldOut?.loss ?? 1)).toBeCloseTo(1, 7);
      }
    }
  });

  test('encode: entry by entry where the solution is unique', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 40 }),
        fc.constantFrom(0, 0.4),
        fc.constantFrom(0, 0.1),
        fc.constantFrom(0, 0.1),
        fc.nat(1e6),
        async (k, n, by, L1, L2, seed) => {
          const signed = (A: DenseMatrix) =>
            dense(
              A.rows,
              A.cols,
              A.data.map((x) => x - by),
            );
          const [m, W] = [2 * k + 3, signed(uniform(2 * k + 3, k, seed + 9))];
          const whole = signed(uniform(m, n, seed));
          // A sixth of it missing leaves more known than there are factors.
          const gaps = dense(m, n, whole.data.map((x, p) => ((p + seed) % 6 === 0 ? Number.NaN : x))); // biome-ignore format: one thought
          for (const X of [whole, gaps]) {
            const args = penalized({ X: [X], W, L1, L2 });
            const [one, other] = [await native.encode(args), await reference.encode(args)];
            expect(relativeDifference(other.data, one.data)).toBeLessThan(1e-8);
          }
        },
      ),
      runs(100),
    );
  });

  test('svd: any matrix, values and reconstruction', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyMatrix,
        fc.integer({ min: 1, max: 6 }),
        fc.boolean(),
        fc.boolean(),
        async (X, k, center, scale) => {
          const args = svdArgs([X], k, { center, scale });
          const [one, other] = [await native.svd(args), await reference.svd(args)];
          const size = other.d[0];
          for (let r = 0; r < k; r++) expect(Math.abs(one.d[r] - other.d[r])).toBeLessThanOrEqual(1e-11 * size);
          expect(Math.abs(one.loss - other.loss)).toBeLessThanOrEqual(1e-10 * meanOfSquares(X));
          expect(relativeDifference(one.scale ?? one.d, other.scale ?? one.d)).toBeLessThan(1e-12);
        },
      ),
      runs(150),
    );
  });

  test('the diamond with every kind of node: the same factors to 1e-8', async () => {
    const net = factorNet(diamond(), { seed: 7 });
    const [one, other] = [await net.fit({ backend: 'native' }), await net.fit({ backend: 'reference' })];
    for (const layer of ['joint', 'b', 'axes', 'top'] as const) {
      expect(relativeDifference(other[layer].H.data, one[layer].H.data)).toBeLessThan(1e-8);
      expect(relativeDifference(other[layer].d, one[layer].d)).toBeLessThan(1e-8);
    }
    expect(relativeDifference(other.top.W.data, one.top.W.data)).toBeLessThan(1e-8);
    expect(relativeDifference(other.top.Wcondition.data, one.top.Wcondition.data)).toBeLessThan(1e-8);
    expect(one.summary.loss / other.summary.loss).toBeCloseTo(1, 8);
    expect([one.summary.backend, other.summary.backend]).toEqual(['native', 'reference']);
  });

  test('the diamond: bitwise the same with 1 and 2 threads, and from a plan that went through JSON', async () => {
    const net = factorNet(diamond(), { seed: 7 });
    expect(JSON.parse(JSON.stringify(net.plan))).toEqual(net.plan);
    const { plan, bindings } = compile(diamond().node, { seed: 7 });
    const once = await run(plan, bindings, { kernels: native, seed: 7, threads: 1 });
    const twice = await run(JSON.parse(JSON.stringify(plan)), bindings, { kernels: native, seed: 7, threads: 2 });
    expect([...twice.data]).toEqual([...once.data]);
    expect((await net.fit({ backend: 'native', threads: 2 })).top.H).toEqual(once.results.get('top')?.H);
  });

  test('any graph: bitwise the same with 1, 2, 3 and 7 threads', async () => {
    await fc.assert(
      fc.asyncProperty(anyGraph, async (node) => {
        const { plan, bindings } = planOf(node);
        const states = await Promise.all(
          threadCounts.map((threads) => run(plan, bindings, { kernels: native, seed: 5, threads })),
        );
        for (const state of states) expect([...state.data]).toEqual([...states[0].data]);
      }),
      runs(25),
    );
  });

  const large = [uniform(700, 333, 1), sparse(1300, 333, 2, 10)];
  const few = { maxIter: 5, tol: 0 };
  const keys = [
    [1, 2],
    [3, 4],
  ] as const;
  const calls: readonly (readonly [string, (options: CallOptions) => Promise<unknown>])[] = [
    ...METHODS.flatMap((method) =>
      (['f64', 'f32'] as const).map((precision) => {
        const args = nmfArgs(large, 13, { ...method, precision, ...few });
        return [
          `nmf, ${Object.values(method).join(', ')}, ${precision}`,
          (options: CallOptions) => native.nmf(args, options),
        ] as const;
      }),
    ),
    ...(['em', 'exact'] as const).map((solver) => {
      const holdOut = { fraction: 0.1, keys, solver, keep: 'best' } as const;
      const args = nmfArgs(large, 13, { accelerate: 'none', holdOut, ...few });
      return [`nmf, hold-out, ${solver}`, (options: CallOptions) => native.nmf(args, options)] as const;
    }),
    (() => {
      const target = { matrix: uniform(13, 333, 9), lambda: 0.3, scale: 'factor' } as const;
      const ofW = { ...PLAIN, angular: 0.1, L21: 0.001, graph: { adjacency: chain(2000), lambda: 0.1 } };
      const ofH = { ...PLAIN, upperBound: 0.9, graph: { adjacency: chain(333), lambda: 0.1 }, target };
      const args = nmfArgs(large, 13, { W: ofW, H: ofH, ...few });
      return ['nmf, penalties', (options: CallOptions) => native.nmf(args, options)] as const;
    })(),
    ['encode', (options) => native.encode(penalized({ X: large, W: uniform(2000, 17, 3), L1: 0, L2: 0 }), options)],
    ['svd', (options) => native.svd(svdArgs(large, 5, { center: true, maxIter: 2 }), options)],
    ['mse', (options) => native.mse({ X: large, W: uniform(2000, 7, 3), H: uniform(7, 333, 4) }, options)],
  ];

  test.each(calls)('%s on larger data: bitwise the same with 1, 2, 3 and 7 threads', async (_, call) => {
    const results = await Promise.all(threadCounts.map((threads) => call({ threads })));
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('a panic in Rust is a KernelError, and the process lives', async () => {
    await expect(provokePanic()).rejects.toMatchObject({
      name: 'KernelError',
      code: 'panic',
      message: expect.stringContaining('provoked'),
    });
    expect((await native.nmf(nmfArgs([uniform(5, 4, 1)], 2))).iterations).toBeGreaterThan(0);
  });

  test('no threads are refused', async () => {
    await expect(native.nmf(nmfArgs([uniform(5, 4, 1)], 2), { threads: 0 })).rejects.toBeInstanceOf(KernelError);
  });
});

function expectSame(one: NmfResult, other: NmfResult, factors: number): void {
  expect(one.iterations).toBe(other.iterations);
  expect(relativeDifference(other.W.data, one.W.data)).toBeLessThan(factors);
  expect(relativeDifference(other.H.data, one.H.data)).toBeLessThan(factors);
  expect(relativeDifference(other.d, one.d)).toBeLessThan(1e-8);
  expect(relativeDifference(other.history.objective, one.history.objective)).toBeLessThan(1e-8);
  expect(relativeDifference(other.history.loss, one.history.loss)).toBeLessThan(1e-8);
}

/** Whole numbers from 0 to 61 224, most of them small. */
const counts = (rows: number, cols: number): DenseMatrix =>
  dense(
    rows,
    cols,
    uniform(rows, cols, 8).data.map((x) => Math.floor(61_225 ** x) - 1),
  );

const meanOfSquares = (X: Matrix): number =>
  Array.from(storedValues(X), (x) => x * x).reduce((sum, x) => sum + x, 0) / (X.rows * X.cols);
