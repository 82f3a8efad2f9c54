import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, IoError, inspectFile, type Matrix, nmfLayer, readMatrix } from '../../src/index.js';
import { toDense } from '../../src/matrix.js';
import { faultOf, testFolder } from '../support/files.js';

const { place, file } = testFolder();

/** 4 features × 3 barcodes. */
const MATRIX = `%%MatrixMarket matrix coordinate integer general
%metadata_json: {"format_version": 2, "software_version": "3.1.0"}
4 3 6
1 1 4
3 1 1
2 2 7
1 3 2
2 3 5
4 3 9
`;
const IDS = ['ENSG01', 'ENSG02', 'ENSG03', 'CD3'];
const NAMES = ['MIR1302', 'TBCE', 'TBCE', 'CD3 (β)'];
const TYPES = ['Gene Expression', 'Gene Expression', 'Gene Expression', 'Antibody Capture'];
const BARCODES = ['AAAC-1', 'AAAG-1', 'AAAT-1'];
const lines = (...columns: readonly (readonly string[])[]) =>
  columns[0].map((_, n) => `${columns.map((column) => column[n]).join('\t')}\n`).join('');
const FEATURES = lines(IDS, NAMES, TYPES);

let folders = 0;
/** A folder with these files, those of .gz packed. */
async function folder(files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  const path = place(`folder${folders++}`);
  await mkdir(path);
  for (const [name, text] of Object.entries(files))
    await writeFile(join(path, name), name.endsWith('.gz') && typeof text === 'string' ? gzipSync(text) : text);
  return path;
}
const plain = { 'matrix.mtx': MATRIX, 'features.tsv': FEATURES, 'barcodes.tsv': lines(BARCODES) };

const wanted = { rowNames: IDS, colNames: BARCODES, rowLabels: { name: NAMES, feature_type: TYPES } };
const columnMajor = Float64Array.of(4, 0, 1, 0, 0, 7, 0, 0, 2, 5, 0, 9);

describe('a 10x folder', () => {
  test.each([
    ['as Cell Ranger 3 writes it', { 'matrix.mtx.gz': MATRIX, 'features.tsv.gz': FEATURES, 'barcodes.tsv.gz': lines(BARCODES) }], // biome-ignore format: one row
    ['unpacked, as STARsolo does', plain],
    ['with a prefix, beside other files, as GEO has it', { 'GSM1_a_matrix.mtx.gz': MATRIX, 'GSM1_a_features.tsv.gz': FEATURES, 'GSM1_a_barcodes.tsv': lines(BARCODES), 'notes.txt': 'hello', 'GSM2_barcodes.tsv': 'x\n' }], // biome-ignore format: one row
    ['of Windows, marked, with empty lines at the end, or without an end', { 'matrix.mtx': MATRIX.replaceAll('\n', '\r\n'), 'features.tsv': `\ufeff${FEATURES.replaceAll('\n', '\r\n')}\r\n`, 'barcodes.tsv': BARCODES.join('\n') }], // biome-ignore format: one row
  ])('%s', async (_, files) => {
    const path = await folder(files);
    const found = await readMatrix(path);
    expect(found).toMatchObject({ kind: 'csc', rows: 4, cols: 3, ...wanted });
    expect(toDense(found).data).toEqual(columnMajor);
    expect(await readMatrix(path, { format: '10x' })).toEqual(found);
    const turned = await readMatrix(path, { orientation: 'samples-by-features' });
    expect(turned).toMatchObject({ rows: 3, cols: 4, rowNames: BARCODES, colNames: IDS, colLabels: wanted.rowLabels });
  });

  test('of Cell Ranger 2: genes, with their names alone; of names alone; of ATAC and RNA, with places', async () => {
    const { 'features.tsv': _, ...others } = plain;
    const genes = await readMatrix(await folder({ ...others, 'genes.tsv': lines(IDS, NAMES) }));
    expect(genes.rowNames).toEqual(IDS);
    expect(genes.rowLabels).toEqual({ name: NAMES });
    expect((await readMatrix(await folder({ ...others, 'features.tsv': lines(IDS) }))).rowLabels).toBeUndefined();
    const [chromosome, start, end] = [
      ['chr1', 'chr1', '', 'chrX'],
      ['5', '9', '', '1'],
      ['6', '99', '', '22'],
    ];
    const both = await folder({ ...others, 'features.tsv': lines(IDS, NAMES, TYPES, chromosome, start, end) });
    expect((await readMatrix(both)).rowLabels).toEqual({ name: NAMES, feature_type: TYPES, chromosome, start, end });
  });

  test('is inspected, and an input of a graph that keeps names', async () => {
    const path = await folder(plain);
    expect(await inspectFile(path)).toMatchObject({
      ...{ path, format: '10x', rows: 4, cols: 3, storage: 'sparse', counts: true, zeros: 6 },
      ...{ rowNames: IDS, colNames: BARCODES, rowLabels: ['name', 'feature_type'] },
    });
    const layer = nmfLayer(factorInput(path, { name: 'rna' }), { name: 'parts', k: 2, maxIter: 3 });
    const { parts } = await factorNet(layer, { seed: 1 }).fit();
    expect(parts.W.rowNames).toEqual(IDS);
    expect(parts.H.colNames).toEqual(BARCODES);
  });
});

