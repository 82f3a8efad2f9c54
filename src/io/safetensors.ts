import type { Floats } from '../matrix.js';

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

/** Whether this machine stores numbers as the format does. */
const little = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** The numbers' bytes, least significant first. */
function bytesOf(data: Floats): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return little ? bytes : swapped(bytes, data.BYTES_PER_ELEMENT);
}

function swapped(bytes: Uint8Array, width: number): Uint8Array<ArrayBuffer> {
  return bytes.map((_, p) => bytes[p - (p % width) + width - 1 - (p % width)]);
}

/** The bytes of a number by its type. */
const WIDTHS = new Map<unknown, 8 | 4>([
  ['F64', 8],
  ['F32', 4],
]);

/**
 * What a safetensors file holds, tensors of 64-bit or 32-bit numbers only.
 *
 * @throws RangeError that says what is wrong with it.
 */
export function fromBytes(bytes: Uint8Array): TensorFile {
  const demand = (holds: boolean, rule: string) => {
    if (!holds) throw new RangeError(rule);
  };
  demand(bytes.length >= 8, 'it ends before its header');
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true));
  demand(length <= bytes.length - 8, 'it ends within its header');
  const header = parsed(bytes.subarray(8, 8 + length));
  const body = bytes.subarray(8 + length);
  const tensors = new Map<string, Tensor>();
  let end = 0;
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
    const width = WIDTHS.get(dtype) ?? 0;
    demand(width > 0, `tensor '${name}' is not of 64-bit or 32-bit numbers`);
    const sizes = isCounts(shape) ? shape : [];
    const [from, to] = isCounts(offsets) ? offsets : [];
    demand(isCounts(shape) && from === end, `tensor '${name}' has no place`);
    demand(
      to - from === width * sizes.reduce((product, size) => product * size, 1),
      `tensor '${name}' has another size`,
    );
    demand(to <= body.length, `it ends within tensor '${name}'`);
    // A copy: a Buffer's slice would be a view of all that was read.
    const own = new Uint8Array(body.subarray(from, to));
    const { buffer } = little ? own : swapped(own, width);
    tensors.set(name, { shape: sizes, data: width === 8 ? new Float64Array(buffer) : new Float32Array(buffer) });
    end = to;
  }
  demand(end === body.length, 'it goes on after its last tensor');
  const { __metadata__: words = {} } = header;
  const metadata = Object.entries(isObject(words) ? words : {}).filter(([, word]) => typeof word === 'string');
  return { tensors, metadata: Object.fromEntries(metadata) as Record<string, string> }; // the filter kept strings
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
