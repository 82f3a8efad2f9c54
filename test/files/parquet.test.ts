import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { IoError, MissingPeerError, readMatrix, writeMatrix } from '../../src/index.js';
import { entry, toCsc, toDense } from '../../src/matrix.js';
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

/** A file of these columns. */
async function written(
  columnData: Parameters<typeof import('hyparquet-writer')['parquetWriteBuffer']>[0]['columnData'],
) {
  const { parquetWriteBuffer } = await import('hyparquet-writer');
  return file(new Uint8Array(parquetWriteBuffer({ columnData, rowGroupSize: 3 })), 'parquet');
}

describe('.parquet', () => {
  test('is read as it was written, to the bit, names and all', async () => {
    await writeMatrix(place('x.parquet'), X);
    const found = await readMatrix(place('x.parquet'));
    expect(toDense(found)).toEqual(toDense(X));
    expect([found.rowNames, found.colNames]).toEqual([X.rowNames, X.colNames]);
    const single = { kind: 'dense', rows: 2, cols: 2, order: 'rows', data: Float32Array.of(0.1, 2, 3, 4) } as const;
    await writeMatrix(place('single.parquet'), single);
    expect(await readMatrix(place('single.parquet'))).toEqual({
      ...{ kind: 'dense', rows: 2, cols: 2, colNames: ['0', '1'] },
      data: Float32Array.of(0.1, 3, 2, 4),
    });
  });

  test('triplets, with names and without', async () => {
    const sparse = toCsc({ ...X, data: X.data.map((x) => (x < 0.3 ? 0 : x)) });
    for (const names of [{}, { rowNames: X.rowNames, colNames: X.colNames }]) {
      await writeMatrix(place('list.parquet'), { ...sparse, ...names, unlisted: 'missing' }, { layout: 'triplets' });
      const found = await readMatrix(place('list.parquet'), { layout: 'triplets', unlisted: 'missing' });
      if (found.kind !== 'csc') throw new Error('sparse');
      expect(found.unlisted).toBe('missing');
      expect(found.values.length).toBe(sparse.values.length);
      for (const [i, name] of (found.rowNames ?? []).entries())
        for (let j = 0; j < 3; j++) {
          const row = 'rowNames' in names ? X.rowNames.indexOf(name) : Number(name);
          expect(entry(found, i, j)).toBe(entry({ ...sparse, unlisted: 'missing' }, row, j));
        }
      expect(found.colNames).toEqual('colNames' in names ? X.colNames : ['0', '1', '2']);
    }
  });

  test('columns of all kinds; texts are labels', async () => {
    const path = await written([
      { name: 'n', data: [1, null, 3, 4, 5], type: 'DOUBLE', nullable: true },
      { name: 'id', data: ['a', 'b', 'c', 'd', 'e'], type: 'STRING' },
      { name: 'whole', data: [1n, 2n, -3n, 4n, 5n], type: 'INT64' },
      { name: 'yes', data: [true, false, true, true, false], type: 'BOOLEAN' },
      { name: 'kind', data: ['x', 'y', 'x', null, 'y'], type: 'STRING', nullable: true },
    ]);
    expect(await readMatrix(path)).toEqual({
      ...{ kind: 'dense', rows: 5, cols: 3, rowNames: [...'abcde'], colNames: ['n', 'whole', 'yes'] },
      rowLabels: { kind: ['x', 'y', 'x', '', 'y'] },
      data: Float64Array.of(1, NaN, 3, 4, 5, 1, 2, -3, 4, 5, 1, 0, 1, 1, 0),
    });
    const chosen = await readMatrix(path, { columns: ['yes', 'n'], names: 'kind', orientation: 'samples-by-features' });
    expect(chosen).toMatchObject({ rows: 2, cols: 5, rowNames: ['yes', 'n'], colNames: ['x', 'y', 'x', '', 'y'] });
    expect(await faultOf(path, { columns: ['id'] })).toMatchObject({ code: 'unsupported' });
    expect((await faultOf(path, { columns: ['z'] })).message).toContain("one column 'z'; got n, id, whole");
    expect(await faultOf(path, { layout: 'triplets' })).toMatchObject({ code: 'invalid-option' });
    expect((await faultOf(path, { header: true })).message).toContain('of format parquet');
    const dates = await written([
      { name: 'day', data: [new Date(0)], type: 'TIMESTAMP' },
      { name: 'x', data: [1], type: 'DOUBLE' },
    ]);
    expect((await faultOf(dates)).message).toContain("'day' of timestamp");
    expect(await readMatrix(dates, { columns: ['x'] })).toMatchObject({ rows: 1, cols: 1 });
  });

  test('more columns than are read at a time', async () => {
    const wide = uniform(5, 200, 2);
    await writeMatrix(place('wide.parquet'), wide);
    expect(toDense(await readMatrix(place('wide.parquet')))).toEqual(toDense(wide));
  });

  test('cut or changed it is refused, or it is a matrix', async () => {
    await writeMatrix(place('whole.parquet'), X);
    const bytes = await readFile(place('whole.parquet'));
    for (let cut = 0; cut < 50; cut++) {
      const path = await file(bytes.subarray(0, Math.floor((cut / 50) * bytes.length)), 'parquet');
      expect(['damaged', 'unknown-format']).toContain((await faultOf(path)).code);
    }
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      const found = await readMatrix(await file(own, 'parquet')).catch((error: unknown) => error);
      if (found instanceof IoError) continue;
      expect(found).toMatchObject({ rows: expect.any(Number), cols: expect.any(Number) });
    }
  });

  test('says what it can not write', async () => {
    const error = await writeMatrix(place('twice.parquet'), { ...X, colNames: ['a', 'a', 'b'] }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({
      name: 'IoError',
      code: 'unsupported',
      message: expect.stringContaining("got 'a' twice"),
    });
  });
});

test.each(['hyparquet', 'hyparquet-compressors', 'hyparquet-writer'])(
  'without %s: the line that installs it',
  async (name) => {
    await writeMatrix(place('there.parquet'), X);
    vi.resetModules();
    vi.doMock(name, () => {
      throw new Error('no such package');
    });
    try {
      const own = await import('../../src/index.js');
      const used =
        name === 'hyparquet-writer' ? own.writeMatrix(place('not.parquet'), X) : own.readMatrix(place('there.parquet'));
      const error = await used.catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(own.MissingPeerError);
      expect(error).toMatchObject({ code: 'missing-peer', package: name });
      expect(String(error)).toContain('To read and write Parquet files the package');
      expect(String(error)).toContain('npm install hyparquet@');
    } finally {
      vi.doUnmock(name);
      vi.resetModules();
    }
  },
);

test('versions of the line are those of the package', async () => {
  const manifest = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const { PARQUET_PEERS } = await import('../../src/files/peers.js');
  for (const [name, version] of Object.entries(PARQUET_PEERS)) {
    expect(manifest.peerDependencies[name]).toBe(version);
    expect(readme).toContain(` ${name}@${version}`);
  }
  expect(new MissingPeerError('p', 'npm install p', undefined, 'do it').message).toContain('To do it the package p');
});
