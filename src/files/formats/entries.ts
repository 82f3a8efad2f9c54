import type { CscMatrix, Floats } from '../../matrix.js';

/** Entries of a sparse matrix that are listed in any order. */
export interface Entries {
  /**
   * Lets entries be put where they lie by another hand, and their columns kept where it asks for that.
   *
   * @returns false where it declines; nothing is there then.
   */
  fill(put: (room: EntriesRoom) => Promise<EntriesTold>): Promise<boolean>;
  add(i: number, j: number, value: number): void;
  /** The matrix; `twice` makes the error of an entry that was listed before. */
  toCsc(twice: (i: number, j: number) => Error): CscMatrix;
}

/** Where entries lie, and how far they have come. */
export interface EntriesRoom {
  readonly indices: Uint32Array;
  readonly values: Float64Array;
  /** The column of each; null while they come in order. */
  readonly columns: Uint32Array | null;
  /** How many each column has, the first at place 1. */
  readonly counts: Uint32Array;
  readonly filled: number;
  /** The row and the column of the last one. */
  readonly lastRow: number;
  readonly lastColumn: number;
  /** Whether each came behind all others, column after column. */
  readonly ascending: boolean;
}

/** How far they have come now, and why no further: 'unordered' without columns, which don't come in order. */
export interface EntriesTold extends Pick<EntriesRoom, 'filled' | 'lastRow' | 'lastColumn' | 'ascending'> {
  readonly stopped: 'done' | 'full' | 'unordered' | 'declined';
}

/**
 * Collects entries. As long as columns come in order nothing is kept but the matrix itself; else the column of each, and they are put in
 * order where they lie. There is room for `most`.
 */
export function entries(rows: number, cols: number, most: number): Entries {
  const indices = new Uint32Array(most);
  const values = new Float64Array(most);
  /** Columns of entries; null while they come in order. */
  let columns: Uint32Array | null = null;
  const counts = new Uint32Array(cols + 1);
  let [count, last] = [0, 0];
  /** Whether they are known to be in order, row after row within a column. */
  let ascending = false;

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
    async fill(put) {
      let told: Omit<EntriesTold, 'stopped'> = { filled: 0, lastRow: 0, lastColumn: 0, ascending: true };
      for (;;) {
        const { stopped, ...now } = await put({ ...told, indices, values, columns, counts });
        told = now;
        [count, last] = [now.filled, now.lastColumn];
        if (stopped === 'unordered') columns = fromCounts();
        else if (stopped === 'done') {
          ascending = now.ascending;
          return true;
        } else {
          // Others begin anew, in the same room.
          counts.fill(0);
          [columns, count, last] = [null, 0, 0];
          return false;
        }
      }
    },
    add(i, j, value) {
      if (j < last) columns ??= fromCounts();
      if (columns !== null) columns[count] = j;
      last = j;
      indices[count] = i;
      values[count] = value;
      counts[j + 1]++;
      count++;
    },
    toCsc(twice) {
      const indptr = counts;
      for (let j = 0; j < cols; j++) indptr[j + 1] += indptr[j];
      if (columns !== null) gather(indptr, columns, indices, values);
      columns = null;
      if (!ascending) sortLines(indptr, indices, values, (j, i) => twice(i, j));
      return Object.freeze({
        kind: 'csc',
        ...{ rows, cols, indptr },
        indices: exactly(indices, count, Uint32Array),
        values: exactly(values, count, Float64Array),
      });
    },
  };
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
