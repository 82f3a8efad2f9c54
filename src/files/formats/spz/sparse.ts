import type { CscMatrix, Floats } from '../../../matrix.js';
import { wholeOf } from '../../byte-order.js';
import { type NumberType, widthOf } from '../numbers.js';
import {
  checkCount,
  checkRoom,
  damagedSpz,
  type Span,
  type SpzFile,
  type SpzHeader,
  spanOf,
  unsupportedSpz,
  viewOf,
} from './file.js';
import { bytesOf, bytesToNumbers } from './places.js';
import { eachPiece, readSizedTable, readSymbols, readTable, type SymbolReader, symbolReader } from './rans.js';
import { varints } from './varints.js';

/**
 * Columns of a sparse matrix, in streams of their own. In 48 bytes:
 *
 * | byte | type | |
 * | --- | --- | --- |
 * | 0, 4, 8 | u32 | its first column, its columns, its entries |
 * | 12, 20 | u32 | where its rows begin in the streams, and their bytes |
 * | 16, 24 | u32 | the same of its values |
 * | 36, 40 | f32 | step and least of values of 8 bits |
 */
interface Chunk {
  readonly first: number;
  readonly columns: number;
  readonly count: number;
  readonly rows: Span;
  readonly values: Span;
  readonly step: number;
  readonly least: number;
}
const DESCRIBED = 48;

/** Types of values by their number; those of 'steps' are so many steps of a chunk above its least. */
export type ValueType = NumberType | 'steps';
const TYPES: readonly ValueType[] = ['u1', 'u2', 'u4', 'f4', 'f2', 'steps', 'f8'];

/** A symbol that stands for a number from it on; the numbers come behind the code. */
const ESCAPE = 255;
/** Bytes that are read at a time. */
const AT_A_TIME = 1 << 16;

/**
 * The type of values in a sparse file.
 *
 * @throws IoError 'unsupported' for rows or columns in another order and for other types of values.
 */
export function sparseType({ source, header }: SpzHeader): ValueType {
  const type = TYPES[header.getUint8(40)];
  if (type === undefined)
    throw unsupportedSpz(source, `have values of a type from 0 to ${TYPES.length - 1}; got ${header.getUint8(40)}`, 40);
  if (header.getUint32(32, true) !== 0)
    throw unsupportedSpz(
      source,
      `have tables of symbols in its chunks; got ${header.getUint32(32, true)} elsewhere`,
      32,
    );
  if (header.getUint8(42) !== 0 || header.getUint8(43) !== 0)
    throw unsupportedSpz(
      source,
      'keep the order of rows and columns; got one whose rows or columns are sorted. Write it with row_sort = FALSE',
      42,
    );
  return type;
}

/** The numbers that values of a type are read as. */
export const sparsePrecision = (type: ValueType): 'f32' | 'f64' =>
  type === 'f4' || type === 'f2' || type === 'steps' ? 'f32' : 'f64';

/** The entries that a sparse file says it lists. */
export const listedIn = ({ header }: SpzHeader): number => wholeOf(header, 16);

/**
 * The sparse matrix in a file of version 2, decoded chunk by chunk to where it stays.
 *
 * @throws IoError 'damaged', 'unsupported' for rows or columns in another order and for other types of values.
 */
export async function readSparse(file: SpzFile): Promise<CscMatrix> {
  const { rows, cols } = file;
  const type = sparseType(file);
  const count = listedIn(file);
  const columns = await sparseColumns(file);
  await checkRoom(file, count, 12 * count, async () => {
    for (const chunk of await chunksOf(file)) if (chunk.count > 0) await look(chunk, type);
  });
  const made = await columns.take(cols, (entries) => ({
    indices: new Uint32Array(entries),
    values: sparsePrecision(type) === 'f32' ? new Float32Array(entries) : new Float64Array(entries),
  }));
  return Object.freeze({ kind: 'csc', rows, cols, ...made });
}

/** Room for the entries of columns. */
export interface Room {
  readonly indices: Uint32Array;
  readonly values: Floats;
}

/** Columns, one after the other, whatever chunks they lie in. */
export interface SparseColumns {
  /** The next columns, their entries in room that is made once it is known how many they are. */
  take(columns: number, room: (entries: number) => Room): Promise<Room & { readonly indptr: Uint32Array }>;
}

/**
 * Reads the columns of a file from the first one on: no more of it is decoded than is taken.
 *
 * @throws IoError as `readSparse` does, 'damaged' once it is found.
 */
