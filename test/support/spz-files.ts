import { crc32 } from 'node:zlib';
import { halfOf } from '../../src/files/formats/numbers.js';
import type { CscMatrix, DenseData } from '../../src/matrix.js';

/** Types of values in sparse files, by their number in the header; 'steps' are 8 bits between the least and the greatest of a chunk. */
export const SPZ_TYPES = ['u1', 'u2', 'u4', 'f4', 'f2', 'steps', 'f8'] as const;
/** Codecs of dense files, by their number. */
export const SPZ_CODECS = ['plain', 'half', 'steps', 'coded half', 'coded'] as const;

export interface SpzExtras {
  /** Columns of a chunk. */
  readonly chunk?: number;
  readonly rowNames?: readonly string[];
  readonly colNames?: readonly string[];
  /** Whole tables, as `tableBytes` makes them. */
  readonly ofRows?: Uint8Array;
  readonly ofColumns?: Uint8Array;
  /** Bytes where a transpose would be. */
  readonly transpose?: Uint8Array;
}

/** A .spz file of version 2 of a sparse matrix. */
export function sparseSpz(matrix: CscMatrix, type: (typeof SPZ_TYPES)[number], extras: SpzExtras = {}): Uint8Array {
  const { rows, cols, indptr, indices, values } = matrix;
  const { chunk = cols } = extras;
  const [described, streams]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (let first = 0; first < cols; first += chunk) {
    const columns = Math.min(chunk, cols - first);
    const bounds = indptr.subarray(first, first + columns + 1);
    const [from, to] = [bounds[0], bounds[columns]];
    const lengths = Array.from({ length: columns }, (_, j) => bounds[j + 1] - bounds[j]).flatMap(varint);
    const gaps = lengths.length === 0 || from === to ? [] : gapsOf(bounds, indices);
    const own = [...values.subarray(from, to)];
    const [least, greatest] = rangeOf(own);
    const step = greatest > least ? Math.fround(Math.fround(greatest - least) / 255) : 1;
    const gapBytes = from === to ? Uint8Array.from(lengths) : concat(u32(lengths.length), lengths, escapedBytes(gaps));
    const valueBytes =
      from === to
        ? new Uint8Array(0)
        : type === 'steps'
          ? codedBytes(own.map((x) => Math.max(0, Math.min(255, Math.round((x - least) / step)))))
          : type.startsWith('u')
            ? escapedBytes(own)
            : planeBytes(own, type);
    described.push(
      concat(
        ...[first, columns, to - from, at, at + gapBytes.length, gapBytes.length, valueBytes.length].map(u32),
        ...[4 * (to - from), 0].map(u32),
        ...(type === 'steps' ? [f32(step), f32(least)] : [u32(0), u32(0)]),
        u32(0),
      ),
    );
    streams.push(gapBytes, valueBytes);
    at += gapBytes.length + valueBytes.length;
  }
  const [index, body] = [concat(...described), concat(...streams)];
  const { transpose = new Uint8Array(0), ofRows = new Uint8Array(0), ofColumns = new Uint8Array(0) } = extras;
  const names = nameBytes(extras);
  const starts = [128, 128 + index.length, 128 + index.length];
  let next = starts[2] + body.length;
  const place = (bytes: Uint8Array) => {
    const own = bytes.length === 0 ? 0 : next;
    next += bytes.length;
    return own;
  };
  const [transposeAt, rowsAt, columnsAt] = [place(transpose), place(ofRows), place(ofColumns)];
  const header = concat(
    ...['SPRZ', u16(2), u16(128), u32(rows), u32(cols), u64(values.length), u32(chunk), u32(described.length)],
    ...[u32(0), u32(11), [SPZ_TYPES.indexOf(type), 1, 0, 0], u32(0)],
    ...[...starts, transposeAt, next].map(u64),
    ...[u32(0), f32(values.length / (rows * cols)), u64(rowsAt), u64(columnsAt), new Uint8Array(16)],
  );
  return ended(concat(header, index, body, transpose, ofRows, ofColumns, names), names.length, described.length);
}

