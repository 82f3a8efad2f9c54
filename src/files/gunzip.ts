import { pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
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
  const gunzip = createGunzip({ chunkSize: UNPACKED });
  // Pieces wait in line there, and are overwritten here.
  const copies = async function* () {
    for await (const piece of source.pieces()) yield Uint8Array.from(piece);
  };
  let read: unknown;
  pipeline(Readable.from(copies(), { objectMode: true, highWaterMark: 2 }), gunzip, (error) => {
    read = error;
  });
  try {
    for await (const piece of gunzip) yield piece;
  } catch (error) {
    if (read instanceof Error && read.name === 'IoError') throw read;
    const reason = error instanceof Error ? error.message : String(error);
    throw source.fault('damaged', `A compressed file must be whole; got ${reason}`, { cause: error });
  }
}
