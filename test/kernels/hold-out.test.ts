import { describe, expect, test } from 'vitest';
import { draw, heldOutEntries, heldShare, type MaskKey, threshold } from '../../src/kernels/hold-out.js';
import { type CscMatrix, toDense, transposeCsc } from '../../src/matrix.js';

const key: MaskKey = [0x12345678, 0x9abcdef0];
const fractions = [0.05, 0.1, 0.15, 0.3, 0.4, 0.6];
const every = (length: number) => Array.from({ length }, (_, at) => at);
/** Where a mask is set, column-major. */
const places = (mask: CscMatrix): ReadonlySet<number> => {
  const { data } = toDense(mask);
  return new Set(every(data.length).filter((p) => data[p] === 1));
};

describe('the mask of a hold-out', () => {
  test('the definition does not move', () => {
    const at = [
      [0, 0],
      [0, 1],
      [1, 0],
      [0, 31],
      [0, 32],
      [63, 63],
      [64, 0],
      [0, 64],
      [1000, 70_000],
    ] as const;
    expect(at.map(([i, j]) => draw(key, i, j))).toMatchInlineSnapshot(`
      [
        45362,
        36219,
        55567,
        48654,
        15770,
        31822,
        19320,
        46534,
        55939,
      ]
    `);
  });

  test.each(fractions)('%d of all entries, to within four standard deviations', async (fraction) => {
    const share = heldShare(fraction);
    expect(Math.abs(share - fraction)).toBeLessThanOrEqual(2 ** -17);
    for (const other of [key, [0, 0], [1, 0], [0, 1], [0xffffffff, 0xffffffff]] as const) {
      const [rows, cols] = [300, 200];
      const { length } = (await heldOutEntries(rows, cols, other, fraction)).values;
      const deviation = Math.sqrt(rows * cols * share * (1 - share));
      expect(Math.abs(length - rows * cols * share)).toBeLessThan(4 * deviation);
    }
  });

  test('no row and no column, and no place in a tile, is drawn more often', () => {
    const [counts, tiles] = [new Float64Array(128), 60];
    for (let tile = 0; tile < tiles; tile++) {
      for (let i = 0; i < 64; i++) {
        for (let j = 0; j < 64; j++) {
          if (draw(key, 64 * tile + i, 64 * (tile % 7) + j) >= threshold(0.25)) continue;
          counts[i]++;
          counts[64 + j]++;
        }
      }
    }
    const deviation = Math.sqrt(64 * tiles * 0.25 * 0.75);
    for (const count of counts) expect(Math.abs(count - 64 * tiles * 0.25)).toBeLessThan(5 * deviation);
  });

  test('row by row, column by column and 32 at a time: the same set', async () => {
    const [rows, cols] = [130, 97];
    for (const fraction of [...fractions, 0.5, 1 / 65536]) {
      const mask = await heldOutEntries(rows, cols, key, fraction);
      const below = threshold(fraction);
      const byRows = every(rows).flatMap((i) =>
        every(cols)
          .filter((j) => draw(key, i, j) < below)
          .map((j) => [i, j]),
      );
      const { indptr, indices } = transposeCsc(mask);
      const listed = every(rows).flatMap((i) => Array.from(indices.subarray(indptr[i], indptr[i + 1]), (j) => [i, j]));
      expect(listed).toEqual(byRows);
      const sliced = every(rows).flatMap((i) =>
        every(cols)
          .filter((j) => (bitSliced(i, j >> 5, below) >>> (j & 31)) & 1)
          .map((j) => [i, j]),
      );
      expect(sliced).toEqual(byRows);
    }
  });

  test('a smaller fraction holds out a subset, where rows and columns must be spared too', async () => {
    for (const [rows, cols] of [
      [130, 97],
      [3, 4],
      [2, 7],
      [5, 2],
    ]) {
      let smaller: ReadonlySet<number> = new Set();
      for (const fraction of [0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99]) {
        const larger = places(await heldOutEntries(rows, cols, key, fraction));
        expect([...smaller].filter((p) => !larger.has(p))).toEqual([]);
        smaller = larger;
      }
    }
  });

  test('masks of different keys agree as often as chance would have it', async () => {
    const masks = await Promise.all(
      [
        [1, 1],
        [1, 2],
        [2, 1],
        [2, 2],
        [1 << 31, 1],
      ].map(([a, b]) => heldOutEntries(250, 240, [a >>> 0, b], 0.3)),
    );
    const sets = masks.map(places);
    for (const [i, one] of sets.entries()) {
      for (const other of sets.slice(i + 1)) {
        const both = [...one].filter((p) => other.has(p)).length;
        const expected = 60_000 * heldShare(0.3) ** 2;
        expect(Math.abs(both - expected)).toBeLessThan(5 * Math.sqrt(expected));
      }
    }
  });

  test('every row and every column keeps an entry: the one of largest draw', async () => {
    for (const [rows, cols] of [
      [1, 1],
      [1, 9],
      [9, 1],
      [2, 2],
      [3, 5],
      [6, 4],
    ]) {
      for (let seed = 0; seed < 40; seed++) {
        const own: MaskKey = [seed, 7];
        const mask = toDense(await heldOutEntries(rows, cols, own, 0.9));
        const isHeld = (i: number, j: number) => mask.data[i + j * rows] === 1;
        for (const i of every(rows)) {
          expect(every(cols).every((j) => isHeld(i, j))).toBe(false);
          if (every(cols).some((j) => draw(own, i, j) >= threshold(0.9))) continue;
          const draws = every(cols).map((j) => draw(own, i, j));
          expect(isHeld(i, draws.indexOf(Math.max(...draws)))).toBe(false);
        }
        for (const j of every(cols)) expect(every(rows).every((i) => isHeld(i, j))).toBe(false);
      }
    }
  });

  test('the whole range of fractions', () => {
    expect([1e-9, 0.5, 0.999999999].map(threshold)).toEqual([1, 32768, 65535]);
  });
});

/** The same definition, for the 32 columns from 32·word on at once: what a fast kernel does. */
function bitSliced(i: number, word: number, below: number): number {
  const mix = (x: number) => {
    let y = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    y = Math.imul(y ^ (y >>> 13), 0xc2b2ae35);
    return y ^ (y >>> 16);
  };
  const [k0, k1] = key;
  const tile = mix(((mix(k0 ^ mix((i >> 6) + 0x9e3779b9)) + k1) | 0) ^ mix((word >> 1) + 0x85ebca6b));
  let less = 0;
  for (let b = 0; b < 16; b++) {
    const drawn = mix((mix(tile ^ Math.imul(2 * (i & 63) + (word & 1) + 128 * b + 1, 0x9e3779b1)) + k1) | 0);
    less = (below >> b) & 1 ? ~drawn | less : ~drawn & less;
  }
  return less;
}
