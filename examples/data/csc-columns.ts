import type { CscMatrix } from 'factorloom';

/** Compressed sparse columns from one list of [row, value] pairs per column, in any order. */
export function cscFromColumns(rows: number, columns: readonly (readonly (readonly [number, number])[])[]): CscMatrix {
  const indptr = new Uint32Array(columns.length + 1);
  columns.forEach((column, j) => {
    indptr[j + 1] = indptr[j] + column.length;
  });
  const entries = columns.flatMap((column) => column.toSorted(([a], [b]) => a - b));
  return {
    kind: 'csc',
    rows,
    cols: columns.length,
    indptr,
    indices: Uint32Array.from(entries, ([row]) => row),
    values: Float64Array.from(entries, ([, value]) => value),
  };
}
