import { truncate, utimes, writeFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streamMatrix } from '../../src/files/stream-matrix.js';
import { IoError, readMatrix } from '../../src/index.js';
import { type DenseMatrix, dense, toDense } from '../../src/matrix.js';
import { eachPanel, type StreamedMatrix, withPanels } from '../../src/streamed.js';
import { testFolder } from '../support/files.js';
import { sparse, uniform } from '../support/matrices.js';
import { denseSpz, resealed, SPZ_CODECS, SPZ_TYPES, sparseSpz } from '../support/spz-files.js';

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
      'unsupported: A file that is streamed must be an .npy or .spz file; got another: leave out stream',
    ],
    ['a list', listed, 'unsupported: A matrix must have two dimensions'],
    ['no numbers', npy('<f8', 0, 3, false, () => 0), 'unsupported: A matrix must be at least 1 × 1; got 0 × 3'],
    ['half a header', npy('<f8', 2, 3, false, () => 0).subarray(0, 20), 'damaged'],
  ])('%s: a fault at once', async (name, bytes, words) => {
    const path = bytes === undefined ? place(`${name}.npy`) : await file(bytes, 'npy');
    expect(await codeOf((async () => streamMatrix(path))())).toContain(words);
  });
});

describe('streamMatrix of .spz files', () => {
  const shape = { rows: fc.integer({ min: 1, max: 9 }), cols: fc.integer({ min: 1, max: 200 }), seed: fc.nat(1000) };
  const how = { chunk: fc.integer({ min: 1, max: 210 }), panelBytes: fc.integer({ min: 1, max: 20000 }) };

  /** Bytes of what describes chunks, and of the chunks; nothing is read of those without entries. */
  function readFor(spz: Uint8Array, version: 2 | 3): number {
    const view = new DataView(spz.buffer, spz.byteOffset);
    const chunks = view.getUint32(28, true);
    const described = version === 2 ? 48 : view.getUint8(80) === 0 ? 24 : 40;
    const [from, to] = version === 2 ? [64, 80] : [48, 64];
    const empty = Array.from({ length: version === 2 ? chunks : 0 }, (_, n) => 128 + n * 48).reduce(
      (sum, at) => sum + (view.getUint32(at + 8, true) === 0 ? view.getUint32(at + 20, true) : 0),
      0,
    );
    return chunks * described - empty + Number(view.getBigUint64(to, true)) - Number(view.getBigUint64(from, true));
  }

  test.each(SPZ_CODECS)(
    'dense, %s: panels are what readMatrix reads, however chunks lie; each byte is read once',
    async (codec) => {
      await fc.assert(
        fc.asyncProperty(
          fc.record({ ...shape, ...how, differences: fc.boolean() }),
          async ({ rows, cols, seed, chunk, panelBytes, differences }) => {
            const data = uniform(rows, cols, seed).data.map((x) => Math.floor(x * 2000) / 8);
            const spz = denseSpz({ kind: 'dense', rows, cols, data }, codec, {
              chunk,
              differences,
              wide: codec === 'plain',
            });
            const path = await file(spz, 'spz');
            const read = await readMatrix(path);
            const matrix = streamMatrix(path, { panelBytes });
            expect(matrix).toMatchObject({
              rows,
              cols,
              order: 'columns',
              precision: codec === 'plain' ? 'f64' : 'f32',
            });
            const found = await whole(matrix);
            expect(found.data.data).toEqual(toDense(read).data);
            expect(found.bytes).toBe(readFor(spz, 3));
          },
        ),
        { numRuns: 20 },
      );
    },
  );

  test.each(SPZ_TYPES)('sparse, %s: the same', async (type) => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({ ...shape, ...how, every: fc.integer({ min: 1, max: 9 }) }),
        async ({ rows, cols, seed, chunk, panelBytes, every }) => {
          const made = sparse(rows, cols, seed, every);
          const large = type === 'u2' || type === 'u4' ? 1000 : 200;
          const spz = sparseSpz({ ...made, values: made.values.map((x) => Math.floor(x * large)) }, type, { chunk });
          const path = await file(spz, 'spz');
          const read = await readMatrix(path);
          const matrix = streamMatrix(path, { panelBytes });
          expect(matrix).toMatchObject({ rows, cols, order: 'csc', entries: made.values.length });
          const found = await whole(matrix);
          expect(found.data.data).toEqual(toDense(read).data);
          expect(found.bytes).toBe(readFor(spz, 2));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('a walk may begin anew anywhere, and passes by what lies before', async () => {
    const made = sparse(20, 300, 4, 3);
    for (const spz of [sparseSpz(made, 'f8', { chunk: 70 }), denseSpz(toDense(made), 'coded', { chunk: 70 })]) {
      const path = await file(spz, 'spz');
      const read = toDense(await readMatrix(path));
      await withPanels(streamMatrix(path, { panelBytes: 1 }), async (panels) => {
        for (const [from, to] of [[0, 64], [64, 100], [200, 264], [30, 90], [0, 10], [290, 300]] as const) // biome-ignore format: one thought
          expect(toDense(await panels.panel(from, to)).data).toEqual(
            read.data.subarray(from * read.rows, to * read.rows),
          );
      });
    }
  });

  const counts = sparse(30, 200, 4, 3);
  const kinds = [
    ['sparse', sparseSpz({ ...counts, values: counts.values.map((x) => Math.floor(x * 600)) }, 'u2', { chunk: 90 })],
    ['sparse floats', sparseSpz(counts, 'f8', { chunk: 90 })],
    ['dense', denseSpz(uniform(30, 200, 2), 'coded', { chunk: 90, differences: true })],
  ] as const;

  test.each(kinds)('%s: cut or changed anywhere it is an IoError; sealed again, that or a matrix', async (_, spz) => {
    const stream = async (bytes: Uint8Array) => {
      const path = await file(bytes, 'spz');
      try {
        return await whole(streamMatrix(path, { panelBytes: 1 }));
      } catch (error) {
        if (error instanceof IoError) return error;
        throw error;
      }
    };
    for (let n = 0; n < 50; n++)
      expect(await stream(spz.subarray(0, Math.floor((n / 50) * spz.length)))).toBeInstanceOf(IoError);
    let sound = 0;
    for (let n = 0; n < 200; n++) {
      const own = Uint8Array.from(spz);
      own[Math.floor((n / 200) * spz.length)] ^= 1 << (n % 8);
      expect(await stream(own)).toBeInstanceOf(IoError);
      const found = await stream(resealed(own));
      if (!(found instanceof IoError)) sound++;
    }
    expect(sound).toBeLessThan(200);
  });

  test('a file that changes while it is walked through is a fault', async () => {
    for (const [name, spz] of kinds) {
      const path = place(`changed ${name}.spz`);
      await writeFile(path, spz);
      const matrix = streamMatrix(path, { panelBytes: 1 });
      await withPanels(matrix, async (panels) => {
        await panels.panel(0, 64);
        await truncate(path, 200);
        expect(await codeOf(panels.panel(64, 200))).toContain('damaged');
        expect(await codeOf(panels.panel(0, 64))).toContain('bytes and not');
      });
    }
  });

  test('more numbers than fit into memory, which few bytes are the code of, are refused before room is made', async () => {
    const spz = Uint8Array.from(denseSpz({ kind: 'dense', rows: 1, cols: 4, data: new Float32Array(4) }, 'coded'));
    const view = new DataView(spz.buffer);
    view.setUint32(8, 3e7, true);
    view.setBigUint64(16, BigInt(12e7), true);
    expect(await codeOf(whole(streamMatrix(await file(resealed(spz), 'spz'))))).toMatch(/damaged|Leave out stream/);
    view.setUint32(8, 5e6, true);
    view.setBigUint64(16, BigInt(2e7), true);
    expect(await codeOf(whole(streamMatrix(await file(resealed(spz), 'spz'))))).toContain('Leave out stream');
  });

  test('samples as rows, sorted rows and other versions are refused at once', async () => {
    const made = sparseSpz(counts, 'f8');
    const turned = await file(made, 'spz');
    expect(await codeOf((async () => streamMatrix(turned, { orientation: 'samples-by-features' }))())).toContain(
      'got samples-by-features: leave out stream',
    );
    for (const [at, byte, words] of [
      [42, 1, 'row_sort = FALSE'],
      [4, 9, 'of version 2 or 3; got 9'],
      [40, 7, 'a type from 0 to 6'],
    ] as const) {
      // biome-ignore format: one thought
      const own = Uint8Array.from(made);
      own[at] = byte;
      const path = await file(resealed(own), 'spz');
      expect(await codeOf((async () => streamMatrix(path))())).toContain(words);
    }
  });
});
