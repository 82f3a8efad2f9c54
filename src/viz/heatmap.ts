import { averageLinkage } from '../consensus/average-linkage.js';
import { leafOrder } from '../consensus/clusters.js';
import type { Label } from '../labels.js';
import { type DenseMatrix, dense, transpose } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { checking } from './check.js';
import { RAMPS, type Ramp } from './colours.js';
import { groupsOf } from './groups.js';
import { heatPart, linesText } from './heat.js';
import { type Picture, picture } from './picture.js';

export interface ConsensusPlotOptions {
  /** What each column belongs to, as a bar above; null, undefined and NaN: not known. */
  readonly annotation?: ArrayLike<Label> | undefined;
  /** What the annotation is called in the legend; default 'group'. */
  readonly annotationTitle?: string | undefined;
  /** Colours from low to high; default 'viridis', of a consensus 'inferno'. */
  readonly colours?: Ramp | undefined;
  readonly title?: string | undefined;
}

export interface HeatmapOptions extends ConsensusPlotOptions {
  /** Rows that are alike beside each other, at most 5,000; default false. */
  readonly clusterRows?: boolean | undefined;
  /** The same of columns. */
  readonly clusterColumns?: boolean | undefined;
  /** What the numbers are called in the legend; default 'value'. */
  readonly value?: string | undefined;
}

/** A distance is a number for each pair. */
const MOST_CLUSTERED = 5000;
/** A bar is an image with a colour for each. */
const MOST_GROUPS = 255;
const OPTIONS = ['annotation', 'annotationTitle', 'colours', 'title'];

/**
 * A matrix as colours: a W (features × k), an H (k × samples), or data. Names are drawn where there is room; what is missing is
 * grey. Of more than 1,200 rows or columns neighbours are drawn as their mean, and the picture says so.
 *
 * Clustering is by average linkage (Sokal & Michener 1958) of d(a, b)² = mean of (a_i − b_i)² over what both have.
 *
 * @param matrix rows × columns
 * @throws GraphError 'invalid-data' for the matrix, and an annotation that isn't one label for each column; 'non-finite',
 * 'value-range', 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('H.png', await plotHeatmap(fit.parts.H, { clusterColumns: true, annotation: tissue }).toPng());
 */
export function plotHeatmap(matrix: MatrixInput | DenseMatrix, options: HeatmapOptions = {}): Picture {
  const check = checking('plotHeatmap');
  const own = check.options(options, [...OPTIONS, 'clusterRows', 'clusterColumns', 'value']);
  const { clusterRows = false, clusterColumns = false, value = 'value', title = 'Heat map' } = own;
  const found = check.matrix('matrix', matrix);
  const clustered = (name: string, asked: boolean, count: number) => {
    const rule = `true or false, and false for more than ${MOST_CLUSTERED} lines`;
    check.option(name, typeof asked === 'boolean' && !(asked && count > MOST_CLUSTERED), rule, asked);
  };
  clustered('clusterRows', clusterRows, found.rows);
  clustered('clusterColumns', clusterColumns, found.cols);
  check.option('value', typeof value === 'string', 'a text', value);
  checkLook(check, own, found);
  check.done();
  const rows = clusterRows ? alike(found) : null;
  const columns = clusterColumns ? alike(transpose(found)) : null;
  return drawn(found, { ...own, rows, columns, value, title, domain: domainOf(found) });
}

/**
 * A consensus matrix (n × n, from 0 to 1: of `consensusNmf`, or what `consensus` of a sweep gives) with samples that are often together beside each
 * other: average linkage of 1 − C.
 *
 * @throws GraphError 'invalid-data' for what is not square or not from 0 to 1, and as `plotHeatmap`.
 * @example
 * const { consensus, labels } = await consensusNmf(X, { k: 4 });
 * await writeFile('k4.png', await plotConsensus(consensus, { annotation: labels }).toPng());
 */
