import { IoError } from '../../../errors.js';
import { type CscMatrix, type DenseData, type DenseMatrix, flipped, type Matrix } from '../../../matrix.js';
import type { Column, Side } from '../found.js';
import { type Attributes, type Hdf5Writer, type Hdf5Writing, type Written, writeHdf5 } from './write-hdf5.js';

/** What AnnData keeps beside matrices: numbers (whole ones as bigint), texts, lists and matrices, by name. */
export type Unstructured =
  | string
  | number
  | bigint
  | Float64Array
  | readonly string[]
  | DenseMatrix
  | { readonly [name: string]: Unstructured };

/** A side of an AnnData object, so many of it. */
export interface AnnDataSide extends Side {
  readonly count: number;
}

/** An AnnData object, its matrices as they are here: features × samples. */
export interface AnnData {
  readonly samples: AnnDataSide;
  readonly features: AnnDataSide;
  readonly X?: Matrix | undefined;
  /** Of samples, each k × samples. */
  readonly embeddings?: Readonly<Record<string, DenseData>>;
  /** Of features, each features × k. */
  readonly loadings?: Readonly<Record<string, DenseData>>;
  readonly unstructured?: Readonly<Record<string, Unstructured>>;
}

/** What AnnData says that something is, and in which version of its own words (AnnData's on-disk format). */
const encoded = (type: string, version: string): Attributes => ({ 'encoding-type': type, 'encoding-version': version });
const DICT = encoded('dict', '0.1.0');
const ARRAY = encoded('array', '0.2.0');
const TEXTS = encoded('string-array', '0.2.0');
const NUMBER = encoded('numeric-scalar', '0.2.0');
const TEXT = encoded('string', '0.2.0');

/** Where the names of lines stand in their table. */
const INDEX = '_index';
/** Whole numbers have a sign there. */
const BEYOND_32 = 2 ** 31;

/**
 * Writes a file as AnnData's `write_h5ad` does: samples × features, a sparse matrix as csr, whose arrays are those of ours.
 *
 * @throws IoError 'unsupported' for names that it can't hold, and for unlisted entries that are missing.
 * @throws MissingPeerError
 */
export async function writeAnnData(path: string, data: AnnData, writing: Hdf5Writing): Promise<void> {
  const { samples, features, X, embeddings = {}, loadings = {}, unstructured = {} } = data;
  check(path, data);
  await writeHdf5(path, writing, async (to) => {
    to.group('/', encoded('anndata', '0.1.0'));
    if (X?.kind === 'csc') await writeSparse(to, '/X', X);
    else if (X !== undefined) await writeDense(to, '/X', X, true);
    await writeTable(to, '/obs', samples);
    await writeTable(to, '/var', features);
    to.group('/obsm', DICT);
    for (const [name, matrix] of Object.entries(embeddings)) await writeDense(to, `/obsm/${name}`, matrix, true);
    to.group('/varm', DICT);
    for (const [name, matrix] of Object.entries(loadings)) await writeDense(to, `/varm/${name}`, matrix, false);
    for (const name of ['obsp', 'varp', 'layers']) to.group(`/${name}`, DICT);
    await writeTree(to, '/uns', unstructured);
  });
}

/** Every name in the file, before anything is written. */
function check(
  path: string,
  { samples, features, X, embeddings = {}, loadings = {}, unstructured = {} }: AnnData,
): void {
  const unsupported = (rule: string, got: string) => new IoError('unsupported', path, `${rule}; got ${got}`);
  if (X?.kind === 'csc' && X.unlisted === 'missing')
    throw unsupported(
      'A sparse matrix in an .h5ad file must list all that is not zero',
      'one whose unlisted entries are missing. Write it as .csv with layout: triplets',
    );
  const asKey = (name: string): void => {
    if (name === '' || name === '.' || name === INDEX || /[/\0]/.test(name))
      throw unsupported(`Names of columns and parts in an .h5ad file must be other than '', '.' and '${INDEX}', without '/' and 0`, JSON.stringify(name)); // biome-ignore format: one thought
  };
  const asText = (text: string): void => {
    if (text.includes('\0')) throw unsupported('Texts in an .h5ad file must be without 0', JSON.stringify(text));
  };
  for (const { names = [], labels = {} } of [samples, features]) {
    for (const name of names) asText(name);
    for (const [name, column] of Object.entries(labels)) {
      asKey(name);
      if (!(column instanceof Float64Array)) for (const text of column) asText(text);
    }
  }
  const inside = (tree: Unstructured): void => {
    if (typeof tree === 'string') asText(tree);
    if (isTexts(tree)) for (const text of tree) asText(text);
    if (!isTree(tree)) return;
    for (const [name, own] of Object.entries(tree)) {
      asKey(name);
      inside(own);
    }
  };
  for (const name of [...Object.keys(embeddings), ...Object.keys(loadings)]) asKey(name);
  inside(unstructured);
}

