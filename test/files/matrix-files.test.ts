import { chmod, mkdir, mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type FileMatrix,
  factorInput,
  factorNet,
  GraphError,
  IoError,
  type Matrix,
  nmfLayer,
  readMatrix,
  type WrittenFormat,
  writeMatrix,
} from '../../src/index.js';
import { type DenseData, toCsc, toDense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
});
afterAll(() => rm(folder, { recursive: true }));

const place = (name: string) => join(folder, name);
let files = 0;
/** A file of these bytes, or of this text. */
async function file(bytes: Uint8Array | string, ending = 'bin'): Promise<string> {
  const path = place(`${files++}.${ending}`);
  await writeFile(path, bytes);
  return path;
}

async function faultOf(path: string, options = {}): Promise<IoError> {
  const error = await readMatrix(path, options).catch((reason: unknown) => reason);
  if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
  expect(error.path).toBe(path);
  return error;
}

const isDense = (matrix: Matrix): matrix is DenseData => matrix.kind === 'dense';

/** A .npy file with this header and these bytes behind it. */
function npy(header: string, body: Uint8Array, version: readonly [number, number] = [1, 0]): Uint8Array {
  const text = new TextEncoder().encode(`${header}\n`);
  const length = version[0] === 1 ? [text.length & 255, text.length >> 8] : [text.length & 255, text.length >> 8, 0, 0];
  return Buffer.concat([Uint8Array.of(0x93), Buffer.from('NUMPY'), Uint8Array.of(...version, ...length), text, body]);
}
const header = (descr: string, shape = '(2, 3)', fortran = 'False') =>
  `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': ${shape}, }`;

/** The numbers as bytes, the least first or last. */
function packed(set: keyof DataView & `set${string}`, width: number, numbers: readonly number[], little: boolean) {
  const view = new DataView(new ArrayBuffer(width * numbers.length));
  // Each sets a number, or a whole one of 64 bits, at a place.
  for (const [i, x] of numbers.entries())
    (view[set] as (at: number, x: number | bigint, little: boolean) => void)(
      i * width,
      set.includes('Big') ? BigInt(x) : x,
      little,
    );
  return new Uint8Array(view.buffer);
}

