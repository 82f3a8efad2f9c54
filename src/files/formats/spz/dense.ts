import type { DenseData, Floats } from '../../../matrix.js';
import { wholeOf } from '../../byte-order.js';
import {
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
import { eachPiece, readSizedTable, readSymbols, symbolReader } from './rans.js';

/** How the numbers of a panel lie in a file, by the number of the codec. */
const CODECS = ['plain', 'half', 'steps', 'coded half', 'coded'] as const;
type Codec = (typeof CODECS)[number];

/** Types of plain numbers, by their number. */
const WIDTHS: Readonly<Record<number, 4 | 8>> = { 3: 4, 6: 8 };

/** How numbers lie in a dense file. */
export interface DenseCode {
  readonly codec: Codec;
  /** Bytes of a number where it is plain or coded. */
  readonly width: 4 | 8;
  /** Whether bytes are differences from those before them. */
  readonly differences: boolean;
}

/** @throws IoError 'unsupported' for other codecs and types, 'damaged' for another count than rows × columns. */
export function denseCode({ source, header, rows, cols }: SpzHeader): DenseCode {
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
  if (wholeOf(header, 16) !== rows * cols)
    throw damagedSpz(source, `hold ${rows} × ${cols} numbers; got ${wholeOf(header, 16)}`, 16);
  return { codec, width, differences: header.getUint8(81) !== 0 };
}

/** The numbers that it is read as: those of 32 bits are what all codecs were made of. */
export const densePrecision = ({ codec, width }: DenseCode): 'f32' | 'f64' =>
  codec === 'plain' && width === 8 ? 'f64' : 'f32';

/**
 * The dense matrix in a file of version 3, decoded panel by panel to where it stays: columns, one after the other.
 *
 * @throws IoError 'damaged', 'unsupported' for other codecs and types.
 */
export async function readDense(file: SpzFile): Promise<DenseData> {
  const { rows, cols } = file;
  const code = denseCode(file);
  const { codec } = code;
  const count = rows * cols;
  const panels = await panelsOf(file, code);
  await checkRoom(file, count, 4 * count, async () => {
    if (codec !== 'coded' && codec !== 'coded half') return;
    for (const { columns, span } of await panelsOf(file, code)) {
      const bytes = rows * columns * (codec === 'coded' ? 4 : 2);
      if (bytes > 0) await readSymbols(span, await readSizedTable(span), span.left(), bytes, () => {});
    }
  });
  const data = densePrecision(code) === 'f64' ? new Float64Array(count) : new Float32Array(count);
  let from = 0;
  for (const panel of panels) {
    const numbers = data.subarray(from, from + rows * panel.columns);
    from += numbers.length;
    const reader = await numberReader(panel, code, rows);
    if (numbers.length > 0) await reader.fill(numbers);
    reader.end();
  }
  return Object.freeze({ kind: 'dense', rows, cols, data });
}

/** Columns, one after the other, whatever panels they lie in. */
export interface DenseColumns {
  /** Fills with the next columns. */
  fill(numbers: Floats): Promise<void>;
}

/**
 * Reads the columns of a file from the first one on.
 *
 * @throws IoError as `readDense` does, 'damaged' once it is found.
 */
export async function denseColumns(file: SpzFile): Promise<DenseColumns> {
  const code = denseCode(file);
  const { rows } = file;
  const panels = await panelsOf(file, code);
  let [at, left] = [0, 0];
  let reader: NumberReader | undefined;
  return {
    async fill(numbers) {
      for (let from = 0; from < numbers.length; ) {
        while (left === 0) {
          left = panels[at].columns;
          reader = await numberReader(panels[at++], code, rows);
          if (left === 0) reader.end();
        }
        const columns = Math.min(left, (numbers.length - from) / rows);
        await reader?.fill(numbers.subarray(from, from + columns * rows));
        from += columns * rows;
        left -= columns;
        if (left === 0) reader?.end();
      }
    },
  };
}

interface Panel {
  readonly columns: number;
  readonly span: Span;
}

/**
 * The panels: every column is in one, in order. Each is described by its first column and its columns (u32), where it begins behind the
 * others, and its bytes (u64); eight bytes lie between, and eight behind, where it isn't plain.
 */
async function panelsOf(file: SpzFile, { codec, width }: DenseCode): Promise<readonly Panel[]> {
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

/** The numbers of a panel, one after the other. */
interface NumberReader {
  /** The next ones. */
  fill(numbers: Floats): Promise<void>;
  /** @throws IoError 'damaged' where something is left. */
  end(): void;
}

async function numberReader({ columns, span }: Panel, code: DenseCode, rows: number): Promise<NumberReader> {
  const count = rows * columns;
  return {
    fill: count > 0 ? await fillerOf(span, code, count) : async () => {},
    end() {
      if (span.left() !== 0) throw span.damaged(`have nothing behind the numbers of a panel; got ${span.left()} bytes`);
    },
  };
}

async function fillerOf(
  span: Span,
  { codec, width: own, differences }: DenseCode,
  count: number,
): Promise<NumberReader['fill']> {
  if (codec === 'steps') return stepFiller(span);
  if (codec === 'plain')
    return async (numbers) => {
      await span.fill(bytesOf(numbers));
      bytesToNumbers(numbers, own);
    };
  const width = codec === 'coded' ? 4 : 2;
  const symbols =
    codec === 'half' ? span : await symbolReader(span, await readSizedTable(span), span.left(), count * width);
  let before = 0;
  return async (numbers) => {
    const bytes = bytesOf(numbers);
    const whole = numbers.BYTES_PER_ELEMENT;
    await eachPiece(symbols, numbers.length * width, (read, from) => {
      if (differences)
        for (let n = 0; n < read.length; n++) {
          before ^= read[n];
          read[n] = before;
        }
      if (width === whole) bytes.set(read, from);
      else
        for (let n = 0, at = from; n < read.length; n++, at++) bytes[Math.floor(at / 2) * whole + (at % 2)] = read[n];
    });
    bytesToNumbers(numbers, width);
  };
}

/** Numbers of 8 bits: the least and the greatest, and for each how many 255ths of what lies between it is above the least. */
async function stepFiller(span: Span): Promise<NumberReader['fill']> {
  const { buffer } = await span.take(8);
  const [least, greatest] = [0, 4].map((at) => new DataView(buffer).getFloat32(at, true));
  // In 32 bits, as they were made.
  const range = Math.fround(greatest - least);
  const step = range > 0 ? Math.fround(range / 255) : 0;
  return (numbers) =>
    eachPiece(span, numbers.length, (bytes, from) => {
      for (let n = 0; n < bytes.length; n++) numbers[from + n] = least + Math.fround(step * bytes[n]);
    });
}
