import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { type Addon, addonOrNull, unwrap } from '../addon.js';
import type { EntriesRoom, EntriesTold } from './formats/entries.js';
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
  /** Puts entries into the room that there is; 'full' and 'unordered' are for the caller to mend. */
  entries(listed: ListedEntries): (room: EntriesRoom) => Promise<EntriesTold>;
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
    entries({ count, mirror, ...listed }) {
      let left = count;
      return async (room) => {
        const { columns, ...rest } = room;
        const kept = { ...(columns === null ? {} : { columns }), ...(mirror === null ? {} : { mirror }) };
        const told = unwrap(await heard(text.entries({ ...listed, ...rest, ...kept, left }, availableParallelism())));
        left = told.left;
        return told;
      };
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
