import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { openHdf5 } from '../../src/files/hdf5.js';
import { type ReadMatrixOptions, readHere } from '../../src/files/read-matrix.js';
import { factorInput, factorNet, IoError, inspectFile, nmfLayer, readMatrix } from '../../src/index.js';
import { type Matrix, toDense, toRows } from '../../src/matrix.js';
import { expectSound, testFolder } from '../support/files.js';
import { HDF5_FILES, hdf5Bytes, unpackHdf5 } from '../support/hdf5-files.js';

const { folder, place, file } = testFolder();
beforeAll(() => {
  unpackHdf5(folder);
  // The package says here when it may not have the memory that a damaged file asks for.
  vi.spyOn(console, 'error').mockImplementation(() => {});
});

/** Features × samples of what make.py calls dense: 10 i + j where (i + j) % 3 is not 0. */
const X = Array.from({ length: 4 }, (_, j) =>
  Array.from({ length: 6 }, (_, i) => ((i + j) % 3 === 0 ? 0 : 10 * i + j)),
);
const rowsOf = (matrix: Matrix) => toRows(toDense(matrix));
const cells = Array.from({ length: 6 }, (_, i) => `cell ${i}`);
const genes = ['gène A', 'B', 'C', 'D'];
const turned = (rows: readonly (readonly number[])[]) => rows[0].map((_, j) => rows.map((row) => row[j]));
/** Reads in this thread, which is sooner done. */
const read = (name: string, options: ReadMatrixOptions = {}) => readHere(place(name), options);

async function faultIn(path: string, options: ReadMatrixOptions = {}): Promise<IoError> {
  const error = await readHere(path, options).catch((reason: unknown) => reason);
  if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
  expect(error.path).toBe(path);
  return error;
}

describe('AnnData', () => {
  test('X, features × samples, with names and labels of every kind', async () => {
    const found = await readMatrix(place('layers.h5ad'));
    expect(rowsOf(found)).toEqual(X.slice(0, 3));
    expect(found).toMatchObject({ kind: 'csc', rows: 3, cols: 6, rowNames: genes.slice(0, 3), colNames: cells });
    if (found.kind !== 'csc') throw new Error('sparse');
    expect(found.values).toBeInstanceOf(Float32Array);
    expect(found.rowLabels).toEqual({ symbol: ['w', 'x', 'y'] });
    expect(found.colLabels).toEqual({
      depth: Float64Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
      count: Float64Array.of(-1, 0, 1, 2, 3, 4),
      good: Float64Array.of(1, 0, 1, 0, 1, 0),
      words: ['w0é', 'w1é', 'w2é', 'w3é', 'w4é', 'w5é'],
      kind: ['b', 'a', '', 'b', 'a', 'b'],
      batch: Float64Array.of(3, 7, 3, 3, 7, 7),
      maybe: Float64Array.of(1, NaN, 3, 4, 5, 6),
      sure: Float64Array.of(1, NaN, 0, 1, 1, 0),
    });
  });

  test('layers, raw with its own variables, and embeddings', async () => {
    const [counts, dense, raw, pca] = await Promise.all(
      ['counts', 'dense', 'raw', 'obsm/X_pca'].map((layer) => read('layers.h5ad', { layer })),
    );
    expect(rowsOf(counts)).toEqual(X.slice(0, 3));
    expect(counts).toMatchObject({ kind: 'csc', rowNames: genes.slice(0, 3) });
    expect(rowsOf(dense)).toEqual(X.slice(0, 3).map((row) => row.map((x) => x / 8)));
    expect(rowsOf(raw)).toEqual(X);
    expect(raw).toMatchObject({ rowNames: genes, colNames: cells, rowLabels: { symbol: ['w', 'x', 'y', 'z'] } });
    expect(rowsOf(pca)).toEqual(X.slice(0, 2));
    expect(pca).toMatchObject({ colNames: cells });
    expect(pca).not.toHaveProperty('rowNames');
    const fault = await faultIn(place('layers.h5ad'), { layer: 'spliced' });
    expect(fault.code).toBe('not-found');
    expect(fault.message).toContain("the layer 'spliced'; got counts, dense, raw, obsm/X_pca. Give one as layer");
  });

  test.each(['dense.h5ad', 'csc.h5ad', 'before-0.8.h5ad', 'before-0.7.h5ad'])('%s', async (name) => {
    const found = await read(name);
    expect(rowsOf(found)).toEqual(X);
    expect(found).toMatchObject({ rowNames: genes, colNames: cells });
    if (name.startsWith('before')) expect(found.colLabels?.kind).toEqual(['b', 'a', '', 'b', 'a', 'b']);
    if (name === 'before-0.7.h5ad')
      expect(found.colLabels?.depth).toEqual(Float64Array.of(0, 0.25, 0.5, 0.75, 1, 1.25));
  });

  test('observations are features where that is said', async () => {
    const found = await read('csc.h5ad', { orientation: 'features-by-samples' });
    expect(rowsOf(found)).toEqual(turned(X));
    expect(found).toMatchObject({ rowNames: cells, colNames: genes });
    expect(await read('csc.h5ad', { orientation: 'samples-by-features' })).toEqual(await read('csc.h5ad'));
  });

  test('an input is read from one, and the orientation of the input is that of the file', async () => {
    const config = { k: 2, maxIter: 3, name: 'parts' } as const;
    const W = async (options: { readonly orientation?: 'samples-by-features' }) => {
      const input = factorInput(place('dense.h5ad'), { name: 'rna', ...options });
      return (await factorNet(nmfLayer(input, config), { seed: 1 }).fit()).parts.W;
    };
    const own = await W({});
    expect(own.rowNames).toEqual(genes);
    expect(await W({ orientation: 'samples-by-features' })).toEqual(own);
  });

  test('is inspected', async () => {
    const facts = await inspectFile(place('layers.h5ad'));
    expect(facts).toMatchObject({
      format: 'hdf5',
      rows: 3,
      cols: 6,
      storage: 'sparse',
      precision: 'f32',
      counts: true,
    });
    expect(facts.rowLabels).toEqual(['symbol']);
    expect(facts.colLabels).toContain('kind');
  });
});

