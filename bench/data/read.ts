import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { CscMatrix } from '../../src/index.js';
import { Skip } from '../context.js';

const shared = new URL('../../../shared/', import.meta.url);

/** The bytes of a file beside the project, unpacked where its name ends in .gz; its absence skips what needs it. */
export function readShared(path: string): Buffer {
  const file = fileURLToPath(new URL(path, shared));
  if (!existsSync(file)) throw new Skip(`../shared/${path} is not there`);
  const bytes = readFileSync(file);
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

/** A Matrix Market coordinate file, read byte by byte: two million entries take a fraction of a second. */
export function readSparse(path: string): CscMatrix {
  const file = readShared(path);
  let at = 0;
  const line = (): string => {
    const end = file.indexOf(10, at);
    const text = file.toString('latin1', at, end);
    at = end + 1;
    return text;
  };
  let header = line();
  while (header.startsWith('%')) header = line();
  const [rows, cols, count] = header.trim().split(/\s+/).map(Number);
  const number = (): number => {
    while (file[at] <= 32) at++;
    const from = at;
    let whole = 0;
    while (file[at] >= 48 && file[at] <= 57) whole = 10 * whole + file[at++] - 48;
    if (at === file.length || file[at] <= 32) return whole;
    while (file[at] > 32) at++;
    return Number(file.toString('latin1', from, at));
  };
  const [i, j, x] = [new Uint32Array(count), new Uint32Array(count), new Float64Array(count)];
  for (let p = 0; p < count; p++) {
    i[p] = number() - 1;
    j[p] = number() - 1;
    x[p] = number();
  }
  return fromTriplets(rows, cols, i, j, x);
}

/** Two counting sorts, by row and then by column, leave each column's rows ascending. */
function fromTriplets(rows: number, cols: number, i: Uint32Array, j: Uint32Array, x: Float64Array): CscMatrix {
  const byRow = order(i, rows, Uint32Array.from(x.keys()));
  const { places, bounds } = order(j, cols, byRow.places);
  return {
    kind: 'csc',
    rows,
    cols,
    indptr: bounds,
    indices: places.map((p) => i[p]),
    values: Float64Array.from(places, (p) => x[p]),
  };
}

function order(keys: Uint32Array, size: number, from: Uint32Array): { places: Uint32Array; bounds: Uint32Array } {
  const bounds = new Uint32Array(size + 1);
  for (const key of keys) bounds[key + 1]++;
  for (let k = 0; k < size; k++) bounds[k + 1] += bounds[k];
  const next = bounds.slice(0, size);
  const places = new Uint32Array(from.length);
  for (const p of from) places[next[keys[p]]++] = p;
  return { places, bounds };
}
