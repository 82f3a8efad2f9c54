import { writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/files/formats/csv/read-csv.js';
import type { Found } from '../../src/files/formats/found.js';
import { readMatrixMarket } from '../../src/files/formats/matrix-market.js';
import type { TextTableOptions } from '../../src/files/formats/table-options.js';
import { nativeText } from '../../src/files/native-text.js';
import { memorySource, type Source, withFile } from '../../src/files/source.js';
import { IoError, type Matrix } from '../../src/index.js';
import { testFolder } from '../support/files.js';
import { haveNative, withoutNative } from '../support/native.js';

const { place } = testFolder();
const path = place('text.bin');

/** The bits of a matrix, or what was said of its file. */
async function outcome(read: () => Promise<Matrix | Found>): Promise<unknown> {
  try {
    const found = await read();
    const { matrix, ...sides } = 'matrix' in found ? found : { matrix: found };
    const { kind, rows, cols } = matrix;
    if (kind === 'dense') return { kind, rows, cols, order: matrix.order, data: bits(matrix.data), sides };
    const [indptr, indices, values] = [matrix.indptr, matrix.indices, matrix.values].map(bits);
    return { kind, rows, cols, indptr, indices, values, sides };
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    const { code, message, line, offset } = error;
    return { code, message, line, offset };
  }
}

/** One NaN is as good as another. */
const bits = (values: ArrayLike<number>) =>
  Buffer.from(Float64Array.from(values, (x) => (Number.isNaN(x) ? Number.NaN : x)).buffer).toString('base64');

/** Bytes that are read as a file, by Rust where they are plain, and in memory, by the definition. */
async function bothWays(bytes: Uint8Array, read: (source: Source) => Promise<Matrix | Found>): Promise<unknown> {
  await writeFile(path, bytes);
  const [quick, defined] = [
    await outcome(() => withFile(path, read)),
    await outcome(() => read(memorySource(bytes, path))),
  ];
  expect(quick).toEqual(defined);
  return quick;
}
const market = (bytes: Uint8Array) => bothWays(bytes, readMatrixMarket);
const table = (bytes: Uint8Array, options: TextTableOptions = {}) =>
  bothWays(bytes, (source) => readCsv(source, options));

const bytesOf = (text: string, compressed = false) => {
  const bytes = new TextEncoder().encode(text);
  return compressed ? gzipSync(bytes) : bytes;
};

/** Numbers as programs and people write them, and some that are none. */
const written = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 12345 }).map(String) },
  { weight: 4, arbitrary: fc.double({ noDefaultInfinity: true, noNaN: true }).map(String) },
  { weight: 2, arbitrary: fc.float({ noDefaultInfinity: true, noNaN: true }).map((x) => x.toExponential(16)) },
  {
    weight: 3,
    arbitrary: fc
      .tuple(
        fc.constantFrom('', '-', '+'),
        fc.stringMatching(/^\d{0,25}\.?\d{0,25}$/),
        fc.constantFrom('', 'e5', 'E-7', 'e+22', 'e-320', 'e309', 'D2', 'e00012', 'e'),
      )
      .map((parts) => parts.join('')),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('nan', 'NaN', '-inf', 'Infinity', '+INF', '0x10', '1_0', '1,5', '٣', '--1', '.', '-', '1e', '9007199254740993', '0.1e-400', `0.${'0'.repeat(399)}1e401`, '1'.repeat(420)), // biome-ignore format: one list
  },
);
const blank = fc.constantFrom(' ', ' ', ' ', '\t', '  ', ' \t');
const end = fc.constantFrom('\n', '\n', '\n', '\r\n', ' \n', '\n\n', '\n% so\n', '\n \t\n', '\n %\n');

