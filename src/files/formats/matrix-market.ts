import type { Matrix } from '../../matrix.js';
import { isGzip, isModest, unpacked, unpackedSize } from '../gunzip.js';
import { type NativeText, nativeText } from '../native-text.js';
import { firstBytes, type Source } from '../source.js';
import { entries, toCsc } from './entries.js';
import { type Lines, lines } from './lines.js';

/** What every Matrix Market file begins with, whatever the case of its letters. */
export const MARKET_MAGIC = '%%matrixmarket';

interface Banner {
  readonly listed: boolean;
  readonly field: 'real' | 'integer' | 'pattern';
  readonly symmetry: 'general' | 'symmetric' | 'skew-symmetric';
}

/** Least bytes of a line beside its indices: what is between them, and the end; with a value two more. */
const BESIDE = { pattern: 2, real: 4, integer: 4 } as const;
/** Columns that may be there without an entry. */
const MOST_EMPTY = 6_000_000;
/** Compressed bytes that may hold what is said before the entries. */
const BEGINNING = 1 << 14;
/** What gzip makes of a byte at most (RFC 1951: 258 bytes for two bits). */
const DENSEST = 1032;

/**
 * The matrix in a Matrix Market file (.mtx, .mtx.gz): coordinate or array; real, integer or pattern, whose entries are 1; general,
 * symmetric or skew-symmetric. A coordinate file becomes a sparse matrix, an array a dense one.
 *
 * @throws IoError 'damaged' with the line, 'unsupported' for complex numbers.
 */
export async function readMatrixMarket(source: Source): Promise<Matrix> {
  const compressed = isGzip(await firstBytes(source, 2));
  const text = lines(unpacked(source, compressed, BEGINNING), source);
  const banner = await bannerOf(text, source);
  const sizes = await sizesOf(text, source, banner.listed);
  // Entries with their columns, which are put in order, or the numbers themselves.
  const needs = banner.listed ? 16 * entriesOf(banner, sizes) : 8 * sizes.rows * sizes.cols;
  const modest = isModest(source, needs);
  const most = !compressed ? source.size : modest ? source.size * DENSEST : await unpackedSize(source);
  const native = () => nativeText(source, compressed, text.consumed);
  // The sums of a compressed text say that it is whole.
  const look = compressed || modest ? null : () => lookThrough(source, banner, sizes);
  if (banner.listed) return readListed(text, source, banner, sizes, { most, look, native });
  return readArray(text, source, banner, sizes, { most, look });
}

/** What is made of the rest of a text. */
interface Room {
  /** Bytes that it has at most. */
  readonly most: number;
  /** Looks at all of it before more is made than of a damaged one; null where that is done. */
  readonly look: (() => Promise<void>) | null;
}

/**
 * All numbers of a text that isn't compressed, and none of them kept.
 *
 * @throws IoError 'damaged' with the line.
 */
async function lookThrough(source: Source, banner: Banner, sizes: Sizes): Promise<void> {
  const text = lines(source.pieces(), source);
  await bannerOf(text, source);
  await sizesOf(text, source, banner.listed);
  const count = banner.listed ? sizes.count : arrayCount(banner, sizes);
  const each = banner.listed ? (banner.field === 'pattern' ? 2 : 3) : 1;
  const within = (i: number, j: number) => (banner.listed ? outside(sizes, i, j) : null);
  await checkEnd(text, source, count, await text.numbers(each, count, within));
}

/** What is wrong with the place of an entry. */
function outside({ rows, cols }: Sizes, i: number, j: number): string | null {
  if (i >= 1 && i <= rows && j >= 1 && j <= cols && Number.isInteger(i) && Number.isInteger(j)) return null;
  return `An entry must be at a row from 1 to ${rows} and a column from 1 to ${cols}; got ${i}, ${j}`;
}

/** Numbers of an array: column after column; of a symmetric one what is on and below the diagonal, which a skew-symmetric one leaves out. */
function arrayCount({ symmetry }: Banner, { rows, cols }: Sizes): number {
  if (symmetry === 'general') return rows * cols;
  return (rows * (symmetry === 'skew-symmetric' ? rows - 1 : rows + 1)) / 2;
}

async function bannerOf(text: Lines, source: Source): Promise<Banner> {
  const words = (await text.next())?.trim().toLowerCase().split(/\s+/) ?? [];
  const [mark, object, format, field, symmetry] = words;
  const rule =
    "A Matrix Market file must begin with '%%MatrixMarket matrix coordinate|array real|integer|pattern general|symmetric|skew-symmetric'";
  const got = `got '${words.join(' ').slice(0, 80)}'`;
  const known =
    mark === MARKET_MAGIC &&
    object === 'matrix' &&
    ['coordinate', 'array'].includes(format) &&
    ['real', 'double', 'integer', 'unsigned-integer', 'pattern', 'complex'].includes(field) &&
    ['general', 'symmetric', 'skew-symmetric', 'hermitian'].includes(symmetry);
  if (!known) throw source.fault('damaged', `${rule}; ${got}`, { line: 1 });
  if (field === 'complex' || symmetry === 'hermitian')
    throw source.fault('unsupported', `A matrix must be of real numbers; ${got}`, { line: 1 });
  if (field === 'pattern' && (format === 'array' || symmetry === 'skew-symmetric'))
    throw source.fault(
      'damaged',
      `A Matrix Market file of entries without values must be a list, and not skew-symmetric; ${got}`,
      { line: 1 },
    );
  return {
    listed: format === 'coordinate',
    field: field === 'pattern' ? 'pattern' : field.endsWith('integer') ? 'integer' : 'real',
    symmetry: symmetry as Banner['symmetry'], // one of those listed, 'hermitian' being refused
  };
}

