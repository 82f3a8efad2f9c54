import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crossValidateGraph, factorInput, graphSweep, nmfLayer, openSweep, SweepStoreError } from '../../src/index.js';
import { uniform } from '../support/matrices.js';
import { inPlainJs } from '../support/plain-js.js';
import { manyRanks, timeless } from '../support/store-sweep.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `sweep-${++count}.db`);

const x = factorInput(uniform(9, 14, 1), { name: 'x' });
const layerFn = ({ k }: { k: number }) => nmfLayer(nmfLayer(x, { name: 'below', k: 7 }), { name: 'top', k });
const options = { params: { k: [1, 2, 3, 4, 5] }, layerFn, reps: 2, config: { maxIter: 30 }, warmStart: true } as const;

/** The same run, cancelled once so many rows are done. */
async function cancelled(given: object, after: number): Promise<number> {
  const control = new AbortController();
  let rows = 0;
  const onProgress = () => {
    if (++rows === after) control.abort(new Error('enough'));
  };
  const run = crossValidateGraph({ ...options, ...given, onProgress, signal: control.signal });
  await expect(run).rejects.toThrow('enough');
  return rows;
}

const failure = (work: Promise<unknown>): Promise<SweepStoreError> =>
  work.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => {
      if (error instanceof SweepStoreError) return error;
      throw error;
    },
  );

describe('a sweep that warm-starts and is gone on with', () => {
  test.each([1, 3])('comes to the same bits, wherever it was cancelled: %i at once', async (workers) => {
    const plain = await crossValidateGraph(options);
    for (const after of [1, 3, 4, 6, 7]) {
      const store = fresh();
      await cancelled({ store, workers }, after);
      const rest = await crossValidateGraph({ ...options, store, workers });
      expect(timeless(rest.rows)).toBe(timeless(plain.rows));
      expect(rest.table()).toBe(plain.table());
    }
  });

  test('fits again what is not kept, each once, and counts it', async () => {
    const store = fresh();
    await cancelled({ store }, 3);
    const { work } = await crossValidateGraph({ ...options, store });
    // Of the first mask two rows: the layer below, and five ranks, of which three were there. Of the second all five.
    expect(work).toMatchObject({ asked: 2 * 7, fitted: 6 + 6 });
    const plain = await crossValidateGraph(options);
    expect(work.multiplyAdds).toBe(plain.work.multiplyAdds);
    const again = await crossValidateGraph({ ...options, store });
    expect(again.work).toMatchObject({ asked: 0, fitted: 0, multiplyAdds: 0 });
  });

  test('needs only the path below: not what is on another one', async () => {
    const store = fresh();
    const wide = { ...options, params: { k: [1, 2, 3], L2: [0, 1] }, reps: 1, store };
    const make = ({ k, L2 }: { k: number; L2: number }) => nmfLayer(x, { name: 'a', k, L2 });
    const [whole, part] = [
      { ...wide, layerFn: make },
      { ...wide, layerFn: make, params: { k: [1, 2], L2: [0, 1] } },
    ];
    await crossValidateGraph(part);
    // Rank 3 starts from rank 2, that from rank 1, all without a penalty; and with one it starts from that without.
    expect((await crossValidateGraph(whole)).work).toMatchObject({ asked: 2, fitted: 4 });
  });

  test('comes to the same bits on worker threads, which fit for each other', async () => {
    const layered = ({ k, L1 }: { k: number; L1: number }) =>
      nmfLayer(nmfLayer(x, { name: 'below', k: k + 1, L1 }), { name: 'top', k: 2, L2: L1 });
    const all = { ...options, params: { k: [4, 1, 2, 3], L1: [0.1, 0] }, layerFn: layered };
    const plain = await crossValidateGraph(all);
    const threads = { executor: 'threads', workers: 3, threads: 3 } as const;
    const parallel = await crossValidateGraph({ ...all, ...threads });
    expect(timeless(parallel.rows)).toBe(timeless(plain.rows));
    expect(parallel.work).toEqual(plain.work);
    const store = fresh();
    await crossValidateGraph({ ...all, params: { k: [1, 2], L1: [0, 0.1] }, store });
    const rest = await crossValidateGraph({ ...all, ...threads, store });
    expect(timeless(rest.rows)).toBe(timeless(plain.rows));
    // Below the four that are asked for, and the two without a penalty that they start from; on top four.
    expect(rest.work).toMatchObject({ asked: 2 * 8, fitted: 2 * (4 + 2 + 4) });
  });

  test('keeps its fits, and fits again what is not kept, from where it began', async () => {
    const store = fresh();
    const plain = await crossValidateGraph({ ...options, keep: 'all' });
    await crossValidateGraph({ ...options, store });
    const later = await crossValidateGraph({ ...options, store, keep: 'all' });
    for (const replicate of [0, 1]) {
      const [fit, other] = [await plain.fit({ k: 4 }, replicate), await later.fit({ k: 4 }, replicate)];
      expect(other.layers).toEqual(fit.layers);
    }
    // What began at random is another fit, under another name in the same folder.
    await rm(store);
    const cold = await crossValidateGraph({ ...options, warmStart: false, store, keep: 'all' });
    expect((await cold.fit({ k: 4 }, 0)).layers).not.toEqual((await plain.fit({ k: 4 }, 0)).layers);
  });

  test('is shared by two runs at once', async () => {
    const store = fresh();
    const [plain, one, two] = await Promise.all([
      crossValidateGraph(options),
      crossValidateGraph({ ...options, store, workers: 2 }),
      crossValidateGraph({ ...options, store, params: { k: [5, 3, 4, 2, 1] } }),
    ]);
    expect(timeless(one.rows)).toBe(timeless(plain.rows));
    expect(two.table()).toBe(plain.table());
    expect(one.work.asked + two.work.asked).toBe(2 * 10);
  });
});

