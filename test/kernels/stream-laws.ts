import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type {
  Kernels,
  NmfArgs,
  NmfResult,
  NmfState,
  StreamedData,
  StreamedNmfArgs,
} from '../../src/kernels/kernels.js';
import { type CscMatrix, type DenseData, type DenseMatrix, dense } from '../../src/matrix.js';
import { lowRank, rowMajor, single, sparse, uniform } from '../support/matrices.js';
import { METHODS, type NmfOptions, nmfArgs, PENALTIES } from './arguments.js';

/** A matrix as a file is read: two buffers in turn, what was in one before is gone. */
function panelsOf(X: DenseMatrix, together: number, form: (panel: DenseMatrix) => DenseData = (panel) => panel) {
  const given: DenseData[] = [];
  let entries = 0;
  const panel = async (from: number, to: number): Promise<DenseData> => {
    await new Promise((resolve) => setImmediate(resolve));
    given.at(-2)?.data.fill(Number.NaN);
    const data = X.data.slice(from * X.rows, to * X.rows);
    const found = form({ kind: 'dense', rows: X.rows, cols: to - from, data });
    given.push(found);
    entries += data.length;
    return found;
  };
  const source: StreamedData = { rows: X.rows, cols: X.cols, together, panel };
  return { source, walks: () => entries / X.data.length };
}

/** A sparse matrix as it is read: two buffers in turn. */
function sparsePanels(X: CscMatrix, together: number): StreamedData {
  const given: CscMatrix[] = [];
  const panel = async (from: number, to: number): Promise<CscMatrix> => {
    await new Promise((resolve) => setImmediate(resolve));
    given.at(-2)?.values.fill(Number.NaN);
    const [first, last] = [X.indptr[from], X.indptr[to]];
    const found = {
      ...{ kind: 'csc' as const, rows: X.rows, cols: to - from },
      indptr: Uint32Array.from(X.indptr.subarray(from, to + 1), (bound) => bound - first),
      indices: X.indices.slice(first, last),
      values: X.values.slice(first, last),
    };
    given.push(found);
    return found;
  };
  const byRow = new Uint32Array(X.rows);
  for (const i of X.indices) byRow[i]++;
  const byColumn = Uint32Array.from({ length: X.cols }, (_, j) => X.indptr[j + 1] - X.indptr[j]);
  return { rows: X.rows, cols: X.cols, together, panel, listed: { byRow, byColumn } };
}

function streamed(
  { X: _X, holdOut: _h, missing: _m, weights: _w, loss: _l, ...args }: NmfArgs,
  X: StreamedData,
): StreamedNmfArgs {
  return { ...args, X };
}

/** Every number of a result. */
const numbers = ({ W, d, H, loss, nullLoss, factorLoss, objective, kkt, history }: NmfResult) => [
  ...[W.data, d, H.data, factorLoss ?? [], history.loss, history.objective].flatMap((list) => Array.from(list)),
  ...[loss, nullLoss ?? Number.NaN, objective, kkt],
];

