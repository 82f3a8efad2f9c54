import type { Label } from '../labels.js';
import { type DenseMatrix, dense } from '../matrix.js';
import { checking } from './check.js';
import { groupColours, RAMPS } from './colours.js';
import { type Groups, groupsOf, scaleOf } from './groups.js';
import { type Picture, picture } from './picture.js';

export interface CompositionOptions {
  /** What each sample belongs to; null, undefined and NaN: not known. */
  readonly groups: ArrayLike<Label>;
  /** What each factor is multiplied by first, k numbers ≥ 0, as a fit's `d`; default 1 each. */
  readonly d?: Float64Array | undefined;
  readonly title?: string | undefined;
}

export interface FactorsByGroupOptions {
  /** What each sample belongs to; null, undefined and NaN: not known. */
  readonly groups: ArrayLike<Label>;
  readonly title?: string | undefined;
}

/**
 * What the samples of each group are made of: bars of the mean over the group of each factor's share,
 * d_r·h_rj / Σ_s d_s·h_sj. Samples in which no factor is found are left out, and the picture says how many.
 *
 * @param H k × samples, ≥ 0; factors are called by its `rowNames`, where it has any.
 * @throws GraphError 'invalid-data' for an H with negative or missing entries, and groups that aren't one for each sample;
 * 'non-finite', 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('made-of.svg', await plotComposition(fit.parts.H, { groups: tissue, d: fit.parts.d }).toSvg());
 */
export function plotComposition(H: DenseMatrix, options: CompositionOptions): Picture {
  const check = checking('plotComposition');
  const { groups: labels, d, title = 'Composition' } = check.options(options, ['groups', 'd', 'title']);
  const own = check.embedding(H);
  check.refuse('H', own.data.every((x) => x >= 0), 'without negative entries, so that there are shares', 'some that are'); // biome-ignore format: one thought
  check.labels('groups', labels, own.cols, 'sample');
  const isScale = d === undefined || (d instanceof Float64Array && d.length === own.rows && d.every((x) => x >= 0));
  check.option('d', isScale, `${own.rows} numbers at least 0, as d of a fit`, d);
  check.done();
  const { rows: k, cols: n } = own;
  const shares = dense(k, n);
  const made: number[] = [];
  for (let j = 0; j < n; j++) {
    const parts = own.data.subarray(j * k, (j + 1) * k).map((h, r) => h * (d?.[r] ?? 1));
    const sum = parts.reduce((a, b) => a + b, 0);
    if (!(sum > 0)) continue;
    made.push(j);
    shares.data.set(
      parts.map((part) => part / sum),
      j * k,
    );
  }
  const groups = groupsOf(labels);
  const means = meansBy(shares, groups, made);
  const factors = factorNames(own);
  const values = groups.names.flatMap((group, g) =>
    factors.flatMap((factor, r) => (means[g] === null ? [] : [{ group, factor, order: r, share: means[g][r] }])),
  );
  const without = n - made.length;
  return picture(title, without === 0 ? [] : [`${without} of ${n} samples without any factor are left out`], {
    ...{ width: { step: 40 }, height: 280 },
    data: { values },
    mark: { type: 'bar', tooltip: true },
    encoding: {
      x: { field: 'group', type: 'nominal', title: null, scale: { domain: groups.names } },
      y: { field: 'share', type: 'quantitative', title: 'mean share', scale: { domain: [0, 1] }, stack: 'zero' },
      order: { field: 'order', type: 'quantitative' },
      color: {
        field: 'factor',
        type: 'nominal',
        title: 'factor',
        sort: null,
        scale: scaleOf({ names: factors, colours: groupColours(k) }),
      },
    },
  });
}

/**
 * Which factors are strong in which group: tiles of the mean of h_rj over the samples j of a group, over the largest such mean
 * of the factor in size, so that each factor has a tile of 1 or −1.
 *
 * @param H k × samples; factors are called by its `rowNames`, where it has any.
 * @throws GraphError as `plotComposition`, but that entries may be negative.
 * @example
 * await writeFile('tiles.svg', await plotFactorsByGroup(fit.parts.H, { groups: tissue }).toSvg());
 */
export function plotFactorsByGroup(H: DenseMatrix, options: FactorsByGroupOptions): Picture {
  const check = checking('plotFactorsByGroup');
  const { groups: labels, title = 'Factors by group' } = check.options(options, ['groups', 'title']);
  const own = check.embedding(H);
  check.labels('groups', labels, own.cols, 'sample');
  check.done();
  const groups = groupsOf(labels);
  const means = meansBy(
    own,
    groups,
    Array.from({ length: own.cols }, (_, j) => j),
  );
  const factors = factorNames(own);
  const values = factors.flatMap((factor, r) => {
    const most = means.reduce((most, mean) => Math.max(most, Math.abs(mean?.[r] ?? 0)), 0) || 1;
    return groups.names.map((group, g) => ({ group, factor, mean: (means[g]?.[r] ?? 0) / most }));
  });
  const low = values.some(({ mean }) => mean < 0) ? -1 : 0;
  return picture(title, ['means, each factor over its largest'], {
    ...{ width: { step: 32 }, height: { step: 20 } },
    data: { values },
    mark: { type: 'rect', tooltip: true },
    encoding: {
      x: { field: 'group', type: 'nominal', title: null, scale: { domain: groups.names } },
      y: { field: 'factor', type: 'nominal', title: 'factor', scale: { domain: factors } },
      color: {
        field: 'mean',
        type: 'quantitative',
        title: 'mean',
        scale: { domain: [low, 1], range: RAMPS.viridis, interpolate: 'rgb' },
      },
    },
  });
}

/** Names of the rows, where no two are alike, or numbers. */
const factorNames = ({ rows, rowNames = [] }: DenseMatrix): readonly string[] =>
  new Set(rowNames).size === rows ? rowNames : Array.from({ length: rows }, (_, r) => String(r));

/** The mean of the samples of each group; null where it has none of these. */
function meansBy(
  { rows: k, data }: DenseMatrix,
  groups: Groups,
  samples: readonly number[],
): readonly (Float64Array | null)[] {
  const sums = groups.names.map(() => new Float64Array(k));
  const counts = groups.names.map(() => 0);
  for (const j of samples) {
    const g = groups.of[j];
    counts[g]++;
    for (let r = 0; r < k; r++) sums[g][r] += data[r + j * k];
  }
  return sums.map((sum, g) => (counts[g] === 0 ? null : sum.map((x) => x / counts[g])));
}
