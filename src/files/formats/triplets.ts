import type { Source } from '../source.js';
import { enlarged, exactly, gather, sortLines } from './entries.js';
import type { Found } from './found.js';

/** Collects a matrix from its entries, each with the names of its row and its column. */
export interface Triplets {
  add(row: string, column: string, value: number): void;
  /**
   * The matrix, its lines in the order in which their names first came; where all are whole numbers, in the order of these.
   *
   * @throws IoError 'damaged' for an entry that was listed twice.
   */
  found(unlisted: 'zero' | 'missing' | undefined): Found;
}

/** Names, and their places in the order in which they came. */
interface Lines {
  readonly places: Map<string, number>;
  last: string;
  lastPlace: number;
}

/** Entries that room is made for at first. */
const AT_FIRST = 1 << 12;

export function triplets(source: Source): Triplets {
  const [down, across]: readonly Lines[] = Array.from({ length: 2 }, () => ({
    places: new Map(),
    last: '',
    lastPlace: -1,
  }));
  let indices = new Uint32Array(AT_FIRST);
  let columns = new Uint32Array(AT_FIRST);
  let values = new Float64Array(AT_FIRST);
  let count = 0;

  function placeOf(lines: Lines, name: string): number {
    if (name === lines.last && lines.lastPlace >= 0) return lines.lastPlace;
    let place = lines.places.get(name);
    if (place === undefined) {
      place = lines.places.size;
      lines.places.set(name, place);
    }
    lines.last = name;
    lines.lastPlace = place;
    return place;
  }

  return {
    add(row, column, value) {
      if (count === values.length) {
        const room = 2 * count;
        indices = enlarged(indices, room, Uint32Array);
        columns = enlarged(columns, room, Uint32Array);
        values = enlarged(values, room, Float64Array);
      }
      indices[count] = placeOf(down, row);
      columns[count] = placeOf(across, column);
      values[count++] = value;
    },
    found(unlisted) {
      const [rowNames, colNames] = [ordered(down.places, indices, count), ordered(across.places, columns, count)];
      const [rows, cols] = [rowNames.length, colNames.length];
      const indptr = new Uint32Array(cols + 1);
      for (let p = 0; p < count; p++) indptr[columns[p] + 1]++;
      for (let j = 0; j < cols; j++) indptr[j + 1] += indptr[j];
      gather(indptr, columns, indices, values);
      sortLines(indptr, indices, values, (j, i) =>
        source.fault(
          'damaged',
          `Triplets must list an entry once; got row '${rowNames[i]}', column '${colNames[j]}' twice`,
        ),
      );
      const matrix = Object.freeze({
        kind: 'csc',
        ...{ rows, cols, indptr },
        indices: exactly(indices, count, Uint32Array),
        values: exactly(values, count, Float64Array),
        ...(unlisted === 'missing' ? { unlisted } : {}),
      } as const);
      return { matrix, turned: false, rows: { names: rowNames }, columns: { names: colNames } };
    },
  };
}

/** The names in their order, the places of entries made those in it. */
function ordered(places: ReadonlyMap<string, number>, own: Uint32Array, count: number): readonly string[] {
  const names = [...places.keys()];
  if (!names.every((name) => /^\d{1,15}$/.test(name))) return names;
  const sorted = names.toSorted((a, b) => Number(a) - Number(b));
  const to = new Uint32Array(names.length);
  for (const [place, name] of sorted.entries()) to[places.get(name) ?? 0] = place;
  for (let p = 0; p < count; p++) own[p] = to[own[p]];
  return sorted;
}
