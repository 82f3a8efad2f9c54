import { type CscMatrix, dense, toCsc } from '../matrix.js';
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
 * The held-out entries of a block, as a sparse matrix of ones: those whose draw is below the threshold. A smaller
 * fraction with the same key holds out a subset. No row is held out whole: of such a row the entry of largest draw
 * (the first among equals) is given back; then the same for columns.
 */
export async function heldOutEntries(rows: number, cols: number, key: MaskKey, fraction: number): Promise<CscMatrix> {
  const pause = createPause();
  const below = threshold(fraction);
  const held = dense(rows, cols);
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) held.data[i + j * rows] = Number(draw(key, i, j) < below);
    if (pause.due()) await pause.turn();
  }
  const drawAt = (p: number) => draw(key, p % rows, Math.floor(p / rows));
  const giveBackOne = (places: readonly number[]) => {
    if (places.some((p) => held.data[p] === 0)) return;
    held.data[places.reduce((best, p) => (drawAt(p) > drawAt(best) ? p : best))] = 0;
  };
  for (let i = 0; i < rows; i++) {
    giveBackOne(Array.from({ length: cols }, (_, j) => i + j * rows));
    if (pause.due()) await pause.turn();
  }
  for (let j = 0; j < cols; j++) {
    giveBackOne(Array.from({ length: rows }, (_, i) => i + j * rows));
    if (pause.due()) await pause.turn();
  }
  return toCsc(held);
}

/** The final mixer of MurmurHash3 (Appleby 2011). */
function mix(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return (x ^ (x >>> 16)) >>> 0;
}
