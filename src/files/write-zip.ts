import { crc32 } from 'node:zlib';

/** A file to be put into an archive, in parts. */
export interface ZipFile {
  readonly name: string;
  readonly parts: readonly Uint8Array[];
}

const LARGEST = 0xffffffff;
/** The first day that zip can say: a file's bytes then depend on what is in it alone. */
const FIRST_DAY = (1 << 5) | 1;
/** The version that knows sizes of 64 bits. */
const VERSION = 45;
/** Names are UTF-8. */
const FLAGS = 0x800;

/** The parts of a zip archive, its files stored as they are; sizes and places of 64 bits where they are needed. */
export function zipParts(files: readonly ZipFile[]): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (part: Uint8Array) => {
    out.push(part);
    at += part.length;
  };
  for (const { name, parts } of files) {
    const bytes = new TextEncoder().encode(name);
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    // The sum of no bytes after others would be that of none at all.
    const sum = parts.reduce((before, part) => (part.length === 0 ? before : crc32(part, before)), 0);
    const about = { bytes, size, sum, start: at };
    add(local(about));
    for (const part of parts) add(part);
    directory.push(central(about));
  }
  const start = at;
  for (const entry of directory) add(entry);
  for (const part of ending(files.length, at - start, start)) add(part);
  return out;
}

interface About {
  readonly bytes: Uint8Array;
  readonly size: number;
  readonly sum: number;
  readonly start: number;
}

/** Numbers of 2, 4 and 8 bytes, the least first, behind each other. */
function packed(
  numbers: readonly (readonly [value: number, width: 2 | 4 | 8])[],
  ...behind: readonly Uint8Array[]
): Uint8Array {
  const length = numbers.reduce((sum, [, width]) => sum + width, 0);
  const out = new Uint8Array(length + behind.reduce((sum, part) => sum + part.length, 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [value, width] of numbers) {
    if (width === 2) view.setUint16(at, value, true);
    else if (width === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += width;
  }
  for (const part of behind) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Whatever doesn't fit into 32 bits, in an extra field. */
function extraOf(values: readonly number[]): Uint8Array {
  const wide = values.filter((value) => value >= LARGEST);
  if (wide.length === 0) return new Uint8Array(0);
  return packed([[1, 2], [8 * wide.length, 2], ...wide.map((value) => [value, 8] as const)]); // biome-ignore format: one thought
}

const short = (value: number): number => Math.min(value, LARGEST);

function local({ bytes, size, sum }: About): Uint8Array {
  // A local header has both sizes in its extra field, or none.
  const extra = size >= LARGEST ? extraOf([size, size]) : new Uint8Array(0);
  return packed(
    [[0x04034b50, 4], [VERSION, 2], [FLAGS, 2], [0, 2], [0, 2], [FIRST_DAY, 2], [sum, 4], [short(size), 4], [short(size), 4], [bytes.length, 2], [extra.length, 2]], // biome-ignore format: as the format lists them
    bytes,
    extra,
  );
}

function central({ bytes, size, sum, start }: About): Uint8Array {
  const extra = extraOf([size, size, start]);
  return packed(
    [[0x02014b50, 4], [VERSION, 2], [VERSION, 2], [FLAGS, 2], [0, 2], [0, 2], [FIRST_DAY, 2], [sum, 4], [short(size), 4], [short(size), 4], [bytes.length, 2], [extra.length, 2], [0, 2], [0, 2], [0, 2], [0, 4], [short(start), 4]], // biome-ignore format: as the format lists them
    bytes,
    extra,
  );
}

function ending(count: number, size: number, start: number): readonly Uint8Array[] {
  const wide = count >= 0xffff || size >= LARGEST || start >= LARGEST;
  const end = packed([[0x06054b50, 4], [0, 2], [0, 2], [Math.min(count, 0xffff), 2], [Math.min(count, 0xffff), 2], [short(size), 4], [short(start), 4], [0, 2]]); // biome-ignore format: as the format lists them
  if (!wide) return [end];
  return [
    packed([[0x06064b50, 4], [44, 8], [VERSION, 2], [VERSION, 2], [0, 4], [0, 4], [count, 8], [count, 8], [size, 8], [start, 8]]), // biome-ignore format: as the format lists them
    packed([[0x07064b50, 4], [0, 4], [start + size, 8], [1, 4]]), // biome-ignore format: as the format lists them
    end,
  ];
}
