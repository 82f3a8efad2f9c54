import { hardLabels } from '../consensus/hard-labels.js';
import { show } from '../issues.js';
import type { Label } from '../labels.js';
import type { DenseMatrix } from '../matrix.js';
import { checking } from './check.js';
import { groupsOf, scaleOf } from './groups.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';

export interface AssignmentsOptions {
  /** What each sample belongs to; null, undefined and NaN: not known. */
  readonly groups: ArrayLike<Label>;
  /** Default 'Samples by their strongest factor'. */
  readonly title?: string | undefined;
}

/** What has factors of samples: a layer of a fit. */
export interface WithEmbedding {
  readonly H: DenseMatrix;
  readonly d: Float64Array;
}

/**
 * Which factor each sample has most of, argmax_r d_r·h_rj: bars of the number of samples for each factor, stacked by group, a panel
 * for each layer. Samples in which no factor is found are left out, and the picture says so.
 *
 * @param fits a layer of a fit, or several by the name that each has above its panel; H is k × samples, ≥ 0.
 * @throws GraphError 'invalid-data' for what is no layer, an H with negative or missing entries, and groups that aren't one for
 * each sample; 'non-finite', 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('parts.svg', await plotAssignments({ coarse: fit.coarse, fine: fit.fine }, { groups: tissue }).toSvg());
 */
export function plotAssignments(
  fits: WithEmbedding | Readonly<Record<string, WithEmbedding>>,
  options: AssignmentsOptions,
): Picture {
  const check = checking('plotAssignments');
  const { groups: labels, title = 'Samples by their strongest factor' } = check.options(options, ['groups', 'title']);
  const isObject = typeof fits === 'object' && fits !== null && !Array.isArray(fits);
  check.refuse('fits', isObject, 'a layer of a fit, or layers by name, as { parts: fit.parts }', show(fits));
  check.done();
  const layers = isOne(fits) ? [['', fits] as const] : Object.entries(fits);
  check.refuse('fits', layers.length > 0, 'at least one layer', 'none');
  const shown = layers.map(([name, layer]) => {
    const of = name === '' ? 'fits' : `fits.${name}`;
    check.refuse(of, layer?.d instanceof Float64Array, 'a layer of a fit, with d and H', show(layer));
    check.done();
    const H = check.whole(of, layer.H);
    check.refuse(of, H.data.every((x) => x >= 0), 'without negative entries, so that one factor is strongest', 'some that are'); // biome-ignore format: one thought
    check.refuse(
      of,
      layer.d.length === H.rows,
      `of ${H.rows} numbers in d, one for each row of H`,
      `${layer.d.length}`,
    );
    check.labels('groups', labels, H.cols, 'sample');
    return { name, H, d: layer.d };
  });
  check.done();
  const groups = groupsOf(labels);
  const panels = shown.map(({ name, H, d }) => ({ name, factors: H.rows, of: hardLabels(H, d) }));
  const left = panels.flatMap(({ name, of }) => {
    const none = of.filter((r) => r < 0).length;
    const where = name === '' ? '' : ` of ${name}`;
    return none === 0 ? [] : [`${none} of ${of.length} samples without any factor${where} are left out`];
  });
  const concat = panels.map(({ name, factors, of }): Part => {
    const counts = Array.from({ length: factors }, () => groups.names.map(() => 0));
    of.forEach((r, j) => { if (r >= 0) counts[r][groups.of[j]]++; }); // biome-ignore format: one thought
    const values = counts.flatMap((list, r) =>
      list.map((samples, g) => ({ factor: String(r), group: groups.names[g], order: g, samples })),
    );
    return {
      ...(name === '' ? {} : { title: panelTitle(name) }),
      ...{ width: { step: 28 }, height: 240 },
      data: { values },
      mark: { type: 'bar', tooltip: true },
      encoding: {
        x: { field: 'factor', type: 'nominal', title: 'factor', sort: null, axis: { labelAngle: 0 } },
        y: { field: 'samples', type: 'quantitative', title: 'samples', stack: 'zero', axis: { grid: true, tickMinStep: 1 } }, // biome-ignore format: one thought
        order: { field: 'order', type: 'quantitative' },
        color: { field: 'group', type: 'nominal', title: 'group', scale: scaleOf(groups) },
      },
    };
  });
  return picture(title, left, { concat, columns: 3, resolve: { scale: { y: 'shared' } } });
}

/** A layer has an embedding there; layers that are called so have none. */
const isOne = (fits: WithEmbedding | Readonly<Record<string, WithEmbedding>>): fits is WithEmbedding =>
  fits.d instanceof Float64Array;
