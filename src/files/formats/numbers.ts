import type { Floats } from '../../matrix.js';
import { LITTLE, swapBytes } from '../byte-order.js';
import type { Source } from '../source.js';

/** Kinds of numbers as files store them: float, bfloat16, signed, unsigned, and their bytes; a truth value is an unsigned byte. */
export type NumberType = 'f2' | 'b2' | 'f4' | 'f8' | 'i1' | 'i2' | 'i4' | 'i8' | 'u1' | 'u2' | 'u4' | 'u8';

export const widthOf = (type: NumberType): number => Number(type.slice(1));

export type Raw =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

const ARRAYS = {
  f2: Uint16Array,
  b2: Uint16Array,
  f4: Float32Array,
  f8: Float64Array,
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  i8: BigInt64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  u8: BigUint64Array,
} as const;

/** Numbers that are read at a time where they become others. */
const AT_A_TIME = 1 << 18;

/**
 * `count` numbers from a byte on: 32-bit floats stay so, and 16-bit ones become these; all others become 64-bit floats. What fits is
 * read to where it stays.
 *
 * @throws IoError 'unsupported' for a whole number that no 64-bit float is.
 */
export async function floatsAt(
  source: Source,
  offset: number,
  count: number,
  type: NumberType,
  little: boolean,
): Promise<Floats> {
  const out = narrow(type) ? new Float32Array(count) : new Float64Array(count);
  await fillFloats(source, offset, out, type, little);
  return out;
}

/** Whether numbers of a type become floats of 32 bits. */
export const narrow = (type: NumberType): boolean => type === 'f4' || type === 'f2' || type === 'b2';

/** The same, to fill an array of the kind that they become. */
export async function fillFloats(
  source: Source,
  offset: number,
  out: Floats,
  type: NumberType,
  little: boolean,
): Promise<void> {
  const count = out.length;
  await readNumbers(
    source,
    offset,
    count,
    type,
    little,
    (numbers, from) => {
      if (type === 'f2') for (let i = 0; i < numbers.length; i++) out[from + i] = halfOf(Number(numbers[i]));
      else if (type === 'b2') {
        // The upper half of a 32-bit float.
        const bits = new Uint32Array(out.buffer, out.byteOffset, count);
        for (let i = 0; i < numbers.length; i++) bits[from + i] = Number(numbers[i]) << 16;
      } else if (numbers instanceof BigInt64Array || numbers instanceof BigUint64Array)
        for (let i = 0; i < numbers.length; i++) out[from + i] = exactFloat(source, numbers[i]);
      else out.set(numbers, from);
    },
    type === 'f4' || type === 'f8' ? out : undefined,
  );
}

/** @throws IoError 'unsupported' for a whole number that no 64-bit float is. */
export function exactFloat(source: Source, whole: bigint): number {
  const own = Number(whole);
  if (Math.abs(own) >= 2 ** 53 && BigInt(own) !== whole)
    throw source.fault('unsupported', `Numbers must be exact as 64-bit floats; got ${whole}. Write them as floats`);
  return own;
}

/**
 * Numbers of any type as they are stored, so many at a time; with `into`, an array of that very type, they are read there at once and
 * nothing is told.
 */
export async function readNumbers(
  source: Source,
  offset: number,
  count: number,
  type: NumberType,
  little: boolean,
  tell: (numbers: Raw, from: number) => void,
  into?: Raw,
): Promise<void> {
  const width = widthOf(type);
  const turn = (bytes: Uint8Array) => {
    if (little !== LITTLE && width > 1) swapBytes(bytes, width);
  };
  if (into !== undefined) {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    await source.fill(bytes, offset);
    return turn(bytes);
  }
  const own = new Uint8Array(Math.min(count, AT_A_TIME) * width);
  for (let from = 0; from < count; from += AT_A_TIME) {
    const now = Math.min(AT_A_TIME, count - from);
    const bytes = own.subarray(0, now * width);
    await source.fill(bytes, offset + from * width);
    turn(bytes);
    tell(new ARRAYS[type](own.buffer, 0, now), from);
  }
}

/** `count` numbers that bytes begin with, the least significant byte first; the bytes themselves where they lie as numbers do. */
export function numbersIn(bytes: Uint8Array, count: number, type: NumberType): Raw {
  const width = widthOf(type);
  const own = LITTLE && bytes.byteOffset % width === 0 ? bytes : Uint8Array.from(bytes.subarray(0, count * width));
  if (!LITTLE && width > 1) swapBytes(own, width);
  return new ARRAYS[type](own.buffer as ArrayBuffer, own.byteOffset, count); // bytes of files are in none that is shared
}

/**
 * Whole numbers from 0 to 2³² − 1 from a byte on; null where there is another.
 */
export async function wholeAt(
  source: Source,
  offset: number,
  count: number,
  type: NumberType,
  little: boolean,
): Promise<Uint32Array | null> {
  const out = new Uint32Array(count);
  // Signed ones are the same bytes, and what is negative is beyond what anybody may index.
  const direct = type === 'u4' || type === 'i4';
  let fits = !/^[fb]/.test(type);
  const tell = (numbers: Raw, from: number) => {
    for (let i = 0; i < numbers.length; i++) {
      const own = Number(numbers[i]);
      fits &&= own >= 0 && own < 2 ** 32;
      out[from + i] = own;
    }
  };
  await readNumbers(source, offset, count, direct ? 'u4' : type, little, tell, direct ? out : undefined);
  if (type === 'i4') for (let i = 0; i < count; i++) fits &&= out[i] < 2 ** 31;
  return fits ? out : null;
}

/** A number of 16 bits: a sign, 5 bits of exponent, 10 of fraction (IEEE 754-2008). */
export function halfOf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}
