import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { IoError, MissingPeerError } from '../errors.js';
import { show } from '../issues.js';
import type { CscMatrix, DenseData, Matrix } from '../matrix.js';
import { type LineNames, type MatrixInput, toMatrix } from '../matrix-input.js';
import { arrowParts } from './formats/arrow/write-arrow.js';
import { type CsvWriting, csvText, listText } from './formats/csv/write-csv.js';
import { type AnnData, writeAnnData } from './formats/hdf5/write-anndata.js';
import { safetensorsParts } from './formats/safetensors.js';
import { type Rule, TEXT_TABLE_RULES } from './formats/table-options.js';
import { marketText } from './formats/write-market.js';
import { type NpyArray, npyParts } from './formats/write-npy.js';
import { parquetBytes } from './formats/write-parquet.js';
import { longTable, wideTable } from './formats/written-table.js';
import type { FileNames } from './read-matrix.js';
import { SIGNAL } from './watch.js';
import { writeWhole } from './write-whole.js';
import { zipParts } from './write-zip.js';

/** Formats that matrices are written in. */
export const WRITTEN = [
  'npy',
  'npz',
  'mtx',
  'mtx.gz',
  'csv',
  'csv.gz',
  'tsv',
  'tsv.gz',
  'safetensors',
  'parquet',
  'arrow',
  'feather',
  'h5ad',
] as const;
export type WrittenFormat = (typeof WRITTEN)[number];

export interface WriteMatrixOptions {
  /** Default: what the path ends with. */
  readonly format?: WrittenFormat | undefined;
  /** What stands between fields of a table of text, one character. Default: ',', in a .tsv a tab. */
  readonly delimiter?: string | undefined;
  /** Of a table: 'matrix' (default), or 'triplets': a row, a column and a value a line, of a sparse matrix those that it lists. */
  readonly layout?: 'matrix' | 'triplets' | undefined;
  /** How an .h5ad file is packed: 'none' (default), which is fast, or 'gzip'. */
  readonly compression?: 'none' | 'gzip' | undefined;
  /** Stops the writing: it rejects with the signal's reason, and what was at the path stays. */
  readonly signal?: AbortSignal | undefined;
}

/** What `compression` must be. */
export const COMPRESSION: Rule = ["'none' or 'gzip'", (x) => x === 'none' || x === 'gzip'];

/** What each option must be. */
const RULES: Readonly<Record<keyof WriteMatrixOptions, Rule>> = {
  format: [`one of ${WRITTEN.join(', ')}`, (x) => WRITTEN.some((format) => format === x)],
  delimiter: TEXT_TABLE_RULES.delimiter,
  layout: TEXT_TABLE_RULES.layout,
  compression: COMPRESSION,
  signal: SIGNAL,
};

const isText = (format: WrittenFormat) => /^[ct]sv/.test(format);
/** Tables that lie column after column; a .feather file is an Arrow one. */
const isColumns = (format: WrittenFormat) => format === 'parquet' || format === 'arrow' || format === 'feather';
/** Of which formats something can be said. */
const USED: Readonly<
  Record<
    Exclude<keyof WriteMatrixOptions, 'format' | 'signal'>,
    readonly [of: string, (format: WrittenFormat) => boolean]
  >
> = {
  delimiter: ['a table', isText],
  layout: ['a table', (format) => isText(format) || isColumns(format)],
  compression: ['an .h5ad file', (format) => format === 'h5ad'],
};

/**
 * Writes a matrix to a file: a dense one as .npy, .npz or .safetensors, a sparse one as .npz (scipy's `save_npz`, csc), either as Matrix
 * Market text, .mtx or .mtx.gz, as a table, .csv, .tsv, these with .gz, .parquet, .arrow or .feather, with as many digits as bring the numbers back, or as the X of
 * an AnnData file, .h5ad, samples × features there. The file is there whole or not at all. Tables and .h5ad keep names, .h5ad also `rowLabels`
 * and `colLabels`: as columns of `var` and `obs`, texts of which many are the same as categories. Where an entry is missing tables have nothing
 * and others NaN; lines without names are numbered in .h5ad.
 *
 * @param matrix rows × columns
 * @throws IoError 'not-written', 'invalid-option', and 'unsupported' for a sparse matrix as .npy or .safetensors, and one whose unlisted entries are
 * missing, which only tables can say.
 * @throws MissingPeerError where a file needs an optional package that isn't there.
 * @throws the signal's reason where it was stopped.
 * @example
 * await writeMatrix('H.npy', fit.parts.H);
 */