describe('a store that rows of other starts are in', () => {
  test('is refused where a layer would start from another one', async () => {
    const store = fresh();
    await crossValidateGraph({ ...options, params: { k: [1, 3, 4] }, store });
    const error = await failure(crossValidateGraph({ ...options, store }));
    expect(error.code).toBe('other-sweep');
    expect(error.message).toContain('{ k: 3 }: starts.top.k (1 there, 2 here)');
    expect(error.differs).toContain('{ k: 4 }: starts.top.path');
    const cold = await failure(crossValidateGraph({ ...options, params: { k: [1, 3] }, store, warmStart: false }));
    expect(cold.message).toContain('{ k: 3 }: starts.top (more there, nothing here)');
  });

  test('takes points that nobody starts from', async () => {
    const store = fresh();
    await crossValidateGraph({ ...options, params: { k: [1, 2, 3] }, store });
    const { rows, work } = await crossValidateGraph({ ...options, store });
    expect(timeless(rows)).toBe(timeless((await crossValidateGraph(options)).rows));
    expect(work.asked).toBe(2 * 4);
    // Without another point there is nobody to start from, and the rows of both sweeps are the same.
    const alone = fresh();
    await crossValidateGraph({ ...options, params: { k: [1] }, warmStart: false, store: alone });
    expect((await crossValidateGraph({ ...options, params: { k: [1, 2] }, store: alone })).work.asked).toBe(2 * 2);
  });
});

// It says each row that it comes to.
const script = `
  import { writeSync } from 'node:fs';
  import { manyRanks } from './test/support/store-sweep.js';
  const [count, store] = process.argv.slice(2);
  await manyRanks(Number(count)).run({ backend: 'reference', store, onProgress: () => writeSync(1, 'row\\n') });
`;

test('three processes, killed six times: each row once, the same values', async () => {
  const { program, tidy } = inPlainJs(script, ['test/support/store-sweep.ts']);
  try {
    const store = fresh();
    const ranks = 9;
    const worker = async (kills: readonly number[]) => {
      for (const rows of [...kills, Number.POSITIVE_INFINITY]) {
        const child = spawn(process.execPath, [program, String(ranks), store], {
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        let seen = 0;
        createInterface({ input: child.stdout }).on('line', () => {
          if (++seen === rows) child.kill('SIGKILL');
        });
        const [code, signal] = await once(child, 'close');
        expect([code, signal]).toEqual(rows < Number.POSITIVE_INFINITY ? [null, 'SIGKILL'] : [0, null]);
      }
    };
    await Promise.all([worker([1, 6]), worker([2, 9]), worker([4, 7])]);
    const { rows, claimed } = await openSweep(store);
    const quiet = await manyRanks(ranks).run({ backend: 'reference' });
    expect(claimed).toBe(0);
    expect(timeless(rows)).toBe(timeless(quiet.rows));
    expect(quiet.rows.filter(({ error }) => error !== null)).toEqual([]);
    expect(graphSweep(options).explain()).toContain('from k=4 of point 3');
  } finally {
    tidy();
  }
}, 120_000);
