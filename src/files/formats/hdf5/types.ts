import type { Hdf5Metadata } from '../../peers.js';
import type { NumberType } from '../numbers.js';

/** What each entry of an array is: a number (truth values and enumerations are), a text, or a record of several such. */
export interface Hdf5Type {
  readonly holds: NumberType | 'texts' | 'records' | 'other';
  /** What the format calls that. */
  readonly called: string;
  /** Bytes of an entry. */
  readonly width: number;
  /** Whether a text is a pointer to one of any length. */
  readonly pointers: boolean;
}

/** Classes of types, by their number in the format. */
const CLASSES = ['integer', 'float', 'time', 'string', 'bitfield', 'opaque', 'compound', 'reference', 'enum', 'vlen', 'array', 'complex']; // biome-ignore format: a list

export function typeOf(metadata: Pick<Hdf5Metadata, 'type' | 'size' | 'signed' | 'vlen' | 'enum_type'>): Hdf5Type {
  const { type, size, signed, vlen, enum_type: steps } = metadata;
  const called = `${CLASSES[type] ?? `class ${type}`} of ${8 * size} bits`;
  return { holds: kindOf(CLASSES[steps?.type ?? type], size, signed), called, width: size, pointers: vlen };
}

function kindOf(kind: string | undefined, size: number, signed: boolean): Hdf5Type['holds'] {
  if (kind === 'string') return 'texts';
  if (kind === 'compound') return 'records';
  if (kind === 'float') return size === 2 ? 'f2' : size === 4 ? 'f4' : size === 8 ? 'f8' : 'other';
  const sign = signed ? 'i' : 'u';
  return kind === 'integer' && (size === 1 || size === 2 || size === 4 || size === 8) ? `${sign}${size}` : 'other';
}

export const isNumber = (holds: Hdf5Type['holds']): holds is NumberType => /^[fiu]\d$/.test(holds);
