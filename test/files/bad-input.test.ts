import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { truncate } from 'node:fs/promises';
import { crc32, deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { readHere } from '../../src/files/read-matrix.js';
import { bytesAt, withFile } from '../../src/files/source.js';
import { readInThread } from '../../src/files/thread.js';
import { IoError, inspectFile, type Matrix, readMatrix } from '../../src/index.js';
import { toDense } from '../../src/matrix.js';
import { damagedFiles, type FormatFiles, putFile, zipped } from '../support/damaged-files.js';
import { expectSound, faultOf, testFolder } from '../support/files.js';

const { place, file, folder } = testFolder();
const NAMES = ['npy', 'npz', 'mtx', 'mtx.gz', 'csv', 'csv.gz', 'safetensors', 'parquet', 'spz', 'arrow', 'arrow lz4', 'arrow stream', 'h5ad', '10x.h5', '10x matrix.mtx.gz', '10x features.tsv.gz', '10x barcodes.tsv'] as const; // biome-ignore format: a list
/** Those that a name alone tells: tables of text, streams, and parts of a folder. */
const NAMED = /^csv|stream|^10x /;

describe('what is no file', () => {
  /** A path that is refused, of whatever format it is said to be. */
  async function refused(path: string, words: string): Promise<void> {
    for (const format of [undefined, 'npy', 'npz', 'mtx', 'csv', 'safetensors', 'parquet', 'spz'] as const) {
      const error = await faultOf(path, format === undefined ? {} : { format });
      expect([error.code, error.path], String(format)).toEqual(['not-read', path]);
      expect(error.message).toContain(words);
    }
    await expect(inspectFile(path)).rejects.toMatchObject({ code: 'not-read' });
  }

  test('none, a folder, a path through a file, a path that is too long', async () => {
    await refused(place('none.npy'), 'got none');
    mkdirSync(place('folder.npy'));
    await refused(place('folder.npy'), 'got a folder');
    await refused(`${await file('x', 'csv')}/x.csv`, 'through a file');
    await refused(place('x'.repeat(5000)), 'too long');
  });

  const pipes = process.platform !== 'win32';
  test.skipIf(!pipes)('a link to itself, a pipe that nobody writes to, devices', async () => {
    symlinkSync(place('loop.npy'), place('loop.npy'));
    await refused(place('loop.npy'), 'leads back to itself');
    execFileSync('mkfifo', [place('pipe.npy')]);
    await refused(place('pipe.npy'), 'got a pipe. Write');
    for (const device of ['/dev/zero', '/dev/null', '/dev/urandom'])
      if (existsSync(device)) await refused(device, 'got a device');
  });

  test.skipIf(!pipes)('what comes in by a pipe, and by a file in its place', async () => {
    const path = await file('1,2\n3,4\n', 'csv');
    const program = `import { readMatrix } from ${JSON.stringify(new URL('../../src/index.ts', import.meta.url).href)};
      const said = await readMatrix('/dev/stdin', { format: 'csv' }).then((matrix) => matrix.rows, (error) => error.code + ': ' + error.message);
      console.log(said);`;
    const run = (redirection: string) =>
      spawnSync('sh', ['-c', `${redirection.replace('NODE', `"${process.execPath}" --import tsx --conditions=source --input-type=module -e "$PROGRAM"`)}`], { encoding: 'utf8', env: { ...process.env, PROGRAM: program } }).stdout; // biome-ignore format: one command
    expect(run(`cat ${path} | NODE`)).toContain('not-read: Data must be a file that can be read; got a pipe');
    expect(run(`NODE < ${path}`)).toBe('2\n');
  });

  // Whoever is root may read everything.
  test.skipIf(process.getuid?.() === 0 || !pipes)('no permission', async () => {
    const path = await file('1,2\n', 'csv');
    chmodSync(path, 0);
    await refused(path, 'may not read');
  });

  test('a file that is shorter than it was', async () => {
    const path = await file(new Uint8Array(3 << 20), 'npy');
    await withFile(path, async (source) => {
      await truncate(path, 1000);
      const error = await bytesAt(source, 900, 200).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ name: 'IoError', code: 'damaged', path });
      expect(await bytesAt(source, 900, 100)).toHaveLength(100);
    });
  });
});

let formats: Readonly<Record<string, FormatFiles>>;
beforeAll(async () => {
  formats = await damagedFiles(folder);
}, 60_000);

