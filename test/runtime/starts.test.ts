import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import { factorCondition, factorInput, factorNet, factorShared, type NmfSpec, nmfLayer, W } from '../../src/index.js';
import type { CallOptions, Kernels, NmfArgs } from '../../src/kernels/kernels.js';
import { reference } from '../../src/kernels/reference.js';
import { column, type DenseMatrix, dense, entry, type Matrix, row, stackDense, toDense } from '../../src/matrix.js';
import { grownStart } from '../../src/runtime/grown-start.js';
import { run } from '../../src/runtime/run.js';
import { randomStart, type Start } from '../../src/runtime/starts.js';
import { svdStart } from '../../src/runtime/svd-start.js';
import { svdArgs } from '../kernels/arguments.js';
import { nmfArgs } from '../support/arguments.js';
import { anyMatrix, everyForm, lowRank, multiply, scaled, single, sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';

const on = { backend: 'reference' } as const;
const METHODS = ['nndsvd', 'nndsvda', 'svd'] as const;
const from = (method: (typeof METHODS)[number], X: readonly Matrix[], k: number, seed = 3) =>
  svdStart(method, X, k, { seed, stream: 0 }, reference, {});

/** Mean squared distance from X to the best multiple of W·H: what a start is worth to a kernel. */
function startLoss(X: DenseMatrix, start: Start): number {
  const P = multiply(start.W, start.H);
  const dot = (A: DenseMatrix, B: DenseMatrix) => A.data.reduce((sum, x, p) => sum + x * B.data[p], 0);
  return (dot(X, X) - dot(X, P) ** 2 / dot(P, P)) / X.data.length;
}
const product = (start: Start, r: number) =>
  column(start.W, r).reduce((sum, x) => sum + x, 0) * row(start.H, r).reduce((sum, x) => sum + x, 0);

describe.each(METHODS)("start '%s'", (method) => {
  test('any matrix: finite, nowhere negative, no factor is dead', async () => {
    await fc.assert(
      fc.asyncProperty(anyMatrix, fc.integer({ min: 1, max: 6 }), fc.boolean(), async (matrix, k, negative) => {
        const X = negative ? scaled(toDense(matrix), -1) : matrix;
        const { W: left, H: right } = await from(method, [X], k);
        expect([left.rows, left.cols, right.rows, right.cols]).toEqual([matrix.rows, k, k, matrix.cols]);
        for (const { data } of [left, right]) expect(data.every((x) => Number.isFinite(x) && x >= 0)).toBe(true);
        const empty = toDense(matrix).data.every((x) => x === 0);
        for (let r = 0; r < k; r++) expect(product({ W: left, H: right }, r) > 0).toBe(!empty);
      }),
      runs(60),
    );
  });

  test('is the same for blocks, and in every form', async () => {
    const X = dense(9, 7, uniform(9, 7, 4).data.map(Math.fround));
    const one = await from(method, [X], 3);
    for (const form of everyForm(X).filter(({ kind }) => kind === 'dense'))
      expect(await from(method, [form], 3)).toEqual(one);
    const [top, bottom] = [uniform(4, 7, 1), uniform(5, 7, 2)];
    expect(await from(method, [top, bottom], 3)).toEqual(await from(method, [stackDense([top, bottom])], 3));
  });

  test('grows with the root of the data, so that a fit does not depend on its unit', async () => {
    const X = uniform(9, 7, 4);
    const [one, large] = [await from(method, [X], 5), await from(method, [scaled(X, 2 ** 40)], 5)];
    for (const side of ['W', 'H'] as const) expect(large[side].data).toEqual(one[side].data.map((x) => x * 2 ** 20));
  });

  test('a fit begins there', async () => {
    const layer = nmfLayer(factorInput(uniform(9, 7, 4), { name: 'x' }), { name: 'a', k: 3, start: method });
    const { a } = await factorNet(layer, { seed: 3 }).fit(on);
    const hand = await reference.nmf(nmfArgs([uniform(9, 7, 4)], await from(method, [uniform(9, 7, 4)], 3)));
    expect(a.H).toEqual(hand.H);
    expect(a.W).toEqual(hand.W);
  });
});

test('the SVD of a start is cancelled with the fit, and runs on as many threads', async () => {
  const layer = nmfLayer(factorInput(uniform(9, 7, 4), { name: 'x' }), { name: 'a', k: 3, start: 'nndsvd' });
  const { plan, bindings } = compile(layer.node);
  const control = new AbortController();
  const calls: (CallOptions | undefined)[] = [];
  const svd: Kernels['svd'] = (args, options) => {
    calls.push(options);
    control.abort();
    return reference.svd(args, options);
  };
  const { signal } = control;
  const state = await run(plan, bindings, { kernels: { ...reference, svd }, seed: 1, signal, threads: 3 });
  expect(state.cancelledIn).toBe('a');
  expect(state.results.get('a')?.iterations).toBe(0);
  expect(calls).toEqual([{ signal, threads: 3 }]);
});

describe('what they are made of', () => {
  test.each([5, 6, 7])("'nndsvd' begins nearer to a matrix of low rank than a random start does (%i)", async (seed) => {
    const X = lowRank(20, 15, 3, seed);
    const random = startLoss(X, await randomStart(20, 15, 3, 3, 0));
    for (const method of ['nndsvd', 'nndsvda'] as const)
      expect(startLoss(X, await from(method, [X], 3))).toBeLessThan(random);
  });

  test('the first factor is |u₁||v₁|σ₁, the best of rank one', async () => {
    const X = uniform(8, 6, 2);
    const { W: u, d, H: v } = await reference.svd(svdArgs([X], 1, { tol: 1e-12 }));
    for (const method of METHODS) {
      const start = await from(method, [X], 2);
      for (let i = 0; i < 8; i++)
        for (let j = 0; j < 6; j++)
          expect(entry(start.W, i, 0) * entry(start.H, 0, j)).toBeCloseTo(d[0] * entry(u, i, 0) * entry(v, 0, j), 6);
    }
  });

  test("the others are parts of one sign; 'nndsvda' puts √mean where they are zero; 'svd' takes magnitudes", async () => {
    const X = uniform(8, 6, 2);
    const [plain, filled, both] = await Promise.all(METHODS.map((method) => from(method, [X], 4)));
    const mean = X.data.reduce((sum, x) => sum + x, 0) / X.data.length;
    for (const side of ['W', 'H'] as const) {
      expect(plain[side].data.filter((x) => x === 0).length).toBeGreaterThan(3);
      expect(filled[side].data).toEqual(plain[side].data.map((x) => (x === 0 ? Math.sqrt(mean) : x)));
      expect(both[side].data.every((x) => x > 0)).toBe(true);
    }
  });

  test('factors beyond the rank begin at random, about a hundredth of the data', async () => {
    const X = lowRank(30, 25, 2, 1);
    const mean = X.data.reduce((sum, x) => sum + x, 0) / X.data.length;
    for (const k of [4, 40]) {
      const start = await from('nndsvd', [X], k);
      for (let r = 2; r < k; r++) {
        expect(product(start, r) / (30 * 25)).toBeLessThan(0.02 * mean);
        expect(product(start, r) / (30 * 25)).toBeGreaterThan(0.005 * mean);
      }
    }
  });
});

describe('a start that is given', () => {
  const X = uniform(9, 7, 4);
  const given = { W: uniform(9, 3, 10), H: uniform(3, 7, 11) };
  const fitted = async (options: Partial<NmfSpec>) =>
    (await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 3, ...options }), { seed: 1 }).fit(on)).a;

  test('is the kernel call, bit for bit, in any form', async () => {
    const hand = await reference.nmf(nmfArgs([X], given));
    const rounded = { W: single(given.W), H: single(given.H) };
    const handRounded = await reference.nmf(nmfArgs([X], { W: toDense(rounded.W), H: toDense(rounded.H) }));
    expect(await fitted({ start: given })).toMatchObject({ W: hand.W, d: hand.d, H: hand.H, loss: hand.loss });
    expect((await fitted({ start: rounded })).H).toEqual(handRounded.H);
  });

  test('the random start by hand is the random start', async () => {
    const random = await randomStart(9, 7, 3, 1, 0);
    expect(await fitted({ start: random })).toEqual(await fitted({}));
  });

  test('a fit goes on where another ended', async () => {
    const norm = 'none' as const;
    const options = { norm, accelerate: 'none', tol: 0, solver: 'hals' } as const;
    const half = await fitted({ ...options, maxIter: 20 });
    const rest = await fitted({ ...options, maxIter: 20, start: { W: half.W, H: half.H } });
    const whole = await fitted({ ...options, maxIter: 40 });
    expect(rest.loss).toBeLessThanOrEqual(half.loss);
    expect(rest.loss / whole.loss).toBeCloseTo(1, 3);
  });

  test('with all rows the layer reads, and signs where they are let', async () => {
    const x = factorInput(X, { name: 'x' });
    const y = factorInput(sparse(4, 7, 2), { name: 'y' });
    const start: NmfArgs['start'] = { W: scaled(uniform(15, 2, 1), -1), H: uniform(2, 7, 2) };
    const shared = factorCondition(factorShared(x, y), uniform(2, 7, 3));
    const { a } = await factorNet(nmfLayer(shared, { name: 'a', k: 2, start, W: W({ nonneg: false }) })).fit(on);
    expect([a.W.x.rows, a.W.y.rows, a.Wcondition.rows]).toEqual([9, 4, 2]);
    expect(a.loss).toBeGreaterThan(0);
  });
});

