import { IoError } from '../errors.js';
import { show } from '../issues.js';
import { flipped, type Matrix } from '../matrix.js';
import type { LineNames } from '../matrix-input.js';
import { readArrow } from './formats/arrow/read-arrow.js';
import { readCsv } from './formats/csv/read-csv.js';
import { detect, FORMATS, type MatrixFormat } from './formats/detect.js';
import type { Column, Found, Side } from './formats/found.js';
import { readHdf5 } from './formats/hdf5/read-hdf5.js';
import { readMatrixMarket } from './formats/matrix-market.js';
import { readNpy } from './formats/npy.js';
import { readNpz } from './formats/npz.js';
import { readParquet } from './formats/parquet.js';
import { readSafetensors } from './formats/safetensors.js';
import { readSpz } from './formats/spz/read-spz.js';
import { type Rule, TABLE_RULES, TEXT_TABLE_RULES, type TextTableOptions } from './formats/table-options.js';
import { noTenXFolder, readTenX } from './formats/ten-x.js';
import { type Folder, folderAt, type Source, type Watch, withFile } from './source.js';
import { readInThread } from './thread.js';
import { ONLOOKER_RULES, type Onlooker, watched } from './watch.js';

/** What can be said of how a file is to be read. */
export interface MatrixReading extends TextTableOptions {
  /** Default: what the file says by its first bytes, or else by its name. */
  readonly format?: MatrixFormat | undefined;
  /**
   * How the file lies: 'features-by-samples', or 'samples-by-features', which is turned. Default: the former, and the latter for AnnData
   * files, which lie so.
   */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** The array of a .npz file that holds several, the tensor of a .safetensors file, or the place of a matrix in an HDF5 file. */
  readonly array?: string | undefined;
  /** The matrix of an AnnData file: a name in its `layers`, 'raw', or 'obsm/…'; default its X. Of a 10x file: the type of features; default all. */
  readonly layer?: string | undefined;
}

export interface ReadMatrixOptions extends MatrixReading, Onlooker {}

/** What is called what in a matrix from a file, where the file says it. */
export interface FileNames extends LineNames {
  /** What else is known of each row, by the name of the column it stands in. */
  readonly rowLabels?: Readonly<Record<string, Column>> | undefined;
  readonly colLabels?: Readonly<Record<string, Column>> | undefined;
}

/** A matrix from a file, features × samples: `factorInput` takes it, names and all. */
export type FileMatrix = Matrix & FileNames;

const READERS: Readonly<Record<MatrixFormat, (source: Source, options: MatrixReading) => Promise<Found>>> = {
  npy: async (source) => ({ matrix: await readNpy(source), turned: false }),
  npz: (source, { array }) => readNpz(source, array),
  mtx: async (source) => ({ matrix: await readMatrixMarket(source), turned: false }),
  spz: (source) => readSpz(source),
  csv: readCsv,
  tsv: readCsv,
  safetensors: async (source, { array }) => ({ matrix: await readSafetensors(source, array), turned: false }),
  parquet: readParquet,
  arrow: readArrow,
  hdf5: readHdf5,
  '10x': async (source) => {
    throw noTenXFolder(source.path, 'a file');
  },
};

/** Formats whose packages may crash or never end on damaged files: they are read in a thread. */
const GUARDED: readonly MatrixFormat[] = ['hdf5'];

/** What each option must be. */
export const READING_RULES: Readonly<Record<keyof MatrixReading, Rule>> = {
  format: [`one of ${FORMATS.join(', ')}`, (x) => FORMATS.some((format) => format === x)],
  orientation: [
    "'features-by-samples' or 'samples-by-features'",
    (x) => x === 'features-by-samples' || x === 'samples-by-features',
  ],
  array: ['a text', (x) => typeof x === 'string'],
  layer: ['a text', (x) => typeof x === 'string'],
  ...TEXT_TABLE_RULES,
};