/** A .spz file of version 3 of a dense matrix; `unchecked` ones leave the checksum out, as the first writers did. */
export function denseSpz(
  { rows, cols, data }: DenseData,
  codec: (typeof SPZ_CODECS)[number],
  options: { readonly differences?: boolean; readonly wide?: boolean; readonly unchecked?: boolean } & SpzExtras = {},
): Uint8Array {
  const { chunk = cols, differences = false, wide = false, unchecked = false, transpose = new Uint8Array(0) } = options;
  const plain = codec === 'plain';
  const [described, panels]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (let first = 0; first < cols; first += chunk) {
    const columns = Math.min(chunk, cols - first);
    const own = [...data.subarray(first * rows, (first + columns) * rows)];
    const type = plain || codec === 'coded' ? (wide ? 'f8' : 'f4') : 'f2';
    const bytes =
      codec === 'steps'
        ? stepBytes(own)
        : differences && !plain
          ? differencesOf(floatBytes(own, type))
          : floatBytes(own, type);
    const panel = codec.startsWith('coded') ? panelBytes(bytes) : bytes;
    const between = plain ? [] : [u64(0)];
    described.push(concat(u32(first), u32(columns), ...between, u64(at), u64(panel.length), ...between));
    panels.push(panel);
    at += panel.length;
  }
  const [index, body, names] = [concat(...described), concat(...panels), nameBytes(options)];
  const dataAt = 128 + index.length;
  const behind = dataAt + body.length;
  const header = concat(
    ...['SPRZ', u16(3), u16(128), u32(rows), u32(cols), u64(rows * cols), u32(chunk), u32(panels.length)],
    ...[u32(0), [wide ? 6 : 3, 0, 0, 0], ...[128, dataAt, 0, behind, behind + transpose.length].map(u64)],
    ...[[SPZ_CODECS.indexOf(codec), differences ? 1 : 0], new Uint8Array(46)],
  );
  return ended(concat(header, index, body, transpose, names), names.length, panels.length, unchecked ? 0 : undefined);
}

/** The file again with a checksum that fits, whatever was done to it. */
export function resealed(file: Uint8Array): Uint8Array {
  const own = Uint8Array.from(file);
  own.set(u32(crc32(own.subarray(0, -16))), own.length - 12);
  return own;
}

/** A table of columns: numbers of a type, or those of texts in a list. */
export function tableBytes(count: number, columns: Readonly<Record<string, TableColumn>>): Uint8Array {
  const entries = Object.entries(columns);
  let at = 16 + 112 * entries.length;
  const [described, bodies]: [Uint8Array[], Uint8Array[]] = [[], []];
  for (const [name, { type, bytes, texts = [] }] of entries) {
    const list = concat(...texts.map((text) => `${text}\0`));
    const padded = new Uint8Array(64);
    padded.set(new TextEncoder().encode(name).subarray(0, 63));
    described.push(
      concat(padded, [type, 1, 0, 0], u32(list.length), u64(at), u64(at + bytes.length), new Uint8Array(24)),
    );
    bodies.push(bytes, list);
    at += bytes.length + list.length;
  }
  return concat('OVTB', u32(count), u32(entries.length), u32(16 + 112 * entries.length), ...described, ...bodies);
}

export interface TableColumn {
  readonly type: number;
  readonly bytes: Uint8Array;
  readonly texts?: readonly string[];
}

type Bytes = Uint8Array | readonly number[] | string;

export function concat(...parts: readonly Bytes[]): Uint8Array {
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part))));
}

function packed(size: number, set: (view: DataView) => void): Uint8Array {
  const view = new DataView(new ArrayBuffer(size));
  set(view);
  return new Uint8Array(view.buffer);
}
export const u16 = (x: number): Uint8Array => packed(2, (view) => view.setUint16(0, x, true));
export const u32 = (x: number): Uint8Array => packed(4, (view) => view.setUint32(0, x, true));
export const u64 = (x: number): Uint8Array => packed(8, (view) => view.setBigUint64(0, BigInt(x), true));
const f32 = (x: number): Uint8Array => packed(4, (view) => view.setFloat32(0, x, true));

/** The 16 bits of each number that has them; 0 has those of +0, which come last. */
const halves = new Map(Array.from({ length: 0x10000 }, (_, n) => [halfOf(0xffff - n), 0xffff - n]));

function floatBytes(values: readonly number[], type: string): Uint8Array {
  const width = Number(type[1]);
  return packed(width * values.length, (view) => {
    for (const [n, x] of values.entries()) {
      const bits = halves.get(x);
      if (type === 'f8') view.setFloat64(n * 8, x, true);
      else if (type === 'f4') view.setFloat32(n * 4, x, true);
      else if (bits !== undefined) view.setUint16(n * 2, bits, true);
      else throw new Error(`${x} has no 16 bits`);
    }
  });
}