/** Laws of `nmfStreamed`: it is `nmf`, to the bit. */
export function streamLaws(name: string, kernels: Kernels): void {
  describe(`${name}: what is streamed`, () => {
    const both = async (X: DenseMatrix, k: number, options: NmfOptions, together: number, threads = 1) => {
      const args = nmfArgs([X], k, { maxIter: 6, ...options });
      const { source } = panelsOf(X, together);
      const whole = await kernels.nmf(args, { threads: 1 });
      return { whole, found: await kernels.nmfStreamed(streamed(args, source), { threads }) };
    };

    test('any shape, in panels of any width, gives the bits that it gives in memory', async () => {
      const shape = { rows: fc.integer({ min: 1, max: 20 }), cols: fc.integer({ min: 1, max: 200 }), k: fc.integer({ min: 1, max: 5 }) }; // biome-ignore format: one thought
      const how = { together: fc.integer({ min: 1, max: 220 }), seed: fc.nat(1000), way: fc.nat(3), f32: fc.boolean() };
      await fc.assert(
        fc.asyncProperty(fc.record({ ...shape, ...how }), async ({ rows, cols, k, together, seed, way, f32 }) => {
          const X = uniform(rows, cols, seed);
          const options = { ...METHODS[way], maxIter: 3, precision: f32 ? 'f32' : 'f64' } as const;
          const { whole, found } = await both(X, k, options, together, 1 + (seed % 3));
          expect(numbers(found)).toEqual(numbers(whole));
        }),
        { numRuns: 25 },
      );
    });

    test('sparse panels too', async () => {
      const shape = { rows: fc.integer({ min: 1, max: 40 }), cols: fc.integer({ min: 1, max: 200 }), k: fc.integer({ min: 1, max: 5 }) }; // biome-ignore format: one thought
      const how = { together: fc.integer({ min: 1, max: 220 }), every: fc.integer({ min: 1, max: 6 }), seed: fc.nat(1000), way: fc.nat(3), f32: fc.boolean() }; // biome-ignore format: one thought
      await fc.assert(
        fc.asyncProperty(
          fc.record({ ...shape, ...how }),
          async ({ rows, cols, k, together, every, seed, way, f32 }) => {
            const X = sparse(rows, cols, seed, every);
            const options = { ...METHODS[way], maxIter: 3, precision: f32 ? 'f32' : 'f64' } as const;
            const args = nmfArgs([X], k, options);
            const whole = await kernels.nmf(args, { threads: 1 });
            for (const threads of [1, 3]) {
              const found = await kernels.nmfStreamed(streamed(args, sparsePanels(X, together)), { threads });
              expect(numbers(found)).toEqual(numbers(whole));
            }
          },
        ),
        { numRuns: 25 },
      );
    });

    test('whatever factors are held to', async () => {
      const X = uniform(14, 150, 3);
      const bound: NmfOptions = { H: { ...nmfArgs([X], 1).H, upperBound: 0.7 }, norm: 'none' };
      for (const [, options] of [...PENALTIES, ['an upper bound', bound] as const]) {
        const { whole, found } = await both(X, 3, options, 70);
        expect(numbers(found)).toEqual(numbers(whole));
      }
    });

    test('in either order and width, and measured entry by entry where next to nothing is left', async () => {
      // Numbers that 32 bits hold.
      const wide = dense(12, 130, Float64Array.from(single(lowRank(12, 130, 2, 5)).data));
      const args = nmfArgs([wide], 2, { maxIter: 30 });
      const whole = await kernels.nmf(args);
      expect(whole.loss).toBeLessThan(1e-5 * (whole.nullLoss ?? 0));
      for (const form of [rowMajor, (panel: DenseMatrix) => single<DenseData>(panel)]) {
        const found = await kernels.nmfStreamed(streamed(args, panelsOf(wide, 64, form).source), { threads: 2 });
        expect(numbers(found)).toEqual(numbers(whole));
      }
    });

    test('a fit ends when it is told to, and goes on from where it was', async () => {
      const X = uniform(15, 200, 8);
      const args = nmfArgs([X], 3, { maxIter: 12 });
      const states: NmfState[] = [];
      const save = (state: NmfState) => void states.push(state);
      const abort = new AbortController();
      const onIteration = ({ iteration }: { iteration: number }) => iteration === 4 && abort.abort();
      const cut = await kernels.nmfStreamed(streamed(args, panelsOf(X, 64).source), {
        ...{ signal: abort.signal, onIteration },
        checkpoint: { from: null, every: 2, save },
      });
      expect(cut.stopped).toBe('aborted');
      expect(states.length).toBeGreaterThan(0);
      const from = states.at(-1) ?? null;
      const found = await kernels.nmfStreamed(streamed(args, panelsOf(X, 128).source), {
        checkpoint: { from, every: 100, save: () => undefined },
      });
      expect(numbers(found)).toEqual(numbers(await kernels.nmf(args)));
    });

    test('what a source throws ends the fit, at once and later', async () => {
      const X = uniform(10, 300, 9);
      for (const last of [0, 3, 12]) {
        const { source } = panelsOf(X, 64);
        let calls = 0;
        const panel = (from: number, to: number) =>
          calls++ < last ? source.panel(from, to) : Promise.reject(new Error(`no panel ${from}`));
        const args = streamed(nmfArgs([X], 2), { ...source, panel });
        await expect(kernels.nmfStreamed(args)).rejects.toThrow('no panel');
      }
    });

    test('what it can not serve is refused', async () => {
      const X = uniform(6, 7, 1);
      const { source } = panelsOf(X, 64);
      for (const bad of [
        { solver: 'mu', accelerate: 'none' },
        { solver: 'ccd', accelerate: 'none' },
        { maxIter: 0 },
      ] as const)
        await expect(kernels.nmfStreamed(streamed(nmfArgs([X], 2, bad), source))).rejects.toMatchObject({
          code: 'invalid-argument',
        });
      const short = { ...source, rows: 5 };
      await expect(kernels.nmfStreamed(streamed(nmfArgs([X], 2), short))).rejects.toThrow();
    });
  });
}

/** How often the native kernel reads what is streamed: once an iteration, and twice more. */
export function readLaws(kernels: Kernels): void {
  test('all is read once an iteration, and twice more', async () => {
    const X = uniform(15, 400, 2);
    for (const together of [64, 130, 400]) {
      const { source, walks } = panelsOf(X, together);
      const args = nmfArgs([X], 3, { accelerate: 'none', maxIter: 9, tol: 0 });
      const { iterations } = await kernels.nmfStreamed(streamed(args, source));
      expect([iterations, walks()]).toEqual([9, 11]);
    }
  });
}