/** What can be said of a format beside how it lies. */
const OPTIONS: Readonly<Partial<Record<MatrixFormat, readonly string[]>>> = {
  npz: ['array'],
  safetensors: ['array'],
  hdf5: ['array', 'layer'],
  parquet: Object.keys(TABLE_RULES),
  arrow: Object.keys(TABLE_RULES),
  csv: Object.keys(TEXT_TABLE_RULES),
  tsv: Object.keys(TEXT_TABLE_RULES),
};

/**
 * The matrix in a file: .npy, .npz (of numpy, and sparse ones of scipy), Matrix Market (.mtx, .mtx.gz), StreamPress (.spz),
 * safetensors, tables of text (.csv, .tsv, .txt; .gz), Arrow (files, Feather 2, streams), which needs an optional package where it is packed by
 * ZSTD, and, with optional packages, Parquet and HDF5 (AnnData's .h5ad, 10x .h5, arrays). What it is is seen by its content; tables of text and
 * streams by the end of its path.
 *
 * A table of text has a row of the matrix a line. Its first line names the columns where it is words, its first column names the rows where
 * it is words; `header` and `names` say so where it can't be seen. Fields may stand in quotes (RFC 4180). With `layout: 'triplets'` a line is
 * a row, a column and a value; the matrix is sparse then, its rows and columns in the order in which their names first come, or where all are
 * whole numbers in the order of these. Of a Parquet or Arrow file the column that pandas took as its index, or else the first of texts, names the
 * rows; other texts are `rowLabels`.
 *
 * AnnData files are observations × variables, so they are turned without being asked: rows are variables, columns observations, each named by
 * the index of its table, whose other columns are labels. `layer` reads one of the layers, 'raw' with its own variables, or an embedding
 * ('obsm/…'). In 10x files rows are features by their ids; their names are the label `name`, and `layer` reads the features of one
 * type. Of other HDF5 files `array` says which array of two dimensions, or which sparse matrix. HDF5 files are read in a thread that is
 * ended where it doesn't get on.
 *
 * The path may be that of a folder of 10x Genomics: `matrix.mtx`, `features.tsv` or `genes.tsv`, `barcodes.tsv`, each maybe packed (`.gz`) and all
 * maybe with the same prefix. Features are named by their ids; their `name` and `feature_type` are `rowLabels`.
 *
 * `signal` stops it between pieces, and ends the thread; `onProgress` is told how many bytes of the file were read.
 *
 * @returns features × samples: dense in the file's order, or sparse; 32-bit floats stay so, other numbers become 64-bit floats.
 * NaN are missing entries. Arrays of a Matrix Market file that Rust read in the main thread can be copied to another thread, not moved.
 * @throws IoError 'not-read', 'unknown-format', 'damaged', 'unsupported', 'not-found', 'invalid-option', with the byte or line.
 * @throws MissingPeerError where a file needs an optional package that isn't there.
 * @throws the signal's reason where it was stopped.
 * @example
 * const counts = await readMatrix('matrix.mtx.gz');
 * const fit = await factorNet(nmfLayer(factorInput(counts, { name: 'rna' }), { name: 'parts', k: 10 })).fit();
 * const spliced = await readMatrix('cells.h5ad', { layer: 'spliced' });
 */
export async function readMatrix(path: string, options: ReadMatrixOptions = {}): Promise<FileMatrix> {
  return (await readKnown(path, options)).matrix;
}

/** A matrix, and the format of its file. */
export interface KnownMatrix {
  readonly format: MatrixFormat;
  readonly matrix: FileMatrix;
}

/** The matrix in a file, and of which format that is. */
export async function readKnown(path: string, options: ReadMatrixOptions = {}): Promise<KnownMatrix> {
  check(path, options);
  const { signal, onProgress, ...reading } = options;
  const inFile = (source: Source, format: MatrixFormat) =>
    GUARDED.includes(format) ? readInThread(path, { ...reading, format }, source) : matrixIn(source, format, reading);
  return watched({ signal, onProgress }, (watch) => read(path, reading, inFile, watch));
}

/** The matrix in a file, read in this thread, whatever the format; `watch` is told whenever something was read. */
export async function readHere(path: string, options: MatrixReading, watch?: Watch): Promise<FileMatrix> {
  check(path, options);
  return (await read(path, options, (source, format) => matrixIn(source, format, options), watch)).matrix;
}

