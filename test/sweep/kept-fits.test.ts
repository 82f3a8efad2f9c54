import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorInput,
  factorNet,
  factorShared,
  GraphError,
  graphSweep,
  loadFit,
  ModelFileError,
  nmfLayer,
  openSweep,
  type SavedFit,
  SweepStoreError,
  saveFit,
  W,
} from '../../src/index.js';
import { LAYERS, ROWS, readKept, writeKept } from '../../src/io/kept-file.js';
import { replicateOf } from '../../src/sweep/replicate.js';
import { lowRank, uniform } from '../support/matrices.js';
import { inPlainJs } from '../support/plain-js.js';
import { timeless } from '../support/store-sweep.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));
let count = 0;
const fresh = () => join(folder, `sweep-${++count}.db`);

const X = lowRank(9, 14, 2, 1);
const x = factorInput(X, { name: 'x' });
/** A first layer that points share, and one on top of it. */
const params: { readonly k: readonly number[]; readonly L1: readonly number[] } = { k: [1, 2, 3], L1: [0, 0.01] };
const options = {
  params,
  layerFn: ({ k, L1 }: { readonly k: number; readonly L1: number }) =>
    nmfLayer(nmfLayer(x, { name: 'below', k: 4, W: W({ L1 }) }), { name: 'top', k }),
  reps: 2,
  config: { maxIter: 30 },
} as const;
const sweep = graphSweep(options);

const issuesOf = (work: Promise<unknown>) =>
  work.then(
    () => expect.unreachable('it must fail'),
    (error: unknown) => {
      if (error instanceof GraphError) return error.issues;
      throw error;
    },
  );
const filesIn = (store: string, shelf: string): readonly string[] => {
  const place = join(`${store}.fits`, shelf);
  return existsSync(place) ? readdirSync(place).sort() : [];
};
/** All that is a number in a fit. */
const numbersOf = ({ layers, summary: { seconds: _, ...summary } }: SavedFit) => ({ layers, summary });

describe('a fit that was kept', () => {
  test('is that of the data without what was held out, to the bit', async () => {
    const cv = await crossValidateGraph({ ...options, ridge: 0, keep: 'all' });
    for (const replicate of [0, 1]) {
      const masking = { kind: 'entries', fraction: 0.1, seed: 0 } as const;
      const { splits, seed } = await replicateOf(replicate, new Map([['x', X]]), masking);
      const train = splits.get('x')?.train ?? X;
      const own = nmfLayer(nmfLayer(factorInput(train, { name: 'x' }), { name: 'below', k: 4 }), { name: 'top', k: 2 });
      const { below, top, summary } = await factorNet(own, { maxIter: 30, seed }).fit();
      const kept = await cv.fit({ k: 2, L1: 0 }, replicate);
      expect(kept.layers).toEqual({ below, top });
      expect({ ...kept.summary, seconds: 0 }).toEqual({ ...summary, seconds: 0 });
      const row = cv.rows.find((one) => one.replicate === replicate && one.params.k === 2 && one.params.L1 === 0);
      expect(row).toMatchObject({ trainLoss: summary.loss });
    }
  });

  test('can be asked, and saved', async () => {
    const cv = await sweep.run({ keep: 'best' });
    const fit = await cv.fit(cv.best);
    const path = join(folder, 'model.safetensors');
    await saveFit(fit, path);
    const again = await loadFit(path);
    expect(numbersOf(again)).toEqual(numbersOf(fit));
    expect([again.plan, again.inputs]).toEqual([fit.plan, fit.inputs]);
    const { top } = await fit.project({ x: uniform(9, 2, 3) });
    expect([top.rows, top.cols]).toEqual([cv.best.k, 2]);
    expect((await fit.reconstruct('x')).data).toEqual((await again.reconstruct('x')).data);
    expect(Object.keys(await fit.loadings('top'))).toEqual(['x']);
  });

  test('is not changed by who writes to what he was given', async () => {
    const cv = await sweep.run({ keep: 'best' });
    const [one, other] = [await cv.fit(cv.best), await cv.fit(cv.best)];
    const before = structuredClone(other.layers.top);
    one.layers.top.d.fill(7);
    one.layers.top.H.data.fill(7);
    expect(structuredClone((await cv.fit(cv.best)).layers.top)).toEqual(before);
    expect(structuredClone(other.layers.top)).toEqual(before);
  });

  test.each([
    ['early stopping', { earlyStopping: { every: 3, patience: 2 } }],
    ['whole samples held out', { holdOut: 'samples' }],
    ['joint training', { params: { k: [1, 2], L1: [0] }, config: { maxIter: 10, training: 'joint' } }],
  ] as const)('is the one that was scored, with %s', async (_, more) => {
    const cv = await crossValidateGraph({ ...options, ...more, keep: 'all' });
    for (const row of cv.rows) {
      if (row.error !== null) throw new Error(row.error.message);
      const { summary, layers } = await cv.fit(row.params, row.replicate);
      expect(summary.loss).toBeCloseTo(row.trainLoss, 12);
      const iterations = Object.values(layers).reduce((sum, layer) => sum + layer.iterations, 0);
      expect(iterations).toBe(row.iterations);
    }
  });

  test('of halving: those that were fitted to their end', async () => {
    const cv = await crossValidateGraph({
      ...{ ...options, strategy: 'halving', eta: 2, minIter: 5, keep: 'all', store: fresh() },
    });
    expect(cv.eliminated.length).toBeGreaterThan(0);
    for (const { params } of cv.points) expect((await cv.fit(params)).layers.top.H.rows).toBe(params.k);
    const [issue] = await issuesOf(cv.fit(cv.eliminated[0].params));
    expect(issue).toMatchObject({ code: 'not-kept', cure: 'it was not fitted to its end there' });
  });

  test('of modalities that were stacked: each has its W', async () => {
    const y = factorInput(uniform(5, 14, 2), { name: 'y' });
    const cv = await crossValidateGraph({
      ...{ params: { k: [2] }, reps: 1, keep: 'best' },
      layerFn: ({ k }) => nmfLayer(factorShared(x, y), { name: 'a', k }),
    });
    const { layers } = await cv.fit({ k: 2 });
    expect(layers.a.W).toMatchObject({ x: { rows: 9, cols: 2 }, y: { rows: 5, cols: 2 } });
  });
});

