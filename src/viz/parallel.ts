import { failedIn } from '../sweep/choice.js';
import type { Params, ParamValue } from '../sweep/space.js';
import { type Spacing, spacingOf, spansPowers } from './axis.js';
import { checking } from './check.js';
import { RAMPS } from './colours.js';
import { type Picture, picture } from './picture.js';
import { checkSwept, type SweptPoints } from './swept.js';

export interface ParallelOptions {
  /** Default 'Parameters and held-out loss'. */
  readonly title?: string | undefined;
}

/** Room between two axes, and how tall they are. */
const APART = 130;
const TALL = 280;
/** So many values have a tick each. */
const MOST_TICKS = 9;
const UNFITTED = '#c8c8c8';

/**
 * Every point of a sweep as a line over its parameters to its mean held-out loss (parallel coordinates, Inselberg 1985), in the
 * colour of the loss. Numbers that span a factor of 50, zero aside, are on a logarithmic axis; what is no number stands in the order in which it
 * comes. Points that failed on a mask or were given up early are grey and end before the loss.
 *
 * @param result what a sweep has found.
 * @throws GraphError 'invalid-data' for what is no result of a sweep, 'invalid-option', 'unknown-option'.
 * @example
 * const found = await crossValidateGraph({ params: { k: [3, 5, 8], L1: [0, 0.01, 0.1] }, layerFn });
 * await writeFile('points.svg', await plotParallel(found).toSvg());
 */
