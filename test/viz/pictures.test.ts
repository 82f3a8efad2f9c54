import { beforeAll, describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  crossValidateRank,
  type DenseMatrix,
  type FittedRow,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  nmf,
  nmfLayer,
  pca,
  plotAssignments,
  plotComposition,
  plotFactorsByGroup,
  plotGraph,
  plotLoadings,
  plotLoss,
  plotPlan,
  plotScatter,
  plotSweep,
  plotVariance,
  svdLayer,
} from '../../src/index.js';
import { dense, row } from '../../src/matrix.js';
import type { Params } from '../../src/sweep/space.js';
import { lowRank, scaled, uniform } from '../support/matrices.js';
import { data, drawn, texts } from './support.js';

const names = (letter: string, n: number) => Array.from({ length: n }, (_, i) => `${letter}${i}`);
const rna = factorInput(lowRank(30, 24, 3, 1), { name: 'rna', featureNames: names('gène ', 30) });
const atac = factorInput(lowRank(20, 24, 3, 7), { name: 'atac <b>', featureNames: names('peak ', 20) });
const net = factorNet(nmfLayer(factorShared(rna, atac), { name: 'joint', k: 4 }), { seed: 1 });
const groups = Array.from({ length: 24 }, (_, j) => ['liver', 'brain', 'Čeština'][j % 3]);
let fit: Awaited<ReturnType<typeof net.fit>>;
beforeAll(async () => {
  fit = await net.fit();
});

const lines = (svg: string) => svg.match(/aria-roledescription="line mark"/g)?.length ?? 0;

describe('plotLoss', () => {
  test('a line for each layer, through every iterate', async () => {
    const other = await nmf(lowRank(30, 24, 3, 1), { k: 2, seed: 1 });
    const picture = plotLoss({ joint: fit.joint, 'é <b>': other });
    const svg = await drawn(picture);
    expect(lines(svg)).toBe(2);
    expect(texts(svg)).toEqual(expect.arrayContaining(['joint', 'é &lt;b&gt;']));
    const [values] = data(picture.spec);
    expect(values.filter(({ layer }) => layer === 'joint').map(({ loss }) => loss)).toEqual(
      fit.joint.history.map(({ loss }) => loss),
    );
    expect(JSON.stringify(picture.spec)).toContain('"log"');
  });

  test('one layer by itself; the axis is linear where it is asked for, or where a loss is 0', async () => {
    expect(lines(await drawn(plotLoss(fit.joint)))).toBe(1);
    expect(JSON.stringify(plotLoss(fit.joint, { log: false }).spec)).not.toContain('"log"');
    const exact = { history: [{ iteration: 1, loss: 1 }, { iteration: 2, loss: 0 }] }; // biome-ignore format: one history
    const picture = plotLoss(exact);
    expect(JSON.stringify(picture.spec)).not.toContain('"log"');
    await drawn(picture);
  });

  test('what was held out is dashed', async () => {
    const heldOut = [{ iteration: 1, loss: 3 }, { iteration: 5, loss: 2 }]; // biome-ignore format: one list
    for (const picture of [plotLoss(fit.joint, { heldOut }), plotLoss({ é: fit.joint }, { heldOut: { é: heldOut } })]) {
      const svg = await drawn(picture);
      expect(lines(svg)).toBe(2);
      expect(svg).toContain('stroke-dasharray="5,4"');
      expect(texts(svg)).toEqual(expect.arrayContaining(['fitted', 'held out']));
    }
  });

  test('facets: a panel for each layer, with iterations of its own', async () => {
    const [long, short] = [[9, 4, 2, 1], [8, 7]].map((list) => ({ history: list.map((loss, i) => ({ iteration: i + 1, loss })) })); // biome-ignore format: two fits
    const picture = plotLoss({ long, 'é <b>': short }, { facets: true, heldOut: { long: [{ iteration: 2, loss: 5 }, { iteration: 4, loss: 6 }] } }); // biome-ignore format: one picture
    const svg = await drawn(picture);
    expect(lines(svg)).toBe(3);
    expect(texts(svg)).toEqual(expect.arrayContaining(['long', 'é &lt;b&gt;', 'fitted', 'held out']));
    expect(data(picture.spec).map((panel) => panel.map(({ of, iteration }) => `${of} ${iteration}`))).toEqual([
      ['fitted 1', 'fitted 2', 'fitted 3', 'fitted 4', 'held out 2', 'held out 4'],
      ['fitted 1', 'fitted 2'],
    ]);
    const residuals = await drawn(plotLoss(fit.joint, { facets: true, log: false, value: '‖X − WH‖' }));
    expect(lines(residuals)).toBe(1);
    expect(texts(residuals)).toContain('‖X − WH‖');
  });
  test('rows of a sweep that was stopped early: what each look has found, fitted and held out', async () => {
    const X = lowRank(30, 24, 3, 1);
    const { rows } = await crossValidateRank(X, {
      k: [1, 3],
      reps: 1,
      seed: 1,
      earlyStopping: { every: 2, patience: 2 },
    });
    const [one, three] = rows;
    if (one.error !== null || three.error !== null) throw new Error('rows that were fitted');
    const picture = plotLoss({ 'k = 1': one, 'k = 3': three }, { facets: true });
    const values = data(picture.spec).flat();
    for (const [layer, { looks }] of [
      ['k = 1', one],
      ['k = 3', three],
    ] as const) {
      // biome-ignore format: one thought
      expect(looks.length).toBeGreaterThan(1);
      for (const { iteration, trainLoss, testLoss } of looks) {
        expect(values).toContainEqual({ of: 'fitted', iteration, loss: trainLoss });
        expect(values).toContainEqual({ of: 'held out', iteration, loss: testLoss });
      }
      expect(texts(await drawn(picture))).toContain(layer);
    }
    expect(values.length).toBe(2 * (one.looks.length + three.looks.length));
    expect(lines(await drawn(plotLoss(three)))).toBe(2);
    const whole = await crossValidateRank(X, { k: [1], reps: 1, seed: 1 });
    expect(() => plotLoss(whole.rows[0] as FittedRow)).toThrow(
      'a row of a sweep with earlyStopping, with looks; got none',
    ); // fitted, or the next line fails
    expect(whole.rows[0].error).toBeNull();
  });

  test('a layer that is called history is one of several', async () => {
    expect(texts(await drawn(plotLoss({ history: fit.joint, other: fit.joint })))).toContain('history');
  });
});

