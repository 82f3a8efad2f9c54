import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test, vi } from 'vitest';
import { flatTable } from '../../src/files/formats/arrow/flatbuffer.js';
import { arrowParts } from '../../src/files/formats/arrow/write-arrow.js';
import { type FlatFields, flatBytes } from '../../src/files/formats/arrow/write-flatbuffer.js';
import { unpackLz4, xxHash32 } from '../../src/files/formats/lz4.js';
import { unpackZstd } from '../../src/files/formats/zstd.js';
import { IoError, inspectFile, readMatrix, writeMatrix } from '../../src/index.js';
import { entry, toCsc, toDense } from '../../src/matrix.js';
import { ARROW_FILES } from '../support/arrow-files.js';
import { faultOf, testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

const { place, file } = testFolder();
const X = {
  ...uniform(40, 3, 5),
  rowNames: Array.from({ length: 40 }, (_, i) => `gène ${i}`),
  colNames: ['a', 'b', 'c'],
};
X.data[7] = NaN;
X.data[9] = -0;

const unpacked = (name: keyof typeof ARROW_FILES) => new Uint8Array(Buffer.from(ARROW_FILES[name], 'base64'));

describe('.arrow and .feather', () => {
  test('are read as they were written, to the bit, names and all', async () => {
    for (const ending of ['arrow', 'feather']) {
      await writeMatrix(place(`x.${ending}`), X);
      const found = await readMatrix(place(`x.${ending}`));
      expect(toDense(found)).toEqual(toDense(X));
      expect([found.rowNames, found.colNames]).toEqual([X.rowNames, X.colNames]);
    }
    const single = { kind: 'dense', rows: 2, cols: 2, order: 'rows', data: Float32Array.of(0.1, 2, 3, 4) } as const;
    await writeMatrix(place('single.arrow'), single);
    expect(await readMatrix(place('single.arrow'))).toEqual({
      ...{ kind: 'dense', rows: 2, cols: 2, colNames: ['0', '1'] },
      data: Float32Array.of(0.1, 3, 2, 4),
    });
    expect(await inspectFile(place('single.arrow'))).toMatchObject({ format: 'arrow', precision: 'f32' });
  });

  test('triplets, with names and without', async () => {
    const sparse = toCsc({ ...X, data: X.data.map((x) => (x < 0.3 ? 0 : x)) });
    for (const names of [{}, { rowNames: X.rowNames, colNames: X.colNames }]) {
      await writeMatrix(place('list.arrow'), { ...sparse, ...names, unlisted: 'missing' }, { layout: 'triplets' });
      const found = await readMatrix(place('list.arrow'), { layout: 'triplets', unlisted: 'missing' });
      if (found.kind !== 'csc') throw new Error('sparse');
      expect(found.values.length).toBe(sparse.values.length);
      for (const [i, name] of (found.rowNames ?? []).entries())
        for (let j = 0; j < 3; j++) {
          const row = 'rowNames' in names ? X.rowNames.indexOf(name) : Number(name);
          expect(entry(found, i, j)).toBe(entry({ ...sparse, unlisted: 'missing' }, row, j));
        }
      expect(found.colNames).toEqual('colNames' in names ? X.colNames : ['0', '1', '2']);
    }
  });

  test('more columns than are read at a time', async () => {
    const wide = uniform(5, 200, 2);
    await writeMatrix(place('wide.arrow'), wide);
    expect(toDense(await readMatrix(place('wide.arrow')))).toEqual(toDense(wide));
  });

  // Written by pyarrow 26, two batches each: see support/arrow-files.ts.
  test.each(['lz4', 'zstd', 'plain', 'stream'] as const)('of pyarrow, %s: all types, some missing', async (name) => {
    const path = await file(unpacked(name), name === 'stream' ? 'arrows' : 'bin');
    const numbers = ['i8', 'u16', 'i64', 'f16', 'f32', 'f64', 'yes', 'price', 'level'];
    const found = await readMatrix(path, { columns: numbers });
    expect(found).toMatchObject({ rows: 5, cols: 9, rowNames: ['ä', 'b', 'c', 'd', 'e'], colNames: numbers });
    expect(found.rowLabels).toEqual({
      kind: ['x', '', 'x', 'y', 'x'],
      long: ['', 'texts of more than twelve bytes', 'short', 'texts of more than twelve bytes', ''],
      view: ['short', 'texts of more than twelve bytes', '', 'four', 'and another that is long'],
    });
    expect(Array.from(toDense(found).data)).toEqual([
      ...[-128, NaN, 3, 127, 0],
      ...[0, 65535, NaN, 1, 2],
      ...[-(2 ** 53), 2 ** 40, 0, NaN, 7],
      ...[0.5, -2, NaN, 65504, 2 ** -24],
      ...[Math.fround(0.1), NaN, -1, Math.fround(1e30), 0],
      ...[0.1, 1e300, NaN, -0, NaN],
      ...[1, 0, 1, NaN, 0],
      ...[12.34, -0.01, 99999.99, NaN, 0],
      ...[1.5, -2, 1.5, NaN, 1.5],
    ]);
    expect((await faultOf(path)).message).toContain("'day' of date");
    expect((await faultOf(path, { columns: ['list'] })).message).toContain("'list' of list");
    expect((await faultOf(path, { columns: ['kind'] })).message).toContain("'kind' of dictionary of utf8");
    expect(await faultOf(path, { columns: ['z'] })).toMatchObject({ code: 'not-found' });
    expect((await faultOf(path, { header: true })).message).toContain('of format arrow');
    const turned = { names: 'kind', columns: ['i8'], orientation: 'samples-by-features' } as const;
    expect(await readMatrix(path, turned)).toMatchObject({ rows: 1, colNames: ['x', '', 'x', 'y', 'x'] });
    const list = await readMatrix(path, { layout: 'triplets', columns: ['id', 'kind', 'i8'] });
    expect(list).toMatchObject({ kind: 'csc', rows: 5, cols: 3, colNames: ['x', '', 'y'] });
  });

  test.each(['lz4', 'zstd', 'plain', 'stream'] as const)(
    '%s, cut or changed, is refused, or it is a matrix',
    async (name) => {
      const bytes = unpacked(name);
      const ending = name === 'stream' ? 'arrows' : 'arrow';
      const columns = ['i8', 'f64', 'price', 'level'];
      for (let cut = 0; cut < 50; cut++) {
        const path = await file(bytes.subarray(0, Math.floor((cut / 50) * bytes.length)), ending);
        const found = await readMatrix(path, { columns }).catch((error: unknown) => error);
        // A stream may end after any message.
        if (name === 'stream' && !(found instanceof IoError)) expect(found).toMatchObject({ cols: 4 });
        else expect(['damaged', 'unknown-format']).toContain((found as IoError).code);
      }
      for (let flip = 0; flip < 200; flip++) {
        const own = Uint8Array.from(bytes);
        own[Math.floor(((flip + 0.5) / 200) * bytes.length)] ^= 1 << (flip % 8);
        const found = await readMatrix(await file(own, ending), { columns }).catch((error: unknown) => error);
        if (found instanceof IoError) continue;
        expect(found).toMatchObject({ rows: expect.any(Number), cols: 4 });
      }
    },
    60_000,
  );

  property.prop([fc.nat(), fc.nat(255)], { numRuns: 300 })('any byte of any value', async (at, byte) => {
    const own = unpacked('plain');
    own[at % own.length] = byte;
    const found = await readMatrix(await file(own, 'arrow'), { columns: ['f64'] }).catch((error: unknown) => error);
    if (!(found instanceof IoError)) expect(found).toMatchObject({ cols: 1 });
  });

  test('huge sizes are refused before room is made', async () => {
    const column = { name: 'x', data: Float64Array.of(1, 2, 3) };
    const own = Buffer.concat(arrowParts({ columns: [column], pandas: undefined }));
    let refused = 0;
    for (let at = 0; at + 8 <= own.length; at += 8) {
      // The rows of the batch, those of its node, and the length of their buffer.
      if (![3n, 24n].includes(own.readBigInt64LE(at))) continue;
      for (const huge of [2n ** 31n + 3n, 2n ** 40n + 3n, 2n ** 62n + 3n, -253n]) {
        const changed = Uint8Array.from(own);
        new DataView(changed.buffer).setBigInt64(at, huge, true);
        const found = await readMatrix(await file(changed, 'arrow')).catch((error: unknown) => error);
        if (found instanceof IoError) {
          expect(['damaged', 'unsupported']).toContain(found.code);
          refused++;
        } else expect(found).toMatchObject({ data: column.data });
      }
    }
    expect(refused).toBeGreaterThanOrEqual(12);
  });

  test('what is no such file', async () => {
    expect(await faultOf(await file('FEA1............', 'feather'))).toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('must be of version 2'),
    });
    expect(await faultOf(await file('', 'arrow'))).toMatchObject({ code: 'unknown-format' });
    expect(await faultOf(await file('a,b\n1,2\n', 'arrow'))).toMatchObject({ code: 'damaged' });
    const twice = await writeMatrix(place('twice.arrow'), { ...X, colNames: ['a', 'a', 'b'] }).catch((e: unknown) => e);
    expect(twice).toMatchObject({ code: 'unsupported', message: expect.stringContaining("got 'a' twice") });
  });
});

