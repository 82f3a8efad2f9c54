import { crc32 } from 'node:zlib';
import type { IoError } from '../../../errors.js';
import { isModest } from '../../gunzip.js';
import { bytesAt, firstBytes, type Source, viewAt } from '../../source.js';

/**
 * A StreamPress file, as its public description and files of it say; the least byte of a number comes first.
 *
 * | byte | type | header of version 2: sparse | header of version 3: dense |
 * | --- | --- | --- | --- |
 * | 0 | | SPRZ | SPRZ |
 * | 4 | u16 | version | version |
 * | 8, 12 | u32 | rows, columns | rows, columns |
 * | 16 | u64 | entries that are listed | rows × columns |
 * | 28 | u32 | chunks | panels |
 * | 32 | u32 | tables of symbols for all chunks | panels of the transpose |
 * | 36 | u8 | | type of numbers |
 * | 40 | | u8: type of values | u64: where panels are described |
 * | 42, 43 | u8 | rows, columns are in another order | |
 * | 48 | u64 | where chunks are described | where panels begin |
 * | 64 | u64 | where their streams begin | where the transpose begins |
 * | 72 | u64 | where the transpose begins, or 0 | where names are |
 * | 80 | | u64: where names are | u8: codec; 81: whether bytes are differences |
 * | 96, 104 | u64 | tables of the rows, of the columns, or 0 | |
 *
 * The last 16 bytes: the bytes of the section of names, the CRC-32 of everything before, the chunks, SPEN.
 */
export interface SpzHeader {
  readonly source: Faulty;
  readonly version: 2 | 3;
  readonly header: DataView;
  readonly rows: number;
  readonly cols: number;
  readonly chunks: number;
}

/** A file, and what its last bytes say. */
export interface SpzFile extends SpzHeader {
  readonly source: Source;
  /** Bytes of the section of names. */
  readonly namesSize: number;
  /** Where the last bytes begin, that end the file. */
  readonly end: number;
}

/** What every .spz file begins with: SPRZ. */
export const SPZ_MAGIC = Uint8Array.of(0x53, 0x50, 0x52, 0x5a);
/** What it ends with: SPEN. */
const END_MAGIC = Uint8Array.of(0x53, 0x50, 0x45, 0x4e);
export const SPZ_HEADER = 128;
const ENDING = 16;

/** What faults are of. */
export type Faulty = Pick<Source, 'size' | 'fault'>;

export const damagedSpz = (source: Faulty, rule: string, offset: number): IoError =>
  source.fault('damaged', `A .spz file must ${rule}`, { offset });

export const unsupportedSpz = (source: Faulty, rule: string, offset: number): IoError =>
  source.fault('unsupported', `A .spz file must ${rule}`, { offset });

/**
 * What the first bytes of a .spz file say.
 *
 * @throws IoError 'damaged'; 'unsupported' for other versions than 2 and 3.
 */
export function spzHeader(first: Uint8Array, source: Faulty): SpzHeader {
  if (source.size < SPZ_HEADER + ENDING)
    throw damagedSpz(source, `be ${SPZ_HEADER + ENDING} bytes long at least; got ${source.size}`, source.size);
  const header = new DataView(first.buffer, first.byteOffset, SPZ_HEADER);
  if (!holds(header, 0, SPZ_MAGIC)) throw damagedSpz(source, 'begin with its mark, SPRZ; got other bytes', 0);
  const version = header.getUint16(4, true);
  if (version !== 2 && version !== 3)
    throw unsupportedSpz(source, `be of version 2 or 3; got ${version}. Write it again by a newer StreamPress`, 4);
  const [rows, cols, chunks] = [8, 12, 28].map((at) => header.getUint32(at, true));
  return { source, version, header, rows, cols, chunks };
}

/**
 * A .spz file whose bytes are those that were written; `summed`: its checksum has been looked at before.
 *
 * @throws IoError 'damaged'; 'unsupported' for other versions than 2 and 3.
 */