/** The least and the greatest, in 32 bits. */
function rangeOf(values: readonly number[]): readonly [least: number, greatest: number] {
  const least = values.reduce((a, b) => Math.min(a, b), Infinity);
  const greatest = values.reduce((a, b) => Math.max(a, b), -Infinity);
  return [Math.fround(least), Math.fround(greatest)];
}

function varint(x: number): number[] {
  return x < 128 ? [x] : [(x % 128) + 128, ...varint(Math.floor(x / 128))];
}

/** Rows between an entry and the one before it in its column. */
function gapsOf(bounds: Uint32Array, indices: Uint32Array): number[] {
  const out: number[] = [];
  for (let j = 0; j + 1 < bounds.length; j++)
    for (let p = bounds[j]; p < bounds[j + 1]; p++) out.push(indices[p] - (p === bounds[j] ? 0 : indices[p - 1] + 1));
  return out;
}

/** Whole numbers: what is 255 or more stands behind the code. */
function escapedBytes(numbers: readonly number[]): Uint8Array {
  const behind = numbers.filter((x) => x >= 255).flatMap(varint);
  return concat(codedBytes(numbers.map((x) => Math.min(x, 255))), u32(behind.length), behind);
}

function planeBytes(values: readonly number[], type: string): Uint8Array {
  const bytes = floatBytes(values, type);
  const width = Number(type[1]);
  const planes = Array.from({ length: width }, (_, plane) => {
    const { table, code } = ransOf(values.map((_, n) => bytes[n * width + plane]));
    return concat(u32(table.length), table, u32(code.length), code);
  });
  return concat([width], ...planes);
}

function stepBytes(values: readonly number[]): Uint8Array {
  const [least, greatest] = rangeOf(values);
  const share = greatest > least ? 255 / (greatest - least) : 0;
  return concat(
    f32(least),
    f32(greatest),
    values.map((x) => Math.round((x - least) * share)),
  );
}

const differencesOf = (bytes: Uint8Array): Uint8Array => bytes.map((byte, n) => (n === 0 ? byte : byte ^ bytes[n - 1]));

function panelBytes(bytes: Uint8Array): Uint8Array {
  const { table, code } = ransOf([...bytes]);
  return concat(u32(table.length), table, code);
}

function codedBytes(symbols: readonly number[]): Uint8Array {
  const { table, code } = ransOf(symbols);
  return concat(table, u32(code.length), code);
}

/** The table and the code of symbols: the definition turned round, so the last symbol is coded first and the bytes are read backwards. */
function ransOf(symbols: readonly number[]): { readonly table: Uint8Array; readonly code: Uint8Array } {
  const counts: number[] = Array.from({ length: rangeOf(symbols)[1] + 1 }, () => 0);
  for (const s of symbols) counts[s]++;
  const room = 2 ** 14 - counts.filter((count) => count > 0).length;
  const shares = counts.map((count) => (count === 0 ? 0 : 1 + Math.floor((room * count) / symbols.length)));
  shares[counts.indexOf(Math.max(...counts))] += 2 ** 14 - shares.reduce((a, b) => a + b);
  const before = shares.map((_, s) => shares.slice(0, s).reduce((a, b) => a + b, 0));
  const out: number[] = [];
  let x = 2 ** 23;
  for (const s of symbols.toReversed()) {
    for (; x >= 2 ** 17 * shares[s]; x = Math.floor(x / 256)) out.push(x % 256);
    x = Math.floor(x / shares[s]) * 2 ** 14 + (x % shares[s]) + before[s];
  }
  for (let n = 0; n < 4; n++, x = Math.floor(x / 256)) out.push(x % 256);
  return { table: concat(u16(shares.length), ...shares.map(u16)), code: Uint8Array.from(out.toReversed()) };
}

function nameBytes({ rowNames, colNames }: SpzExtras): Uint8Array {
  const lists = [rowNames, colNames].flatMap((names, which) =>
    names === undefined ? [] : [{ which, bytes: concat(...names.map((name) => `${name}\0`)) }],
  );
  return concat(
    u32(lists.length),
    ...lists.flatMap(({ which, bytes }) => [Uint8Array.of(which), u32(bytes.length), bytes]),
  );
}

const ended = (body: Uint8Array, names: number, chunks: number, sum = crc32(body)): Uint8Array =>
  concat(body, u32(names), u32(sum), u32(chunks), 'SPEN');