describe('flatbuffers', () => {
  const number = fc.constantFrom(1, 2, 4, 8).map((bytes) => ({ bytes, value: bytes * 13 }) as const);
  property.prop([fc.array(fc.option(number, { nil: undefined })), fc.string(), fc.array(fc.nat())])(
    'are read as they were written',
    (numbers, text, list) => {
      const inner: FlatFields = [{ text }, { structs: list.flatMap((x) => [x, -x]), of: 2 }];
      const found = flatTable(flatBytes([{ table: inner }, { tables: [inner, []] }, ...numbers]));
      expect(found.table(0)?.text(0)).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
      const [first, second] = found.tables(1);
      expect(first.structs(1, 16).map((own) => [own.long(0), own.long(8)])).toEqual(list.map((x) => [x, 0 - x]));
      expect([second.text(0), second.table(1), second.tables(2)]).toEqual(['', undefined, []]);
      for (const [n, field] of numbers.entries()) {
        const read = { 1: found.byte, 2: found.short, 4: found.int, 8: found.long }[field?.bytes ?? 1];
        expect(read(n + 2, -7)).toBe(field?.value ?? -7);
      }
    },
  );
});

describe('LZ4 frames', () => {
  // Values of the specification of xxHash, seed 0.
  test.each([
    ['', 0x02cc5d05],
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('xxHash of %j', (text, hash) => {
    expect(xxHash32(new TextEncoder().encode(text))).toBe(hash);
  });

  /** A frame with all checksums, of one packed block and one that isn't. */
  function frame(): { readonly packed: Uint8Array; readonly whole: Uint8Array } {
    const whole = new TextEncoder().encode('abcabcabcabcabcabcabcabc, and so on');
    const u32 = (x: number) => [x & 255, (x >>> 8) & 255, (x >>> 16) & 255, x >>> 24];
    // 'abc', then 17 bytes from three back, then the 4 letters at the end of that.
    const block = Uint8Array.of(0x3d, 97, 98, 99, 3, 0, 0x40, 97, 98, 99, 97);
    const first = whole.subarray(0, 24);
    expect(first.length).toBe(3 + 17 + 4);
    const rest = whole.subarray(24);
    const head = [0x74, 0x40];
    const last = whole.slice();
    // The block says 'c' where its four letters begin: as the copy left off.
    block.set(first.subarray(20), 7);
    const packed = Uint8Array.from([
      ...u32(0x184d2204),
      ...head,
      (xxHash32(Uint8Array.from(head)) >>> 8) & 255,
      ...[...u32(block.length), ...block, ...u32(xxHash32(block))],
      ...[...u32((rest.length | 0x80000000) >>> 0), ...rest, ...u32(xxHash32(rest))],
      ...[...u32(0), ...u32(xxHash32(last))],
    ]);
    return { packed, whole };
  }

  test('are unpacked; a byte that is changed is seen', () => {
    const { packed, whole } = frame();
    expect(unpackLz4(packed, whole.length)).toEqual(whole);
    for (let at = 0; at < packed.length; at++)
      for (let bit = 0; bit < 8; bit++) {
        const own = Uint8Array.from(packed);
        own[at] ^= 1 << bit;
        expect(() => unpackLz4(own, whole.length)).toThrow(RangeError);
      }
    for (let cut = 0; cut < packed.length; cut++)
      expect(() => unpackLz4(packed.subarray(0, cut), whole.length)).toThrow(RangeError);
    for (const length of [whole.length - 1, whole.length + 1, 2 ** 40])
      expect(() => unpackLz4(packed, length)).toThrow(RangeError);
  });
});

test('a ZSTD frame must be of the length that is said beside it, and have blocks for it', async () => {
  // One block that repeats a byte 5 times, with the length in the frame.
  const packed = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0x20, 5, (5 << 3) | (1 << 1) | 1, 0, 0, 7);
  expect(await unpackZstd(packed, 5)).toEqual(Uint8Array.of(7, 7, 7, 7, 7));
  const huge = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x70, ...packed.subarray(6));
  for (const [bytes, length] of [
    [packed, 6],
    [huge, 0x70000000],
    [packed.subarray(0, 9), 5],
    [Uint8Array.of(...packed, 0), 5],
    [Uint8Array.of(1, 2, 3, 4, 5), 5],
  ] as const)
    await expect(unpackZstd(bytes, length)).rejects.toThrow(RangeError);
});

test('without hyparquet-compressors: the line that installs it, for ZSTD alone', async () => {
  const [zstd, lz4] = [await file(unpacked('zstd'), 'feather'), await file(unpacked('lz4'), 'feather')];
  vi.resetModules();
  vi.doMock('hyparquet-compressors', () => {
    throw new Error('no such package');
  });
  try {
    const own = await import('../../src/index.js');
    const error = await own.readMatrix(zstd, { columns: ['f64'] }).catch((reason: unknown) => reason);
    expect(String(error)).toContain('To read Arrow files that ZSTD packs the package');
    expect(String(error)).toContain('npm install hyparquet-compressors@');
    expect(error).toBeInstanceOf(own.MissingPeerError);
    expect(await own.readMatrix(lz4, { columns: ['f64'] })).toMatchObject({ rows: 5 });
  } finally {
    vi.doUnmock('hyparquet-compressors');
    vi.resetModules();
  }
});