describe('plotSweep', () => {
  test('of ranks: means with their errors, and what was chosen', async () => {
    const X = scaled(uniform(20, 16, 3), 1);
    const found = await crossValidateRank(X, { k: [3, 1, 2], seed: 1 });
    const picture = plotSweep(found);
    const svg = await drawn(picture);
    const [curve, chosen] = data(picture.spec);
    expect(curve.map(({ x }) => x)).toEqual([1, 2, 3]);
    for (const { params, testLoss, se } of found.points) {
      const at = curve.find(({ x }) => x === params.k);
      expect(at).toMatchObject({ loss: testLoss, low: testLoss - (se ?? NaN), high: testLoss + (se ?? NaN) });
    }
    expect(chosen.map(({ x, chosen }) => [chosen, x])).toEqual(
      expect.arrayContaining([['best', found.best.k], ['simplest', found.simplest.k]]), // biome-ignore format: pairs
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(['k', 'best', 'simplest']));
    expect(lines(svg)).toBe(1);
  });

  test('of two parameters: a line for each value of the second; words are places', async () => {
    const X = lowRank(12, 10, 2, 1);
    const layerFn = ({ k, L1 }: { readonly k: number; readonly L1: number }) =>
      nmfLayer(factorInput(X, { name: 'x' }), { name: 'n', k, L1 });
    const found = await crossValidateGraph({ params: { k: [1, 2], L1: [0, 0.1, 10] }, layerFn, reps: 1 });
    const svg = await drawn(plotSweep(found));
    expect(lines(svg)).toBe(3);
    expect(texts(svg)).toEqual(expect.arrayContaining(['L1 = 0', 'L1 = 0.1', 'L1 = 10']));
    const both = await drawn(plotSweep(found, { train: true }));
    expect(lines(both)).toBe(6);
    expect(texts(both)).toEqual(expect.arrayContaining(['held out', 'fitted', 'mean loss per entry']));
    const [curve] = data(plotSweep(found, { train: true }).spec);
    expect(curve.map(({ train }) => train).sort()).toEqual(found.points.map(({ trainLoss }) => trainLoss).sort());
    const point = { testLoss: 1, se: null, failed: 0 };
    const words = { points: ['α', 'β'].map((method) => ({ ...point, params: { method } })), best: { method: 'α' }, simplest: { method: 'β' } }; // biome-ignore format: one result
    expect(texts(await drawn(plotSweep(words)))).toEqual(expect.arrayContaining(['α', 'β']));
  });

  test('points without a loss are counted', async () => {
    const X = lowRank(12, 10, 2, 1);
    const layerFn = ({ k }: { readonly k: number }) => nmfLayer(factorInput(X, { name: 'x' }), { name: 'n', k });
    const found = await crossValidateGraph({ params: { k: [1, 2, 0] }, layerFn, reps: 2 });
    expect(texts(await drawn(plotSweep(found)))).toContain('not drawn: 1 failed on every mask');
    const halved = await crossValidateGraph({
      params: { k: [1, 2, 3, 4] },
      layerFn,
      reps: 2,
      strategy: 'halving',
      eta: 2,
      minIter: 2,
    });
    expect(halved.eliminated.length).toBeGreaterThan(0);
    expect(texts(await drawn(plotSweep(halved)))).toContain(`not drawn: ${halved.eliminated.length} given up early`);
  });

  const swept = (points: readonly { readonly params: Params; readonly testLoss: number; readonly se: number }[]) => ({
    points: points.map((point) => ({ ...point, failed: 0 })),
    ...{ best: points[0].params, simplest: points[0].params },
  });

  test('losses over powers of ten have a logarithmic axis, on which a bar to zero ends; whole numbers are written as such', async () => {
    const result = swept([2, 6, 10].map((k) => ({ params: { k }, testLoss: 10 / k ** 3, se: k === 10 ? 1 : 0.001 })));
    const picture = plotSweep(result);
    expect(JSON.stringify(picture.spec)).toContain('"type":"log"');
    const [curve] = data(picture.spec);
    expect(curve.map(({ low }) => Number(low) > 0)).toEqual([true, true, true]);
    expect(curve[2]).toMatchObject({ loss: 0.01, low: 0.01 / 1.5, high: 1.01 });
    const shown = texts(await drawn(picture));
    expect(shown).toEqual(expect.arrayContaining(['2', '6', '10']));
    expect(shown).not.toContain('1e+1');
  });

  test('of weights from 0 over powers of ten: a logarithmic axis with a place for 0', async () => {
    const result = swept([0, 0.001, 0.01, 0.1].map((L1) => ({ params: { L1 }, testLoss: 1 + L1, se: 0 })));
    const svg = await drawn(plotSweep(result));
    expect(texts(svg)).toEqual(expect.arrayContaining(['0', '0.001', '0.01', '0.1']));
    const path = /aria-roledescription="line mark"[^>]* d="([^"]*)"/.exec(svg)?.[1] ?? '';
    const xs = [...path.matchAll(/[ML](-?[\d.]+)/g)].map(([, x]) => Number(x));
    expect(xs).toHaveLength(4);
    expect(xs[1] - xs[0]).toBeGreaterThan(30);
    expect(xs[2] - xs[1]).toBeGreaterThan(1.5 * (xs[1] - xs[0]));
    expect(xs[3] - xs[2]).toBeLessThan(2 * (xs[2] - xs[1]));
  });

  test('lines that lie on one another are drawn from wide to narrow, others alike', () => {
    const points = ['a', 'b', 'c'].flatMap((start) =>
      [1, 2, 3].map((k) => ({ params: { k, start }, testLoss: start === 'b' ? 2 * k : k, se: 0 })),
    );
    const [curve] = data(plotSweep(swept(points)).spec);
    const widths = Object.fromEntries(curve.map(({ line, width }) => [line, width]));
    expect(widths).toEqual({ 'start = a': 5, 'start = b': 2, 'start = c': 2 });
  });

  test('a point that failed on a mask is a cross, and on no line', async () => {
    const point = (k: number, failed: number) => ({ params: { k }, testLoss: k, se: 0.1, failed });
    const result = { points: [point(1, 0), point(2, 0), point(3, 1)], best: { k: 1 }, simplest: { k: 1 } };
    const svg = await drawn(plotSweep(result));
    expect(svg).toContain('masks: failed on a mask');
    const path = /aria-roledescription="line mark"[^>]* d="([^"]*)"/.exec(svg)?.[1] ?? '';
    expect(path.match(/[ML]/g)).toHaveLength(2);
  });
});

