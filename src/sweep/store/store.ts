import { SweepStoreError } from '../../errors.js';
import { listed } from '../../io/differences.js';
import type { Ledger, RowId } from '../ledger.js';
import type { Point } from '../points.js';
import { isFitted } from '../rows.js';
import { type Sql, text, type Value, whole } from './database.js';
import { openToWrite, readIdentity, readPoints, readRow, rowTexts, type State, writePoint } from './format.js';
import { graphDifferences, graphOf, type Identity, identityDifferences } from './identity.js';
import { isGone, newOwner, type Owner } from './owner.js';
import { textOf } from './text.js';

/** How long a run that gives no sign of life keeps what it has claimed, and how often it gives one. */
const LEASE_MS = 10_000;
const BEAT_MS = 2_500;

/** Points that a message lists, and differences of each. */
const SHOWN = 2;

interface StoreOptions {
  /** Rows that failed are made again. */
  readonly retry: boolean;
  /** How long a locked file is waited for, in milliseconds; default 30 s. */
  readonly patience?: number;
}

/** One string for a row or a point, whatever the order of its parts. */
const keyOf = (id: RowId | Point['params']): string => textOf(id, true);

/**
 * A ledger in a file that processes may share. Whoever claims a row makes it; what somebody dead has claimed is free again,
 * at once where the process is known to be gone, or when its lease is over. A row is written once, by whoever is first.
 *
 * @throws SweepStoreError, with any of its codes.
 */
export async function storeLedger(path: string, identity: Identity, options: StoreOptions): Promise<Ledger> {
  const db = await openToWrite(path, identity, options.patience);
  const owner = newOwner();

  const giveBack = (sql: Sql, key: string | null) => {
    // What is made again has a row already, of a failure.
    const own = "state = 'claimed' AND owner = ? AND key = coalesce(?, key)";
    sql.run(`DELETE FROM task WHERE row IS NULL AND ${own}`, owner.id, key);
    sql.run(`UPDATE task SET state = 'failed', owner = NULL WHERE ${own}`, owner.id, key);
  };
  const beat = () => db.transact('write', (sql) => renew(sql, owner));

  try {
    const there = await db.transact('read', (sql) => readIdentity(path, sql));
    requireNone(path, identityDifferences(there, identity));
    await db.transact('write', (sql) => {
      forgetGone(sql);
      renew(sql, owner);
    });
  } catch (error) {
    db.close();
    throw error;
  }
  // A sign that can't be given loses no row: at worst somebody else makes it too, and the first one stays.
  const timer = setInterval(() => void beat().catch(() => undefined), BEAT_MS).unref();

  return {
    async enter(points) {
      const all: (readonly [Point, Awaited<ReturnType<typeof graphOf>>])[] = [];
      for (const point of points) all.push([point, await graphOf(point)]);
      await db.transact('write', (sql) => {
        const known = new Map(readPoints(path, sql).map((point) => [point.key, point]));
        const differs = all.map(([{ params }, graph]) => {
          const there = known.get(keyOf(params));
          // Where there was no graph there are failures alone, which are tried again.
          return there === undefined || there.graph === null ? [] : graphDifferences(params, there.graph, graph);
        });
        requireNone(path, ...differs);
        for (const [{ index, params, complexity }, graph] of all) {
          const key = keyOf(params);
          const there = known.get(key);
          if (there?.graph === null && graph !== null) sql.run('DELETE FROM task WHERE point = ?', key);
          if (there === undefined || (there.graph === null) !== (graph === null) || there.complexity !== complexity)
            writePoint(sql, { params, ...there, key, place: there?.place ?? index, complexity, graph });
        }
      });
    },

    async claim(id) {
      const key = keyOf(id);
      const [seen] = await db.transact('read', (sql) => sql.all(SEEN, key));
      if (seen?.state === 'done' || (seen?.state === 'failed' && !options.retry)) {
        const { row, sum } = seen;
        return readRow(path, { key, state: seen.state, row, sum });
      }
      if (seen?.state === 'claimed' && isHeld(seen)) return 'busy';
      const [state, before] = [seen?.state ?? null, seen?.owner ?? null];
      const changed = await db.transact('write', (sql) =>
        sql.run(CLAIM, key, keyOf(id.params), owner.id, state, before),
      );
      return changed === 1 ? 'yours' : 'busy';
    },

    async record(id, row) {
      const key = keyOf(id);
      const state: State = isFitted(row) ? 'done' : 'failed';
      const texts = rowTexts(key, state, row);
      await db.transact('write', (sql) => sql.run(RECORD, key, keyOf(id.params), state, ...texts));
    },

    async drop(id) {
      await orElseExpire(db.transact('write', (sql) => giveBack(sql, keyOf(id))));
    },

    async close() {
      clearInterval(timer);
      const end = db.transact('write', (sql) => {
        giveBack(sql, null);
        sql.run('DELETE FROM owner WHERE id = ?', owner.id);
        // Of several that end at once one is the last.
        forgetGone(sql);
        return sql.all('SELECT NULL FROM owner').length === 0;
      });
      try {
        const alone = await orElseExpire(end);
        // All in one file, unless others still read.
        await orElseExpire(db.outside((sql) => sql.all('PRAGMA wal_checkpoint(TRUNCATE)')));
        return alone === true;
      } finally {
        db.close();
      }
    },
  };
}

