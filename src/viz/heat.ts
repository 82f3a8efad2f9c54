import type { JsonValue } from '../json.js';
import { type DenseMatrix, dense } from '../matrix.js';
import type { Ordered } from './alike.js';
import { RAMPS, type Ramp, rgb, steps, UNKNOWN } from './colours.js';
import { type Groups, scaleOf } from './groups.js';
import type { Part } from './picture.js';
import { dataUrl, png } from './png.js';
import { TREE, treeUrl } from './tree.js';

/** Most lines of a picture: what has more is drawn by means of neighbours, for one that draws would leave lines out. */
const MOST_LINES = 1200;
/** About how long a side is, and how large a cell at most. */
const SIDE = 480;
const LARGEST_CELL = 28;
/** The least cell that a name stands beside. */
const NAMED_CELL = 9;
const BAR = 12;
const GAP = 4;

/** What is drawn as cells: a matrix whose lines are in the order of the picture. */
export interface Heat {
  readonly matrix: DenseMatrix;
  readonly ramp: Ramp;
  /** What the two ends of the ramp stand for. */
  readonly domain: readonly [low: number, high: number];
  /** What the numbers are. */
  readonly value: string;
  readonly rowNames: readonly string[];
  readonly colNames: readonly string[];
  /** What the columns belong to, in the order of the picture. */
  readonly annotation: { readonly title: string; readonly groups: Groups } | null;
  /** Whether it says what the colours stand for: of several side by side one does. */
  readonly legends: boolean;
  /** The trees that rows and columns are in the order of, where they are drawn. */
  readonly rowTree: Ordered | null;
  readonly colTree: Ordered | null;
}

/** How a side of so many lines is drawn: lines that share one of the picture, and how large that is. */
interface Side {
  readonly together: number;
  readonly lines: number;
  readonly cell: number;
  readonly length: number;
}

function sideOf(count: number): Side {
  const together = Math.ceil(count / MOST_LINES);
  const lines = Math.ceil(count / together);
  const cell = Math.max(1, Math.min(LARGEST_CELL, Math.floor(SIDE / lines)));
  return { together, lines, cell, length: lines * cell };
}

/** What a reader must know of how lines are drawn. */
export function linesText(matrix: DenseMatrix): readonly string[] {
  const told = (what: string, count: number) => {
    const { together } = sideOf(count);
    return together === 1 ? [] : [`${count} ${what}, each line the mean of ${together}`];
  };
  return [...told('rows', matrix.rows), ...told('columns', matrix.cols)];
}

/** Cells as one image: as a rectangle each they would be a file of megabytes. */
export function heatPart(heat: Heat): Part {
  const { matrix, ramp, domain, value, annotation, legends, rowTree, colTree } = heat;
  const [down, across] = [sideOf(matrix.rows), sideOf(matrix.cols)];
  const [width, height] = [across.length, down.length];
  const shown = meansOf(matrix, down, across);
  const beside = rowTree === null ? 0 : TREE + GAP;
  const layer = [
    image(cellsUrl(shown, ramp, domain, [down.cell, across.cell]), { width, height, left: 0, top: 0 }),
    ...(rowTree === null ? [] : [treeBeside(rowTree, down, width)]),
    ...(colTree === null ? [] : [treeAbove(colTree, across, annotation === null ? 0 : BAR + GAP)]),
    ...(legends ? [rampLegend(value, ramp, domain, beside)] : []),
    ...names(heat.rowNames, down, 'y'),
    ...names(heat.colNames, across, 'x', height),
    ...(annotation === null ? [] : [bar(annotation, across)]),
    ...(annotation === null || !legends ? [] : [groupLegend(annotation, beside)]),
  ];
  return { width, height, layer, resolve: { scale: { color: 'independent' } }, encoding: {} };
}

function image(
  url: string,
  { width, height, left, top }: Readonly<Record<'width' | 'height' | 'left' | 'top', number>>,
): Part {
  return {
    data: { values: [{}] },
    mark: { type: 'image', width, height, align: 'left', baseline: 'top', aspect: false, smooth: false },
    encoding: { x: { value: left }, y: { value: top }, url: { value: url } },
  };
}

/** Where the lines of a tree's leaves are in the picture, by what they were before they were put in order. */
function leavesOf({ order }: Ordered, { together, cell }: Side): readonly number[] {
  const leaves = new Array<number>(order.length).fill(0);
  order.forEach((item, place) => { leaves[item] = Math.floor(((place + 0.5) * cell) / together); }); // biome-ignore format: one thought
  return leaves;
}

const treeBeside = (lines: Ordered, side: Side, width: number): Part =>
  image(treeUrl(lines.tree, leavesOf(lines, side), side.length, 'rows'), {
    ...{ width: TREE, height: side.length, left: width + GAP, top: 0 },
  });

