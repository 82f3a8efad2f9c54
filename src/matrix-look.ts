import { digits, type Look } from './display.js';

/** A matrix that is looked at, whatever its form. */
export interface Looked {
  readonly title: string;
  readonly rows: number;
  readonly cols: number;
  readonly rowNames?: readonly string[] | undefined;
  readonly colNames?: readonly string[] | undefined;
  /** Entry (i, j). */
  readonly at: (i: number, j: number) => number;
}

/** Rows and columns that are shown, of more than `MOST` the first `FIRST`. */
const [MOST, FIRST] = [8, 6];

/** Shape, names, and the upper left corner. */
export function matrixLook({ title, rows, cols, rowNames, colNames, at }: Looked): Look {
  const shape = `${title} ${rows} × ${cols}`;
  if (rows === 0 || cols === 0) return { title: shape, body: [] };
  const [down, across] = [places(rows), places(cols)];
  const gap = (count: number, shown: readonly number[]) => (shown.length < count ? ['…'] : []);
  const name = (names: readonly string[] | undefined, place: number) => names?.[place] ?? String(place);
  const head = ['', ...across.map((j) => name(colNames, j)), ...gap(cols, across)];
  const lines = down.map((i) => [name(rowNames, i), ...across.map((j) => digits(at(i, j))), ...gap(cols, across)]);
  const rest = gap(rows, down).map((dots) => [dots, ...head.slice(1).map(() => '')]);
  return { title: shape, body: [{ head, lines: [...lines, ...rest], words: [0] }] };
}

const places = (count: number): readonly number[] => Array.from({ length: count <= MOST ? count : FIRST }, (_, i) => i);
