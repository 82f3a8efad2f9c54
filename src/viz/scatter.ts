import { eigenSymmetric } from '../kernels/reference/orthogonal.js';
import type { Label } from '../labels.js';
import { column, type DenseMatrix, dense } from '../matrix.js';
import { checking } from './check.js';
import { SET2, UNKNOWN } from './colours.js';
import { type Groups, groupsOf, scaleOf } from './groups.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';

export interface ScatterOptions {
  /** What each sample belongs to; null, undefined and NaN: not known; default: nothing. */
  readonly groups?: ArrayLike<Label> | undefined;
  /** What goes across, from 0: a factor, or with `pca` a principal component; default 0. */
  readonly x?: number | undefined;
  /** What goes up; default 1. */
  readonly y?: number | undefined;
  /** Principal components of the embedding in place of factors; default false. */
  readonly pca?: boolean | undefined;
  /**
   * Several panels: 'groups', one for each group, with the samples of all others in grey; 'factors', one for each pair of
   * factors or components, of which there are then at most 8, and x and y are left out. Default: one panel.
   */
  readonly facets?: 'groups' | 'factors' | undefined;
  /** Default 'Samples'. */
  readonly title?: string | undefined;
}

/** Pairs of more are more panels than anyone looks at. */
const MOST_PAIRED = 8;

/**
 * Samples as points: two factors of an embedding, or two of its principal components, the directions in which samples differ
 * most (Pearson 1901), with the share of the variance that each has.
 *
 * @param H k × samples, k ≥ 2 as two different factors are drawn.
 * @throws GraphError 'invalid-data' for an H with missing entries, and groups that aren't one for each sample; 'invalid-option' for
 * a factor that isn't there; 'non-finite', 'unknown-option'.
 * @example
 * await writeFile('samples.svg', await plotScatter(fit.parts.H, { groups: tissue, pca: true }).toSvg());
 */
export function plotScatter(H: DenseMatrix, options: ScatterOptions = {}): Picture {
  const check = checking('plotScatter');
  const own = check.options(options, ['groups', 'x', 'y', 'pca', 'facets', 'title']);
  const { groups: labels, x = 0, y = 1, pca = false, facets, title = 'Samples' } = own;
  const found = check.embedding(H);
  check.option('facets', facets === undefined || facets === 'groups' || facets === 'factors', "'groups' or 'factors'", facets); // biome-ignore format: one thought
  if (facets === 'factors') {
    check.option('x', own.x === undefined, "left out beside facets: 'factors'", own.x);
    check.option('y', own.y === undefined, "left out beside facets: 'factors'", own.y);
    check.refuse('H', found.rows >= 2 && found.rows <= MOST_PAIRED, `of 2 to ${MOST_PAIRED} rows beside facets: 'factors', as subset gives it`, `${found.rows}`); // biome-ignore format: one thought
  } else {
    const what = pca ? 'the number of a component' : 'the number of a factor';
    check.factor('x', x, found.rows, what);
    check.factor('y', y, found.rows, what);
  }
  check.flag('pca', pca);
  if (labels !== undefined) check.labels('groups', labels, found.cols, 'sample');
  check.option('facets', facets !== 'groups' || labels !== undefined, 'left out, or groups given', facets);
  check.done();
  const { points, names } = pca ? components(found) : { points: found, names: undefined };
  const groups = labels === undefined ? null : groupsOf(labels);
  const samples: Samples = {
    points,
    axis: (r) => names?.[r] ?? `factor ${r}`,
    names: Array.from({ length: points.cols }, (_, j) => found.colNames?.[j] ?? String(j)),
    groups,
  };
  if (facets === 'factors') {
    const pairs = places(points.rows).flatMap((b) => places(b).map((a) => [a, b] as const));
    const concat = pairs.map(([a, b]) => ({ ...scatter(samples, a, b), width: 200, height: 200 }));
    return picture(title, [], { concat, columns: Math.min(3, pairs.length) });
  }
  if (facets === 'groups' && groups !== null) {
    const concat = groups.names.map((name, g) => ({
      title: panelTitle(name),
      ...scatter(samples, x, y, g),
      ...{ width: 200, height: 200 },
    }));
    return picture(title, [], { concat, columns: Math.min(3, concat.length) });
  }
  return picture(title, [], { ...scatter(samples, x, y), width: 400, height: 400 });
}

interface Samples {
  /** k × samples. */
  readonly points: DenseMatrix;
  readonly names: readonly string[];
  readonly groups: Groups | null;
  /** What an axis is called. */
  axis(r: number): string;
}

/** Two rows as points; with a group, this one alone in its colour, and before all others in grey. */
function scatter({ points, names, groups, axis }: Samples, x: number, y: number, only?: number): Part {
  const values = names.map((sample, j) => ({
    ...{ sample, x: column(points, j)[x], y: column(points, j)[y] },
    ...(groups === null ? {} : { group: groups.names[groups.of[j]] }),
  }));
  const encoded = (field: 'x' | 'y', r: number) => ({
    field,
    type: 'quantitative',
    title: axis(r),
    scale: { zero: false, padding: 8 },
  });
  const color = groups === null ? {} : { color: { field: 'group', type: 'nominal', title: 'group', scale: scaleOf(groups) } }; // biome-ignore format: one thought
  const mark = { type: 'point', filled: true, size: values.length > 2000 ? 8 : 30, opacity: 0.8, color: SET2[0] };
  const encoding = {
    x: encoded('x', x),
    y: encoded('y', y),
    tooltip: [{ field: 'sample', type: 'nominal' }, ...(groups === null ? [] : [{ field: 'group', type: 'nominal' }])],
  };
  if (groups === null || only === undefined) return { data: { values }, mark, encoding: { ...encoding, ...color } };
  const [equal, colour] = [groups.names[only], groups.colours[only]];
  return {
    data: { values },
    encoding,
    layer: [
      { transform: [{ filter: { not: { field: 'group', equal } } }], mark: { ...mark, color: OTHERS, aria: false } },
      {
        transform: [{ filter: { field: 'group', equal } }],
        mark: { ...mark, color: colour === UNKNOWN ? UNKNOWN_ALONE : colour },
      },
    ],
  };
}

/** Samples that a panel is not about. */
const OTHERS = '#e8e8e8';
/** Those of no known group, before others in grey. */
const UNKNOWN_ALONE = '#777777';

const places = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** Scores of the samples on the principal components, k × samples, and what these are called. */
function components(H: DenseMatrix): { readonly points: DenseMatrix; readonly names: readonly string[] } {
  const { rows: k, cols: n } = H;
  const largest = H.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const mean = new Float64Array(k);
  for (let j = 0; j < n; j++) column(H, j).forEach((x, r) => { mean[r] += x / largest / n; }); // biome-ignore format: one thought
  const off = (j: number) => column(H, j).map((x, r) => x / largest - mean[r]);
  const S = dense(k, k);
  for (let j = 0; j < n; j++) {
    const x = off(j);
    for (let r = 0; r < k; r++) for (let s = 0; s < k; s++) S.data[r + s * k] += (x[r] * x[s]) / n;
  }
  const { values, vectors } = eigenSymmetric(S);
  const total = values.reduce((sum, value) => sum + value, 0) || 1;
  const points = dense(k, n);
  for (let j = 0; j < n; j++) {
    const x = off(j);
    for (let c = 0; c < k; c++) points.data[c + j * k] = largest * dot(column(vectors, c), x);
  }
  return { points, names: Array.from(values, (value, c) => `component ${c} (${Math.round((100 * value) / total)}%)`) };
}

const dot = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, i) => sum + x * b[i], 0);
