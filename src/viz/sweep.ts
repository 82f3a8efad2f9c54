import { failedIn } from '../sweep/choice.js';
import type { Params } from '../sweep/space.js';
import { axisOf, lossAxis, spansPowers } from './axis.js';
import { checking } from './check.js';
import { groupColours } from './colours.js';
import { scaleOf } from './groups.js';
import { type Part, type Picture, picture } from './picture.js';
import { checkSwept, type SweptPoints } from './swept.js';

export interface SweepPlotOptions {
  /** The mean loss of what was fitted too, dashed; default false. */
  readonly train?: boolean | undefined;
  /** Default 'Held-out loss', with `train` 'Held-out and train loss'. */
  readonly title?: string | undefined;
}

/**
 * The curve of a sweep: mean held-out loss of each point, ± one standard error where there were several masks, and the points
 * chosen. The first parameter is the horizontal axis; with several there is a line for each value of the others.
 *
 * Points that failed on a mask have no place in the choice, and are drawn as crosses. Those that failed on every mask, or were
 * given up early, have no loss to draw: the picture counts them.
 *
 * @throws GraphError 'invalid-data' for what is no result of a sweep, 'invalid-option', 'unknown-option'.
 * @example
 * const found = await crossValidateRank(X, { k: [2, 4, 6, 8], seed: 1 });
 * await writeFile('ranks.svg', await plotSweep(found).toSvg());
 */
export function plotSweep(result: SweptPoints, options: SweepPlotOptions = {}): Picture {
  const check = checking('plotSweep');
  const own = check.options(options, ['train', 'title']);
  const { train = false, title = train ? 'Held-out and train loss' : 'Held-out loss' } = own;
  check.flag('train', train);
  checkSwept(check, result);
  const hasTrain = result.points.every(({ trainLoss }) => Number.isFinite(trainLoss));
  check.option('train', !train || hasTrain, 'false where points have no trainLoss', train);
  check.done();
  const { points, best, simplest, eliminated = [], rows = [] } = result;
  const [first, ...others] = Object.keys(points[0].params);
  const lineOf = (params: Params) => others.map((name) => `${name} = ${params[name]}`).join(', ');
  const isOf = (a: Params, b: Params) => Object.keys(a).every((name) => a[name] === b[name]);
  const numeric = points.every(({ params }) => typeof params[first] === 'number');
  const shown = points.flatMap(({ testLoss, trainLoss }) => [
    testLoss,
    ...(train && trainLoss !== undefined ? [trainLoss] : []),
  ]);
  const lows = points.map(({ testLoss, se }) => testLoss - (se ?? 0));
  const powers = spansPowers(shown);
  // A logarithm has no place for a bar that goes down to zero: it ends below the rest.
  const floor = powers ? Math.min(...shown, ...lows.filter((low) => low > 0)) / 1.5 : -Infinity;
  const values = points.map(({ params, testLoss, trainLoss, se, failed }, i) => ({
    x: numeric ? params[first] : String(params[first]),
    line: lineOf(params),
    loss: testLoss,
    low: Math.max(lows[i], floor),
    high: testLoss + (se ?? 0),
    ...(train && trainLoss !== undefined ? { train: trainLoss } : {}),
    masks: failed > 0 ? 'failed on a mask' : 'fitted on every mask',
  }));
  values.sort((a, b) => Number(a.x) - Number(b.x));
  const lines = [...new Set(points.map(({ params }) => lineOf(params)))].sort(byNumbers);
  const widths = widthsOf(lines, values);
  const drawn = values.map((value) => ({ ...value, width: widths.get(value.line) ?? LINE }));
  const chosen = points.flatMap(({ params, testLoss }) => [
    ...(isOf(params, best) ? [{ x: params[first], loss: testLoss, chosen: 'best', size: 260 }] : []),
    ...(isOf(params, simplest) ? [{ x: params[first], loss: testLoss, chosen: 'simplest', size: 140 }] : []),
  ]);
  const x = numeric
    ? { field: 'x', type: 'quantitative', title: first, ...axisOf(values.map(({ x }) => Number(x))) }
    : { field: 'x', type: 'ordinal', title: first, sort: null, axis: { labelAngle: 0 } };
  const y = {
    type: 'quantitative',
    title: train ? 'mean loss per entry' : 'mean loss per held-out entry',
    scale: powers ? { type: 'log', nice: false, padding: 8 } : { zero: false },
    axis: lossAxis(values.map(({ loss }) => loss)),
  };
  const color = {
    field: 'line',
    type: 'nominal',
    title: others.join(', '),
    scale: scaleOf({ names: lines, colours: groupColours(lines.length) }),
    ...(lines.length === 1 ? { legend: null } : {}),
  };
  const wide = [...widths.values()].some((width) => width > LINE);
  const width = { strokeWidth: { field: 'width', type: 'quantitative', scale: null, legend: null } };
  const undrawn = [
    [eliminated.length, 'given up early'] as const,
    [failedIn(rows).length, 'failed on every mask'] as const,
  ].flatMap(([count, why]) => (count === 0 ? [] : [`not drawn: ${count} ${why}`]));
  const chosenText = `best: ${pointText(best)}; simplest within one standard error: ${pointText(simplest)}`;
  return picture(title, [chosenText, ...undrawn], {
    ...{ width: 480, height: 300 },
    data: { values: drawn },
    encoding: { x },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 1.5 },
        encoding: { y: { ...y, field: 'low' }, y2: { field: 'high' }, color },
      },
      {
        transform: [{ filter: { field: 'masks', equal: 'fitted on every mask' } }],
        mark: { type: 'line' },
        encoding: { y: { ...y, field: 'loss' }, color, ...(wide ? width : {}), ...(train ? dashOf('held out') : {}) },
      },
      ...(train ? [trainLine({ ...y, field: 'train' }, color)] : []),
      {
        mark: { type: 'point', filled: true, size: 40, opacity: 1, tooltip: true },
        encoding: {
          y: { ...y, field: 'loss' },
          color,
          shape: {
            field: 'masks',
            type: 'nominal',
            scale: { domain: ['fitted on every mask', 'failed on a mask'], range: ['circle', 'cross'] },
            legend: null,
          },
        },
      },
      {
        data: { values: chosen.map((one) => ({ ...one, x: numeric ? one.x : String(one.x) })) },
        mark: { type: 'point', filled: false, strokeWidth: 1.5, opacity: 1, color: '#333333' },
        encoding: {
          y: { ...y, field: 'loss' },
          shape: {
            field: 'chosen',
            type: 'nominal',
            title: 'chosen',
            scale: { domain: ['best', 'simplest'], range: ['diamond', 'circle'] },
          },
          size: { field: 'size', type: 'quantitative', scale: null, legend: null },
        },
      },
    ],
    resolve: { scale: { shape: 'independent' } },
  });
}

