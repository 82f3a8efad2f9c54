import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CscMatrix, factorInput, factorNet, IoError, type Matrix, nmfLayer, readMatrix } from '../../src/index.js';
import { type DenseData, toDense } from '../../src/matrix.js';
import { expectSound } from '../support/files.js';
import { sparse, uniform } from '../support/matrices.js';
import { haveSharedData, readMtx, sharedPath, skipReason } from '../support/shared-data.js';
import { denseSpz, resealed, SPZ_CODECS, SPZ_TYPES, sparseSpz, tableBytes, u32, u64 } from '../support/spz-files.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function file(bytes: Uint8Array, ending = 'spz'): Promise<string> {
  const path = join(folder, `${files++}.${ending}`);
  await writeFile(path, bytes);
  return path;
}

async function faultOf(bytes: Uint8Array): Promise<IoError> {
  const error = await readMatrix(await file(bytes)).catch((reason: unknown) => reason);
  if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
  return error;
}

/** A file with numbers written over it, sealed again. */
function changed(
  bytes: Uint8Array,
  ...parts: readonly (readonly [at: number, bytes: ArrayLike<number>])[]
): Uint8Array {
  const own = Uint8Array.from(bytes);
  for (const [at, part] of parts) own.set(part, at);
  return resealed(own);
}

const isDense = (matrix: Matrix): matrix is DenseData => matrix.kind === 'dense';
async function csc(bytes: Uint8Array): Promise<CscMatrix> {
  const found = await readMatrix(await file(bytes));
  if (found.kind !== 'csc') throw new Error('sparse');
  return found;
}
async function numbers(bytes: Uint8Array): Promise<DenseData['data']> {
  const found = await readMatrix(await file(bytes));
  if (!isDense(found)) throw new Error('dense');
  expect(found.order ?? 'columns').toBe('columns');
  return found.data;
}

/** Arrays that are too long to be shown where they differ. */
function expectSame(found: ArrayBufferView, wanted: ArrayBufferView): void {
  const [a, b] = [found, wanted].map((view) => Buffer.from(view.buffer, view.byteOffset, view.byteLength));
  expect(a.equals(b)).toBe(true);
}

/** Values that a type can hold, from bits. */
const valueFrom: Readonly<Record<(typeof SPZ_TYPES)[number], (bits: number) => number>> = {
  u1: (bits) => bits % 256,
  u2: (bits) => bits % 65536,
  u4: (bits) => bits,
  f4: (bits) => Math.fround(bits / 7 - 3e8),
  f2: (bits) => (bits % 2048) / 8 - 100,
  steps: (bits) => bits % 256,
  f8: (bits) => bits / 7 - 3e8,
};
const entry = fc.oneof(fc.nat(300), fc.nat(2 ** 32 - 1));

describe.each(SPZ_TYPES)('sparse values of type %s', (type) => {
  test('are read as they were written, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 900 }),
        fc.array(fc.uniqueArray(fc.tuple(fc.nat(899), entry), { selector: ([i]) => i, maxLength: 12 }), { minLength: 1, maxLength: 9 }), // biome-ignore format: one thought
        fc.integer({ min: 1, max: 10 }),
        async (rows, columns, chunk) => {
          const lists = columns.map((list) => list.filter(([i]) => i < rows).sort(([a], [b]) => a - b));
          const listed = lists.flat();
          const own = listed.map(([, bits]) => valueFrom[type](bits));
          const bounds = [0, ...lists.map((_, j) => lists.slice(0, j + 1).flat().length)];
          const single = type === 'f4' || type === 'f2' || type === 'steps';
          const matrix: CscMatrix = {
            kind: 'csc',
            ...{ rows, cols: lists.length },
            indptr: Uint32Array.from(bounds),
            indices: Uint32Array.from(listed, ([i]) => i),
            values: single ? Float32Array.from(own) : Float64Array.from(own),
          };
          const found = await csc(sparseSpz(matrix, type, { chunk }));
          expect([found.rows, found.cols]).toEqual([rows, lists.length]);
          expect(found.indptr).toEqual(matrix.indptr);
          expect(found.indices).toEqual(matrix.indices);
          if (type === 'steps') {
            // Half a step of the chunk, which is a 255th of what its values lie apart.
            for (const [p, x] of found.values.entries()) expect(Math.abs(x - own[p])).toBeLessThan(0.5 + 1e-3);
          } else expect(found.values).toEqual(matrix.values);
        },
      ),
      { numRuns: 60 },
    );
  });
});

