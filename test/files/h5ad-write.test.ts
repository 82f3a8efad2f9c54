import { chmod, mkdir, readdir, readFile, stat, symlink } from 'node:fs/promises';
import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test, vi } from 'vitest';
import { readHere } from '../../src/files/read-matrix.js';
import {
  type FileMatrix,
  factorInput,
  factorNet,
  factorShared,
  IoError,
  loadFit,
  type Matrix,
  nmf,
  nmfLayer,
  readMatrix,
  saveFit,
  svdLayer,
  type WriteH5adOptions,
  type WriteMatrixOptions,
  writeH5ad,
  writeMatrix,
} from '../../src/index.js';
import { type DenseData, toCsc, toDense } from '../../src/matrix.js';
import { testFolder } from '../support/files.js';
import { hdf5At } from '../support/hdf5.js';
import { uniform } from '../support/matrices.js';

const { place, folder } = testFolder();

/** As `readMatrix` does, without a thread for each file. */
const read = (path: string): Promise<FileMatrix> => readHere(path, {});

const bitsOf = (list: ArrayBufferView) => Buffer.from(list.buffer, list.byteOffset, list.byteLength).toString('hex');
const sparseOf = (matrix: DenseData) => toCsc({ ...matrix, data: matrix.data.map((x) => (x < 0.5 ? 0 : x)) });
const texts = (count: number, of: (n: number) => string) => Array.from({ length: count }, (_, n) => of(n));

const X = uniform(13, 9, 4);
const named = {
  rowNames: texts(13, (n) => `gène ${n}`),
  colNames: texts(9, (n) => `cell ${n}`),
  rowLabels: { length: Float64Array.from({ length: 13 }, (_, n) => (n === 3 ? Number.NaN : n / 3)), symbol: texts(13, (n) => `S${n}`) }, // biome-ignore format: one thought
  colLabels: {
    type: texts(9, (n) => ['B', 'T', ''][n % 3]),
    'n counts': Float64Array.from({ length: 9 }, (_, n) => -n),
  },
};

