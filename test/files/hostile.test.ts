import { rmSync } from 'node:fs';
import { File, ready } from 'h5wasm/node';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { readHere } from '../../src/files/read-matrix.js';
import { readMatrix, writeMatrix } from '../../src/index.js';
import { storedValues, toDense, toRows } from '../../src/matrix.js';
import { faultOf, testFolder } from '../support/files.js';

/** Files that are whole, and say what nobody expects. */
const { place, file } = testFolder();

type ParquetColumns = Parameters<typeof parquetWriteBuffer>[0]['columnData'];
const parquet = (columnData: ParquetColumns, pandas?: unknown) =>
  file(
    new Uint8Array(
      parquetWriteBuffer({
        columnData,
        ...(pandas === undefined ? {} : { kvMetadata: [{ key: 'pandas', value: JSON.stringify(pandas) }] }),
      }),
    ),
    'parquet',
  );

test('an HDF5 file leads to no other file, by links or through links', async () => {
  await ready;
  const [own, other] = [place('own.h5'), place('other.h5')];
  const secret = new File(other, 'w');
  secret.create_dataset({ name: 'X', data: Float64Array.of(7, 8, 9, 10), shape: [2, 2] });
  secret.create_group('G').create_dataset({ name: 'X', data: Float64Array.of(1, 2), shape: [1, 2] });
  secret.close();
  const made = new File(own, 'w');
  made.create_dataset({ name: 'here', data: Float64Array.of(1, 2, 3, 4), shape: [2, 2] });
  made.create_external_link(other, '/X', 'there');
  made.create_external_link('other.h5', '/G', 'G');
  made.create_soft_link('/there', 'over');
  made.close();
  for (const array of ['there', 'over', 'G/X'])
    await expect(readHere(own, { array })).rejects.toMatchObject({
      ...{ name: 'IoError', code: 'unsupported', path: own },
      message: expect.stringContaining(`must lie in its file; got a link to another at ${array}`),
    });
  // What is its own is still found, and is the only array that it holds.
  expect(toRows(toDense(await readHere(own, {})))).toEqual([[1, 2], [3, 4]]); // biome-ignore format: a matrix
  expect(await readMatrix(own, { array: 'here' })).toMatchObject({ rows: 2, cols: 2 });
  // Others in this process may open what they like.
  const after = new File(own, 'r');
  expect(after.get('there')).not.toBeNull();
  after.close();
});

test('whole numbers of a table are exact, or refused', async () => {
  const big = (data: bigint[]) => parquet([{ name: 'n', data, type: 'INT64', nullable: false }]);
  expect(storedValues(await readMatrix(await big([2n ** 53n, -(2n ** 60n), 3n])))).toEqual(
    Float64Array.of(2 ** 53, -(2 ** 60), 3),
  );
  expect(await faultOf(await big([1n, 2n ** 53n + 1n]))).toMatchObject({ code: 'unsupported' });
});

test('a column may be called as what every object has', async () => {
  const path = await parquet([
    { name: 'id', data: ['a', 'b'], type: 'STRING' },
    { name: '__proto__', data: ['p', 'q'], type: 'STRING' },
    { name: 'constructor', data: ['x', 'y'], type: 'STRING' },
    { name: 'n', data: [1, 2], type: 'DOUBLE' },
  ]);
  const { rowLabels = {} } = await readMatrix(path);
  expect(Object.entries(rowLabels)).toEqual([['__proto__', ['p', 'q']], ['constructor', ['x', 'y']]]); // biome-ignore format: a list
});

test('an index of several levels is no data', async () => {
  const columns: ParquetColumns = [
    { name: 'n', data: [1, 2, 3], type: 'DOUBLE' },
    { name: 'gene', data: ['a', 'a', 'b'], type: 'STRING' },
    { name: 'cell', data: [1, 2, 2], type: 'INT32' },
  ];
  const path = await parquet(columns, { index_columns: ['gene', 'cell'] });
  expect(await readMatrix(path)).toMatchObject({
    ...{ rows: 3, cols: 1, colNames: ['n'], rowNames: ['a', 'a', 'b'] },
    rowLabels: { cell: ['1', '2', '2'] },
  });
  // A series of two levels is what triplets are.
  expect(await readMatrix(path, { layout: 'triplets', columns: ['gene', 'cell', 'n'] })).toMatchObject({
    ...{ rows: 2, cols: 2, rowNames: ['a', 'b'], colNames: ['1', '2'] },
  });
  expect(await readMatrix(await parquet(columns, { index_columns: ['gene'] }))).toMatchObject({
    ...{ cols: 2, colNames: ['n', 'cell'] },
  });
});

test('texts of Parquet are UTF-8, a mark of the order of bytes among them', async () => {
  const named = (data: readonly Uint8Array[]) =>
    parquet([
      { name: 'id', data: [...data], type: 'BYTE_ARRAY' },
      { name: 'n', data: [1, 2], type: 'DOUBLE' },
    ]);
  const utf8 = new TextEncoder();
  const good = await readMatrix(await named([utf8.encode('\ufeffa'), utf8.encode('b')]));
  expect(good.rowNames).toEqual(['\ufeffa', 'b']);
  expect(await faultOf(await named([Uint8Array.of(0xff), utf8.encode('b')]))).toMatchObject({ code: 'damaged' });
});

test('−0 among zeros, and a column called as pandas calls an index, come back from tables of columns', async () => {
  const data = Float64Array.of(0, -0, 0, 0, -0, 0, 0, 0);
  const X = {
    ...({ kind: 'dense', rows: 4, cols: 2, data } as const),
    rowNames: ['\ufeffa', 'b', 'c', 'd'],
    colNames: ['__index_level_0__', 'x'],
  };
  for (const ending of ['parquet', 'arrow']) {
    await writeMatrix(place(`zeros.${ending}`), X);
    const found = await readMatrix(place(`zeros.${ending}`));
    expect([...storedValues(found)].map((x) => Object.is(x, -0))).toEqual([...data].map((x) => Object.is(x, -0)));
    expect(found).toMatchObject({ rowNames: X.rowNames, colNames: X.colNames });
  }
});

test('matrices without an entry come back from .npz', async () => {
  const none = new Float64Array(0);
  for (const [rows, cols] of [
    [0, 3],
    [3, 0],
  ]) {
    await writeMatrix(place('none.npz'), { kind: 'dense', rows, cols, data: none });
    expect(await readMatrix(place('none.npz'))).toMatchObject({ kind: 'dense', rows, cols });
    rmSync(place('none.npz'));
  }
  const [indptr, indices] = [new Uint32Array(3), new Uint32Array(0)];
  await writeMatrix(place('none.npz'), { kind: 'csc', rows: 5, cols: 2, indptr, indices, values: none });
  expect(await readMatrix(place('none.npz'))).toMatchObject({ kind: 'csc', rows: 5, cols: 2 });
});