describe('what is no 10x folder', () => {
  const { 'barcodes.tsv': barcodes, ...unnamed } = plain;
  test.each([
    ['nothing in it', {}, 'not-read', 'got a folder with nothing in it'],
    ['other files', { 'a.csv': '', 'b.csv': '', 'my-supermatrix.mtx2': '' }, 'not-read', 'matrix.mtx, features.tsv or genes.tsv, and barcodes.tsv, each maybe with .gz; got a folder with a.csv, b.csv, my-supermatrix.mtx2'], // biome-ignore format: one row
    ['no barcodes', unnamed, 'not-found', 'got no barcodes.tsv'],
    ['no features of a prefix', { 'x_matrix.mtx': MATRIX, 'x_barcodes.tsv': barcodes }, 'not-found', 'got no x_features.tsv and no x_genes.tsv'], // biome-ignore format: one row
    ['two sets', { ...plain, 'b.matrix.mtx': MATRIX, 'b.genes.tsv': FEATURES, 'b.barcodes.tsv': barcodes }, 'not-found', "several sets, of 'b.', ''"], // biome-ignore format: one row
    ['a part twice', { ...plain, 'matrix.mtx.gz': MATRIX }, 'not-found', 'matrix.mtx and matrix.mtx.gz. Move one'],
  ])('with %s', async (_, files, code, words) => {
    const error = await faultOf(await folder(files));
    expect(error.code).toBe(code);
    expect(error.message).toContain(words);
  });

  test('a file; a folder where there must be a file; options of others', async () => {
    const own = await file(MATRIX, 'mtx');
    expect(await faultOf(own, { format: '10x' })).toMatchObject({ code: 'not-read' });
    expect((await faultOf(own, { format: '10x' })).message).toContain('got a file');
    expect((await faultOf(await folder(plain), { format: 'mtx' })).message).toContain('got a folder');
    expect(await faultOf(await folder(plain), { array: 'x' })).toMatchObject({ code: 'invalid-option' });
  });

  test.each([
    [
      'fewer features',
      'features.tsv',
      FEATURES.slice(0, FEATURES.indexOf('CD3')),
      3,
      'for each row of its matrix, 4; got 3',
    ],
    ['more features', 'features.tsv', `${FEATURES}x\ty\tz\n`, 5, 'for each row of its matrix, 4; got more'],
    ['no features', 'features.tsv', '', 0, 'for each row of its matrix, 4; got 0'],
    ['fewer barcodes', 'barcodes.tsv', 'a\nb\n', 2, 'for each column of its matrix, 3; got 2'],
    ['barcodes and more', 'barcodes.tsv', lines(BARCODES, BARCODES), 1, 'one field a line; got 2'],
    ['a ragged line', 'features.tsv', FEATURES.replace('\tAnt', ' Ant'), 4, '3 fields, as the one before; got 2'],
    ['too many columns', 'features.tsv', lines(IDS, IDS, IDS, IDS, IDS, IDS, IDS), 1, '6 fields at most a line; got 7'],
    ['a feature without an id', 'features.tsv', FEATURES.replace('ENSG02', ''), 2, 'begin each line with a name'],
    ['other bytes than UTF-8', 'features.tsv', Buffer.from(FEATURES, 'latin1').fill(0xe9, 3, 4), 1, 'UTF-8'],
    ['UTF-16', 'barcodes.tsv', Buffer.from(`\ufeff${lines(BARCODES)}`, 'utf16le'), 1, 'UTF-16'],
    ['a matrix that is none', 'matrix.mtx', 'hello\n', 1, 'must begin with'],
  ] as const)('%s: the file and the line', async (_, name, text, line, words) => {
    const path = await folder({ ...plain, [name]: text });
    const error = await readMatrix(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(IoError);
    expect(error).toMatchObject({ code: 'damaged', path: join(path, name), line });
    expect(String(error)).toContain(words);
  });

  test('names that unpack to more than names do', async () => {
    const bomb = gzipSync('a\n'.repeat(3e6));
    const matrix = '%%MatrixMarket matrix coordinate integer general\n3000000 1 0\n';
    const path = await folder({ 'matrix.mtx': matrix, 'features.tsv.gz': bomb, 'barcodes.tsv': 'a\n' });
    const error = await readMatrix(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'damaged', path: join(path, 'features.tsv.gz') });
  });
});

