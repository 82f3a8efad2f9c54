import { alignColumns } from '../align.js';
import { heldOutOf, type MaskKey } from '../kernels/hold-out.js';
import { createPause } from '../kernels/reference/pause.js';
import { hidden, hideEntries } from '../mask.js';
import { type CscMatrix, type Matrix, stridesOf } from '../matrix.js';

/** What a replicate leaves out of the fit: entries, entries that are not zero, or whole samples. */
export type HoldOutKind = 'entries' | 'nonzeros' | 'samples';

/** A matrix of the data in one replicate. */
export interface Split {
  /** What is fitted. */
  readonly train: Matrix;
  /** What was held out, in its place: entries that are missing but for these; or whole samples. */
  readonly test: Matrix;
  /** Entries held out. */
  readonly count: number;
}

/** Words of a key that are as good as drawn, from whatever they are to depend on: FNV-1a over each, then mixed. */
export function words(...parts: readonly (string | number)[]): MaskKey {
  const hash = (seed: number) => {
    let h = seed;
    for (const part of parts)
      for (const byte of new TextEncoder().encode(`${part}\u0000`)) h = Math.imul(h ^ byte, 0x01000193);
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    return (h ^ (h >>> 16)) >>> 0;
  };
  return [hash(0x811c9dc5), hash(0x9e3779b9)];
}

/** The key of what a replicate holds out of an input. */
export const keyOf = (seed: number, replicate: number, input: string): MaskKey =>
  words(seed, replicate, 'input', input);

/** The seed of all starts of a replicate. */
export const startSeed = (seed: number, replicate: number): number => words(seed, replicate, 'start')[0];

/** The samples held out of all inputs: ascending places; at least one stays, and one goes. */
export function heldOutSamples(samples: number, seed: number, replicate: number, fraction: number): readonly number[] {
  // By rank of a hash, so that a share of the samples is held out whatever the seed.
  const order = Array.from({ length: samples }, (_, j) => [words(seed, replicate, 'sample', j)[0], j] as const);
  const count = Math.min(samples - 1, Math.max(1, Math.round(fraction * samples)));
  return order
    .sort(([a, i], [b, j]) => a - b || i - j)
    .slice(0, count)
    .map(([, j]) => j)
    .sort((a, b) => a - b);
}

/** A matrix without some of its entries, drawn by key, and these alone. */
export async function splitEntries(
  matrix: Matrix,
  key: MaskKey,
  fraction: number,
  kind: 'entries' | 'nonzeros',
): Promise<Split> {
  const places = await candidates(matrix, kind);
  const held = await heldOutOf({ rows: matrix.rows, cols: matrix.cols, places }, key, fraction);
  const known = await withValues(matrix, held);
  return { train: hideEntries(matrix, known), test: known, count: known.indices.length };
}

/** A matrix without some of its samples, and these alone. */
export function splitSamples(matrix: Matrix, held: readonly number[]): Split {
  const out = new Set(held);
  const left = Array.from({ length: matrix.cols }, (_, j) => j).filter((j) => !out.has(j));
  const train = hidden(alignColumns(matrix, left));
  return { train, test: alignColumns(matrix, held), count: matrix.rows * held.length };
}

/** Places that may be held out; null: all, those of missing entries among them. */
async function candidates(matrix: Matrix, kind: 'entries' | 'nonzeros') {
  const anywhere = matrix.kind === 'dense' ? !hasGaps(matrix) : matrix.unlisted !== 'missing' && !hasGaps(matrix);
  if (kind === 'entries' && anywhere) return null;
  const wanted = (x: number) => !Number.isNaN(x) && (kind === 'entries' || x !== 0);
  // In a sparse matrix with zeros that aren't listed these may be held out as well.
  const zeros = kind === 'entries' && matrix.kind === 'csc' && matrix.unlisted !== 'missing';
  const { rows, cols } = matrix;
  const pause = createPause();
  const indptr = new Uint32Array(cols + 1);
  const lists: Uint32Array[] = [];
  for (let j = 0; j < cols; j++) {
    const own: number[] = [];
    if (matrix.kind === 'dense') {
      const [down, across] = stridesOf(matrix);
      for (let i = 0; i < rows; i++) if (wanted(matrix.data[i * down + j * across])) own.push(i);
    } else {
      let p = matrix.indptr[j];
      for (let i = 0; i < (zeros ? rows : 0); i++) {
        const listed = p < matrix.indptr[j + 1] && matrix.indices[p] === i;
        if (!listed || wanted(matrix.values[p])) own.push(i);
        if (listed) p++;
      }
      if (!zeros) for (; p < matrix.indptr[j + 1]; p++) if (wanted(matrix.values[p])) own.push(matrix.indices[p]);
    }
    lists.push(Uint32Array.from(own));
    indptr[j + 1] = indptr[j] + own.length;
    if (pause.due()) await pause.turn();
  }
  const indices = new Uint32Array(indptr[cols]);
  for (const [j, list] of lists.entries()) indices.set(list, indptr[j]);
  return { indptr, indices };
}

const hasGaps = (matrix: Matrix): boolean => {
  const values = matrix.kind === 'dense' ? matrix.data : matrix.values;
  for (let p = 0; p < values.length; p++) if (Number.isNaN(values[p])) return true;
  return false;
};

/** The entries of a matrix at the places of another, all else missing. */
async function withValues(matrix: Matrix, { rows, cols, indptr, indices }: CscMatrix): Promise<CscMatrix> {
  const pause = createPause();
  const values = new Float64Array(indices.length);
  for (let j = 0; j < cols; j++) {
    let q = matrix.kind === 'csc' ? matrix.indptr[j] : 0;
    const [down, across] = matrix.kind === 'dense' ? stridesOf(matrix) : [0, 0];
    for (let p = indptr[j]; p < indptr[j + 1]; p++) {
      const i = indices[p];
      if (matrix.kind === 'dense') values[p] = matrix.data[i * down + j * across];
      else {
        while (q < matrix.indptr[j + 1] && matrix.indices[q] < i) q++;
        if (q < matrix.indptr[j + 1] && matrix.indices[q] === i) values[p] = matrix.values[q];
      }
    }
    if (pause.due()) await pause.turn();
  }
  return Object.freeze({ kind: 'csc', rows, cols, indptr, indices, values, unlisted: 'missing' });
}
