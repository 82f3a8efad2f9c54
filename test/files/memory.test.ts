import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReadCase, ReadCount } from '../support/count-reading.js';
import { damagedFiles, putFile } from '../support/damaged-files.js';
import { testFolder } from '../support/files.js';
import { inPlainJs } from '../support/plain-js.js';

const { folder, place, file } = testFolder();
const FORMATS = ['npy', 'npz', 'mtx', 'mtx.gz', 'csv', 'csv.gz', 'triplets', 'safetensors', 'parquet', 'spz', 'arrow', 'arrow lz4', 'arrow stream', 'h5ad', '10x.h5', '10x matrix.mtx.gz', '10x features.tsv.gz', '10x barcodes.tsv'] as const; // biome-ignore format: a list

/** What reading a damaged file may take beside twice its size. */
const ROOM = 64 * 2 ** 20;

let counts: readonly ReadCount[] = [];
let tidy = () => {};
afterAll(() => tidy());

beforeAll(async () => {
  const formats = await damagedFiles(folder);
  expect(Object.keys(formats)).toEqual(FORMATS);
  const cases: ReadCase[] = [];
  let files = 0;
  for (const [format, own] of Object.entries(formats)) {
    const { ending, options, whole, lies, beside, guarded } = own;
    const part = beside === undefined ? undefined : ending;
    const put = async (bytes: Uint8Array) => {
      const path = place(part === undefined ? `${files++}.${ending}` : `folder ${files++}`);
      await putFile(path, bytes, own);
      return path;
    };
    const about = (name: string) => ({ name: `${format}: ${name}`, options, part, here: guarded });
    for (const bytes of whole) {
      const path = await put(bytes);
      cases.push({ ...about('whole'), path, here: false }, { ...about('whole'), path });
      for (let n = 0; n < 50; n++) cases.push({ ...about(`cut ${n}`), path, cut: Math.floor((n / 50) * bytes.length) });
      for (let n = 0; n < 200; n++) {
        const flip = { at: Math.floor((n / 200) * bytes.length), bits: 1 << (n % 8) };
        cases.push({ ...about(`flip ${n}`), path, flip });
      }
    }
    for (const [name, bytes] of Object.entries(lies))
      cases.push({ ...about(name), path: await put(bytes), here: false });
  }
  // One byte each in the file, and eight in the matrix.
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (2000, 2000), }`.padEnd(117);
  const bytes = Buffer.concat([
    Uint8Array.of(0x93),
    Buffer.from(`NUMPY\x01\x00\x76\x00${header}\n`),
    new Uint8Array(4_000_000),
  ]);
  cases.push({ name: 'control: large', path: await file(bytes, 'npy') });
  const list = await file(JSON.stringify(cases), 'json');
  const support = 'test/support/count-reading.ts';
  const made = inPlainJs(`import './${support.replace('.ts', '.js')}';`, [support]);
  tidy = made.tidy;
  const flags = ['--expose-gc', '--max-semi-space-size=4', '--disable-warning=FACTORLOOM_REFERENCE'];
  const said = execFileSync(process.execPath, [...flags, made.program, list], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  counts = said
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ReadCount); // what the process writes
  expect(counts.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
}, 180_000);

const own = (format: string) => counts.filter(({ name }) => name.startsWith(`${format}: `));

test.each(FORMATS)('%s: what is damaged is refused in twice its size and 64 MB, or it is a matrix', (format) => {
  expect(own(format).length).toBeGreaterThan(249);
  for (const { name, size, buffers, resident, outcome } of own(format)) {
    const most = 2 * size + ROOM;
    if (buffers > most || resident > most)
      expect.soft({ name, size, buffers, resident, outcome }).toBe(`at most ${most}`);
    expect
      .soft(
        ['read', 'damaged', 'unsupported', 'unknown-format', 'not-found', 'not-read', 'invalid-option'],
        `${name}: ${outcome}`,
      )
      .toContain(outcome);
  }
});

test('lies are refused', () => {
  const lies = counts.filter(({ name }) => !/: (whole|cut \d+|flip \d+)$|^control/.test(name));
  expect(lies.length).toBeGreaterThan(100);
  for (const { name, outcome } of lies) if (!/none of/.test(name)) expect.soft(outcome, name).not.toBe('read');
});

test('what is allocated is counted', () => {
  const [{ outcome, buffers }] = own('control');
  expect(outcome).toBe('read');
  expect(buffers).toBeGreaterThan(32_000_000);
  expect(buffers).toBeLessThan(1.3 * 32_000_000 + 2 ** 22);
});