interface Sizes {
  readonly rows: number;
  readonly cols: number;
  /** Entries that are listed. */
  readonly count: number;
}

async function sizesOf(text: Lines, source: Source, listed: boolean): Promise<Sizes> {
  for (let line = await text.next(); line !== undefined; line = await text.next()) {
    if (line.startsWith('%') || line.trim() === '') continue;
    const words = line.trim().split(/\s+/);
    const numbers = words.map(Number);
    const whole = words.every((word) => /^\d+$/.test(word)) && numbers.every((size) => size < 2 ** 32);
    if (!whole || words.length !== (listed ? 3 : 2)) {
      const rule = listed ? 'rows, columns and entries' : 'rows and columns';
      throw source.fault(
        'damaged',
        `A Matrix Market file must say its ${rule}, each below 2³²; got '${line.trim().slice(0, 80)}'`,
        { line: text.line },
      );
    }
    const [rows, cols, count = rows * cols] = numbers;
    return { rows, cols, count };
  }
  throw source.fault('damaged', 'A Matrix Market file must say its size; got its end', { line: text.line });
}

/** Entries of the matrix, at most. */
const entriesOf = ({ symmetry }: Banner, { count }: Sizes): number => count * (symmetry === 'general' ? 1 : 2);

/** Least digits of the indices of so many entries: of d digits for both there are 81 · (d − 1) · 10ᵈ⁻² pairs. */
function leastDigits(count: number): number {
  let [sum, left] = [0, count];
  for (let digits = 2; left > 0; digits++) {
    const own = Math.min(left, 81 * (digits - 1) * 10 ** (digits - 2));
    sum += own * digits;
    left -= own;
  }
  return sum;
}

/** Faults of a size that the file is too short for, before anything is made of it; the last line may lack its end. */
function checkRoom(source: Source, count: number, least: number, most: number, line: number): void {
  if (least > most + 1)
    throw source.fault(
      'damaged',
      `A Matrix Market file must hold the entries that it says; got ${count} in a file of ${source.size} bytes`,
      { line },
    );
}

async function readListed(
  text: Lines,
  source: Source,
  banner: Banner,
  sizes: Sizes,
  { most, look, native }: Room & { readonly native: () => NativeText | null },
): Promise<Matrix> {
  const { field, symmetry } = banner;
  const { rows, cols, count } = sizes;
  const mirrored = symmetry !== 'general';
  if (mirrored && rows !== cols)
    throw source.fault('damaged', `A symmetric matrix must be square; got ${rows} × ${cols}`, { line: text.line });
  // Every column has a bound, whether it has entries or not.
  if (cols > MOST_EMPTY + source.size / 2)
    throw source.fault('damaged', `A Matrix Market file must have columns with something in them; got ${cols} in a file of ${source.size} bytes`, { line: text.line }); // biome-ignore format: one fault
  checkRoom(source, count, count * BESIDE[field] + leastDigits(count), most, text.line);
  await look?.();
  const valued = field !== 'pattern';
  const skew = symmetry === 'skew-symmetric';
  const mirror = mirrored ? (skew ? -1 : 1) : null;
  const twice = (i: number, j: number) =>
    source.fault('damaged', `A matrix must list an entry once; got row ${i + 1}, column ${j + 1} twice`);
  const plain = await native()?.entries({ rows, cols, valued, mirror, count });
  if (plain != null) {
    await text.close();
    return toCsc(rows, cols, plain, twice);
  }
  const found = entries(cols, entriesOf(banner, sizes));
  const left = await text.numbers(valued ? 3 : 2, count, (i, j, given) => {
    const value = valued ? given : 1;
    const odd = outside(sizes, i, j);
    if (odd !== null) return odd;
    found.add(i - 1, j - 1, value);
    if (mirrored && i !== j) found.add(j - 1, i - 1, skew ? 0 - value : value);
    return null;
  });
  await checkEnd(text, source, count, left);
  return toCsc(rows, cols, found.listed(), twice);
}

async function checkEnd(text: Lines, source: Source, count: number, left: number): Promise<void> {
  if (left > 0)
    throw source.fault('damaged', `A Matrix Market file must hold ${count} entries; got ${count - left}`, {
      line: text.line,
    });
  if (!(await text.ended()))
    throw source.fault('damaged', `A Matrix Market file must hold ${count} entries; got more`, { line: text.line });
}

async function readArray(
  text: Lines,
  source: Source,
  banner: Banner,
  sizes: Sizes,
  { most, look }: Room,
): Promise<Matrix> {
  const { symmetry } = banner;
  const { rows, cols } = sizes;
  const mirrored = symmetry !== 'general';
  if (mirrored && rows !== cols)
    throw source.fault('damaged', `A symmetric matrix must be square; got ${rows} × ${cols}`, { line: text.line });
  const skew = symmetry === 'skew-symmetric';
  const count = arrayCount(banner, sizes);
  checkRoom(source, count, 2 * count, most, text.line);
  await look?.();
  const data = new Float64Array(rows * cols);
  const first = (column: number) => (mirrored ? column + (skew ? 1 : 0) : 0);
  let [i, j] = [first(0), 0];
  const left = await text.numbers(1, count, (value) => {
    data[i + j * rows] = value;
    if (mirrored) data[j + i * rows] = skew ? 0 - value : value;
    if (++i === rows) i = first(++j);
    return null;
  });
  await checkEnd(text, source, count, left);
  return Object.freeze({ kind: 'dense', rows, cols, data });
}
