import { checkPath } from '../../io/check-path.js';
import {
  type Choice,
  choose,
  type Eliminated,
  eliminatedIn,
  failedIn,
  type PointSummary,
  withDiagnostics,
} from '../choice.js';
import { type Diagnostics, diagnosticsIn } from '../diagnose.js';
import { type Archive, fileArchive, folderOf } from '../fits/archive.js';
import { type Asked, asked } from '../fits/ask.js';
import { readFit } from '../fits/kept-fit.js';
import { namesIn } from '../fits/names.js';
import { fittedOn } from '../fits/settle.js';
import { sweepDisplayed } from '../look.js';
import { type Reported, reported } from '../reported.js';
import type { SweepRow } from '../rows.js';
import type { Params } from '../space.js';
import { reasonText, tableText } from '../table.js';
import { type Sql, text } from './database.js';
import { openToRead, readIdentity, readPoints, readRow } from './format.js';

/** What a store holds at a moment. */
export interface StoredSweep<P = Params> extends Asked<P>, Reported {
  /** The point of lowest mean held-out error of those that are done; undefined while none is. */
  readonly best: P | undefined;
  /** The simplest of them that is no worse than `best` by more than one standard error of their paired difference. */
  readonly simplest: P | undefined;
  /** Points that are done on every mask, by rising held-out error. */
  readonly points: readonly PointSummary<P>[];
  /** Every row that is done, of points that are not yet done on every mask too. */
  readonly rows: readonly SweepRow<P>[];
  /** Rows that somebody has claimed and not made: who is at work, or has died. */
  readonly claimed: number;
  /** Points that `halving` has given up by now: those that came furthest first, by rising error. */
  readonly eliminated: readonly Eliminated<P>[];
  /** Rows that there are for the points that are known, each of them fitted to its end; or all that were begun, if more. */
  readonly of: number;
  /** Why `best` and `simplest` are what they are, in a sentence; undefined while no point is done. */
  readonly reason: string | undefined;
  /** Masks of the sweep. */
  readonly reps: number;
  /** The seed of all masks and starts. */
  readonly seed: number;
  /** `points` as text, as that of the sweep's result. */
  table(): string;
}

/**
 * Reads what the store of a sweep holds now. It needs nothing of the program that writes it, does not hold it up, and may be
 * called again and again while it runs.
 *
 * @param path the `store` of a sweep.
 * @returns the rows, and the choice among the points that are done on every mask.
 * @throws SweepStoreError 'not-a-store', 'damaged', 'newer-version', 'busy', 'unavailable'; GraphError 'invalid-option' for a
 * path that is none.
 *
 * @example
 * const { best, rows, of, table } = await openSweep<{ k: number }>('sweep.db');
 * console.log(`${rows.length} of ${of} rows`, best?.k);
 * console.log(table());
 */
export async function openSweep<P = Params>(path: string): Promise<StoredSweep<P>> {
  checkPath('openSweep', path);
  const db = await openToRead(path);
  try {
    const content = await db.transact('read', (sql) => contentOf(path, sql));
    // The parameters are those that the caller says the sweep has.
    return (await viewOf(content, fileArchive(folderOf(path)))) as StoredSweep as StoredSweep<P>;
  } finally {
    db.close();
  }
}

/** All that the tables hold, at one moment. */
function contentOf(path: string, sql: Sql) {
  const identity = readIdentity(path, sql);
  const known = [...readPoints(path, sql)].sort((a, b) => a.place - b.place || (a.key < b.key ? -1 : 1));
  const places = new Map(known.map(({ key }, index) => [key, index]));
  const tasks = sql.all(`SELECT ${text('key', 'point', 'state', 'row', 'sum')} FROM task`);
  const rows = tasks.flatMap((task): SweepRow[] => {
    const point = places.get(String(task.point));
    if (task.state === 'claimed' || point === undefined) return [];
    const row = readRow(path, { key: task.key, state: task.state, row: task.row, sum: task.sum });
    return [Object.freeze({ ...row, point, params: known[point].params })];
  });
  return {
    identity,
    known,
    rows,
    tasks: tasks.length,
    claimed: tasks.filter(({ state }) => state === 'claimed').length,
  };
}

async function viewOf(
  { identity, known, rows, tasks, claimed }: ReturnType<typeof contentOf>,
  archive: Archive,
): Promise<StoredSweep> {
  const { reps, seed, holdOut: kind, testFraction: fraction, ridge, earlyStopping: looks, backend, version } = identity;
  const names = namesIn(identity);
  const naming = {
    fitName: (point: number, replicate: number) => names.fit(known[point], replicate),
    diagnosisName: (point: number, replicates: readonly number[]) => names.diagnosis(known[point], replicates),
  };
  const budgetOf = ({ budget }: SweepRow) => budget ?? Infinity;
  rows.sort((a, b) => budgetOf(a) - budgetOf(b) || a.replicate - b.replicate || a.point - b.point);
  const ended = rows.filter(({ budget }) => budget === null);
  const counts = new Map<number, number>();
  for (const { point } of ended) counts.set(point, (counts.get(point) ?? 0) + 1);
  // Who has come as far as the furthest may go on.
  const furthest = Math.max(...rows.map(budgetOf));
  const eliminated = Object.freeze(eliminatedIn(rows).filter(({ budget }) => budget < furthest));
  const whole = ended.filter(({ point }) => (counts.get(point) ?? 0) >= reps);
  const chosen = choose(whole, (point) => known[point].complexity);
  const choice = chosen && withDiagnostics(chosen, await diagnosesOf(chosen, rows, archive, naming.diagnosisName));
  const left = { eliminated, failed: failedIn(whole) };
  const points = choice?.points ?? [];
  const reason = choice === undefined ? undefined : reasonText(choice, left);
  const of = Math.max(known.length * reps, tasks);
  const plan = async () => {
    const point = choice?.best.point;
    const [replicate] = point === undefined ? [] : fittedOn(rows, point);
    return point === undefined
      ? undefined
      : (await readFit(archive, naming.fitName(point, replicate), undefined))?.plan;
  };
  const circumstances = { reps, masking: { kind, fraction, seed }, ridge, looks, backend, version };
  const found = {
    best: choice?.best.params,
    simplest: choice?.simplest.params,
    points,
    rows,
    eliminated,
    claimed,
    of,
    reason,
    reps,
    seed,
    table: () => (choice === undefined ? '' : tableText(choice, left)),
    ...asked({ archive, rows, reps, kernels: undefined, ...naming }),
    ...reported({ ...circumstances, choice, left, reason, rows, of, plan, seconds: null, work: null }),
  };
  sweepDisplayed(found, { choice, left, rows });
  Object.freeze(points);
  Object.freeze(rows);
  return Object.freeze(found);
}

/** What has been found so far of the layers of points: those who look for it find it when all of their rows are done. */
async function diagnosesOf(
  { points }: Choice<Params>,
  rows: readonly SweepRow[],
  { diagnoses }: Archive,
  nameOf: (point: number, replicates: readonly number[]) => string,
): Promise<ReadonlyMap<number, Diagnostics>> {
  const [there, found] = [new Set(await diagnoses.names()), new Map<number, Diagnostics>()];
  for (const { point } of there.size === 0 ? [] : points) {
    const name = nameOf(point, fittedOn(rows, point));
    const kept = there.has(name) ? await diagnoses.get(name) : undefined;
    if (kept !== undefined) found.set(point, diagnosticsIn(kept));
  }
  return found;
}
