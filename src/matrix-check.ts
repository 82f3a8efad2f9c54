import type { Matrix } from './matrix.js';

/** What a look at every stored entry tells. */
export interface MatrixFacts {
  /** The first NaN or infinite entry. */
  readonly nonFinite: { readonly row: number; readonly col: number; readonly value: number } | undefined;
  readonly negative: boolean;
  readonly largest: number;
}

export function examine(matrix: Matrix): MatrixFacts {
  const values = matrix.kind === 'dense' ? matrix.data : matrix.values;
  let negative = false;
  let largest = 0;
  for (let p = 0; p < values.length; p++) {
    const x = values[p];
    if (!Number.isFinite(x)) return { nonFinite: { ...position(matrix, p), value: x }, negative, largest };
    if (x < 0) negative = true;
    const size = Math.abs(x);
    if (size > largest) largest = size;
  }
  return { nonFinite: undefined, negative, largest };
}

function position(matrix: Matrix, p: number): { row: number; col: number } {
  if (matrix.kind === 'dense') return { row: p % matrix.rows, col: Math.floor(p / matrix.rows) };
  return { row: matrix.indices[p], col: matrix.indptr.findIndex((end) => end > p) - 1 };
}
