import { describe, expect, test } from 'vitest';
import type { Kernels, KernelTerms, NmfResult } from '../../src/kernels/kernels.js';
import { type CscMatrix, type DenseMatrix, dense, rowRange, toCsc } from '../../src/matrix.js';
import { meanSquare, product, relativeDifference, uniform } from '../support/matrices.js';
import { type NmfOptions, nmfArgs, PLAIN } from './arguments.js';
import { gappy } from './missing-laws.js';

const [m, n, k] = [24, 17, 4];
const X = [uniform(m, n, 5)];

/** A chain 0 – 1 – 2 – … with weights. */
export function chain(length: number): CscMatrix {
  const a = dense(length, length);
  for (let i = 1; i < length; i++) a.data[i + (i - 1) * length] = a.data[i - 1 + i * length] = 1 + (i % 3);
  return toCsc(a);
}

/** Two orthonormal patterns over `length` places. */
function patterns(length: number): DenseMatrix {
  const out = dense(2, length);
  for (let j = 0; j < length; j++) {
    out.data[2 * j] = 1 / Math.sqrt(length);
    out.data[2 * j + 1] = (j < length / 2 ? 1 : -1) / Math.sqrt(length);
  }
  // The second made orthogonal to the first, and of length 1.
  const along = sum(length, (j) => out.data[2 * j] * out.data[2 * j + 1]);
  for (let j = 0; j < length; j++) out.data[2 * j + 1] -= along * out.data[2 * j];
  const rest = Math.sqrt(sum(length, (j) => out.data[2 * j + 1] ** 2));
  for (let j = 0; j < length; j++) out.data[2 * j + 1] /= rest;
  return out;
}

const sum = (count: number, of: (i: number) => number): number =>
  Array.from({ length: count }, (_, i) => of(i)).reduce((a, b) => a + b, 0);

const graph = (length: number) => ({ adjacency: chain(length), lambda: 0.2 });
const removed = (length: number) => ({ matrix: patterns(length), lambda: -0.7, scale: 'factor' as const });

/** Terms whose value can be computed from the factors alone. */
export const FREE_TERMS: readonly (readonly [string, { readonly W?: KernelTerms; readonly H?: KernelTerms }])[] = [
  ['L21', { H: { ...PLAIN, L21: 0.01 } }],
  ['L21 on both', { W: { ...PLAIN, L21: 0.004 }, H: { ...PLAIN, L21: 0.004, L1: 0.01 } }],
  ['angular on W', { W: { ...PLAIN, angular: 0.2 } }],
  ['angular on both', { W: { ...PLAIN, angular: 0.1 }, H: { ...PLAIN, angular: 0.3, L2: 0.1 } }],
  ['upper bound on H', { H: { ...PLAIN, upperBound: 0.3 } }],
  ['upper bounds on both', { W: { ...PLAIN, upperBound: 0.5 }, H: { ...PLAIN, upperBound: 0.4 } }],
  ['graph on H', { H: { ...PLAIN, graph: graph(n) } }],
  [
    'graph on both, W of any sign',
    { W: { ...PLAIN, nonneg: false, graph: graph(m) }, H: { ...PLAIN, graph: graph(n) } },
  ],
  ['remove from H', { H: { ...PLAIN, target: removed(n) } }],
  ['remove from W', { W: { ...PLAIN, target: { ...removed(m), matrix: turned(patterns(m)) } } }],
  [
    'all of them',
    {
      W: { ...PLAIN, L1: 0.01, angular: 0.1, graph: graph(m), upperBound: 0.8 },
      H: { ...PLAIN, L2: 0.1, L21: 0.002, angular: 0.1, graph: graph(n), target: removed(n) },
    },
  ],
];

function turned(matrix: DenseMatrix): DenseMatrix {
  const { rows, cols, data } = matrix;
  return dense(cols, rows, data.map((_, p) => data[Math.floor(p / cols) + (p % cols) * rows])); // biome-ignore format: one thought
}

