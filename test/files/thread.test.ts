import { writeFileSync } from 'node:fs';
import type * as WorkerThreads from 'node:worker_threads';
import { afterEach, expect, test, vi } from 'vitest';
import { readMatrixSync } from '../../src/files/read-matrix-sync.js';
import { readInThread } from '../../src/files/thread.js';
import { IoError, readMatrix } from '../../src/index.js';
import { testFolder } from '../support/files.js';
import { hdf5Bytes } from '../support/hdf5-files.js';

/** What runs in the place of the reader; undefined: the reader. */
const other = vi.hoisted(() => ({ source: undefined as string | undefined })); // its type
vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof WorkerThreads>();
  class OtherWorker extends real.Worker {
    constructor(entry: URL, options: WorkerThreads.WorkerOptions) {
      const { source } = other;
      if (source === undefined) super(entry, options);
      else {
        const place = new URL(`data:text/javascript,${encodeURIComponent(source)}`);
        super(place, { ...options, resourceLimits: { maxOldGenerationSizeMb: 32 } });
      }
    }
  }
  return { ...real, Worker: OtherWorker };
});
afterEach(() => {
  other.source = undefined;
});

const { place } = testFolder();
const START = "import { workerData } from 'node:worker_threads'; const { order: { state }, port } = workerData;";

test.each([
  ['never ends', 'for (;;);', 'did not get on with for 0.2 s'],
  ['throws', "throw new Error('memory access out of bounds')", 'stopped its reader: memory access out of bounds'],
  ['ends', 'process.exit(7)', 'stopped its reader'],
  ['takes all memory', 'const all = []; for (;;) all.push(new Array(1e6).fill(all.length))', 'stopped its reader'],
])('a reader that %s is a fault of the file', async (_, source, words) => {
  other.source = START + source;
  const patience = source.startsWith('for') ? 200 : 60_000;
  const error = await readInThread('x.h5', {}, { patience }).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(IoError);
  expect(error).toMatchObject({ code: 'damaged', path: 'x.h5', message: expect.stringContaining(words) });
});

test('whoever looks on is told what was read, and ends the thread by what he throws', async () => {
  other.source = `${START} Atomics.store(state, 2, 3); setTimeout(() => Atomics.store(state, 2, 5), 1500); setTimeout(() => {}, 60_000);`;
  const [told, reason] = [[] as number[], new Error('enough')];
  const got = (bytes: number) => {
    if (bytes > 0) told.push(bytes);
    if (told.length === 2) throw reason;
  };
  await expect(readInThread('x.h5', {}, { got })).rejects.toBe(reason);
  expect(told).toEqual([3 * 1024, 2 * 1024]);
});

test('one that gets on is waited for, and its last words are heard', async () => {
  const steps =
    'for (let i = 0; i < 16; i++) { Atomics.add(state, 1, 1); await new Promise((go) => setTimeout(go, 250)); }';
  other.source = `${START}${steps} port.postMessage({ failure: 'the end' }); process.exit(1);`;
  await expect(readInThread('x.h5', {}, { patience: 3000 })).rejects.toThrow('the end');
});

test('what the reader finds is the same in either way, and so are its faults', async () => {
  const [path, damaged] = [place('csc.h5ad'), place('damaged.h5ad')];
  writeFileSync(path, hdf5Bytes('csc.h5ad'));
  writeFileSync(damaged, hdf5Bytes('csc.h5ad').subarray(0, 4000));
  expect(readMatrixSync(path)).toEqual(await readMatrix(path));
  const error = await readMatrix(damaged).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'IoError', code: 'damaged', path: damaged });
  expect(() => readMatrixSync(damaged)).toThrow(String(error).replace('IoError: ', ''));
});

test('a damaged file that the package never comes back from is one that is damaged', async () => {
  const bytes = Buffer.from(hdf5Bytes('csc.h5ad'));
  // The size of the first text in the heap of texts.
  bytes[bytes.indexOf('GCOL') + 25] ^= 8;
  const path = place('endless.h5ad');
  writeFileSync(path, bytes);
  const error = await readInThread(path, { format: 'hdf5' }, { patience: 1500 }).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'IoError', code: 'damaged', message: expect.stringContaining('did not get on') });
});

test('a package that is missing there is missing here', async () => {
  const missing = { package: 'p', install: 'npm install p', message: 'To read it the package p must be there' };
  other.source = `${START} port.postMessage(${JSON.stringify({ missing })})`;
  await expect(readInThread('x.h5', {})).rejects.toMatchObject({ name: 'MissingPeerError', ...missing });
});