const SEEN = `SELECT ${text('state', 'row', 'sum', 'owner', 'host', 'started')}, ${whole('pid')}, ${whole('expires')}
  FROM task LEFT JOIN owner ON owner.id = task.owner WHERE task.key = ?`;
/** Only if it is still as it was seen. */
const CLAIM = `INSERT INTO task (key, point, state, owner) VALUES (?, ?, 'claimed', ?)
  ON CONFLICT (key) DO UPDATE SET state = 'claimed', owner = excluded.owner WHERE state IS ? AND owner IS ?`;
const RECORD = `INSERT INTO task (key, point, state, row, sum) VALUES (?, ?, ?, ?, ?)
  ON CONFLICT (key) DO UPDATE SET state = excluded.state, owner = NULL, row = excluded.row, sum = excluded.sum
  WHERE state <> 'done'`;

type Seen = Readonly<Record<string, Value>>;

const ownerIn = ({ owner, id, host, pid, started }: Seen): Owner => ({
  id: String(owner ?? id),
  host: String(host),
  pid: Number(pid),
  started: String(started),
});

const isHeld = (seen: Seen): boolean =>
  seen.expires !== null && Number(seen.expires) > Date.now() && !isGone(ownerIn(seen));

function renew(sql: Sql, { id, host, pid, started }: Owner): void {
  const expires = Date.now() + LEASE_MS;
  const query = 'INSERT OR REPLACE INTO owner (id, host, pid, started, expires) VALUES (?, ?, ?, ?, ?)';
  sql.run(query, id, host, pid, started, expires);
}

/** Those that are gone, of which nothing is left to be known. */
function forgetGone(sql: Sql): void {
  for (const seen of sql.all(
    `SELECT ${text('id', 'host', 'started')}, ${whole('pid')}, ${whole('expires')} FROM owner`,
  ))
    if (!isHeld(seen)) sql.run('DELETE FROM owner WHERE id = ?', seen.id);
}

/** A claim that can't be given back is free when its lease is over. */
async function orElseExpire<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof SweepStoreError)) throw error;
    return undefined;
  }
}

/** @throws SweepStoreError 'other-sweep'. */
/** @param parts differences of the sweep, or of each of its points. */
function requireNone(path: string, ...parts: readonly Parameters<typeof listed>[0][]): void {
  const found = parts.filter((differs) => differs.length > 0);
  if (found.length === 0) return;
  const first = parts.length === 1 ? found[0] : found.slice(0, SHOWN).flatMap((differs) => differs.slice(0, SHOWN));
  const more = found.flat().length - first.length;
  const others = more === 0 ? '' : `, and in ${more} more at ${found.length} points, in differs`;
  throw new SweepStoreError(
    'other-sweep',
    path,
    `A store must be of the same sweep: data, masks, seed, graphs, backend and version; the one that is there differs in ${listed(first)}${others}. Give another path, or remove the file`,
    { differs: found.flat().map(({ at }) => at) },
  );
}