async function writeSparse(to: Hdf5Writer, path: string, matrix: CscMatrix): Promise<void> {
  const { rows, cols, indptr, indices, values } = matrix;
  to.group(path, { ...encoded('csr_matrix', '0.1.0'), shape: BigInt64Array.of(BigInt(cols), BigInt(rows)) });
  const wide = values.length >= BEYOND_32 || rows >= BEYOND_32;
  const whole = (own: Uint32Array): Written =>
    wide ? BigInt64Array.from(own, BigInt) : new Int32Array(own.buffer, own.byteOffset, own.length);
  const list = (name: string, length: number, rowsOf: (from: number, to: number) => Written) =>
    to.array(`${path}/${name}`, { shape: [length], rows: rowsOf }, {});
  await list('data', values.length, (from, end) => values.subarray(from, end));
  await list('indices', indices.length, (from, end) => whole(indices.subarray(from, end)));
  await list('indptr', indptr.length, (from, end) => whole(indptr.subarray(from, end)));
}

/** Writes a matrix, or its transpose, row after row. */
async function writeDense(to: Hdf5Writer, path: string, matrix: DenseData, transposed: boolean): Promise<void> {
  const own = transposed ? flipped(matrix) : matrix;
  if (own.kind !== 'dense') throw new Error('A dense matrix is flipped to a dense one');
  const { rows, cols, order, data } = own;
  const between = (from: number, end: number): Written => {
    if (order === 'rows') return data.subarray(from * cols, end * cols);
    const out = data instanceof Float32Array ? new Float32Array((end - from) * cols) : new Float64Array((end - from) * cols); // biome-ignore format: one thought
    for (let j = 0; j < cols; j++) for (let i = from; i < end; i++) out[(i - from) * cols + j] = data[i + j * rows];
    return out;
  };
  await to.array(path, { shape: [rows, cols], rows: between }, ARRAY);
}

const writeNumbers = (to: Hdf5Writer, path: string, numbers: Written): Promise<void> =>
  to.array(path, { shape: [numbers.length], rows: (from, end) => numbers.subarray(from, end) }, ARRAY);

/** A table of what is known of each line; without names they are numbered, as AnnData does. */
async function writeTable(to: Hdf5Writer, path: string, { count, names, labels = {} }: AnnDataSide): Promise<void> {
  const columns = { [INDEX]: INDEX, 'column-order': Object.keys(labels) };
  to.group(path, { ...encoded('dataframe', '0.2.0'), ...columns });
  to.texts(`${path}/${INDEX}`, names ?? Array.from({ length: count }, (_, n) => String(n)), TEXTS);
  for (const [name, column] of Object.entries(labels)) await writeColumn(to, `${path}/${name}`, column);
}

/** Numbers, texts, or texts of which many are the same: these by their number in a list, an empty one as missing. */
async function writeColumn(to: Hdf5Writer, path: string, column: Column): Promise<void> {
  if (column instanceof Float64Array) return writeNumbers(to, path, column);
  const categories = [...new Set(column)].filter((text) => text !== '').sort();
  if (2 * categories.length > column.length) return to.texts(path, column, TEXTS);
  // A truth value would be of a type that the library makes none of; 0 is read as false.
  to.group(path, { ...encoded('categorical', '0.2.0'), ordered: 0 });
  const places = new Map(categories.map((text, place) => [text, place]));
  const Codes = categories.length <= 2 ** 7 ? Int8Array : categories.length <= 2 ** 15 ? Int16Array : Int32Array;
  const codes = new Codes(column.length);
  for (const [line, text] of column.entries()) codes[line] = places.get(text) ?? -1;
  await writeNumbers(to, `${path}/codes`, codes);
  to.texts(`${path}/categories`, categories, TEXTS);
}

async function writeTree(to: Hdf5Writer, path: string, tree: Unstructured): Promise<void> {
  if (typeof tree === 'string') to.text(path, tree, TEXT);
  else if (typeof tree === 'number' || typeof tree === 'bigint') to.number(path, tree, NUMBER);
  else if (isTexts(tree)) to.texts(path, tree, TEXTS);
  else if (tree instanceof Float64Array) await writeNumbers(to, path, tree);
  else if (isTree(tree)) {
    to.group(path, DICT);
    for (const [name, own] of Object.entries(tree)) await writeTree(to, `${path}/${name}`, own);
  } else await writeDense(to, path, tree, false);
}

const isTree = (own: Unstructured): own is { readonly [name: string]: Unstructured } =>
  typeof own === 'object' && !(own instanceof Float64Array) && !isTexts(own) && !isMatrix(own);
const isTexts = (own: Unstructured): own is readonly string[] => Array.isArray(own);
const isMatrix = (own: DenseMatrix | { readonly [name: string]: Unstructured }): own is DenseMatrix =>
  own.kind === 'dense' && own.data instanceof Float64Array;