describe('what stays', () => {
  test("nothing with keep: 'none', which is what is done unless asked for", async () => {
    for (const run of [{}, { keep: 'none' }, { store: fresh() }] as const) {
      const cv = await sweep.run(run);
      expect(await issuesOf(cv.fit(cv.best))).toMatchObject([{ code: 'not-kept', what: 'fit on mask 0' }]);
      if ('store' in run) expect(existsSync(`${run.store}.fits`)).toBe(false);
    }
  });

  test.each(['in memory', 'beside a store'])(
    "the chosen points with keep: 'best', on every mask, %s",
    async (where) => {
      const store = where === 'in memory' ? {} : { store: fresh() };
      const cv = await sweep.run({ keep: 'best', ...store });
      const chosen = new Set([cv.best, cv.simplest].map((params) => JSON.stringify(params)));
      for (const { params } of cv.points)
        for (const replicate of [0, 1])
          if (chosen.has(JSON.stringify(params)))
            expect((await cv.fit(params, replicate)).layers.top.H.rows).toBe(params.k);
          else expect(await issuesOf(cv.fit(params, replicate))).toMatchObject([{ code: 'not-kept' }]);
      if (store.store === undefined) return;
      expect(filesIn(store.store, 'fits').length).toBe(2 * chosen.size);
      // No layer is left that no fit names.
      const below = new Set([cv.best.L1, cv.simplest.L1]).size;
      expect(filesIn(store.store, 'layers').length).toBe(2 * (chosen.size + below));
    },
  );

  test("every point with keep: 'all'; a layer that points share is one file", async () => {
    const store = fresh();
    const cv = await sweep.run({ keep: 'all', store, workers: 3 });
    expect(filesIn(store, 'fits').length).toBe(12);
    expect(filesIn(store, 'layers').length).toBe(12 + 2 * 2);
    const [one, other] = await Promise.all([1, 3].map((k) => cv.fit({ k, L1: 0.01 } as typeof cv.best, 1)));
    expect(one.layers.below).toEqual(other.layers.below);
    // Run again, with fewer workers: nothing is fitted, and nothing removed.
    for (const keep of ['all', 'best', 'none'] as const) {
      const again = await sweep.run({ keep, store });
      expect([again.work.fitted, timeless(again.rows)]).toEqual([0, timeless(cv.rows)]);
      expect(filesIn(store, 'fits').length).toBe(12);
    }
    // What openSweep reads is the same.
    const stored = await openSweep<typeof cv.best>(store);
    for (const { params } of cv.points)
      expect(numbersOf(await stored.fit(params, 1))).toEqual(numbersOf(await cv.fit(params, 1)));
  });

  test('is the same in memory and beside a store, whatever the number of workers', async () => {
    const memory = await sweep.run({ keep: 'all' });
    const file = await sweep.run({ keep: 'all', store: fresh(), workers: 4, executor: 'threads' });
    for (const { params, replicate } of memory.rows)
      expect(numbersOf(await file.fit(params, replicate))).toEqual(numbersOf(await memory.fit(params, replicate)));
  });

  test('is made again, to the same bits, where rows are there and fits are not', async () => {
    const store = fresh();
    const plain = await sweep.run({ store });
    expect(existsSync(`${store}.fits`)).toBe(false);
    const best = await sweep.run({ store, keep: 'best' });
    const chosen = new Set([best.best, best.simplest].map((params) => JSON.stringify(params))).size;
    // Two layers of each chosen point on each mask, shared where they are the same.
    expect(best.work.asked).toBe(2 * 2 * chosen);
    const all = await sweep.run({ store, keep: 'all' });
    expect(timeless(all.rows)).toBe(timeless(plain.rows));
    const memory = await sweep.run({ keep: 'all' });
    for (const { params, replicate } of plain.rows)
      expect(numbersOf(await all.fit(params, replicate))).toEqual(numbersOf(await memory.fit(params, replicate)));
  });

  test('may be wider: more points come later, and the chosen ones of all of them stay', async () => {
    const store = fresh();
    await graphSweep({ ...options, params: { k: [1], L1: [0] } }).run({ store, keep: 'best' });
    const cv = await sweep.run({ store, keep: 'best' });
    expect((await cv.fit(cv.best)).layers.top.H.rows).toBe(cv.best.k);
    expect(await issuesOf(cv.fit({ k: 1, L1: 0 }))).toMatchObject([{ code: 'not-kept' }]);
  });

  test("leaves alone what is another sweep's", async () => {
    const [store, other] = [fresh(), fresh()];
    await graphSweep({ ...options, seed: 9 }).run({ store: other, keep: 'best' });
    await sweep.run({ store, keep: 'none', workers: 1 });
    const theirs = new Map(['fits', 'layers'].map((shelf) => [shelf, filesIn(other, shelf)]));
    spawnSync('cp', ['-r', `${other}.fits`, `${store}.fits`]);
    const cv = await sweep.run({ store, keep: 'best' });
    for (const [shelf, files] of theirs) expect(filesIn(store, shelf)).toEqual(expect.arrayContaining([...files]));
    expect((await cv.fit(cv.best)).layers.top.H.rows).toBe(cv.best.k);
  });

  test('is not taken for that of another graph under the same name, when a store is begun anew', async () => {
    const store = fresh();
    await sweep.run({ store, keep: 'all' });
    rmSync(store);
    const other = graphSweep({ ...options, config: { maxIter: 7 } });
    const cv = await other.run({ store });
    for (const { params } of cv.points) expect(await issuesOf(cv.fit(params))).toMatchObject([{ code: 'not-kept' }]);
    const kept = await other.run({ store, keep: 'all' });
    const plain = await other.run({ keep: 'all' });
    expect(numbersOf(await kept.fit({ k: 3, L1: 0 }))).toEqual(numbersOf(await plain.fit({ k: 3, L1: 0 })));
  });

  test('leaves nothing behind of files that somebody did not come to finish, once they are old', async () => {
    const store = fresh();
    await sweep.run({ store, keep: 'all' });
    const parts = ['old', 'new'].map((name) => join(`${store}.fits`, 'layers', `.${name}.part`));
    for (const part of parts) writeFileSync(part, 'half');
    utimesSync(parts[0], 1, 1);
    expect((await sweep.run({ store, keep: 'all' })).work.fitted).toBe(0);
    expect(parts.map((part) => existsSync(part))).toEqual([false, true]);
  });

  test('is there though a run was cancelled: rows never come before their fits', async () => {
    const store = fresh();
    const control = new AbortController();
    let rows = 0;
    const onProgress = () => void (++rows === 5 && control.abort(new Error('enough')));
    await expect(sweep.run({ store, keep: 'all', onProgress, signal: control.signal })).rejects.toThrow('enough');
    const stored = await openSweep<{ k: number; L1: number }>(store);
    expect(stored.rows.length).toBeGreaterThanOrEqual(5);
    for (const { params, replicate } of stored.rows)
      expect((await stored.fit(params, replicate)).layers.top.H.rows).toBe(params.k);
    const cv = await sweep.run({ store, keep: 'all' });
    expect(filesIn(store, 'fits').length).toBe(12);
    expect(cv.work.asked).toBe(2 * (12 - stored.rows.length));
  });
});