describe('.npy', () => {
  const whole = [1, 0, 3, 100, 5, 6];
  const floats = [1.5, -0.25, 3, NaN, 5e-7, Infinity];
  test.each([
    ['f8', 'setFloat64', floats],
    ['f4', 'setFloat32', [1.5, -0.25, 3, NaN, 2 ** -20, Infinity]],
    ['i1', 'setInt8', [-1, 0, 3, 100, 5, 6]],
    ['i2', 'setInt16', [-1, 0, 300, 4, 5, 6]],
    ['i4', 'setInt32', [-1, 0, 3e8, 4, 5, 6]],
    ['i8', 'setBigInt64', [-1, 0, 3e14, 4, 5, 6]],
    ['u1', 'setUint8', whole],
    ['u2', 'setUint16', [...whole.slice(1), 65535]],
    ['u4', 'setUint32', [...whole.slice(1), 2 ** 32 - 1]],
    ['u8', 'setBigUint64', [...whole.slice(1), 2 ** 52]],
    ['b1', 'setUint8', [1, 0, 0, 1, 1, 0]],
  ] as const)('%s, in either order of bytes and indices', async (type, set, numbers) => {
    const width = Number(type.slice(1));
    for (const [mark, little] of [['<', true], ['>', false]] as const) // biome-ignore format: one thought
      for (const fortran of ['True', 'False'])
        for (const version of [
          [1, 0],
          [2, 0],
          [3, 0],
        ] as const) {
          // biome-ignore format: one thought
          const order = width === 1 ? '|' : mark;
          const bytes = npy(header(order + type, '(2, 3)', fortran), packed(set, width, numbers, little), version);
          const found = await readMatrix(await file(bytes));
          expect(found).toMatchObject({ kind: 'dense', rows: 2, cols: 3 });
          if (!isDense(found)) throw new Error('dense');
          expect(found.order).toBe(fortran === 'True' ? 'columns' : 'rows');
          expect(found.data).toBeInstanceOf(type === 'f4' ? Float32Array : Float64Array);
          expect(Array.from(found.data)).toEqual([...numbers]);
        }
  });

  test('16-bit floats become 32-bit ones: all 65,536 of them', async () => {
    const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
    const found = await readMatrix(await file(npy(header('<f2', '(256, 256)'), new Uint8Array(bits.buffer))));
    if (!isDense(found)) throw new Error('dense');
    for (const [i, x] of found.data.entries()) {
      const [sign, exponent, fraction] = [i >> 15 ? -1 : 1, (i >> 10) & 31, i & 1023];
      const wanted =
        exponent === 31 ? (fraction > 0 ? Number.NaN : sign * Infinity) : exponent === 0 ? sign * (fraction / 1024) * 2 ** -14 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15); // biome-ignore format: the definition
      if (!Object.is(x, wanted)) expect([i, x]).toEqual([i, wanted]);
    }
  });

  test('more numbers than are read at a time', async () => {
    const numbers = Int16Array.from({ length: 700_000 }, (_, i) => (i * 7919) % 30000);
    const found = await readMatrix(await file(npy(header('<i2', '(700, 1000)'), new Uint8Array(numbers.buffer))));
    if (!isDense(found)) throw new Error('dense');
    expect(found.data.every((x, i) => x === numbers[i])).toBe(true);
  });

  test.each([
    ['complex numbers', npy(header('<c16'), new Uint8Array(96)), 'unsupported', 'of type <c16'],
    ['texts', npy(header('<U3'), new Uint8Array(72)), 'unsupported', 'of type <U3'],
    ['objects', npy(header('|O'), new Uint8Array(48)), 'unsupported', 'of type |O'],
    ['records', npy("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (2, 3), }", new Uint8Array(48)), 'unsupported', 'several fields'], // biome-ignore format: one row
    [
      'a list',
      npy(header('<f8', '(6,)'), new Uint8Array(48)),
      'unsupported',
      'two dimensions; got an .npy file of 1 (6)',
    ],
    ['three dimensions', npy(header('<f8', '(1, 2, 3)'), new Uint8Array(48)), 'unsupported', 'of 3 (1 × 2 × 3)'],
    ['too few bytes', npy(header('<f8'), new Uint8Array(47)), 'damaged', 'got 47 bytes'],
    ['too many bytes', npy(header('<f8'), new Uint8Array(49)), 'damaged', 'got 49 bytes'],
    ['a huge shape', npy(header('<f8', '(4000000000, 1000000)'), new Uint8Array(48)), 'damaged', 'got 48 bytes'],
    ['a shape beyond numbers', npy(header('<f8', '(99999999999999999, 99)'), new Uint8Array(48)), 'damaged', 'whole numbers'], // biome-ignore format: one row
    ['no shape', npy("{'descr': '<f8', 'fortran_order': False}", new Uint8Array(48)), 'damaged', "'shape'"],
    ['a later version', npy(header('<f8'), new Uint8Array(48), [9, 0]), 'damaged', 'version 1, 2 or 3; got 9'],
  ])('%s: a clear error', async (_, bytes, code, words) => {
    const error = await faultOf(await file(bytes));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
    expect(error.offset).toEqual(expect.any(Number));
  });
});