describe.skipIf(!haveNative)(`text that Rust reads${withoutNative}`, () => {
  const marketText = fc
    .record({
      form: fc.constantFrom(
        'real general',
        'integer general',
        'pattern general',
        'real symmetric',
        'real skew-symmetric',
        'pattern symmetric',
      ),
      rows: fc.integer({ min: 1, max: 12 }),
      lines: fc.array(fc.tuple(fc.nat(143), written, blank, end), { maxLength: 30 }),
      /** Whether entries come in order, none twice. */
      ordered: fc.boolean(),
      plain: fc.boolean(),
      off: fc.constantFrom(0, 0, 0, 0, 0, 1, -1),
      last: fc.boolean(),
      compressed: fc.boolean(),
    })
    .map(({ form, rows, lines, ordered, plain, off, last, compressed }) => {
      const placed = lines.map(([at, ...rest]) => ({ at: at % (rows * rows), rest }));
      const own = ordered
        ? [...new Map(placed.map((one) => [one.at, one])).values()].sort((a, b) => a.at - b.at)
        : placed;
      const text = own.map(({ at, rest: [value, gap, stop] }, n) => {
        const [i, j] = [(at % rows) + 1, Math.floor(at / rows) + 1];
        const given = form.startsWith('pattern') ? [] : [plain ? String(n % 7) : value];
        return [i, j, ...given].join(plain ? ' ' : gap) + (plain ? '\n' : stop);
      });
      const body = text.join('');
      return bytesOf(
        `%%MatrixMarket matrix coordinate ${form}\n% of ours\n${rows} ${rows} ${own.length + off}\n${last ? body : body.trimEnd()}`,
        compressed,
      );
    });

  test('entries are those of the definition to the bit, and so is what is said of faults', async () => {
    let matrices = 0;
    await fc.assert(
      fc.asyncProperty(marketText, async (bytes) => {
        const found = await market(bytes);
        if (typeof found === 'object' && found !== null && 'kind' in found) matrices++;
      }),
      { numRuns: 300 },
    );
    expect(matrices).toBeGreaterThan(100);
  });

  const tableText = fc
    .record({
      delimiter: fc.constantFrom(',', '\t', ';', '|', ' '),
      header: fc.boolean(),
      names: fc.constantFrom('none', 'bare', 'quoted', 'odd'),
      cols: fc.integer({ min: 1, max: 5 }),
      lines: fc.array(fc.tuple(fc.array(fc.oneof({ weight: 8, arbitrary: fc.integer({ min: -99, max: 999 }).map((x) => String(x / 8)) }, written, fc.constantFrom('', 'NA', '"4"', '" 5"', '"NA"', ' 7 ')), { minLength: 5, maxLength: 5 }), fc.constantFrom('\n', '\n', '\n', '\n', '\r\n', '\n\n', ' \n')), { minLength: 1, maxLength: 12 }), // biome-ignore format: one list
      short: fc.constantFrom(0, 0, 0, 0, 0, 0, 0, 1, -1),
      marked: fc.boolean(),
      compressed: fc.boolean(),
      options: fc.constantFrom<TextTableOptions>(
        {},
        {},
        {},
        { missing: ['-'] },
        { missing: ['', '7', 'NA'] },
        { columns: ['c1', 'c0'] },
      ),
    })
    .map(({ delimiter, header, names, cols, lines, short, marked, compressed, options }) => {
      const nameOf = { none: () => [], bare: (n: number) => [`gène ${n}`.replaceAll(delimiter, '_')], quoted: (n: number) => [`"r${delimiter}${n}"`], odd: (n: number) => [n % 3 === 0 ? '"a""b"' : n % 3 === 1 ? '"a\nb"' : `x${n}`] }[names]; // biome-ignore format: one list
      const first = [...(names === 'none' ? [] : ['']), ...Array.from({ length: cols }, (_, c) => `c${c}`)];
      const body = lines.map(([row, stop], n) => [...nameOf(n), ...row.slice(0, n === 4 ? cols + short : cols)].join(delimiter) + stop); // biome-ignore format: one list
      const text = `${marked ? '\ufeff' : ''}${header ? `${first.join(delimiter)}\n` : ''}${body.join('')}`;
      return { bytes: bytesOf(text, compressed), options: { ...options, delimiter } };
    });

  test('tables are those of the definition to the bit, and so is what is said of faults', async () => {
    let matrices = 0;
    await fc.assert(
      fc.asyncProperty(tableText, async ({ bytes, options }) => {
        const found = await table(bytes, options);
        if (typeof found === 'object' && found !== null && 'kind' in found) matrices++;
      }),
      { numRuns: 300 },
    );
    expect(matrices).toBeGreaterThan(100);
  });

  const long = (() => {
    const list = Array.from({ length: 500_000 }, (_, n) => `${(n % 1000) + 1} ${Math.floor(n / 1000) + 1} ${n % 91}`);
    return `%%MatrixMarket matrix coordinate integer general\n1000 500 500000\n${list.join('\n')}\n`;
  })();

  test('more than a stretch of text, whole or compressed, in one member or several', async () => {
    const bytes = bytesOf(long);
    const members = [0, 1e6, 1e6 + 7, bytes.length].flatMap((to, m, all) =>
      m === 0 ? [] : [gzipSync(bytes.subarray(all[m - 1], to))],
    );
    const [first, ...others] = [
      bytes,
      gzipSync(bytes),
      Buffer.concat(members),
      Buffer.concat([...members, Buffer.alloc(600)]),
    ];
    const found = await market(first);
    expect(found).toMatchObject({ kind: 'csc', rows: 1000, cols: 500 });
    for (const own of others) expect(await market(own)).toEqual(found);
  });

  test('a compressed file that is cut or changed is told of as by the definition', async () => {
    const whole = gzipSync(bytesOf(long.slice(0, 60_000).replace('500000', '6000')));
    for (let n = 0; n < 50; n++) await market(whole.subarray(0, Math.floor((n * whole.length) / 50)));
    for (let n = 0; n < 200; n++) {
      const changed = Uint8Array.from(whole);
      // The first bytes say how the others are to be read.
      changed[n < 40 ? n : Math.floor(((n - 40) * whole.length) / 160)] ^= 1 << (n % 8);
      await market(changed);
    }
    for (const behind of [[0], [0x1f], [0x1f, 0x8b], [7]])
      await market(Buffer.concat([whole, Uint8Array.from(behind)]));
  });

  test('what is plain is not declined, nor are columns in any order', async () => {
    const shuffled = long.split('\n').slice(2, 3000).reverse();
    const cases = [
      [long, 500_000],
      [`a\nb\n${shuffled.join('\n')}`, 2998],
    ] as const;
    for (const [text, count] of cases) {
      await writeFile(path, text);
      const from = text.indexOf('\n', text.indexOf('\n') + 1) + 1;
      await withFile(path, async (source) => {
        const listed = { rows: 1000, cols: 500, valued: true, mirror: null, count };
        const [own, moved] = [false, true].map((movable) => nativeText(source, false, from)?.entries(listed, movable));
        const found = await own;
        expect(found?.values).toHaveLength(count);
        expect(found?.columns === undefined).toBe(text === long);
        expect(found?.ascending).toBe(text === long);
        expect(await moved).toEqual(found);
      });
    }
  });

  test('a table with names, quotes, gaps and infinities is plain, with room for all or less', async () => {
    const lines = Array.from({ length: 3000 }, (_, i) => `"g${i}",${i / 7},,NA,-${i}e-3,Inf`);
    await writeFile(path, lines.join('\r\n'));
    await withFile(path, async (source) => {
      const listed = { delimiter: 0x2c, places: [-2, 0, 1, 2, 3, 4], missing: ['', 'NA'], cols: 5 };
      const [own, data] = [nativeText(source, false, 0), new Float64Array(5 * 3000)];
      const first = await own?.rows(listed, data.subarray(0, 5 * 1234), 0);
      expect(first).toMatchObject({
        stopped: 'full',
        filled: 1234,
        consumed: lines.slice(0, 1234).join('\r\n').length + 2,
      });
      const second = await own?.rows(listed, data, 1234);
      expect(second).toMatchObject({ stopped: 'done', filled: 3000 });
      expect([...(first?.names ?? []), ...(second?.names ?? [])]).toEqual(lines.map((_, i) => `g${i}`));
      const wanted = lines.flatMap((_, i) => [i / 7, Number.NaN, Number.NaN, Number(`-${i}e-3`), Infinity]);
      expect(data).toEqual(Float64Array.from(wanted));
    });
  });
});
