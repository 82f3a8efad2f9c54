import { assign } from '../assignment.js';
import { type DenseMatrix, entry, transpose } from '../matrix.js';
import { type Similarity, similarities } from '../similarity.js';
import { checking } from './check.js';
import { SET2, UNKNOWN } from './colours.js';
import { type Picture, picture } from './picture.js';

export interface MatchesOptions {
  /** How factors are compared; default 'correlation'. */
  readonly by?: Similarity | undefined;
  /** The other factor that each is set beside: 'best', the one it is most like; 'pairs', each at most once. Default 'best'. */
  readonly match?: 'best' | 'pairs' | undefined;
  /** Where the line is, from 0 to 1; bars that reach it are green. Default 0.9. */
  readonly threshold?: number | undefined;
  /** Default 'Factors that come again'. */
  readonly title?: string | undefined;
}

/**
 * Whether the factors of one fit are among those of another of the same samples: for each factor r of H the |s_rt| of the factor
 * t of the other that it goes with, s the correlations or cosines of the rows, as bars with the number t above and a line at the
 * threshold. 'best' takes the largest |s_rt|; 'pairs' matches so that the sum of all is largest, and a factor without another
 * has no bar.
 *
 * @param H k × samples, without gaps; what its rows are called stands below the bars.
 * @param other l × samples, in the same order.
 * @throws GraphError 'invalid-data' for embeddings with missing entries or of different samples; 'non-finite', 'value-range',
 * 'invalid-option', 'unknown-option'.
 * @example
 * await writeFile('again.svg', await plotMatches(shared.joint.H, species.parts.H, { threshold: 0.9 }).toSvg());
 */
export function plotMatches(H: DenseMatrix, other: DenseMatrix, options: MatchesOptions = {}): Picture {
  const check = checking('plotMatches');
  const own = check.options(options, ['by', 'match', 'threshold', 'title']);
  const { by = 'correlation', match = 'best', threshold = 0.9, title = 'Factors that come again' } = own;
  check.option('by', by === 'correlation' || by === 'cosine', "'correlation' or 'cosine'", by);
  check.option('match', match === 'best' || match === 'pairs', "'best' or 'pairs'", match);
  check.option('threshold', typeof threshold === 'number' && threshold >= 0 && threshold <= 1, 'a number from 0 to 1', threshold); // biome-ignore format: one thought
  const [first, second] = [check.whole('H', H), check.whole('other', other)];
  check.refuse('other', first.cols === second.cols, `of ${first.cols} columns, the samples of H`, `${second.cols}`);
  check.done();
  const found = similarities(transpose(first), transpose(second), by);
  const alike = Array.from({ length: first.rows }, (_, r) =>
    Float64Array.from({ length: second.rows }, (__, t) => Math.abs(entry(found, r, t))),
  );
  const partners = match === 'best' ? alike.map((row) => row.indexOf(Math.max(...row))) : pairsOf(alike, second.rows);
  const factors = alike.map((_, r) => first.rowNames?.[r] ?? String(r));
  const values = partners.flatMap((t, r) => {
    if (t < 0) return [];
    const again = second.rowNames?.[t] ?? String(t);
    return [{ factor: factors[r], again, alike: alike[r][t], reaches: alike[r][t] >= threshold }];
  });
  const what = by === 'correlation' ? '|r|' : '|cosine|';
  const reached = values.filter(({ reaches }) => reaches).length;
  const x = { field: 'factor', type: 'nominal', title: 'factor', scale: { domain: factors }, axis: { labelAngle: factors.every((name) => name.length <= 3) ? 0 : -45 } }; // biome-ignore format: one thought
  const y = { field: 'alike', type: 'quantitative', title: `${match === 'best' ? 'largest ' : ''}${what}`, scale: { domain: [0, 1] } }; // biome-ignore format: one thought
  return picture(
    title,
    [`${reached} of ${factors.length} at ${threshold} or above; the factor of the other fit above each`],
    {
      ...{ width: { step: 32 }, height: 240 },
      data: { values },
      layer: [
        {
          mark: { type: 'bar', tooltip: true },
          encoding: { x, y, color: { condition: { test: 'datum.reaches', value: SET2[0] }, value: UNKNOWN } },
        },
        {
          mark: { type: 'text', baseline: 'bottom', dy: -2, fontSize: 10, limit: 30 },
          encoding: { x, y, text: { field: 'again', type: 'nominal' } },
        },
        {
          data: { values: [{ threshold }] },
          mark: { type: 'rule', color: '#555555', strokeDash: [5, 4] },
          encoding: { y: { field: 'threshold', type: 'quantitative' } },
        },
      ],
    },
  );
}

/** The column of each row, so that gains add up to most; −1 for a row without one. */
function pairsOf(gains: readonly Float64Array[], columns: number): readonly number[] {
  const size = Math.max(gains.length, columns);
  const square = Array.from({ length: size }, (_, r) =>
    Float64Array.from({ length: size }, (__, t) => gains[r]?.[t] ?? 0),
  );
  return assign(square).slice(0, gains.length).map((t) => (t < columns ? t : -1)); // biome-ignore format: one thought
}