describe('Matrix Market', () => {
  const read = async (text: string) => toDense(await readMatrix(await file(text, 'mtx')));
  const rowsOf = async (text: string) => {
    const { rows, cols, data } = await read(text);
    return Array.from({ length: rows }, (_, i) => Array.from({ length: cols }, (__, j) => data[i + j * rows]));
  };

  test.each([
    [
      'general',
      '%%MatrixMarket matrix coordinate real general\n2 3 3\n1 1 1.5\n2 3 -2e-3\n1 2 .5\n',
      [
        [1.5, 0.5, 0],
        [0, 0, -0.002],
      ],
    ],
    [
      'integer',
      '%%MatrixMarket matrix coordinate integer general\n2 2 1\n2 1 +7\n',
      [
        [0, 0],
        [7, 0],
      ],
    ],
    [
      'pattern',
      '%%MatrixMarket matrix coordinate pattern general\n2 2 2\n2 1\n1 2\n',
      [
        [0, 1],
        [1, 0],
      ],
    ],
    [
      'symmetric',
      '%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 1 3\n2 1 4\n',
      [
        [3, 4],
        [4, 0],
      ],
    ],
    [
      'skew-symmetric',
      '%%MatrixMarket matrix coordinate real skew-symmetric\n2 2 1\n2 1 4\n',
      [
        [0, -4],
        [4, 0],
      ],
    ],
    [
      'array',
      '%%MatrixMarket matrix array real general\n2 2\n1\n2\n3\n4\n',
      [
        [1, 3],
        [2, 4],
      ],
    ],
    [
      'symmetric array',
      '%%MatrixMarket matrix array real symmetric\n2 2\n1\n2\n3\n',
      [
        [1, 2],
        [2, 3],
      ],
    ],
    [
      'skew-symmetric array',
      '%%MatrixMarket matrix array integer skew-symmetric\n3 3\n1\n2\n3\n',
      [
        [0, -1, -2],
        [1, 0, -3],
        [2, 3, 0],
      ],
    ],
    [
      'comments, empty lines, ends of Windows, letters large and small, no end of the last line',
      '%%matrixmarket MATRIX Coordinate Real General\r\n% by hand\r\n%\r\n\r\n 2  2\t2 \r\n\r\n1 1 1D1\r\n%in between\r\n2 2  NaN',
      [
        [10, 0],
        [0, NaN],
      ],
    ],
    ['no entries', '%%MatrixMarket matrix coordinate real general\n2 1 0\n', [[0], [0]]],
    [
      'numbers of many digits',
      '%%MatrixMarket matrix array real general\n1 4\n0.1234567890123456789\n12345678901234567890\n1.7976931348623157e308\n-5e-324\n',
      [[0.12345678901234568, 12345678901234567000, 1.7976931348623157e308, -5e-324]],
    ],
  ])('%s', async (_, text, wanted) => {
    // biome-ignore format: a file a row
    expect(await rowsOf(text)).toEqual(wanted);
    expect(await rowsOf(text)).toEqual(wanted);
    const packedPath = await file(gzipSync(text), 'gz');
    expect(await readMatrix(packedPath)).toEqual(await readMatrix(await file(text)));
  });

  const list = '%%MatrixMarket matrix coordinate real general\n';
  test.each([
    ['an entry below', `${list}2 2 1\n0 1 1\n`, 3, 'row from 1 to 2 and a column from 1 to 2; got 0, 1'],
    ['an entry outside', `${list}2 2 2\n1 1 1\n1 3 1\n`, 4, 'got 1, 3'],
    ['half an index', `${list}2 2 1\n1.5 1 1\n`, 3, 'got 1.5, 1'],
    ['a word', `${list}2 2 1\n1 1 one\n`, 3, "3 numbers; got '1 1 one'"],
    ['two numbers', `${list}2 2 1\n1 1\n`, 3, "3 numbers; got '1 1'"],
    ['four numbers', `${list}2 2 1\n1 1 1 1\n`, 3, "got '1 1 1 1'"],
    ['too few entries', `${list}2 2 2\n1 1 1\n`, 3, '2 entries; got 1'],
    ['too many', `${list}2 2 1\n1 1 1\n2 2 2\n`, 4, '1 entries; got more'],
    ['more entries than the file has bytes for', `${list}2000 2000 4000000\n1 1 1\n`, 2, 'got 4000000 in a file of'],
    ['more columns than anything is in', `${list}3 4294967295 1\n1 1 1\n`, 2, 'got 4294967295 in a file of'],
    ['no size', `${list}`, 1, 'got its end'],
    ['a size of words', `${list}two 2 1\n`, 2, "got 'two 2 1'"],
    ['a size beyond 32 bits', `${list}4294967296 2 0\n`, 2, 'below 2³²'],
    ['a symmetric one that is not square', '%%MatrixMarket matrix coordinate real symmetric\n2 3 0\n', 2, 'got 2 × 3'],
    ['another banner', '%%MatrixMarket vector coordinate real general\n', 1, 'matrix coordinate|array'],
    ['a pattern as an array', '%%MatrixMarket matrix array pattern general\n1 1\n1\n', 1, 'without values'],
  ])('%s: the line', async (_, text, line, words) => {
    const error = await faultOf(await file(text, 'mtx'));
    expect(error).toMatchObject({ code: 'damaged', line });
    expect(error.message).toContain(words);
    expect(error.message).toContain(`at line ${line}`);
  });

  test('an entry twice; complex numbers', async () => {
    const twice = await faultOf(await file(`${list}3 2 3\n2 1 1\n1 2 1\n2 1 5\n`, 'mtx'));
    expect(twice.message).toContain('row 2, column 1 twice');
    const complex = await faultOf(await file('%%MatrixMarket matrix coordinate complex general\n1 1 0\n', 'mtx'));
    expect(complex.code).toBe('unsupported');
  });

  test('entries in any order are those in order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 7 }), fc.double({ noNaN: true, noDefaultInfinity: true })), { selector: ([i, j]) => i * 100 + j, maxLength: 40 }), // biome-ignore format: one thought
        async (entries) => {
          const found = await readMatrix(await file(`${list}9 7 ${entries.length}\n${entries.map((e) => e.join(' ')).join('\n')}\n`)); // biome-ignore format: one thought
          const wanted = new Float64Array(63);
          for (const [i, j, x] of entries) wanted[i - 1 + (j - 1) * 9] = x;
          expect(toDense(found).data).toEqual(wanted.map((x) => x + 0));
          if (found.kind !== 'csc') throw new Error('sparse');
          expect(found.values.length).toBe(entries.length);
        },
      ),
    );
  });
});