export async function sparseColumns(file: SpzFile): Promise<SparseColumns> {
  const type = sparseType(file);
  const chunks = await chunksOf(file);
  const count = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  if (count !== listedIn(file) || count >= 2 ** 32)
    throw damagedSpz(file.source, `hold in its chunks the ${listedIn(file)} entries that it says; got ${count}`, 16);
  checkCount(file, count);
  const open = (chunk: Chunk) => entryReader(chunk, type, file.rows);
  // The chunk that comes next, its columns that have been taken, and what reads it once it has begun.
  let [next, taken] = [0, 0];
  let reader: EntryReader | undefined;
  return {
    async take(columns, room) {
      const indptr = new Uint32Array(columns + 1);
      const parts: {
        readonly chunk: Chunk;
        readonly from: number;
        readonly to: number;
        readonly begun?: EntryReader;
      }[] = [];
      let total = 0;
      for (let from = 0; from < columns; ) {
        const chunk = chunks[next];
        const to = Math.min(columns, from + chunk.columns - taken);
        taken += to - from;
        const ends = taken === chunk.columns;
        // What is left of a chunk is known before any of it is decoded.
        if (ends) total += chunk.count - (reader?.counted() ?? 0);
        else {
          reader ??= await open(chunk);
          total += await reader.lengths(to - from);
        }
        parts.push({ chunk, from, to, ...(reader === undefined ? {} : { begun: reader }) });
        if (ends) [next, taken, reader] = [next + 1, 0, undefined];
        from = to;
      }
      const { indices, values } = room(total);
      for (const { chunk, from, to, begun } of parts)
        await (begun ?? (await open(chunk))).fill(indptr.subarray(from, to + 1), indices, values);
      return { indptr, indices, values };
    },
  };
}

/** Decodes the symbols of a chunk, and keeps none: they are as many as its entries. */
async function look({ rows, values, count }: Chunk, type: ValueType): Promise<void> {
  const nothing = () => {};
  await rows.take(await rows.u32());
  await eachPiece(await codedReader(rows, count), count, nothing);
  if (type === 'steps' || type.startsWith('u')) return eachPiece(await codedReader(values, count), count, nothing);
  for (let [planes] = await values.take(1); planes > 0; planes--) {
    const table = await readSizedTable(values);
    await readSymbols(values, table, await values.u32(), count, nothing);
  }
}

/** The chunks: every column is in one, in order. */
async function chunksOf(file: SpzFile): Promise<readonly Chunk[]> {
  const { source, header, rows, cols, chunks } = file;
  const at = wholeOf(header, 48);
  const streams = wholeOf(header, 64);
  const view = await viewOf(file, 'chunks', at, chunks * DESCRIBED);
  const out: Chunk[] = [];
  let next = 0;
  for (let p = 0; p < view.byteLength; p += DESCRIBED) {
    const number = (offset: number) => view.getUint32(p + offset, true);
    const [first, columns, count] = [number(0), number(4), number(8)];
    if (first !== next || first + columns > cols || count > rows * columns)
      throw damagedSpz(
        source,
        `have in a chunk the columns from ${next} on; got ${count} entries in ${columns} columns from ${first} on`,
        at + p,
      );
    next += columns;
    out.push({
      ...{ first, columns, count },
      rows: spanOf(file, 'rows of entries', streams + number(12), number(20)),
      values: spanOf(file, 'values of entries', streams + number(16), number(24)),
      step: view.getFloat32(p + 36, true),
      least: view.getFloat32(p + 40, true),
    });
  }
  // A column takes a byte at least, for how many entries it has.
  if (next !== cols || cols > source.size)
    throw damagedSpz(source, `hold the ${cols} columns that it says; got ${next} in ${source.size} bytes`, 12);
  return out;
}

/** The entries of a chunk, column after column. */
interface EntryReader {
  /** How many entries so many more columns have, which have not been asked for. */
  lengths(columns: number): Promise<number>;
  /** Entries in all columns that were asked for. */
  counted(): number;
  /** The next columns: where each ends, from the first bound on, and their entries in these places. */
  fill(bounds: Uint32Array, indices: Uint32Array, values: Floats): Promise<void>;
}

/** Reads the next numbers, as many as there are places; all of them must have been read once the last has. */
type Filler = (out: Uint32Array | Floats) => Promise<void>;