export async function openSpz(source: Source, summed = false): Promise<SpzFile> {
  const found = spzHeader(await firstBytes(source, SPZ_HEADER), source);
  const { version, chunks } = found;
  const end = source.size - ENDING;
  const ending = await viewAt(source, end, ENDING);
  if (!holds(ending, 12, END_MAGIC)) throw damagedSpz(source, 'end with its mark, SPEN; got other bytes', end + 12);
  const sum = ending.getUint32(4, true);
  // The first writers of dense files left it 0.
  const has = version === 2 || sum !== 0;
  if (has && !summed && sum !== (await checksum(source, end)))
    throw damagedSpz(source, 'be as it was written; got another checksum', end + 4);
  if (ending.getUint32(8, true) !== chunks)
    throw damagedSpz(source, `say its chunks once; got ${chunks} and ${ending.getUint32(8, true)}`, 28);
  return { ...found, source, namesSize: ending.getUint32(0, true), end };
}

/** Symbols that a byte of code stands for where there are two: 8 / log₂(2¹⁴ / (2¹⁴ − 1)). */
const DENSEST = 90_852;

/** Faults of more numbers than a file of its size can be the code of. */
export function checkCount({ source }: SpzHeader, count: number): void {
  if (count > DENSEST * source.size)
    throw damagedSpz(source, `hold the ${count} numbers that it says; got ${source.size} bytes`, 16);
}

/** The same, before anything is made of them, which takes so many bytes. Where that is much, `look` decodes all of it and keeps nothing. */
export async function checkRoom(file: SpzFile, count: number, bytes: number, look: () => Promise<void>): Promise<void> {
  checkCount(file, count);
  if (!isModest(file.source, bytes)) await look();
}

const holds = (view: DataView, at: number, mark: Uint8Array): boolean =>
  mark.every((byte, i) => view.getUint8(at + i) === byte);

async function checksum(source: Source, end: number): Promise<number> {
  let [sum, left] = [0, end];
  for await (const piece of source.pieces()) {
    sum = crc32(piece.subarray(0, left), sum);
    left -= Math.min(left, piece.length);
  }
  return sum;
}

/** A part of a file, read from its beginning on. */
export interface Span {
  /** Bytes that aren't read yet. */
  left(): number;
  /** The next ones. */
  fill(into: Uint8Array): Promise<void>;
  take(length: number): Promise<Uint8Array>;
  u32(): Promise<number>;
  /** The next `length` bytes by themselves; it goes on behind them. */
  part(length: number): Span;
  /** What is wrong where it is read. */
  damaged(rule: string): IoError;
}

/**
 * Bytes of a file, called `what`.
 *
 * @throws IoError 'damaged' where they aren't in it, or once more is read than they are.
 */
export function spanOf({ source, end }: SpzFile, what: string, offset: number, size: number): Span {
  if (offset < SPZ_HEADER || offset + size > end)
    throw damagedSpz(
      source,
      `hold its ${what} from byte ${SPZ_HEADER} to ${end}; got ${offset} to ${offset + size}`,
      offset,
    );
  return partOf(source, what, offset, size);
}

function partOf(source: Source, what: string, offset: number, size: number): Span {
  let at = offset;
  const needs = (length: number) => {
    if (length > span.left())
      throw span.damaged(`hold whole ${what}; got ${span.left()} bytes where it needs ${length}`);
  };
  const span: Span = {
    left: () => offset + size - at,
    async fill(into) {
      needs(into.length);
      await source.fill(into, at);
      at += into.length;
    },
    async take(length) {
      needs(length);
      const bytes = await bytesAt(source, at, length);
      at += length;
      return bytes;
    },
    async u32() {
      const bytes = await span.take(4);
      return new DataView(bytes.buffer).getUint32(0, true);
    },
    part(length) {
      needs(length);
      at += length;
      return partOf(source, what, at - length, length);
    },
    damaged: (rule) => damagedSpz(source, rule, at),
  };
  return span;
}

/** All of a part of a file, as numbers are read from it. */
export async function viewOf(file: SpzFile, what: string, offset: number, size: number): Promise<DataView> {
  const bytes = await spanOf(file, what, offset, size).take(size);
  return new DataView(bytes.buffer);
}
