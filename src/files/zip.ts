import { crc32 } from 'node:zlib';
import { wholeOf } from './byte-order.js';
import { inflated } from './gunzip.js';
import { memorySource, type Source, viewAt } from './source.js';

export const isZip = (first: Uint8Array): boolean =>
  first[0] === 0x50 && first[1] === 0x4b && [0x0304, 0x0506].includes((first[2] << 8) | first[3]);

/** A file in an archive. */
export interface ZipEntry {
  readonly name: string;
  readonly size: number;
  /** Its bytes: read where they lie if they aren't compressed, else unpacked as they are read, which is best done in order. */
  open(): Promise<Source>;
}

const END = 0x06054b50;
const END64 = 0x06064b50;
const PLACE64 = 0x07064b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
/** The end of an archive, and the longest comment behind it. */
const [END_SIZE, LONGEST_COMMENT] = [22, 0xffff];
/** What deflate makes of a byte at most. */
export const DENSEST = 1032;
const [STORED, DEFLATED] = [0, 8];

/**
 * What is in a zip archive, of more than 4 GB too, by its directory.
 *
 * @throws IoError 'damaged', 'unsupported' for what is encrypted or compressed otherwise.
 */
export async function zipEntries(source: Source): Promise<readonly ZipEntry[]> {
  const damaged = (rule: string, offset: number) => source.fault('damaged', `A zip archive must ${rule}`, { offset });
  const from = Math.max(0, source.size - END_SIZE - LONGEST_COMMENT);
  const tail = await viewAt(source, from, source.size - from);
  let end = tail.byteLength - END_SIZE;
  while (end >= 0 && tail.getUint32(end, true) !== END) end--;
  if (end < 0) throw damaged('end with its directory; got another end', source.size);
  let [count, size, start] = [
    tail.getUint16(end + 10, true),
    tail.getUint32(end + 12, true),
    tail.getUint32(end + 16, true),
  ];
  if (count === 0xffff || size === 0xffffffff || start === 0xffffffff) {
    if (end < 20 || tail.getUint32(end - 20, true) !== PLACE64)
      throw damaged('say where its directory is; got no place', from + end);
    const wide = await viewAt(source, wholeOf(tail, end - 12), 56);
    if (wide.getUint32(0, true) !== END64) throw damaged('say where its directory is; got no place', from + end);
    [count, size, start] = [wholeOf(wide, 32), wholeOf(wide, 40), wholeOf(wide, 48)];
  }
  if (start + size > source.size)
    throw damaged(`hold its directory; got one that ends at byte ${start + size}`, from + end);
  const directory = await viewAt(source, start, size);
  const out: ZipEntry[] = [];
  for (let p = 0; out.length < count; ) {
    const fits = p + 46 <= size && directory.getUint32(p, true) === ENTRY;
    const [nameLength, extraLength, noteLength] = fits
      ? [28, 30, 32].map((at) => directory.getUint16(p + at, true))
      : [0, 0, 0];
    const next = p + 46 + nameLength + extraLength + noteLength;
    if (!fits || next > size) throw damaged(`have ${count} files in its directory; got ${out.length}`, start + p);
    const bytes = new Uint8Array(directory.buffer, directory.byteOffset + p + 46, nameLength);
    const extra = new DataView(directory.buffer, directory.byteOffset + p + 46 + nameLength, extraLength);
    out.push(
      entryOf(source, {
        name: new TextDecoder().decode(bytes),
        flags: directory.getUint16(p + 8, true),
        method: directory.getUint16(p + 10, true),
        sum: directory.getUint32(p + 16, true),
        ...placesOf(
          [directory.getUint32(p + 24, true), directory.getUint32(p + 20, true), directory.getUint32(p + 42, true)],
          extra,
          () => damaged('say the sizes of its files; got one without', start + p),
        ),
      }),
    );
    p = next;
  }
  return out;
}

/** Sizes and the place of a file; what doesn't fit into 32 bits is in an extra field, in this order. */
function placesOf(short: readonly [number, number, number], extra: DataView, fault: () => Error) {
  const wide: number[] = [];
  for (let p = 0; p + 4 <= extra.byteLength; ) {
    const length = extra.getUint16(p + 2, true);
    if (extra.getUint16(p, true) === 1)
      for (let q = p + 4; q + 8 <= Math.min(p + 4 + length, extra.byteLength); q += 8) wide.push(wholeOf(extra, q));
    p += 4 + length;
  }
  const [size, packed, start] = short.map((value) => {
    if (value !== 0xffffffff) return value;
    const own = wide.shift();
    if (own === undefined) throw fault();
    return own;
  });
  return { size, packed, start };
}