const LINE = 2;

/** Lines that lie on one another are drawn from wide to narrow, so that each is seen. */
function widthsOf(
  lines: readonly string[],
  values: readonly { readonly x: unknown; readonly line: string; readonly loss: number }[],
): ReadonlyMap<string, number> {
  const losses = values.map(({ loss }) => loss);
  const near = (Math.max(...losses) - Math.min(...losses)) / 200;
  const byLine = new Map(lines.map((line) => [line, new Map<unknown, number>()]));
  for (const { x, line, loss } of values) byLine.get(line)?.set(x, loss);
  const curves = [...byLine];
  const cover = (a: ReadonlyMap<unknown, number>, b: ReadonlyMap<unknown, number>) =>
    a.size > 1 && [...a].filter(([x, loss]) => Math.abs(loss - (b.get(x) ?? Infinity)) <= near).length > 1;
  return new Map(
    curves.map(([line, curve], i) => [
      line,
      LINE + 3 * curves.slice(i + 1).filter(([, later]) => cover(curve, later)).length,
    ]),
  );
}

const LOSSES = ['held out', 'fitted'] as const;

/** How a line of one of the losses is drawn. */
const dashOf = (loss: (typeof LOSSES)[number]): Part => ({
  strokeDash: {
    datum: loss,
    type: 'nominal',
    title: 'loss',
    scale: { domain: LOSSES, range: [[1, 0], [5, 4]] }, // biome-ignore format: one scale
  },
});

const trainLine = (y: Part, color: Part): Part => ({
  transform: [{ filter: { field: 'masks', equal: 'fitted on every mask' } }],
  mark: { type: 'line', strokeWidth: 1.5, tooltip: true },
  encoding: { y, color, ...dashOf('fitted') },
});

const pointText = (params: Params): string =>
  Object.entries(params)
    .map(([name, value]) => `${name} = ${value}`)
    .join(', ');

const collator = new Intl.Collator('en', { numeric: true });
const byNumbers = (a: string, b: string): number => collator.compare(a, b);