export function plotParallel(result: SweptPoints, options: ParallelOptions = {}): Picture {
  const check = checking('plotParallel');
  const { title = 'Parameters and held-out loss' } = check.options(options, ['title']);
  checkSwept(check, result);
  const { points, eliminated = [], rows = [] } = result;
  const fitted = points.filter(({ failed }) => failed === 0);
  check.refuse('result', fitted.length > 0, 'of points of which one was fitted on every mask', 'none');
  check.done();
  const unfitted: readonly Params[] = [...points.filter(({ failed }) => failed > 0), ...eliminated, ...failedIn(rows)].map(({ params }) => params); // biome-ignore format: one thought
  const names = Object.keys(points[0].params);
  const all = [...fitted.map(({ params }) => params), ...unfitted];
  const losses = fitted.map(({ testLoss }) => testLoss);
  const axes = [
    ...names.map((name) => axisOf(name, all.map((params) => params[name]))), // biome-ignore format: one thought
    axisOf('held-out loss', losses, spansPowers),
  ];
  const bend = (a: number, value: ParamValue) => ({ x: a * APART, y: TALL * (1 - axes[a].place(value)) });
  const path = (params: Params) => names.map((name, a) => bend(a, params[name]));
  // The best are drawn last, over the others.
  const lines = [...fitted]
    .sort((a, b) => b.testLoss - a.testLoss)
    .flatMap(({ params, testLoss }, line) =>
      [...path(params), bend(names.length, testLoss)].map((at, i) => ({ ...at, i, line, loss: testLoss })),
    );
  const grey = unfitted.flatMap((params, line) => path(params).map((at, i) => ({ ...at, i, line })));
  const place = (field: string) => ({ field, type: 'quantitative', scale: null, axis: null });
  const [x, y] = [place('x'), place('y')];
  const ticks = axes.flatMap(({ ticks }, a) =>
    ticks.map(({ at, text }) => ({ x: a * APART, y: TALL * (1 - at), text })),
  );
  const mark = { type: 'line', orient: 'vertical' };
  const encoding = { x, y, detail: { field: 'line' }, order: { field: 'i' } };
  const undrawn = unfitted.length === 0 ? [] : [`grey: ${unfitted.length} failed on a mask, or given up early`];
  return picture(title, undrawn, {
    ...{ width: names.length * APART, height: TALL },
    layer: [
      {
        data: { values: grey },
        mark: { ...mark, color: UNFITTED, strokeWidth: 1, point: { color: UNFITTED, size: 14 } },
        encoding,
      },
      {
        data: { values: lines },
        mark: { ...mark, strokeWidth: 1.6, opacity: 0.85 },
        encoding: {
          ...encoding,
          color: { field: 'loss', type: 'quantitative', title: 'held-out loss', legend: { gradientOpacity: 1, format: '.3~g' }, scale: { ...(spansPowers(losses) ? { type: 'log' } : {}), range: RAMPS.viridis, interpolate: 'rgb', nice: false } }, // biome-ignore format: one thought
        },
      },
      {
        data: { values: axes.map((_, a) => ({ x: a * APART, y: 0 })) },
        mark: { type: 'rule', color: '#555555', strokeWidth: 1 },
        encoding: { x, y, y2: { value: TALL } },
      },
      {
        data: { values: ticks },
        mark: { type: 'text', align: 'right', baseline: 'middle', dx: -5, fontSize: 10, limit: APART - 20, stroke: 'white', strokeWidth: 3 }, // biome-ignore format: one thought
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
      {
        data: { values: ticks },
        mark: { type: 'text', align: 'right', baseline: 'middle', dx: -5, fontSize: 10, limit: APART - 20 },
        encoding: { x, y, text: { field: 'text', type: 'nominal' } },
      },
      {
        data: { values: axes.map(({ name }, a) => ({ x: a * APART, y: TALL + 14, name })) },
        mark: { type: 'text', align: 'center', baseline: 'top', fontSize: 11, fontWeight: 'bold', limit: APART - 8 },
        encoding: { x, y, text: { field: 'name', type: 'nominal' } },
      },
    ],
  });
}

interface Axis {
  readonly name: string;
  /** Where a value stands, from 0 at the lower end to 1. */
  place(value: ParamValue): number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

function axisOf(name: string, values: readonly ParamValue[], isWide?: (values: readonly number[]) => boolean): Axis {
  const own = [...new Set(values)];
  const isNumber = (value: ParamValue): value is number => typeof value === 'number';
  if (!own.every(isNumber)) {
    const place = (value: ParamValue) => (own.length === 1 ? 0.5 : own.indexOf(value) / (own.length - 1));
    return { name, place, ticks: own.map((value) => ({ at: place(value), text: String(value) })) };
  }
  const [low, high] = [Math.min(...own), Math.max(...own)];
  const { type, constant = 1 }: Spacing =
    isWide === undefined ? spacingOf(own) : { type: isWide(own) ? 'log' : 'linear' };
  const [scaled, back] = SPACINGS[type](constant);
  const [from, size] = [scaled(low), scaled(high) - scaled(low)];
  const place = (value: ParamValue) => (size === 0 ? 0.5 : (scaled(Number(value)) - from) / size);
  const even = Array.from({ length: 5 }, (_, i) => back(from + (size * i) / 4));
  const shown = own.length <= MOST_TICKS ? apart(own, place) : even;
  return { name, place, ticks: shown.map((x) => ({ at: place(x), text: String(Number(x.toPrecision(3))) })) };
}

type Mapping = (x: number) => number;

/** The way to the axis, and back. */
const SPACINGS: Readonly<Record<Spacing['type'], (constant: number) => readonly [Mapping, Mapping]>> = {
  linear: () => [(x) => x, (x) => x],
  log: () => [Math.log, Math.exp],
  symlog: (c) => [(x) => Math.log1p(x / c), (x) => c * Math.expm1(x)],
};

/** Those of the values, from the lowest up, that leave room for their texts. */
function apart(values: readonly number[], place: (value: number) => number): readonly number[] {
  let last = -Infinity;
  return [...values].sort((a, b) => a - b).filter((value) => {
    const isFree = (place(value) - last) * TALL >= 12;
    if (isFree) last = place(value);
    return isFree;
  }); // biome-ignore format: one thought
}