export async function writeMatrix(path: string, matrix: MatrixInput, options: WriteMatrixOptions = {}): Promise<void> {
  if (typeof path !== 'string' || path === '') throw invalid(path, 'A path must be a text that is not empty', path);
  if (typeof options !== 'object' || options === null)
    throw invalid(path, 'Options of writeMatrix must be an object', options);
  const rules = new Map(Object.entries(RULES));
  for (const [name, value] of Object.entries(options)) {
    const [rule, holds] = rules.get(name) ?? [];
    if (rule === undefined || holds === undefined)
      throw invalid(path, `writeMatrix must be given options that it has: ${[...rules.keys()].join(', ')}`, name);
    if (value !== undefined && !holds(value)) throw invalid(path, `${name} must be ${rule}`, value);
  }
  const format = options.format ?? WRITTEN.findLast((ending) => path.toLowerCase().endsWith(`.${ending}`));
  if (format === undefined)
    throw invalid(
      path,
      `A matrix must be written as one of ${WRITTEN.join(', ')}, by the end of its path or by format`,
      format,
    );
  for (const name of ['delimiter', 'layout', 'compression'] as const) {
    const [of, used] = USED[name];
    if (options[name] !== undefined && !used(format))
      throw invalid(path, `${name} must be given for ${of}, not for one of format ${format}`, options[name]);
  }
  const read = toMatrix(matrix);
  if (read.kind === 'unusable')
    throw new IoError('invalid-option', path, `A matrix must be ${read.rule}; got ${read.got}`);
  const { signal } = options;
  signal?.throwIfAborted();
  if (format === 'h5ad') {
    const data = annDataOf(path, read, matrix);
    return placed(path, () => writeAnnData(path, data, { packed: options.compression === 'gzip', signal }), signal);
  }
  const parts = await partsOf(path, read, format, options, matrix);
  return placed(path, () => writeWhole(path, parts, signal), signal);
}

/**
 * Writes a file, unless the signal stops it.
 *
 * @throws IoError 'not-written' where it can't be.
 */
export async function placed(path: string, write: () => Promise<void>, signal?: AbortSignal): Promise<void> {
  try {
    signal?.throwIfAborted();
    await write();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof IoError || error instanceof MissingPeerError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new IoError(
      'not-written',
      path,
      `A matrix must be written to a place that may be written to; got ${reason}`,
      { cause: error },
    );
  }
}

const invalid = (path: unknown, rule: string, got: unknown): IoError =>
  new IoError('invalid-option', String(path), `${rule}; got ${show(got)}`);

async function partsOf(
  path: string,
  matrix: Matrix,
  format: WrittenFormat,
  { delimiter = format.startsWith('tsv') ? '\t' : ',', layout }: WriteMatrixOptions,
  input: MatrixInput,
): Promise<readonly Uint8Array[]> {
  if (isText(format) || isColumns(format)) {
    const writing: CsvWriting = { ...namesOf(path, matrix, input), delimiter };
    if (matrix.rows * matrix.cols === 0)
      throw new IoError(
        'unsupported',
        path,
        `A table must have a row and a column; got ${matrix.rows} × ${matrix.cols}`,
      );
    if (layout === 'triplets') checkOnce(path, writing);
    if (isColumns(format)) {
      if (layout !== 'triplets') checkOnce(path, { colNames: writing.colNames });
      const table = (layout === 'triplets' ? longTable : wideTable)(matrix, writing);
      return format === 'parquet' ? [await parquetBytes(table)] : arrowParts(table);
    }
    const text = await (layout === 'triplets' ? listText : csvText)(matrix, writing);
    return format.endsWith('.gz') ? [await packed(text)] : text;
  }
  if (matrix.kind === 'csc' && matrix.unlisted === 'missing')
    throw new IoError(
      'unsupported',
      path,
      'A sparse matrix in a file must list all that is not zero; got one whose unlisted entries are missing',
    );
  if (format === 'safetensors') {
    if (matrix.kind === 'dense') return safetensorsParts(matrix);
    throw new IoError(
      'unsupported',
      path,
      'A .safetensors file must hold a dense matrix; got a sparse one. Write it as .npz or .mtx',
    );
  }
  if (format === 'npy' || format === 'npz') {
    if (matrix.kind === 'csc' && format === 'npy')
      throw new IoError(
        'unsupported',
        path,
        'An .npy file must hold a dense matrix; got a sparse one. Write it as .npz or .mtx',
      );
    if (matrix.kind === 'dense') {
      const array = arrayOf(matrix);
      return format === 'npy' ? npyParts(array) : zipParts([{ name: 'matrix.npy', parts: npyParts(array) }]);
    }
    return zipParts(sparseArrays(matrix).map(([name, array]) => ({ name: `${name}.npy`, parts: npyParts(array) })));
  }
  const text = await marketText(matrix);
  return format === 'mtx' ? text : [await packed(text)];
}

