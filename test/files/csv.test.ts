import { readFile } from 'node:fs/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readCsv } from '../../src/files/formats/csv/read-csv.js';
import type { TextTableOptions } from '../../src/files/formats/table-options.js';
import { memorySource } from '../../src/files/source.js';
import {
  factorInput,
  factorNet,
  IoError,
  nmfLayer,
  type ReadMatrixOptions,
  readMatrix,
  writeMatrix,
} from '../../src/index.js';
import { entry, toCsc, toDense } from '../../src/matrix.js';
import { faultOf, testFolder } from '../support/files.js';
import { uniform } from '../support/matrices.js';

const { place, file } = testFolder();

async function table(text: string | Uint8Array, options: ReadMatrixOptions = {}, ending = 'csv') {
  const matrix = await readMatrix(await file(text, ending), options);
  const numbers = Array.from({ length: matrix.rows }, (_, i) =>
    Array.from({ length: matrix.cols }, (__, j) => entry(matrix, i, j)),
  );
  const { rowNames, colNames } = matrix;
  return { numbers, ...(rowNames && { rowNames }), ...(colNames && { colNames }) };
}

describe('a table of text', () => {
  const two = [[1, 2], [3, 4]]; // biome-ignore format: a matrix
  const rowNames = ['x', 'y'];
  const colNames = ['a', 'b'];
  test.each<readonly [string, string, object]>([
    ['numbers', '1,2\n3,4\n', { numbers: two }],
    ['names of columns', 'a,b\n1,2\n3,4', { numbers: two, colNames }],
    ['names of rows', 'x,1,2\ny,3,4\n', { numbers: two, rowNames }],
    ['names of both', 'g,a,b\nx,1,2\ny,3,4\n', { numbers: two, rowNames, colNames }],
    ['as pandas writes it', ',0,1\n0,1,2\n1,3,4\n', { numbers: two, rowNames: ['0', '1'], colNames: ['0', '1'] }],
    ['as R writes it', '"a" "b"\n"1" 1 2\n"2" 3 4\n', { numbers: two, rowNames: ['1', '2'], colNames }],
    ["as R's write.csv does", '"","1","2"\n"x",1,2\n"y",3,4\n', { numbers: two, rowNames, colNames: ['1', '2'] }],
    ['names that are numbers, in quotes', '"1","2"\n1,2\n3,4\n', { numbers: two, colNames: ['1', '2'] }],
    ['numbers in quotes', '"1","2"\n"3","4"\n', { numbers: two }],
    ['tabs', 'g\ta b\tc,d\nx\t1\t2\ny\t3\t4\n', { numbers: two, rowNames, colNames: ['a b', 'c,d'] }],
    ['semicolons', 'g;a;b\nx, y;1;2\ny;3;4\n', { numbers: two, rowNames: ['x, y', 'y'], colNames }],
    ['bars', 'a|b\n1|2\n3|4\n', { numbers: two, colNames }],
    ['commas, and names with other delimiters', ',a,b\nx;1,1,2\ny|2,3,4\n', { numbers: two, rowNames: ['x;1', 'y|2'], colNames }],
    ['runs of blanks', '  1   2 \n 3\t 4\n', { numbers: two }],
    ['blanks around fields', 'g , a, b\n x ,1 , 2\ny, 3 ,4\n', { numbers: two, rowNames, colNames }],
    ['ends of lines of Windows, empty lines, a mark at the beginning', '\ufeff\r\ng,a,b\r\n\r\nx,1,2\r\n  \r\ny,3,4\r\n\r\n', { numbers: two, rowNames, colNames }],
    ['quotes', 'g,"a","b ""c"", d"\n"x\ny",1,2\r\n" ""y""",3,"4"', { numbers: two, rowNames: ['x\ny', ' "y"'], colNames: ['a', 'b "c", d'] }],
    ['a quote within a word', '5\' end,6" b\n1,2\n3,4\n', { numbers: two, colNames: ["5' end", '6" b'] }],
    ['letters of the world', 'gène,α,样本\nx,1,2\ny,3,4\n', { numbers: two, rowNames, colNames: ['α', '样本'] }],
    ['missing ones', 'a,b\nNA,nan\n,N/A\nnull,NaN\n', { numbers: [[NaN, NaN], [NaN, NaN], [NaN, NaN]], colNames }],
    ['missing ones at the ends', '1,,\n,2,3\n', { numbers: [[1, NaN, NaN], [NaN, 2, 3]] }],
    ['one column', 'a\n1\n""\n\n3\n', { numbers: [[1], [NaN], [3]], colNames: ['a'] }],
    ['one line', '1,2', { numbers: [[1, 2]] }],
    ['numbers of all kinds', '-1.5,+2e3,.5,1E-5,-0,1d2,inf,-Infinity,12345678901234567890,0.1234567890123456789,1e-320,4.35,1e23\n', {
      numbers: [[-1.5, 2000, 0.5, 1e-5, -0, 100, Infinity, -Infinity, 12345678901234567000, 0.12345678901234568, 1e-320, 4.35, 1e23]],
    }],
  ])('%s', async (_, text, wanted) => {
    expect(await table(text)).toEqual(wanted);
    expect(await table(gzipSync(text), {}, 'txt.gz')).toEqual(wanted);
  }); // biome-ignore format: a file a row

  test.each<readonly [string, string, ReadMatrixOptions, object]>([
    ['header: false', '2001,2002\n3,4\n', { header: false }, { numbers: [[2001, 2002], [3, 4]] }],
    ['header: true', '2001,2002\n3,4\n', { header: true }, { numbers: [[3, 4]], colNames: ['2001', '2002'] }],
    ['names: true', 'a,b\n1,2\n', { names: true }, { numbers: [[2]], rowNames: ['1'], colNames: ['b'] }],
    ['names: false', ',b\n1,2\n', { names: false }, { numbers: [[1, 2]], colNames: ['', 'b'] }],
    ['names of a column', 'a,id,b\n1,x,2\n', { names: 'id' }, { numbers: [[1, 2]], rowNames: ['x'], colNames: ['a', 'b'] }],
    ['delimiter', 'a:b\n1:2\n', { delimiter: ':' }, { numbers: [[1, 2]], colNames: ['a', 'b'] }],
    ['missing', '-99,.\n-99.0,2\n', { missing: ['-99', '.'] }, { numbers: [[NaN, NaN], [NaN, 2]] }],
    ['columns, in their order', 'g,t,a,b\nx,word,1,2\n', { columns: ['b', 'a'] }, { numbers: [[2, 1]], rowNames: ['x'], colNames: ['b', 'a'] }],
    ['orientation', 'g,a,b\nx,1,2\n', { orientation: 'samples-by-features' }, { numbers: [[1], [2]], rowNames: ['a', 'b'], colNames: ['x'] }],
  ])('%s', async (_, text, options, wanted) => {
    expect(await table(text, options)).toEqual(wanted);
  }); // biome-ignore format: a file a row

  test('triplets: lines in the order of their names, ratings of whole numbers in that of these', async () => {
    const text = 'user,item,stars,time\n10,b,5,1\n9,b,4,1\n10,a,,2\n';
    const options = { layout: 'triplets', columns: ['user', 'item', 'stars'] } as const;
    const ratings = await readMatrix(await file(text, 'csv'), { ...options, unlisted: 'missing' });
    expect(ratings).toEqual({
      ...{ kind: 'csc', rows: 2, cols: 2, unlisted: 'missing', rowNames: ['9', '10'], colNames: ['b', 'a'] },
      indptr: Uint32Array.of(0, 2, 3),
      indices: Uint32Array.of(0, 1, 1),
      values: Float64Array.of(4, 5, NaN),
    });
    expect(await table('x\ta\t1\ny\tb\t2\n', { layout: 'triplets' }, 'tsv')).toEqual({
      numbers: [[1, 0], [0, 2]],
      rowNames: ['x', 'y'],
      colNames: ['a', 'b'],
    }); // biome-ignore format: a matrix
    expect((await faultOf(await file(`${text}9,b,1,1\n`, 'csv'), options)).message).toContain(
      "row '9', column 'b' twice",
    );
    expect(await faultOf(await file(text, 'csv'), { layout: 'triplets' })).toMatchObject({ code: 'invalid-option' });
  });

  const bad = (text: string | Uint8Array, line: number, words: string, options: ReadMatrixOptions = {}) =>
    [words, text, line, options] as const;
  test.each([
    bad('1,2\n3\n', 2, 'must have 2 fields, as the one before; got 1'),
    bad('g,a\nx,1\n\ny,2,3\n', 4, 'must have 2 fields, as the one before; got 3'),
    bad('a,b,c\n1,2\n', 2, 'must have 2 fields'),
    bad('1;2,5\n3;4,5\n', 1, 'Write decimals with a point', { header: false, names: false }),
    bad('a,b\n1,2\n3,x\n', 3, "got 'x' in column 2. Say which columns"),
    bad('"a\nb",c\n1,2\n3,"4\n4"\n', 4, "got '4\n4'"),
    bad('1,x\n2,3\n', 1, "got both, as 'x'. Say which by header"),
    bad('a,b\n1,"2\n', 2, 'got the end of the text'),
    bad('a,b\n1,"2"3\n', 2, 'Double the quotes within it'),
    bad(`a,b\n1,"${'2'.repeat(70_000 * 20)}\n`, 2, 'must have 65536 bytes at most'),
    bad('a,b\n', 1, 'got none but that of names'),
    bad('\n\n', 1, 'got none'),
    bad(Buffer.from('a,\xe9\n1,2\n', 'latin1'), 1, 'must be UTF-8; got other bytes. Convert it: iconv'),
    bad(Buffer.from('a,b\n1,2\n3,\xe9\n', 'latin1'), 3, 'must be UTF-8'),
    bad(Buffer.from('\ufeffa,b\n1,2\n', 'utf16le'), 1, 'got UTF-16'),
    bad('1,\u00002\n', 1, 'bytes that are no text'),
    bad('1,2\n', 1, "one column 'a'; got a table without names", { columns: ['a'] }),
    bad('a,a\n1,2\n', 1, "one column 'a'; got two such", { columns: ['a'] }),
    bad('a,b\n1,2\n', 1, "one column 'c'; got a, b", { names: 'c' }),
    bad('a\nx\n', 1, 'a column of numbers; got none', { names: 'a' }),
  ])('%s', async (words, text, line, options) => {
    const error = await faultOf(await file(text, 'csv'), options);
    expect(error.message).toContain(words);
    expect(error.line).toBe(line);
    expect(['damaged', 'not-found']).toContain(error.code);
  });

  test('options that are none, or that have no use', async () => {
    const path = await file('a,b\n1,2\n', 'csv');
    for (const [options, words] of [
      [{ delimiter: '::' }, 'delimiter must be one ASCII character'],
      [{ delimiter: '5' }, 'delimiter must be one ASCII character'],
      [{ header: 1 }, 'header must be true or false'],
      [{ missing: 'NA' }, 'missing must be a list of texts'],
      [{ layout: 'long' }, "layout must be 'matrix' or 'triplets'"],
      [{ columns: ['a', 'a'] }, 'columns must be a list of texts that are not the same'],
      [{ names: 3 }, 'names must be true, false or a text'],
      [{ unlisted: 'none' }, "unlisted must be 'zero' or 'missing'"],
      [{ unlisted: 'zero' }, "with layout: 'triplets'"],
      [{ layout: 'triplets', names: true }, 'names must be left out'],
      [{ array: 'a' }, "got 'array'"],
    ] as const) {
      const error = await faultOf(path, options as object);
      expect(error.code).toBe('invalid-option');
      expect(error.message).toContain(words);
    }
    await writeMatrix(place('plain.npy'), uniform(2, 2, 1));
    expect((await faultOf(place('plain.npy'), { header: true })).message).toContain('of format npy');
  });
});

