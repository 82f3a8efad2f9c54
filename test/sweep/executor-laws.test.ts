import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  crossValidateRank,
  type FactorRef,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorShared,
  graphSweep,
  H,
  KernelError,
  nmfLayer,
  range,
  type SweepResult,
  type SweepRow,
  svdLayer,
} from '../../src/index.js';
import { dense, toCsc } from '../../src/matrix.js';
import { scaled, sparse, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { inPlainJs } from '../support/plain-js.js';
import { forget, watch } from '../support/watched-workers.js';

vi.mock('node:worker_threads', async (original) => {
  const { watched } = await import('../support/watched-workers.js');
  return watched(await original());
});

let tidy = () => {};
beforeAll(() => {
  // Many threads: none of them is to be busy with types.
  const plain = inPlainJs('');
  tidy = plain.tidy;
  watch.entry = pathToFileURL(join(plain.folder, 'src/sweep/executors/worker.js'));
}, 60_000);
afterAll(() => {
  forget();
  tidy();
});

// Large enough that some of it lies in shared memory, and some goes with messages.
const X = uniform(36, 28, 1);
const x = factorInput(X, { name: 'x' });
const y = factorInput(sparse(24, 28, 2), { name: 'y' });
const gaps = factorInput(dense(36, 28, X.data.map((z, p) => (p % 7 === 1 ? Number.NaN : z))), { name: 'x' }); // biome-ignore format: one thought
const Z = uniform(2, 28, 7);
const large = factorInput(scaled(X, 1e4), { name: 'x' });
const below = nmfLayer(x, { name: 'below', k: 5 });

interface Case {
  readonly make: (k: number) => FactorRef;
  readonly more?: object;
}
/** Graphs and ways to sweep over them. */
const CASES: Readonly<Record<string, Case>> = {
  'one layer': { make: (k) => nmfLayer(x, { name: 'a', k }) },
  'a layer that points share': { make: (k) => nmfLayer(below, { name: 'a', k }) },
  'shared, weighted, and a mask': {
    make: (k) =>
      nmfLayer(
        factorShared(x, factorInput(sparse(24, 28, 2), { name: 'y', mask: 'zeros' }), {
          weights: { x: 'balance', y: 0.5 },
        }),
        { name: 'a', k },
      ),
  },
  'weights of samples, features and entries': {
    make: (k) =>
      nmfLayer(
        factorInput(X, {
          name: 'x',
          weights: { samples: uniform(1, 28, 3).data, features: uniform(1, 36, 4).data, entries: uniform(36, 28, 5) },
        }),
        { name: 'a', k },
      ),
  },
  'missing entries, some zeros unlisted': { make: (k) => nmfLayer(factorConcat(nmfLayer(gaps, { name: 'b', k: 4 }), nmfLayer(y, { name: 'c', k: 3 })), { name: 'a', k }) }, // biome-ignore format: one thought
  'a condition and a target': {
    make: (k) =>
      nmfLayer(factorCondition(x, Z), { name: 'a', k, H: H({ target: uniform(2, 28, 9), targetLambda: 0.1 }) }),
  },
  'a sum, with raced starts': {
    make: (k) => nmfLayer(factorAdd(below, nmfLayer(y, { name: 'b', k: 5, restarts: 3 })), { name: 'a', k }),
  },
  'joint training': {
    make: (k) => nmfLayer(below, { name: 'a', k }),
    more: { config: { training: 'joint', maxIter: 8 } },
  },
  'early stopping': {
    make: (k) => nmfLayer(below, { name: 'a', k }),
    more: { earlyStopping: { every: 3, patience: 2 }, config: { maxIter: 40, tol: 0 } },
  },
  halving: {
    make: (k) => factorConcat(nmfLayer(x, { name: 'a', k, restarts: 2 }), nmfLayer(y, { name: 'b', k: 3 })),
    more: { params: { k: [1, 2, 3, 4, 5, 6] }, strategy: 'halving', minIter: 4, eta: 2, config: { maxIter: 24 } },
  },
  tpe: {
    make: (k) => nmfLayer(x, { name: 'a', k }),
    more: { params: { k: range(1, 9, { int: true }) }, strategy: 'tpe', points: 10, reps: 1 },
  },
  'nonzeros held out': { make: (k) => nmfLayer(y, { name: 'a', k }), more: { holdOut: 'nonzeros' } },
  'samples held out, an SVD below': {
    make: (k) =>
      nmfLayer(factorCondition(svdLayer(x, { name: 's', k: 4, center: true }), Z), {
        name: 'a',
        k,
        nonneg: { W: false },
      }),
    more: { holdOut: 'samples' },
  },
  'samples held out, a projective layer': {
    make: (k) => nmfLayer(x, { name: 'a', k, projective: true }),
    more: { holdOut: 'samples' },
  },
  'points that fail: no graph, none on a mask, no numbers, no memory': {
    make: (k) => {
      if (k === 1) throw new Error('one is too few');
      if (k === 2) return nmfLayer(large, { name: 's', k, projective: true });
      // What is handed on has left the range of numbers when it is weighted.
      const under = nmfLayer(large, { name: 'under', k: 5 });
      if (k === 3) return nmfLayer(factorShared(under, large, { weights: { under: 1e279 } }), { name: 'a', k });
      return nmfLayer(large, { name: 'a', k: k === 4 ? 2_000_000_000 : k });
    },
    more: { params: { k: [1, 2, 3, 4, 5] } },
  },
};

const options = ({ make, more }: Case) => ({
  params: { k: [2, 4, 1] },
  reps: 2,
  testFraction: 0.15,
  seed: 3,
  config: { maxIter: 25 },
  layerFn: ({ k }: { readonly k: number }) => make(k),
  ...more,
});

/** All of a sweep as text, to the last digit, but for what a clock says. */
const told = ({ rows, table, ...result }: SweepResult) =>
  JSON.stringify({ ...result, rows: rows.map(({ seconds: _, ...row }) => row), table: table() });
const byParams = (rows: readonly SweepRow[]) =>
  rows.map(({ seconds: _, point: __, ...row }) => JSON.stringify(row)).sort();

describe.each([
  { backend: 'reference' as const, left: false },
  { backend: 'native' as const, left: !haveNative },
])(`$backend${withoutNative}`, ({ backend, left }) => {
  describe.skipIf(left)('worker threads change no bit', () => {
    test.each(Object.entries(CASES))('%s', async (_, own) => {
      const sweep = options(own);
      const inline = (await crossValidateGraph({ ...sweep, backend })) as SweepResult;
      const run = (more: object) =>
        crossValidateGraph({ ...sweep, backend, executor: 'threads', ...more }) as Promise<SweepResult>;
      expect(told(await run({}))).toBe(told(inline));
      expect(told(await run({ workers: 4, threads: 4 }))).toBe(told(inline));
      const { params } = sweep;
      if (!Array.isArray(params.k)) return;
      const turned = await run({ workers: 3, threads: 3, params: { k: [...params.k].reverse() } });
      expect(byParams(turned.rows)).toEqual(byParams(inline.rows));
      expect([turned.best, turned.simplest, turned.work]).toEqual([inline.best, inline.simplest, inline.work]);
    });
  });
});

test('rows that fail are the same, and there are some', async () => {
  const sweep = options(CASES['points that fail: no graph, none on a mask, no numbers, no memory']);
  const { rows } = await crossValidateGraph({ ...sweep, executor: 'threads', workers: 2, threads: 2 });
  expect(rows.map(({ error }) => error?.code ?? null)).toEqual(
    [1, 2].flatMap(() => ['invalid-point', 'incompatible-options', 'non-finite', 'out-of-memory', null]),
  );
  for (const k of [3, 4]) {
    const stopped = { ...sweep, params: { k: [5, k] }, onError: 'stop' as const };
    const inline = await crossValidateGraph(stopped).catch((error: unknown) => error);
    const own = await crossValidateGraph({ ...stopped, executor: 'threads' }).catch((error: unknown) => error);
    if (!(own instanceof KernelError && inline instanceof KernelError)) throw own;
    const { code, layer, message, cause } = own;
    expect({ code, layer, message }).toEqual({ code: inline.code, layer: 'a', message: inline.message });
    expect(cause).toEqual(inline.cause);
    expect(cause).toBeInstanceOf(Error);
  }
});

describe('a store', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('is gone on with by either executor, and shared by both', async () => {
    const sweep = graphSweep(options(CASES['a layer that points share']));
    const plain = await sweep.run();
    const store = join(folder, 'one.db');
    const control = new AbortController();
    const cancelled = sweep.run({
      store,
      executor: 'threads',
      signal: control.signal,
      onProgress: ({ done }) => done === 2 && control.abort(),
    });
    await expect(cancelled).rejects.toThrow('abort');
    const rest = await sweep.run({ store });
    expect(rest.table()).toBe(plain.table());
    expect(rest.work.asked).toBe((6 - 2) * 2);
    const shared = join(folder, 'two.db');
    const [one, two] = await Promise.all([
      sweep.run({ store: shared, executor: 'threads', workers: 2, threads: 2 }),
      sweep.run({ store: shared }),
    ]);
    expect([one.table(), two.table()]).toEqual([plain.table(), plain.table()]);
    expect(one.work.asked + two.work.asked).toBe(12);
  });
});

test('the short form takes it too', async () => {
  const plain = await crossValidateRank(toCsc(X), { k: [1, 2], reps: 1 });
  const threads = await crossValidateRank(toCsc(X), { k: [1, 2], reps: 1, executor: 'threads' });
  expect(threads.table()).toBe(plain.table());
});
