import type { Label } from '../labels.js';
import { type DenseMatrix, dense } from '../matrix.js';
import type { Ordered } from './alike.js';
import type { Ramp } from './colours.js';
import { groupsOf } from './groups.js';
import { heatPart, linesText } from './heat.js';
import { type Picture, panelTitle, picture } from './picture.js';

/** How matrices of one shape are drawn, all in one order and in the same colours. */
export interface HeatLook {
  /** The order of the lines; null: as they are. */
  readonly rows: Ordered | null;
  readonly columns: Ordered | null;
  /** Whether the trees of these are drawn. */
  readonly trees: boolean;
  readonly colours: Ramp;
  /** What the two ends of the colours stand for. */
  readonly domain: readonly [low: number, high: number];
  /** What the numbers are. */
  readonly value: string;
  readonly title: string;
  /** What a reader must know beside. */
  readonly told?: readonly string[] | undefined;
  /** What each column belongs to. */
  readonly annotation?: ArrayLike<Label> | undefined;
  readonly annotationTitle?: string | undefined;
}

/** A matrix, and what it is called where it isn't alone. */
export interface HeatPanel {
  readonly name: string | null;
  readonly matrix: DenseMatrix;
}

/** Matrices of one shape as colours, side by side. */
export function heatPicture(panels: readonly HeatPanel[], look: HeatLook): Picture {
  const { annotation, annotationTitle = 'group', colours, value, title, domain, told = [] } = look;
  const [{ matrix: first }] = panels;
  const rows = look.rows?.order ?? places(first.rows);
  const columns = look.columns?.order ?? places(first.cols);
  const [rowTree, colTree] = [look.rows, look.columns].map((lines) => (look.trees ? lines : null));
  // Groups have the colours that they have in other pictures, whatever the order here.
  const groups = annotation === undefined ? null : groupsOf(annotation);
  const parts = panels.map(({ name, matrix }, at) => ({
    ...(name === null ? {} : { title: { ...panelTitle(name), frame: 'group' } }),
    ...heatPart({
      matrix: inOrder(matrix, rows, columns),
      ramp: colours,
      ...{ domain, value },
      rowNames: at > 0 ? [] : rows.map((i) => matrix.rowNames?.[i] ?? String(i)),
      colNames: columns.map((j) => matrix.colNames?.[j] ?? String(j)),
      annotation: groups && { title: annotationTitle, groups: { ...groups, of: columns.map((j) => groups.of[j]) } },
      colTree,
      // All panels have one order: its tree and what the colours stand for are beside the last.
      ...(at === panels.length - 1 ? { legends: true, rowTree } : { legends: false, rowTree: null }),
    }),
  }));
  const body = parts.length === 1 ? parts[0] : { hconcat: parts, spacing: 24 };
  return picture(title, [...told, ...linesText(first)], body);
}

/** From the least number of all to the largest; what isn't negative begins at 0, as factors do. */
export function domainOf(panels: readonly HeatPanel[]): readonly [number, number] {
  let [low, high] = [0, 0];
  for (const { matrix } of panels)
    for (const x of matrix.data) {
      if (x < low) low = x;
      if (x > high) high = x;
    }
  return [low, high > low ? high : 1];
}

const places = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

function inOrder(matrix: DenseMatrix, rows: readonly number[], columns: readonly number[]): DenseMatrix {
  const ordered = dense(matrix.rows, matrix.cols);
  columns.forEach((from, j) => {
    rows.forEach((source, i) => { ordered.data[i + j * matrix.rows] = matrix.data[source + from * matrix.rows]; }); // biome-ignore format: one thought
  });
  return ordered;
}
