import { IoError } from '../errors.js';
import { show } from '../issues.js';
import { flipped, type Matrix } from '../matrix.js';
import type { LineNames } from '../matrix-input.js';
import { detect, FORMATS, type MatrixFormat } from './formats/detect.js';
import type { Column, Found, Side } from './formats/found.js';
import { readMatrixMarket } from './formats/matrix-market.js';
import { readNpy } from './formats/npy.js';
import { readNpz } from './formats/npz.js';
import { readSpz } from './formats/spz/read-spz.js';
import { type Source, withFile } from './source.js';

export interface ReadMatrixOptions {
  /** Default: what the file says by its first bytes, or else by its name. */
  readonly format?: MatrixFormat | undefined;
  /** How the file lies: 'features-by-samples' (default), or 'samples-by-features', which is turned. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** The array of a .npz file that holds several. */
  readonly array?: string | undefined;
}

/** What is called what in a matrix from a file, where the file says it. */
export interface FileNames extends LineNames {
  /** What else is known of each row, by the name of the column it stands in. */
  readonly rowLabels?: Readonly<Record<string, Column>> | undefined;
  readonly colLabels?: Readonly<Record<string, Column>> | undefined;
}

/** A matrix from a file, features × samples: `factorInput` takes it, names and all. */
export type FileMatrix = Matrix & FileNames;

const READERS: Readonly<Record<MatrixFormat, (source: Source, options: ReadMatrixOptions) => Promise<Found>>> = {
  npy: async (source) => ({ matrix: await readNpy(source), turned: false }),
  npz: (source, { array }) => readNpz(source, array),
  mtx: async (source) => ({ matrix: await readMatrixMarket(source), turned: false }),
  spz: (source) => readSpz(source),
};

/**
 * The matrix in a file: .npy, .npz (of numpy, and sparse ones of scipy), Matrix Market (.mtx, .mtx.gz), StreamPress (.spz). What it
 * is is seen by its content.
 *
 * @returns features × samples: dense in the file's order, or sparse; 32-bit floats stay so, other numbers become 64-bit floats.
 * NaN are missing entries.
 * @throws IoError 'not-read', 'unknown-format', 'damaged', 'unsupported', 'not-found', 'invalid-option', with the byte or line.
 * @example
 * const counts = await readMatrix('matrix.mtx.gz');
 * const fit = await factorNet(nmfLayer(factorInput(counts, { name: 'rna' }), { name: 'parts', k: 10 })).fit();
 */
export async function readMatrix(path: string, options: ReadMatrixOptions = {}): Promise<FileMatrix> {
  check(path, options);
  return withFile(path, async (source) => {
    const { format = await detect(source), orientation } = options;
    const found = await READERS[format](source, options);
    return turnedTo(found, orientation === 'samples-by-features');
  });
}

function check(path: string, options: ReadMatrixOptions): void {
  const refuse = (rule: string, got: unknown): never => {
    throw new IoError('invalid-option', String(path), `${rule}; got ${show(got)}`);
  };
  if (typeof path !== 'string' || path === '') refuse('A path must be a text that is not empty', path);
  if (typeof options !== 'object' || options === null) refuse('Options of readMatrix must be an object', options);
  const { format, orientation, array, ...rest } = options;
  const known = ['format', 'orientation', 'array'];
  for (const name of Object.keys(rest))
    refuse(`readMatrix must be given options that it has: ${known.join(', ')}`, name);
  if (format !== undefined && !FORMATS.includes(format)) refuse(`format must be one of ${FORMATS.join(', ')}`, format);
  if (orientation !== undefined && !['features-by-samples', 'samples-by-features'].includes(orientation))
    refuse("orientation must be 'features-by-samples' or 'samples-by-features'", orientation);
  if (array !== undefined && typeof array !== 'string') refuse('array must be a text', array);
}

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