async function read(
  path: string,
  options: MatrixReading,
  fromFile: (source: Source, format: MatrixFormat) => Promise<FileMatrix>,
  watch?: Watch,
): Promise<KnownMatrix> {
  const folder = await folderAt(path);
  if (folder !== undefined) return { format: '10x', matrix: await inFolder(folder, options, watch) };
  const known = async (source: Source): Promise<KnownMatrix> => {
    const { format = await detect(source) } = options;
    checkUsed(path, format, options);
    return { format, matrix: await fromFile(source, format) };
  };
  return withFile(path, known, watch);
}

async function inFolder(folder: Folder, options: MatrixReading, watch?: Watch): Promise<FileMatrix> {
  const { path } = folder;
  const { format = '10x' } = options;
  if (format !== '10x')
    throw new IoError('not-read', path, `Data of format ${format} must be a file that can be read; got a folder`);
  checkUsed(path, format, options);
  return asAsked(path, options, () => readTenX(folder, watch));
}

const matrixIn = (source: Source, format: MatrixFormat, options: MatrixReading): Promise<FileMatrix> =>
  asAsked(source.path, options, () => READERS[format](source, options));

/** What was found, turned where it is to be. */
async function asAsked(path: string, options: MatrixReading, found: () => Promise<Found>): Promise<FileMatrix> {
  try {
    const own = await found();
    const { orientation = own.lies } = options;
    return turnedTo(own, orientation === 'samples-by-features');
  } catch (error) {
    // What the engine throws when an array can't be had.
    if (error instanceof RangeError)
      throw new IoError('unsupported', path, `A matrix must fit into memory; got ${error.message}`, { cause: error });
    throw error;
  }
}

function check(path: string, options: ReadMatrixOptions): void {
  if (typeof path !== 'string' || path === '') throw invalid(path, 'A path must be a text that is not empty', path);
  if (typeof options !== 'object' || options === null)
    throw invalid(path, 'Options of readMatrix must be an object', options);
  const rules = new Map(Object.entries({ ...READING_RULES, ...ONLOOKER_RULES }));
  for (const [name, value] of Object.entries(options)) {
    const [rule, holds] = rules.get(name) ?? [];
    if (rule === undefined || holds === undefined)
      throw invalid(path, `readMatrix must be given options that it has: ${[...rules.keys()].join(', ')}`, name);
    if (value !== undefined && !holds(value)) throw invalid(path, `${name} must be ${rule}`, value);
  }
}

/** What is said of a format that can't be so is a mistake. */
function checkUsed(path: string, format: MatrixFormat, options: MatrixReading): void {
  const known = ['format', 'orientation', ...(OPTIONS[format] ?? [])];
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && !known.includes(name))
      throw invalid(path, `Options of a file of format ${format} must be some of ${known.join(', ')}`, name);
  if (options.unlisted !== undefined && options.layout !== 'triplets')
    throw invalid(path, "unlisted must be given with layout: 'triplets'", options.unlisted);
  if (options.names !== undefined && options.layout === 'triplets')
    throw invalid(path, 'names must be left out of triplets, whose columns say them', options.names);
}

const invalid = (path: unknown, rule: string, got: unknown): IoError =>
  new IoError('invalid-option', String(path), `${rule}; got ${show(got)}`);

/** The matrix that the file says, or its transpose; sparse ones are turned only where they don't lie so. */
function turnedTo({ matrix, turned, rows = {}, columns = {} }: Found, wanted: boolean): FileMatrix {
  const own = turned === wanted ? matrix : flipped(matrix);
  const [down, across]: readonly [Side, Side] = wanted ? [columns, rows] : [rows, columns];
  return Object.freeze({
    ...own,
    ...(down.names === undefined ? {} : { rowNames: down.names }),
    ...(across.names === undefined ? {} : { colNames: across.names }),
    ...(down.labels === undefined ? {} : { rowLabels: down.labels }),
    ...(across.labels === undefined ? {} : { colLabels: across.labels }),
  });
}
