import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { type Addon, addonOrNull, unwrap } from '../addon.js';
import type { ListedSoFar } from './formats/entries.js';
import type { Source } from './source.js';

/** What entries of a file are. */
export interface ListedEntries {
  readonly rows: number;
  readonly cols: number;
  /** Whether a value stands behind the indices. */
  readonly valued: boolean;
  /** What an entry beside the diagonal is times that across it; null where all are listed. */
  readonly mirror: number | null;
  /** Lines of entries. */
  readonly count: number;
}

/** Rows of a table as its lines hold them. */
export interface ListedRows {
  readonly delimiter: number;
  /** For each field of a line its place in a row, or what else it is. */
  readonly places: readonly number[];
  /** Fields of numbers that are missing. */
  readonly missing: readonly string[];
  readonly cols: number;
}

/** Fields that have no place in a row. */
export const [LEFT_OUT, NAMES_ROW] = [-1, -2];

/**
 * The rest of a text as Rust reads it: what is plain. It declines the whole where there is anything else, be it a fault, and the
 * reader in TypeScript goes over it; so there is one definition of what is right, and one place that says what is wrong.
 */
export interface NativeText {
  /**
   * All entries; null where it declines.
   *
   * @param movable whether the arrays can move to another thread. Those that can't are Rust's own: V8 doesn't collect garbage to make
   * room for them while the text is read. Default: whether this thread is another's.
   */
  entries(listed: ListedEntries, movable?: boolean): Promise<ListedSoFar | null>;
  /** Puts rows behind those that are there. */
  rows(listed: ListedRows, data: Float64Array, filled: number): ReturnType<typeof readRows>;
}

/** The text of a source from a byte on, counted as it is unpacked; null where Rust is not built, or where the bytes are not those of a file. */
export function nativeText(source: Source, gzip: boolean, from: number): NativeText | null {
  const addon = source.onDisk ? addonOrNull() : null;
  if (addon === null) return null;
  const text = new addon.TextFile(resolve(source.path), gzip, from);
  let unheard = gzip ? source.size : Math.max(0, source.size - from);
  /** Rust says nothing while it reads: whoever watches hears of all of it when it first comes back. */
  async function heard<T>(reading: Promise<T>): Promise<T> {
    const told = await reading;
    source.got(unheard);
    unheard = 0;
    return told;
  }
  return {
    async entries({ mirror, ...listed }, movable = !isMainThread) {
      const most = (mirror === null ? 1 : 2) * listed.count;
      const room = movable ? { indices: new Uint32Array(most), values: new Float64Array(most) } : undefined;
      const args = { ...listed, ...(mirror === null ? {} : { mirror }), ...(room === undefined ? {} : { room }) };
      const told = unwrap(await heard(text.entries(args, availableParallelism())));
      if (told === null) return null;
      if (room !== undefined) return { ...told, ...room, counts: Uint32Array.from(told.counts) };
      return told as ListedSoFar; // without room Rust tells rows and values too
    },
    rows: (listed, data, filled) => heard(readRows(text, listed, data, filled)),
  };
}

const encoder = new TextEncoder();

async function readRows(
  text: InstanceType<Addon['TextFile']>,
  { places, missing, ...listed }: ListedRows,
  data: Float64Array,
  filled: number,
) {
  const words = missing.map((word) => encoder.encode(word));
  return unwrap(
    await text.rows({ ...listed, places: [...places], missing: words, data, filled }, availableParallelism()),
  );
}
