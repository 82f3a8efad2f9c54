import { beforeAll, describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorInput,
  nmfLayer,
  plotImportance,
  plotParallel,
  plotRankSurvey,
  plotSweepHistory,
  rankSurvey,
} from '../../src/index.js';
import type { SweepRow } from '../../src/sweep/rows.js';
import { lowRank } from '../support/matrices.js';
import { data, drawn, texts } from './support.js';

describe('plotRankSurvey', () => {
  test('of one rank alone has no panel for what it does not have', async () => {
    const alone = await rankSurvey(lowRank(9, 8, 2, 1), { k: [1], reps: 2, seed: 1 });
    const shown = texts(await drawn(plotRankSurvey(alone)));
    expect(shown).toContain('no rank here has cophenetic correlation or silhouette');
    expect(shown).toContain('stability');
    expect(shown).not.toContain('silhouette');
  });

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

/** A row of a sweep of one parameter: its loss, or null where it failed; fields of both kinds are there, `error` tells. */
const row = (k: number, loss: number | null, { replicate = 0, budget = null }: { readonly replicate?: number; readonly budget?: number | null } = {}) => ({
  ...{ point: k, params: { k }, replicate, budget, seconds: 0, inputs: {}, iterations: 1, converged: true, trainLoss: 0 },
  ...(loss === null ? { error: { code: 'error', message: '' } } : { error: null, testLoss: loss }),
}) as unknown as SweepRow; // biome-ignore format: one row

describe('plotSweepHistory', () => {
  test('means in the order in which points were tried, and the lowest so far', async () => {
    const rows = [row(1, 4), row(2, 6), row(3, 1), row(4, null), row(5, 2)];
    const second = [row(1, 6, { replicate: 1 }), row(2, 2, { replicate: 1 }), row(3, null, { replicate: 1 }), row(4, null, { replicate: 1 }), row(5, 1, { replicate: 1 })]; // biome-ignore format: rows
    const picture = plotSweepHistory({ rows: [...rows, ...second] });
    const svg = await drawn(picture);
    const [steps, points, failed] = data(picture.spec);
    expect(points.map(({ trial, loss }) => [trial, loss])).toEqual([[1, 5], [2, 4], [3, 1], [5, 1.5]]); // biome-ignore format: pairs
    // The third failed on a mask: it is no best.
    expect(steps.map(({ trial, best }) => [trial, best])).toEqual([[1, 5], [2, 4], [5, 1.5], [5, 1.5]]); // biome-ignore format: pairs
    expect(failed).toEqual([{ trial: 4, point: 'k = 4' }]);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['1 failed on every mask: marked below', 'fitted on every mask', 'failed on a mask']),
    );
  });

  test('each budget of a point by itself, and losses far apart', async () => {
    const rows = [row(1, 4, { budget: 5 }), row(2, 3, { budget: 5 }), row(2, 2)];
    const picture = plotSweepHistory({ rows }, { title: 'Größe <b>' });
    expect(texts(await drawn(picture))).toEqual(expect.arrayContaining(['fewer iterations', 'Größe &lt;b&gt;']));
    expect(data(picture.spec)[0].map(({ trial, best }) => [trial, best])).toEqual([[3, 2], [3, 2]]); // biome-ignore format: pairs
    expect(JSON.stringify(plotSweepHistory({ rows: [row(1, 1), row(2, 1000)] }).spec)).toContain('"log"');
  });
});

describe('a sweep over a grid', () => {
  const X = lowRank(12, 10, 2, 1);
  const layerFn = ({ k, L1 }: { readonly k: number; readonly L1: number }) =>
    nmfLayer(factorInput(X, { name: 'x' }), { name: 'n', k, L1 });
  let found: Awaited<ReturnType<typeof sweep>>;
  const sweep = () => crossValidateGraph({ params: { k: [1, 2, 0], L1: [0, 0.1, 10] }, layerFn, reps: 1 });
  beforeAll(async () => {
    found = await sweep();
  });

  test('as parallel coordinates: a line for each point, those that failed in grey', async () => {
    const picture = plotParallel(found);
    const svg = await drawn(picture);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['k', 'L1', 'held-out loss', '0.1', '10', 'grey: 3 failed on a mask, or given up early']),
    );
    const [grey, lines] = data(picture.spec);
    expect(new Set(grey.map(({ line }) => line)).size).toBe(3);
    expect(lines).toHaveLength(6 * 3);
    // The best is drawn last, and ends lowest.
    const last = lines.filter(({ line }) => line === 5);
    expect(last[2]).toMatchObject({ loss: Math.min(...found.points.map(({ testLoss }) => testLoss)), y: 280 });
    const heights = new Set(lines.filter(({ i }) => i === 0).map(({ y }) => y));
    expect(heights).toEqual(new Set([0, 140]));
  });

  test('weights from 0 over powers of ten are apart', () => {
    const points = [0, 0.001, 0.01, 0.1].map((L1) => ({ params: { L1 }, testLoss: 1 + L1, se: null, failed: 0 }));
    const { spec } = plotParallel({ points, best: points[0].params, simplest: points[0].params });
    const heights = data(spec)[1].filter(({ i }) => i === 0).map(({ y }) => Number(y)).sort((a, b) => b - a); // biome-ignore format: one thought
    expect(heights).toHaveLength(4);
    expect(heights[0]).toBe(280);
    expect(heights[3]).toBe(0);
    expect(heights[0] - heights[1]).toBeCloseTo((280 * Math.log(2)) / Math.log(101), 8);
    expect(heights[1] - heights[2]).toBeCloseTo((280 * Math.log(11 / 2)) / Math.log(101), 8);
  });

  test('words, flags and nothing are places of an axis', async () => {
    const point = (method: string | boolean | null, testLoss: number) => ({ params: { method }, testLoss, se: null, failed: 0 }); // biome-ignore format: one point
    const points = [point('ß <b>', 1), point(true, 2), point(null, 3)];
    const svg = await drawn(plotParallel({ points, best: points[0].params, simplest: points[0].params }));
    expect(texts(svg)).toEqual(expect.arrayContaining(['ß &lt;b&gt;', 'true', 'null']));
    const [one] = points;
    await drawn(plotParallel({ points: [one], best: one.params, simplest: one.params }));
  });

  test('as shares of the variance', async () => {
    const picture = plotImportance(found);
    expect(texts(await drawn(picture))).toEqual(
      expect.arrayContaining(['k', 'L1', 'interactions', 'main effects over a grid of 6 points']),
    );
    const bars = data(picture.spec)[0];
    expect(bars.reduce((sum, { share }) => sum + Number(share), 0)).toBeCloseTo(1, 12);
    const point = (k: number) => ({ params: { k }, testLoss: 1, se: null, failed: 0 });
    const equal = { points: [point(1), point(2)], best: { k: 1 }, simplest: { k: 1 } };
    expect(texts(await drawn(plotImportance(equal)))).toContain('all points have the same loss');
  });
});