describe('in pieces', () => {
  const word = fc.string({ unit: fc.constantFrom(...'ab "\',;|\t\n\r1.é样'), maxLength: 6 });
  const numbers = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true }).map(String),
    fc.constantFrom('', 'NA', '1e5', '-0'),
  );
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;

  test('of any size a text is the same table', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }).chain((cols) =>
          fc.record({
            header: fc.array(word, { minLength: cols, maxLength: cols }),
            rows: fc.array(fc.tuple(word, fc.array(numbers, { minLength: cols, maxLength: cols })), {
              minLength: 1,
              maxLength: 6,
            }),
            size: fc.integer({ min: 1, max: 9 }),
            delimiter: fc.constantFrom(',', '\t', ';', '|', ' '),
          }),
        ),
        async ({ header, rows, size, delimiter }) => {
          const field = delimiter === ' ' ? (text: string) => text || '""' : (text: string) => text;
          const lines = [
            ['""', ...header.map(quoted)],
            ...rows.map(([name, own]) => [quoted(name), ...own.map(field)]),
          ];
          const bytes = new TextEncoder().encode(lines.map((line) => line.join(delimiter)).join('\r\n'));
          const source = memorySource(bytes, 'pieces.csv');
          async function* pieces() {
            // Each piece in the same bytes, as a file is read.
            const piece = new Uint8Array(size);
            for (let at = 0; at < bytes.length; at += size) {
              const own = bytes.subarray(at, at + size);
              piece.set(own);
              yield piece.subarray(0, own.length);
            }
          }
          const options: TextTableOptions = { header: true, names: true, delimiter };
          const found = await readCsv({ ...source, pieces }, options);
          expect(found).toEqual(await readCsv(source, options));
          expect(found.rows?.names).toEqual(rows.map(([name]) => name));
          expect(found.columns?.names).toEqual(header);
          const wanted = rows.flatMap(([, own]) =>
            own.map((text) => (text === '' || text === 'NA' ? NaN : Number(text))),
          );
          expect(found.matrix).toMatchObject({ order: 'rows', data: Float64Array.from(wanted) });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('more than is read at a time, rows of any length', async () => {
    const rows = Array.from({ length: 30_000 }, (_, i) => [
      `r${i}`,
      i / 7,
      i % 11 === 0 ? NaN : -i,
      i < 20_000 ? 0 : i * Math.PI,
    ]);
    const text = `id,a,b,c\n${rows.map((row) => row.map((x) => (Number.isNaN(x) ? '' : x)).join(',')).join('\n')}\n`;
    expect(text.length).toBeGreaterThan(2 ** 20);
    const found = await readMatrix(await file(text, 'csv'));
    expect(found).toEqual(await readMatrix(await file(gzipSync(text), 'csv.gz')));
    expect(found.rowNames).toEqual(rows.map(([name]) => name));
    expect(found).toMatchObject({
      rows: 30_000,
      cols: 3,
      data: Float64Array.from(rows.flatMap((row) => row.slice(1) as number[])),
    }); // all but the name
  });
});