export function plotConsensus(matrix: MatrixInput | DenseMatrix, options: ConsensusPlotOptions = {}): Picture {
  const check = checking('plotConsensus');
  const own = check.options(options, OPTIONS);
  const { title = 'Consensus' } = own;
  const C = check.matrix('matrix', matrix);
  check.refuse('matrix', C.rows === C.cols, 'square', `${C.rows} × ${C.cols}`);
  check.refuse('matrix', C.data.every((x) => x >= 0 && x <= 1), 'of numbers from 0 to 1', 'others too'); // biome-ignore format: one thought
  check.refuse('matrix', C.rows <= MOST_CLUSTERED, `at most ${MOST_CLUSTERED} × ${MOST_CLUSTERED}`, `${C.rows} rows`);
  checkLook(check, own, C);
  check.done();
  const apart = C.data.map((x) => 1 - x);
  const order = leafOrder(C.rows, averageLinkage(dense(C.rows, C.cols, apart)));
  const { colours = 'inferno' } = own;
  return drawn(C, { ...own, colours, rows: order, columns: order, value: 'share of fits', title, domain: [0, 1] });
}

function checkLook(check: ReturnType<typeof checking>, options: ConsensusPlotOptions, { cols }: DenseMatrix): void {
  const { annotation, annotationTitle, colours = 'viridis' } = options;
  check.option('colours', Object.hasOwn(RAMPS, colours), "'viridis' or 'inferno'", colours);
  const isTitle = annotationTitle === undefined || typeof annotationTitle === 'string';
  check.option('annotationTitle', isTitle, 'a text', annotationTitle);
  if (annotation === undefined) return;
  check.labels('annotation', annotation, cols, 'column');
  const count = new Set(Array.from(annotation)).size;
  check.refuse('annotation', count <= MOST_GROUPS, `at most ${MOST_GROUPS} groups`, String(count));
}

interface Drawn extends ConsensusPlotOptions {
  /** The order of the lines; null: as they are. */
  readonly rows: readonly number[] | null;
  readonly columns: readonly number[] | null;
  readonly value: string;
  readonly title: string;
  readonly domain: readonly [low: number, high: number];
}

function drawn(matrix: DenseMatrix, options: Drawn): Picture {
  const { annotation, annotationTitle = 'group', colours = 'viridis', value, title, domain } = options;
  const rows = options.rows ?? places(matrix.rows);
  const columns = options.columns ?? places(matrix.cols);
  const ordered = dense(matrix.rows, matrix.cols);
  columns.forEach((from, j) => {
    rows.forEach((source, i) => { ordered.data[i + j * matrix.rows] = matrix.data[source + from * matrix.rows]; }); // biome-ignore format: one thought
  });
  // Groups have the colours that they have in other pictures, whatever the order here.
  const groups = annotation === undefined ? null : groupsOf(annotation);
  const body = heatPart({
    matrix: ordered,
    ramp: colours,
    ...{ domain, value },
    rowNames: rows.map((i) => matrix.rowNames?.[i] ?? String(i)),
    colNames: columns.map((j) => matrix.colNames?.[j] ?? String(j)),
    annotation: groups && { title: annotationTitle, groups: { ...groups, of: columns.map((j) => groups.of[j]) } },
  });
  return picture(title, linesText(matrix), body);
}

const places = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

function domainOf({ data }: DenseMatrix): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const x of data) {
    if (x < low) low = x;
    if (x > high) high = x;
  }
  // What isn't negative begins at 0, as factors do.
  [low, high] = [Math.min(low, 0), Math.max(high, 0)];
  return [low, high > low ? high : 1];
}

/** Rows in an order in which those that are alike are near. */
function alike({ rows, cols, data }: DenseMatrix): readonly number[] {
  const D = dense(rows, rows);
  for (let b = 1; b < rows; b++)
    for (let a = 0; a < b; a++) {
      let [sum, count] = [0, 0];
      for (let p = a, q = b; p < rows * cols; p += rows, q += rows) {
        const off = data[p] - data[q];
        if (Number.isNaN(off)) continue;
        sum += off * off;
        count++;
      }
      D.data[a + b * rows] = Math.sqrt(sum / count);
    }
  // Rows that have nothing in common are as far apart as those that are farthest.
  const farthest = D.data.reduce((most, x) => (Number.isNaN(x) ? most : Math.max(most, x)), 0);
  for (let b = 1; b < rows; b++)
    for (let a = 0; a < b; a++) {
      const x = D.data[a + b * rows];
      const distance = Number.isNaN(x) ? farthest : x;
      D.data[a + b * rows] = distance;
      D.data[b + a * rows] = distance;
    }
  return leafOrder(rows, averageLinkage(D));
}
