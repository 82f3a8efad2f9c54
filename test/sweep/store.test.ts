import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Libsql from 'libsql';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  factorCondition,
  factorInput,
  GraphError,
  graphSweep,
  H,
  nmfLayer,
  openSweep,
  type SweepRunOptions,
  SweepStoreError,
  W,
} from '../../src/index.js';
import { freshLedger } from '../../src/sweep/ledger.js';
import type { Identity } from '../../src/sweep/store/identity.js';
import { newOwner } from '../../src/sweep/store/owner.js';
import { storeLedger } from '../../src/sweep/store/store.js';
import { uniform } from '../support/matrices.js';
import { timeless } from '../support/store-sweep.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `sweep-${++count}.db`);

const x = factorInput(uniform(9, 14, 1), { name: 'x' });
/** A first layer that all share, and one on top of it. */
const layerFn = ({ k, L1 }: { readonly k: number; readonly L1: number }) =>
  nmfLayer(nmfLayer(x, { name: 'below', k: 4, W: W({ L1 }) }), { name: 'top', k });
const options = { params: { k: [1, 2, 3], L1: [0, 0.01] }, layerFn, reps: 2, config: { maxIter: 30 } } as const;
const sweep = graphSweep(options);

/** A run that is cancelled once so many rows are done. */
async function cancelled(run: SweepRunOptions, after: number): Promise<number> {
  const control = new AbortController();
  let rows = 0;
  const onProgress = () => {
    if (++rows === after) control.abort(new Error('enough'));
  };
  await expect(sweep.run({ ...run, onProgress, signal: control.signal })).rejects.toThrow('enough');
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

describe('a sweep that is gone on with', () => {
  test.each([1, 3])('comes to the same bits, wherever it was cancelled: %i at once', async (workers) => {
    const plain = await sweep.run();
    for (const after of [1, 4, 7, 9]) {
      const store = fresh();
      await cancelled({ store, workers }, after);
      const { claimed, rows } = await openSweep(store);
      expect(claimed).toBe(0);
      expect(rows.length).toBeGreaterThanOrEqual(after);
      const rest = await sweep.run({ store, workers });
      expect(timeless(rest.rows)).toBe(timeless(plain.rows));
      expect(rest.table()).toBe(plain.table());
      expect([rest.best, rest.simplest, rest.reason]).toEqual([plain.best, plain.simplest, plain.reason]);
      // Two layers for each row, of which all but the first below are shared.
      expect(rest.work.asked).toBe(2 * (12 - rows.length));
    }
  });

  test('reads what it has, and fits nothing; seconds stay as they were', async () => {
    const store = fresh();
    const first = await sweep.run({ store });
    const again = await sweep.run({ store });
    expect(again.rows).toEqual(first.rows);
    expect(again.work).toEqual({ asked: 0, fitted: 0, multiplyAdds: 0, multiplyAddsAlone: 0 });
    expect(Object.isFrozen(again.rows[0])).toBe(true);
  });

  test('may have its points in another order, or more of them', async () => {
    const store = fresh();
    await graphSweep({ ...options, params: { L1: [0.01], k: [3, 2] } }).run({ store });
    const wider = await sweep.run({ store });
    const plain = await sweep.run();
    expect(timeless(wider.rows)).toBe(timeless(plain.rows));
    expect(wider.table()).toBe(plain.table());
    expect(wider.work.asked).toBe(2 * (12 - 4));
  });

  test('says of layers that points share that they were fitted once, though others have some of the rows', async () => {
    const store = fresh();
    await cancelled({ store }, 1);
    // Below: L1 twice on each mask. On top: all but the one that is there.
    expect((await sweep.run({ store })).work.fitted).toBe(2 * 2 + 11);
  });

  test('keeps failures as rows; they are tried again where a failure stops', async () => {
    const store = fresh();
    let broken = true;
    const own = {
      ...options,
      layerFn: (point: { readonly k: number; readonly L1: number }) => {
        if (broken && point.k === 2) throw new Error('not today');
        return layerFn(point);
      },
    };
    const first = await crossValidateGraph({ ...own, store });
    expect(first.rows.filter(({ error }) => error !== null).length).toBe(4);
    const again = await crossValidateGraph({ ...own, store });
    expect(again.rows).toEqual(first.rows);
    expect((await openSweep(store)).table()).toBe(first.table());
    await expect(crossValidateGraph({ ...own, store, onError: 'stop' })).rejects.toThrow('not today');
    // A point that had no graph has only failures to lose.
    broken = false;
    const mended = await crossValidateGraph({ ...own, store });
    expect(timeless(mended.rows)).toBe(timeless((await sweep.run()).rows));
    expect(mended.work.asked).toBe(2 * 4);
    broken = true;
    const error = await failure(crossValidateGraph({ ...own, store }));
    expect(error.code).toBe('other-sweep');
    expect(error.differs).toEqual(['{ k: 2, L1: 0 }', '{ k: 2, L1: 0.01 }']);
  });
});

test('two runs at once on one store share the work', async () => {
  const store = fresh();
  const [plain, one, two] = await Promise.all([
    sweep.run(),
    sweep.run({ store, workers: 2 }),
    graphSweep(options).run({ store }),
  ]);
  for (const result of [one, two]) {
    expect(timeless(result.rows)).toBe(timeless(plain.rows));
    expect(result.table()).toBe(plain.table());
  }
  expect(one.work.asked + two.work.asked).toBe(2 * 12);
  expect(one.work.asked).toBeGreaterThan(0);
  expect(two.work.asked).toBeGreaterThan(0);
});

describe('the store of another sweep is refused, and told why', () => {
  const [Z, target] = [uniform(2, 14, 5), uniform(3, 14, 6)];
  const graph = (data = Z, to = target, k = 3) =>
    nmfLayer(factorCondition(x, data), { name: 'a', k, H: H({ target: to, targetLambda: 0.1 }) });
  const base = { params: { p: [1] }, layerFn: () => graph(), reps: 2, seed: 1, config: { maxIter: 5 } } as const;
  const other = factorInput(uniform(9, 14, 2), { name: 'x' });

  test.each([
    ['seed', { seed: 2 }, 'seed (1 there, 2 here)'],
    ['reps', { reps: 3 }, 'reps (2 there, 3 here)'],
    ['testFraction', { testFraction: 0.2 }, 'testFraction (0.1 there, 0.2 here)'],
    ['ridge', { ridge: 0.1 }, 'ridge (0.001 there, 0.1 here)'],
    ['holdOut', { holdOut: 'nonzeros' as const }, 'holdOut (entries there, nonzeros here)'],
    ['backend', { backend: 'reference' as const }, 'backend'],
    ["input 'x'", { layerFn: () => nmfLayer(other, { name: 'a', k: 3 }) }, "input 'x'"],
    ['{ p: 1 }: fit.0.args.maxIter', { config: { maxIter: 6 } }, 'maxIter (5 there, 6 here)'],
    ['{ p: 1 }: fit.0.args.k', { layerFn: () => graph(Z, uniform(2, 14, 6), 2) }, 'args.k (3 there, 2 here)'],
    ['{ p: 1 }: term a.H.target', { layerFn: () => graph(Z, uniform(3, 14, 7)) }, '{ p: 1 }: term'],
    ['{ p: 1 }: condition', { layerFn: () => graph(uniform(2, 14, 8)) }, '{ p: 1 }: condition'],
  ])('%s', async (differs, changed, told) => {
    const store = fresh();
    await crossValidateGraph({ ...base, store });
    if (differs === 'backend') {
      const db = new Libsql(store);
      const [{ identity }] = db.prepare('SELECT identity FROM sweep').all() as { identity: string }[];
      if ((JSON.parse(identity) as Identity).backend === 'reference') return;
    }
    const before = await openSweep(store);
    const error = await failure(crossValidateGraph({ ...base, store, ...changed }));
    expect(error).toMatchObject({ name: 'SweepStoreError', code: 'other-sweep', path: store });
    expect(error.differs.some((part) => part.startsWith(differs.split(' a.')[0]))).toBe(true);
    expect(error.message).toContain(told);
    const after = await openSweep(store);
    expect([after.rows, after.of]).toEqual([before.rows, before.of]);
  });

  test('in a few words, however many points differ', async () => {
    const store = fresh();
    const many = { ...options, params: { k: [1, 2, 3], L1: [0, 0.01, 0.02, 0.03] }, reps: 1 };
    await crossValidateGraph({ ...many, store });
    const error = await failure(crossValidateGraph({ ...many, config: { maxIter: 31, tol: 0.01 }, store }));
    expect(error.message).toContain(
      'differs in { k: 1, L1: 0 }: fit.0.args.maxIter (30 there, 31 here), { k: 1, L1: 0 }: fit.0.args.tol (0.0001 there, 0.01 here), ' +
        '{ k: 1, L1: 0.01 }: fit.0.args.maxIter (30 there, 31 here), { k: 1, L1: 0.01 }: fit.0.args.tol (0.0001 there, 0.01 here), ' +
        'and in 44 more at 12 points, in differs. Give another path',
    );
    expect(error.differs.length).toBe(12 * 4);
    const one = await failure(
      crossValidateGraph({ ...many, params: { k: [1], L1: [0] }, config: { maxIter: 31 }, store }),
    );
    expect(one.message).not.toContain('more');
  });

  test('by the version of the library', async () => {
    const store = fresh();
    const ledger = await storeLedger(store, { ...identity, version: '0.0.1' }, { retry: false });
    await ledger.close();
    expect((await failure(storeLedger(store, identity, { retry: false }))).differs).toEqual(['version']);
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
const open = (store: string, retry = false) => storeLedger(store, identity, { retry });
const id = { params: { k: 3, name: 'a "b"\0', none: null, zero: -0 }, replicate: 0, budget: null };
const row = (testLoss: number) => ({
  point: 0,
  ...id,
  error: null,
  testLoss,
  trainLoss: 0.1 + 0.2,
  inputs: { x: { testLoss, trainLoss: 5e-324, heldOut: 3, fitted: 4 } },
  looks: [{ iteration: 5, testLoss: 0.1, trainLoss: 1e-300 }],
  iterations: 3,
  converged: true,
  seconds: 1.5,
});
const failed = { point: 0, ...id, error: { code: 'panic', message: 'ö\n' }, seconds: 2 };

describe('claims', () => {
  test('one at a time; a row comes back to the bit', async () => {
    const store = fresh();
    const [a, b] = [await open(store), await open(store)];
    expect(await a.claim(id)).toBe('yours');
    expect(await b.claim(id)).toBe('busy');
    expect(await b.claim({ ...id, replicate: 1 })).toBe('yours');
    await a.drop(id);
    expect(await b.claim(id)).toBe('yours');
    const made = row(-1 / 3e100);
    await b.record(id, made);
    const found = await a.claim({ ...id, params: { zero: -0, none: null, name: 'a "b"\0', k: 3 } });
    expect(found).toEqual(made);
    expect(JSON.stringify(found)).toBe(JSON.stringify(made));
    // What tells rows apart, now or later, is all of their name.
    expect(await a.claim({ ...id, params: { ...id.params, zero: 0 } })).toBe('yours');
    const budget = { ...id, budget: 9 };
    expect(await a.claim(budget)).toBe('yours');
    await Promise.all([a.close(), b.close()]);
  });

  test('are given back when a run ends', async () => {
    const store = fresh();
    const a = await open(store);
    await a.claim(id);
    await a.close();
    const b = await open(store);
    expect(await b.claim(id)).toBe('yours');
    await b.close();
  });

  /** A claim of somebody else's, as it stands in the file. */
  async function claimOf(store: string, owner: object, lasts: number): Promise<void> {
    const ledger = await open(store);
    await ledger.claim(id);
    const db = new Libsql(store);
    const { host, pid, started } = { ...newOwner(), ...owner };
    const expires = Date.now() + lasts;
    db.prepare('UPDATE task SET owner = ?').run('somebody');
    db.prepare('INSERT INTO owner VALUES (?, ?, ?, ?, ?)').run('somebody', host, pid, started, expires);
    await ledger.close();
  }

  test.each([
    ['is at work elsewhere', { host: 'elsewhere' }, 60_000, 'busy'],
    ['has given no sign of life elsewhere', { host: 'elsewhere' }, -1, 'yours'],
    ['is at work here', {}, 60_000, 'busy'],
    ['is here and has given no sign of life', {}, -1, 'yours'],
    ['was here and is gone', { pid: 2 ** 22 + 1 }, 60_000, 'yours'],
    ...(process.platform === 'linux'
      ? [['had the number of a process that is here', { started: '1' }, 60_000, 'yours'] as const]
      : []),
  ] as const)('of one who %s: %o', async (_, owner, lasts, expected) => {
    const store = fresh();
    await claimOf(store, owner, lasts);
    const ledger = await open(store);
    expect(await ledger.claim(id)).toBe(expected);
    await ledger.close();
  });

  test('a sweep waits for a lease elsewhere to end', async () => {
    const store = fresh();
    await sweep.run({ store });
    const db = new Libsql(store);
    db.prepare("UPDATE task SET state = 'claimed', owner = 'somebody', row = NULL WHERE key LIKE '%\"k\":2%'").run();
    const began = Date.now();
    db.prepare('INSERT INTO owner VALUES (?, ?, ?, ?, ?)').run('somebody', 'elsewhere', 1, '', began + 700);
    const { work } = await sweep.run({ store });
    expect(Date.now() - began).toBeGreaterThanOrEqual(700);
    expect(work.asked).toBe(2 * 4);
  });

  test('give signs of life while others work', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'Date'] });
    try {
      const store = fresh();
      const [a, b] = [await open(store), await open(store)];
      await a.claim(id);
      for (let s = 0; s < 5; s++) {
        await vi.advanceTimersByTimeAsync(5_000);
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(await b.claim(id)).toBe('busy');
      }
      await Promise.all([a.close(), b.close()]);
    } finally {
      vi.useRealTimers();
    }
  });

  test('of one who slept: whoever is first is kept, and nobody writes over it', async () => {
    for (const first of [0, 1]) {
      const store = fresh();
      const ledgers = [await open(store), await open(store)];
      await ledgers[0].claim(id);
      new Libsql(store).prepare('UPDATE owner SET expires = 0').run();
      expect(await ledgers[1].claim(id)).toBe('yours');
      await ledgers[first].record(id, row(first));
      await ledgers[1 - first].record(id, row(1 - first));
      await ledgers[1 - first].drop(id);
      expect(await ledgers[0].claim(id)).toEqual(row(first));
      for (const ledger of ledgers) await ledger.close();
    }
  });

  test('of a row that failed, where it is to be made again: it stays until there is a better one', async () => {
    const store = fresh();
    const first = await open(store);
    await first.claim(id);
    await first.record(id, failed);
    expect(await first.claim(id)).toEqual(failed);
    const second = await open(store, true);
    expect(await second.claim(id)).toBe('yours');
    await second.drop(id);
    expect(await first.claim(id)).toEqual(failed);
    expect(await second.claim(id)).toBe('yours');
    await second.record(id, row(2));
    expect(await first.claim(id)).toEqual(row(2));
    await Promise.all([first.close(), second.close()]);
  });

  test('without a store are always granted', async () => {
    expect(await freshLedger().claim(id)).toBe('yours');
  });
});

describe('openSweep', () => {
  test('shows what is done while it goes on, and then the same as the result', async () => {
    const store = fresh();
    const steps = sweep.steps({ store });
    for (;;) {
      const step = await steps.next();
      const now = await openSweep<{ k: number; L1: number }>(store);
      if (step.done) {
        expect(now.rows).toEqual(step.value.rows);
        expect(now.points).toEqual(step.value.points);
        expect([now.best, now.simplest]).toEqual([step.value.best, step.value.simplest]);
        expect([now.reason, now.table()]).toEqual([step.value.reason, step.value.table()]);
        expect([now.claimed, now.of, now.reps, now.seed]).toEqual([0, 12, 2, 0]);
        return;
      }
      expect(now.rows.length).toBeGreaterThanOrEqual(step.value.done);
      // The first mask is whole before the second begins.
      if (now.rows.length <= 6) expect([now.best, now.points, now.table()]).toEqual([undefined, [], '']);
      else expect(now.points.length).toBe(now.rows.length - 6);
    }
  });

  test('does not write', async () => {
    const store = fresh();
    await sweep.run({ store });
    const before = await readFile(store);
    await openSweep(store);
    expect((await readFile(store)).equals(before)).toBe(true);
  });
});

test.each([[''], [3], ['a\0b'], [null]])('a store must be a path: %j', async (store) => {
  const wrong = store as string; // what callers without types may give
  await expect(sweep.run({ store: wrong })).rejects.toThrow(GraphError);
  await expect(crossValidateGraph({ ...options, store: wrong })).rejects.toThrow('store');
  await expect(openSweep(wrong)).rejects.toThrow(GraphError);
});

test.each(['openSweep', 'run'])('%s without libsql: said which package to install', async (what) => {
  vi.resetModules();
  vi.doMock('libsql', () => {
    throw new Error('no such package');
  });
  try {
    const own = await import('../../src/index.js');
    const other = own.graphSweep(options);
    const store = fresh();
    const error = await (what === 'run' ? other.run({ store }) : own.openSweep(store)).catch(
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringContaining('npm install libsql') });
    expect((await other.run()).rows.length).toBe(12);
  } finally {
    vi.doUnmock('libsql');
    vi.resetModules();
  }
});