interface Place {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  /** CRC-32 of what it holds. */
  readonly sum: number;
  readonly size: number;
  readonly packed: number;
  readonly start: number;
}

function entryOf(source: Source, { name, flags, method, sum, size, packed, start }: Place): ZipEntry {
  const path = `${source.path}/${name}`;
  const damaged = (rule: string) =>
    source.fault('damaged', `A file in a zip archive must ${rule} (${name})`, { offset: start });
  return {
    name,
    size,
    async open() {
      if ((flags & 1) !== 0 || ![STORED, DEFLATED].includes(method))
        throw source.fault(
          'unsupported',
          `A file in a zip archive must be stored or deflated, and not encrypted; got method ${method} (${name})`,
          { offset: start },
        );
      const local = await viewAt(source, start, 30);
      if (local.getUint32(0, true) !== LOCAL) throw damaged('begin where the directory says; got other bytes');
      const body = start + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      if (body + packed > source.size) throw damaged(`end within it; got an end at byte ${body + packed}`);
      if (method === STORED && packed !== size) throw damaged('have one size where it is stored; got two');
      if (size > DENSEST * packed + 64)
        throw damaged(`be as large as it says; got ${size} bytes packed into ${packed}`);
      const own = windowSource(source, path, body, packed);
      return checked(method === STORED ? own : inflatedSource(own, size, damaged), sum, damaged);
    },
  };
}

/** A file whose bytes are looked at once, before any is used. */
async function checked(entry: Source, sum: number, damaged: (rule: string) => Error): Promise<Source> {
  let own = 0;
  for await (const piece of entry.pieces()) own = crc32(piece, own);
  if (own !== sum) throw damaged('be as it was written; got another checksum');
  return entry;
}

/** A part of a source, as one of its own. */
function windowSource(source: Source, path: string, start: number, size: number): Source {
  return {
    ...memorySource(new Uint8Array(0), path),
    size,
    async fill(into, offset) {
      if (offset + into.length > size)
        throw source.fault(
          'damaged',
          `A file must hold what it says; got ${size} bytes, and it needs ${offset + into.length}`,
          { offset: start + size },
        );
      await source.fill(into, start + offset);
    },
    async *pieces(offset = 0) {
      let left = size - offset;
      for await (const piece of source.pieces(start + offset)) {
        if (left <= 0) return;
        yield piece.subarray(0, left);
        left -= piece.length;
      }
    },
  };
}

/** What a deflated source of `size` bytes holds, unpacked as it is read: what goes back begins again. */
function inflatedSource(packed: Source, size: number, damaged: (rule: string) => Error): Source {
  async function* pieces(offset = 0): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const piece of inflated(packed)) {
      const from = Math.max(0, offset - at);
      at += piece.length;
      if (at > size) throw damaged(`hold the ${size} bytes that it says; got more`);
      if (from < piece.length) yield piece.subarray(from);
    }
    if (at !== size) throw damaged(`hold the ${size} bytes that it says; got ${at}`);
  }
  let reader: AsyncGenerator<Uint8Array> | undefined;
  let at = 0;
  let rest: Uint8Array = new Uint8Array(0);
  return {
    ...packed,
    size,
    pieces,
    async fill(into, offset) {
      if (offset + into.length > size)
        throw damaged(`hold what it says; got ${size} bytes, and it needs ${offset + into.length}`);
      if (reader === undefined || offset !== at) {
        await reader?.return(undefined);
        reader = pieces(offset);
        [at, rest] = [offset, new Uint8Array(0)];
      }
      for (let done = 0; done < into.length; ) {
        if (rest.length === 0) {
          const { value, done: over } = await reader.next();
          if (over) throw damaged(`hold the ${size} bytes that it says; got ${at}`);
          rest = value;
        }
        const own = rest.subarray(0, into.length - done);
        into.set(own, done);
        rest = rest.subarray(own.length);
        done += own.length;
        at += own.length;
      }
    },
  };
}