describe('plotLoadings', () => {
  test('the features that top finds, a panel for each factor and modality', async () => {
    const picture = plotLoadings(fit.joint, { factors: [2, 0], n: 4 });
    const svg = await drawn(picture);
    const top = (factor: number) => fit.joint.top(factor, 4);
    const wanted = [top(2).rna, top(2)['atac <b>'], top(0).rna, top(0)['atac <b>']];
    expect(data(picture.spec).map((bars) => bars.map(({ feature, weight }) => ({ feature, weight })))).toEqual(
      wanted.map((list) => list.map(({ feature, weight }) => ({ feature, weight }))),
    );
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['factor 2, rna', 'factor 0, atac &lt;b&gt;', wanted[0][0].feature]),
    );
  });

  test('signs are told apart, and a factor of zeros says that it is one', async () => {
    const signed = await pca(uniform(6, 9, 1), { k: 2 });
    const svg = await drawn(plotLoadings(signed));
    expect(svg).toContain('sign: −');
    const none = { d: new Float64Array(1), top: () => [] };
    expect(texts(await drawn(plotLoadings(none)))).toContain('factor 0: all weights are 0');
  });
});

describe('plotComposition and plotFactorsByGroup', () => {
  test('shares of a group add up to 1, and are means of the shares of its samples', async () => {
    const { H, d } = fit.joint;
    const picture = plotComposition(H, { groups, d });
    const svg = await drawn(picture);
    const [values] = data(picture.spec);
    const of = (group: string) => values.filter((bar) => bar.group === group).map(({ share }) => Number(share));
    for (const group of new Set(groups)) expect(of(group).reduce((a, b) => a + b)).toBeCloseTo(1, 12);
    const share = (j: number) => (d[1] * row(H, 1)[j]) / d.reduce((sum, x, r) => sum + x * row(H, r)[j], 0);
    const own = groups.flatMap((group, j) => (group === 'brain' ? [share(j)] : []));
    expect(of('brain')[1]).toBeCloseTo(own.reduce((a, b) => a + b) / own.length, 12);
    expect(texts(svg)).toEqual(expect.arrayContaining(['liver', 'brain', 'Čeština']));
  });

  test('samples without a factor are left out, and the picture says so', async () => {
    const picture = plotComposition(dense(2, 3, Float64Array.of(1, 3, 0, 0, 1, 0)), { groups: ['a', 'a', null] });
    expect(texts(await drawn(picture))).toContain('1 of 3 samples without any factor are left out');
    expect(data(picture.spec)[0]).toEqual([
      { group: 'a', factor: '0', order: 0, share: 0.25 },
      { group: 'a', factor: '1', order: 1, share: 0.75 },
      { group: '(unknown)', factor: '0', order: 0, share: 1 },
      { group: '(unknown)', factor: '1', order: 1, share: 0 },
    ]);
  });

  test('tiles: means over the largest of the factor in size', async () => {
    const picture = plotFactorsByGroup(dense(2, 4, Float64Array.of(1, -2, 3, -4, 8, 0, 8, 0)), {
      groups: [2, 2, 10, 10],
    });
    await drawn(picture);
    expect(data(picture.spec)[0]).toEqual([
      { group: '2', factor: '0', mean: 0.25 },
      { group: '10', factor: '0', mean: 1 },
      { group: '2', factor: '1', mean: -1 },
      { group: '10', factor: '1', mean: 0 },
    ]);
    await drawn(plotFactorsByGroup(dense(1, 2), { groups: [true, false] }));
  });
});

