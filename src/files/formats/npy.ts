import type { DenseData } from '../../matrix.js';
import { LITTLE } from '../byte-order.js';
import { endsIn, firstBytes, type Source } from '../source.js';
import { floatsAt, type NumberType, widthOf } from './numbers.js';

/** What every .npy file begins with. */
export const NPY_MAGIC = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** An array as the header of a .npy file describes it. */
export interface NpyHeader {
  readonly type: NumberType;
  readonly little: boolean;
  readonly shape: readonly number[];
  /** First index fastest. */
  readonly fortran: boolean;
  /** Where the numbers begin. */
  readonly offset: number;
}

/** Headers are short; numpy refuses longer ones as well unless it is told to trust them. */
const LONGEST = 10_000;
/** Bytes within which a header ends. */
export const NPY_HEADER = 12 + LONGEST;

/**
 * The header of a .npy file: versions 1 to 3.
 *
 * @throws IoError 'damaged', or 'unsupported' for what isn't numbers.
 */
export async function npyHeader(source: Source): Promise<NpyHeader> {
  return headerIn(await firstBytes(source, NPY_HEADER), source);
}

/** The same, from the first `NPY_HEADER` bytes, or all where there are fewer. */
export function headerIn(first: Uint8Array, source: Pick<Source, 'fault' | 'size'>): NpyHeader {
  const bytes = (from: number, length: number) => {
    if (from + length <= first.length) return first.subarray(from, from + length);
    throw endsIn(source, from + length);
  };
  const start = bytes(0, 10);
  const rule = (holds: boolean, message: string, offset: number) => {
    if (!holds) throw source.fault('damaged', message, { offset });
  };
  rule(
    NPY_MAGIC.every((byte, i) => start[i] === byte),
    'An .npy file must begin with its mark; got other bytes',
    0,
  );
  const major = start[6];
  rule(major >= 1 && major <= 3, `An .npy file must be of version 1, 2 or 3; got ${major}`, 6);
  const wide = major > 1;
  const lengths = wide ? bytes(8, 4) : start.subarray(8, 10);
  const length = lengths.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  rule(length <= LONGEST, `The header of an .npy file must be ${LONGEST} bytes at most; got ${length}`, 8);
  const begin = wide ? 12 : 10;
  const text = new TextDecoder('latin1').decode(bytes(begin, length));
  const { descr, fortran, shape } = parseHeader(text, (message) => source.fault('damaged', message, { offset: begin }));
  const offset = begin + length;
  const type = typeOf(descr);
  if (type === null)
    throw source.fault('unsupported', `A matrix must be of real numbers; got an .npy file of type ${descr}`, {
      offset: begin,
    });
  const count = shape.reduce((product, size) => product * size, 1);
  rule(
    count * widthOf(type.type) === source.size - offset,
    `An .npy file must hold the ${shape.join(' × ')} numbers of ${widthOf(type.type)} bytes that it says; got ${source.size - offset} bytes`,
    offset,
  );
  return { ...type, shape, fortran, offset };
}

function parseHeader(text: string, fault: (message: string) => Error) {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\sL,]*)\)/.exec(text)?.[1];
  if (descr === undefined && /'descr'\s*:\s*\[/.test(text))
    return { descr: 'of several fields', fortran: false, shape: [] };
  if (descr === undefined || order === undefined || sizes === undefined)
    throw fault("The header of an .npy file must give 'descr', 'fortran_order' and 'shape'; got others");
  const shape = sizes
    .split(',')
    .map((size) => size.trim().replace(/L$/, ''))
    .filter((size) => size !== '')
    .map(Number);
  if (
    !shape.every((size) => Number.isSafeInteger(size)) ||
    !Number.isSafeInteger(shape.reduce((p, size) => p * size, 1))
  )
    throw fault(`The shape of an .npy file must be of whole numbers; got (${sizes})`);
  return { descr, fortran: order === 'True', shape };
}

function typeOf(descr: string): { readonly type: NumberType; readonly little: boolean } | null {
  const found = /^([<>|=]?)(?:(f[248]|[iu][1248])|([b?]1?))$/.exec(descr);
  if (found === null) return null;
  const [, order, type, truth] = found;
  if (truth !== undefined && truth !== 'b1' && truth !== '?') return null;
  return { type: (type ?? 'u1') as NumberType, little: order === '<' || (order !== '>' && LITTLE) }; // the pattern lists them
}

/** The matrix in a .npy file: its rows are the first index. */
export async function readNpy(source: Source): Promise<DenseData> {
  const header = await npyHeader(source);
  const { fortran, offset, type, little } = header;
  const [rows, cols] = matrixShape(header, source);
  const data = await floatsAt(source, offset, rows * cols, type, little);
  return Object.freeze({ kind: 'dense', rows, cols, order: fortran ? 'columns' : 'rows', data });
}

/**
 * Rows and columns of a matrix in a .npy file.
 *
 * @throws IoError 'unsupported' for an array of other dimensions.
 */
export function matrixShape({ shape }: NpyHeader, { fault }: Pick<Source, 'fault'>): readonly [number, number] {
  const [rows, cols] = shape;
  if (shape.length === 2) return [rows, cols];
  throw fault(
    'unsupported',
    `A matrix must have two dimensions; got an .npy file of ${shape.length} (${shape.join(' × ')})`,
    { offset: 8 },
  );
}