test('chunks of more entries than are decoded at a time', async () => {
  const matrix = sparse(700, 300, 5, 2);
  const found = await csc(sparseSpz(matrix, 'f8', { chunk: 290 }));
  expect(found.values.length).toBeGreaterThan(3 << 15);
  expectSame(found.indptr, matrix.indptr);
  expectSame(found.indices, matrix.indices);
  expectSame(found.values, matrix.values);
});

test('a listed zero, a missing entry, an empty chunk, no columns, one symbol', async () => {
  const made = (cols: number, indptr: number[], indices: number[], values: number[]): CscMatrix => ({
    kind: 'csc',
    ...{ rows: 4, cols, indptr: Uint32Array.from(indptr), indices: Uint32Array.from(indices) },
    values: Float64Array.from(values),
  });
  for (const matrix of [
    made(3, [0, 2, 2, 3], [0, 3, 1], [0, NaN, -Infinity]),
    made(6, [0, 1, 1, 1, 1, 1, 2], [2, 0], [5, 7]),
    made(0, [0], [], []),
    made(2, [0, 0, 0], [], []),
    made(2, [0, 4, 8], [0, 1, 2, 3, 0, 1, 2, 3], [1, 1, 1, 1, 1, 1, 1, 1]),
  ]) {
    const found = await csc(sparseSpz(matrix, 'f8', { chunk: 2 }));
    expect(found).toMatchObject({ rows: 4, cols: matrix.cols });
    for (const part of ['indptr', 'indices', 'values'] as const) expect(found[part]).toEqual(matrix[part]);
  }
});

