import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  afterAccepted,
  afterRejected,
  FIRST_MOMENTUM,
  type Momentum,
} from '../../src/kernels/reference/extrapolate.js';
import { type ColumnSolver, type Quadratic, quadratic } from '../../src/kernels/reference/quadratic.js';
import { halsToTheEnd } from '../../src/kernels/reference/solvers/hals.js';
import { solvers } from '../../src/kernels/reference/solvers.js';
import { transpose } from '../../src/matrix.js';
import { multiply, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';

/** ½·xᵀ(G + ridge)x − bᵀx + linear·|x|. */
function value({ k, gram, terms }: Quadratic, x: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let r = 0; r < k; r++) {
    for (let s = 0; s < k; s++) sum += (gram[r * k + s] * x[r] * x[s]) / 2;
    sum += (terms.ridge[r] * x[r] ** 2) / 2 - b[r] * x[r] + terms.linear[r] * Math.abs(x[r]);
  }
  return sum;
}

const anyColumn = fc
  .record({
    k: fc.integer({ min: 1, max: 8 }),
    seed: fc.nat(1e6),
    ridge: fc.constantFrom(0, 0.3),
    linear: fc.constantFrom(0, 0.5),
    nonneg: fc.boolean(),
  })
  .map(({ k, seed, ridge, linear, nonneg }) => {
    const F = uniform(k, k + 3, seed);
    const terms = { ridge: new Float64Array(k).fill(ridge), linear: new Float64Array(k).fill(linear), coupling: null };
    const b = uniform(k, 1, seed + 1).data.map((x) => 3 * x - 0.5);
    return {
      q: quadratic(multiply(F, transpose(F)).data, terms, { nonneg, upper: Infinity }),
      x: uniform(k, 1, seed + 2).data,
      b,
    };
  });

describe('half-steps of the reference', () => {
  const all: readonly (readonly [string, (q: Quadratic) => ColumnSolver])[] = [
    ...Object.entries(solvers).map(([name, make]) => [name, (q: Quadratic) => make(q, 3)] as const),
    ['hals to the end', halsToTheEnd],
  ];

  test.each(all)('%s says how far the quadratic fell', (name, make) => {
    fc.assert(
      fc.property(anyColumn, ({ q, x, b }) => {
        fc.pre(q.nonneg || name !== 'mu');
        const before = value(q, x, b);
        const fall = make(q)(x, b, 0);
        expect(Math.abs(before - value(q, x, b) - fall)).toBeLessThan(1e-9 * (1 + Math.abs(before)));
        if (name !== 'cholesky') expect(fall).toBeGreaterThan(-1e-12);
      }),
      runs(200),
    );
  });

  test('bpp reaches what sweeps reach in the end', () => {
    fc.assert(
      fc.property(anyColumn, ({ q, x, b }) => {
        const other = x.slice();
        const [exact, swept] = [solvers.bpp(q, 1)(x, b, 0), halsToTheEnd(q)(other, b, 0)];
        expect(Math.abs(exact - swept)).toBeLessThan(1e-9 * (1 + Math.abs(exact)));
      }),
      runs(200),
    );
  });

  test('hals leaves a column once a sweep moves it by less than a tenth of the first', () => {
    const q = quadratic(
      Float64Array.of(1, 0.5, 0.5, 1),
      { ridge: new Float64Array(2), linear: new Float64Array(2), coupling: null },
      { nonneg: true, upper: Infinity },
    );
    // Each sweep moves it by a quarter of the one before: the third is the first below a tenth.
    const swept = (sweeps: number) => {
      const x = Float64Array.of(0, 0);
      solvers.hals(q, sweeps)(x, Float64Array.of(1, 1), 0);
      return x;
    };
    expect(swept(9)).toEqual(swept(3));
    expect(swept(3)).not.toEqual(swept(2));
  });

  test('β grows by 1.05 up to a limit, shrinks by 1.5, and does not come back to what failed at once', () => {
    const steps: Momentum[] = [FIRST_MOMENTUM];
    for (const next of [afterAccepted, afterAccepted, afterRejected, afterAccepted, afterRejected]) {
      steps.push(next(steps[steps.length - 1]));
    }
    const betas = [0.5, 0.525, 0.55125, 0.55125 / 1.5, (0.55125 / 1.5) * 1.05, ((0.55125 / 1.5) * 1.05) / 1.5];
    for (const [at, beta] of betas.entries()) expect(steps[at].beta).toBeCloseTo(beta, 14);
    expect(steps[3].limit).toBe(0.525);
    expect(steps[4].limit).toBeCloseTo(0.525 * 1.01, 14);
    expect(steps[5].limit).toBeCloseTo(0.55125 / 1.5, 14);
    expect(afterRejected(FIRST_MOMENTUM).limit).toBeCloseTo(0.5 / 1.05, 14);
    expect(afterAccepted({ beta: 0.999, limit: 1, good: 0.9 })).toEqual({ beta: 1, limit: 1, good: 0.999 });
  });
});
