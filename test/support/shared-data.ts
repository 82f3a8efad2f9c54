import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { CscMatrix, DenseMatrix } from '../../src/index.js';

/** Real matrices that lie beside the project on some machines; they are not part of it. */
const folder = new URL('../../../shared/data/', import.meta.url);

export const haveSharedData = existsSync(new URL('aml.npy', folder));
export const skipReason = haveSharedData ? '' : ' (skipped: the shared data folder is not beside the project)';

export const sharedPath = (name: string): string => fileURLToPath(new URL(name, folder));

const bytes = (name: string): Buffer => readFileSync(sharedPath(name));

/** A two-dimensional float64 .npy file in Fortran order, version 1. */
export function readNpy(name: string): DenseMatrix {
  const file = bytes(name);
  const header = file.toString('latin1', 10, 10 + file.readUInt16LE(8));
  const shape = /'shape': \((\d+), (\d+)\)/.exec(header);
  if (shape === null || !header.includes("'fortran_order': True") || !header.includes('<f8'))
    throw new Error(`${name}: ${header}`);
  const [rows, cols] = [Number(shape[1]), Number(shape[2])];
  const start = file.byteOffset + 10 + file.readUInt16LE(8);
  return { kind: 'dense', rows, cols, data: new Float64Array(file.buffer.slice(start, start + 8 * rows * cols)) };
}

/** A Matrix Market coordinate file, packed or not. */
export function readMtx(name: string): CscMatrix {
  const file = name.endsWith('.gz') ? gunzipSync(bytes(name)) : bytes(name);
  const lines = file
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('%'));
  const [rows, cols, count] = lines[0].trim().split(/\s+/).map(Number);
  const triplets = lines
    .slice(1, 1 + count)
    .map((line) => line.trim().split(/\s+/).map(Number))
    .sort((a, b) => a[1] - b[1] || a[0] - b[0]);
  const indptr = new Uint32Array(cols + 1);
  for (const [, j] of triplets) indptr[j]++;
  for (let j = 0; j < cols; j++) indptr[j + 1] += indptr[j];
  return {
    kind: 'csc',
    rows,
    cols,
    indptr,
    indices: Uint32Array.from(triplets, ([i]) => i - 1),
    values: Float64Array.from(triplets, ([, , x]) => x),
  };
}

export const readJson = (name: string): unknown => JSON.parse(bytes(name).toString('utf8'));
