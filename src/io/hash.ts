import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Matrix, storedValues } from '../matrix.js';

/** Bytes that are hashed between two turns of the event loop. */
const STRETCH = 1 << 22;

async function add(hash: Hash, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length; from += STRETCH) {
    hash.update(bytes.subarray(from, from + STRETCH));
    if (from + STRETCH < bytes.length) await setImmediate();
  }
}

/** SHA-256 of bytes, one part after the other. */
export async function hashOf(parts: readonly Uint8Array[]): Promise<string> {
  const hash = createHash('sha256');
  for (const part of parts) await add(hash, part);
  return hash.digest('hex');
}

/** SHA-256 of a matrix: how it is laid out, and its arrays. */
export function hashOfMatrix(matrix: Matrix): Promise<string> {
  const { kind, rows, cols } = matrix;
  const values = storedValues(matrix);
  const how = matrix.kind === 'csc' ? (matrix.unlisted ?? 'zero') : (matrix.order ?? 'columns');
  const title = new TextEncoder().encode(JSON.stringify([kind, rows, cols, how, values.constructor.name]));
  const arrays = matrix.kind === 'csc' ? [matrix.indptr, matrix.indices, values] : [values];
  return hashOf([
    title,
    ...arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
  ]);
}

/** SHA-256 of a text. */
export const hashOfText = (text: string): string => createHash('sha256').update(text).digest('hex');
