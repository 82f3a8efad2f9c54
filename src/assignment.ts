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

/** Rows as long as each other, k of them, held column by column. */
interface Rows {
  readonly rows: number;
  readonly cols: number;
  readonly data: Float64Array;
}

/** For each row of A the row of B that goes with it, so that the cosines of all pairs add up to most. */
export function matchRows(A: Rows, B: Rows): readonly number[] {
  const k = A.rows;
  const [a, b] = [lengths(A), lengths(B)];
  const cosines = Array.from({ length: k }, () => new Float64Array(k));
  for (let j = 0; j < A.cols; j++)
    for (let r = 0; r < k; r++)
      for (let s = 0; s < k; s++) cosines[r][s] += (A.data[r + j * k] * a[r]) * (B.data[s + j * k] * b[s]); // biome-ignore format: one thought
  return assign(cosines);
}

/** What brings each row to length 1; 0 for a row of zeros. */
function lengths({ rows, cols, data }: Rows): Float64Array {
  return Float64Array.from({ length: rows }, (_, r) => {
    let largest = 0;
    for (let j = 0; j < cols; j++) largest = Math.max(largest, Math.abs(data[r + j * rows]));
    if (largest === 0) return 0;
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += (data[r + j * rows] / largest) ** 2;
    return 1 / (largest * Math.sqrt(sum));
  });
}
