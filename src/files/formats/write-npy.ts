import { LITTLE } from '../byte-order.js';

/** An array as .npy files hold it. */
export interface NpyArray {
  readonly shape: readonly number[];
  /** First index fastest; default: last. */
  readonly fortran?: boolean;
  readonly data: Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array | BigInt64Array;
}

function typeOf({ data }: NpyArray): string {
  if (data instanceof Uint8Array) return `|S${data.length}`;
  const kind =
    data instanceof Float64Array || data instanceof Float32Array ? 'f' : data instanceof Uint32Array ? 'u' : 'i';
  return `${LITTLE ? '<' : '>'}${kind}${data.BYTES_PER_ELEMENT}`;
}

/** The parts of a .npy file of version 1: the header, padded so that numbers begin at a multiple of 64, and the numbers as they are. */
export function npyParts(array: NpyArray): readonly Uint8Array[] {
  const { shape, fortran = false, data } = array;
  // A text has no dimensions, and its bytes are one thing.
  const sizes = data instanceof Uint8Array ? '' : `${shape.join(', ')}${shape.length === 1 ? ',' : ''}`;
  const text = `{'descr': '${typeOf(array)}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const header = new TextEncoder().encode(`\x93NUMPY\x01\x00..${text.padEnd(length - 1)}\n`.slice(1));
  const start = Uint8Array.of(0x93, ...header);
  start[8] = length & 0xff;
  start[9] = length >> 8;
  return [start, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)];
}
