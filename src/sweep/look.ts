import { digits, displays, type Look, type Table } from '../display.js';
import { plural } from '../plural.js';
import type { Choice } from './choice.js';
import { isFitted, type SweepRow } from './rows.js';
import type { Params } from './space.js';
import { type Left, pointsTable, reasonText, said } from './table.js';

/** What a sweep has found, or has so far. */
export interface Found {
  /** Undefined: no point is done. */
  readonly choice: Choice<Params> | undefined;
  readonly left: Left;
  readonly rows: readonly SweepRow[];
}

/** Gives a sweep that has not run its look: the head of its plan. */
export const searchDisplayed = displays(({ explain }: { readonly explain: () => string }): Look => {
  const plan = explain().split('\n');
  const most = 4;
  const rest = plan.length > most ? ['…'] : [];
  const title = plan[0].replace(/^s/, 'S');
  return { title, body: [...plan.slice(1, most), ...rest, 'run() fits its points, explain() shows its plan'] };
});

/** Gives what a sweep has found its look, and its lists theirs. */
export function sweepDisplayed<R extends object>(
  result: R & { readonly points: readonly object[]; readonly rows: readonly object[] },
  { choice, left, rows }: Found,
): R {
  const body = choice === undefined ? [] : [pointsTable(choice, left)];
  const points = choice?.points.length ?? 0;
  const title = `Sweep of ${plural(points + left.eliminated.length + left.failed.length, 'point')}, ${plural(rows.length, 'row')}`;
  const reason = choice === undefined ? [] : [reasonText(choice, left)];
  displays(() => ({ title: plural(points, 'point'), body }))(result.points);
  displays(() => ({ title: plural(rows.length, 'row'), body: [rowsTable(rows)] }))(result.rows);
  return displays((): Look => ({ title, body: [...reason, ...body] }))(result);
}

function rowsTable(rows: readonly SweepRow[]): Table {
  const names = Object.keys(rows[0]?.params ?? {});
  return {
    head: ['point', ...names, 'mask', 'budget', 'test loss', 'train loss', 'iterations', ''],
    lines: rows.map((row) => [
      ...[String(row.point), ...names.map((name) => said(row.params[name]))],
      ...[String(row.replicate), row.budget === null ? '' : String(row.budget)],
      ...(isFitted(row)
        ? [digits(row.testLoss), digits(row.trainLoss), String(row.iterations), row.converged ? 'converged' : '']
        : ['', '', '', row.error.code]),
    ]),
    words: [names.length + 6],
  };
}