const X = uniform(13, 9, 4);
const written: readonly (readonly [string, WrittenFormat, Matrix])[] = [
  ['dense .npy', 'npy', X],
  ['dense .npy of 32-bit floats, row after row', 'npy', { kind: 'dense', rows: 13, cols: 9, order: 'rows', data: Float32Array.from(X.data) }],
  ['dense .npz', 'npz', X],
  ['.safetensors', 'safetensors', { ...X, order: 'rows' }],
  ['.safetensors of 32-bit floats', 'safetensors', { kind: 'dense', rows: 13, cols: 9, data: Float32Array.from(X.data) }],
  ['sparse .npz', 'npz', toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) })],
  ['dense .mtx', 'mtx', X],
  ['sparse .mtx', 'mtx', toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) })],
  ['sparse .mtx.gz', 'mtx.gz', toCsc({ ...X, data: X.data.map((x) => (x < 0.5 ? 0 : x)) })],
]; // biome-ignore format: a file a row

describe.each(written)('%s', (name, format, matrix) => {
  const path = () => place(`written-${name.replaceAll(/\W/g, '')}.${format}`);
  beforeAll(() => writeMatrix(path(), matrix));

  test('is read as it was written, to the bit', async () => {
    const found = await readMatrix(path());
    expect(found.kind).toBe(matrix.kind);
    if (matrix.kind === 'csc' && found.kind === 'csc') {
      expect(found.indptr).toEqual(matrix.indptr);
      expect(found.indices).toEqual(matrix.indices);
      expect(found.values).toEqual(matrix.values);
    }
    expect(toDense(found)).toEqual(toDense(matrix));
    const other = await readMatrix(path(), { orientation: 'samples-by-features' });
    expect([other.rows, other.cols]).toEqual([9, 13]);
    expect(await readMatrix(await file(await readFile(path())), {})).toEqual(found);
  });

  test('cut anywhere, it is refused', async () => {
    const bytes = await readFile(path());
    for (let cut = 0; cut < 50; cut++) {
      const length = Math.floor((cut / 50) * bytes.length);
      const error = await faultOf(await file(bytes.subarray(0, length), format), {});
      expect(['damaged', 'unknown-format']).toContain(error.code);
    }
  });

  test('with a byte changed it is refused, or it is a matrix', async () => {
    const bytes = await readFile(path());
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      const found = await readMatrix(await file(own, format)).catch((error: unknown) => error);
      if (found instanceof IoError) continue;
      expect(found).toMatchObject({ rows: expect.any(Number), cols: expect.any(Number) });
      // What has a checksum is never wrong without a word.
      if (format === 'npz' || format === 'mtx.gz') expect(toDense(found as Matrix)).toEqual(toDense(matrix)); // no error
    }
  });
});

test('what no memory holds is refused, not thrown as it comes', async () => {
  // So many numbers fit into what these bytes could unpack to, and into no array.
  const text = `%%MatrixMarket matrix array real general\n4294967295 4294967295\n${'1\n'.repeat(10)}`;
  expect(await faultOf(await file(text, 'mtx'))).toMatchObject({ code: 'damaged', line: 2 });
  const rows = 2 ** 31;
  const packed = await file(gzipSync(`%%MatrixMarket matrix array real symmetric\n${rows} ${rows}\n1\n`), 'gz');
  expect(['damaged', 'unsupported']).toContain((await faultOf(packed)).code);
});

describe('files that are none', () => {
  test('missing, a folder, without permission, empty, of no format', async () => {
    expect(await faultOf(place('none.npy'))).toMatchObject({ code: 'not-read' });
    expect((await faultOf(folder)).message).toContain('got a folder');
    expect(await faultOf(await file('', 'npy'))).toMatchObject({ code: 'unknown-format' });
    expect((await faultOf(await file('hello, this is a letter'))).message).toContain('"hello, this is a"');
    expect((await faultOf(await file(gzipSync('hello')))).message).toContain('"hello"');
    const closed = await file('x');
    await chmod(closed, 0);
    // Whoever is root may read everything.
    if (process.getuid?.() !== 0) expect((await faultOf(closed)).message).toContain('may not read');
  });

  test('options that are none', async () => {
    const path = await file(npy(header('<f8'), new Uint8Array(48)));
    for (const [options, words] of [
      [{ format: 'xls' }, 'format must be one of npy, npz, mtx'],
      [{ orientation: 'up' }, "orientation must be 'features-by-samples'"],
      [{ array: 3 }, 'array must be a text'],
      [{ sheet: 1 }, "got 'sheet'"],
      [null, 'must be an object'],
    ] as const) {
      const error = await faultOf(path, options as object);
      expect(error.code).toBe('invalid-option');
      expect(error.message).toContain(words);
    }
    expect((await faultOf(path, { format: 'mtx' })).code).toBe('damaged');
  });

  test('an array of several is asked for by name', async () => {
    const path = place('several.npz');
    await writeMatrix(path, X);
    expect(await readMatrix(path, { array: 'matrix' })).toEqual(await readMatrix(path));
    expect(await faultOf(path, { array: 'x' })).toMatchObject({ code: 'not-found' });
  });
});