test('two runs at once on one store: both find what they were to keep', async () => {
  const store = fresh();
  const runs = await Promise.all([
    sweep.run({ store, keep: 'best', workers: 2 }),
    graphSweep(options).run({ store, keep: 'best' }),
  ]);
  for (const cv of runs)
    for (const replicate of [0, 1]) expect((await cv.fit(cv.best, replicate)).layers.top.H.rows).toBe(cv.best.k);
  const chosen = new Set([runs[0].best, runs[0].simplest].map((params) => JSON.stringify(params))).size;
  expect(filesIn(store, 'fits').length).toBe(2 * chosen);

  const mixed = fresh();
  const [all] = await Promise.all([
    sweep.run({ store: mixed, keep: 'all' }),
    graphSweep(options).run({ store: mixed, keep: 'best' }),
  ]);
  for (const { params } of all.points) expect((await all.fit(params)).layers.top.H.rows).toBe(params.k);
});

describe('what is asked for in vain', () => {
  test('is said', async () => {
    const own = { ...options, params: { k: [1, 0], L1: [0] } } as const;
    const cv = await crossValidateGraph({ ...own, keep: 'all' });
    // What callers without types may give.
    const ask = cv.fit as (params: unknown, replicate?: unknown) => Promise<unknown>;
    for (const params of [{ k: 9, L1: 0 }, { k: 1 }, null, undefined, 3, 'k', []])
      expect(await issuesOf(ask(params))).toMatchObject([{ code: 'unknown-point' }]);
    for (const replicate of [-1, 2, 0.5, '0', Number.NaN])
      expect(await issuesOf(ask(cv.best, replicate))).toMatchObject([{ code: 'invalid-option', option: 'replicate' }]);
    expect((await issuesOf(ask({ k: 0, L1: 0 })))[0]).toMatchObject({ code: 'not-kept', cure: expect.stringContaining('failed') }); // biome-ignore format: one thought
    await expect(ask({ k: 9, L1: 0 })).rejects.toThrow(
      'must be given the values of a point of the sweep; got { k: 9, L1: 0 }',
    );
    await expect(cv.consensus(cv.best, 'top')).rejects.toThrow('got no consensus of { k: 1, L1: 0 }: run the sweep with diagnostics: true'); // biome-ignore format: one thought
  });

  test.each([['some'], [true], [null]])('keep must be one of three: %j', async (keep) => {
    await expect(sweep.run({ keep: keep as 'all' })).rejects.toThrow("'none' or 'best' or 'all'"); // what callers without types may give
  });
});

