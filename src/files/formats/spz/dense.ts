import type { DenseData, Floats } from '../../../matrix.js';
import { wholeOf } from '../../byte-order.js';
import { checkRoom, damagedSpz, type Span, type SpzFile, spanOf, unsupportedSpz, viewOf } from './file.js';
import { bytesOf, bytesToNumbers } from './places.js';
import { readSizedTable, readSymbols } from './rans.js';

/** How the numbers of a panel lie in a file, by the number of the codec. */
const CODECS = ['plain', 'half', 'steps', 'coded half', 'coded'] as const;
type Codec = (typeof CODECS)[number];

/** Types of plain numbers, by their number. */
const WIDTHS: Readonly<Record<number, 4 | 8>> = { 3: 4, 6: 8 };

/** Bytes that are read at a time. */
const AT_A_TIME = 1 << 18;

/**
 * The dense matrix in a file of version 3, decoded panel by panel to where it stays: columns, one after the other.
 *
 * @throws IoError 'damaged', 'unsupported' for other codecs and types.
 */
export async function readDense(file: SpzFile): Promise<DenseData> {
  const { source, header, rows, cols } = file;
  const codec: Codec | undefined = CODECS[header.getUint8(80)];
  const width = WIDTHS[header.getUint8(36)];
  if (codec === undefined)
    throw unsupportedSpz(source, `have a codec from 0 to ${CODECS.length - 1}; got ${header.getUint8(80)}`, 80);
  if (width === undefined)
    throw unsupportedSpz(
      source,
      `have numbers of type 3 or 6, floats of 32 or 64 bits; got ${header.getUint8(36)}`,
      36,
    );
  const count = rows * cols;
  if (wholeOf(header, 16) !== count)
    throw damagedSpz(source, `hold ${rows} × ${cols} numbers; got ${wholeOf(header, 16)}`, 16);
  const panels = await panelsOf(file, codec, width);
  await checkRoom(file, count, 4 * count, async () => {
    if (codec !== 'coded' && codec !== 'coded half') return;
    for (const { columns, span } of await panelsOf(file, codec, width)) {
      const bytes = rows * columns * (codec === 'coded' ? 4 : 2);
      if (bytes > 0) await readSymbols(span, await readSizedTable(span), span.left(), bytes, () => {});
    }
  });
  // Numbers of 32 bits are what all codecs were made of.
  const data = codec === 'plain' && width === 8 ? new Float64Array(count) : new Float32Array(count);
  const differences = header.getUint8(81) !== 0;
  let from = 0;
  for (const { columns, span } of panels) {
    const numbers = data.subarray(from, from + rows * columns);
    from += numbers.length;
    if (numbers.length > 0) await readPanel(span, codec, differences, numbers);
    if (span.left() !== 0) throw span.damaged(`have nothing behind the numbers of a panel; got ${span.left()} bytes`);
  }
  return Object.freeze({ kind: 'dense', rows, cols, data });
}

interface Panel {
  readonly columns: number;
  readonly span: Span;
}

/**
 * The panels: every column is in one, in order. Each is described by its first column and its columns (u32), where it begins behind the
 * others, and its bytes (u64); eight bytes lie between, and eight behind, where it isn't plain.
 */
async function panelsOf(file: SpzFile, codec: Codec, width: number): Promise<readonly Panel[]> {
  const { source, header, rows, cols, chunks } = file;
  const at = wholeOf(header, 40);
  const [described, place] = codec === 'plain' ? [24, 8] : [40, 16];
  const view = await viewOf(file, 'panels', at, chunks * described);
  const out: Panel[] = [];
  let next = 0;
  for (let p = 0; p < view.byteLength; p += described) {
    const [first, columns] = [view.getUint32(p, true), view.getUint32(p + 4, true)];
    if (first !== next || first + columns > cols)
      throw damagedSpz(
        source,
        `have in a panel the columns from ${next} on; got ${columns} columns from ${first} on`,
        at + p,
      );
    next += columns;
    const size = wholeOf(view, p + place + 8);
    const needs = sizeOf(codec, width, rows * columns);
    if (needs !== null && size !== needs)
      throw damagedSpz(source, `have ${needs} bytes of numbers in a panel; got ${size}`, at + p);
    out.push({ columns, span: spanOf(file, 'numbers', wholeOf(header, 48) + wholeOf(view, p + place), size) });
  }
  if (next !== cols) throw damagedSpz(source, `hold the ${cols} columns that it says; got ${next}`, 12);
  return out;
}

/** Bytes of a panel of so many numbers; null where its code says. */
function sizeOf(codec: Codec, width: number, count: number): number | null {
  if (codec === 'plain') return width * count;
  if (codec === 'half') return 2 * count;
  return codec === 'steps' ? 8 + count : null;
}

async function readPanel(span: Span, codec: Codec, differences: boolean, numbers: Floats): Promise<void> {
  if (codec === 'steps') return readSteps(span, numbers);
  const whole = numbers.BYTES_PER_ELEMENT;
  const width = codec === 'half' || codec === 'coded half' ? 2 : whole;
  const bytes = bytesOf(numbers);
  let before = 0;
  const put = (read: Uint8Array, from: number) => {
    if (differences)
      for (let n = 0; n < read.length; n++) {
        before ^= read[n];
        read[n] = before;
      }
    if (width === whole) bytes.set(read, from);
    else for (let n = 0, at = from; n < read.length; n++, at++) bytes[Math.floor(at / 2) * whole + (at % 2)] = read[n];
  };
  const count = numbers.length * width;
  // Plain bytes are never differences.
  if (codec === 'plain') await span.fill(bytes);
  else if (codec === 'half') await readPieces(span, count, put);
  else {
    const table = await readSizedTable(span);
    await readSymbols(span, table, span.left(), count, put);
  }
  bytesToNumbers(numbers, width);
}

async function readPieces(span: Span, size: number, tell: (bytes: Uint8Array, from: number) => void): Promise<void> {
  for (let from = 0; from < size; from += AT_A_TIME) tell(await span.take(Math.min(size - from, AT_A_TIME)), from);
}

/** Numbers of 8 bits: the least and the greatest, and for each how many 255ths of what lies between it is above the least. */
async function readSteps(span: Span, numbers: Floats): Promise<void> {
  const { buffer } = await span.take(8);
  const [least, greatest] = [0, 4].map((at) => new DataView(buffer).getFloat32(at, true));
  // In 32 bits, as they were made.
  const range = Math.fround(greatest - least);
  const step = range > 0 ? Math.fround(range / 255) : 0;
  await readPieces(span, numbers.length, (bytes, from) => {
    for (let n = 0; n < bytes.length; n++) numbers[from + n] = least + Math.fround(step * bytes[n]);
  });
}
