import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSweep } from '../../src/index.js';
import { inPlainJs } from '../support/plain-js.js';
import { diagnosedPoints, timeless } from '../support/store-sweep.js';

let folder = '';
let program = '';
let tidy = () => {};
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  ({ program, tidy } = inPlainJs(script, ['test/support/store-sweep.ts']));
});
afterAll(async () => {
  tidy();
  await rm(folder, { recursive: true });
});

const script = `
  import { writeSync } from 'node:fs';
  import { diagnosedPoints } from './test/support/store-sweep.js';
  const onProgress = ({ row }) => writeSync(1, 'row ' + row.point + '\\n');
  const cv = await diagnosedPoints().run({ backend: 'reference', store: process.argv[2], keep: 'best', onProgress });
  // What was chosen can be read by everybody, as soon as it is chosen.
  for (const replicate of [0, 1, 2]) await cv.fit(cv.best, replicate);
`;

async function start(store: string, told: (child: ChildProcess) => void) {
  const child = spawn(process.execPath, [program, store], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', () => told(child));
  return once(child, 'close') as Promise<[code: number | null, signal: string | null]>; // what 'close' says
}

test('three processes that are killed again and again: the same table, diagnostics and fits, and none too many', async () => {
  const store = join(folder, 'killed.db');
  let [left, killed] = [9, 0];
  async function worker(nth: number): Promise<void> {
    for (let life = 0; ; life++) {
      const dies = left-- > 0;
      let rows = 1 + ((5 * nth + 3 * life) % 4);
      const [code, signal] = await start(store, (child) => {
        if (dies && --rows === 0) setTimeout(() => child.kill('SIGKILL'), (7 * life + 11 * nth) % 30);
      });
      if (!dies) return expect([code, signal]).toEqual([0, null]);
      // It was killed, unless it had come to its end.
      expect([signal, code]).toEqual(signal === null ? [null, 0] : ['SIGKILL', null]);
      if (signal !== null) killed++;
    }
  }
  await Promise.all([worker(0), worker(1), worker(2)]);
  expect(killed).toBeGreaterThan(2);

  const quiet = await diagnosedPoints().run({ backend: 'reference', keep: 'all' });
  const stored = await openSweep<typeof quiet.best>(store);
  expect(timeless(stored.rows)).toBe(timeless(quiet.rows));
  expect(stored.table()).toBe(quiet.table());
  expect(stored.points.every(({ diagnostics }) => diagnostics !== null)).toBe(true);
  expect(await stored.consensus(quiet.best, 'top')).toEqual(await quiet.consensus(quiet.best, 'top'));
  for (const replicate of [0, 1, 2])
    expect((await stored.fit(quiet.best, replicate)).layers).toEqual((await quiet.fit(quiet.best, replicate)).layers);
  // Whoever was last has tidied up: two layers of each fit.
  const chosen = new Set([quiet.best.k, quiet.simplest.k]).size;
  const counts = ['fits', 'layers'].map((shelf) => readdirSync(join(`${store}.fits`, shelf)));
  expect(counts.map((files) => files.filter((file) => !file.endsWith('.part')).length)).toEqual([
    3 * chosen,
    3 * (chosen + 1),
  ]);
}, 120_000);
