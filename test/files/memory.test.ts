import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ReadCase, ReadCount } from '../support/count-reading.js';
import { damagedFiles } from '../support/damaged-files.js';
import { testFolder } from '../support/files.js';
import { inPlainJs } from '../support/plain-js.js';

const { folder, file } = testFolder();
const FORMATS = ['npy', 'npz', 'mtx', 'mtx.gz', 'csv', 'csv.gz', 'triplets', 'safetensors', 'parquet', 'spz'] as const;

/** What reading a damaged file may take beside twice its size. */
const ROOM = 64 * 2 ** 20;

let counts: readonly ReadCount[] = [];
let tidy = () => {};
afterAll(() => tidy());

beforeAll(async () => {
  const formats = await damagedFiles(folder);
  expect(Object.keys(formats)).toEqual(FORMATS);
  const cases: ReadCase[] = [];
  for (const [format, { ending, options, whole, lies }] of Object.entries(formats)) {
    const add = async (name: string, bytes: Uint8Array) => {
      cases.push({ name: `${format}: ${name}`, path: await file(bytes, ending), options });
    };
    for (const bytes of whole) {
      await add('whole', bytes);
      for (let cut = 1; cut < 50; cut++) await add(`cut ${cut}`, bytes.subarray(0, Math.floor((cut / 50) * bytes.length)));
      for (let flip = 0; flip < 200; flip++) {
        const own = Uint8Array.from(bytes);
        own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
        await add(`flip ${flip}`, own);
      }
    }
    for (const [name, bytes] of Object.entries(lies)) await add(name, bytes);
  }
  const list = await file(JSON.stringify(cases), 'json');
  const support = 'test/support/count-reading.ts';
  const made = inPlainJs(`import './${support.replace('.ts', '.js')}';`, [support]);
  tidy = made.tidy;
  const flags = ['--expose-gc', '--max-semi-space-size=4', '--disable-warning=FACTORLOOM_REFERENCE'];
  const said = execFileSync(process.execPath, [...flags, made.program, list], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  counts = said.trim().split('\n').map((line) => JSON.parse(line) as ReadCount); // what the process writes
  expect(counts.map(({ name }) => name)).toEqual(cases.map(({ name }) => name));
}, 180_000);

const own = (format: string) => counts.filter(({ name }) => name.startsWith(`${format}: `));

test.each(FORMATS)('%s: what is damaged is refused in twice its size and 64 MB, or it is a matrix', (format) => {
  expect(own(format).length).toBeGreaterThan(249);
  for (const { name, size, buffers, resident, outcome } of own(format)) {
    const most = 2 * size + ROOM;
    if (buffers > most || resident > most) expect.soft({ name, size, buffers, resident, outcome }).toBe(`at most ${most}`);
    expect.soft(['read', 'damaged', 'unsupported', 'unknown-format', 'not-found', 'not-read', 'invalid-option'], `${name}: ${outcome}`).toContain(outcome);
  }
});

test('lies are refused', () => {
  const lies = counts.filter(({ name }) => !/: (whole|cut \d+|flip \d+)$/.test(name));
  expect(lies.length).toBeGreaterThan(100);
  for (const { name, outcome } of lies) if (!/none of/.test(name)) expect.soft(outcome, name).not.toBe('read');
});

test('what is counted is what is allocated', () => {
  // A matrix that takes more than it says would be seen.
  expect(readdirSync(folder).length).toBeGreaterThan(counts.length);
  expect(own('npz').find(({ name }) => name.endsWith('whole'))?.outcome).toBe('read');
  expect(join(folder)).toBe(folder);
});
