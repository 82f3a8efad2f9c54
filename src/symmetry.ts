import { type CscMatrix, type Matrix, stridesOf, transposeCsc } from './matrix.js';
import type { Entry } from './matrix-check.js';

/** By how much, as a fraction of the largest magnitude, entries across the diagonal may differ: sums in another order do. */
export const ROUNDING = 1e-12;
/** Rows and columns that are compared together: they stay near in memory. */
const TILE = 64;

type Pair = readonly [Entry, Entry];

/** The two entries across the diagonal of a square matrix that differ most; undefined where none do by more than `slack`. */
export function asymmetry(matrix: Matrix, slack: number): Pair | undefined {
  return matrix.kind === 'csc' ? ofSparse(matrix, slack) : ofDense(matrix, slack);
}

const pair = (row: number, col: number, value: number, across: number): Pair => [
  { row, col, value },
  { row: col, col: row, value: across },
];

function ofDense(matrix: Exclude<Matrix, CscMatrix>, slack: number): Pair | undefined {
  const [down, across] = stridesOf(matrix);
  const { rows: n, data } = matrix;
  let widest: Pair | undefined;
  let most = slack;
  for (let top = 0; top < n; top += TILE) {
    for (let left = 0; left <= top; left += TILE) {
      for (let i = top; i < Math.min(top + TILE, n); i++) {
        for (let j = left; j < Math.min(left + TILE, i); j++) {
          const [x, y] = [data[i * down + j * across], data[j * down + i * across]];
          if (Math.abs(x - y) > most) [widest, most] = [pair(i, j, x, y), Math.abs(x - y)];
        }
      }
    }
  }
  return widest;
}

function ofSparse(matrix: CscMatrix, slack: number): Pair | undefined {
  const turned = transposeCsc(matrix);
  const n = matrix.rows;
  let widest: Pair | undefined;
  let most = slack;
  for (let j = 0; j < n; j++) {
    let [p, q] = [matrix.indptr[j], turned.indptr[j]];
    const [pEnd, qEnd] = [matrix.indptr[j + 1], turned.indptr[j + 1]];
    while (p < pEnd || q < qEnd) {
      const own = p < pEnd ? matrix.indices[p] : n;
      const other = q < qEnd ? turned.indices[q] : n;
      const i = Math.min(own, other);
      const x = own === i ? matrix.values[p++] : 0;
      const y = other === i ? turned.values[q++] : 0;
      if (Math.abs(x - y) > most) [widest, most] = [pair(i, j, x, y), Math.abs(x - y)];
    }
  }
  return widest;
}
