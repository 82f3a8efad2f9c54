import { LITTLE, swapBytes } from '../../byte-order.js';
import type { WrittenColumn, WrittenTable } from '../written-table.js';
import { ARROW_MAGIC, MESSAGE } from './batches.js';
import { type FlatFields, type FlatValue, flatBytes } from './write-flatbuffer.js';

/** Bytes that each buffer begins at a multiple of. */
const ALIGNED = 64;

const [VERSION, SCHEMA, BATCH] = [4, 1, 3];
const [INT, FLOAT, LARGE_TEXT] = [2, 3, 20];

const short = (value: number): FlatValue => ({ bytes: 2, value });
const kind = (value: number): FlatValue => ({ bytes: 1, value });
const int = (value: number): FlatValue => ({ bytes: 4, value });
const long = (value: number): FlatValue => ({ bytes: 8, value });

/** A table as an Arrow file (Feather 2) of one batch that isn't packed. */
export function arrowParts({ columns, pandas }: WrittenTable): readonly Uint8Array[] {
  const rows = columns[0].data.length;
  const words: readonly FlatFields[] = pandas === undefined ? [] : [[{ text: 'pandas' }, { text: pandas }]];
  const schema: FlatFields = [short(0), { tables: columns.map(fieldOf) }, { tables: words }];
  const buffers = columns.flatMap(({ data }) => [new Uint8Array(0), ...buffersOf(data)]);
  const places: number[] = [];
  const body: Uint8Array[] = [];
  let end = 0;
  for (const buffer of buffers) {
    places.push(end, buffer.length);
    const padding = -buffer.length & (ALIGNED - 1);
    body.push(buffer, new Uint8Array(padding));
    end += buffer.length + padding;
  }
  const nodes = columns.flatMap(() => [rows, 0]);
  const batch: FlatFields = [long(rows), { structs: nodes, of: 2 }, { structs: places, of: 2 }];

  const start = padded(ARROW_MAGIC, ALIGNED);
  const first = message(SCHEMA, schema, 0);
  const second = message(BATCH, batch, end);
  const at = start.length + first.length;
  const block = [at, second.length, end];
  const footer = flatBytes([short(VERSION), { table: schema }, { structs: [], of: 3 }, { structs: block, of: 3 }]);
  const last = new Uint8Array(8 + footer.length + 10);
  const view = new DataView(last.buffer);
  view.setUint32(0, MESSAGE, true);
  last.set(footer, 8);
  view.setInt32(8 + footer.length, footer.length, true);
  last.set(ARROW_MAGIC, 12 + footer.length);
  return [start, first, second, ...body, last];
}

function fieldOf({ name, data }: WrittenColumn): FlatFields {
  const [type, about] = typeOf(data);
  return [{ text: name }, kind(0), kind(type), { table: about }, undefined, { tables: [] }];
}

function typeOf(data: WrittenColumn['data']): readonly [type: number, about: FlatFields] {
  if (data instanceof Float64Array) return [FLOAT, [short(2)]];
  if (data instanceof Float32Array) return [FLOAT, [short(1)]];
  return data instanceof Int32Array ? [INT, [int(32), kind(1)]] : [LARGE_TEXT, []];
}

/** The buffers of a column behind that of what is missing. */
function buffersOf(data: WrittenColumn['data']): readonly Uint8Array[] {
  if (ArrayBuffer.isView(data)) return [bytesOf(data)];
  const texts = data.map((text) => new TextEncoder().encode(text));
  const bounds = new BigInt64Array(texts.length + 1);
  for (const [i, { length }] of texts.entries()) bounds[i + 1] = bounds[i] + BigInt(length);
  return [bytesOf(bounds), Buffer.concat(texts)];
}

/** The numbers' bytes, the least significant first. */
function bytesOf(data: Float64Array | Float32Array | Int32Array | BigInt64Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (LITTLE) return bytes;
  const own = Uint8Array.from(bytes);
  swapBytes(own, data.BYTES_PER_ELEMENT);
  return own;
}

/** A message before its body: its mark, its length, a flatbuffer, padding. */
function message(type: number, head: FlatFields, body: number): Uint8Array {
  const own = flatBytes([short(VERSION), kind(type), { table: head }, long(body)]);
  const prefix = new Uint8Array(8);
  const out = padded(Buffer.concat([prefix, own]), ALIGNED);
  const view = new DataView(out.buffer);
  view.setUint32(0, MESSAGE, true);
  view.setInt32(4, out.length - 8, true);
  return out;
}

function padded(bytes: Uint8Array, to: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / to) * to);
  out.set(bytes);
  return out;
}