describe('10x Genomics', () => {
  test('features are called by their ids, which no two share', async () => {
    const found = await read('ranger3.h5');
    expect(rowsOf(found)).toEqual(X);
    expect(found).toMatchObject({
      rowNames: ['ENSG1', 'ENSG2', 'ENSG3', 'CD3'],
      colNames: ['AAC0-1', 'AAC1-1', 'AAC2-1', 'AAC3-1', 'AAC4-1', 'AAC5-1'],
      rowLabels: {
        name: ['TBCE', 'TBCE', 'C', 'CD3_TotalC'],
        feature_type: ['Gene Expression', 'Gene Expression', 'Gene Expression', 'Antibody Capture'],
        genome: ['GRCh38', 'GRCh38', 'GRCh38', ''],
      },
    });
  });

  test('features of one type', async () => {
    const found = await read('ranger3.h5', { layer: 'Antibody Capture' });
    expect(found).toMatchObject({ kind: 'csc', rowNames: ['CD3'], rowLabels: { name: ['CD3_TotalC'] } });
    expect(rowsOf(found)).toEqual(X.slice(3));
    const genes = await read('ranger3.h5', { layer: 'Gene Expression' });
    expect(rowsOf(genes)).toEqual(X.slice(0, 3));
    expectSound(genes);
    const fault = await faultIn(place('ranger3.h5'), { layer: 'Peaks' });
    expect([fault.code, fault.message]).toEqual(['not-found', expect.stringContaining("type 'Peaks'; got Gene Expression, Antibody Capture")]); // biome-ignore format: one thought
  });

  test('before Cell Ranger 3, a genome each', async () => {
    expect((await faultIn(place('ranger2.h5'))).message).toContain('got hg19, mm10. Give one as array');
    const found = await read('ranger2.h5', { array: 'mm10' });
    expect(rowsOf(found)).toEqual(X);
    expect(found.rowNames?.[1]).toBe('mm10_1');
    expect(found.rowLabels).toEqual({ name: ['TBCE', 'TBCE', 'C', 'D'] });
  });
});

