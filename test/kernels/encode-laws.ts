import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EncodeArgs, Kernels } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type RowBlocks, stackDense, toCsc, toDense, transpose } from '../../src/matrix.js';
import { lowRank, multiply, relativeDifference, rowMajor, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { nmfArgs } from './arguments.js';

/** Least squares over H ≥ 0 with λ₁·Σh and ½·λ₂·mean(diag WᵀW)·Σh². */
interface Penalized {
  readonly X: RowBlocks;
  readonly W: DenseMatrix;
  readonly L1: number;
  readonly L2: number;
}

const meanDiagonal = (W: DenseMatrix) => W.data.reduce((sum, x) => sum + x * x, 0) / W.cols;

export const penalized = ({ X, W, L1, L2 }: Penalized): EncodeArgs => ({
  X,
  W,
  ridge: new Float64Array(W.cols).fill(L2 * meanDiagonal(W)),
  linear: new Float64Array(W.cols).fill(L1),
  coupling: null,
  nonneg: true,
  upperBound: null,
});

/** The normal equations A·h = b of every column, penalties included. */
function equations({ X, W, L1, L2 }: Penalized): { readonly A: DenseMatrix; readonly B: DenseMatrix } {
  const A = multiply(transpose(W), W);
  const B = multiply(transpose(W), stackDense(X));
  const k = W.cols;
  for (let r = 0; r < k; r++) A.data[r + r * k] += L2 * meanDiagonal(W);
  return {
    A,
    B: dense(
      k,
      B.cols,
      B.data.map((x) => x - L1),
    ),
  };
}

/** ½·hᵀAh − bᵀh, column by column. */
function values({ A, B }: ReturnType<typeof equations>, H: DenseMatrix): readonly number[] {
  const AH = multiply(A, H);
  const k = H.rows;
  return Array.from({ length: H.cols }, (_, j) => {
    let sum = 0;
    for (let p = j * k; p < (j + 1) * k; p++) sum += H.data[p] * (AH.data[p] / 2 - B.data[p]);
    return sum;
  });
}

/** The largest gradient that is not zero where h > 0, or points up where h = 0, as a fraction of the largest of b. */
function openGradient({ A, B }: ReturnType<typeof equations>, H: DenseMatrix): number {
  const AH = multiply(A, H);
  const open = H.data.map((h, p) => (h > 0 ? Math.abs(AH.data[p] - B.data[p]) : Math.max(0, B.data[p] - AH.data[p])));
  const size = B.data.reduce((max, x) => Math.max(max, Math.abs(x)), Number.MIN_VALUE);
  return open.reduce((max, x) => Math.max(max, x)) / size;
}

/** The best feasible solution among those of all 2^k sets of free coordinates, by Gauss–Jordan elimination. */
function bruteForce(system: ReturnType<typeof equations>): readonly number[] {
  const k = system.A.rows;
  const best = new Array<number>(system.B.cols).fill(0);
  for (let set = 1; set < 2 ** k; set++) {
    const free = Array.from({ length: k }, (_, r) => r).filter((r) => (set >> r) & 1);
    const H = solveOn(free, system);
    if (H === null) continue;
    values(system, H).forEach((value, j) => {
      const column = H.data.subarray(j * k, (j + 1) * k);
      if (column.every((x) => x >= 0)) best[j] = Math.min(best[j], value);
    });
  }
  return best;
}

function solveOn(free: readonly number[], { A, B }: ReturnType<typeof equations>): DenseMatrix | null {
  const k = A.rows;
  const rows = free.map((r) => [
    ...free.map((s) => A.data[r + s * k]),
    ...Array.from({ length: B.cols }, (_, j) => B.data[r + j * k]),
  ]);
  for (const [at, row] of rows.entries()) {
    if (Math.abs(row[at]) <= 1e-11 * A.data[free[at] + free[at] * k]) return null;
    for (const other of rows) {
      if (other === row) continue;
      const by = other[at] / row[at];
      for (const [c, x] of row.entries()) other[c] -= by * x;
    }
  }
  const H = dense(k, B.cols);
  free.forEach((r, at) => {
    for (let j = 0; j < B.cols; j++) H.data[r + j * k] = rows[at][free.length + j] / rows[at][at];
  });
  return H;
}

/** Laws of `encode`. */
export function encodeLaws(name: string, kernels: Kernels): void {
  const nnls = (args: Penalized) => kernels.encode(penalized(args));
  describe(`${name}: encode`, () => {
    const signed = (A: DenseMatrix, by: number) =>
      dense(
        A.rows,
        A.cols,
        A.data.map((x) => x - by),
      );

    test('the best of all sets of free coordinates', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            k: fc.integer({ min: 1, max: 4 }),
            more: fc.integer({ min: 0, max: 6 }),
            seed: fc.nat(1e6),
            shift: fc.constantFrom(0, 0.3, 0.5),
            L1: fc.constantFrom(0, 0.1),
            L2: fc.constantFrom(0, 0.2),
          }),
          async ({ k, more, seed, shift, L1, L2 }) => {
            const args = {
              X: [signed(uniform(k + more, 5, seed + 9), shift)],
              W: signed(uniform(k + more, k, seed), shift),
              L1,
              L2,
            };
            const H = await nnls(args);
            expect(H.data.every((x) => x >= 0)).toBe(true);
            const system = equations(args);
            const size = system.B.data.reduce((max, x) => Math.max(max, x * x), 0) / system.A.data[0];
            const best = bruteForce(system);
            values(system, H).forEach((value, j) => {
              expect(value).toBeLessThanOrEqual(best[j] + 1e-10 * size + 1e-9 * Math.abs(best[j]));
            });
          },
        ),
        runs(150),
      );
    });

    test.each([
      [30, 8, 0, 0],
      [30, 8, 0.4, 0],
      [50, 33, 0, 0.1],
      [70, 65, 0.2, 0.01],
      [140, 129, 0.5, 0],
    ])('%d features, %d factors: every gradient is zero or points down', async (m, k, shift, L2) => {
      const args = { X: [signed(uniform(m, 9, 2), shift)], W: signed(uniform(m, k, 1), shift), L1: 0.01, L2 };
      expect(openGradient(equations(args), await nnls(args))).toBeLessThan(1e-10);
    });

    test('equal columns, columns of zeros, more columns than rows: finite and as good', async () => {
      const base = uniform(12, 3, 4);
      const twice = dense(12, 6, Float64Array.from([...base.data, ...base.data]));
      const zeros = dense(12, 5, Float64Array.from([...new Float64Array(12), ...base.data, ...new Float64Array(12)]));
      const X = [uniform(12, 10, 5)];
      const best = values(equations({ X, W: base, L1: 0, L2: 0 }), await nnls({ X, W: base, L1: 0, L2: 0 }));
      for (const W of [twice, zeros]) {
        const args = { X, W, L1: 0, L2: 0 };
        const H = await nnls(args);
        expect(openGradient(equations(args), H)).toBeLessThan(1e-10);
        for (const [j, value] of values(equations(args), H).entries()) expect(value / best[j]).toBeCloseTo(1, 10);
        if (W === zeros) for (let j = 0; j < 10; j++) expect([H.data[5 * j], H.data[4 + 5 * j]]).toEqual([0, 0]);
      }
      for (const seed of [1, 2, 3, 4]) {
        const args = { X: [uniform(3, 8, seed)], W: uniform(3, 9, seed + 20), L1: 0, L2: 0 };
        expect(openGradient(equations(args), await nnls(args))).toBeLessThan(1e-6);
      }
    });

    test('an exact product comes back, whatever form X has', async () => {
      const W = uniform(30, 4, 1);
      const H = dense(
        4,
        11,
        uniform(4, 11, 2).data.map((x) => Math.max(0, x - 0.4)),
      );
      const X = multiply(W, H);
      const blocks = [dense(12, 11), dense(18, 11)];
      for (let j = 0; j < 11; j++) {
        blocks[0].data.set(X.data.subarray(30 * j, 30 * j + 12), 12 * j);
        blocks[1].data.set(X.data.subarray(30 * j + 12, 30 * j + 30), 18 * j);
      }
      for (const data of [[X], [toCsc(X)], [toCsc(blocks[0]), blocks[1]], [rowMajor(X)]]) {
        expect(relativeDifference(H.data, (await nnls({ X: data, W, L1: 0, L2: 0 })).data)).toBeLessThan(1e-11);
      }
    });

    test('H of a fit is the solution for its W', async () => {
      const X = [lowRank(25, 18, 5, 3)];
      const fit = await kernels.nmf(nmfArgs(X, 3, { maxIter: 5000, tol: 1e-14, norm: 'L2' }));
      const H = await nnls({ X, W: fit.W, L1: 0, L2: 0 });
      const expected = fit.H.data.map((x, p) => x * fit.d[p % 3]);
      expect(relativeDifference(expected, H.data)).toBeLessThan(1e-5);
    });

    test('zeros for zeros, and for data that point away', async () => {
      const W = uniform(6, 3, 1);
      for (const X of [dense(6, 4), signed(dense(6, 4), 1)]) {
        expect((await nnls({ X: [X], W, L1: 0, L2: 0 })).data).toEqual(new Float64Array(12));
      }
      expect((await nnls({ X: [uniform(6, 4, 2)], W, L1: 1e9, L2: 0 })).data).toEqual(new Float64Array(12));
    });

    test('a scale of two of the data scales the coefficients, bit for bit', async () => {
      const [X, W] = [uniform(20, 9, 1), uniform(20, 6, 2)];
      const one = await nnls({ X: [X], W, L1: 0, L2: 0.1 });
      const other = await nnls({
        X: [
          dense(
            20,
            9,
            X.data.map((x) => x * 2 ** 61),
          ),
        ],
        W,
        L1: 0,
        L2: 0.1,
      });
      expect(other.data).toEqual(one.data.map((x) => x * 2 ** 61));
    });

    test('what is missing does not count: each column is the solution of what is known', async () => {
      const [X, W] = [signed(uniform(12, 10, 7), 0.3), uniform(12, 3, 8)];
      const terms = {
        ridge: Float64Array.of(0.1, 0, 0.2),
        linear: Float64Array.of(0, 0.05, 0.1),
        coupling: null,
        upperBound: null,
      };
      for (const nonneg of [true, false]) {
        const gaps = dense(
          12,
          10,
          X.data.map((x, p) => (p % 4 === 1 || p >= 108 ? Number.NaN : x)),
        );
        const H = await kernels.encode({ X: [gaps], W, ...terms, nonneg });
        for (let j = 0; j < 9; j++) {
          const rows = Array.from({ length: 12 }, (_, i) => i).filter((i) => !Number.isNaN(gaps.data[i + 12 * j]));
          const some = (A: DenseMatrix, cols: readonly number[]) =>
            dense(
              rows.length,
              cols.length,
              Float64Array.from(cols.flatMap((c) => rows.map((i) => A.data[i + 12 * c]))),
            );
          const own = await kernels.encode({ X: [some(X, [j])], W: some(W, [0, 1, 2]), ...terms, nonneg });
          expect(relativeDifference(own.data, H.data.subarray(3 * j, 3 * j + 3))).toBeLessThan(1e-10);
        }
        expect(H.data.subarray(27)).toEqual(new Float64Array(3));
        const sparse = { ...toCsc(toDense(gaps)), unlisted: 'zero' as const };
        const other = await kernels.encode({ X: [sparse], W, ...terms, nonneg });
        expect(relativeDifference(H.data, other.data)).toBeLessThan(1e-10);
      }
    });

    test('without bounds it is least squares; an infinite ridge is a factor left out', async () => {
      const [X, W] = [signed(uniform(12, 5, 3), 0.5), signed(uniform(12, 3, 4), 0.5)];
      const zero = new Float64Array(3);
      const others = { linear: zero, coupling: null, upperBound: null };
      const free = await kernels.encode({ X: [X], W, ridge: zero, ...others, nonneg: false });
      const rest = multiply(transpose(W), dense(12, 5, multiply(W, free).data.map((x, p) => x - X.data[p]))); // biome-ignore format: one thought
      expect(rest.data.every((x) => Math.abs(x) < 1e-12)).toBe(true);
      expect(free.data.some((x) => x < 0)).toBe(true);
      const ridge = Float64Array.of(0, Infinity, 0);
      const { data } = await kernels.encode({ X: [X], W, ridge, ...others, nonneg: true });
      expect([1, 4, 7, 10, 13].map((p) => data[p])).toEqual([0, 0, 0, 0, 0]);
    });
  });
}
