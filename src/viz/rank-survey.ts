import { show } from '../issues.js';
import type { SurveyedRank } from '../sweep/rank-survey.js';
import { axisOf } from './axis.js';
import { checking } from './check.js';
import { SET2 } from './colours.js';
import { type Part, type Picture, panelTitle, picture } from './picture.js';

export interface RankSurveyPlotOptions {
  /** Default 'Rank survey'. */
  readonly title?: string | undefined;
}

/** What `rankSurvey` has found. */
export interface SurveyedRanks {
  readonly ranks: readonly SurveyedRank[];
  readonly best: number;
  readonly simplest: number;
}

/** What is measured of a rank, and what a panel calls it; what is not of the loss is at most 1. */
const MEASURES = [
  { of: 'testLoss', name: 'held-out error' },
  { of: 'cophenetic', name: 'cophenetic correlation' },
  { of: 'dispersion', name: 'dispersion' },
  { of: 'silhouette', name: 'silhouette' },
  { of: 'stability', name: 'stability' },
] as const;

/**
 * What speaks for each rank: a panel for each measure of `rankSurvey` over k, held-out error with ± one standard error, and lines at
 * the rank of lowest held-out error and at the simplest that is as good. A measure that a rank doesn't have, as those of
 * clusters for k = 1, leaves a gap.
 *
 * @param survey what `rankSurvey` has found.
 * @throws GraphError 'invalid-data' for what is no survey, 'invalid-option', 'unknown-option'.
 * @example
 * const survey = await rankSurvey(X, { k: [2, 3, 4, 5, 6], seed: 1 });
 * await writeFile('ranks.svg', await plotRankSurvey(survey).toSvg());
 */
export function plotRankSurvey(survey: SurveyedRanks, options: RankSurveyPlotOptions = {}): Picture {
  const check = checking('plotRankSurvey');
  const { title = 'Rank survey' } = check.options(options, ['title']);
  check.refuse('survey', isSurvey(survey), 'what rankSurvey has found, with a rank', show(survey));
  check.done();
  const { ranks, best, simplest } = survey;
  const { axis, scale } = axisOf(ranks.map(({ k }) => k));
  // All panels have the same axis, also those of measures that the first ranks don't have.
  const domain = [ranks[0].k, ranks[ranks.length - 1].k];
  const x = { field: 'k', type: 'quantitative', title: 'k', axis, scale: { ...scale, domain } };
  const chosen = [{ k: best, chosen: 'best' }, ...(simplest === best ? [] : [{ k: simplest, chosen: 'simplest' }])];
  const concat = MEASURES.map(({ of, name }): Part => {
    const values = ranks.flatMap((rank) => {
      const value = rank[of];
      const se = of === 'testLoss' ? (rank.se ?? 0) : 0;
      return value === null ? [] : [{ k: rank.k, value, low: value - se, high: value + se }];
    });
    const y = {
      type: 'quantitative',
      title: null,
      scale: { zero: false, padding: 6 },
      axis: { grid: true, tickCount: 5 },
    };
    return {
      title: panelTitle(name),
      ...{ width: 200, height: 150 },
      data: { values },
      encoding: { x },
      layer: [
        marks(chosen),
        {
          mark: { type: 'line', color: SET2[0], point: { color: SET2[0], filled: true }, tooltip: true },
          encoding: { y: { ...y, field: 'value' } },
        },
        ...(of === 'testLoss'
          ? [
              {
                mark: { type: 'rule', color: SET2[0], strokeWidth: 1.5 },
                encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' } },
              },
            ]
          : []),
      ],
    };
  });
  const reason = best === simplest ? `best and simplest: k = ${best}` : `best: k = ${best}; simplest within one standard error: k = ${simplest}`; // biome-ignore format: one thought
  return picture(title, [reason], { concat, columns: 3 });
}

/** Lines at the ranks that were chosen. */
const marks = (values: readonly { readonly k: number; readonly chosen: string }[]): Part => ({
  data: { values },
  mark: { type: 'rule', color: '#333333', strokeWidth: 1.2 },
  encoding: {
    strokeDash: {
      field: 'chosen',
      type: 'nominal',
      title: 'chosen',
      scale: { domain: values.map(({ chosen }) => chosen), range: [[1, 0], [4, 4]].slice(0, values.length) }, // biome-ignore format: one scale
    },
  },
});

const isSurvey = (survey: SurveyedRanks | null | undefined): boolean =>
  Array.isArray(survey?.ranks) &&
  survey.ranks.length > 0 &&
  [survey.best, survey.simplest].every(Number.isFinite) &&
  survey.ranks.every(
    (rank) =>
      Number.isFinite(rank?.k) &&
      Number.isFinite(rank.testLoss) &&
      MEASURES.every(({ of }) => rank[of] === null || Number.isFinite(rank[of])),
  );
