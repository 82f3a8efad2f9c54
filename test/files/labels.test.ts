import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { fc, test as property } from '@fast-check/vitest';
import { afterAll, describe, expect, test } from 'vitest';
import { type IoErrorCode, readLabels, writeMatrix } from '../../src/index.js';
import { unpackHdf5 } from '../support/hdf5-files.js';

const folder = mkdtempSync(join(tmpdir(), 'factorloom-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const written = (name: string, text: string | Uint8Array) => {
  writeFileSync(at(name), text);
  return at(name);
};

const CELLS = 'cell,type,n\nc1,T cell,3\nc2,"B, naive",NA\nc3,,7\n';

describe('a column of a table of text', () => {
  test.each([
    ['cells.csv', CELLS],
    ['cells.csv.gz', gzipSync(CELLS)],
    ['cells.tsv', '\ttype\tn\r\nc1\tT cell\t3\r\nc2\tB, naive\tNA\r\nc3\t\t7\r\n'],
    ['cells.txt', '\ufeff"cell";"type";"n"\n"c1";"T cell";3\n"c2";"B, naive";NA\n"c3";"";7\n'],
  ])('%s', async (name, text) => {
    const path = written(name, text);
    expect(await readLabels(path, 'type')).toEqual(['T cell', 'B, naive', null]);
    expect(await readLabels(path, 'n')).toEqual(['3', null, '7']);
    expect(await readLabels(path, 'type', { names: ['c3', 'x', 'c1'] })).toEqual([null, null, 'T cell']);
  });

  const ids = fc.uniqueArray(fc.nat(999), { minLength: 1, maxLength: 30 });
  property.prop([ids, fc.nat(29)], { numRuns: 40 })(
    'is that of the names, in whatever order its lines are',
    async (some, shift) => {
      const names = some.map((id) => `cell ${id}`);
      const lines = names.map((name, i) => `${name},type ${some[i] % 3}`);
      const turned = lines.map((_, i) => lines[(i + shift) % lines.length]);
      const path = written('any.csv', `name,type\n${turned.join('\n')}\n`);
      expect(await readLabels(path, 'type', { names })).toEqual(some.map((id) => `type ${id % 3}`));
    },
  );

  test('without names is in the order of the samples', async () => {
    const path = written('numbers.csv', 'depth,type\n1,a\n2,b\n');
    expect(await readLabels(path, 'type', { names: ['x', 'y'] })).toEqual(['a', 'b']);
    expect(await readLabels(written('one.csv', 'type\na\nb\n'), 'type')).toEqual(['a', 'b']);
  });
});

test('of AnnData they are columns of obs and var; of a table of columns its texts and numbers', async () => {
  unpackHdf5(folder);
  const kinds = await readLabels(at('layers.h5ad'), 'kind');
  expect(kinds).toEqual(['b', 'a', null, 'b', 'a', 'b']);
  expect(await readLabels(at('layers.h5ad'), 'kind', { names: ['cell 1', 'cell 2', 'cell 0'] })).toEqual([
    'a',
    null,
    'b',
  ]);
  expect(await readLabels(at('layers.h5ad'), 'symbol')).toEqual(['w', 'x', 'y']);
  const numbers = {
    rows: 2,
    cols: 2,
    data: Float64Array.of(1, Number.NaN, 3, 4),
    rowNames: ['c1', 'c2'],
    colNames: ['n', 'm'],
  };
  await writeMatrix(at('numbers.arrow'), numbers);
  expect(await readLabels(at('numbers.arrow'), 'n', { names: ['c2', 'c1'] })).toEqual([null, 1]);
});

describe('what is no column of labels', () => {
  const cells = written('bad.csv', CELLS);
  test.each<readonly [string, string, readonly string[] | undefined, IoErrorCode, RegExp]>([
    [cells, 'typ', undefined, 'not-found', /one column 'typ'; got cell, type, n, at line 1/],
    [written('same.csv', 'c,t,t\na,b,c\n'), 't', undefined, 'not-found', /got two such/],
    [cells, 'type', ['s1', 's2'], 'not-found', /called 's1', 's2'; got 'c1', 'c2', 'c3'/],
    [written('ragged.csv', 'c,t\na,b\nd\n'), 't', undefined, 'damaged', /must have 2 fields.*got 1, at line 3/],
    [written('twice.csv', 'c,t\na,b\na,d\n'), 't', ['a'], 'damaged', /got 'a' twice/],
    [written('short.csv', 'n,t\n1,b\n'), 't', ['a', 'b'], 'damaged', /must be 2, as the samples; got 1/],
    [written('wide.csv', Uint8Array.of(0xff, 0xfe, 99, 0)), 't', undefined, 'damaged', /UTF-16/],
    [at('none.csv'), 't', undefined, 'not-read', /got none/],
    [folder, 't', undefined, 'not-read', /a folder with/],
  ])('%s, %s', async (path, column, names, code, message) => {
    await expect(readLabels(path, column, { names })).rejects.toMatchObject({
      ...{ name: 'IoError', code, path, message: expect.stringMatching(message) },
    });
  });

  test('of a matrix without labels', async () => {
    await writeMatrix(at('plain.npy'), { rows: 1, cols: 2, data: Float64Array.of(1, 2) });
    await expect(readLabels(at('plain.npy'), 't')).rejects.toMatchObject({ code: 'not-found', message: expect.stringMatching(/got none/) }); // biome-ignore format: one thought
  });
});
