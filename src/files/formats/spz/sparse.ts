import type { CscMatrix, Floats } from '../../../matrix.js';
import { wholeOf } from '../../byte-order.js';
import { type NumberType, widthOf } from '../numbers.js';
import { checkRoom, damagedSpz, type Span, type SpzFile, spanOf, unsupportedSpz, viewOf } from './file.js';
import { bytesOf, bytesToNumbers } from './places.js';
import { readSizedTable, readSymbols, readTable } from './rans.js';
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
const TYPES: readonly (NumberType | 'steps')[] = ['u1', 'u2', 'u4', 'f4', 'f2', 'steps', 'f8'];

/** A symbol that stands for a number from it on; the numbers come behind the code. */
const ESCAPE = 255;
/** Bytes that are read at a time. */
const AT_A_TIME = 1 << 16;

/**
 * The sparse matrix in a file of version 2, decoded chunk by chunk to where it stays.
 *
 * @throws IoError 'damaged', 'unsupported' for rows or columns in another order and for other types of values.
 */
export async function readSparse(file: SpzFile): Promise<CscMatrix> {
  const { source, header, rows, cols } = file;
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
  const chunks = await chunksOf(file);
  const count = chunks.reduce((sum, chunk) => sum + chunk.count, 0);
  if (count !== wholeOf(header, 16) || count >= 2 ** 32)
    throw damagedSpz(source, `hold in its chunks the ${wholeOf(header, 16)} entries that it says; got ${count}`, 16);
  await checkRoom(file, count, 12 * count, async () => {
    for (const chunk of await chunksOf(file)) if (chunk.count > 0) await look(chunk, type);
  });
  const indptr = new Uint32Array(cols + 1);
  const indices = new Uint32Array(count);
  const values = type === 'f4' || type === 'f2' || type === 'steps' ? new Float32Array(count) : new Float64Array(count);
  let from = 0;
  for (const chunk of chunks) {
    const to = from + chunk.count;
    const bounds = indptr.subarray(chunk.first, chunk.first + chunk.columns + 1);
    bounds.fill(from);
    if (chunk.count > 0) {
      await readRows(chunk, rows, bounds, indices.subarray(from, to));
      await readValues(chunk, type, values.subarray(from, to));
      for (const { left, damaged } of [chunk.rows, chunk.values])
        if (left() !== 0) throw damaged(`have nothing behind the entries of a chunk; got ${left()} bytes`);
    }
    from = to;
  }
  return Object.freeze({ kind: 'csc', rows, cols, indptr, indices, values });
}

/** Decodes the symbols of a chunk, and keeps none: they are as many as its entries. */
async function look({ rows, values, count }: Chunk, type: NumberType | 'steps'): Promise<void> {
  const nothing = () => {};
  await rows.take(await rows.u32());
  await readCoded(rows, count, nothing);
  if (type === 'steps' || type.startsWith('u')) return readCoded(values, count, nothing);
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

/**
 * How many entries each column has, then the rows that lie between an entry and the one before it, as symbols.
 * `bounds` hold where the chunk begins; where each column ends is written behind.
 */
async function readRows(
  { rows: span, columns, count }: Chunk,
  rows: number,
  bounds: Uint32Array,
  indices: Uint32Array,
) {
  let column = 0;
  const lengths = varints((length) => {
    if (column === columns || length > rows || bounds[column] - bounds[0] + length > count) return false;
    bounds[column + 1] = bounds[column] + length;
    column++;
    return true;
  });
  const bytes = await span.take(await span.u32());
  if (!lengths.push(bytes) || !lengths.ended() || column !== columns || bounds[columns] - bounds[0] !== count)
    throw span.damaged(`say how many of ${count} entries each of ${columns} columns has; got others`);
  await readEscaped(span, indices);
  for (let j = 0, p = 0; j < columns; j++) {
    let row = 0;
    for (const end = bounds[j + 1] - bounds[0]; p < end; p++) {
      row += indices[p];
      if (row >= rows) throw span.damaged(`have entries in rows below ${rows}; got row ${row}`);
      indices[p] = row++;
    }
  }
}

async function readValues({ values: span, step, least }: Chunk, type: NumberType | 'steps', values: Floats) {
  if (type === 'steps') {
    await readCoded(span, values.length, (symbols, from) => {
      // In 32 bits, as they were made.
      for (let n = 0; n < symbols.length; n++) values[from + n] = least + Math.fround(step * symbols[n]);
    });
  } else if (type.startsWith('u')) await readEscaped(span, values);
  else await readPlanes(span, values, widthOf(type));
}

/** A table, the bytes of the code and the code. */
async function readCoded(span: Span, count: number, tell: (symbols: Uint8Array, from: number) => void): Promise<void> {
  const table = await readTable(span);
  await readSymbols(span, table, await span.u32(), count, tell);
}

/** Whole numbers: each a symbol, or that of escape; then the bytes of those that are, and these. */
async function readEscaped(span: Span, out: Uint32Array | Floats): Promise<void> {
  await readCoded(span, out.length, (symbols, from) => out.set(symbols, from));
  let next = 0;
  const escaped = varints((value) => {
    const place = out.indexOf(ESCAPE, next);
    if (place === -1) return false;
    out[place] = value;
    next = place + 1;
    return true;
  });
  let good = true;
  for (let left = await span.u32(); left > 0 && good; left -= AT_A_TIME)
    good = escaped.push(await span.take(Math.min(left, AT_A_TIME)));
  if (!good || !escaped.ended() || out.indexOf(ESCAPE, next) !== -1)
    throw span.damaged('hold the numbers that symbols stand for; got others');
}

/** Floats: how many bytes each has, then the first bytes of all, the second ones, and so on; each with its table. */
async function readPlanes(span: Span, values: Floats, width: number): Promise<void> {
  const [planes] = await span.take(1);
  if (planes !== width) throw span.damaged(`have values of ${width} bytes; got ${planes}`);
  const bytes = bytesOf(values);
  const apart = values.BYTES_PER_ELEMENT;
  for (let plane = 0; plane < width; plane++) {
    const table = await readSizedTable(span);
    await readSymbols(span, table, await span.u32(), values.length, (symbols, from) => {
      for (let n = 0, at = from * apart + plane; n < symbols.length; n++, at += apart) bytes[at] = symbols[n];
    });
  }
  bytesToNumbers(values, width);
}