describe('a start that has grown from factors', () => {
  const seeded = { seed: 3, stream: 2 };
  const found = { W: uniform(9, 2, 1), d: Float64Array.of(3, 0.5), H: uniform(2, 7, 2) };
  const size = (start: Start, r: number) => Math.hypot(...column(start.W, r)) * Math.hypot(...row(start.H, r));

  test('has those that were found, as they are, and after them small ones', async () => {
    const start = await grownStart(found, 4, seeded, false);
    for (const r of [0, 1]) {
      expect(column(start.W, r)).toEqual(column(found.W, r));
      expect(row(start.H, r)).toEqual(row(found.H, r).map((x) => x * found.d[r]));
    }
    const mean = (of: (r: number) => number) => (of(0) + of(1)) / 2;
    const expected = 0.1 * mean((r) => Math.hypot(...column(start.W, r))) * mean((r) => Math.hypot(...row(start.H, r)));
    for (const r of [2, 3]) expect(size(start, r)).toBeCloseTo(expected, 12);
    expect(Array.from(column(start.W, 2))).not.toEqual(Array.from(column(start.W, 3)));
  });

  test('is the same for one seed, and goes on in the streams of its layer', async () => {
    const start = await grownStart(found, 3, seeded, false);
    expect(await grownStart(found, 3, seeded, false)).toEqual(start);
    expect(await grownStart(found, 3, { seed: 4, stream: 2 }, false)).not.toEqual(start);
    expect(await grownStart(found, 3, { seed: 3, stream: 1 }, false)).not.toEqual(start);
    // The third factor of a random start of three, whatever its size.
    const { W: drawn } = await randomStart(9, 7, 3, 3, 2);
    const ratio = column(start.W, 2).map((x, i) => x / column(drawn, 2)[i]);
    for (const x of ratio) expect(x).toBeCloseTo(ratio[0], 12);
  });

  test('draws anew what has died, and all where nothing is left', async () => {
    const dead = { ...found, d: Float64Array.of(3, 0) };
    const start = await grownStart(dead, 2, seeded, false);
    expect(column(start.W, 0)).toEqual(column(found.W, 0));
    expect(column(start.W, 1)).not.toEqual(column(found.W, 1));
    expect(size(start, 1)).toBeCloseTo(0.1 * size(start, 0), 12);
    const none = await grownStart({ ...found, d: new Float64Array(2) }, 2, seeded, false);
    for (const side of [none.W, none.H]) expect(side.data.every((x) => x > 0 && x < 1)).toBe(true);
  });

  test('has no zeros where these would stay', async () => {
    const W = dense(9, 2, found.W.data.map((x, p) => (p % 2 === 0 ? 0 : x))); // biome-ignore format: one thought
    const kept = await grownStart({ ...found, W }, 2, seeded, false);
    expect(column(kept.W, 0)[0]).toBe(0);
    const lifted = await grownStart({ ...found, W }, 2, seeded, true);
    expect(column(lifted.W, 0)[0]).toBeCloseTo(0.01 * (column(W, 0).reduce((sum, x) => sum + x, 0) / 9), 14);
    expect(column(lifted.W, 0)[1]).toBe(column(W, 0)[1]);
  });
});
