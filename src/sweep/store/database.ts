import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { SweepStoreError } from '../../errors.js';

export type Value = string | number | null;

/** What can be asked within a transaction. */
export interface Sql {
  /** The rows of a query; what is read from tables must be read through `text`, `whole` and `real`. */
  all(query: string, ...values: readonly Value[]): readonly Readonly<Record<string, Value>>[];
  /** How many rows have changed. */
  run(query: string, ...values: readonly Value[]): number;
}

/**
 * Columns of a query, as what they must be: the driver ends the whole process over a text that is not one, which a damaged file
 * may hold. Texts are read as bytes.
 */
export const text = (...columns: readonly string[]): string =>
  columns.map((name) => `CAST(${name} AS BLOB) AS ${name}`).join(', ');
export const whole = (name: string): string => `CAST(${name} AS INTEGER) AS ${name}`;
export const real = (name: string): string => `CAST(${name} AS REAL) AS ${name}`;

/** A file of SQLite. */
export interface Database {
  readonly path: string;
  /**
   * Synchronous work in a transaction of its own, all or nothing; tried again while others hold the file.
   *
   * @throws SweepStoreError 'busy', 'damaged', 'not-a-store', 'not-written'.
   */
  transact<T>(kind: 'read' | 'write', work: (sql: Sql) => T): Promise<T>;
  /** The same outside of a transaction, for what SQLite doesn't do in one. */
  outside<T>(work: (sql: Sql) => T): Promise<T>;
  close(): void;
}

/** How long the thread stands still for a lock; then others have their turn. */
const HOLD_MS = 20;
const PAUSE_MS = 15;
/** How long a lock is waited for in all. */
export const PATIENCE_MS = 30_000;

/** @throws SweepStoreError 'unavailable'. */
async function driver(path: string) {
  try {
    return (await import('libsql')).default;
  } catch (cause) {
    const wanted = "The store of a sweep needs the package libsql, which can't be loaded; npm install libsql@^0.5.29";
    throw new SweepStoreError('unavailable', path, wanted, { cause });
  }
}

/**
 * Opens a file; to 'write' it is made where there is none.
 *
 * @throws SweepStoreError 'unavailable', 'not-a-store', 'not-written'.
 */
export async function openDatabase(
  path: string,
  mode: 'read' | 'write',
  patience: number = PATIENCE_MS,
): Promise<Database> {
  const Driver = await driver(path);
  // Never one of the names that mean something else to SQLite, as ':memory:'.
  const file = resolve(path);
  if (mode === 'read' || isFolder(file)) requireFile(path, file);
  const open = () => new Driver(mode === 'read' ? `${pathToFileURL(file).href}?mode=ro` : file, { timeout: HOLD_MS });
  let db: ReturnType<typeof open>;
  try {
    db = open();
  } catch (cause) {
    if (mode === 'read') throw new SweepStoreError('not-a-store', path, `${RULE}; it can't be opened`, { cause });
    throw new SweepStoreError('not-written', path, 'The store of a sweep must be a file that can be written', {
      cause,
    });
  }
  let place = placeOf(file);
  const sql: Sql = {
    all: (query, ...values) => {
      // Rows are plain objects of the columns that were asked for.
      const rows = db.prepare<Value[]>(query).all(...values) as Readonly<Record<string, Value | Uint8Array>>[];
      return rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, decoded(path, value)])),
      );
    },
    run: (query, ...values) => db.prepare<Value[]>(query).run(...values).changes,
  };

  async function patiently<T>(work: () => T): Promise<T> {
    const end = performance.now() + patience;
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isLocked(error)) throw told(error, { path, file, mode });
        if (performance.now() > end) throw busy(path, patience, error);
      }
      // Not all at the same time.
      await sleep(PAUSE_MS * (0.5 + Math.random()));
    }
  }

  return {
    path,
    transact: (kind, work) =>
      patiently(() => {
        db.exec(kind === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
        try {
          const out = work(sql);
          db.exec('COMMIT');
          // SQLite would go on writing to a file that nobody can find.
          if (kind === 'write') place = requireSame(path, place, placeOf(file));
          return out;
        } catch (error) {
          if (db.inTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
    outside: (work) => patiently(() => work(sql)),
    close: () => void db.close(),
  };
}

export const RULE = 'The store of a sweep must be a file that a sweep was kept in';

/** What is there; undefined: nothing that can be seen. */
function look(file: string) {
  try {
    return statSync(file);
  } catch {
    return undefined;
  }
}

/** Which file it is, whatever its name; undefined: none. */
function placeOf(file: string): string | undefined {
  const found = look(file);
  return found && `${found.dev}:${found.ino}`;
}

/** @throws SweepStoreError 'not-written' once it is another. */
function requireSame(path: string, then: string | undefined, now: string | undefined): string | undefined {
  if (then === undefined || then === now) return now;
  throw new SweepStoreError(
    'not-written',
    path,
    'The store of a sweep was removed or replaced while it was written; rows made since are lost',
  );
}

const isFolder = (file: string) => look(file)?.isDirectory() === true;

function requireFile(path: string, file: string): void {
  const found = look(file);
  if (found?.isFile()) return;
  throw new SweepStoreError('not-a-store', path, `${RULE}; got ${found === undefined ? 'no file' : 'something else'}`);
}

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const isLocked = (error: unknown) => /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(codeOf(error));

function busy(path: string, patience: number, cause: unknown): SweepStoreError {
  const seconds = patience / 1000;
  return new SweepStoreError('busy', path, `Somebody else has had the store of a sweep locked for ${seconds} s`, {
    cause,
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decoded(path: string, value: Value | Uint8Array): Value {
  if (typeof value !== 'object' || value === null) return value;
  try {
    return utf8.decode(value);
  } catch (cause) {
    throw new SweepStoreError('damaged', path, 'The store of a sweep is damaged: a text is none', { cause });
  }
}

/** Whether a file has the first words of a database: then it is one that was cut short, or changed. */
function beginsAsOne(file: string): boolean {
  const own = openSync(file, 'r');
  try {
    const head = new Uint8Array(15);
    readSync(own, head, 0, head.length, 0);
    return new TextDecoder('latin1').decode(head) === 'SQLite format 3';
  } finally {
    closeSync(own);
  }
}

interface Where {
  readonly path: string;
  readonly file: string;
  readonly mode: 'read' | 'write';
}

/** An error of SQLite in words of a store; any other as it is. */
function told(cause: unknown, { path, file, mode }: Where): unknown {
  const code = codeOf(cause);
  if (!code.startsWith('SQLITE_')) return cause;
  const reason = cause instanceof Error ? cause.message : code;
  if (code === 'SQLITE_NOTADB' && !beginsAsOne(file))
    return new SweepStoreError('not-a-store', path, `${RULE}; ${reason}`, { cause });
  if (mode === 'write' && /^SQLITE_(FULL|IOERR|READONLY|CANTOPEN|PERM|AUTH|NOMEM|TOOBIG)/.test(code))
    return new SweepStoreError('not-written', path, `A row must be kept before it counts; the store can't: ${reason}`, {
      cause,
    });
  // What is left can't happen to tables that are as they were made.
  return new SweepStoreError('damaged', path, `The store of a sweep is damaged: ${reason}`, { cause });
}
