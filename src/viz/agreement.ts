import { show } from '../issues.js';
import { column, type DenseMatrix, dense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { similarities } from '../similarity.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';
import { shortened } from './shortened.js';

export interface AgreementOptions {
  /** Panels beside each other, a whole number ≥ 1; default 3. */
  readonly columns?: number | undefined;
  /** Default 'Agreement'. */
  readonly title?: string | undefined;
}

/** Letters of a name. */
const LONGEST = 40;

/**
 * Two matrices of one shape, column by column: a panel for each with an entry of the first across and that of the second up, the
 * line y = x dashed, and above it the cosine of the two columns, 0 where one is all zeros. `align` brings the factors of a fit
 * into the order of another's, `scaleFeatures` and the like into its units.
 *
 * @param matrices two by name, each m × k, without gaps: the first is across.
 * @throws GraphError 'invalid-data' for others than two, of different shapes, or with missing entries; 'non-finite',
 * 'value-range', 'invalid-option', 'unknown-option'.
 * @example
 * const [first, other] = await Promise.all([1, 2].map((seed) => nmf(X, { k: 5, seed })));
 * const { fit } = align(first, other);
 * await writeFile('again.svg', await plotAgreement({ first: first.W, again: fit.W }).toSvg());
 */
export function plotAgreement(
  matrices: Readonly<Record<string, MatrixInput | DenseMatrix>>,
  options: AgreementOptions = {},
): Picture {
  const check = checking('plotAgreement');
  const { columns = 3, title = 'Agreement' } = check.options(options, ['columns', 'title']);
  check.option('columns', Number.isInteger(columns) && columns >= 1, 'a whole number, at least 1', columns);
  const isObject = typeof matrices === 'object' && matrices !== null && !Array.isArray(matrices);
  const names = isObject ? Object.keys(matrices) : [];
  check.refuse('matrices', names.length === 2, 'two by name, as { known: W, learned: fit.parts.W }', show(matrices));
  check.done();
  const [across, up] = names.map((name) => check.whole(`matrices.${name}`, matrices[name]));
  const isSame = across.rows === up.rows && across.cols === up.cols;
  check.refuse(`matrices.${names[1]}`, isSame, `${across.rows} × ${across.cols}, as ${names[0]}`, `${up.rows} × ${up.cols}`); // biome-ignore format: one thought
  check.done();
  const rowNames = up.rowNames ?? across.rowNames;
  const colNames = up.colNames ?? across.colNames;
  const concat = Array.from({ length: across.cols }, (_, r): Part => {
    const [own, other] = [column(across, r), column(up, r)];
    const cosine = similarities(dense(across.rows, 1, own), dense(up.rows, 1, other), 'cosine').data[0];
    const low = Math.min(0, ...rangeOf(own), ...rangeOf(other));
    const high = Math.max(...rangeOf(own), ...rangeOf(other));
    const scale = { domain: [low, high > low ? high : low + 1], nice: true, padding: 4 };
    const axis = { grid: true, tickCount: 4, format: '.3~g' };
    const encoded = (field: 'x' | 'y', name: string) => ({
      field,
      type: 'quantitative',
      title: shortened(name, LONGEST),
      scale,
      axis,
    });
    const [x, y] = [encoded('x', names[0]), encoded('y', names[1])];
    return {
      title: panelTitle(`${shortened(colNames?.[r] ?? `factor ${r}`, LONGEST)}, cosine ${cosine.toFixed(3)}`),
      ...{ width: 200, height: 200 },
      encoding: { x, y },
      layer: [
        {
          data: { values: scale.domain.map((at) => ({ x: at, y: at })) },
          mark: { type: 'line', color: '#555555', strokeDash: [5, 4], strokeWidth: 1 },
        },
        {
          data: { values: Array.from(own, (x, i) => ({ row: rowNames?.[i] ?? String(i), x, y: other[i] })) },
          // A description of each point would be most of the file.
          mark: {
            type: 'point',
            filled: true,
            size: own.length > 500 ? 8 : 24,
            opacity: 0.7,
            color: SET2[1],
            aria: false,
          },
          encoding: { tooltip: [{ field: 'row', type: 'nominal' }, { field: 'x', type: 'quantitative' }, { field: 'y', type: 'quantitative' }] }, // biome-ignore format: one thought
        },
      ],
    };
  });
  // What draws makes room for as many as it is told.
  return picture(title, [], { concat, columns: Math.min(columns, concat.length) });
}

/** Of numbers of which there may be more than a call has arguments. */
const rangeOf = (list: Float64Array): readonly [low: number, high: number] =>
  list.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)] as const, [Infinity, -Infinity] as const);
