import type { Choice, PointSummary } from './choice.js';
import type { Params } from './space.js';

const number = (x: number | null): string => (x === null ? '' : x.toPrecision(5));
const value = (x: unknown): string => (typeof x === 'number' ? String(Number(x.toPrecision(6))) : String(x));

/** Points by rising test loss, a line each. */
export function tableText({ points, best, simplest }: Choice<Params>): string {
  const names = Object.keys(best.params);
  const head = [...names, 'test loss', '± se', 'train loss', 'Δ to best', '± se', ''];
  const mark = (point: PointSummary) =>
    [point.point === best.point ? 'best' : '', point.point === simplest.point ? 'simplest' : '']
      .filter((word) => word !== '')
      .join(', ') || (point.failed > 0 ? `failed on ${point.failed}` : '');
  const lines = points.map((point) => [
    ...names.map((name) => value(point.params[name])),
    number(point.testLoss),
    number(point.se),
    number(point.trainLoss),
    number(point.difference),
    number(point.differenceSe),
    mark(point),
  ]);
  const widths = head.map((title, c) => Math.max(title.length, ...lines.map((line) => line[c].length)));
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, c) => cell.padStart(widths[c]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Why the choice fell as it did, in a sentence or two. */
export function reasonText({ best, simplest, points }: Choice<Params>): string {
  const said = ({ params }: PointSummary) =>
    Object.entries(params)
      .map(([name, x]) => `${name} = ${value(x)}`)
      .join(', ');
  const first = `${said(best)} has the lowest held-out error, ${number(best.testLoss)}, of ${points.length} points on ${best.fitted} ${best.fitted === 1 ? 'mask' : 'masks'}`;
  if (simplest.point === best.point) return `${first}; no simpler point is within one standard error of it.`;
  return `${first}; ${said(simplest)} is simpler and worse by ${number(simplest.difference)} only, within one standard error of the paired difference (${number(simplest.differenceSe)}).`;
}
