import { describe, expect, test } from 'vitest';
import { plotRankSurvey, rankSurvey } from '../../src/index.js';
import { lowRank } from '../support/matrices.js';
import { data, drawn, texts } from './support.js';

describe('plotRankSurvey', () => {
  test('a panel for each measure, what a rank does not have left out, and the ranks chosen', async () => {
    const survey = await rankSurvey(lowRank(14, 12, 3, 1), { k: [2, 1, 3], reps: 2, seed: 1 });
    const picture = plotRankSurvey(survey);
    const shown = texts(await drawn(picture));
    expect(shown).toEqual(
      expect.arrayContaining(['held-out error', 'cophenetic correlation', 'dispersion', 'silhouette', 'stability']),
    );
    const lists = data(picture.spec);
    // In each panel first the values, then the lines.
    const panels = lists.filter((_, i) => i % 2 === 0);
    const measures = ['testLoss', 'cophenetic', 'dispersion', 'silhouette', 'stability'] as const;
    measures.forEach((of, p) => {
      const wanted = survey.ranks.flatMap((rank) => (rank[of] === null ? [] : [{ k: rank.k, value: rank[of] }]));
      expect(panels[p].map(({ k, value }) => ({ k, value }))).toEqual(wanted);
    });
    const [{ se, testLoss }] = survey.ranks;
    expect(panels[0][0]).toMatchObject({ low: testLoss - (se ?? NaN), high: testLoss + (se ?? NaN) });
    expect(panels[3].some(({ k }) => k === 1)).toBe(false);
    expect(lists[1][0]).toEqual({ k: survey.best, chosen: 'best' });
  });

  test('two ranks that are chosen have a line each', async () => {
    const measures = { se: 0.1, trainLoss: 1, cophenetic: 0.9, dispersion: 0.8, silhouette: -0.1, stability: 0.7 };
    const ranks = [2, 3].map((k) => ({ k, testLoss: 1 / k, ...measures }));
    const picture = plotRankSurvey({ ranks, best: 3, simplest: 2 }, { title: 'Räng <k>' });
    const shown = texts(await drawn(picture));
    expect(shown).toEqual(
      expect.arrayContaining(['Räng &lt;k&gt;', 'best', 'simplest', 'best: k = 3; simplest within one standard error: k = 2']), // biome-ignore format: words
    );
    await drawn(plotRankSurvey({ ranks: ranks.slice(0, 1), best: 2, simplest: 2 }));
    expect(data(picture.spec)[1]).toEqual([{ k: 3, chosen: 'best' }, { k: 2, chosen: 'simplest' }]); // biome-ignore format: a list
  });
});
