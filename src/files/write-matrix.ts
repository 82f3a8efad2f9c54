import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { IoError } from '../errors.js';
import { show } from '../issues.js';
import { type CscMatrix, type DenseData, type Matrix, stridesOf } from '../matrix.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';
import { type NpyArray, npyParts } from './formats/write-npy.js';
import { writeWhole } from './write-whole.js';
import { zipParts } from './write-zip.js';

/** Formats that matrices are written in. */
export const WRITTEN = ['npy', 'npz', 'mtx', 'mtx.gz'] as const;
export type WrittenFormat = (typeof WRITTEN)[number];

export interface WriteMatrixOptions {
  /** Default: what the path ends with. */
  readonly format?: WrittenFormat | undefined;
}

/**
 * Writes a matrix to a file: a dense one as .npy or .npz, a sparse one as .npz (scipy's `save_npz`, csc), either as Matrix
 * Market text, .mtx or .mtx.gz, with as many digits as bring the numbers back. The file is there whole or not at all. None of these
 * formats keeps names.
 *
 * @param matrix rows × columns
 * @throws IoError 'not-written', 'invalid-option', and 'unsupported' for a sparse matrix as .npy, and one whose unlisted entries are
 * missing, which no format can say.
 * @example
 * await writeMatrix('H.npy', fit.parts.H);
 */
export async function writeMatrix(path: string, matrix: MatrixInput, options: WriteMatrixOptions = {}): Promise<void> {
  if (typeof path !== 'string' || path === '') throw invalid(path, 'A path must be a text that is not empty', path);
  if (typeof options !== 'object' || options === null)
    throw invalid(path, 'Options of writeMatrix must be an object', options);
  for (const name of Object.keys(options))
    if (name !== 'format') throw invalid(path, 'writeMatrix must be given options that it has: format', name);
  const format = options.format ?? WRITTEN.findLast((ending) => path.toLowerCase().endsWith(`.${ending}`));
  if (format === undefined || !WRITTEN.includes(format))
    throw invalid(
      path,
      `A matrix must be written as one of ${WRITTEN.join(', ')}, by the end of its path or by format`,
      format,
    );
  const read = toMatrix(matrix);
  if (read.kind === 'unusable')
    throw new IoError('invalid-option', path, `A matrix must be ${read.rule}; got ${read.got}`);
  const parts = await partsOf(path, read, format);
  try {
    await writeWhole(path, parts);
  } catch (error) {
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

async function partsOf(path: string, matrix: Matrix, format: WrittenFormat): Promise<readonly Uint8Array[]> {
  if (matrix.kind === 'csc' && matrix.unlisted === 'missing')
    throw new IoError(
      'unsupported',
      path,
      'A sparse matrix in a file must list all that is not zero; got one whose unlisted entries are missing',
    );
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
  return format === 'mtx' ? text : [await promisify(gzip)(Buffer.concat(text))];
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

/** Letters of a part. */
const LETTERS = 1 << 20;

/** Number by number as Matrix Market writes it; numbers that are no decimals as Python reads them. */
async function marketText(matrix: Matrix): Promise<readonly Uint8Array[]> {
  const { rows, cols } = matrix;
  const encoder = new TextEncoder();
  const parts: Uint8Array[] = [];
  let text = `%%MatrixMarket matrix ${matrix.kind === 'csc' ? 'coordinate' : 'array'} real general\n`;
  const add = async (line: string) => {
    text += line;
    if (text.length < LETTERS) return;
    parts.push(encoder.encode(text));
    text = '';
    await new Promise(setImmediate);
  };
  if (matrix.kind === 'csc') {
    const { indptr, indices, values } = matrix;
    text += `${rows} ${cols} ${values.length}\n`;
    for (let j = 0; j < cols; j++)
      for (let p = indptr[j]; p < indptr[j + 1]; p++) {
        const line = `${indices[p] + 1} ${j + 1} ${decimal(values[p])}\n`;
        if (text.length < LETTERS) text += line;
        else await add(line);
      }
  } else {
    const [down, across] = stridesOf(matrix);
    text += `${rows} ${cols}\n`;
    for (let j = 0; j < cols; j++) {
      let column = '';
      for (let i = 0; i < rows; i++) column += `${decimal(matrix.data[i * down + j * across])}\n`;
      await add(column);
    }
  }
  parts.push(encoder.encode(text));
  return parts;
}

const decimal = (x: number): string => {
  if (Number.isFinite(x)) return Object.is(x, -0) ? '-0' : String(x);
  return Number.isNaN(x) ? 'nan' : x > 0 ? 'inf' : '-inf';
};