/** How many entries each column has, then the rows that lie between an entry and the one before it, as symbols. */
async function entryReader(chunk: Chunk, type: ValueType, rows: number): Promise<EntryReader> {
  const { rows: span, columns, count } = chunk;
  if (count === 0)
    return {
      lengths: async () => 0,
      counted: () => 0,
      fill: async (bounds) => void bounds.fill(bounds[0]),
    };
  const lengths = varints(span.part(await span.u32()));
  const gaps = await escapedFiller(span, count);
  const fillValues = await valueFiller(chunk, type);
  for (const { left, damaged } of [span, chunk.values])
    if (left() !== 0) throw damaged(`have nothing behind the entries of a chunk; got ${left()} bytes`);
  let [told, counted] = [0, 0];
  // Of columns that are not filled yet.
  let ahead = new Uint32Array(0);
  const reader: EntryReader = {
    async lengths(more) {
      const own = new Uint32Array(more);
      let good = await lengths.fill(own);
      let sum = 0;
      for (let j = 0; j < more && good; j++) {
        sum += own[j];
        good = own[j] <= rows && counted + sum <= count;
      }
      told += more;
      counted += sum;
      if (!good || (told === columns && (counted !== count || !lengths.ended())))
        throw span.damaged(`say how many of ${count} entries each of ${columns} columns has; got others`);
      ahead = own;
      return sum;
    },
    counted: () => counted,
    async fill(bounds, indices, values) {
      const needs = bounds.length - 1;
      if (ahead.length !== needs) await reader.lengths(needs);
      for (let j = 0; j < needs; j++) bounds[j + 1] = bounds[j] + ahead[j];
      ahead = new Uint32Array(0);
      const own = [bounds[0], bounds[needs]];
      await gaps(indices.subarray(...own));
      const low = toRows(indices, bounds, rows);
      if (low !== undefined) throw span.damaged(`have entries in rows below ${rows}; got row ${low}`);
      await fillValues(values.subarray(...own));
    },
  };
  return reader;
}

/** Makes rows of the gaps before entries, column by column; what it returns is no row. */
function toRows(indices: Uint32Array, bounds: Uint32Array, rows: number): number | undefined {
  for (let j = 0, p = bounds[0]; j + 1 < bounds.length; j++) {
    let row = 0;
    for (const end = bounds[j + 1]; p < end; p++) {
      row += indices[p];
      if (row >= rows) return row;
      indices[p] = row++;
    }
  }
  return undefined;
}

async function valueFiller(
  { values: span, step, least, count }: Chunk,
  type: ValueType,
): Promise<(values: Floats) => Promise<void>> {
  if (type === 'steps') {
    const symbols = await codedReader(span, count);
    return (values) =>
      eachPiece(symbols, values.length, (own, from) => {
        // In 32 bits, as they were made.
        for (let n = 0; n < own.length; n++) values[from + n] = least + Math.fround(step * own[n]);
      });
  }
  return type.startsWith('u') ? escapedFiller(span, count) : planeFiller(span, count, widthOf(type));
}

/** A table, the bytes of the code and the code. */
async function codedReader(span: Span, count: number): Promise<SymbolReader> {
  const table = await readTable(span);
  const size = await span.u32();
  return symbolReader(span.part(size), table, size, count);
}

/** Whole numbers: each a symbol, or that of escape; then the bytes of those that are, and these. */
async function escapedFiller(span: Span, count: number): Promise<Filler> {
  const symbols = await codedReader(span, count);
  const escaped = varints(span.part(await span.u32()));
  const piece = new Uint8Array(Math.min(count, AT_A_TIME));
  const whole = (holds: boolean) => {
    if (!holds) throw span.damaged('hold the numbers that symbols stand for; got others');
  };
  let told = 0;
  return async (out) => {
    for (let from = 0; from < out.length; from += piece.length) {
      const own = piece.subarray(0, out.length - from);
      await symbols.fill(own);
      out.set(own, from);
      const behind = new Uint32Array(escapesIn(own));
      whole(await escaped.fill(behind));
      for (let n = 0, at = -1; n < behind.length; n++) {
        at = own.indexOf(ESCAPE, at + 1);
        out[from + at] = behind[n];
      }
    }
    told += out.length;
    if (told === count) whole(escaped.ended());
  };
}

function escapesIn(symbols: Uint8Array): number {
  let count = 0;
  for (let n = 0; n < symbols.length; n++) if (symbols[n] === ESCAPE) count++;
  return count;
}

/** Floats: how many bytes each has, then the first bytes of all, the second ones, and so on; each with its table. */
async function planeFiller(span: Span, count: number, width: number): Promise<(values: Floats) => Promise<void>> {
  const [found] = await span.take(1);
  if (found !== width) throw span.damaged(`have values of ${width} bytes; got ${found}`);
  const planes: SymbolReader[] = [];
  for (let plane = 0; plane < width; plane++) {
    const table = await readSizedTable(span);
    const size = await span.u32();
    planes.push(await symbolReader(span.part(size), table, size, count));
  }
  return async (values) => {
    const bytes = bytesOf(values);
    const apart = values.BYTES_PER_ELEMENT;
    for (const [plane, symbols] of planes.entries())
      await eachPiece(symbols, values.length, (own, from) => {
        for (let n = 0, at = from * apart + plane; n < own.length; n++, at += apart) bytes[at] = own[n];
      });
    bytesToNumbers(values, width);
  };
}
