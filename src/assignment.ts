import { type DenseMatrix, toRows, turned } from './matrix.js';
import { similarities } from './similarity.js';

/**
 * The pairing of rows with columns of a square table of gains (gain of row r and column c: `gains[r][c]`) whose sum is
 * largest: `out[r]` is the column of row r. Shortest augmenting paths with potentials (Kuhn 1955; Jonker & Volgenant 1987).
 */
export function assign(gains: readonly ArrayLike<number>[]): readonly number[] {
  const n = gains.length;
  // Rows and columns are counted from 1: 0 stands for none.
  const [byRow, byCol] = [new Float64Array(n + 1), new Float64Array(n + 1)];
  const rowOf = new Int32Array(n + 1);
  for (let row = 1; row <= n; row++) {
    const before = new Int32Array(n + 1);
    const least = new Float64Array(n + 1).fill(Number.POSITIVE_INFINITY);
    const seen = new Uint8Array(n + 1);
    let at = 0;
    rowOf[0] = row;
    do {
      seen[at] = 1;
      const from = rowOf[at];
      let next = 0;
      let step = Number.POSITIVE_INFINITY;
      for (let c = 1; c <= n; c++) {
        if (seen[c] === 1) continue;
        const cost = -gains[from - 1][c - 1] - byRow[from] - byCol[c];
        if (cost < least[c]) {
          least[c] = cost;
          before[c] = at;
        }
        if (least[c] < step) {
          step = least[c];
          next = c;
        }
      }
      for (let c = 0; c <= n; c++) {
        if (seen[c] === 1) {
          byRow[rowOf[c]] += step;
          byCol[c] -= step;
        } else least[c] -= step;
      }
      at = next;
    } while (rowOf[at] !== 0);
    while (at !== 0) {
      rowOf[at] = rowOf[before[at]];
      at = before[at];
    }
  }
  const out = new Array<number>(n).fill(0);
  for (let c = 1; c <= n; c++) out[rowOf[c] - 1] = c - 1;
  return out;
}

/** For each row of A the row of B that goes with it, so that the cosines of all pairs add up to most. */
export const matchRows = (A: DenseMatrix, B: DenseMatrix): readonly number[] =>
  assign(toRows(similarities(turned(A), turned(B), 'cosine')));