test('names of a matrix are those of its input', async () => {
  const matrix: FileMatrix = {
    ...X,
    rowNames: Array.from({ length: 13 }, (_, i) => `gene ${i}`),
    colNames: [...'abcdefghi'],
  };
  const layer = (input: Parameters<typeof factorInput>[0], options = {}) =>
    factorNet(nmfLayer(factorInput(input, { name: 'x', ...options }), { name: 'parts', k: 2, maxIter: 3 }), {
      seed: 1,
    });
  const { parts } = await layer(matrix).fit();
  expect(parts.W.rowNames).toEqual(matrix.rowNames);
  expect(parts.H.colNames).toEqual(matrix.colNames);
  const turned = await layer(matrix, { orientation: 'samples-by-features', sampleNames: [...'ABCDEFGHIJKLM'] }).fit();
  expect(turned.parts.W.rowNames).toEqual(matrix.colNames);
  expect(turned.parts.H.colNames).toEqual([...'ABCDEFGHIJKLM']);
  expect(() => layer({ ...matrix, colNames: ['a'] })).toThrow('9');
});

test('an array that no memory holds is a fault of the file, which is that large', async () => {
  const bytes = npy(header('<f8', `(${2 ** 30}, ${2 ** 6})`), new Uint8Array(0));
  const path = await file(bytes, 'npy');
  // A file with nothing in it but its length.
  await truncate(path, bytes.length + 8 * 2 ** 36);
  expect(await faultOf(path)).toMatchObject({
    code: 'unsupported',
    message: expect.stringMatching(/A matrix must fit into memory; got (Invalid typed array length|Array buffer allocation)/), // biome-ignore format: one thought
    cause: expect.any(RangeError),
  });
});

test('an input is read from its file; what is wrong with that is a fault of its data', async () => {
  const path = place('input.mtx.gz');
  await writeMatrix(path, toCsc(X));
  const fitted = (input: string | Matrix) =>
    factorNet(nmfLayer(factorInput(input, { name: 'x' }), { name: 'parts', k: 2, maxIter: 3 }), { seed: 1 }).fit();
  expect((await fitted(path)).parts.W).toEqual((await fitted(await readMatrix(path))).parts.W);
  for (const [bad, words] of [
    [place('nowhere.npy'), 'got none'],
    [await file('%%MatrixMarket matrix coordinate real general\n1 1 1\n2 1 1\n', 'mtx'), 'at line 3'],
  ]) {
    const made = () => factorNet(nmfLayer(factorInput(bad, { name: 'x' }), { name: 'parts', k: 2 }));
    expect(made).toThrow(GraphError);
    expect(made).toThrow(words);
    expect(made).toThrow(bad);
  }
});

describe('writeMatrix', () => {
  test('says what it can not write, and leaves nothing half-written', async () => {
    const sparse = toCsc(X);
    const refused = async (path: string, matrix: Matrix, options = {}) => {
      const error = await writeMatrix(path, matrix, options).catch((reason: unknown) => reason);
      if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
      return error;
    };
    expect(await refused(place('sparse.npy'), sparse)).toMatchObject({ code: 'unsupported' });
    expect(await refused(place('ratings.npz'), { ...sparse, unlisted: 'missing' })).toMatchObject({
      code: 'unsupported',
    });
    expect(await refused(place('sparse.safetensors'), sparse)).toMatchObject({ code: 'unsupported' });
    expect(await refused(place('matrix.docx'), X)).toMatchObject({ code: 'invalid-option' });
    expect(await refused(place('matrix.npy'), X, { kind: 'npy' })).toMatchObject({ code: 'invalid-option' });
    expect(await refused(place('no/such/folder.npy'), X)).toMatchObject({ code: 'not-written' });
    await mkdir(place('taken.npy'));
    expect(await refused(place('taken.npy'), X)).toMatchObject({ code: 'not-written' });
    expect((await stat(place('taken.npy'))).isDirectory()).toBe(true);
  });
});