describe('writeMatrix to .h5ad', () => {
  test.each<readonly [string, Matrix, WriteMatrixOptions]>([
    ['sparse', sparseOf(X), {}],
    ['sparse, of 32 bits', { ...sparseOf(X), values: Float32Array.from(sparseOf(X).values) }, {}],
    ['sparse, packed', sparseOf(uniform(40, 60, 2)), { compression: 'gzip' }],
    ['dense', X, {}],
    [
      'dense, row after row, with missing entries',
      {
        kind: 'dense',
        rows: 13,
        cols: 9,
        order: 'rows',
        data: X.data.map((x, i) => (i % 5 === 0 ? Number.NaN : i === 1 ? -0 : x)),
      },
      {},
    ],
    [
      'dense, of 32 bits, packed',
      { kind: 'dense', rows: 60, cols: 40, data: Float32Array.from(uniform(60, 40, 1).data) },
      { compression: 'gzip' },
    ],
    ['nothing but samples', { kind: 'dense', rows: 0, cols: 3, data: new Float64Array(0) }, {}],
    ['nothing but features', toCsc({ kind: 'dense', rows: 4, cols: 0, data: new Float64Array(0) }), {}],
    ['sparse, of zeros', toCsc({ kind: 'dense', rows: 4, cols: 3, data: new Float64Array(12) }), {}],
  ])('%s: is read as it was written, to the bit', async (name, matrix, options) => {
    // biome-ignore format: a file a row
    const path = place(`${name}.h5ad`);
    await writeMatrix(path, matrix, options);
    const found = await read(path);
    expect([found.kind, found.rows, found.cols]).toEqual([matrix.kind, matrix.rows, matrix.cols]);
    if (matrix.kind === 'csc' && found.kind === 'csc')
      for (const part of ['indptr', 'indices', 'values'] as const)
        expect(bitsOf(found[part])).toBe(bitsOf(matrix[part]));
    expect(bitsOf(toDense(found).data)).toBe(bitsOf(toDense(matrix).data));
    // AnnData numbers what has no names.
    expect(found.colNames).toEqual(texts(matrix.cols, String));
  });

  test('names and labels: numbers, texts, and categories where many are the same', async () => {
    const path = place('named.h5ad');
    await writeMatrix(path, { ...sparseOf(X), ...named } as FileMatrix);
    const found = await readMatrix(path);
    expect(found).toMatchObject({ rowNames: named.rowNames, colNames: named.colNames });
    expect(found.rowLabels).toEqual(named.rowLabels);
    expect(found.colLabels).toEqual(named.colLabels);
    await hdf5At(path, ({ attribute, values }) => {
      expect(attribute('obs', 'column-order')).toEqual(['type', 'n counts']);
      expect(attribute('obs/type', 'encoding-type')).toBe('categorical');
      expect(Array.from(values('obs/type/codes'))).toEqual([0, 1, -1, 0, 1, -1, 0, 1, -1]);
      expect(attribute('var/symbol', 'encoding-type')).toBe('string-array');
    });
  });

  test('more than is written at a time, in pieces', async () => {
    const [rows, cols] = [1100, 1000];
    const data = Float64Array.from({ length: rows * cols }, (_, i) => (i * 7919) % 1000);
    for (const matrix of [
      { kind: 'dense', rows, cols, order: 'rows', data },
      toCsc({ kind: 'dense', rows, cols, data }),
    ] as const) {
      // biome-ignore format: one thought
      await writeMatrix(place('large.h5ad'), matrix);
      expect(bitsOf(toDense(await read(place('large.h5ad'))).data)).toBe(bitsOf(toDense(matrix).data));
    }
  });

  const entry = fc.oneof(fc.constantFrom(0, -0, Number.NaN, 1), fc.double());
  property.prop([fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), fc.array(entry, { minLength: 25, maxLength: 25 }), fc.array(fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0')), { minLength: 5, maxLength: 5 })], { numRuns: 25 })(
    'whatever the numbers and the names', async (rows, cols, numbers, names) => {
    const matrix = { kind: 'dense', rows, cols, data: Float64Array.from(numbers.slice(0, rows * cols)), rowNames: names.slice(0, rows) } as const;
    await writeMatrix(place('any.h5ad'), matrix);
    const found = await read(place('any.h5ad'));
    expect(Array.from(toDense(found).data)).toEqual(Array.from(matrix.data));
    expect(found.rowNames).toEqual(matrix.rowNames);
  }); // biome-ignore format: one property

  test.each<readonly [string, object, object, string, string]>([
    [
      'unlisted entries that are missing',
      { ...sparseOf(X), unlisted: 'missing' },
      {},
      'unsupported',
      'layout: triplets',
    ],
    ['a label with a stroke', { ...X, rowLabels: { 'a/b': texts(13, String) } }, {}, 'unsupported', "without '/'"],
    ['a label of the name of names', { ...X, rowLabels: { _index: texts(13, String) } }, {}, 'unsupported', '_index'],
    ['a name with a 0', { ...X, rowNames: texts(13, () => 'a\0b') }, {}, 'unsupported', 'without 0'],
    ['too few names', { ...X, rowNames: ['a'] }, {}, 'invalid-option', 'rowNames must be 13 texts'],
    [
      'labels of another length',
      { ...X, colLabels: { a: ['b'] } },
      {},
      'invalid-option',
      'colLabels.a must be 9 texts',
    ],
    [
      'labels of neither',
      { ...X, colLabels: { a: texts(9, String).map(Number) } },
      {},
      'invalid-option',
      'colLabels.a must be 9 texts',
    ],
    ['a layout', X, { layout: 'triplets' }, 'invalid-option', 'must be given for a table'],
    ['a compression that is none', X, { compression: 'lzf' }, 'invalid-option', "'none' or 'gzip'"],
  ])('%s is refused, and nothing is left', async (_, matrix, options, code, words) => {
    // biome-ignore format: a fault a row
    const error = await writeMatrix(place('bad.h5ad'), matrix as FileMatrix, options).catch((reason: unknown) => reason); // as a caller without types may
    expect(error).toBeInstanceOf(IoError);
    expect(error).toMatchObject({ code });
    expect(String(error)).toContain(words);
    await expect(stat(place('bad.h5ad'))).rejects.toThrow('ENOENT');
  });

  test('a file stays whole until the new one is; places that can not be written to', async () => {
    const path = place('stays.h5ad');
    await writeMatrix(path, X);
    await chmod(path, 0o640);
    await symlink(path, place('link.h5ad'));
    await writeMatrix(place('link.h5ad'), sparseOf(X));
    expect((await stat(path)).mode & 0o777).toBe(0o640);
    expect((await read(path)).kind).toBe('csc');
    await mkdir(place('taken.h5ad'));
    for (const bad of [place('taken.h5ad'), place('no/such/folder.h5ad'), '/dev/null'])
      await expect(writeMatrix(bad, X, { format: 'h5ad' })).rejects.toMatchObject({
        name: 'IoError',
        code: 'not-written',
      });
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
  });

  test('compression is of .h5ad files alone', async () => {
    await expect(writeMatrix(place('x.npy'), X, { compression: 'gzip' })).rejects.toThrow(
      'must be given for an .h5ad file',
    );
    await writeMatrix(place('loose.h5ad'), toCsc(uniform(100, 90, 1)));
    await writeMatrix(place('tight.h5ad'), toCsc(uniform(100, 90, 1)), { compression: 'gzip' });
    expect((await readFile(place('tight.h5ad'))).length).toBeLessThan((await readFile(place('loose.h5ad'))).length);
  });
});

const rna = { ...uniform(20, 12, 1), rowNames: texts(20, (n) => `g${n}`), colNames: texts(12, (n) => `c${n}`), colLabels: { batch: texts(12, (n) => `b${n % 2}`) } }; // biome-ignore format: one thought
const atac = { ...uniform(15, 12, 2), rowNames: texts(15, (n) => `p${n}`), colNames: rna.colNames };

/** k × samples, or features × k, as they stand row after row. */
const rowsOf = ({ rows, cols, data }: DenseData, transposed: boolean): number[] =>
  transposed ? Array.from(data) : Array.from({ length: rows * cols }, (_, at) => data[Math.floor(at / cols) + (at % cols) * rows]); // biome-ignore format: one thought

describe('writeH5ad', () => {
  const deep = () => {
    const both = factorShared(factorInput(rna, { name: 'rna' }), factorInput(atac, { name: 'atac' }));
    const joint = nmfLayer(both, { name: 'joint', k: 4, maxIter: 20 });
    return factorNet(svdLayer(joint, { name: 'top', k: 2, center: true }), { seed: 3 }).fit();
  };

  test('a graph of two inputs and two layers: nothing is lost, and each factor stands where scanpy looks', async () => {
    const fit = await deep();
    const path = place('fit.h5ad');
    await writeH5ad(fit, path, { input: 'rna', data: rna });
    const X = await read(path);
    expect(bitsOf(toDense(X).data)).toBe(bitsOf(rna.data));
    expect(X).toMatchObject({ rowNames: rna.rowNames, colNames: rna.colNames, colLabels: rna.colLabels });
    const { joint, top } = fit;
    const { rna: loaded } = await fit.loadings('top');
    await hdf5At(path, ({ names, values, value, shape, attribute }) => {
      expect(names('obsm')).toEqual(['X_joint', 'X_top']);
      expect(names('varm')).toEqual(['joint', 'top']);
      expect(shape('obsm/X_joint')).toEqual([12, 4]);
      expect(shape('varm/joint')).toEqual([20, 4]);
      expect(Array.from(values('obsm/X_joint'))).toEqual(rowsOf(joint.H, true));
      expect(Array.from(values('obsm/X_top'))).toEqual(rowsOf(top.H, true));
      expect(Array.from(values('varm/joint'))).toEqual(rowsOf(joint.W.rna, false));
      expect(loaded).toBeDefined();
      if (loaded !== undefined) expect(Array.from(values('varm/top'))).toEqual(rowsOf(loaded, false));
      const uns = 'uns/factorloom';
      expect(Array.from(values(`${uns}/layers/joint/d`))).toEqual(Array.from(joint.d));
      expect(Array.from(values(`${uns}/layers/top/d`))).toEqual(Array.from(top.d));
      expect(names(`${uns}/layers/joint/W`)).toEqual(['atac']);
      expect(Array.from(values(`${uns}/layers/joint/W/atac`))).toEqual(rowsOf(joint.W.atac, false));
      expect(Array.from(values(`${uns}/layers/top/W`))).toEqual(rowsOf(top.W, false));
      expect(Array.from(values(`${uns}/layers/top/center`))).toEqual(Array.from(top.center ?? []));
      expect(names(`${uns}/layers/top`)).not.toContain('H');
      for (const [name, own] of Object.entries({ joint, top })) {
        expect(value(`${uns}/layers/${name}/loss`)).toBe(own.loss);
        expect(value(`${uns}/layers/${name}/method`)).toBe(own.method);
        expect(value(`${uns}/layers/${name}/iterations`)).toBe(BigInt(own.iterations));
        expect(value(`${uns}/layers/${name}/converged`)).toBe(BigInt(own.converged));
      }
      expect([value(`${uns}/input`), value(`${uns}/seed`), value(`${uns}/loss`)]).toEqual([
        'rna',
        3n,
        fit.summary.loss,
      ]);
      expect(value(`${uns}/plan`)).toContain('joint');
      expect(attribute('/', 'encoding-type')).toBe('anndata');
    });
  });

  test('the same content is the same file at any time', async () => {
    const wide = uniform(1100, 1000, 3);
    const fit = await deep();
    for (const compression of ['none', 'gzip'] as const) {
      const written: Buffer[] = [];
      for (const hour of [0, 1]) {
        let at = 1.7e12 + hour * 3.6e6;
        const clock = vi.spyOn(Date, 'now').mockImplementation(() => (at += 1000));
        try {
          await writeMatrix(place('wide.h5ad'), wide, { compression });
          await writeH5ad(fit, place('fit.h5ad'), { input: 'rna', data: rna, compression });
          expect(vi.isMockFunction(Date.now)).toBe(true);
        } finally {
          clock.mockRestore();
        }
        written.push(Buffer.concat([await readFile(place('wide.h5ad')), await readFile(place('fit.h5ad'))]));
      }
      expect(written[0].equals(written[1])).toBe(true);
    }
  });

  test('without data there is no X; a fit that was saved, and one of a function, are written the same', async () => {
    const fit = await deep();
    await writeH5ad(fit, place('bare.h5ad'), { input: 'atac' });
    await saveFit(fit, place('fit.safetensors'));
    await writeH5ad(await loadFit(place('fit.safetensors')), place('loaded.h5ad'), { input: 'atac' });
    expect((await readFile(place('loaded.h5ad'))).equals(await readFile(place('bare.h5ad')))).toBe(true);
    await hdf5At(place('bare.h5ad'), ({ names, values }) => {
      expect(names('/')).not.toContain('X');
      expect(values('var/_index')).toEqual(atac.rowNames);
      expect(names('varm')).toEqual(['joint', 'top']);
    });
    const one = await nmf(rna, { k: 2, seed: 1, maxIter: 5 });
    await writeH5ad(one, place('one.h5ad'), { compression: 'gzip' });
    await hdf5At(place('one.h5ad'), ({ names, values }) => {
      const [layer] = names('varm');
      expect(Array.from(values(`varm/${layer}`))).toEqual(rowsOf(one.W, false));
    });
  });

  test('samples brought together by name: NaN where a layer has none, and its whole H beside it', async () => {
    const few = { ...uniform(15, 5, 2), colNames: ['c3', 'new', 'c0', 'c1', 'c5'] };
    const both = (samples: 'union' | 'intersection') =>
      factorNet(nmfLayer(factorShared(factorInput(rna, { name: 'rna' }), factorInput(few, { name: 'few' }), { samples }), { name: 'joint', k: 2, maxIter: 5 }), { seed: 1 }).fit(); // biome-ignore format: one thought
    for (const samples of ['union', 'intersection'] as const) {
      const { joint } = await both(samples).then(async (fit) => {
        await writeH5ad(fit, place('brought.h5ad'), { input: 'few' });
        return fit;
      });
      await hdf5At(place('brought.h5ad'), ({ values }) => {
        const own = Array.from(values('obsm/X_joint'));
        for (const [j, name] of few.colNames.entries()) {
          const from = joint.H.colNames?.indexOf(name) ?? -1;
          expect(from < 0).toBe(samples === 'intersection' && name === 'new');
          expect(own.slice(2 * j, 2 * j + 2)).toEqual(from < 0 ? [NaN, NaN] : Array.from(joint.H.data.subarray(2 * from, 2 * from + 2))); // biome-ignore format: one thought
        }
        expect(Array.from(values('uns/factorloom/layers/joint/H'))).toEqual(rowsOf(joint.H, false));
        expect(values('uns/factorloom/layers/joint/samples')).toEqual(joint.H.colNames);
      });
    }
  });

  test('what is asked wrong, and names that AnnData has no place for', async () => {
    const fit = await deep();
    const faults: readonly (readonly [object, WriteH5adOptions | null, string])[] = [
      [fit, {}, 'input must be one of the inputs rna, atac'],
      [fit, { input: 'wnn' }, "got 'wnn'"],
      [fit, { input: 'rna', data: atac }, 'features × samples, 20 × 12'],
      [fit, { input: 'rna', data: [[1], [1, 2]] }, 'data must be'],
      [fit, { input: 'rna', layers: [] } as WriteH5adOptions, "got 'layers'"],
      [fit, { input: 'rna', compression: 'lzf' as 'gzip' }, "'none' or 'gzip'"],
      [fit, null, 'must be an object'],
      [{ ...fit }, {}, 'must come from fit() or loadFit()'],
    ];
    for (const [of, options, words] of faults) {
      const error = await writeH5ad(of, place('never.h5ad'), options as WriteH5adOptions).catch(
        (reason: unknown) => reason,
      ); // as a caller without types may
      expect(error).toMatchObject({ name: 'IoError', code: 'invalid-option', path: place('never.h5ad') });
      expect(String(error)).toContain(words);
    }
    await expect(writeH5ad(fit, '', {})).rejects.toMatchObject({ code: 'invalid-option' });
    const odd = await factorNet(nmfLayer(factorInput(rna, { name: 'x' }), { name: 'a/b', k: 2, maxIter: 2 })).fit();
    await expect(writeH5ad(odd, place('never.h5ad'))).rejects.toMatchObject({ code: 'unsupported' });
    await expect(stat(place('never.h5ad'))).rejects.toThrow('ENOENT');
  });
});
