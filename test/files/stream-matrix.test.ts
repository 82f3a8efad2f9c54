import { truncate, utimes, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streamMatrix } from '../../src/files/stream-matrix.js';
import { IoError, readMatrix } from '../../src/index.js';
import { type DenseMatrix, dense, toDense } from '../../src/matrix.js';
import { eachPanel, type StreamedMatrix, withPanels } from '../../src/streamed.js';
import { testFolder } from '../support/files.js';

const { place, file } = testFolder();

const ARRAYS = {
  '<f8': Float64Array,
  '<f4': Float32Array,
  '<i2': Int16Array,
  '|u1': Uint8Array,
  '<i8': BigInt64Array,
  '>f8': Float64Array,
  '>f4': Float32Array,
} as const;
type Descr = keyof typeof ARRAYS;

/** A .npy file of whole numbers. */
function npy(
  descr: Descr,
  rows: number,
  cols: number,
  fortran: boolean,
  at: (i: number, j: number) => number,
): Uint8Array {
  const numbers = Array.from({ length: rows * cols }, (_, p) =>
    fortran ? at(p % rows, Math.floor(p / rows)) : at(Math.floor(p / cols), p % cols),
  );
  const list = descr === '<i8' ? BigInt64Array.from(numbers, BigInt) : ARRAYS[descr as '<f8'].from(numbers);
  const body = Buffer.from(list.buffer);
  if (descr === '>f8') body.swap64();
  if (descr === '>f4') body.swap32();
  const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${rows}, ${cols}), }\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00..${text}`, 'latin1');
  head.writeUInt16LE(text.length, 8);
  return Buffer.concat([head, body]);
}

/** All panels of a matrix put together, and the bytes that were read for them. */
async function whole(matrix: StreamedMatrix): Promise<{ readonly data: DenseMatrix; readonly bytes: number }> {
  const data = dense(matrix.rows, matrix.cols);
  const bytes = await withPanels(matrix, async (panels) => {
    await eachPanel(matrix, panels, async (panel, from) => {
      // The next panel has its own place.
      await new Promise((resolve) => setTimeout(resolve, 1));
      data.data.set(toDense(panel).data, from * matrix.rows);
    });
    return panels.bytesRead();
  });
  return { data, bytes };
}

const codeOf = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.catch((reason: unknown) => reason);
  if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
  return `${error.code}: ${error.message}`;
};

describe('streamMatrix', () => {
  const shape = { rows: fc.integer({ min: 1, max: 9 }), cols: fc.integer({ min: 1, max: 200 }) };
  const how = {
    descr: fc.constantFrom(...(Object.keys(ARRAYS) as Descr[])),
    fortran: fc.boolean(),
    turned: fc.boolean(),
    panelBytes: fc.integer({ min: 1, max: 20000 }),
  };

  test('panels of any file, in any order, are what readMatrix reads, and each byte is read once', async () => {
    await fc.assert(
      fc.asyncProperty(fc.record({ ...shape, ...how }), async ({ rows, cols, descr, fortran, turned, panelBytes }) => {
        const path = await file(
          npy(descr, rows, cols, fortran, (i, j) => (i * 31 + j * 7) % 101),
          'npy',
        );
        const orientation = turned ? 'samples-by-features' : 'features-by-samples';
        const read = await readMatrix(path, { orientation });
        const matrix = streamMatrix(path, { orientation, panelBytes });
        expect(matrix).toMatchObject({ rows: read.rows, cols: read.cols, path });
        const { data, bytes } = await whole(matrix);
        expect(data.data).toEqual(toDense(read).data);
        expect(bytes).toBe(matrix.bytes);
        expect(matrix.precision).toBe(read.kind === 'dense' && read.data instanceof Float32Array ? 'f32' : 'f64');
      }),
      { numRuns: 60 },
    );
  });

  test('panels are as large as is said, and no smaller than a stretch', async () => {
    const path = await file(
      npy('<f8', 10, 1000, true, (i, j) => i + j),
      'npy',
    );
    expect(streamMatrix(path).together).toBe(1000);
    expect(streamMatrix(path, { panelBytes: 10 * 8 * 200 }).together).toBe(192);
    expect(streamMatrix(path, { panelBytes: 1 }).together).toBe(64);
  });

  test('a file that is cut, made longer or written anew is a fault, when it is opened and between walks', async () => {
    const bytes = npy('<f8', 10, 500, true, (i, j) => i + j);
    const each: [string, (path: string) => Promise<void>, string][] = [
      ['cut', (path) => truncate(path, bytes.length - 8), 'bytes and not'],
      ['longer', (path) => writeFile(path, Buffer.concat([bytes, bytes])), 'bytes and not'],
      ['another', (path) => utimes(path, 1, 1), 'got another'],
    ];
    for (const [name, change, words] of each) {
      const path = place(`${name}.npy`);
      await writeFile(path, bytes);
      const matrix = streamMatrix(path, { panelBytes: 1 });
      await withPanels(matrix, async (panels) => {
        await panels.panel(0, 64);
        await change(path);
        expect(await codeOf(panels.panel(0, 64))).toContain(words);
        if (name === 'cut') expect(await codeOf(panels.panel(448, 500))).toContain('damaged: A file must hold');
      });
      expect(await codeOf(matrix.open())).toContain('damaged: A file that is streamed must stay as it was');
    }
  });

  test('rows that are cut short are a fault too', async () => {
    const bytes = npy('<f4', 300, 100, false, (i, j) => i + j);
    const path = await file(bytes, 'npy');
    const matrix = streamMatrix(path, { panelBytes: 1 });
    await withPanels(matrix, async (panels) => {
      await panels.panel(0, 64);
      await truncate(path, bytes.length - 4);
      expect(await codeOf(panels.panel(64, 100))).toContain('damaged: A file must hold');
    });
  });

  const listed = Buffer.from(Buffer.from(npy('<f8', 1, 2, false, () => 0)).toString('latin1').replace('(1, 2)', '(2,  )'), 'latin1'); // biome-ignore format: one thought
  test.each([
    ['none', undefined, 'not-read'],
    ['an empty file', '', 'unsupported'],
    [
      'a table',
      'a,b\n1,2\n',
      'unsupported: A file that is streamed must be an .npy file; got another: leave out stream',
    ],
    ['a list', listed, 'unsupported: A matrix must have two dimensions'],
    ['no numbers', npy('<f8', 0, 3, false, () => 0), 'unsupported: A matrix must be at least 1 × 1; got 0 × 3'],
    ['half a header', npy('<f8', 2, 3, false, () => 0).subarray(0, 20), 'damaged'],
  ])('%s: a fault at once', async (name, bytes, words) => {
    const path = bytes === undefined ? place(`${name}.npy`) : await file(bytes, 'npy');
    expect(await codeOf((async () => streamMatrix(path))())).toContain(words);
  });
});
