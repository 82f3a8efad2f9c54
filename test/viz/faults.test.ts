import { describe, expect, test } from 'vitest';
import { GraphError, plotHeatmap } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { expectFault, type FaultCase, only, untyped } from '../support/faults.js';
import { uniform } from '../support/matrices.js';

const H = uniform(2, 3, 1);
const groups = ['a', 'b', 'a'];
const layer = { d: new Float64Array(2), top: () => [], history: [{ iteration: 1, loss: 1 }] };
const rank = { k: 1, testLoss: 2, se: null, cophenetic: null, dispersion: 1, silhouette: null, stability: 1 };
const swept = (params: readonly object[]) => ({
  points: params.map((own, i) => ({ params: own, testLoss: i, se: null, failed: 0 })),
  ...{ best: params[0], simplest: params[0] },
});
const gap = dense(1, 2, Float64Array.of(1, NaN));

const faults: readonly FaultCase[] = [
  ['invalid-data', () => untyped.plotLoss({}), { of: 'fits' }, /at least one layer; got none/],
  ['invalid-data', () => untyped.plotLoss([layer]), { of: 'fits' }, /layers by name.*got an array of 1/],
  ['invalid-data', () => untyped.plotLoss(undefined), { of: 'fits' }, /got undefined/],
  ['invalid-data', () => untyped.plotLoss({ a: {} }), { of: 'fits.a' }, /with a history; got none/],
  ['invalid-data', () => untyped.plotLoss({ a: { history: [] } }), { of: 'fits.a' }, /with a history; got none/],
  ['invalid-option', () => untyped.plotLoss({ history: [{ iteration: 1, loss: 0 }] }, { log: true }), { option: 'log' }, /false where a loss is not above 0/],
  ['invalid-data', () => untyped.plotLoss({ a: { history: [{ iteration: 1, loss: Number.NaN }] } }), { of: 'fits.a' }, /entries without a loss/],
  ['invalid-option', () => untyped.plotLoss({ a: layer }, { heldOut: { b: layer.history } }), { option: 'heldOut.b' }, /of a layer that is drawn: a/],
  ['invalid-option', () => untyped.plotLoss({ a: layer }, { heldOut: layer.history }), { option: 'heldOut' }, /of a layer that is drawn: a/],
  ['invalid-option', () => untyped.plotLoss(layer, { heldOut: [] }), { option: 'heldOut.layer' }, /at least one/],
  ['invalid-option', () => untyped.plotLoss(layer, { heldOut: 3 }), { option: 'heldOut' }, /by the names of layers; got 3/],
  ['invalid-option', () => untyped.plotLoss(layer, { log: 1 }), { option: 'log' }, /true or false; got 1/],
  ['invalid-option', () => untyped.plotLoss(layer, { facets: 'yes' }), { option: 'facets' }, /true or false; got 'yes'/],
  ['invalid-option', () => untyped.plotLoss(layer, { value: 7 }), { option: 'value' }, /a text; got 7/],
  ['unknown-option', () => untyped.plotLoss(layer, { lg: true }), { option: 'lg' }, /did you mean 'log'/],
  ['invalid-option', () => untyped.plotLoss(layer, { title: 3 }), { option: 'title' }, /a text; got 3/],
  ['invalid-option', () => untyped.plotLoss(layer, null), { option: 'options' }, /an object of options; got null/],
  ['invalid-data', () => untyped.plotSweep({ points: [] }), { of: 'result' }, /with a point; got an object with points/],
  ['invalid-data', () => untyped.plotSweep({ points: [{ params: { k: 1 }, testLoss: Number.NaN }], best: {}, simplest: {} }), { of: 'result' }, /what a sweep has found/],
  ['invalid-option', () => untyped.plotSweep({ points: [{ params: { k: 1 }, testLoss: 1, se: null, failed: 0 }], best: { k: 1 }, simplest: { k: 1 } }, { train: true }), { option: 'train' }, /points have no trainLoss/],
  ['invalid-data', () => untyped.plotSweepHistory({ rows: [] }), { of: 'result' }, /with its rows/],
  ['invalid-data', () => untyped.plotSweepHistory({ rows: [{ params: { k: 1 }, error: null }] }), { of: 'result' }, /with its rows/],
  ['invalid-data', () => untyped.plotSweepHistory({ rows: [{ point: 0, params: { k: 1 }, error: {} }] }), { of: 'result' }, /one was fitted; got 1 points that failed/],
  ['invalid-data', () => untyped.plotParallel({ ...swept([{ k: 1 }]), points: [{ params: { k: 1 }, testLoss: 1, failed: 1 }] }), { of: 'result' }, /fitted on every mask; got none/],
  ['invalid-data', () => untyped.plotSweepHistory(), { of: 'result' }, /got undefined/],
  ['invalid-data', () => untyped.plotParallel({ points: [] }), { of: 'result' }, /what a sweep has found/],
  ['unknown-option', () => untyped.plotParallel(swept([{ k: 1 }]), { colours: 'inferno' }), { option: 'colours' }, /title/],
  ['invalid-data', () => untyped.plotImportance(null), { of: 'result' }, /what a sweep has found/],
  ['invalid-data', () => untyped.plotImportance(swept([{ k: 1, L1: 0 }, { k: 2, L1: 0 }])), { of: 'result' }, /at least 2 values of L1, fitted on every mask; got 1/],
  ['invalid-data', () => untyped.plotImportance(swept([{ k: 1, s: 'a' }, { k: 2, s: 'b' }, { k: 1, s: 'c' }])), { of: 'result' }, /more points than the 3 groups of s; got 3 points/],
  ['invalid-data', () => untyped.plotAssignments({}, { groups }), { of: 'fits' }, /at least one layer; got none/],
  ['invalid-data', () => untyped.plotAssignments([], { groups }), { of: 'fits' }, /layers by name/],
  ['invalid-data', () => untyped.plotAssignments({ a: { H } }, { groups }), { of: 'fits.a' }, /with d and H/],
  ['invalid-data', () => untyped.plotAssignments({ H, d: new Float64Array(3) }, { groups }), { of: 'fits' }, /2 numbers in d/],
  ['invalid-data', () => untyped.plotAssignments({ a: { H, d: new Float64Array(2) } }, { groups: ['a'] }), { of: 'groups' }, /3, one for each sample; got 1/],
  ['invalid-data', () => untyped.plotAssignments({ H: [[-1, 1, 1]], d: new Float64Array(1) }, { groups }), { of: 'fits' }, /negative/],
  ['invalid-data', () => untyped.plotRankSurvey({ ranks: [] }), { of: 'survey' }, /what rankSurvey has found, with a rank/],
  ['invalid-data', () => untyped.plotRankSurvey({ ranks: [{ k: 1, testLoss: 2 }], best: 1, simplest: 1 }), { of: 'survey' }, /what rankSurvey has found/],
  ['unknown-option', () => untyped.plotRankSurvey({ ranks: [rank], best: 1, simplest: 1 }, { log: true }), { option: 'log' }, /title/],
  ['invalid-data', () => untyped.plotSweep(null), { of: 'result' }, /what a sweep has found/],
  ['invalid-data', () => untyped.plotHeatmap([]), { of: 'matrix' }, /rows of numbers.*got no rows/],
  ['invalid-data', () => untyped.plotHeatmap(dense(0, 3)), { of: 'matrix' }, /at least 1 × 1; got 0 × 3/],
  ['invalid-data', () => untyped.plotHeatmap('x'), { of: 'matrix' }, /must be/],
  ['non-finite', () => untyped.plotHeatmap([[1, Infinity]]), { of: 'matrix', row: 0, col: 1 }, /finite/],
  ['invalid-data', () => untyped.plotHeatmap(H, { annotation: ['a'] }), { of: 'annotation' }, /3, one for each column; got 1/],
  ['invalid-data', () => untyped.plotHeatmap(H, { annotation: 7 }), { of: 'annotation' }, /an array with one for each column; got 7/],
  ['invalid-data', () => untyped.plotHeatmap(dense(1, 300), { annotation: Array.from({ length: 300 }, (_, i) => i) }), { of: 'annotation' }, /at most 255 groups; got 300/],
  ['invalid-data', () => untyped.plotHeatmap({ a: H, b: uniform(3, 2, 1) }), { of: 'matrix.b' }, /2 × 3, as the first; got 3 × 2/],
  ['invalid-option', () => untyped.plotHeatmap(H, { tree: true }), { option: 'tree' }, /false where nothing is clustered; got true/],
  ['invalid-option', () => untyped.plotHeatmap(H, { tree: 'rows', clusterRows: true }), { option: 'tree' }, /true or false; got 'rows'/],
  ['invalid-data', () => untyped.plotHeatmap({ a: H, b: {} }), { of: 'matrix.b' }, /a dense or CSC matrix/],
  ['invalid-data', () => untyped.plotHeatmap({}), { of: 'matrix' }, /a dense or CSC matrix/],
  ['invalid-data', () => untyped.plotHeatmap({ a: H, b: { ...H, colNames: 3 } }), { of: 'colNames of matrix.b' }, /3 texts/],
  ['invalid-data', () => untyped.plotHeatmap({ ...H, rowNames: ['a'] }), { of: 'rowNames of matrix' }, /2 texts/],
  ['invalid-option', () => untyped.plotHeatmap(H, { colours: 'jet' }), { option: 'colours' }, /'viridis' or 'inferno'; got 'jet'/],
  ['invalid-option', () => untyped.plotHeatmap(dense(5001, 1), { clusterRows: true }), { option: 'clusterRows' }, /false for more than 5000 lines; got true/],
  ['invalid-option', () => untyped.plotHeatmap(H, { clusterColumns: 'yes' }), { option: 'clusterColumns' }, /true or false/],
  ['invalid-data', () => untyped.plotConsensus([[1, 0]]), { of: 'matrix' }, /square; got 1 × 2/],
  ['invalid-data', () => untyped.plotConsensus([[1, 2], [2, 1]]), { of: 'matrix' }, /numbers from 0 to 1/],
  ['invalid-data', () => untyped.plotConsensus([[1, NaN], [NaN, 1]]), { of: 'matrix' }, /numbers from 0 to 1/],
  ['invalid-data', () => untyped.plotParts(H, { height: 2, width: 2 }), { of: 'W' }, /2 · 2 = 4 rows, one for each pixel; got 2/],
  ['invalid-option', () => untyped.plotParts(H, { width: 2 }), { option: 'height' }, /a whole number, at least 1; got undefined/],
  ['invalid-option', () => untyped.plotParts(H), { option: 'options' }, /an object of options/],
  ['invalid-option', () => untyped.plotParts(H, { height: 2, width: 1, order: 'lines' }), { option: 'order' }, /'rows' or 'columns'; got 'lines'/],
  ['invalid-option', () => untyped.plotParts(H, { height: 2, width: 1, columns: 0 }), { option: 'columns' }, /at least 1; got 0/],
  ['invalid-option', () => untyped.plotParts(H, { height: 2, width: 1, sort: 'd' }), { option: 'sort' }, /true or false/],
  ['invalid-option', () => untyped.plotParts(H, { height: 2, width: 1, colours: 'jet' }), { option: 'colours' }, /inferno/],
  ['non-finite', () => untyped.plotParts([[Infinity]], { height: 1, width: 1 }), { of: 'W' }, /finite/],
  ['invalid-data', () => untyped.plotLoadings({}), { of: 'fit' }, /a layer of a fit/],
  ['invalid-option', () => untyped.plotLoadings(layer, { factors: [0, 2] }), { option: 'factors.1' }, /from 0 to 1; got 2/],
  ['invalid-option', () => untyped.plotLoadings(layer, { factors: [] }), { option: 'factors' }, /at least one/],
  ['invalid-option', () => untyped.plotLoadings(layer, { n: 0 }), { option: 'n' }, /at least 1; got 0/],
  ['invalid-data', () => untyped.plotComposition(H, { groups: ['a', 'b'] }), { of: 'groups' }, /3, one for each sample; got 2/],
  ['invalid-data', () => untyped.plotComposition(H, {}), { of: 'groups' }, /one for each sample; got undefined/],
  ['invalid-option', () => untyped.plotComposition(H), { option: 'options' }, /an object of options; got undefined/],
  ['invalid-data', () => untyped.plotComposition(dense(1, 1, Float64Array.of(-1)), { groups: ['a'] }), { of: 'H' }, /negative/],
  ['invalid-option', () => untyped.plotComposition(H, { groups, d: [1] }), { option: 'd' }, /2 numbers at least 0/],
  ['invalid-data', () => untyped.plotFactorsByGroup(gap, { groups: [1, 2] }), { of: 'H' }, /without missing entries/],
  ['invalid-data', () => untyped.plotVariance({ variance: null }), { of: 'fit' }, /which has its variance; got a layer without variance/],
  ['invalid-data', () => untyped.plotVariance({ summary: { inputs: {} } }), { of: 'fit' }, /what factors explain/],
  ['invalid-data', () => untyped.plotVariance(5), { of: 'fit' }, /a fit of a graph.*got 5/],
  ['invalid-data', () => untyped.plotPlan(null), { of: 'net' }, /what factorNet returns; got null/],
  ['invalid-option', () => untyped.plotPlan({ plan: { slots: [] } }, { title: 1 }), { option: 'title' }, /a text/],
  ['invalid-data', () => untyped.plotGraph({}), { of: 'net' }, /what factorNet returns/],
  ['invalid-option', () => untyped.plotScatter(H, { y: 2 }), { option: 'y' }, /the number of a factor, a whole number from 0 to 1; got 2/],
  ['invalid-option', () => untyped.plotScatter(uniform(1, 3, 1)), { option: 'y' }, /0 alone; got 1/],
  ['invalid-option', () => untyped.plotScatter(H, { x: 'a', pca: true }), { option: 'x' }, /the number of a component/],
  ['invalid-option', () => untyped.plotScatter(H, { facets: 'rows' }), { option: 'facets' }, /'groups' or 'factors'; got 'rows'/],
  ['invalid-option', () => untyped.plotScatter(H, { facets: 'groups' }), { option: 'facets' }, /left out, or groups given/],
  ['invalid-option', () => untyped.plotScatter(H, { facets: 'factors', x: 1 }), { option: 'x' }, /left out beside facets/],
  ['invalid-data', () => untyped.plotScatter(uniform(9, 3, 1), { facets: 'factors' }), { of: 'H' }, /2 to 8 rows.*got 9/],
  ['invalid-data', () => untyped.plotAgreement({ a: H }), { of: 'matrices' }, /two by name/],
  ['invalid-data', () => untyped.plotAgreement(H), { of: 'matrices' }, /two by name/],
  ['invalid-data', () => untyped.plotAgreement(null), { of: 'matrices' }, /two by name.*got null/],
  ['invalid-data', () => untyped.plotAgreement({ a: H, b: uniform(2, 2, 1) }), { of: 'matrices.b' }, /2 × 3, as a; got 2 × 2/],
  ['invalid-data', () => untyped.plotAgreement({ a: gap, b: gap }), { of: 'matrices.a' }, /without missing entries/],
  ['invalid-option', () => untyped.plotAgreement({ a: H, b: H }, { columns: 1.5 }), { option: 'columns' }, /a whole number/],
  ['invalid-data', () => untyped.plotMatches(H, uniform(2, 4, 1)), { of: 'other' }, /of 3 columns, the samples of H; got 4/],
  ['invalid-data', () => untyped.plotMatches(H, gap), { of: 'other' }, /without missing entries/],
  ['invalid-option', () => untyped.plotMatches(H, H, { threshold: 2 }), { option: 'threshold' }, /from 0 to 1; got 2/],
  ['invalid-option', () => untyped.plotMatches(H, H, { by: 'r' }), { option: 'by' }, /'correlation' or 'cosine'/],
  ['invalid-option', () => untyped.plotMatches(H, H, { match: 'all' }), { option: 'match' }, /'best' or 'pairs'/],
  ['invalid-data', () => untyped.plotScatter(H, { groups: [] }), { of: 'groups' }, /3, one for each sample; got 0/],
]; // biome-ignore format: a table

describe('pictures refuse', () => {
  test.each(faults)('%s %#', (...fault) => {
    expectFault(fault);
  });

  test('and tell all that is wrong at once', () => {
    const build = () => untyped.plotScatter(H, { x: 9, y: -1, groups: [1], pca: 0 });
    expect(() => build()).toThrow(/^4 faults/);
    expect(() => only(build)).toThrow();
  });
});

test.each([
  [{ scale: 0 }, 'scale'],
  [{ scale: Number.NaN }, 'scale'],
  [{ scale: 11 }, 'scale'],
  [{ fonts: 'x.ttf' }, 'fonts'],
  [{ fonts: ['/no/such/font.ttf'] }, 'fonts.0'],
  [{ size: 2 }, 'size'],
])('toPng refuses %o', async (options, option) => {
  const picture = plotHeatmap(H);
  // Options as one without types might give them.
  const error = await picture.toPng(options as never).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(GraphError);
  expect(error).toMatchObject({ issues: [{ option }] });
});