const treeAbove = (lines: Ordered, side: Side, over: number): Part =>
  image(treeUrl(lines.tree, leavesOf(lines, side), side.length, 'columns'), {
    ...{ width: side.length, height: TREE, left: 0, top: -TREE - GAP - over },
  });

/** Room that a legend leaves by itself. */
const LEGEND_OFFSET = 18;

/** A legend of its own: marks that nobody sees, for an image has none. `beside`: the room of what it stands behind. */
function legend(title: string, color: Part, values: readonly JsonValue[], beside = 0): Part {
  return {
    data: { values: values.map((value) => ({ value })) },
    mark: { type: 'point', filled: true, shape: 'square', size: 0, opacity: 0 },
    encoding: {
      x: { value: 0 },
      y: { value: 0 },
      color: {
        field: 'value',
        title,
        legend: { gradientOpacity: 1, symbolOpacity: 1, symbolSize: 100, offset: LEGEND_OFFSET + beside },
        ...color,
      },
    },
  };
}

/** What the colours of numbers stand for. */
export const rampLegend = (value: string, ramp: Ramp, domain: Heat['domain'], beside = 0): Part =>
  legend(value, { scale: { domain, range: RAMPS[ramp], interpolate: 'rgb' }, type: 'quantitative' }, domain, beside);

/** Names beside cells, where these are large enough. */
function names(list: readonly string[], { together, cell, lines }: Side, axis: 'x' | 'y', height = 0): readonly Part[] {
  if (together > 1 || cell < NAMED_CELL || lines === 0) return [];
  const values = list.map((name, i) => ({ name, at: (i + 0.5) * cell }));
  const place = { field: 'at', type: 'quantitative', scale: null, axis: null };
  const text = { type: 'text', limit: 240, fontSize: Math.min(10, cell), baseline: 'middle', align: 'right' };
  return [
    axis === 'y'
      ? { data: { values }, mark: text, encoding: { y: place, x: { value: -GAP }, text: { field: 'name' } } }
      : {
          data: { values },
          mark: { ...text, angle: 270 },
          encoding: { x: place, y: { value: height + GAP }, text: { field: 'name' } },
        },
  ];
}

/** What the columns belong to, above them. */
function bar({ groups }: NonNullable<Heat['annotation']>, { together, cell, length }: Side): Part {
  // Of columns that are drawn together the first says what they belong to.
  const pixels = Uint8Array.from({ length }, (_, p) => groups.of[Math.floor(p / cell) * together]);
  const palette = groups.colours.map(rgb);
  return image(dataUrl(png(length, 1, pixels, palette)), { width: length, height: BAR, left: 0, top: -BAR - GAP });
}

const groupLegend = ({ title, groups }: NonNullable<Heat['annotation']>, beside: number): Part =>
  legend(title, { type: 'nominal', scale: scaleOf(groups), sort: null }, groups.names, beside);

/** Means of what is known, of rows and columns that are drawn together. */
function meansOf(matrix: DenseMatrix, down: Side, across: Side): DenseMatrix {
  if (down.together === 1 && across.together === 1) return matrix;
  const sums = dense(down.lines, across.lines);
  const counts = new Float64Array(sums.data.length);
  for (let j = 0; j < matrix.cols; j++)
    for (let i = 0; i < matrix.rows; i++) {
      const x = matrix.data[i + j * matrix.rows];
      if (Number.isNaN(x)) continue;
      const place = Math.floor(i / down.together) + Math.floor(j / across.together) * down.lines;
      sums.data[place] += x;
      counts[place]++;
    }
  return dense(
    down.lines,
    across.lines,
    sums.data.map((sum, p) => sum / counts[p]),
  );
}

const LEVELS = 255;

/**
 * Cells as an image, as large as they are drawn: not everything that draws leaves their edges sharp where it must enlarge them. The colour
 * after those of the ramp is that of what is missing.
 */
export function cellsUrl(
  { rows, cols, data }: DenseMatrix,
  ramp: Ramp,
  [low, high]: Heat['domain'],
  [tall, wide]: readonly number[],
): string {
  const width = cols * wide;
  const pixels = new Uint8Array(rows * tall * width);
  const size = high - low || 1;
  for (let i = 0; i < rows; i++) {
    const first = i * tall * width;
    for (let j = 0; j < cols; j++) {
      const x = data[i + j * rows];
      const share = Math.min(1, Math.max(0, (x - low) / size));
      const level = Number.isNaN(x) ? LEVELS : Math.round(share * (LEVELS - 1));
      pixels.fill(level, first + j * wide, first + (j + 1) * wide);
    }
    for (let more = 1; more < tall; more++) pixels.copyWithin(first + more * width, first, first + width);
  }
  return dataUrl(png(width, rows * tall, pixels, [...steps(ramp, LEVELS), rgb(UNKNOWN)]));
}