describe.each(NAMES)('%s', (name) => {
  const outcome = async (bytes: Uint8Array, read: typeof readHere = readMatrix): Promise<IoError | undefined> => {
    const { [name]: format } = formats;
    const path = place(`case ${name.replace(/ .*/, '')}.${format.ending}`);
    const own = await putFile(path, bytes, format);
    const found = await read(path, format.options ?? {}).catch((error: unknown) => error);
    if (found instanceof IoError) {
      expect([path, own]).toContain(found.path);
      return found;
    }
    expectSound(found as Matrix); // what isn't an error of a file must be one
    return undefined;
  };

  // In a thread, which has half a second's work to begin with, and is ended where it never ends.
  const guarded = name === 'h5ad' || name === '10x.h5';
  const patiently: typeof readHere = (path, options) => readInThread(path, options, { patience: 5000 });

  test('bytes that are anything, parts that are missing, doubled or filled: refused, or a matrix', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.array(
          fc.record({
            how: fc.constantFrom('set', 'cut', 'double', 'insert', 'fill'),
            at: fc.double({ min: 0, max: 1, noNaN: true }),
            length: fc.integer({ min: 1, max: 40 }),
            byte: fc.oneof(fc.constantFrom(0, 0xff, 0x7f, 0x80, 0x0a, 0x2c, 0x22, 0x30), fc.nat(255)),
          }),
          { minLength: 1, maxLength: 4 },
        ),
        async (which, changes) => {
          const { whole } = formats[name];
          let bytes = Buffer.from(whole[which % whole.length]);
          for (const { how, at, length, byte } of changes) {
            const from = Math.floor(at * bytes.length);
            const [before, own, behind] = [
              bytes.subarray(0, from),
              bytes.subarray(from, from + length),
              bytes.subarray(from + length),
            ];
            const filled = Buffer.alloc(own.length, byte);
            const part = { set: [Uint8Array.of(byte), own.subarray(1)], cut: [], double: [own, own], insert: [Uint8Array.of(byte), own], fill: [filled] }[how] ?? []; // biome-ignore format: a table
            bytes = Buffer.concat([before, ...part, behind]);
          }
          await outcome(bytes, guarded ? patiently : readMatrix);
        },
      ),
      { numRuns: guarded ? 5 : 150 },
    );
  });

  test('nothing, a byte, the first bytes alone, another format, noise behind them', async () => {
    const {
      whole: [whole],
      ending,
      options,
    } = formats[name];
    const empty = await outcome(new Uint8Array(0));
    expect(empty?.code).toBe(name.startsWith('10x ') ? 'damaged' : 'unknown-format');
    for (const length of [1, 2, 4, 6, 8, 10, 16]) await outcome(whole.subarray(0, length), readHere);
    for (const byte of [0, 0xff, 0x20])
      for (const length of [4, 12, 200])
        await outcome(Buffer.concat([whole.subarray(0, length), Buffer.alloc(5000, byte)]), readHere);
    if (name !== 'csv') expect(await outcome(Buffer.from('no such thing'.repeat(9)))).toBeDefined();
    // What it is is seen by what it holds, not by its name.
    const path = await file(whole, 'npy');
    if (!NAMED.test(name))
      expect(await readMatrix(path, options)).toEqual(await readMatrix(await file(whole, ending), options));
    else if (name.startsWith('csv')) expect(await faultOf(path)).toMatchObject({ code: 'damaged' });
  });
});

test('names that are no text: refused, or replaced by none', async () => {
  const latin = Buffer.concat([Buffer.from('name,'), Uint8Array.of(0xe9), Buffer.from('\na,1\n')]);
  expect(await faultOf(await file(latin, 'csv'))).toMatchObject({ code: 'damaged', line: 1 });
  const header = Buffer.from('{"\xe9":{"dtype":"U8","shape":[1,1],"data_offsets":[0,1]}}', 'latin1');
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  expect(
    (await faultOf(await file(Buffer.concat([length, header, Uint8Array.of(1)]), 'safetensors'))).message,
  ).toContain('no JSON');
});

test('the mark of UTF-8 and ends of lines of Windows are no part of a file', async () => {
  const list = '%%MatrixMarket matrix coordinate real general\n2 2 1\n2 1 5\n';
  const wanted = await readMatrix(await file(list, 'mtx'));
  expect(await readMatrix(await file(list.replaceAll('\n', '\r\n'), 'mtx'))).toEqual(wanted);
  expect(await readMatrix(await file(`\ufeff${list}`, 'mtx'))).toEqual(wanted);
});

test('a deflated array is unpacked as it is read, whatever its header', async () => {
  // More than is unpacked at a time; the length of a header of version 2 is read after what lies behind it.
  const numbers = Float64Array.from({ length: 300_000 }, (_, i) => (i % 977) / 7);
  for (const version of [1, 2]) {
    const header = `{'descr': '<f8', 'fortran_order': True, 'shape': (3, 100000), }`.padEnd(117);
    const length = version === 1 ? '\x76\x00' : '\x76\x00\x00\x00';
    const start = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\x00${length}${header}\n`, 'latin1');
    const bytes = Buffer.concat([start, new Uint8Array(numbers.buffer)]);
    const packed = deflateRawSync(bytes);
    const path = await file(zipped(packed, bytes.length, crc32(bytes)), 'npz');
    expect(await readMatrix(path)).toEqual({ kind: 'dense', rows: 3, cols: 100_000, order: 'columns', data: numbers });
    for (const [size, sum] of [
      [bytes.length, crc32(bytes) ^ 1],
      [bytes.length - 1, crc32(bytes)],
      [bytes.length + 1, crc32(bytes)],
    ])
      expect(await faultOf(await file(zipped(packed, size, sum >>> 0), 'npz'))).toMatchObject({ code: 'damaged' });
  }
});

test('the mirror of nothing is nothing, without a sign', async () => {
  for (const text of ['array real skew-symmetric\n2 2\n0\n', 'coordinate real skew-symmetric\n2 2 1\n2 1 0\n'])
    expect(toDense(await readMatrix(await file(`%%MatrixMarket matrix ${text}`, 'mtx'))).data).toEqual(
      new Float64Array(4),
    );
});