describe.each(SPZ_CODECS)('dense numbers by the codec %s', (codec) => {
  const half = codec.endsWith('half');
  test('are read as they were written, in panels of any size', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer({ min: 1, max: 31 }),
        fc.boolean(),
        fc.nat(1000),
        async (rows, cols, chunk, differences, seed) => {
          const data = Float32Array.from(uniform(rows, cols, seed).data, (x) => half ? Math.floor(x * 2000) / 8 : x - 0.5); // biome-ignore format: one thought
          const found = await numbers(denseSpz({ kind: 'dense', rows, cols, data }, codec, { chunk, differences }));
          expect(found).toBeInstanceOf(Float32Array);
          if (codec === 'steps')
            for (const [p, x] of found.entries()) expect(Math.abs(x - data[p])).toBeLessThan(0.5 / 255 + 1e-6); // biome-ignore format: one thought
          else expect(found).toEqual(data);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('more of them than are decoded at a time; one number for all', async () => {
    const many = Float32Array.from(uniform(400, 300, 3).data, (x) => (half ? Math.floor(x * 2000) / 8 : x));
    const read = await numbers(denseSpz({ kind: 'dense', rows: 400, cols: 300, data: many }, codec, { differences: true })); // biome-ignore format: one thought
    if (codec === 'steps') expect(Math.abs(read[77_777] - many[77_777])).toBeLessThan(0.5 / 255 + 1e-6);
    else expectSame(read, many);
    const same = new Float32Array(60).fill(2.5);
    expect(await numbers(denseSpz({ kind: 'dense', rows: 6, cols: 10, data: same }, codec))).toEqual(same);
  });
});

test('dense files: 64 bits, without a checksum, without columns; either orientation', async () => {
  const X = uniform(7, 5, 1);
  expect(await numbers(denseSpz(X, 'plain', { wide: true, chunk: 2 }))).toEqual(X.data);
  const single = { ...X, data: Float32Array.from(X.data) };
  expect(await numbers(denseSpz(single, 'plain', { unchecked: true }))).toEqual(single.data);
  expect(await numbers(denseSpz({ kind: 'dense', rows: 7, cols: 0, data: new Float32Array(0) }, 'coded'))).toHaveLength(
    0,
  );
  const path = await file(denseSpz(X, 'plain', { wide: true }), 'dat');
  const turned = await readMatrix(path, { orientation: 'samples-by-features' });
  expect([turned.rows, turned.cols]).toEqual([5, 7]);
  expect(toDense(turned).data[1]).toBe(X.data[7]);
});

const names = { rowNames: ['a', 'β', 'c d', ''], colNames: ['x', 'y', 'z'] };
const small = sparse(4, 3, 2, 2);

describe('names and labels', () => {
  const bytes = (numbers: ArrayLike<number> & ArrayBufferView) => new Uint8Array(numbers.buffer);
  const ofRows = tableBytes(4, {
    'mean count': { type: 2, bytes: bytes(Float64Array.of(1.5, NaN, 3, 4)) },
    chosen: { type: 3, bytes: Uint8Array.of(1, 0, 255, 1) },
    kind: { type: 5, bytes: bytes(Uint32Array.of(1, 0, 2 ** 32 - 1, 1)), texts: ['gène', 'spike'] },
  });
  const ofColumns = tableBytes(3, {
    batch: { type: 0, bytes: bytes(Int32Array.of(-1, -(2 ** 31), 7)) },
    size: { type: 4, bytes: bytes(Uint32Array.of(3e9, 2 ** 32 - 1, 0)) },
    [`${'n'.repeat(62)}é`]: { type: 1, bytes: bytes(Float32Array.of(0.5, NaN, -2)) },
  });

  test('are those of the matrix, whatever lies beside it', async () => {
    const spz = sparseSpz(small, 'f8', { ...names, ofRows, ofColumns, transpose: Uint8Array.from({ length: 99 }, (_, n) => n) }); // biome-ignore format: one thought
    const found = await readMatrix(await file(spz));
    expect(toDense(found).data).toEqual(toDense(small).data);
    expect(found).toMatchObject(names);
    expect(found.rowLabels).toEqual({
      'mean count': Float64Array.of(1.5, NaN, 3, 4),
      chosen: Float64Array.of(1, 0, NaN, 1),
      kind: ['spike', 'gène', '', 'spike'],
    });
    expect(found.colLabels).toMatchObject({
      batch: Float64Array.of(-1, NaN, 7),
      size: Float64Array.of(3e9, NaN, 0),
    });
    expect(Object.keys(found.colLabels ?? {})[2]).toContain('nnn');
    const turned = await readMatrix(await file(spz), { orientation: 'samples-by-features' });
    expect(turned).toMatchObject({ rowNames: names.colNames, colNames: names.rowNames });
    const dense = await readMatrix(
      await file(denseSpz(toDense(small), 'plain', { ...names, transpose: Uint8Array.of(1, 2, 3) })),
    );
    expect(dense).toMatchObject(names);
    expect(toDense(dense).data).toEqual(toDense(small).data.map(Math.fround));
    const { parts } = await factorNet(
      nmfLayer(factorInput(await file(denseSpz(uniform(4, 3, 1), 'plain', { colNames: names.colNames })), { name: 'x' }), { name: 'parts', k: 2, maxIter: 3 }), // biome-ignore format: one thought
      { seed: 1 },
    ).fit();
    expect(parts.H.colNames).toEqual(names.colNames);
  });

  test.each([
    ['too few names', sparseSpz(small, 'f8', { rowNames: ['a'] }), 'a name for each of 4 rows; got 1'],
    ['too many', sparseSpz(small, 'f8', { colNames: [...'abcd'] }), 'a name for each of 3 columns; got 4'],
    ['a table of another length', sparseSpz(small, 'f8', { ofRows: ofColumns }), 'a table of rows with 4 lines'],
    ['a table that is none', sparseSpz(small, 'f8', { ofColumns: new Uint8Array(64) }), 'a table of columns with 3'],
  ])('%s', async (_, spz, words) => {
    const error = await faultOf(spz);
    expect(error).toMatchObject({ code: 'damaged' });
    expect(error.message).toContain(words);
  });

  test('bytes that are no text, columns of a type that is none, texts that are not there', async () => {
    const spz = sparseSpz(small, 'f8', { rowNames: ['a', 'b', 'c', 'd'] });
    expect((await faultOf(changed(spz, [spz.length - 24, [0xff]]))).message).toContain('UTF-8');
    const table = sparseSpz(small, 'f8', { ofRows });
    const at = Buffer.from(table).indexOf('OVTB');
    expect(await faultOf(changed(table, [at + 16 + 64, [9]]))).toMatchObject({ code: 'unsupported' });
    const codes = at + 16 + 3 * 112 + 32 + 4;
    expect((await faultOf(changed(table, [codes, u32(2)]))).message).toContain('the texts that its table');
  });
});

describe('files that are damaged', () => {
  const counts = { ...small, values: small.values.map((_, p) => [1, 300, 2][p % 3]) };
  const whole = sparseSpz(counts, 'u2', { ...names, chunk: 2 });
  const X = uniform(9, 8, 3);
  const kinds: readonly (readonly [string, Uint8Array, Matrix])[] = [
    ['counts', whole, counts],
    ['sparse floats', sparseSpz(small, 'f8', { chunk: 2 }), small],
    ['dense, plain', denseSpz(X, 'plain', { wide: true, chunk: 3 }), X],
    ['dense, coded', denseSpz({ ...X, data: Float32Array.from(X.data) }, 'coded', { differences: true }), X],
  ];

  test.each(kinds)('%s: cut anywhere, or with a byte changed, it is refused', async (_, spz) => {
    for (let n = 0; n < 50; n++) {
      const { code } = await faultOf(spz.subarray(0, Math.floor((n / 50) * spz.length)));
      expect(['damaged', 'unknown-format']).toContain(code);
    }
    for (let n = 0; n < 200; n++) {
      const own = Uint8Array.from(spz);
      own[Math.floor((n / 200) * spz.length)] ^= 1 << (n % 8);
      expect(['damaged', 'unsupported', 'unknown-format']).toContain((await faultOf(own)).code);
    }
  });

  test.each(kinds)('%s: sealed again after a change, it is refused, or it is a matrix', async (_, spz) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(spz.length - 17), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        async (changes) => {
          const own = changed(spz, ...changes.map(([at, byte]) => [at, [byte]] as const));
          const found = await readMatrix(await file(own)).catch((error: unknown) => error);
          if (!(found instanceof IoError)) expectSound(found as Matrix); // no error
        },
      ),
      { numRuns: 200 },
    );
  });

  const chunk = 128;
  test.each([
    ['another mark', [0, [0x54]], 'begin with its mark'],
    ['more rows than an entry is below', [8, u32(1)], 'got 4 entries in 2 columns'],
    ['another number of columns', [12, u32(4)], 'hold the 4 columns that it says; got 3'],
    ['fewer columns', [12, u32(1)], 'in a chunk the columns from 0 on'],
    ['another number of entries', [16, u64(1e9)], 'the 1000000000 entries that it says'],
    ['another number of chunks', [28, u32(1)], 'say its chunks once; got 1 and 2'],
    ['chunks elsewhere', [48, u64(1e15)], 'hold its chunks'],
    ['streams elsewhere', [64, u64(2 ** 60)], 'hold its rows of entries'],
    ['names elsewhere', [80, u64(4)], 'hold its names'],
    ['a chunk out of order', [chunk, u32(1)], 'in a chunk the columns from 0 on; got'],
    ['streams in the header', [64, u64(0)], 'hold its'],
  ] as const)('%s', async (_, [at, bytes], words) => {
    const error = await faultOf(changed(whole, [at, bytes]));
    expect(error).toMatchObject({ code: 'damaged' });
    expect(error.message).toContain(words);
    expect(error.message).toMatch(/ at byte \d+/);
  });

  test('streams that say something else than their chunk', async () => {
    const view = new DataView(whole.buffer, whole.byteOffset);
    const streams = Number(view.getBigUint64(64, true));
    const values = streams + view.getUint32(chunk + 16, true);
    for (const [at, bytes, words] of [
      [streams, u32(1), '256 symbols at most'],
      [streams, u32(1e9), 'hold whole rows'],
      [streams + 4, [9], 'how many of'],
      [values, [1, 1], '256 symbols at most; got 257'],
      [values + 2, [1], 'add up to 16384'],
      [chunk + 24, u32(view.getUint32(chunk + 24, true) - 1), 'hold whole values'],
      [chunk + 24, u32(view.getUint32(chunk + 24, true) + 1), 'nothing behind the entries'],
    ] as const) {
      const error = await faultOf(changed(whole, [at, bytes]));
      expect(error.code).toBe('damaged');
      expect(error.message).toContain(words);
    }
  });

  test('entries below the last row, code that is another, numbers of escape that are missing or too many', async () => {
    const column = Array.from({ length: 400 }, (_, i) => i);
    const spz = sparseSpz(
      {
        ...{ kind: 'csc', rows: 400, cols: 1, indptr: Uint32Array.of(0, 400), indices: Uint32Array.from(column) },
        values: Float64Array.from(column, (i) => (i === 7 ? 300 : (i * i) % 11)),
      },
      'u2',
    );
    const view = new DataView(spz.buffer, spz.byteOffset);
    const size = view.getUint32(chunk + 24, true);
    const streams = Number(view.getBigUint64(64, true));
    // The last bytes of the values: two, and those of 300.
    const escapes = streams + view.getUint32(chunk + 16, true) + size - 6;
    expect([...spz.subarray(escapes, escapes + 6)]).toEqual([2, 0, 0, 0, 172, 2]);
    const rows = await faultOf(changed(spz, [8, u32(399)], [16, u64(399)], [chunk + 8, u32(399)]));
    expect(rows.message).toContain('how many of 399');
    const shifted = { ...small, rows: 5, cols: 1, indptr: Uint32Array.of(0, 1), indices: Uint32Array.of(4) };
    const last = await faultOf(changed(sparseSpz({ ...shifted, values: Float64Array.of(1) }, 'u1'), [8, u32(4)]));
    expect(last.message).toContain('rows below 4; got row 4');
    expect((await faultOf(changed(spz, [escapes - 60, [spz[escapes - 60] ^ 16]]))).message).toContain('code of 400');
    for (const edits of [
      [[escapes, u32(0)], [chunk + 24, u32(size - 2)]],
      [[escapes, u32(1)], [chunk + 24, u32(size - 1)]],
      [[escapes + 4, [44]]],
      [[escapes + 4, [172, 130]]],
      [[escapes, u32(3)], [escapes + 6, [128]], [chunk + 24, u32(size + 1)]],
    ] as const) // biome-ignore format: a file a row
      expect((await faultOf(changed(spz, ...edits))).message).toContain('the numbers that symbols stand for');
  });

  test('more numbers than there is code for, before any room is made for them', async () => {
    const big = 2 ** 32 - 1;
    const spz = denseSpz({ ...X, data: Float32Array.from(X.data) }, 'coded');
    const error = await faultOf(changed(spz, [8, u32(big)], [16, u64(big * 8)]));
    expect(error.message).toContain(`${big * 8} numbers that it says`);
  });

  test.each([
    ['version 1', whole, [4, [1]], 'of version 2 or 3; got 1'],
    ['version 4', whole, [4, [4]], 'got 4'],
    ['another type of values', whole, [40, [7]], 'a type from 0 to 6; got 7'],
    ['tables for all chunks', whole, [32, u32(1)], 'tables of symbols in its chunks'],
    ['sorted rows', whole, [42, [1]], 'row_sort = FALSE'],
    ['sorted columns', whole, [43, [1]], 'keep the order'],
    ['another codec', kinds[2][1], [80, [5]], 'a codec from 0 to 4; got 5'],
    ['another type of numbers', kinds[2][1], [36, [0]], 'of type 3 or 6'],
  ] as const)('%s is not supported', async (_, spz, [at, bytes], words) => {
    const error = await faultOf(changed(spz, [at, bytes]));
    expect(error).toMatchObject({ code: 'unsupported', offset: at === 43 ? 42 : at });
    expect(error.message).toContain(words);
  });
});

test.skipIf(!haveSharedData)(`counts of 2,700 cells are those of the .mtx.gz${skipReason}`, async () => {
  const found = await readMatrix(sharedPath('pbmc3k.spz'));
  const wanted = readMtx('pbmc3k.mtx.gz');
  expect([found.rows, found.cols]).toEqual([13714, 2700]);
  expectSound(found);
  if (found.kind !== 'csc') throw new Error('sparse');
  expect(found.values.length).toBe(2_282_976);
  for (const part of ['indptr', 'indices', 'values'] as const) expectSame(found[part], wanted[part]);
});
