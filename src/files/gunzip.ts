import { pipeline, Readable, type Transform } from 'node:stream';
import { constants, createGunzip, createInflateRaw, gunzipSync } from 'node:zlib';
import { firstBytes, type Source } from './source.js';

/** Bytes that a piece unpacks to. */
const UNPACKED = 1 << 20;

export const isGzip = (first: Uint8Array): boolean => first[0] === 0x1f && first[1] === 0x8b;

/**
 * What a source holds, unpacked where it is compressed by gzip, piece by piece; a piece is to be used before the next is asked for.
 *
 * @param atOnce compressed bytes whose text comes first, since it may be all that is asked for.
 * @throws IoError 'damaged' where it isn't whole.
 */
export async function* unpacked(source: Source, compressed: boolean, atOnce = 0): AsyncIterable<Uint8Array> {
  if (!compressed) return yield* source.pieces();
  const beginning = atOnce === 0 ? new Uint8Array(0) : begun(await firstBytes(source, atOnce));
  if (beginning.length > 0) yield beginning;
  let given = beginning.length;
  for await (const piece of through(source, createGunzip({ chunkSize: UNPACKED }))) {
    if (given < piece.length) yield piece.subarray(given);
    given = Math.max(0, given - piece.length);
  }
}

/** What a deflated file in an archive holds, the same way. */
export const inflated = (source: Source): AsyncIterable<Uint8Array> =>
  through(source, createInflateRaw({ chunkSize: UNPACKED }));

async function* through(source: Source, unpack: Transform): AsyncIterable<Uint8Array> {
  // Pieces wait in line there, and are overwritten here.
  const copies = async function* () {
    for await (const piece of source.pieces()) yield Uint8Array.from(piece);
  };
  let read: unknown;
  pipeline(Readable.from(copies(), { objectMode: true, highWaterMark: 2 }), unpack, (error) => {
    read = error;
  });
  try {
    for await (const piece of unpack) yield piece;
  } catch (error) {
    if (read instanceof Error && read.name === 'IoError') throw read;
    const reason = error instanceof Error ? error.message : String(error);
    throw source.fault('damaged', `A compressed file must be whole; got ${reason}`, { cause: error });
  }
}

/** What may be made of a file before it is known to be whole. */
const ROOM = 1 << 26;

/**
 * Whether something of so many bytes may be made of a source before all of it was looked at: a small one that is damaged could say
 * much.
 */
export const isModest = (source: Source, bytes: number): boolean => bytes <= 2 * source.size + ROOM;

/**
 * How many bytes a compressed source holds: all of it is looked at, and nothing is kept.
 *
 * @throws IoError 'damaged' where it isn't whole.
 */
export async function unpackedSize(source: Source): Promise<number> {
  let size = 0;
  for await (const piece of unpacked(source, true)) size += piece.length;
  return size;
}

/** What the first bytes of a compressed text unpack to; nothing where they are damaged, which whoever reads on is told. */
function begun(first: Uint8Array): Uint8Array {
  try {
    return gunzipSync(first, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return new Uint8Array(0);
  }
}
