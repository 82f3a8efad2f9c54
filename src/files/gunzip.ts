import { pipeline, Readable, type Transform } from 'node:stream';
import { createGunzip, createInflateRaw } from 'node:zlib';
import type { Source } from './source.js';

/** Bytes that a piece unpacks to. */
const UNPACKED = 1 << 20;

export const isGzip = (first: Uint8Array): boolean => first[0] === 0x1f && first[1] === 0x8b;

/**
 * What a source holds, unpacked where it is compressed by gzip, piece by piece; a piece is to be used before the next is asked for.
 *
 * @throws IoError 'damaged' where it isn't whole.
 */
export async function* unpacked(source: Source, compressed: boolean): AsyncIterable<Uint8Array> {
  if (!compressed) return yield* source.pieces();
  yield* through(source, createGunzip({ chunkSize: UNPACKED }));
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
 * Whether something of so many bytes may be made of a compressed source before all of it was looked at: a small one that is damaged
 * could say much.
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
