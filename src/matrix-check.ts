import { type KnownCounts, knownCounts } from './known.js';
import { type Floats, type Matrix, storedValues } from './matrix.js';

/** What a look at numbers, as they lie in memory, tells; the places are the first of their kind. */
export interface Look {
  /** Nothing else is told then. */
  readonly infinite: number | undefined;
  /** NaN: what is missing. */
  readonly missing: number | undefined;
  /** How many are missing. */
  readonly gaps: number;
  readonly negative: number | undefined;
  /** The largest magnitude. */
  readonly largest: number;
  readonly zeros: number;
}

/** What a look at every stored entry tells. */
export interface MatrixFacts {
  /** The first infinite entry, as the numbers lie in memory; nothing else is known then. */
  readonly infinite: Entry | undefined;
  /** The first entry that is NaN. */
  readonly gap: Entry | undefined;
  /** Entries that are missing, listed or not. */
  readonly missing: number;
  /** How many entries of each row and column are known; undefined where none is missing. */
  readonly known: KnownCounts | undefined;
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
  let missing: number | undefined;
  let zeros = 0;
  let gaps = 0;
  // Most data are positive: one comparison each.
  for (let p = 0; p < values.length; p++) {
    const x = values[p];
    if (x > largest) largest = x;
    else if (!(x > 0)) {
      if (x === 0) zeros++;
      else if (x < 0) {
        negative ??= p;
        if (-x > largest) largest = -x;
      } else {
        missing ??= p;
        gaps++;
      }
    }
  }
  if (largest < Infinity) return { infinite: undefined, missing, gaps, negative, largest, zeros };
  const infinite = values.findIndex((x) => Math.abs(x) === Infinity);
  return { infinite, missing: undefined, gaps: 0, negative: undefined, largest: 0, zeros: 0 };
}

/** Looks at a matrix with the eyes given. */
export function examine(matrix: Matrix, lookAt: (values: Floats) => Look = look): MatrixFacts {
  const values = storedValues(matrix);
  const { infinite, missing, gaps, negative, largest, zeros } = lookAt(values);
  const entry = (p: number | undefined) => (p === undefined ? undefined : entryAt(matrix, p));
  const unlisted =
    matrix.kind === 'csc' && matrix.unlisted === 'missing' ? matrix.rows * matrix.cols - values.length : 0;
  const unknown = infinite === undefined ? gaps + unlisted : 0;
  return {
    infinite: entry(infinite),
    gap: entry(missing),
    missing: unknown,
    known: unknown === 0 ? undefined : knownCounts(matrix),
    negative: entry(negative),
    largest,
    nonzeros: values.length - zeros - gaps,
  };
}

/** The first known entry, listed or a zero that isn't, that fails a test. */
export function firstOutside(matrix: Matrix, holds: (x: number) => boolean): Entry | undefined {
  const values = storedValues(matrix);
  const at = values.findIndex((x: number) => !Number.isNaN(x) && !holds(x));
  if (at >= 0) return entryAt(matrix, at);
  if (matrix.kind === 'dense' || matrix.unlisted === 'missing' || holds(0)) return undefined;
  for (let col = 0; col < matrix.cols; col++) {
    const [from, to] = [matrix.indptr[col], matrix.indptr[col + 1]];
    for (let row = 0; row < matrix.rows; row++)
      if (from + row >= to || matrix.indices[from + row] !== row) return { row, col, value: 0 };
  }
  return undefined;
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
