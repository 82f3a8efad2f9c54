import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import type { Kernels, NmfArgs, NmfState } from '../../src/kernels/kernels.js';
import { dense, toCsc } from '../../src/matrix.js';
import { sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { held, METHODS, type NmfOptions, nmfArgs, PLAIN, penaltiesFor } from './arguments.js';

const gaps = (rows: number, cols: number) => {
  const full = uniform(rows, cols, 5);
  return dense(
    rows,
    cols,
    full.data.map((x, p) => (p % 5 === 2 ? Number.NaN : x)),
  );
};
const ring = (n: number) =>
  toCsc(
    dense(
      n,
      n,
      Float64Array.from({ length: n * n }, (_, p) => Number(Math.abs((p % n) - Math.floor(p / n)) === 1)),
    ),
  );

/** What a fit holds beyond its factors, each with something of it. */
const CASES: readonly (readonly [string, NmfArgs])[] = [
  ...METHODS.flatMap(({ solver, accelerate }) =>
    penaltiesFor(solver).map(
      ([what, options]) =>
        [
          `${solver}, ${accelerate}, ${what}`,
          nmfArgs([sparse(14, 11, 3, 2)], 3, { ...options, solver, accelerate }),
        ] as const,
    ),
  ),
  ['32 bits', nmfArgs([uniform(14, 11, 1)], 3, { precision: 'f32' })],
  ['em', nmfArgs([gaps(14, 11)], 3, { accelerate: 'none', missing: 'em' })],
  ['em in 32 bits', nmfArgs([gaps(14, 11)], 3, { accelerate: 'none', missing: 'em', precision: 'f32' })],
  ['exact', nmfArgs([gaps(14, 11)], 3, { missing: 'exact' })],
  ['weights', nmfArgs([gaps(14, 11)], 3, { missing: 'exact', weights: [uniform(14, 11, 8)] })],
  [
    'a target and neighbours',
    nmfArgs([uniform(14, 11, 1)], 3, {
      W: { ...PLAIN, graph: { adjacency: ring(14), lambda: 0.1 } },
      H: { ...PLAIN, target: { matrix: uniform(3, 11, 7), lambda: 0.2, scale: 'factor' } },
    }),
  ],
  [
    'targets on both, one to be rid of',
    nmfArgs([uniform(14, 11, 1)], 3, {
      W: { ...PLAIN, target: { matrix: uniform(14, 3, 7), lambda: 0.1, scale: 'none' } },
      H: {
        ...PLAIN,
        target: { matrix: dense(1, 11, new Float64Array(11).fill(1 / Math.sqrt(11))), lambda: -0.5, scale: 'none' },
      },
    }),
  ],
  [
    'a bound, angular and L21',
    nmfArgs([uniform(14, 11, 1)], 3, {
      W: { ...PLAIN, upperBound: 0.7, angular: 0.1 },
      H: { ...PLAIN, L21: 0.05 },
      norm: 'none',
    }),
  ],
];

/** The first state that a fit leaves, which is then ended; null where it was done before anybody looked. */
async function cut(
  kernels: Kernels,
  args: NmfArgs,
  every: number,
  { from = null, threads }: { readonly from?: NmfState | null; readonly threads?: number } = {},
): Promise<NmfState | null> {
  let left: NmfState | null = null;
  const save = (state: NmfState) => {
    left = state;
    throw new Error('enough');
  };
  const done = () => null;
  await kernels.nmf(args, { threads, checkpoint: { from, every, save } }).catch(done);
  return left;
}

/** Fits that are left and gone on with. */
export function checkpointLaws(name: string, kernels: Kernels): void {
  describe(`${name}: a fit that is gone on with`, () => {
    const tol = { tol: 0, maxIter: 25 };

    test.each(CASES)('has the bits of one that was never left: %s', async (_, given) => {
      const args = { ...given, ...tol };
      const states: NmfState[] = [];
      const plain = await kernels.nmf(args);
      const left = await kernels.nmf(args, {
        checkpoint: { from: null, every: 1, save: (state) => states.push(state) },
      });
      expect(left).toEqual(plain);
      expect(states.length).toBeGreaterThan(0);
      for (const from of states) {
        const told: number[] = [];
        const rest = await kernels.nmf(
          { ...args, start: { W: dense(14, 3), H: dense(3, 11) } },
          {
            threads: 2,
            onIteration: ({ iteration }) => told.push(iteration),
            checkpoint: { from, every: 7, save: () => {} },
          },
        );
        expect(rest).toEqual(plain);
        const more = plain.iterations - from.iterations;
        expect(told).toEqual(Array.from({ length: more }, (__, i) => from.iterations + 1 + i));
      }
    });

    property.prop(
      [
        fc.constantFrom(...CASES),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        fc.nat(1000),
        fc.constantFrom(0, 1e-3),
      ],
      runs(25),
    )('ended again and again, it still comes there', async ([, given], steps, seed, near) => {
      const args = {
        ...given,
        maxIter: 40,
        tol: near,
        start: { W: uniform(14, 3, seed), H: uniform(3, 11, seed + 1) },
      };
      const plain = await kernels.nmf(args);
      let state: NmfState | null = null;
      for (const step of steps) {
        const next: NmfState | null = await cut(kernels, args, step, { from: state, threads: 1 + (step % 3) });
        if (next === null) break;
        expect(next.iterations).toBeGreaterThanOrEqual((state?.iterations ?? 0) + step);
        state = next;
      }
      expect(await kernels.nmf(args, { checkpoint: { from: state, every: 5, save: () => {} } })).toEqual(plain);
    });

    test('cancelled, it leaves where it was', async () => {
      const mu = { solver: 'mu', accelerate: 'none', tol: 0, maxIter: 800 } as const;
      const args = nmfArgs([uniform(200, 150, 1)], 8, mu);
      const plain = await kernels.nmf(args);
      let state: NmfState | null = null;
      for (const stop of [3, 50]) {
        const control = new AbortController();
        const told: number[] = [];
        const save = (found: NmfState) => {
          state = found;
        };
        const onIteration = ({ iteration }: { readonly iteration: number }) => {
          told.push(iteration);
          if (iteration >= stop) control.abort();
        };
        const checkpoint = { from: state, every: 1000, save };
        const result = await kernels.nmf(args, { signal: control.signal, onIteration, checkpoint });
        expect(result.stopped).toBe('aborted');
        expect(state).toMatchObject({ iterations: told.length === 0 ? stop : told[told.length - 1] });
        expect(result.iterations).toBe(told[told.length - 1]);
      }
      expect(await kernels.nmf(args, { checkpoint: { from: state, every: 1000, save: () => {} } })).toEqual(plain);
    });

    test('what save throws ends the call', async () => {
      const error = new Error('no room');
      const save = () => {
        throw error;
      };
      const args = { ...nmfArgs([uniform(14, 11, 1)], 3), tol: 0, maxIter: 100_000 };
      await expect(kernels.nmf(args, { checkpoint: { from: null, every: 1, save } })).rejects.toBe(error);
    });

    test('a state of another fit is refused', async () => {
      const args = { ...nmfArgs([uniform(14, 11, 1)], 3), ...tol };
      const state = await cut(kernels, args, 4);
      if (state === null) throw new Error('nothing was left');
      const { iterations, numbers } = state;
      const refused = { name: 'KernelError', code: 'invalid-argument' };
      const from = (given: NmfArgs, other: NmfState, every = 1) =>
        kernels.nmf(given, { checkpoint: { from: other, every, save: () => {} } });
      await expect(from(args, state)).resolves.toMatchObject({ stopped: 'max-iter' });
      for (const every of [0, 1.5, Number.NaN]) await expect(from(args, state, every)).rejects.toMatchObject(refused);
      const changed = (at: number, x: number) => numbers.map((y, p) => (p === at ? x : y));
      const others: readonly NmfState[] = [
        { iterations, numbers: numbers.slice(1) },
        { iterations, numbers: Float64Array.of(...numbers, 0) },
        { iterations, numbers: new Float64Array(0) },
        { iterations, numbers: changed(20, Number.NaN) },
        { iterations, numbers: changed(20, Number.POSITIVE_INFINITY) },
        { iterations, numbers: changed(0, 99) },
        ...[0, -1, 1.5, iterations + 1, 25, 1e9].map((other) => ({ iterations: other, numbers })),
      ];
      for (const other of others) await expect(from(args, other)).rejects.toMatchObject(refused);
      const turned = nmfArgs([uniform(11, 14, 1)], 3);
      const wider: NmfOptions = { H: { ...PLAIN, target: { matrix: uniform(3, 11, 7), lambda: 1, scale: 'factor' } } };
      for (const given of [turned, nmfArgs([uniform(14, 11, 1)], 2), nmfArgs([uniform(14, 11, 1)], 3, wider)])
        await expect(from({ ...given, ...tol }, state)).rejects.toMatchObject(refused);
      await expect(from({ ...args, maxIter: iterations }, state)).rejects.toMatchObject(refused);
      const out = nmfArgs([uniform(14, 11, 1)], 3, held(1));
      await expect(kernels.nmf(out, { checkpoint: { from: null, every: 1, save: () => {} } })).rejects.toMatchObject(
        refused,
      );
    });
  });
}