describe('arrays', () => {
  test('by their place; of any type, in any order of bytes', async () => {
    const fault = await faultIn(place('arrays.h5'));
    expect([fault.code, fault.message]).toEqual(['not-found', expect.stringContaining('got a/big, a/half. Give one as array')]); // biome-ignore format: one thought
    expect(rowsOf(await read('arrays.h5', { array: 'a/big' }))).toEqual(turned(X));
    const half = await read('arrays.h5', { array: 'a/half', orientation: 'samples-by-features' });
    expect(rowsOf(half)).toEqual(X);
    expect((await faultIn(place('arrays.h5'), { array: 'list' })).message).toContain('two dimensions; got 3 at list');
    expect((await faultIn(place('arrays.h5'), { array: 'none' })).code).toBe('not-found');
    expect((await faultIn(place('arrays.h5'), { layer: 'x' })).code).toBe('invalid-option');
    expect((await faultIn(place('layers.h5ad'), { layer: 'counts', array: 'X' })).code).toBe('invalid-option');
  });

  test('one of many chunks, read block by block', async () => {
    const path = place('chunks.h5');
    const data = Float64Array.from({ length: 3000 * 700 }, (_, i) => (i * 7919) % 10007);
    const { file: own } = await openHdf5(path, 'w');
    own.create_dataset({ name: 'x', data, shape: [3000, 700], chunks: [170, 90], compression: 1 });
    own.create_dataset({ name: 'list', data: Int32Array.from(data), shape: [3000 * 700, 1] });
    own.close();
    const found = await readHere(path, { array: 'x' });
    const list = await readHere(path, { array: 'list' });
    if (found.kind !== 'dense' || list.kind !== 'dense') throw new Error('dense');
    expect(Buffer.from(found.data.buffer).equals(Buffer.from(data.buffer))).toBe(true);
    expect(Buffer.from(list.data.buffer).equals(Buffer.from(data.buffer))).toBe(true);
  });
});

/** A sparse matrix of 3 × 2 as AnnData has it, with lists put in the place of its own. */
async function sparseFile(
  name: string,
  lists: Readonly<Record<string, Parameters<typeof Float64Array.from>[0] | ArrayBufferView>>,
  shape: ArrayBufferView = Int32Array.of(3, 2),
): Promise<string> {
  // biome-ignore format: one thought
  const path = place(name);
  const { file: own } = await openHdf5(path, 'w');
  const group = own.create_group('X');
  group.create_attribute('encoding-type', 'csr_matrix');
  group.create_attribute('shape', shape as Int32Array); // as those that are given
  const all = { data: Float32Array.of(1, 2, 3), indices: Int32Array.of(0, 1, 0), indptr: Int32Array.of(0, 2, 3, 3), ...lists }; // biome-ignore format: a list
  for (const [key, data] of Object.entries(all)) group.create_dataset({ name: key, data: data as Int32Array }); // as those that are given
  own.create_group('obs');
  own.create_group('var');
  own.close();
  return path;
}

describe('sparse matrices', () => {
  const read = async (path: string) => rowsOf(await readHere(path, {}));

  test('in any order, of any whole numbers', async () => {
    expect(await read(await sparseFile('as-is.h5', {}))).toEqual([[1, 3, 0], [2, 0, 0]]); // biome-ignore format: a matrix
    const unsorted = { indices: BigInt64Array.of(1n, 0n, 0n), indptr: BigInt64Array.of(0n, 2n, 3n, 3n), data: BigUint64Array.of(2n ** 53n, 1n, 2n ** 60n) }; // biome-ignore format: a list
    expect(await read(await sparseFile('wide.h5', unsorted))).toEqual([[1, 2 ** 60, 0], [2 ** 53, 0, 0]]); // biome-ignore format: a matrix
  });

  test.each([
    ['an entry twice', { indices: Int32Array.of(1, 1, 0) }, 'damaged', 'list an entry once'],
    ['an index out of range', { indices: Int32Array.of(0, 2, 0) }, 'damaged', 'indices below 2; got 2 at position 1'],
    ['an index below 0', { indices: Int32Array.of(0, -1, 0) }, 'damaged', 'whole numbers from 0 to 2³² − 1'],
    ['bounds that fall', { indptr: Int32Array.of(0, 3, 2, 3) }, 'damaged', 'never fall'],
    [
      'bounds beyond 2³²',
      { indptr: BigInt64Array.of(0n, 2n ** 40n, 3n, 3n) },
      'damaged',
      'whole numbers from 0 to 2³² − 1; got others at X/indptr',
    ],
    ['too few bounds', { indptr: Int32Array.of(0, 3) }, 'damaged', 'must have 4 bounds'],
    ['too few values', { data: Float32Array.of(1) }, 'damaged', 'an index for each value; got 4, 3 and 1'],
    [
      'values that no float is',
      { data: BigInt64Array.of(1n, 2n ** 53n + 1n, 1n) },
      'unsupported',
      'got 9007199254740993',
    ],
    [
      'values below those',
      { data: BigInt64Array.of(1n, -(2n ** 53n) - 1n, 1n) },
      'unsupported',
      'got -9007199254740993',
    ],
    ['words as values', { data: ['a', 'b', 'c'] }, 'unsupported', 'real numbers; got string'],
  ] as const)('%s', async (name, lists, code, words) => {
    // biome-ignore format: a list
    const fault = await faultIn(await sparseFile(`${name}.h5`, lists as Parameters<typeof sparseFile>[1])); // lists
    expect([fault.code, fault.message]).toEqual([code, expect.stringContaining(words)]);
  });

  test('a size beyond all', async () => {
    const huge = BigInt64Array.of(2n ** 40n, 2n);
    expect((await faultIn(await sparseFile('huge.h5', {}, huge))).message).toContain('two sizes below 2³²');
    const large = BigInt64Array.of(4n * 10n ** 9n, 2n);
    expect((await faultIn(await sparseFile('large.h5', {}, large))).message).toContain('must have 4000000001 bounds');
  });
});

