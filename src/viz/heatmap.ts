import type { Label } from '../labels.js';
import { type DenseMatrix, dense, transpose } from '../matrix.js';
import { isNumbers, type MatrixInput } from '../matrix-input.js';
import { alike, orderedBy } from './alike.js';
import { checking } from './check.js';
import { RAMPS, type Ramp } from './colours.js';
import { domainOf, type HeatPanel, heatPicture } from './heat-picture.js';
import type { Picture } from './picture.js';

export interface ConsensusPlotOptions {
  /** What each column belongs to, as a bar above; null, undefined and NaN: not known. */
  readonly annotation?: ArrayLike<Label> | undefined;
  /** What the annotation is called in the legend; default 'group'. */
  readonly annotationTitle?: string | undefined;
  /** Colours from low to high; default 'viridis', of a consensus 'inferno'. */
  readonly colours?: Ramp | undefined;
  /** The trees of the clustering beside what is clustered, with heights as distances; default false. */
  readonly tree?: boolean | undefined;
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
const OPTIONS = ['annotation', 'annotationTitle', 'colours', 'tree', 'title'];

/** A matrix of any form, or a result. */
type Given = MatrixInput | DenseMatrix;

/**
 * A matrix as colours: a W (features × k), an H (k × samples), or data. Names are drawn where there is room; what is missing is
 * grey. Of more than 1,200 rows or columns neighbours are drawn as their mean, and the picture says so.
 *
 * Several matrices by name stand side by side, in the same colours and with their lines in one order.
 *
 * Clustering is by average linkage (Sokal & Michener 1958) of d(a, b)² = mean of (a_i − b_i)² over what both have, in all of the
 * matrices.
 *
 * @param matrix rows × columns, or several of one shape by name
 * @throws GraphError 'invalid-data' for the matrix, others of another shape, and an annotation that isn't one label for each
 * column; 'non-finite', 'value-range', 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('H.png', await plotHeatmap(fit.parts.H, { clusterColumns: true, annotation: tissue }).toPng());
 * @example
 * await writeFile('W.png', await plotHeatmap({ true: W, learned: fit.parts.W }, { clusterRows: true }).toPng());
 */
export function plotHeatmap(matrix: Given | Readonly<Record<string, Given>>, options: HeatmapOptions = {}): Picture {
  const check = checking('plotHeatmap');
  const own = check.options(options, [...OPTIONS, 'clusterRows', 'clusterColumns', 'value']);
  const { clusterRows = false, clusterColumns = false, colours = 'viridis', value = 'value', title = 'Heat map' } = own;
  const panels: readonly HeatPanel[] = isByName(matrix)
    ? Object.entries(matrix).map(([name, one]) => ({ name, matrix: check.matrix(`matrix.${name}`, one) }))
    : [{ name: null, matrix: check.matrix('matrix', matrix) }];
  const [{ matrix: first }] = panels;
  for (const { name, matrix: one } of panels) {
    const isSame = one.rows === first.rows && one.cols === first.cols;
    check.refuse(`matrix.${name}`, isSame, `${first.rows} × ${first.cols}, as the first`, `${one.rows} × ${one.cols}`);
  }
  const clustered = (name: string, asked: boolean, count: number) => {
    const rule = `true or false, and false for more than ${MOST_CLUSTERED} lines`;
    check.option(name, typeof asked === 'boolean' && !(asked && count > MOST_CLUSTERED), rule, asked);
  };
  clustered('clusterRows', clusterRows, first.rows);
  clustered('clusterColumns', clusterColumns, first.cols);
  check.option(
    'tree',
    own.tree !== true || clusterRows || clusterColumns,
    'false where nothing is clustered',
    own.tree,
  );
  check.option('value', typeof value === 'string', 'a text', value);
  checkLook(check, own, first);
  check.done();
  const matrices = panels.map((panel) => panel.matrix);
  const rows = clusterRows ? alike(beside(matrices)) : null;
  const columns = clusterColumns ? alike(beside(matrices.map(transpose))) : null;
  const trees = own.tree === true;
  return heatPicture(panels, { ...own, trees, rows, columns, colours, value, title, domain: domainOf(panels) });
}

/** Several matrices by name: what is a matrix has a number among its parts, or a list of them. */
const isByName = (matrix: Given | Readonly<Record<string, Given>>): matrix is Readonly<Record<string, Given>> =>
  typeof matrix === 'object' &&
  matrix !== null &&
  !isNumbers(matrix) &&
  Object.values(matrix).length > 0 &&
  Object.values(matrix).every((one: unknown) => typeof one === 'object' && one !== null) &&
  !('data' in matrix && isNumbers(matrix.data) && 'shape' in matrix);

/** Columns of all, one after the other. */
function beside(matrices: readonly DenseMatrix[]): DenseMatrix {
  const [{ rows }] = matrices;
  const cols = matrices.reduce((sum, one) => sum + one.cols, 0);
  const out = dense(rows, cols);
  let at = 0;
  for (const { data } of matrices) {
    out.data.set(data, at);
    at += data.length;
  }
  return out;
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
  const order = orderedBy(dense(C.rows, C.cols, apart));
  const { colours = 'inferno', tree: trees = false } = own;
  const look = { rows: order, columns: order, value: 'share of fits', domain: [0, 1] } as const;
  return heatPicture([{ name: null, matrix: C }], { ...own, ...look, colours, trees, title });
}

function checkLook(check: ReturnType<typeof checking>, options: ConsensusPlotOptions, { cols }: DenseMatrix): void {
  const { annotation, annotationTitle, colours = 'viridis', tree } = options;
  check.flag('tree', tree);
  check.option('colours', Object.hasOwn(RAMPS, colours), "'viridis' or 'inferno'", colours);
  const isTitle = annotationTitle === undefined || typeof annotationTitle === 'string';
  check.option('annotationTitle', isTitle, 'a text', annotationTitle);
  if (annotation === undefined) return;
  check.labels('annotation', annotation, cols, 'column');
  const count = new Set(Array.from(annotation)).size;
  check.refuse('annotation', count <= MOST_GROUPS, `at most ${MOST_GROUPS} groups`, String(count));
}