describe('a file that is not as it was written', () => {
  const failure = (work: Promise<unknown>): Promise<ModelFileError> =>
    work.then(
      () => expect.unreachable('it must fail'),
      (error: unknown) => {
        if (error instanceof ModelFileError) return error;
        throw error;
      },
    );
  let [store, good] = ['', new Uint8Array()];
  const place = (shelf: string, at: number) => join(`${store}.fits`, shelf, filesIn(store, shelf)[at]);
  const whichever = async () => {
    const stored = await openSweep<{ k: number; L1: number }>(store);
    const asked = await Promise.allSettled(stored.rows.map((row) => stored.fit(row.params, row.replicate)));
    return asked.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  };
  beforeAll(async () => {
    store = fresh();
    await sweep.run({ store, keep: 'all' });
    expect(await whichever()).toEqual([]);
  });

  test.each(['layers', 'fits'])(
    'is refused, and named, in %s: cut short, changed, another, of a newer version',
    async (shelf) => {
      const path = place(shelf, 0);
      good = readFileSync(path);
      const changed = Uint8Array.from(good);
      changed[Math.floor(changed.length / 2)] ^= 4;
      const kind = shelf === 'fits' ? ROWS : LAYERS;
      const kept = await readKept(kind as typeof ROWS, path, basename(path, '.safetensors')); // of either kind
      await writeKept({ ...kind, format: 2 } as typeof ROWS, path, kept);
      const newer = readFileSync(path);
      const cases = [
        [good.subarray(0, good.length - 8), /^(damaged|not-a-fit)$/],
        [changed, /^damaged$/],
        [new Uint8Array(0), /^damaged$/],
        [newer, /^newer-version$/],
        [readFileSync(place(shelf, 1)), /^not-a-fit$/],
        [readFileSync(place(shelf === 'fits' ? 'layers' : 'fits', 1)), /^not-a-fit$/],
      ] as const;
      for (const [bytes, code] of cases) {
        writeFileSync(path, bytes);
        const errors = await whichever();
        expect(errors.length).toBeGreaterThan(0);
        for (const error of errors) {
          expect(error).toBeInstanceOf(ModelFileError);
          expect([error.path, error.code]).toEqual([path, expect.stringMatching(code)]);
        }
      }
      writeFileSync(path, good);
      expect(await whichever()).toEqual([]);
    },
  );

  test('that is gone: said to be not kept, and made again by a run that is to keep it', async () => {
    for (const shelf of ['layers', 'fits']) {
      const path = place(shelf, 2);
      copyFileSync(path, join(folder, 'gone'));
      rmSync(path);
      const errors = await whichever();
      expect(errors.length).toBeGreaterThan(0);
      for (const error of errors) expect(error.issues).toMatchObject([{ code: 'not-kept' }]);
      await sweep.run({ store, keep: 'all' });
      expect(await whichever()).toEqual([]);
      if (shelf === 'layers') expect(readFileSync(path).equals(readFileSync(join(folder, 'gone')))).toBe(true);
    }
  });

  test('that is a folder: it can not be read', async () => {
    const path = place('fits', 0);
    const bytes = readFileSync(path);
    rmSync(path);
    spawnSync('mkdir', [path]);
    const [error] = await whichever();
    expect([error.code, error.path]).toEqual(['not-read', path]);
    rmSync(path, { recursive: true });
    writeFileSync(path, bytes);
    expect(await failure(loadFit(place('fits', 0)))).toMatchObject({ code: 'not-a-fit' });
  });
});