describe('bad files', () => {
  test('another file by that name, and one that ends at once', async () => {
    expect((await faultIn(await file('no such thing', 'h5ad'))).code).toBe('unknown-format');
    expect((await faultIn(await file(new Uint8Array(0), 'h5'))).code).toBe('unknown-format');
    expect((await faultIn(await file('no such thing', 'h5ad'), { format: 'hdf5' })).code).toBe('damaged');
    expect((await faultIn(await file(hdf5Bytes('csc.h5ad').subarray(0, 8), 'h5ad'))).code).toBe('damaged');
  });

  test('a table of another length than its matrix', async () => {
    const { file: own } = await openHdf5(place('short.h5ad'), 'w');
    own.create_dataset({ name: 'X', data: new Float32Array(6), shape: [3, 2] });
    own.create_group('obs').create_dataset({ name: '_index', data: ['a', 'b'] });
    own.create_group('var');
    own.close();
    const fault = await faultIn(place('short.h5ad'));
    expect(fault.message).toContain('as many observations in its table as in its matrix; got 2 and 3 at X');
  });

  test('names that are not UTF-8', async () => {
    const bytes = Buffer.from(hdf5Bytes('csc.h5ad'));
    bytes.set([0xff], bytes.indexOf('cell 3'));
    const fault = await faultIn(await file(bytes, 'h5ad'));
    expect([fault.code, fault.message]).toEqual(['damaged', expect.stringContaining('must be UTF-8; got other bytes at obs/_index')]); // biome-ignore format: one thought
  });

  test.each(HDF5_FILES)('%s cut or changed is refused, or it is a matrix', async (name) => {
    const bytes = hdf5Bytes(name);
    const path = place('changed');
    const options = { format: 'hdf5', ...(name === 'ranger2.h5' ? { array: 'mm10' } : name === 'arrays.h5' ? { array: 'a/big' } : {}) } as const; // biome-ignore format: one thought
    const room = async () => {
      const { library, file: own } = await openHdf5(place('csc.h5ad'), 'r');
      own.close();
      return library.HEAPU8.length;
    };
    const before = await room();
    const look = async (own: Uint8Array) => {
      writeFileSync(path, own);
      const found = await readHere(path, options).catch((reason: unknown) => reason);
      if (found instanceof Error) expect(found, String(found.stack)).toBeInstanceOf(IoError);
      else expectSound(found as Awaited<ReturnType<typeof readHere>>); // what is no error
      return found instanceof Error;
    };
    for (let cut = 0; cut < 50; cut++)
      expect(await look(bytes.subarray(0, Math.floor((cut / 50) * bytes.length)))).toBe(true);
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      await look(own);
    }
    expect((await room()) - before).toBeLessThan(2 * bytes.length + 2 ** 26);
  });

  test('the package that is missing is named', async () => {
    vi.resetModules();
    vi.doMock('h5wasm/node', () => {
      throw new Error('none');
    });
    try {
      const { readHere: own } = await import('../../src/files/read-matrix.js');
      await expect(own(place('csc.h5ad'), {})).rejects.toThrow(/To read and write HDF5 files .* npm install h5wasm@/);
    } finally {
      vi.doUnmock('h5wasm/node');
      vi.resetModules();
    }
  });

  test('its versions are those of the manifest', async () => {
    const { HDF5_PEERS } = await import('../../src/files/peers.js');
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(manifest.peerDependencies).toMatchObject(HDF5_PEERS);
  });
});
