import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, writeFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readFile, rename, rm, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fc, test as property } from '@fast-check/vitest';
import Libsql from 'libsql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { factorInput, graphSweep, nmfLayer, openSweep, SweepStoreError } from '../../src/index.js';
import type { Identity } from '../../src/sweep/store/identity.js';
import { storeLedger } from '../../src/sweep/store/store.js';
import { uniform } from '../support/matrices.js';
import { inPlainJs } from '../support/plain-js.js';
import { runs } from '../support/runs.js';
import { manyPoints, timeless } from '../support/store-sweep.js';

const x = factorInput(uniform(8, 10, 1), { name: 'x' });
const sweep = graphSweep({
  params: { k: [1, 2], name: ['a', 'b', 'c'] },
  layerFn: ({ k, name }) => nmfLayer(x, { name, k, maxIter: 10 }),
  reps: 2,
});

let folder = '';
let good = '';
let bytes: Uint8Array = new Uint8Array();
let text = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  good = join(folder, 'good.db');
  text = timeless((await sweep.run({ store: good })).rows);
  bytes = await readFile(good);
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `store-${++count}.db`);
const holding = async (content: string | Uint8Array): Promise<string> => {
  const path = fresh();
  await writeFile(path, content);
  return path;
};

const failure = (work: Promise<unknown>): Promise<SweepStoreError> =>
  work.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => {
      if (error instanceof SweepStoreError) return error;
      throw error;
    },
  );
const codes = async (store: string) => [
  (await failure(openSweep(store))).code,
  (await failure(sweep.run({ store }))).code,
];

test('a store that was closed is one file, which can be copied', async () => {
  const copy = await holding(bytes);
  expect(timeless((await openSweep(copy)).rows)).toBe(text);
});

test('names that mean something to SQLite are files as any other', async () => {
  const strange = join(folder, 'we?ird #1 %20 ☃.db');
  await sweep.run({ store: strange });
  expect(timeless((await openSweep(strange)).rows)).toBe(text);
  const here = process.cwd();
  process.chdir(folder);
  try {
    for (const store of [':memory:', 'file:x?mode=memory']) {
      await sweep.run({ store });
      expect((await sweep.run({ store })).work.asked).toBe(0);
      expect((await readFile(join(folder, store))).length).toBeGreaterThan(1000);
    }
  } finally {
    process.chdir(here);
  }
});

describe('what is no store', () => {
  test.each([
    ['a text', () => holding('point,loss\n1,2\n'.repeat(500))],
    ['zeros', () => holding(new Uint8Array(10_000))],
    [
      'a folder',
      async () => {
        const path = fresh();
        await mkdir(path);
        return path;
      },
    ],
  ])('is refused: %s', async (_, make) => {
    expect(await codes(await make())).toEqual(['not-a-store', 'not-a-store']);
  });

  test('is not touched where it is a database of something else', async () => {
    const store = fresh();
    const db = new Libsql(store);
    db.exec('CREATE TABLE mine (a)');
    const before = await readFile(store);
    expect(await codes(store)).toEqual(['not-a-store', 'not-a-store']);
    expect((await readFile(store)).equals(before)).toBe(true);
  });

  test('an empty file becomes one; to be read it must be one already, as one that is not there', async () => {
    const store = await holding('');
    expect((await failure(openSweep(store))).code).toBe('not-a-store');
    const error = await failure(openSweep(fresh()));
    expect(error.code).toBe('not-a-store');
    expect(error.message).toContain('got no file');
    await expect(readFile(error.path)).rejects.toThrow('ENOENT');
    expect(timeless((await sweep.run({ store })).rows)).toBe(text);
  });

  test('of a newer version: said so', async () => {
    const store = await holding(bytes);
    new Libsql(store).exec('PRAGMA user_version = 2');
    expect(await codes(store)).toEqual(['newer-version', 'newer-version']);
  });
});