describe('fits that can not be kept', () => {
  test('for what is in the place of their folder: the sweep rejects before anything is fitted', async () => {
    const store = fresh();
    writeFileSync(`${store}.fits`, 'mine');
    let rows = 0;
    const error = await sweep
      .run({ store, keep: 'best', onProgress: () => void rows++ })
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SweepStoreError);
    expect(error).toMatchObject({ code: 'not-written', path: `${store}.fits` });
    expect([rows, readFileSync(`${store}.fits`, 'utf8')]).toEqual([0, 'mine']);
  });

  test.skipIf(process.platform === 'win32')(
    'as the disk is full: no row counts, and no half of a file is left',
    async () => {
      const script = `
      import { factorInput, graphSweep, nmfLayer } from './src/index.js';
      const X = Array.from({ length: 4000 }, (_, i) => Array.from({ length: 9 }, (__, j) => 1 + (i * j) % 7));
      const x = factorInput(X, { name: 'x' });
      const sweep = graphSweep({ params: { k: [8] }, layerFn: ({ k }) => nmfLayer(x, { name: 'a', k, maxIter: 3 }), reps: 2 });
      await sweep.run({ backend: 'reference', store: process.argv[2], keep: 'best' }).then(
        () => console.log('done'),
        (error) => console.log(error.name, error.code, error.path),
      );
    `;
      const { program, tidy } = inPlainJs(script, []);
      try {
        const store = fresh();
        // No file may be longer than this, in KiB: the layer is, the store is not.
        const run = (limit: string) =>
          spawnSync('bash', ['-c', `ulimit -f ${limit}; exec "$0" "$1" "$2"`, process.execPath, program, store], {
            encoding: 'utf8',
          });
        const { stdout, stderr } = run('200');
        const [name, code, path] = stdout.trim().split(' ');
        expect([name, code], stderr).toEqual(['SweepStoreError', 'not-written']);
        expect(path.startsWith(`${store}.fits`)).toBe(true);
        expect((await openSweep(store)).rows).toEqual([]);
        expect(readdirSync(join(`${store}.fits`, 'layers'))).toEqual([]);
        expect(run('unlimited').stdout).toBe('done\n');
        expect((await (await openSweep(store)).fit({ k: 8 }, 1)).layers.a.W).toMatchObject({ rows: 4000 });
      } finally {
        tidy();
      }
    },
  );
});
