import type { Matrix } from './matrix.js';

/** How many entries of each row and of each column are known. */
export interface KnownCounts {
  readonly rows: Uint32Array;
  readonly cols: Uint32Array;
}

export function knownCounts(matrix: Matrix): KnownCounts {
  const rows = new Uint32Array(matrix.rows);
  const cols = new Uint32Array(matrix.cols);
  const count = (i: number, j: number, x: number) => {
    if (Number.isNaN(x)) return;
    rows[i]++;
    cols[j]++;
  };
  if (matrix.kind === 'dense') {
    const byRows = matrix.order === 'rows';
    const [length, data] = [byRows ? matrix.cols : matrix.rows, matrix.data];
    for (let p = 0; p < data.length; p++) {
      const [outer, inner] = [Math.floor(p / length), p % length];
      if (byRows) count(outer, inner, data[p]);
      else count(inner, outer, data[p]);
    }
    return { rows, cols };
  }
  // What isn't listed is known, unless the matrix says otherwise.
  if (matrix.unlisted !== 'missing') {
    rows.fill(matrix.cols);
    cols.fill(matrix.rows);
  }
  const listed = matrix.unlisted === 'missing' ? 1 : -1;
  for (let j = 0; j < matrix.cols; j++)
    for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++)
      if (Number.isNaN(matrix.values[p]) === (listed === -1)) {
        rows[matrix.indices[p]] += listed;
        cols[j] += listed;
      }
  return { rows, cols };
}