/** A factor drawn to a target. */
export const DRAWN: readonly (readonly [string, { readonly W?: KernelTerms; readonly H?: KernelTerms }])[] = [
  ['H drawn', { H: { ...PLAIN, target: { matrix: uniform(k, n, 91), lambda: 0.4, scale: 'factor' } } }],
  ['H drawn, as it is', { H: { ...PLAIN, target: { matrix: uniform(k, n, 91), lambda: 0.4, scale: 'none' } } }],
  ['W drawn', { W: { ...PLAIN, target: { matrix: uniform(m, k, 92), lambda: 0.4, scale: 'factor' } } }],
  [
    'both drawn, with more',
    {
      W: { ...PLAIN, angular: 0.1, target: { matrix: uniform(m, k, 92), lambda: 0.1, scale: 'factor' } },
      H: { ...PLAIN, graph: graph(n), target: { matrix: uniform(k, n, 91), lambda: 0.2, scale: 'none' } },
    },
  ],
];

/** What the terms of F (k vectors) are worth, P being its partner, straight from their formulas. */
function worth(terms: KernelTerms, F: readonly Float64Array[], P: readonly Float64Array[], rms: number): number {
  const length = (x: Float64Array) => Math.hypot(...x);
  const inner = (x: ArrayLike<number>, y: ArrayLike<number>) => sum(x.length, (i) => x[i] * y[i]);
  const [own, other] = [F[0].length, P[0].length];
  const each = (of: (r: number) => number) => sum(F.length, of);
  const size = (r: number) => (length(F[r]) * length(P[r])) / Math.sqrt(own * other);
  let value = each(
    (r) => terms.L1 * Math.sqrt(other) * length(P[r]) * F[r].reduce((total, x) => total + Math.abs(x), 0),
  );
  value += each((r) => 0.5 * terms.L2 * length(P[r]) ** 2 * length(F[r]) ** 2);
  value += each((r) => terms.L21 * own * other * Math.sqrt(rms * size(r)));
  value += each((r) =>
    each((s) => (r === s ? 0 : 0.5 * terms.angular * length(P[r]) * length(P[s]) * inner(F[r], F[s]))),
  );
  if (terms.graph !== null) {
    const { adjacency, lambda } = terms.graph;
    for (let j = 0; j < own; j++) {
      for (let p = adjacency.indptr[j]; p < adjacency.indptr[j + 1]; p++) {
        const i = adjacency.indices[p];
        value += each((r) => 0.5 * lambda * adjacency.values[p] * length(P[r]) ** 2 * (F[r][i] - F[r][j]) ** 2);
      }
    }
  }
  if (terms.target !== null && terms.target.lambda < 0) {
    const { matrix, lambda } = terms.target;
    const wide = matrix.cols === own;
    const pattern = (u: number) =>
      Array.from({ length: own }, (_, j) => (wide ? matrix.data[u + j * matrix.rows] : matrix.data[j + u * own]));
    for (const u of [0, 1]) value += each((r) => -0.5 * lambda * length(P[r]) ** 2 * inner(F[r], pattern(u)) ** 2);
  }
  return value;
}

const vectorsOf = ({ W, H }: NmfResult) => ({
  w: Array.from({ length: k }, (_, r) => W.data.subarray(r * W.rows, (r + 1) * W.rows)),
  h: Array.from({ length: k }, (_, r) => H.data.filter((_, p) => p % k === r)),
});

function expectFalling(J: Float64Array, from = 1): void {
  for (let i = from; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-10));
}