const arrayOf = ({ rows, cols, order, data }: DenseData): NpyArray => ({
  shape: [rows, cols],
  fortran: order !== 'rows',
  data,
});

/** Scipy reads indices of 32 bits with a sign, or else of 64. */
function sparseArrays({ rows, cols, indptr, indices, values }: CscMatrix): readonly (readonly [string, NpyArray])[] {
  const wide = values.length >= 2 ** 31 || rows >= 2 ** 31;
  const whole = (list: Uint32Array) => (wide ? BigInt64Array.from(list, BigInt) : Int32Array.from(list));
  return [
    ['indices', { shape: [indices.length], data: whole(indices) }],
    ['indptr', { shape: [indptr.length], data: whole(indptr) }],
    ['format', { shape: [], data: new TextEncoder().encode('csc') }],
    ['shape', { shape: [2], data: BigInt64Array.of(BigInt(rows), BigInt(cols)) }],
    ['data', { shape: [values.length], data: values }],
  ];
}

const packed = (text: readonly Uint8Array[]): Promise<Uint8Array> => promisify(gzip)(Buffer.concat(text));

/** The names that a matrix brings. */
function namesOf(path: string, { rows, cols }: Matrix, input: MatrixInput): LineNames {
  // Rows in a list, and ndarrays, have none.
  const { rowNames, colNames } = input as LineNames;
  for (const [what, names, count] of [
    ['rowNames', rowNames, rows],
    ['colNames', colNames, cols],
  ] as const)
    if (names !== undefined && !(Array.isArray(names) && names.length === count && names.every(isString)))
      throw invalid(path, `${what} must be ${count} texts`, names);
  return { rowNames, colNames };
}

/** What AnnData keeps of a matrix, and of its rows and columns. */
export function annDataOf(path: string, matrix: Matrix, input: MatrixInput): AnnData {
  const { rowNames, colNames } = namesOf(path, matrix, input);
  // Rows in a list, and ndarrays, have none.
  const { rowLabels, colLabels } = input as FileNames;
  for (const [what, labels = {}, count] of [
    ['rowLabels', rowLabels, matrix.rows],
    ['colLabels', colLabels, matrix.cols],
  ] as const)
    for (const [name, own] of Object.entries(labels))
      if (own.length !== count || !(own instanceof Float64Array || (Array.isArray(own) && own.every(isString))))
        throw invalid(path, `${what}.${name} must be ${count} texts, or as many numbers in a Float64Array`, own);
  return {
    X: matrix,
    features: { count: matrix.rows, names: rowNames, labels: rowLabels },
    samples: { count: matrix.cols, names: colNames, labels: colLabels },
  };
}

const isString = (x: unknown): boolean => typeof x === 'string';

/** Triplets, and columns of Parquet and Arrow, say by its name which line they are of. */
function checkOnce(path: string, { rowNames = [], colNames = [] }: LineNames): void {
  for (const names of [rowNames, colNames]) {
    const twice = names.length === new Set(names).size ? undefined : names.find((name, n) => names.indexOf(name) !== n);
    if (twice !== undefined)
      throw new IoError(
        'unsupported',
        path,
        `Triplets and columns of Parquet and Arrow must have names that are not the same; got '${twice}' twice`,
      );
  }
}
