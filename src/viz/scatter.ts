import { eigenSymmetric } from '../kernels/reference/orthogonal.js';
import type { Label } from '../labels.js';
import { column, type DenseMatrix, dense } from '../matrix.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { groupsOf, scaleOf } from './groups.js';
import { type Picture, picture } from './picture.js';

export interface ScatterOptions {
  /** What each sample belongs to; null, undefined and NaN: not known; default: nothing. */
  readonly groups?: ArrayLike<Label> | undefined;
  /** What goes across, from 0: a factor, or with `pca` a principal component; default 0. */
  readonly x?: number | undefined;
  /** What goes up; default 1. */
  readonly y?: number | undefined;
  /** Principal components of the embedding in place of factors; default false. */
  readonly pca?: boolean | undefined;
  /** Default 'Samples'. */
  readonly title?: string | undefined;
}

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
  const own = check.options(options, ['groups', 'x', 'y', 'pca', 'title']);
  const { groups: labels, x = 0, y = 1, pca = false, title = 'Samples' } = own;
  const found = check.embedding(H);
  const what = pca ? 'the number of a component' : 'the number of a factor';
  check.factor('x', x, found.rows, what);
  check.factor('y', y, found.rows, what);
  check.flag('pca', pca);
  if (labels !== undefined) check.labels('groups', labels, found.cols, 'sample');
  check.done();
  const { points, names } = pca ? components(found) : { points: found, names: undefined };
  const axis = (r: number) => names?.[r] ?? `factor ${r}`;
  const groups = labels === undefined ? null : groupsOf(labels);
  const values = Array.from({ length: points.cols }, (_, j) => ({
    sample: found.colNames?.[j] ?? String(j),
    x: column(points, j)[x],
    y: column(points, j)[y],
    ...(groups === null ? {} : { group: groups.names[groups.of[j]] }),
  }));
  const encoded = (field: 'x' | 'y', r: number) => ({
    field,
    type: 'quantitative',
    title: axis(r),
    scale: { zero: false, padding: 8 },
  });
  return picture(title, [], {
    ...{ width: 400, height: 400 },
    data: { values },
    mark: { type: 'point', filled: true, size: values.length > 2000 ? 8 : 30, opacity: 0.8, color: SET2[0] },
    encoding: {
      x: encoded('x', x),
      y: encoded('y', y),
      ...(groups === null
        ? {}
        : { color: { field: 'group', type: 'nominal', title: 'group', scale: scaleOf(groups) } }),
      tooltip: [
        { field: 'sample', type: 'nominal' },
        ...(groups === null ? [] : [{ field: 'group', type: 'nominal' }]),
      ],
    },
  });
}

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
