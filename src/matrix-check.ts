import { type Matrix, storedValues } from './matrix.js';

/** What a look at every stored entry tells. */
export interface MatrixFacts {
  /** The first NaN or infinite entry, as the numbers lie in memory. */
  readonly nonFinite: Entry | undefined;
  /** The first entry below zero. */
  readonly negative: Entry | undefined;
  readonly largest: number;
  readonly nonzeros: number;
}

export interface Entry {
  readonly row: number;
  readonly col: number;
  readonly value: number;
}

export function examine(matrix: Matrix): MatrixFacts {
  const values = storedValues(matrix);
  let negative: Entry | undefined;
  let largest = 0;
  let nonzeros = 0;
  for (let p = 0; p < values.length; p++) {
    const x = values[p];
    if (!Number.isFinite(x)) return { nonFinite: entryAt(matrix, p), negative, largest, nonzeros };
    if (x !== 0) nonzeros++;
    if (x < 0) negative ??= entryAt(matrix, p);
    const size = Math.abs(x);
    if (size > largest) largest = size;
  }
  return { nonFinite: undefined, negative, largest, nonzeros };
}

function entryAt(matrix: Matrix, p: number): Entry {
  const value = storedValues(matrix)[p];
  if (matrix.kind === 'csc')
    return { row: matrix.indices[p], col: matrix.indptr.findIndex((end) => end > p) - 1, value };
  const { rows, cols, order } = matrix;
  return order === 'rows'
    ? { row: Math.floor(p / cols), col: p % cols, value }
    : { row: p % rows, col: Math.floor(p / rows), value };
}
