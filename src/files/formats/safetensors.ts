import type { DenseData, Floats } from '../../matrix.js';
import { LITTLE, swapBytes } from '../byte-order.js';
import { isModest } from '../gunzip.js';
import { bytesAt, type Source } from '../source.js';
import { floatsAt, type NumberType, widthOf } from './numbers.js';

/** Numbers with a shape, row after row. */
export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Floats;
}

/** Tensors by name, and words beside them. */
export interface TensorFile {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Bytes of a safetensors file: the length of the header, the header as JSON, and then one tensor after the other. */
export function toBytes({ tensors, metadata }: TensorFile): readonly Uint8Array[] {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: Uint8Array[] = [];
  let end = 0;
  for (const [name, { shape, data }] of tensors) {
    const from = end;
    end += data.byteLength;
    header[name] = { dtype: data instanceof Float64Array ? 'F64' : 'F32', shape, data_offsets: [from, end] };
    parts.push(bytesOf(data));
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  // Tensors begin at a multiple of eight, which spaces after the JSON see to.
  const padded = new Uint8Array(Math.ceil(text.length / 8) * 8).fill(0x20);
  padded.set(text);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.length), true);
  return [length, padded, ...parts];
}

/** The numbers' bytes, least significant first. */
function bytesOf(data: Floats): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE) return bytes;
  const own = Uint8Array.from(bytes);
  swapBytes(own, data.BYTES_PER_ELEMENT);
  return own;
}

/** The type of the numbers of a tensor by its name in files; truth values are bytes. */
const TYPES: ReadonlyMap<unknown, NumberType> = new Map([
  ['F64', 'f8'],
  ['F32', 'f4'],
  ['F16', 'f2'],
  ['BF16', 'b2'],
  ['I64', 'i8'],
  ['I32', 'i4'],
  ['I16', 'i2'],
  ['I8', 'i1'],
  ['U64', 'u8'],
  ['U32', 'u4'],
  ['U16', 'u2'],
  ['U8', 'u1'],
  ['BOOL', 'u1'],
]);

/** Where a tensor lies behind the header. */
export interface TensorPlace {
  readonly name: string;
  readonly shape: readonly number[];
  /** Its numbers; undefined: of a type that isn't known here. */
  readonly type: NumberType | undefined;
  /** What the file calls that. */
  readonly called: string;
  readonly from: number;
  readonly to: number;
}

/** What the header of a safetensors file says: tensors in the order in which they lie, one at the end of the other. */
export interface TensorHeader {
  readonly places: readonly TensorPlace[];
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a header, its bytes given, of a file that has so many bytes behind it.
 *
 * @throws RangeError that says what is wrong with it.
 */
export function tensorHeader(bytes: Uint8Array, behind: number): TensorHeader {
  const demand = (holds: boolean, rule: string) => {
    if (!holds) throw new RangeError(rule);
  };
  const { __metadata__: words = {}, ...entries } = parsed(bytes);
  const places = Object.entries(entries).map(([name, entry]): TensorPlace => {
    const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
    const sizes = isCounts(shape) ? shape : [];
    const [from, to] = isCounts(offsets) ? offsets : [];
    demand(isCounts(shape) && from !== undefined && to !== undefined, `tensor '${name}' has no place`);
    const type = TYPES.get(dtype);
    const count = sizes.reduce((product, size) => product * size, 1);
    demand(type === undefined ? to >= from : to - from === widthOf(type) * count, `tensor '${name}' has another size`);
    return { name, shape: sizes, type, called: String(dtype), from, to };
  });
  places.sort((a, b) => a.from - b.from || a.to - b.to);
  let end = 0;
  for (const { name, from, to } of places) {
    demand(from === end, `tensor '${name}' has no place`);
    demand(to <= behind, `it ends within tensor '${name}'`);
    end = to;
  }
  demand(end === behind, 'it goes on after its last tensor');
  const metadata = Object.entries(isObject(words) ? words : {}).filter(([, word]) => typeof word === 'string');
  return { places, metadata: Object.fromEntries(metadata) as Record<string, string> }; // the filter kept strings
}

function parsed(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new RangeError('its header is no JSON', { cause: error });
  }
  if (!isObject(header)) throw new RangeError('its header is no object');
  return header;
}

