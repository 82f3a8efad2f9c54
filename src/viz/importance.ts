import { checking } from './check.js';
import { SET2, UNKNOWN } from './colours.js';
import { groupsIn, mainEffects } from './main-effects.js';
import { type Picture, picture } from './picture.js';
import { checkSwept, type SweptPoints } from './swept.js';

export interface ImportanceOptions {
  /** Default 'Importance of parameters'. */
  readonly title?: string | undefined;
}

const REST = { grid: 'interactions', others: 'interactions and chance' } as const;

/**
 * What share of the variance of the mean held-out loss over the points of a sweep each parameter explains by itself, as bars, and
 * what is left to interactions:
 *
 *   S_p = Var(E(loss | p)) / Var(loss)
 *
 * Over a whole grid these are the main effects of a functional analysis of variance (Hutter, Hoos & Leyton-Brown 2014); points that
 * were drawn or searched for give an estimate, from bins of the numbers (Plischke, Borgonovo & Smith 2013) less what chance gives
 * these, and of the places where the search has been. Points that failed on a mask, or were given up early, don't enter.
 *
 * @param result what a sweep has found, with at least 2 values of each parameter.
 * @throws GraphError 'invalid-data' for what is no result of a sweep, one with a single value of a parameter, and points too few to
 * tell chance from it; 'invalid-option', 'unknown-option'.
 * @example
 * const found = await crossValidateGraph({ params: { k: [3, 5, 8], L1: [0, 0.01, 0.1] }, layerFn });
 * await writeFile('importance.svg', await plotImportance(found).toSvg());
 */
export function plotImportance(result: SweptPoints, options: ImportanceOptions = {}): Picture {
  const check = checking('plotImportance');
  const { title = 'Importance of parameters' } = check.options(options, ['title']);
  checkSwept(check, result);
  const points = result.points
    .filter(({ failed }) => failed === 0)
    .map(({ params, testLoss }) => ({ params, loss: testLoss }));
  const names = Object.keys(result.points[0].params);
  for (const name of names) {
    const count = new Set(points.map(({ params }) => params[name])).size;
    check.refuse('result', count >= 2, `of points with at least 2 values of ${name}, fitted on every mask`, `${count}`);
  }
  check.done();
  const { shares, rest, exact } = mainEffects(points, names);
  for (const name of names) {
    const groups = groupsIn(points, name, names);
    const rule = `a grid, or of more points than the ${groups} groups of ${name}`;
    check.refuse('result', exact || points.length > groups, rule, `${points.length} points`);
  }
  check.done();
  const left = exact ? REST.grid : REST.others;
  const bars = names.map((name) => ({ of: name, share: shares[name], kind: 'parameter' }));
  bars.sort((a, b) => b.share - a.share);
  const values = names.length === 1 && exact ? bars : [...bars, { of: left, share: rest, kind: 'rest' }];
  const all = values.every(({ share }) => share === 0) ? ['all points have the same loss'] : [];
  const how = exact
    ? `main effects over a grid of ${points.length} points`
    : `main effects as estimated from ${points.length} points`;
  const y = { field: 'of', type: 'nominal', title: null, sort: null, axis: { labelLimit: 240 } };
  const x = { field: 'share', type: 'quantitative', title: 'share of the variance of the held-out loss', scale: { domain: [0, 1] }, axis: { grid: true } }; // biome-ignore format: one thought
  return picture(title, [how, ...all], {
    ...{ width: 360, height: { step: 26 } },
    data: { values: values.map((bar) => ({ ...bar, text: bar.share.toFixed(2) })) },
    encoding: { x, y },
    layer: [
      {
        mark: { type: 'bar', tooltip: true },
        encoding: { color: { field: 'kind', type: 'nominal', legend: null, scale: { domain: ['parameter', 'rest'], range: [SET2[0], UNKNOWN] } } }, // biome-ignore format: one thought
      },
      {
        mark: { type: 'text', align: 'left', baseline: 'middle', dx: 4, fontSize: 10 },
        encoding: { text: { field: 'text', type: 'nominal' } },
      },
    ],
  });
}