describe.each(['matrix.mtx.gz', 'barcodes.tsv', 'features.tsv'])('%s damaged', (name) => {
  /** The whole folder, with one file of its own bytes. */
  const whole = async () => {
    const role = name.split('.')[0];
    const others = Object.entries(plain).filter(([other]) => !other.startsWith(role));
    const text = Object.entries(plain).find(([other]) => other.startsWith(role))?.[1] ?? '';
    const path = await folder({ ...Object.fromEntries(others), [name]: text });
    return { path, bytes: await readFile(join(path, name)) };
  };

  test('cut anywhere, it is refused, or it lacks the end of its last line', async () => {
    const { path, bytes } = await whole();
    const before = await readMatrix(path);
    for (let cut = 0; cut < 50; cut++) {
      await writeFile(join(path, name), bytes.subarray(0, Math.floor((cut / 50) * bytes.length)));
      const found = await readMatrix(path).catch((error: unknown) => error);
      if (found instanceof IoError) expect(['damaged', 'unknown-format']).toContain(found.code);
      else {
        // A plain text may end anywhere in its last field.
        expect(name).not.toContain('.gz');
        expect(toDense(found as Matrix)).toEqual(toDense(before)); // no error
      }
    }
  });

  test('with a byte changed it is refused, or it is a matrix with names for all', async () => {
    const { path, bytes } = await whole();
    const before = await readMatrix(path);
    for (let flip = 0; flip < 200; flip++) {
      const own = Uint8Array.from(bytes);
      own[Math.floor((flip / 200) * bytes.length)] ^= 1 << (flip % 8);
      await writeFile(join(path, name), own);
      const found = await readMatrix(path).catch((error: unknown) => error);
      if (found instanceof IoError) continue;
      if (name.endsWith('.gz')) expect(found).toEqual(before);
      expect(found).toMatchObject({ rows: 4, cols: 3, rowNames: { length: 4 }, colNames: { length: 3 } });
    }
  });
});