describe('written', () => {
  const names = fc.string({ unit: fc.constantFrom(...'ab "\',;|\t\n\r1.é-'), maxLength: 4 });
  const x = fc.oneof(fc.double(), fc.integer().map(Number), fc.constantFrom(0, -0, NaN, 1e300));

  test('is read as it was, to the bit, with any names', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).chain(([rows, cols]) =>
          fc.record({
            ...{ kind: fc.constant('dense' as const), rows: fc.constant(rows), cols: fc.constant(cols) },
            order: fc.constantFrom('rows' as const, 'columns' as const),
            data: fc
              .array(x, { minLength: rows * cols, maxLength: rows * cols })
              .map((list) => Float64Array.from(list)),
            rowNames: fc.option(fc.array(names, { minLength: rows, maxLength: rows }), { nil: undefined }),
            colNames: fc.option(fc.array(names, { minLength: cols, maxLength: cols }), { nil: undefined }),
          }),
        ),
        fc.constantFrom<readonly [string, string | undefined]>(
          ['csv', undefined],
          ['tsv', undefined],
          ['csv.gz', ';'],
          ['csv', ' '],
        ),
        async (matrix, [ending, delimiter]) => {
          const path = place(`any.${ending}`);
          await writeMatrix(path, matrix, { delimiter });
          const { rowNames, colNames } = matrix;
          const said: ReadMatrixOptions = { header: colNames !== undefined, names: rowNames !== undefined, delimiter };
          const found = await readMatrix(path, said);
          expect(toDense(found)).toEqual(toDense(matrix));
          expect([found.rowNames, found.colNames]).toEqual([rowNames, colNames]);
        },
      ),
      { numRuns: 150 },
    );
  });

  test('what it is is found without being told', async () => {
    const named = ['x', '2'];
    for (const ending of ['csv', 'tsv', 'tsv.gz'])
      for (const [rowNames, colNames] of [
        [named, named],
        [
          ['1', '2'],
          ['3', '4'],
        ],
        [undefined, ['3', 'NA']],
        [['1', '2']],
        [],
      ]) {
        // biome-ignore format: one thought
        const matrix = { kind: 'dense', rows: 2, cols: 2, data: Float64Array.of(1, NaN, 3, -0), rowNames, colNames } as const;
        const path = place(`found.${ending}`);
        await writeMatrix(path, matrix);
        const found = await readMatrix(path);
        expect(toDense(found)).toEqual(toDense(matrix));
        expect([found.rowNames, found.colNames]).toEqual([rowNames, colNames]);
      }
    expect(gunzipSync(await readFile(place('found.tsv.gz'))).toString()).toBe('1\t3\n\t-0\n');
  });

  test('sparse ones: as a whole, and as triplets', async () => {
    const data = uniform(7, 5, 3).data.map((value) => (value < 0.4 ? 0 : value));
    const sparse = toCsc({ kind: 'dense', rows: 7, cols: 5, data });
    const list = { ...sparse, rowNames: [...'abcdefg'], colNames: ['one, two', '2', '3', '4', '5'] };
    await writeMatrix(place('sparse.csv'), list);
    const whole = await readMatrix(place('sparse.csv'));
    expect(toDense(whole)).toEqual(toDense(sparse));
    await writeMatrix(place('ratings.csv'), { ...list, unlisted: 'missing' });
    expect(toDense(await readMatrix(place('ratings.csv'))).data).toEqual(data.map((value) => value || NaN));
    await writeMatrix(place('list.tsv'), { ...list, unlisted: 'missing' }, { layout: 'triplets' });
    const found = await readMatrix(place('list.tsv'), { layout: 'triplets', unlisted: 'missing' });
    expect(found.colNames).toEqual(list.colNames.filter((_, j) => sparse.indptr[j] < sparse.indptr[j + 1]));
    const [rowNames, colNames] = [found.rowNames ?? [], found.colNames ?? []];
    for (const [i, row] of rowNames.entries())
      for (const [j, column] of colNames.entries())
        expect(entry(found, i, j)).toBe(data[list.rowNames.indexOf(row) + 7 * list.colNames.indexOf(column)] || NaN);
    await writeMatrix(place('plain.csv'), sparse, { layout: 'triplets' });
    const plain = await readMatrix(place('plain.csv'), { layout: 'triplets' });
    expect([plain.rows, plain.cols, plain.rowNames?.[0]]).toEqual([7, 5, '0']);
    expect(toDense(plain)).toEqual(toDense(sparse));
  });

  test('says what it can not', async () => {
    const X = uniform(2, 2, 1);
    for (const [name, matrix, options, words] of [
      ['a.npy', X, { delimiter: ',' }, 'delimiter must be given for a table'],
      ['a.csv', X, { layout: 'wide' }, "layout must be 'matrix' or 'triplets'"],
      ['a.csv', { ...X, rowNames: ['a'] }, {}, 'rowNames must be 2 texts'],
      ['a.csv', { ...X, rowNames: ['a', 'a'] }, { layout: 'triplets' }, "got 'a' twice"],
      ['a.csv', { ...X, rows: 0, data: new Float64Array(0) }, {}, 'got 0 × 2'],
    ] as const) {
      const error = await writeMatrix(place(name), matrix, options as object).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(IoError);
      expect(String(error)).toContain(words);
    }
  });
});

