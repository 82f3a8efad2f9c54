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
  const length = values.length;
  let largest = 0;
  let negativeAt = -1;
  let zeros = 0;
  // Most data are positive: one comparison each.
  for (let p = 0; p < length; p++) {
    const x = values[p];
    if (x > largest) largest = x;
    else if (!(x > 0)) {
      if (x === 0) zeros++;
      else if (x < 0) {
        if (negativeAt < 0) negativeAt = p;
        if (-x > largest) largest = -x;
      } else return faulty(matrix);
    }
  }
  if (largest === Infinity) return faulty(matrix);
  const negative = negativeAt < 0 ? undefined : entryAt(matrix, negativeAt);
  return { nonFinite: undefined, negative, largest, nonzeros: length - zeros };
}

/** What is known of a matrix that holds NaN or an infinite entry: where. */
function faulty(matrix: Matrix): MatrixFacts {
  const at = storedValues(matrix).findIndex((x) => !Number.isFinite(x));
  return { nonFinite: entryAt(matrix, at), negative: undefined, largest: Number.NaN, nonzeros: 0 };
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
