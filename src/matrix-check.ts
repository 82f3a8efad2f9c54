import { type Floats, type Matrix, storedValues } from './matrix.js';

/** What a look at numbers, as they lie in memory, tells; the places are the first of their kind. */
export interface Look {
  /** NaN or infinite; nothing else is told then. */
  readonly nonFinite: number | undefined;
  readonly negative: number | undefined;
  /** The largest magnitude. */
  readonly largest: number;
  readonly zeros: number;
}

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

/** Every kernel's `look` tells what this one does. */
export function look(values: Floats): Look {
  let largest = 0;
  let negative: number | undefined;
  let zeros = 0;
  // Most data are positive: one comparison each.
  for (let p = 0; p < values.length; p++) {
    const x = values[p];
    if (x > largest) largest = x;
    else if (!(x > 0)) {
      if (x === 0) zeros++;
      else if (x < 0) {
        negative ??= p;
        if (-x > largest) largest = -x;
      } else return odd(values);
    }
  }
  return largest === Infinity ? odd(values) : { nonFinite: undefined, negative, largest, zeros };
}

const odd = (values: Floats): Look => ({
  nonFinite: values.findIndex((x) => !Number.isFinite(x)),
  negative: undefined,
  largest: 0,
  zeros: 0,
});

/** Looks at a matrix with the eyes given. */
export function examine(matrix: Matrix, lookAt: (values: Floats) => Look = look): MatrixFacts {
  const values = storedValues(matrix);
  const { nonFinite, negative, largest, zeros } = lookAt(values);
  const entry = (p: number | undefined) => (p === undefined ? undefined : entryAt(matrix, p));
  if (nonFinite !== undefined)
    return { nonFinite: entry(nonFinite), negative: undefined, largest: Number.NaN, nonzeros: 0 };
  return { nonFinite: undefined, negative: entry(negative), largest, nonzeros: values.length - zeros };
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