describe('damaged', () => {
  const text = `,${Array.from({ length: 6 }, (_, j) => `"sample ${j}"`).join(',')}\n${Array.from({ length: 20 }, (_, i) => `gène ${i},${Array.from(uniform(1, 6, i).data).join(',')}`).join('\n')}\n`;
  test.each([
    ['csv', Buffer.from(text), {}],
    ['csv.gz', gzipSync(text), {}],
    ['csv', Buffer.from('u,i,x\n1,2,3.5\n2,1,4\n2,2,5\n'), { layout: 'triplets' }],
  ] as const)('%s: cut or changed it is refused, or it is a matrix', async (ending, bytes, options) => {
    const look = async (own: Uint8Array) => {
      const found = await readMatrix(await file(own, ending), options).catch((error: unknown) => error);
      if (!(found instanceof IoError))
        expect(found).toMatchObject({ rows: expect.any(Number), cols: expect.any(Number) });
      return found;
    };
    for (let cut = 0; cut < 50; cut++) await look(bytes.subarray(0, Math.floor((cut / 50) * bytes.length)));
    const whole = await look(bytes);
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      const found = await look(own);
      // What has a checksum is never wrong without a word.
      if (ending === 'csv.gz' && !(found instanceof IoError)) expect(found).toEqual(whole);
    }
  });
});

test('an input is read from a table, names and all', async () => {
  const path = await file('gene,s1,s2,s3\nx,1,2,3\ny,4,5,6\nz,7,8,1\n', 'csv');
  const { parts } = await factorNet(nmfLayer(factorInput(path, { name: 'rna' }), { name: 'parts', k: 2, maxIter: 3 }), {
    seed: 1,
  }).fit();
  expect(parts.W.rowNames).toEqual(['x', 'y', 'z']);
  expect(parts.H.colNames).toEqual(['s1', 's2', 's3']);
});