/** Laws of the terms beyond L1 and L2. */
export function penaltyLaws(name: string, kernels: Kernels): void {
  const solve = (options: NmfOptions, blocks: readonly (DenseMatrix | CscMatrix)[] = X) =>
    kernels.nmf(nmfArgs(blocks, k, { norm: 'none', maxIter: 60, tol: 0, ...options }));

  describe(`${name}: penalties`, () => {
    const ways = [{}, { accelerate: 'none' as const }];

    test.each(FREE_TERMS)('%s: the objective is the formula, and never rises', async (_, terms) => {
      for (const way of ways) {
        const fit = await solve({ ...terms, ...way });
        const { w, h } = vectorsOf(fit);
        const rms = Math.sqrt(fit.nullLoss ?? 0);
        const penalties = worth(terms.W ?? PLAIN, w, h, rms) + worth(terms.H ?? PLAIN, h, w, rms);
        expect(fit.objective / ((fit.loss * m * n) / 2 + penalties)).toBeCloseTo(1, 10);
        expect(meanSquare(X[0], product(fit)) / fit.loss).toBeCloseTo(1, 9);
        expectFalling(fit.history.objective);
      }
    });

    test.each(FREE_TERMS)('%s: a converged fit is stationary', async (_, terms) => {
      const late = await solve({ ...terms, maxIter: 8000, tol: 1e-14 });
      expect(late.kkt).toBeLessThan(1e-4);
    });

    test.each(FREE_TERMS)('%s: with entries missing it falls too, however they are met', async (_, terms) => {
      const gaps = [gappy(X[0], 0.2, 3)];
      for (const way of [
        { missing: 'exact', accelerate: 'her' },
        { missing: 'exact', accelerate: 'none' },
        { missing: 'em', accelerate: 'none' },
      ] as const) {
        const fit = await solve({ ...terms, ...way }, gaps);
        expectFalling(fit.history.objective);
        const known = gaps[0].data.filter((x) => !Number.isNaN(x)).length;
        const { w, h } = vectorsOf(fit);
        const rms = Math.sqrt(fit.nullLoss ?? 0);
        const penalties = worth(terms.W ?? PLAIN, w, h, rms) + worth(terms.H ?? PLAIN, h, w, rms);
        expect(fit.objective / ((fit.loss * known) / 2 + penalties)).toBeCloseTo(1, 9);
      }
    });

    test.each(DRAWN)('%s: from the tenth iteration on one objective, which never rises', async (_, terms) => {
      for (const way of ways) expectFalling((await solve({ ...terms, ...way })).history.objective, 11);
      // λ̄·‖F − c·T‖² of two fits, one of which goes on where the other ends: λ̄ and c are the same.
      const [side] = 'W' in terms && !('H' in terms) ? (['W'] as const) : (['H'] as const);
      const target = terms[side]?.target;
      if (target?.scale !== 'none' || 'W' in terms) return;
      const weights = await Promise.all(
        [20, 40].map(async (maxIter) => {
          const fit = await solve({ ...terms, maxIter });
          const apart = fit[side].data.reduce((total, x, p) => total + (x - target.matrix.data[p]) ** 2, 0);
          return (fit.objective - (fit.loss * m * n) / 2) / (0.5 * apart);
        }),
      );
      expect(weights[1] / weights[0]).toBeCloseTo(1, 8);
    });

    test('a factor comes nearer to its target as its weight grows', async () => {
      const target = uniform(k, n, 91);
      const cosine = async (lambda: number) => {
        const terms = { ...PLAIN, target: { matrix: target, lambda, scale: 'factor' as const } };
        const { H } = await solve({ H: terms, maxIter: 300 });
        const inner = (a: Float64Array, b: Float64Array) => sum(a.length, (p) => a[p] * b[p]);
        return inner(H.data, target.data) / Math.sqrt(inner(H.data, H.data) * inner(target.data, target.data));
      };
      const [little, more, much] = [await cosine(0.05), await cosine(0.5), await cosine(20)];
      expect(more).toBeGreaterThan(little);
      expect(much).toBeGreaterThan(0.995);
    });

    test('neighbours become alike as their weight grows', async () => {
      const roughness = async (lambda: number) => {
        const { H, W } = await solve({ H: { ...PLAIN, graph: { adjacency: chain(n), lambda } }, maxIter: 500 });
        const { h, w } = vectorsOf({ H, W } as NmfResult); // all that is read
        const graph = { ...PLAIN, graph: { adjacency: chain(n), lambda: 1 } };
        return worth(graph, h, w, 1);
      };
      const found = [await roughness(0.001), await roughness(0.03), await roughness(1)];
      expect(found[1]).toBeLessThan(found[0] / 2);
      expect(found[2]).toBeLessThan(found[1] / 2);
    });

    test('patterns leave a factor as the weight of their removal grows', async () => {
      const left = async (lambda: number) => {
        const terms = { ...PLAIN, target: { ...removed(n), lambda } };
        const { h } = vectorsOf(await solve({ H: terms, maxIter: 500 }));
        const U = patterns(n);
        return sum(k, (r) => sum(n, (j) => h[r][j] * U.data[2 * j + 1]) ** 2 / sum(n, (j) => h[r][j] ** 2));
      };
      const found = [await left(-0.01), await left(-0.3), await left(-10)];
      expect(found[1]).toBeLessThan(found[0]);
      expect(found[2]).toBeLessThan(found[1] / 10);
    });

    test('factors are drawn apart', async () => {
      const cosines = async (angular: number) => {
        const { w } = vectorsOf(await solve({ W: { ...PLAIN, angular }, maxIter: 500 }));
        const inner = (a: Float64Array, b: Float64Array) => sum(a.length, (p) => a[p] * b[p]);
        return sum(k, (r) =>
          sum(k, (s) => (r === s ? 0 : inner(w[r], w[s]) / Math.sqrt(inner(w[r], w[r]) * inner(w[s], w[s])))),
        );
      };
      const found = [await cosines(0), await cosines(0.1), await cosines(1)];
      expect(found[1]).toBeLessThan(found[0]);
      expect(found[2]).toBeLessThan(found[1]);
    });

    test('factors die one by one', async () => {
      const data = [rowRange(uniform(40, 30, 7), 0, 40)];
      const alive: number[] = [];
      for (let lambda = 0.0001; lambda < 3; lambda *= 1.35) {
        const { d } = await kernels.nmf(
          nmfArgs(data, 6, { H: { ...PLAIN, L21: lambda }, maxIter: 2000, tol: 1e-9, norm: 'L2' }),
        );
        alive.push(d.filter((x) => x > 0).length);
      }
      for (let i = 1; i < alive.length; i++) expect(alive[i]).toBeLessThanOrEqual(alive[i - 1]);
      expect(new Set(alive).size).toBeGreaterThanOrEqual(4);
      expect([alive[0], alive.at(-1)]).toEqual([6, 0]);
    });

    test('bounds hold, to the bit', async () => {
      for (const precision of ['f64', 'f32'] as const) {
        const [W, H] = [
          { ...PLAIN, upperBound: 0.5 },
          { ...PLAIN, upperBound: 0.25 },
        ];
        const fit = await solve({ W, H, precision });
        expect(fit.W.data.every((x) => x >= 0 && x <= 0.5)).toBe(true);
        expect(fit.H.data.every((x) => x >= 0 && x <= 0.25)).toBe(true);
        expect(fit.H.data.some((x) => x === 0.25)).toBe(true);
      }
    });

    test('data of zeros within bounds, and bounds above a dead start', async () => {
      const bounds = { W: { ...PLAIN, upperBound: 1 }, H: { ...PLAIN, upperBound: 1 } };
      const fit = await solve({ ...bounds }, [dense(m, n)]);
      expect([fit.loss, fit.objective]).toEqual([0, 0]);
      const args = nmfArgs(X, k, { ...bounds, norm: 'none' });
      const dead = await kernels.nmf({ ...args, start: { W: dense(m, k), H: dense(k, n) } });
      expect([...dead.W.data, ...dead.H.data].every(Number.isFinite)).toBe(true);
    });

    test('what is drawn stays drawn where its partner is gone, as the objective has it', async () => {
      const data = dense(2, 4, Float64Array.of(1, 2, 2, 4, 3, 6, 4, 8));
      const target = {
        matrix: dense(2, 4, Float64Array.of(1, 4, 1, 3, 1, 2, 1, 1)),
        lambda: 1,
        scale: 'none' as const,
      };
      const terms = { W: { ...PLAIN, L1: 1 }, H: { ...PLAIN, target } };
      const { W, H } = await kernels.nmf(nmfArgs([data], 2, { ...terms, norm: 'none', maxIter: 500, tol: 0 }));
      const lengths = [0, 1].map((r) => [
        Math.hypot(...W.data.subarray(2 * r, 2 * r + 2)),
        Math.hypot(...H.data.filter((_, p) => p % 2 === r)),
      ]);
      expect(lengths.some(([w, h]) => w === 0 && h > 1)).toBe(true);
    });

    test('a bound that nothing meets changes nothing', async () => {
      const [fit, bounded] = [
        await solve({}),
        await solve({ W: { ...PLAIN, upperBound: 1e6 }, H: { ...PLAIN, upperBound: 1e6 } }),
      ];
      expect(bounded.loss / fit.loss).toBeCloseTo(1, 6);
    });

    test('32 bits: the same to their rounding', async () => {
      for (const [, terms] of FREE_TERMS) {
        const [wide, narrow] = [
          await solve({ ...terms, maxIter: 8 }),
          await solve({ ...terms, maxIter: 8, precision: 'f32' }),
        ];
        expect(relativeDifference(narrow.H.data, wide.H.data)).toBeLessThan(2e-2);
        expect(narrow.objective / wide.objective).toBeCloseTo(1, 3);
      }
    });
  });
}
