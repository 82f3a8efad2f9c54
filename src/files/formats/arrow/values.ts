import type { Source } from '../../source.js';
import { bytesAt } from '../../source.js';
import { unpackLz4 } from '../lz4.js';
import { halfOf, type NumberType, numbersIn, widthOf } from '../numbers.js';
import { unpackZstd } from '../zstd.js';
import type { ArrowFile, Batch } from './batches.js';
import type { ArrowField, Lying } from './schema.js';

/** Values of a column: numbers, truth values and texts, null where one is missing; of floats NaN. */
type Values = ArrayLike<unknown>;

/** Reads columns of batches; lists that columns refer to are read once, and where columns begin is found once. */
export function valuesIn(source: Source, { schema: { fields }, dictionaries }: ArrowFile) {
  const lists = new Map<number, Values>();
  const places = new Map<Batch, readonly Place[]>();

  async function listOf(field: ArrowField, id: number): Promise<Values> {
    const parts = dictionaries.get(id);
    if (parts === undefined) throw new RangeError(`a column '${field.name}' without its dictionary`);
    const read: Values[] = [];
    for (const part of parts) read.push(await plainValues(source, part, field.lying, { node: 0, buffer: 0 }));
    return read.length === 1 ? read[0] : read.flatMap((list) => Array.from(list));
  }

  /** The values of a column in a batch. */
  return async (column: number, batch: Batch): Promise<Values> => {
    const field = fields[column];
    const known = places.get(batch) ?? placesIn(batch, fields);
    places.set(batch, known);
    const place = known[column];
    if (field.dictionary === undefined) return plainValues(source, batch, field.lying, place);
    const { id, index } = field.dictionary;
    const list = lists.get(id) ?? (await listOf(field, id));
    lists.set(id, list);
    const own = await plainValues(source, batch, { as: 'numbers', type: index }, place);
    return Array.from(own, (at) => {
      if (at === null) return null;
      const n = Number(at);
      if (n < 0 || n >= list.length) throw new RangeError(`value ${n} of a dictionary of ${list.length}`);
      return list[n];
    });
  };
}

/** Where nodes and buffers of a column begin. */
interface Place {
  readonly node: number;
  readonly buffer: number;
}

/** Where each column begins: behind all that those before it have. */
function placesIn({ views }: Batch, fields: readonly ArrowField[]): readonly Place[] {
  const at = { node: 0, buffer: 0 };
  let view = 0;
  return fields.map((field) => {
    const place = { ...at };
    at.node += field.nodes;
    at.buffer += field.buffers;
    for (let v = 0; v < field.views; v++) at.buffer += views[view++] ?? 0;
    return place;
  });
}

/** Whether a batch that isn't packed has the bytes of all its numbers. */
export function holdsAll(fields: readonly ArrowField[], batch: Batch): boolean {
  const { rows, nodes, buffers, codec } = batch;
  if (codec !== undefined) return false;
  return placesIn(batch, fields).every(({ node, buffer }, c) => {
    const { lying, dictionary } = fields[c];
    const bits = dictionary === undefined ? bitsOf(lying) : 8 * widthOf(dictionary.index);
    return nodes[node]?.rows === rows && (bits === 0 || 8 * (buffers[buffer + 1]?.length ?? 0) >= bits * rows);
  });
}

/** Bits of a number; 0: what is none. */
function bitsOf(lying: Lying): number {
  if (lying.as === 'numbers') return 8 * widthOf(lying.type);
  if (lying.as === 'decimals') return 8 * lying.width;
  return lying.as === 'bits' ? 1 : 0;
}

/** The bytes of a buffer, unpacked: at least so many. */
async function bufferOf(source: Source, { buffers, codec }: Batch, n: number, least: number): Promise<Uint8Array> {
  if (!(n < buffers.length)) throw new RangeError(`${buffers.length} buffers`);
  const { from, length } = buffers[n];
  const bytes = await bytesAt(source, from, length);
  const own = codec === undefined || length === 0 ? bytes : await unpacked(bytes, codec);
  if (own.length < least) throw new RangeError(`${own.length} bytes for ${least} at ${from}`);
  return own;
}

/** Packed bytes stand behind the number of those they unpack to; −1: they aren't packed. */
async function unpacked(bytes: Uint8Array, codec: 'lz4' | 'zstd'): Promise<Uint8Array> {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getBigInt64(0, true));
  const rest = bytes.subarray(8);
  if (length === -1) return rest;
  if (length < 0) throw new RangeError(`${length} bytes`);
  if (length === 0) return new Uint8Array(0);
  return codec === 'lz4' ? unpackLz4(rest, length) : unpackZstd(rest, length);
}

const bitOf = (bits: Uint8Array, i: number): boolean => (bits[i >>> 3] & (1 << (i & 7))) !== 0;

