import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSweep, type StoredSweep, SweepStoreError } from '../../src/index.js';
import { inPlainJs } from '../support/plain-js.js';
import { manyPoints, timeless } from '../support/store-sweep.js';

let folder = '';
let program = '';
let tidy = () => {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  // Many processes: none of them is to be busy with types.
  ({ program, tidy } = inPlainJs(script, ['test/support/store-sweep.ts']));
});
afterAll(async () => {
  tidy();
  await rm(folder, { recursive: true });
});

// It says when it begins, each row that it comes to, and how many it has fitted itself.
const script = `
  import { writeSync } from 'node:fs';
  import { manyPoints } from './test/support/store-sweep.js';
  const [count, store] = process.argv.slice(2);
  const sweep = manyPoints(Number(count));
  const say = (word, value) => writeSync(1, word + ' ' + value + '\\n');
  say('ready', 0);
  const { work } = await sweep.run({ backend: 'reference', store, onProgress: ({ row }) => say('row', row.point) });
  say('fitted', work.fitted);
`;

/** A process at work on a store; told of each line it says. */
async function start(count: number, store: string, told: (word: string, value: number, child: ChildProcess) => void) {
  const child = spawn(process.execPath, [program, String(count), store], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [word, value] = line.split(' ');
    told(word, Number(value), child);
  });
  return once(child, 'close') as Promise<[code: number | null, signal: string | null]>; // what 'close' says
}

/** Numbers in [0, 1), the same every time. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Reads a store all the while. */
async function watched(store: string, until: () => boolean): Promise<readonly StoredSweep[]> {
  const views: StoredSweep[] = [];
  while (!until()) {
    try {
      views.push(await openSweep(store));
    } catch (error) {
      // It isn't there yet.
      if (!(error instanceof SweepStoreError && error.code === 'not-a-store' && views.length === 0)) throw error;
    }
    await sleep(250);
  }
  return views;
}

test('three processes share a store: each row is made once', async () => {
  const store = join(folder, 'shared.db');
  const fitted: number[] = [];
  const note = (word: string, value: number) => void (word === 'fitted' && fitted.push(value));
  const ends = await Promise.all([1, 2, 3].map(() => start(60, store, note)));
  expect(ends).toEqual([1, 2, 3].map(() => [0, null]));
  expect(fitted.reduce((sum, x) => sum + x, 0)).toBe(60);
  const { rows, claimed, of } = await openSweep(store);
  expect([rows.length, claimed, of]).toEqual([60, 0, 60]);
});

test('a sweep of 200 points by three processes, killed 20 times at any moment: 200 rows, each once, the same values', async () => {
  const [count, kills] = [200, 20];
  const store = join(folder, 'killed.db');
  const random = drawn(Number(process.env.FACTORLOOM_TEST_SEED ?? 20261122));
  const seen = new Set<number>();
  let left = kills;
  let over = false;

  /** Started again and again; killed after so many rows that nobody had seen, or while it opens the store. */
  async function worker(): Promise<number> {
    for (let killed = 0; ; killed++) {
      const dies = left-- > 0;
      let [rows, delay] = [Math.floor(random() * 8), random()];
      const kill = (child: ChildProcess, ms: number) => setTimeout(() => child.kill('SIGKILL'), ms);
      const [code, signal] = await start(count, store, (word, value, child) => {
        if (word === 'ready' && dies && rows === 0) kill(child, 600 * delay);
        if (word !== 'row' || seen.has(value)) return;
        seen.add(value);
        if (dies && --rows === 0) kill(child, 40 * delay);
      });
      if (!dies) {
        expect([code, signal]).toEqual([0, null]);
        return killed;
      }
      // None has come to the end before.
      expect(signal).toBe('SIGKILL');
    }
  }

  const watching = watched(store, () => over);
  const killed = await Promise.all([worker(), worker(), worker()]).finally(() => {
    over = true;
  });
  expect(killed.reduce((sum, x) => sum + x, 0)).toBe(kills);

  const views = await watching;
  const { rows, claimed, table } = await openSweep(store);
  expect(rows.map(({ point }) => point)).toEqual(Array.from({ length: count }, (_, at) => at));
  expect(claimed).toBe(0);
  const quiet = await manyPoints(count).run({ backend: 'reference' });
  expect(timeless(rows)).toBe(timeless(quiet.rows));
  expect(table()).toBe(quiet.table());

  // What was read meanwhile grew, and was right at any moment.
  const counts = views.map((view) => view.rows.length);
  expect(counts.some((some) => some > 0 && some < count)).toBe(true);
  expect(counts).toEqual([...counts].sort((a, b) => a - b));
  const last = new Map(rows.map((row) => [row.point, row]));
  for (const view of views) expect(view.rows).toEqual(view.rows.map(({ point }) => last.get(point)));
}, 180_000);