describe('plotAssignments', () => {
  test('how many samples have most of each factor, by group, a panel for each layer', async () => {
    const d = Float64Array.of(1, 10);
    const H = dense(2, 4, Float64Array.of(1, 0.2, 5, 0.1, 0, 0, 1, 1));
    const fine = { H: dense(3, 4, Float64Array.of(1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0)), d: Float64Array.of(1, 1, 1) };
    const picture = plotAssignments({ 'é <b>': { H, d }, fine }, { groups: ['x', 'x', 'x', 'y'] });
    const svg = await drawn(picture);
    expect(texts(svg)).toEqual(
      expect.arrayContaining(['é &lt;b&gt;', 'fine', 'x', 'y', '1 of 4 samples without any factor of é &lt;b&gt; are left out']), // biome-ignore format: words
    );
    const counts = data(picture.spec).map((bars) => bars.map(({ factor, group, samples }) => `${factor}${group}${samples}`)); // biome-ignore format: one thought
    expect(counts).toEqual([
      ['0x1', '0y0', '1x1', '1y1'],
      ['0x1', '0y0', '1x2', '1y1', '2x0', '2y0'],
    ]);
    const [one] = data(plotAssignments(fit.joint, { groups }).spec);
    expect(one.reduce((sum, { samples }) => sum + Number(samples), 0)).toBe(24);
  });
});