async function plainValues(source: Source, batch: Batch, lying: Lying, { node, buffer }: Place): Promise<Values> {
  const { rows, missing } = batch.nodes[node] ?? { rows: -1, missing: 0 };
  if (rows !== batch.rows) throw new RangeError(`${rows} values for ${batch.rows} rows`);
  const bytes = (n: number, least: number) => bufferOf(source, batch, buffer + n, least);
  const known = missing === 0 ? undefined : await bytes(0, Math.ceil(rows / 8));
  if (known !== undefined) checkMissing(known, rows, missing);
  const values = await ((): Promise<Values> => {
    switch (lying.as) {
      case 'numbers':
        return numbers(bytes, rows, lying.type);
      case 'bits':
        return bits(bytes, rows);
      case 'decimals':
        return decimals(bytes, rows, lying);
      case 'texts':
        return texts(bytes, rows, lying.bounds);
      case 'views':
        return viewed(bytes, rows, batch.buffers.length - buffer);
      case 'other':
        throw new Error('no column that is no matrix is read'); // seen by the table
    }
  })();
  if (known === undefined) return values;
  if (!(values instanceof Float64Array || values instanceof Float32Array))
    return Array.from(values, (value, i) => (bitOf(known, i) ? value : null));
  for (let i = 0; i < rows; i++) if (!bitOf(known, i)) values[i] = Number.NaN;
  return values;
}

function checkMissing(known: Uint8Array, rows: number, missing: number): void {
  let count = 0;
  for (let i = 0; i < rows; i++) if (!bitOf(known, i)) count++;
  if (count !== missing) throw new RangeError(`${count} missing values for ${missing}`);
}

type Read = (n: number, least: number) => Promise<Uint8Array>;

async function numbers(read: Read, rows: number, type: NumberType): Promise<Values> {
  const own = numbersIn(await read(1, rows * widthOf(type)), rows, type);
  return type === 'f2' ? Float32Array.from(own as Uint16Array, halfOf) : own; // that is how f2 lies
}

async function bits(read: Read, rows: number): Promise<Values> {
  const own = await read(1, Math.ceil(rows / 8));
  return Uint8Array.from({ length: rows }, (_, i) => Number(bitOf(own, i)));
}

/** Whole numbers of any width, times a power of 10: rounded once. */
async function decimals(read: Read, rows: number, { width, scale }: Extract<Lying, { as: 'decimals' }>) {
  const own = await read(1, rows * width);
  return Float64Array.from({ length: rows }, (_, i) => {
    let whole = 0n;
    for (let b = width - 1; b >= 0; b--) whole = (whole << 8n) | BigInt(own[i * width + b]);
    return Number(`${BigInt.asIntN(8 * width, whole)}e${-scale}`);
  });
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array, from: number, to: number): string {
  try {
    return UTF8.decode(bytes.subarray(from, to));
  } catch (error) {
    throw new RangeError('a text that is no UTF-8', { cause: error });
  }
}

/** Texts one behind the other. */
async function texts(read: Read, rows: number, type: 'i4' | 'i8'): Promise<Values> {
  if (rows === 0) return [];
  const bounds = Float64Array.from(numbersIn(await read(1, (rows + 1) * widthOf(type)), rows + 1, type), Number);
  const own = await read(2, bounds[rows]);
  return Array.from({ length: rows }, (_, i) => {
    const [from, to] = [bounds[i], bounds[i + 1]];
    if (!(from >= 0 && from <= to && to <= own.length)) throw new RangeError(`a text from ${from} to ${to}`);
    return textOf(own, from, to);
  });
}

/** A view: its length, and up to so many bytes themselves, or a buffer and where the text begins in it. */
const [VIEW, SHORT] = [16, 12];

async function viewed(read: Read, rows: number, behind: number): Promise<Values> {
  const own = await read(1, rows * VIEW);
  const view = new DataView(own.buffer, own.byteOffset, own.length);
  const buffers = new Map<number, Uint8Array>();
  const out: string[] = [];
  for (let at = 0; at < rows * VIEW; at += VIEW) {
    const length = view.getInt32(at, true);
    if (length < 0) throw new RangeError(`a text of ${length} bytes`);
    if (length <= SHORT) {
      out.push(textOf(own, at + 4, at + 4 + length));
      continue;
    }
    const [n, from] = [view.getInt32(at + 8, true), view.getInt32(at + 12, true)];
    if (n < 0 || n + 2 >= behind) throw new RangeError(`a text in buffer ${n}`);
    const bytes = buffers.get(n) ?? (await read(2 + n, 0));
    buffers.set(n, bytes);
    if (from < 0 || from + length > bytes.length) throw new RangeError(`a text from ${from} to ${from + length}`);
    out.push(textOf(bytes, from, from + length));
  }
  return out;
}
