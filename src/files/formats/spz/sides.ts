import { wholeOf } from '../../byte-order.js';
import type { Column, Side } from '../found.js';
import { damagedSpz, type SpzFile, spanOf, unsupportedSpz, viewOf } from './file.js';

/** Whose names a list in the section of names is; others are of no use here. */
const [OF_ROWS, OF_COLUMNS] = [0, 1];

/**
 * What rows and columns are called, and what else is known of them.
 *
 * @throws IoError 'damaged' where there are other numbers of them than rows and columns.
 */
export async function sidesOf(file: SpzFile): Promise<{ readonly rows: Side; readonly columns: Side }> {
  const names = await listsOf(file);
  const side = async (which: number, what: string, count: number, tableAt: number): Promise<Side> => {
    const list = names.get(which);
    const own = list === undefined ? [] : textsOf(list.bytes, () => damagedSpz(file.source, 'have names in UTF-8; got other bytes', list.at)); // biome-ignore format: one thought
    // A writer that has no names may write a list of none.
    if (list !== undefined && own.length !== 0 && own.length !== count)
      throw damagedSpz(file.source, `have a name for each of ${count} ${what}; got ${own.length}`, list.at);
    const labels = file.version === 2 ? await tableOf(file, what, count, wholeOf(file.header, tableAt)) : undefined;
    return { names: own.length === 0 ? undefined : own, labels };
  };
  return {
    rows: await side(OF_ROWS, 'rows', file.rows, 96),
    columns: await side(OF_COLUMNS, 'columns', file.cols, 104),
  };
}

interface List {
  readonly at: number;
  readonly bytes: Uint8Array;
}

/** The section of names: how many lists; of each whose it is (a byte), its bytes (u32) and texts that end with a 0. */
async function listsOf(file: SpzFile): Promise<ReadonlyMap<number, List>> {
  const out = new Map<number, List>();
  if (file.namesSize === 0) return out;
  const start = wholeOf(file.header, file.version === 2 ? 80 : 72);
  const span = spanOf(file, 'names', start, file.namesSize);
  for (let n = await span.u32(); n > 0; n--) {
    const [which] = await span.take(1);
    const size = await span.u32();
    const at = start + file.namesSize - span.left();
    out.set(which, { at, bytes: await span.take(size) });
  }
  return out;
}

function textsOf(bytes: Uint8Array, fault: () => Error): readonly string[] {
  if (bytes.length === 0) return [];
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw fault();
  }
  return text.replace(/\0$/, '').split('\0');
}

const TABLE_MAGIC = 'OVTB';
const [TABLE_HEADER, DESCRIBED, NAME] = [16, 112, 64];
/** What stands for an unknown text. */
const UNKNOWN = 2 ** 32 - 1;

/** Types of columns by their number: their bytes, and the number at a place, NaN where it is unknown; texts are by number in a list. */
const COLUMNS: readonly (readonly [width: number, get: (view: DataView, at: number) => number])[] = [
  [4, (view, at) => orUnknown(view.getInt32(at, true), -(2 ** 31))],
  [4, (view, at) => view.getFloat32(at, true)],
  [8, (view, at) => view.getFloat64(at, true)],
  [1, (view, at) => orUnknown(view.getUint8(at), 255)],
  [4, (view, at) => orUnknown(view.getUint32(at, true), UNKNOWN)],
  [4, (view, at) => view.getUint32(at, true)],
];
const TEXTS = 5;
const orUnknown = (value: number, unknown: number): number => (value === unknown ? Number.NaN : value);

/**
 * A table of what is known of each row or column: OVTB, its rows, its columns (u32), 4 bytes. Then of each column, in 112 bytes: its name
 * (64, ended by a 0), its type (u8 at 64), the bytes of its list of texts (u32 at 68), and where in the table its numbers and its
 * texts begin (u64 at 72 and 80).
 */
async function tableOf(file: SpzFile, what: string, count: number, at: number): Promise<Side['labels']> {
  if (at === 0) return undefined;
  const called = `table of ${what}`;
  const head = await viewOf(file, called, at, TABLE_HEADER);
  const mark = String.fromCharCode(...new Uint8Array(head.buffer, 0, 4));
  if (mark !== TABLE_MAGIC || head.getUint32(4, true) !== count)
    throw damagedSpz(file.source, `have a ${called} with ${count} lines; got another`, at);
  const columns = head.getUint32(8, true);
  const view = await viewOf(file, called, at + TABLE_HEADER, columns * DESCRIBED);
  const out: [string, Column][] = [];
  for (let p = 0; p < view.byteLength; p += DESCRIBED) {
    // Long names are cut there, maybe within a letter.
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, p, NAME)).replace(/\0.*$/s, '');
    const type = view.getUint8(p + NAME);
    const column = COLUMNS[type];
    if (column === undefined)
      throw unsupportedSpz(
        file.source,
        `have columns of a type from 0 to ${TEXTS} in its ${called}; got ${type}`,
        at + TABLE_HEADER + p + NAME,
      );
    const [width, get] = column;
    const body = await viewOf(file, called, at + wholeOf(view, p + 72), count * width);
    const numbers = Float64Array.from({ length: count }, (_, n) => get(body, n * width));
    if (type !== TEXTS) {
      out.push([name, numbers]);
      continue;
    }
    const place = at + wholeOf(view, p + 80);
    const size = view.getUint32(p + 68, true);
    const fault = () => damagedSpz(file.source, `have the texts that its ${called} says; got others`, place);
    const texts = size === 0 ? [] : textsOf(await spanOf(file, called, place, size).take(size), fault);
    out.push([
      name,
      Array.from(numbers, (n) => {
        const text = n === UNKNOWN ? '' : texts[n];
        if (text === undefined) throw fault();
        return text;
      }),
    ]);
  }
  return Object.fromEntries(out);
}