const isObject = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null;
const isCounts = (x: unknown): x is readonly number[] =>
  Array.isArray(x) && x.every((size) => Number.isSafeInteger(size) && size >= 0);

/** The length of a header; what is longer isn't taken for one. */
export const lengthAt = (bytes: Uint8Array): number =>
  Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
const LONGEST = 100_000_000;

/** Whether these are the first bytes of a safetensors file of this size. */
export const isSafetensors = (first: Uint8Array, size: number): boolean =>
  first.length > 8 && first[8] === 0x7b && lengthAt(first) <= Math.min(LONGEST, size - 8);

/** What a byte of JSON may become. */
const PARSED = 20;

/**
 * The matrix in a safetensors file: a tensor of two dimensions, by name where there are several.
 *
 * @throws IoError 'not-found', 'unsupported', 'damaged'
 */
export async function readSafetensors(source: Source, array?: string): Promise<DenseData> {
  const damaged = (rule: string, cause?: unknown) =>
    source.fault('damaged', `A safetensors file must be whole; ${rule}`, { offset: 0, cause });
  if (source.size < 8) throw damaged('it ends before its header');
  const length = lengthAt(await bytesAt(source, 0, 8));
  const behind = source.size - 8 - length;
  if (length > LONGEST || behind < 0) throw damaged('it ends within its header');
  if (!isModest(source, PARSED * length))
    throw source.fault('unsupported', `A safetensors file must be more than its header; got ${length} bytes of JSON in ${source.size}`, { offset: 0 }); // biome-ignore format: one fault
  let header: TensorHeader;
  try {
    header = tensorHeader(await bytesAt(source, 8, length), behind);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw damaged(error.message, error);
  }
  const { places } = header;
  const wanted =
    array === undefined ? (places.length === 1 ? places[0] : undefined) : places.find(({ name }) => name === array);
  if (wanted === undefined) {
    const some = places.slice(0, 20).map(({ name, shape }) => `${name} (${shape.join(' × ')})`);
    const more = places.length > some.length ? ` and ${places.length - some.length} more` : '';
    const rule = array === undefined ? 'hold one tensor, or it must be said which' : `hold the tensor '${array}'`;
    throw source.fault(
      'not-found',
      `A safetensors file must ${rule}; got ${some.join(', ') || 'none'}${more}. Give one as array`,
    );
  }
  const { name, shape, type, called, from } = wanted;
  if (type === undefined)
    throw source.fault('unsupported', `A matrix must be of real numbers; got tensor '${name}' of type ${called}`);
  if (shape.length !== 2)
    throw source.fault(
      'unsupported',
      `A matrix must have two dimensions; got tensor '${name}' of ${shape.length} (${shape.join(' × ')})`,
    );
  const [rows, cols] = shape;
  const data = await floatsAt(source, 8 + length + from, rows * cols, type, true);
  return Object.freeze({ kind: 'dense', rows, cols, order: 'rows', data });
}

/** A matrix as a safetensors file: the tensor 'matrix', row after row. */
export function safetensorsParts(matrix: DenseData): readonly Uint8Array[] {
  const { rows, cols, order, data } = matrix;
  const tensor = { shape: [rows, cols], data: order === 'rows' ? data : byRows(matrix) };
  return toBytes({ tensors: new Map([['matrix', tensor]]), metadata: {} });
}

function byRows({ rows, cols, data }: DenseData): Floats {
  const out = data instanceof Float32Array ? new Float32Array(data.length) : new Float64Array(data.length);
  for (let j = 0; j < cols; j++) for (let i = 0; i < rows; i++) out[i * cols + j] = data[i + j * rows];
  return out;
}