describe('a store that is damaged', () => {
  test.each([20, 100, 512, 4096, 9000, 0.5, 0.9])('cut short at %d', async (at) => {
    const store = await holding(bytes);
    await truncate(store, at < 1 ? Math.floor(bytes.length * at) : at);
    expect(await codes(store)).toEqual(['damaged', 'damaged']);
  });

  test('without one of its tables, or a column', async () => {
    for (const change of ['DROP TABLE point', 'ALTER TABLE task RENAME COLUMN sum TO hash', 'DELETE FROM sweep']) {
      const store = await holding(bytes);
      new Libsql(store).exec(change);
      expect(await codes(store)).toEqual(['damaged', 'damaged']);
    }
  });

  test('in a single digit of a row, a parameter, a complexity, a graph', async () => {
    for (const change of [
      `UPDATE task SET row = replace(row, '"iterations":10', '"iterations":11')`,
      `UPDATE task SET state = 'failed'`,
      `UPDATE point SET params = replace(params, '"k":2', '"k":3')`,
      'UPDATE point SET complexity = complexity + 1',
      `UPDATE point SET graph = replace(graph, '"k":2', '"k":3')`,
      `UPDATE sweep SET identity = replace(identity, '"seed":0', '"seed":1')`,
    ]) {
      const store = await holding(bytes);
      expect(new Libsql(store).prepare(change).run().changes).toBeGreaterThan(0);
      expect(await codes(store)).toEqual(['damaged', 'damaged']);
    }
  });

  property.prop(
    [fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })],
    runs(60),
  )('in any of its bytes: refused, or gone on from to the same rows', async (flips) => {
    const other = Uint8Array.from(bytes);
    for (const [at, by] of flips) other[at % other.length] ^= by;
    const store = await holding(other);
    const known = new Set((JSON.parse(text) as unknown[]).map((row) => JSON.stringify(row)));
    try {
      const rows = JSON.parse(timeless((await openSweep(store)).rows)) as unknown[];
      for (const row of rows) expect(known).toContain(JSON.stringify(row));
      expect(timeless((await sweep.run({ store })).rows)).toBe(text);
    } catch (error) {
      if (!(error instanceof SweepStoreError)) throw error;
      // A byte of the head says that it may only be read.
      expect(['damaged', 'not-a-store', 'newer-version', 'other-sweep', 'not-written']).toContain(error.code);
    }
    await Promise.all(['', '-wal', '-shm'].map((end) => rm(`${store}${end}`, { force: true })));
  });
});

const identity: Identity = {
  version: '1',
  backend: 'reference',
  seed: 0,
  holdOut: 'entries',
  testFraction: 0.1,
  ridge: 0,
  earlyStopping: null,
  params: ['k'],
  reps: 1,
  inputs: {},
};

describe('a store that is locked', () => {
  const locked = (store: string) => {
    const db = new Libsql(store);
    db.exec('BEGIN IMMEDIATE');
    return db;
  };

  test('is waited for', async () => {
    const store = await holding(bytes);
    const db = locked(store);
    const began = Date.now();
    setTimeout(() => db.exec('COMMIT'), 400);
    expect((await sweep.run({ store })).work.asked).toBe(0);
    expect(Date.now() - began).toBeGreaterThanOrEqual(390);
  });

  test('is given up at last: on opening it, and on writing a row', async () => {
    const store = fresh();
    const options = { retry: false, patience: 150 };
    const ledger = await storeLedger(store, identity, options);
    const id = { params: { k: 1 }, replicate: 0, budget: null };
    expect(await ledger.claim(id)).toBe('yours');
    const db = locked(store);
    const error = await failure(storeLedger(store, identity, options));
    expect(error).toMatchObject({ code: 'busy', path: store, cause: { code: 'SQLITE_BUSY' } });
    expect(error.message).toContain('0.15 s');
    const row = { point: 0, ...id, error: { code: 'error', message: '' }, seconds: 0 };
    expect((await failure(ledger.record(id, row))).code).toBe('busy');
    // A claim that can't be given back runs out.
    await ledger.drop(id);
    db.exec('COMMIT');
    expect(await ledger.claim(id)).toBe('busy');
    await ledger.close();
  });

  test('can be read meanwhile', async () => {
    const store = await holding(bytes);
    await sweep.run({ store });
    const db = locked(store);
    expect(timeless((await openSweep(store)).rows)).toBe(text);
    db.exec('COMMIT');
  });
});

