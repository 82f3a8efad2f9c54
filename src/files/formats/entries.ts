import type { CscMatrix, Floats } from '../../matrix.js';

/** Entries of a sparse matrix as they were listed. */
export interface ListedSoFar {
  /** The row of each, from 0; there may be room behind the last. */
  readonly indices: Uint32Array;
  readonly values: Float64Array;
  /** The column of each; absent where they came in order. */
  readonly columns?: Uint32Array | undefined;
  /** How many each column has, the first at place 1. */
  readonly counts: Uint32Array;
  /** Whether each is known to have come behind all others, column after column. */
  readonly ascending: boolean;
}

/** Collects entries that are listed in any order. */
export interface Entries {
  add(i: number, j: number, value: number): void;
  listed(): ListedSoFar;
}

/** As long as columns come in order nothing is kept but the matrix itself; else the column of each. There is room for `most`. */
export function entries(cols: number, most: number): Entries {
  const indices = new Uint32Array(most);
  const values = new Float64Array(most);
  let columns: Uint32Array | undefined;
  const counts = new Uint32Array(cols + 1);
  let [count, last] = [0, 0];

  function fromCounts(): Uint32Array {
    const own = new Uint32Array(most);
    let p = 0;
    for (let j = 0; j < cols; j++) {
      own.fill(j, p, p + counts[j + 1]);
      p += counts[j + 1];
    }
    return own;
  }

  return {
    add(i, j, value) {
      if (j < last) columns ??= fromCounts();
      if (columns !== undefined) columns[count] = j;
      last = j;
      indices[count] = i;
      values[count] = value;
      counts[j + 1]++;
      count++;
    },
    listed: () => ({ indices, values, columns, counts, ascending: false }),
  };
}

/** The matrix of entries, which are put in order where they lie; `twice` makes the error of an entry that was listed before. */
export function toCsc(
  rows: number,
  cols: number,
  { indices, values, columns, counts: indptr, ascending }: ListedSoFar,
  twice: (i: number, j: number) => Error,
): CscMatrix {
  for (let j = 0; j < cols; j++) indptr[j + 1] += indptr[j];
  if (columns !== undefined) gather(indptr, columns, indices, values);
  if (!ascending) sortLines(indptr, indices, values, (j, i) => twice(i, j));
  const count = indptr[cols];
  return Object.freeze({
    kind: 'csc',
    ...{ rows, cols, indptr },
    indices: exactly(indices, count, Uint32Array),
    values: exactly(values, count, Float64Array),
  });
}

/** A list with more room behind it. */
export function enlarged<T extends Uint32Array | Float64Array>(
  from: T,
  room: number,
  Kind: new (room: number) => T,
): T {
  const to = new Kind(room);
  to.set(from);
  return to;
}

/** As many as there are, without the room behind them where that is much. */
export function exactly<T extends Uint32Array | Float64Array>(list: T, count: number, Kind: new (list: T) => T): T {
  if (list.length === count) return list;
  const own = list.subarray(0, count) as T; // subarray keeps the kind
  return list.length < 1.1 * count ? own : new Kind(own);
}

/** Puts entries into their columns, each swapped to its place: in place, in no order within a column. */
export function gather(indptr: Uint32Array, columns: Uint32Array, indices: Uint32Array, values: Floats): void {
  const next = indptr.slice(0, -1);
  for (let j = 0; j < next.length; j++) {
    for (let p = next[j]; p < indptr[j + 1]; p = next[j]) {
      const to = columns[p];
      const q = next[to]++;
      if (q === p) continue;
      [columns[p], columns[q]] = [columns[q], to];
      [indices[p], indices[q]] = [indices[q], indices[p]];
      [values[p], values[q]] = [values[q], values[p]];
    }
  }
}

/**
 * Puts the entries of each line in the order of their indices, where they aren't; `twice` makes the error of an index that is
 * listed twice.
 */
export function sortLines(
  indptr: Uint32Array,
  indices: Uint32Array,
  values: Floats,
  twice: (line: number, index: number) => Error,
): void {
  for (let line = 0; line + 1 < indptr.length; line++) {
    const [from, to] = [indptr[line], indptr[line + 1]];
    if (!isAscending(indices, from, to)) sortBetween(indices, values, from, to);
    for (let p = from + 1; p < to; p++) if (indices[p] === indices[p - 1]) throw twice(line, indices[p]);
  }
}

function isAscending(indices: Uint32Array, from: number, to: number): boolean {
  for (let p = from + 1; p < to; p++) if (indices[p] < indices[p - 1]) return false;
  return true;
}

/** Sorts the entries of a column by row. */
function sortBetween(indices: Uint32Array, values: Floats, from: number, to: number): void {
  const order = Array.from({ length: to - from }, (_, n) => from + n).sort((p, q) => indices[p] - indices[q]);
  const [rows, own] = [order.map((p) => indices[p]), order.map((p) => values[p])];
  indices.set(rows, from);
  values.set(own, from);
}
