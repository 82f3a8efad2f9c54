const MAGIC = 0x184d2204;
/** What a block unpacks to at most, by its number in a frame. */
const BLOCKS = [0, 0, 0, 0, 1 << 16, 1 << 18, 1 << 20, 1 << 22] as const;

/**
 * Unpacks one LZ4 frame; its checksums are looked at where it has them.
 *
 * @param length the bytes that it unpacks to
 * @throws RangeError for what is no whole frame of so many bytes.
 * @see https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md
 */
export function unpackLz4(input: Uint8Array, length: number): Uint8Array {
  const view = new DataView(input.buffer, input.byteOffset, input.length);
  const checked = (at: number, bytes: Uint8Array) => {
    if (view.getUint32(at, true) !== xxHash32(bytes)) throw new RangeError('another checksum');
  };
  const flags = view.getUint8(4);
  if (view.getUint32(0, true) !== MAGIC || flags >>> 6 !== 1) throw new RangeError('no LZ4 frame');
  const [sums, sized, sum, dictionary] = [flags & 0x10, flags & 8, flags & 4, flags & 1];
  if (dictionary !== 0) throw new RangeError('an LZ4 frame with a dictionary');
  let at = 6;
  if (sized !== 0) {
    if (view.getBigUint64(at, true) !== BigInt(length)) throw new RangeError('an LZ4 frame of another length');
    at += 8;
  }
  if (view.getUint8(at) !== ((xxHash32(input.subarray(4, at)) >>> 8) & 0xff)) throw new RangeError('another checksum');
  at++;
  const most = blocksAt(view, at, sums === 0 ? 0 : 4) * BLOCKS[(view.getUint8(5) >>> 4) & 7];
  if (length > most) throw new RangeError(`${length} bytes in blocks of ${most}`);
  const output = new Uint8Array(length);
  let end = 0;
  for (;;) {
    const block = view.getUint32(at, true);
    at += 4;
    if (block === 0) break;
    const size = block & 0x7fffffff;
    if (at + size > input.length) throw new RangeError('a block that is cut');
    if (block >>> 31 === 1) {
      output.set(input.subarray(at, at + size), end);
      end += size;
    } else end = unpackBlock(input, at, at + size, output, end);
    if (sums !== 0) checked(at + size, input.subarray(at, at + size));
    at += size + (sums === 0 ? 0 : 4);
  }
  if (sum !== 0) checked(at, output.subarray(0, end));
  if (end !== length) throw new RangeError(`${end} bytes for ${length}`);
  return output;
}

/** How many blocks there are. */
function blocksAt(view: DataView, from: number, behind: number): number {
  let count = 0;
  for (let at = from; view.getUint32(at, true) !== 0; count++)
    at += 4 + (view.getUint32(at, true) & 0x7fffffff) + behind;
  return count;
}

/** Unpacks a block behind what was unpacked before, to which it may refer; @returns the new end. */
function unpackBlock(input: Uint8Array, from: number, to: number, output: Uint8Array, start: number): number {
  let [at, end] = [from, start];
  /** A length that goes on in further bytes where it is 15. */
  const lengthOf = (nibble: number): number => {
    if (nibble < 15) return nibble;
    let length = nibble;
    for (;;) {
      if (at >= to) throw new RangeError('a block that is cut');
      const more = input[at++];
      length += more;
      if (more < 255) return length;
    }
  };
  while (at < to) {
    const token = input[at++];
    const literals = lengthOf(token >>> 4);
    if (at + literals > to || end + literals > output.length) throw new RangeError('a block that is cut');
    output.set(input.subarray(at, at + literals), end);
    at += literals;
    end += literals;
    if (at === to) return end;
    if (at + 2 > to) throw new RangeError('a block that is cut');
    const back = input[at] | (input[at + 1] << 8);
    at += 2;
    const count = lengthOf(token & 15) + 4;
    if (back === 0 || back > end || end + count > output.length) throw new RangeError('a block that leads out of it');
    // What is copied may be what is being written.
    if (back >= count) output.copyWithin(end, end - back, end - back + count);
    else for (let i = 0; i < count; i++) output[end + i] = output[end + i - back];
    end += count;
  }
  throw new RangeError('a block that is cut');
}

const PRIMES = [0x9e3779b1, 0x85ebca77, 0xc2b2ae3d, 0x27d4eb2f, 0x165667b1] as const;
const turned = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The checksum of LZ4 frames: xxHash of 32 bits, seed 0. @see https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md */
export function xxHash32(bytes: Uint8Array): number {
  const [p1, p2, p3, p4, p5] = PRIMES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let at = 0;
  let hash: number = p5;
  if (bytes.length >= 16) {
    const sums = [p1 + p2, p2, 0, -p1].map((x) => x | 0);
    for (; at + 16 <= bytes.length; at += 16)
      for (let lane = 0; lane < 4; lane++) {
        const next = sums[lane] + Math.imul(view.getUint32(at + 4 * lane, true), p2);
        sums[lane] = Math.imul(turned(next | 0, 13), p1);
      }
    hash = turned(sums[0], 1) + turned(sums[1], 7) + turned(sums[2], 12) + turned(sums[3], 18);
  }
  hash = (hash + bytes.length) | 0;
  for (; at + 4 <= bytes.length; at += 4)
    hash = Math.imul(turned((hash + Math.imul(view.getUint32(at, true), p3)) | 0, 17), p4);
  for (; at < bytes.length; at++) hash = Math.imul(turned((hash + Math.imul(bytes[at], p5)) | 0, 11), p1);
  hash = Math.imul(hash ^ (hash >>> 15), p2);
  hash = Math.imul(hash ^ (hash >>> 13), p3);
  return (hash ^ (hash >>> 16)) >>> 0;
}