describe('a store that cannot be written', () => {
  test('where there is no folder', async () => {
    const error = await failure(sweep.run({ store: join(folder, 'none', 'sweep.db') }));
    expect(error.code).toBe('not-written');
    expect(error.cause).toBeInstanceOf(Error);
    expect(await codes(join(good, 'sweep.db'))).toEqual(['not-a-store', 'not-written']);
  });

  const root = process.getuid?.() === 0;
  /** Root may write anything: it is somebody else meanwhile. */
  async function asOther<T>(work: () => Promise<T>): Promise<T> {
    if (root) process.seteuid?.(65534);
    try {
      return await work();
    } finally {
      if (root) process.seteuid?.(0);
    }
  }

  test.skipIf(process.platform === 'win32')('as it may only be read', async () => {
    const own = await mkdtemp(join(tmpdir(), 'factorloom-'));
    const store = join(own, 'sweep.db');
    await copyFile(good, store);
    chmodSync(store, 0o444);
    if (root) chownSync(own, 65534, 65534);
    try {
      const error = await asOther(() => failure(sweep.run({ store })));
      expect(error).toMatchObject({ code: 'not-written', cause: { code: 'SQLITE_READONLY' } });
      expect(timeless((await asOther(() => openSweep(store))).rows)).toBe(text);
    } finally {
      await rm(own, { recursive: true });
    }
  });

  test.skipIf(process.platform === 'win32')(
    'as the disk is full: the sweep rejects, and goes on once there is room',
    async () => {
      const script = `
      import { manyPoints } from './test/support/store-sweep.js';
      const sweep = manyPoints(40);
      let told = 0;
      await sweep.run({ backend: 'reference', store: process.argv[2], onProgress: () => told++ }).then(
        () => console.log('done'),
        (error) => console.log(error.name, error.code, told, error.cause?.code),
      );
    `;
      const { program, tidy } = inPlainJs(script, ['test/support/store-sweep.ts']);
      try {
        const store = fresh();
        // No file may be longer than this, in KiB.
        const full = spawnSync('bash', ['-c', `ulimit -f 250; exec "$0" "$1" "$2"`, process.execPath, program, store], {
          encoding: 'utf8',
        });
        const [name, code, told, cause] = full.stdout.trim().split(' ');
        expect([name, code], full.stderr).toEqual(['SweepStoreError', 'not-written']);
        expect(cause).toMatch(/^SQLITE_(FULL|IOERR)/);
        expect(Number(told)).toBeGreaterThan(0);
        const { rows } = await openSweep(store);
        // No row was told of that isn't there.
        expect(rows.length).toBe(Number(told));
        const [backend, many] = ['reference', manyPoints(40)] as const;
        const quiet = await many.run({ backend });
        expect(timeless((await many.run({ backend, store })).rows)).toBe(timeless(quiet.rows));
      } finally {
        tidy();
      }
    },
  );

  test.each(['removed', 'replaced'])('as it was %s in the middle', async (how) => {
    const store = fresh();
    let rows = 0;
    const error = await failure(
      sweep.run({
        store,
        onProgress: () => {
          if (++rows !== 3) return;
          spawnSync('mv', [store, `${store}.old`]);
          if (how === 'replaced') writeFileSync(store, bytes);
        },
      }),
    );
    expect(error.code).toBe('not-written');
    expect(error.message).toContain('removed or replaced');
    expect(rows).toBe(3);
    if (how === 'replaced') await unlink(store);
    await rename(`${store}.old`, store);
    expect((await openSweep(store)).rows.length).toBeGreaterThanOrEqual(3);
  });
});
