import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import { factorNet, KernelError } from '../../src/index.js';
import type { Kernels } from '../../src/kernels/kernels.js';
import { loadNative, provokePanic } from '../../src/kernels/native.js';
import { reference } from '../../src/kernels/reference.js';
import { dense, type Matrix } from '../../src/matrix.js';
import { run } from '../../src/runtime/run.js';
import { diamond } from '../support/graphs.js';
import { anyMatrix, relativeDifference, sparse, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { anyGraph, planOf } from '../support/random-graph.js';
import { runs } from '../support/runs.js';
import { nmfArgs, svdArgs } from './arguments.js';

const terms = fc.record({
  L1: fc.constantFrom(0, 0.01, 0.1),
  L2: fc.constantFrom(0, 0.1),
  nonneg: fc.boolean(),
});
const threadCounts = [1, 2, 3, 7];

describe.skipIf(!haveNative)(`native equals reference${withoutNative}`, () => {
  const native = haveNative ? loadNative() : reference;

  test('nmf: any matrix, any terms, entry by entry', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyMatrix,
        fc.integer({ min: 1, max: 9 }),
        terms,
        terms,
        fc.nat(100),
        async (X, k, W, H, seed) => {
          // Few iterations and no tolerance: rounding must not decide when to stop.
          const args = nmfArgs([X], k, { W, H, seed, maxIter: 8, tol: 0, norm: 'L2' });
          const [one, other] = [await native.nmf(args), await reference.nmf(args)];
          fc.pre(one.iterations === other.iterations && other.loss > 1e-20 * meanOfSquares(X));
          // With more factors than the matrix has directions many factorizations are equally good.
          if (k <= Math.min(X.rows, X.cols)) {
            expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-7);
            expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-7);
            expect(relativeDifference(one.d, other.d)).toBeLessThan(1e-8);
          }
          const rounding = 1e-12 * meanOfSquares(X) * X.rows * X.cols;
          expect(Math.abs(one.objective - other.objective)).toBeLessThanOrEqual(1e-8 * other.objective + rounding);
        },
      ),
      runs(200),
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

  test.each(['nmf', 'svd', 'mse'] as const)(
    '%s on larger data: bitwise the same with 1, 2, 3 and 7 threads',
    async (kernel) => {
      const X = [uniform(700, 333, 1), sparse(1300, 333, 2, 10)];
      const bytes = async (kernels: Kernels, threads: number): Promise<unknown> => {
        if (kernel === 'nmf') return kernels.nmf(nmfArgs(X, 13, { maxIter: 6, tol: 0 }), { threads });
        if (kernel === 'svd') return kernels.svd(svdArgs(X, 5, { center: true, maxIter: 2 }), { threads });
        return kernels.mse({ X, W: uniform(2000, 7, 3), H: uniform(7, 333, 4) }, { threads });
      };
      const results = await Promise.all(threadCounts.map((threads) => bytes(native, threads)));
      for (const result of results) expect(result).toEqual(results[0]);
    },
  );

  test('a panic in Rust is a KernelError, and the process lives', async () => {
    await expect(provokePanic()).rejects.toMatchObject({
      name: 'KernelError',
      code: 'panic',
      message: expect.stringContaining('provoked'),
    });
    expect((await native.nmf(nmfArgs([uniform(5, 4, 1)], 2))).iterations).toBeGreaterThan(0);
  });

  test('wrong arguments are refused, not computed with', async () => {
    const good = nmfArgs([uniform(5, 4, 1)], 2);
    const refused = (args: Partial<typeof good>) =>
      expect(native.nmf({ ...good, ...args })).rejects.toMatchObject({ name: 'KernelError', code: 'invalid-argument' });
    await refused({ X: [uniform(6, 4, 1)] });
    await refused({ X: [uniform(3, 4, 1), uniform(2, 5, 1)] });
    await refused({ X: [] });
    await refused({ start: { W: uniform(5, 3, 1), H: uniform(2, 4, 1) } });
    await refused({ X: [{ ...dense(5, 4), data: new Float64Array(3) }] });
    await refused({ X: [{ ...sparse(5, 4, 1), indices: new Uint32Array(sparse(5, 4, 1).indices.length).fill(99) }] });
    await expect(native.nmf(good, { threads: 0 })).rejects.toBeInstanceOf(KernelError);
  });

  test('numbers out of range are an error, never NaN', async () => {
    for (const kernels of [native, reference]) {
      const X = [dense(2, 2, new Float64Array([1e300, 1, 1, 1]))];
      await expect(kernels.nmf(nmfArgs(X, 1))).rejects.toMatchObject({ code: 'non-finite' });
      await expect(
        kernels.nmf(nmfArgs([dense(2, 2, new Float64Array([Number.NaN, 1, 1, 1]))], 1)),
      ).rejects.toMatchObject({ code: 'non-finite' });
    }
  });
});

const meanOfSquares = (X: Matrix): number => {
  const values = X.kind === 'dense' ? X.data : X.values;
  return values.reduce((sum, x) => sum + x * x, 0) / (X.rows * X.cols);
};