describe('plotVariance', () => {
  test('of a PCA: what each pair explains, and all so far', async () => {
    const fitted = await pca(uniform(8, 12, 1), { k: 3 });
    const picture = plotVariance(fitted);
    await drawn(picture);
    const [values] = data(picture.spec);
    expect(values.map(({ share }) => share)).toEqual(Array.from(fitted.variance?.each ?? []));
    expect(values.map(({ together }) => together)).toEqual(Array.from(fitted.variance?.cumulative ?? []));
  });

  test('of a plain NMF: what its summary says', async () => {
    const fitted = await nmf(lowRank(8, 9, 2, 1), { k: 2, seed: 1 });
    const picture = plotVariance(fitted);
    await drawn(picture);
    expect(data(picture.spec)[0]).toHaveLength(2);
  });

  test('of a graph: bars for each input, a panel for each output layer', async () => {
    const picture = plotVariance(fit);
    expect(texts(await drawn(picture))).toEqual(expect.arrayContaining(['joint', 'rna', 'atac &lt;b&gt;']));
    const [values] = data(picture.spec);
    const { factors } = fit.summary.inputs['atac <b>'];
    expect(values.filter(({ input }) => input === 'atac <b>').map(({ explained }) => explained)).toEqual(
      Array.from(factors.joint),
    );
  });
});

