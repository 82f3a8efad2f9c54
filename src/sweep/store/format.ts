import { SweepStoreError } from '../../errors.js';
import { hashOfText } from '../../io/hash.js';
import { isFitted, type SweepRow } from '../rows.js';
import type { Params } from '../space.js';
import { type Database, openDatabase, RULE, real, type Sql, text, type Value, whole } from './database.js';
import type { Graph, Identity } from './identity.js';
import { textOf } from './text.js';

/** How files say that they are ours, and in what way. */
const APPLICATION = 0x666c6f6d;
const FORMAT = 1;

/**
 * What is in a store: whose it is; the points; who is at work, and until when without another sign of life; and for each point
 * on each mask who is at it, or its row. `sum` is a hash over what is beside it.
 */
const TABLES = [
  'CREATE TABLE sweep (identity TEXT NOT NULL, sum TEXT NOT NULL) STRICT',
  `CREATE TABLE point (key TEXT PRIMARY KEY, place INTEGER NOT NULL, params TEXT NOT NULL, complexity REAL,
     graph TEXT NOT NULL, sum TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE owner (id TEXT PRIMARY KEY, host TEXT NOT NULL, pid INTEGER NOT NULL, started TEXT NOT NULL,
     expires INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE task (key TEXT PRIMARY KEY, point TEXT NOT NULL, state TEXT NOT NULL, owner TEXT, row TEXT, sum TEXT)
     STRICT, WITHOUT ROWID`,
];

/** 'claimed': somebody is at it; 'failed': its row says why; 'done'. */
export type State = 'claimed' | 'failed' | 'done';

export const sumOf = (...parts: readonly Value[]): string => hashOfText(textOf(parts));

type Found = 'fresh' | 'other' | 'newer' | 'ours';

function lookAt(sql: Sql): Found {
  const [{ application_id: application }] = sql.all('PRAGMA application_id');
  const [{ user_version: format }] = sql.all('PRAGMA user_version');
  const [{ tables }] = sql.all('SELECT count(*) AS tables FROM sqlite_master');
  if (application === APPLICATION) return Number(format) > FORMAT ? 'newer' : 'ours';
  return application === 0 && tables === 0 ? 'fresh' : 'other';
}

/** @throws SweepStoreError 'not-a-store', 'newer-version', 'damaged'. */
async function check(db: Database): Promise<'fresh' | 'ours'> {
  const found = await db.transact('read', lookAt);
  if (found === 'other') throw new SweepStoreError('not-a-store', db.path, `${RULE}; got another database`);
  if (found === 'newer')
    throw new SweepStoreError(
      'newer-version',
      db.path,
      `A store must be of format ${FORMAT} at most; this one was made by a newer version of factorloom`,
    );
  if (found === 'fresh') return found;
  const [{ quick_check: faults }] = await db.transact('read', (sql) =>
    sql.all(`SELECT ${text('quick_check')} FROM pragma_quick_check(1)`),
  );
  if (faults !== 'ok') throw damaged(db.path, String(faults));
  return found;
}

/** Opens a store to be written, and makes it where there is none. */
export async function openToWrite(path: string, identity: Identity, patience?: number): Promise<Database> {
  const db = await openDatabase(path, 'write', patience);
  try {
    await check(db);
    // Readers then need not wait for writers; a file system that can't do it stays as it is.
    await db.outside((sql) => sql.all('PRAGMA journal_mode = WAL'));
    await db.transact('write', (sql) => {
      // Others may have come first.
      if (lookAt(sql) !== 'fresh') return;
      for (const table of TABLES) sql.run(table);
      const own = textOf(identity);
      sql.run('INSERT INTO sweep (identity, sum) VALUES (?, ?)', own, sumOf(own));
      sql.run(`PRAGMA application_id = ${APPLICATION}`);
      sql.run(`PRAGMA user_version = ${FORMAT}`);
    });
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Opens a store that is there, to be read. */
export async function openToRead(path: string): Promise<Database> {
  const db = await openDatabase(path, 'read');
  try {
    if ((await check(db)) === 'fresh') throw new SweepStoreError('not-a-store', path, `${RULE}; got an empty one`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

const damaged = (path: string, reason: string) =>
  new SweepStoreError('damaged', path, `The store of a sweep is damaged: ${reason}`);

/** What a text holds, once its sum says that it is as it was written. */
function verified(path: string, what: string, json: Value, sum: Value, ...beside: readonly Value[]): unknown {
  if (typeof json !== 'string' || sum !== sumOf(...beside, json))
    throw damaged(path, `${what} is not as it was written`);
  return JSON.parse(json);
}

export function readIdentity(path: string, sql: Sql): Identity {
  const [found] = sql.all(`SELECT ${text('identity', 'sum')} FROM sweep`);
  if (found === undefined) throw damaged(path, 'it does not say whose it is');
  return verified(path, 'whose it is', found.identity, found.sum) as Identity; // its sum says that textOf wrote it
}

export interface StoredPoint {
  readonly key: string;
  readonly place: number;
  readonly params: Params;
  /** Infinity for a point without a graph. */
  readonly complexity: number;
  readonly graph: Graph | null;
}

export function readPoints(path: string, sql: Sql): readonly StoredPoint[] {
  return sql
    .all(`SELECT ${text('key', 'params', 'graph', 'sum')}, ${whole('place')}, ${real('complexity')} FROM point`)
    .map(({ key, place, params, complexity, graph, sum }) => ({
      key: String(key),
      place: Number(place),
      // Its sum says that textOf wrote it, and what is beside it.
      graph: verified(path, 'a point', graph, sum, key, place, params, complexity) as Graph | null,
      params: Object.freeze(JSON.parse(String(params)) as Params),
      complexity: complexity === null ? Infinity : Number(complexity),
    }));
}

export function writePoint(sql: Sql, { key, place, params, complexity, graph }: StoredPoint): void {
  const cost = Number.isFinite(complexity) ? complexity : null;
  const texts = [textOf(params), cost, textOf(graph)] as const;
  sql.run(
    'INSERT OR REPLACE INTO point (key, place, params, complexity, graph, sum) VALUES (?, ?, ?, ?, ?, ?)',
    key,
    place,
    ...texts,
    sumOf(key, place, ...texts),
  );
}

/** A row as it is kept: its text, and the sum of that. */
export function rowTexts(key: string, state: State, row: SweepRow): readonly [row: string, sum: string] {
  const own = textOf(row);
  return [own, sumOf(key, state, own)];
}

export function readRow(
  path: string,
  { key, state, row, sum }: Readonly<Record<'key' | 'state' | 'row' | 'sum', Value>>,
): SweepRow {
  const written = verified(path, `row ${key}`, row, sum, key, state) as SweepRow; // its sum says that textOf wrote it
  // Rows that were written before looks were kept have none.
  const found: SweepRow = isFitted(written) ? { ...written, looks: written.looks ?? [] } : written;
  for (const part of Object.values(found)) if (typeof part === 'object') Object.freeze(part);
  if (isFitted(found)) for (const look of found.looks) Object.freeze(look);
  return Object.freeze(found);
}
