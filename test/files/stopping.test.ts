import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { readHere } from '../../src/files/read-matrix.js';
import {
  inspectFile,
  nmf,
  type ReadProgress,
  readMatrix,
  simulateNmf,
  writeH5ad,
  writeMatrix,
} from '../../src/index.js';

import { testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';
import { denseSpz } from '../support/spz-files.js';

const { place } = testFolder();
const reason = new Error('enough');

/** More bytes than are read at a time, in every format. */
const X = { ...uniform(700, 300, 4), colNames: Array.from({ length: 300 }, (_, j) => `c${j}`) };
const ENDINGS = ['npy', 'npz', 'mtx', 'mtx.gz', 'csv', 'csv.gz', 'safetensors', 'parquet', 'arrow', 'h5ad', 'spz', '10x'] as const; // biome-ignore format: a list

beforeAll(async () => {
  const { data, rows, cols } = X;
  const counts = { ...X, data: data.map((x) => Math.round(99 * x)) };
  for (const ending of ENDINGS)
    if (ending === 'spz') writeFileSync(place('x.spz'), denseSpz({ ...X, data: Float32Array.from(data) }, 'plain'));
    else if (ending === '10x') {
      mkdirSync(place('x.10x'));
      await writeMatrix(place('x.10x/matrix.mtx'), counts);
      for (const [name, count] of [['features', rows], ['barcodes', cols]] as const) // biome-ignore format: two files
        writeFileSync(place(`x.10x/${name}.tsv`), Array.from({ length: count }, (_, i) => `${name} ${i}\n`).join(''));
    } else await writeMatrix(place(`x.${ending}`), X);
});

describe.each(ENDINGS)('.%s', (ending) => {
  const path = () => place(`x.${ending}`);

  test('says how many bytes of which file were read', async () => {
    const steps: ReadProgress[] = [];
    const matrix = await readMatrix(path(), { onProgress: (step) => steps.push(step) });
    expect([matrix.rows, matrix.cols]).toEqual([700, 300]);
    const files = ending === '10x' ? readdirSync(path()).map((name) => join(path(), name)) : [path()];
    expect([...new Set(steps.map((step) => step.path))].toSorted()).toEqual(files.toSorted());
    for (const file of files) {
      const own = steps.filter((step) => step.path === file);
      const { size } = statSync(file);
      for (const [n, step] of own.entries()) {
        expect(step.size).toBe(size);
        expect(step.read).toBeGreaterThan(n === 0 ? 0 : own[n - 1].read);
      }
      // A thread is looked at now and then: what it read last is told by what it found.
      if (ending !== 'h5ad') expect(own.at(-1)?.read).toBeGreaterThan(0.9 * size);
    }
  });

  test('is stopped before and between pieces, by the reason of the signal and by what is thrown', async () => {
    await expect(readMatrix(path(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(inspectFile(path(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const stop = new AbortController();
    let calls = 0;
    const onProgress = () => {
      calls++;
      stop.abort(reason);
    };
    await expect(readMatrix(path(), { signal: stop.signal, onProgress })).rejects.toBe(reason);
    expect(calls).toBe(1);
    const failing = () => {
      throw reason;
    };
    await expect(readMatrix(path(), { onProgress: failing })).rejects.toBe(reason);
  });
});

test('what the package reads of HDF5 is counted', async () => {
  let bytes = 0;
  await readHere(place('x.h5ad'), {}, (own) => {
    bytes += own;
  });
  const { size } = statSync(place('x.h5ad'));
  expect(bytes).toBeGreaterThan(0.9 * size);
  expect(bytes).toBeLessThan(2 * size);
});

describe('writing', () => {
  /** Many pieces. */
  const large = simulateNmf({ rows: 4000, cols: 500, k: 2, seed: 1 }).X;
  const made = (ending: string) => {
    mkdirSync(place(`to.${ending}`), { recursive: true });
    return place(`to.${ending}/x.${ending}`);
  };

  /** Writes over a file, and stops when something is written beside it. */
  async function stopped(path: string, write: (signal: AbortSignal) => Promise<void>): Promise<void> {
    writeFileSync(path, 'before');
    await expect(write(AbortSignal.abort(reason))).rejects.toBe(reason);
    const stop = new AbortController();
    const done = write(stop.signal).then(
      () => 'written',
      (error: unknown) => error,
    );
    const folder = join(path, '..');
    while (readdirSync(folder).length === 1) await new Promise(setImmediate);
    stop.abort(reason);
    expect(await done).toBe(reason);
    expect(readdirSync(folder)).toHaveLength(1);
    expect(readFileSync(path, 'utf8')).toBe('before');
  }

  test.each(['npy', 'npz', 'safetensors', 'csv', 'h5ad'] as const)('.%s: what was there stays', async (ending) => {
    const path = made(ending);
    await stopped(path, (signal) => writeMatrix(path, large, { signal }));
  });

  test('a fit as .h5ad: what was there stays', async () => {
    const path = made('fit.h5ad');
    const fit = await nmf(large, { k: 2, maxIter: 1, seed: 1 });
    await stopped(path, (signal) => writeH5ad(fit, path, { data: large, signal }));
    await expect(writeH5ad(fit, path, { signal: 'stop' as unknown as AbortSignal })).rejects.toThrow(
      "signal must be an AbortSignal; got 'stop'",
    ); // what types refuse
  });
});

test('what is no signal, and no function, is refused', async () => {
  // What types refuse.
  const bad = { signal: {} as AbortSignal, onProgress: 1 as unknown as () => void };
  for (const [name, value] of Object.entries(bad)) {
    const refused = { code: 'invalid-option', message: expect.stringContaining(`${name} must be`) };
    await expect(readMatrix(place('x.npy'), { [name]: value })).rejects.toMatchObject(refused);
  }
  await expect(writeMatrix(place('y.npy'), X, { signal: bad.signal })).rejects.toMatchObject({
    code: 'invalid-option',
  });
});