describe('plotGraph', () => {
  test('all that explain() lists: data, layers, stacks and sums, with their shapes', async () => {
    const sum = factorAdd(svdLayer(rna, { name: 's1', k: 2 }), svdLayer(atac, { name: 's2', k: 2 }));
    const both = factorConcat(nmfLayer(factorShared(rna, atac), { name: 'joint', k: 4 }), sum);
    const top = nmfLayer(factorCondition(both, lowRank(2, 24, 1, 3)), {
      name: 'a very long name of a layer',
      k: 3,
      W: undefined,
    });
    const own = factorNet(top, { seed: 1 });
    const svg = await drawn(plotGraph(own));
    const shown = texts(svg);
    expect(shown).toEqual(
      expect.arrayContaining(['rna', '30×24', 'atac &lt;b&gt;', 'stack', '50×24', 'joint', 'nmf k=4', 'H 4×24', 'sum', 's1', 'svd k=2', 'a very long name …']), // biome-ignore format: words
    );
    const count = (what: RegExp) => own.toMermaid().match(what)?.length ?? 0;
    // The same vertices and edges as in the flowchart.
    expect(svg.match(/aria-roledescription="point"/g)).toHaveLength(count(/^ {2}s\d+[[(]/gm));
    expect(lines(svg)).toBe(count(/-->/g));
  });
});

describe('plotPlan', () => {
  const top = nmfLayer(factorConcat(nmfLayer(factorShared(rna, atac), { name: 'joint', k: 4 }), svdLayer(rna, { name: 's', k: 2 })), { name: 'top', k: 30 }); // biome-ignore format: one graph
  const own = factorNet(top, { seed: 1 });

  test('every step that explain() prints, in its section', async () => {
    const picture = plotPlan(own, { title: 'Plän' });
    const shown = texts(await drawn(picture));
    const escaped = (text: string) => text.replaceAll('<', '&lt;').replaceAll('>', '&gt;');
    const [headline, ...lines] = escaped(own.explain()).split('\n');
    expect(shown).toEqual(expect.arrayContaining(['Plän', headline]));
    const parts = lines.flatMap((line) => line.trim().split(/ = | {3}/));
    expect(parts.length).toBeGreaterThan(20);
    for (const part of parts) expect(shown.some((text) => text === part || (text.endsWith('…') && part.startsWith(text.slice(0, -1))))).toBe(true); // biome-ignore format: one thought
  });

  test('arcs go from what writes a matrix to what reads it', async () => {
    const [bends, dots] = data(plotPlan(own).spec);
    const places = new Map(dots.map(({ y }, place) => [y, place]));
    const arcs = [...new Set(bends.map(({ arc }) => arc))].map((arc) => {
      const own = bends.filter((bend) => bend.arc === arc);
      return [places.get(own[0].y), places.get(own[own.length - 1].y)];
    });
    const steps = [...own.plan.prepare, ...own.plan.fit, ...own.plan.finish];
    const writer = (slot: unknown) => steps.findIndex(({ op, ...step }) => JSON.stringify(op === 'splitRows' ? [] : 'write' in step ? step.write : []).includes(`"${slot}"`)); // biome-ignore format: one thought
    // A step for each line but for the note at the end.
    expect(dots).toHaveLength(steps.length + own.plan.notes.length);
    const stack = steps.findIndex((step) => step.op === 'stackRows');
    expect(arcs).toContainEqual([0, stack]);
    const embed = steps.findIndex((step) => step.op === 'embed');
    const [first] = steps.flatMap((step) => (step.op === 'embed' ? [step.d] : []));
    expect(arcs).toContainEqual([writer(first), embed]);
    for (const [from, to] of arcs) expect(Number(from)).toBeLessThan(Number(to));
  });
});

test('factors are called by the names of their rows, where no two are alike', async () => {
  const called = (rowNames: readonly string[]) => ({ ...fit.joint.H, rowNames });
  for (const plot of [plotComposition, plotFactorsByGroup]) {
    const names = ['A', 'B', 'C', 'Đ <b>'];
    expect(texts(await drawn(plot(called(names), { groups })))).toEqual(
      expect.arrayContaining(['A', 'B', 'C', 'Đ &lt;b&gt;']),
    );
    expect(texts(await drawn(plot(called(['A', 'A', 'B', 'C']), { groups })))).toEqual(
      expect.arrayContaining(['0', '1', '2', '3']),
    );
  }
});

describe('plotScatter', () => {
  test('d is what rows are multiplied by: a weak factor is no longer as long as a strong one', async () => {
    const H = dense(2, 3, Float64Array.of(1, 2, 3, -1, 0, 5));
    const points = (options: object) => data(plotScatter(H, options).spec)[0].map(({ x, y }) => [x, y]);
    expect(points({})).toEqual([[1, 2], [3, -1], [0, 5]]); // biome-ignore format: points
    expect(points({ d: Float64Array.of(10, 0.5) })).toEqual([[10, 1], [30, -0.5], [0, 2.5]]); // biome-ignore format: points
    const share = (options: object) => JSON.stringify(plotScatter(H, { pca: true, ...options }).spec).match(/component 0 \((\d+)%\)/)?.[1]; // biome-ignore format: one thought
    expect(Number(share({ d: Float64Array.of(10, 0.5) }))).toBeGreaterThan(90);
    expect(share({ d: Float64Array.of(1, 1) })).toBe(share({}));
    // Multiplied by nothing, the second row differs no more.
    expect(share({ d: Float64Array.of(1, 0) })).toBe('100');
    expect(() => plotScatter(H, { d: Float64Array.of(1) })).toThrow('2 finite numbers at least 0, as d of a fit');
  });

  test('two factors, in the colours of their groups', async () => {
    const H: DenseMatrix = { ...fit.joint.H, colNames: names('é', 24) };
    const picture = plotScatter(H, { groups, x: 3, y: 1 });
    const svg = await drawn(picture);
    const [values] = data(picture.spec);
    expect(values.map(({ x }) => x)).toEqual(Array.from(row(H, 3)));
    expect(values.map(({ y }) => y)).toEqual(Array.from(row(H, 1)));
    expect(values.map(({ group }) => group)).toEqual(groups);
    expect(texts(svg)).toEqual(expect.arrayContaining(['factor 3', 'factor 1', 'Čeština']));
    expect(svg).toContain('é23');
  });

  test('principal components: uncorrelated, the first spreads most, and all distances are kept', async () => {
    const H = uniform(3, 40, 5);
    const list = (x: number, y: number) => data(plotScatter(H, { pca: true, x, y }).spec)[0];
    const [a, b, c] = [
      list(0, 1).map(({ x }) => Number(x)),
      list(0, 1).map(({ y }) => Number(y)),
      list(2, 2).map(({ x }) => Number(x)),
    ];
    const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, j) => sum + value * q[j], 0);
    expect(Math.abs(dot(a, b)) + Math.abs(dot(a, c)) + Math.abs(dot(b, c))).toBeLessThan(1e-10);
    expect(dot(a, a)).toBeGreaterThan(dot(b, b));
    expect(dot(b, b)).toBeGreaterThan(dot(c, c));
    const apart = Math.hypot(...[0, 1, 2].map((r) => row(H, r)[4] - row(H, r)[9]));
    expect(Math.hypot(a[4] - a[9], b[4] - b[9], c[4] - c[9])).toBeCloseTo(apart, 10);
    const svg = await drawn(plotScatter(H, { pca: true }));
    expect(texts(svg).some((text) => /^component 0 \(\d+%\)$/.test(text))).toBe(true);
  });

  test('a panel for each group, the others in grey; a panel for each pair of factors', async () => {
    const H = uniform(3, 24, 5);
    const byGroup = await drawn(plotScatter(H, { groups, facets: 'groups', x: 2 }));
    expect(texts(byGroup)).toEqual(expect.arrayContaining(['liver', 'brain', 'Čeština', 'factor 2']));
    const count = (fill: string) => byGroup.match(new RegExp(`fill="${fill}"`, 'g'))?.length ?? 0;
    expect(['#66c2a5', '#fc8d62', '#8da0cb', '#e8e8e8'].map(count)).toEqual([8, 8, 8, 48]);
    const pairs = plotScatter(H, { facets: 'factors' });
    await drawn(pairs);
    const values = data(pairs.spec).map(([first]) => [first.x, first.y]);
    expect(values).toEqual([[0, 1], [0, 2], [1, 2]].map(([a, b]) => [row(H, a)[0], row(H, b)[0]])); // biome-ignore format: pairs
    expect(texts(await drawn(plotScatter(H, { facets: 'factors', pca: true, groups })))).toContain('brain');
    await drawn(plotScatter(H, { facets: 'groups', groups: groups.map(() => null) }));
    // Names that can't stand in an expression, one of which things without a name are called.
    const odd = ['__proto__', 'a\u2028b', '\\', '(unknown)', null];
    const shown = texts(await drawn(plotScatter(H, { facets: 'groups', groups: groups.map((_, j) => odd[j % odd.length]) }))); // biome-ignore format: one picture
    for (const name of ['a\u2028b', '\\', '(unknown)']) expect(shown.filter((text) => text === name)).toHaveLength(1);
  });

  test('titles are cut, not the room for the panels', async () => {
    const H = uniform(3, 24, 5);
    const long = 'x'.repeat(5000);
    const named = { facets: 'groups', groups: groups.map((_, j) => `${long} ${j % 2}`), title: long } as const;
    const [, width] = /width="(\d+)/.exec(await drawn(plotScatter(H, named))) ?? [];
    expect(Number(width)).toBeLessThan(2000);
  });

  test('samples that are all alike', async () => {
    await drawn(plotScatter(dense(2, 3, new Float64Array(6).fill(2)), { pca: true }));
  });
});
