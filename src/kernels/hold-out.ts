import type { CscMatrix } from '../matrix.js';
import { createPause } from './reference/pause.js';

/** Two 32-bit words. */
export type MaskKey = readonly [number, number];

/** A draw is a whole number below this. */
const DRAWS = 2 ** 16;

/** How many of the 2¹⁶ draws are held out. */
export function threshold(fraction: number): number {
  return Math.min(DRAWS - 1, Math.max(1, Math.round(fraction * DRAWS)));
}

/** The share of entries that a fraction comes to. */
export function heldShare(fraction: number): number {
  return threshold(fraction) / DRAWS;
}

/**
 * The number, 0 to 65535, that decides about entry (i, j) of a block: a function of the key and the place alone. Bit b
 * comes from word b of the entry's row in its 64 × 64 tile; 32 neighbours share the words, so that a fast kernel
 * decides about them at once (bit-sliced comparison).
 */
export function draw([k0, k1]: MaskKey, i: number, j: number): number {
  const tile = mix((mix(k0 ^ mix((i >>> 6) + 0x9e3779b9)) + k1) ^ mix((j >>> 6) + 0x85ebca6b));
  const q = 2 * (i & 63) + ((j & 63) >>> 5);
  let drawn = 0;
  for (let b = 0; b < 16; b++) {
    const word = mix(mix(tile ^ Math.imul(q + 128 * b + 1, 0x9e3779b1)) + k1);
    drawn |= ((word >>> (j & 31)) & 1) << b;
  }
  return drawn;
}

/**
 * Which of 32 neighbours (i, 32·block) … (i, 32·block + 31) have a draw below the threshold: a bit for each. It compares all
 * of them at once, bit by bit of the draws, and stops when all are decided.
 */
export function drawsBelow([k0, k1]: MaskKey, i: number, block: number, below: number): number {
  const tile = mix((mix(k0 ^ mix((i >>> 6) + 0x9e3779b9)) + k1) ^ mix((block >>> 1) + 0x85ebca6b));
  const q = 2 * (i & 63) + (block & 1);
  let less = 0;
  let equal = -1;
  for (let b = 15; b >= 0 && equal !== 0; b--) {
    const word = mix(mix(tile ^ Math.imul(q + 128 * b + 1, 0x9e3779b1)) + k1);
    if ((below >>> b) & 1) {
      less |= equal & ~word;
      equal &= word;
    } else equal &= ~word;
  }
  return less;
}

/**
 * The held-out entries of a block, as a sparse matrix of ones: those whose draw is below the threshold. A smaller
 * fraction with the same key holds out a subset. No row is held out whole: of such a row the entry of largest draw
 * (the first among equals) is given back; then the same for columns.
 */
export function heldOutEntries(rows: number, cols: number, key: MaskKey, fraction: number): Promise<CscMatrix> {
  const candidates = { rows, cols, places: null };
  return heldOutOf(candidates, key, fraction);
}

/** The entries that may be held out: all of them, or those listed column by column. */
export interface Candidates {
  readonly rows: number;
  readonly cols: number;
  readonly places: Pick<CscMatrix, 'indptr' | 'indices'> | null;
}

/** The held-out entries among some: the rows and columns that are not held out whole are those of the candidates. */
export async function heldOutOf(
  { rows, cols, places }: Candidates,
  key: MaskKey,
  fraction: number,
): Promise<CscMatrix> {
  const pause = createPause();
  const below = threshold(fraction);
  const lists: number[][] = [];
  const left = new Uint32Array(rows);
  for (let j = 0; j < cols; j += 32) {
    const words =
      places === null ? Int32Array.from({ length: rows }, (_, i) => drawsBelow(key, i, j >>> 5, below)) : null;
    for (let c = j; c < Math.min(cols, j + 32); c++) {
      const list: number[] = [];
      const tell = (i: number, held: boolean) => {
        if (held) list.push(i);
        else left[i]++;
      };
      if (words !== null) for (let i = 0; i < rows; i++) tell(i, ((words[i] >>> (c & 31)) & 1) === 1);
      else
        for (let p = places?.indptr[c] ?? 0; p < (places?.indptr[c + 1] ?? 0); p++) {
          const i = places?.indices[p] ?? 0;
          tell(i, draw(key, i, c) < below);
        }
      lists.push(list);
    }
    if (pause.due()) await pause.turn();
  }
  const largest = (list: readonly (readonly [number, number])[]) =>
    list.reduce((best, place) => (draw(key, ...place) > draw(key, ...best) ? place : best));
  const whole = new Map<number, [number, number][]>();
  for (const [j, list] of lists.entries())
    for (const i of list) if (left[i] === 0) whole.set(i, [...(whole.get(i) ?? []), [i, j]]);
  const giveBack = ([i, j]: readonly [number, number]) => {
    lists[j].splice(lists[j].indexOf(i), 1);
  };
  for (const list of whole.values()) giveBack(largest(list));
  for (const [j, list] of lists.entries()) {
    const count = places === null ? rows : places.indptr[j + 1] - places.indptr[j];
    if (count > 0 && list.length === count) giveBack(largest(list.map((i) => [i, j] as const)));
  }
  const indptr = new Uint32Array(cols + 1);
  for (const [j, list] of lists.entries()) indptr[j + 1] = indptr[j] + list.length;
  const indices = new Uint32Array(indptr[cols]);
  for (const [j, list] of lists.entries()) indices.set(list, indptr[j]);
  return Object.freeze({ kind: 'csc', rows, cols, indptr, indices, values: new Float64Array(indices.length).fill(1) });
}

/** The final mixer of MurmurHash3 (Appleby 2011). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
