import { fiveDigits, type Table } from '../display.js';
import { textTable } from '../text-table.js';
import type { Choice, Eliminated, Failed, PointSummary } from './choice.js';
import type { Params } from './space.js';

const number = (x: number | null): string => (x === null ? '' : fiveDigits(x));
/** A value of a parameter. */
export const said = (x: unknown): string => (typeof x === 'number' ? String(Number(x.toPrecision(6))) : String(x));

const fixed = (x: number | null | undefined): string => (x == null ? '' : x.toFixed(4));

/** A column for each measure of each NMF layer, named by it where there are several. */
function measuresOf(points: readonly PointSummary[]) {
  const layers = [...new Set(points.flatMap(({ diagnostics }) => Object.keys(diagnostics ?? {})))];
  return layers.flatMap((layer) =>
    (['cophenetic', 'dispersion', 'stability'] as const).map((measure) => ({
      title: layers.length === 1 ? measure : `${layer} ${measure}`,
      of: ({ diagnostics }: PointSummary) => diagnostics?.[layer]?.[measure],
    })),
  );
}

/** Points that have no place in a choice. */
export interface Left {
  readonly eliminated: readonly Eliminated[];
  readonly failed: readonly Failed[];
}

/** Points as a table in text. */
export function tableText(choice: Choice<Params>, left: Left): string {
  const { head, lines } = pointsTable(choice, left);
  return textTable(head, lines);
}

/** Points by rising test loss, a line each, and below them those that were given up, and those that failed. */
export function pointsTable({ points, best, simplest }: Choice<Params>, { eliminated, failed }: Left): Table {
  const names = Object.keys(best.params);
  const measures = measuresOf(points);
  const head = [
    ...names,
    'test loss',
    '± se',
    'train loss',
    'Δ to best',
    '± se',
    ...measures.map(({ title }) => title),
    '',
  ];
  const mark = (point: PointSummary) =>
    [point.point === best.point ? 'best' : '', point.point === simplest.point ? 'simplest' : '']
      .filter((word) => word !== '')
      .join(', ') || (point.failed > 0 ? `failed on ${point.failed}` : '');
  const fitted = points.map((point) => [
    ...names.map((name) => said(point.params[name])),
    number(point.testLoss),
    number(point.se),
    number(point.trainLoss),
    number(point.difference),
    number(point.differenceSe),
    ...measures.map(({ of }) => fixed(of(point))),
    mark(point),
  ]);
  const left = eliminated.map(({ params, testLoss, budget, failed }) => [
    ...names.map((name) => said(params[name])),
    number(testLoss),
    ...['', '', '', ''],
    ...measures.map(() => ''),
    failed > 0 ? `failed on ${failed}, at iteration ${budget}` : `left at iteration ${budget}`,
  ]);
  const lost = failed.map(({ params, failed }) => [
    ...names.map((name) => said(params[name])),
    ...['', '', '', '', ''],
    ...measures.map(() => ''),
    `failed on ${failed}`,
  ]);
  return { head, lines: [...fitted, ...left, ...lost], words: [head.length - 1] };
}

/** Why the choice fell as it did, in a sentence or two. */
export function reasonText({ best, simplest, points }: Choice<Params>, { eliminated, failed }: Left): string {
  const point = ({ params }: PointSummary) =>
    Object.entries(params)
      .map(([name, x]) => `${name} = ${said(x)}`)
      .join(', ');
  const others = [
    eliminated.length === 0 ? [] : `${eliminated.length} others were given up before their end`,
    failed.length === 0 ? [] : `${failed.length} failed: rows say why`,
  ].flat();
  const beside = others.length === 0 ? '' : ` (${others.join('; ')})`;
  const first = `${point(best)} has the lowest held-out error, ${number(best.testLoss)}, of ${points.length} ${points.length === 1 ? 'point' : 'points'} on ${best.fitted} ${best.fitted === 1 ? 'mask' : 'masks'}${beside}`;
  if (best.se === null) return `${first}; one mask says nothing of chance: take more reps.`;
  if (simplest.point === best.point) return `${first}; no simpler point is within one standard error of it.`;
  return `${first}; ${point(simplest)} is simpler and worse by ${number(simplest.difference)} only, within one standard error of the paired difference (${number(simplest.differenceSe)}).`;
}
