import { bytesAt, memorySource } from '../../source.js';
import type { Column, Side } from '../found.js';
import { floatsAt } from '../numbers.js';
import type { Hdf5, Hdf5Array } from './file.js';
import { floatsOf } from './matrices.js';
import { isNumber } from './types.js';

/** What is known of the lines of a matrix, and how many there are; `lines` is undefined where no table says it. */
export interface Frame extends Side {
  readonly lines: number | undefined;
}

/** Columns of an index, by their names in tables that don't say which it is. */
const INDEX = ['_index', 'index'];

/**
 * A table of AnnData (obs, var): its index are the names, columns of numbers, texts, truth values and categories are labels, and
 * others are left out. What is missing is NaN among numbers, and '' among texts.
 */
export async function frameAt(h5: Hdf5, path: string): Promise<Frame> {
  const table = h5.array(path);
  if (table !== null) return recordsOf(h5, table);
  if (h5.kind(path) !== 'group') return { lines: undefined };
  const inside = h5.names(path);
  const index = String((await h5.attribute(path, '_index'))?.[0] ?? INDEX.find((name) => inside.includes(name)));
  const listed = (await h5.attribute(path, 'column-order')) ?? inside;
  const names = inside.includes(index) ? await columnAt(h5, `${path}/${index}`) : null;
  const columns = new Map<string, Column>();
  for (const name of listed.map(String)) {
    if (name === index || name === CATEGORIES || !inside.includes(name)) continue;
    const old = `${path}/${CATEGORIES}/${name}`;
    const codes = inside.includes(CATEGORIES) && h5.kind(old) === 'array' ? h5.array(`${path}/${name}`) : null;
    const own = codes === null ? await columnAt(h5, `${path}/${name}`) : await categories(h5, codes, old);
    if (own !== null) columns.set(name, own);
  }
  return frameOf(h5, path, names, columns);
}

/** Where tables before AnnData 0.8 keep what their categories are called. */
const CATEGORIES = '__categories';

function frameOf(h5: Hdf5, path: string, index: Column | null, columns: ReadonlyMap<string, Column>): Frame {
  const lines = index?.length ?? columns.values().next().value?.length;
  for (const [name, { length }] of columns)
    if (length !== lines)
      throw h5.source.fault(
        'damaged',
        `A table must have ${lines} values in each column; got ${length} at ${path}/${name}`,
      );
  const names = index === null ? {} : { names: Array.from(index, String) };
  return { lines, ...names, ...(columns.size === 0 ? {} : { labels: Object.fromEntries(columns) }) };
}

/** A column of a table, as AnnData stores lists; null: of what is no label. */
async function columnAt(h5: Hdf5, path: string): Promise<Column | null> {
  const array = h5.array(path);
  if (array !== null) {
    if (array.shape.length !== 1) return null;
    if (array.holds === 'texts') return h5.texts(array);
    return isNumber(array.holds) ? wide(await floatsOf(h5, array)) : null;
  }
  if (h5.kind(path) !== 'group') return null;
  const codes = h5.array(`${path}/codes`);
  if (codes !== null) return categories(h5, codes, `${path}/categories`);
  const mask = h5.array(`${path}/mask`);
  const values = mask === null ? null : await columnAt(h5, `${path}/values`);
  if (mask === null || values === null) return null;
  const missing = await floatsOf(h5, mask);
  if (missing.length !== values.length)
    throw h5.source.fault('damaged', `A mask must be as long as its list; got ${missing.length} at ${path}`);
  return values instanceof Float64Array
    ? values.map((value, i) => (missing[i] === 0 ? value : Number.NaN))
    : values.map((value, i) => (missing[i] === 0 ? value : ''));
}

const wide = (numbers: ArrayLike<number>): Float64Array =>
  numbers instanceof Float64Array ? numbers : Float64Array.from(numbers);

/** What each line's category is called: a code below 0 is none. */
async function categories(h5: Hdf5, codes: Hdf5Array, path: string): Promise<Column | null> {
  const called = await columnAt(h5, path);
  return called === null ? null : named(h5, codes.path, await floatsOf(h5, codes), called);
}

function named(h5: Hdf5, path: string, codes: ArrayLike<number>, called: Column): Column {
  const list = Array.from(codes);
  const odd = list.find((code) => !Number.isInteger(code) || code >= called.length);
  if (odd !== undefined)
    throw h5.source.fault('damaged', `Codes must be below the ${called.length} categories; got ${odd} at ${path}`);
  return called instanceof Float64Array
    ? Float64Array.from(list, (code) => (code < 0 ? Number.NaN : called[code]))
    : list.map((code) => (code < 0 ? '' : called[code]));
}

/** A table as records, as AnnData wrote it before 0.7; what its categories are called stands in uns. */
async function recordsOf(h5: Hdf5, table: Hdf5Array): Promise<Frame> {
  const columns = new Map<string, Column>();
  const bytes = table.fields.some(({ holds }) => isNumber(holds))
    ? await bytesAt(h5.bytes(table), 0, table.count * table.width)
    : new Uint8Array(0);
  for (const field of table.fields) {
    const { name, holds, offset, width } = field;
    if (holds === 'texts') columns.set(name, h5.texts(table, field));
    if (!isNumber(holds)) continue;
    const own = new Uint8Array(table.count * width);
    for (let i = 0; i < table.count; i++)
      own.set(bytes.subarray(i * table.width + offset, i * table.width + offset + width), i * width);
    const numbers = await floatsAt(memorySource(own, h5.source.path), 0, table.count, holds, true);
    const called = await columnAt(h5, `uns/${name}_categories`);
    columns.set(name, called === null ? wide(numbers) : named(h5, `${table.path}/${name}`, numbers, called));
  }
  const index = INDEX.find((name) => columns.has(name));
  const names = index === undefined ? null : (columns.get(index) ?? null);
  if (index !== undefined) columns.delete(index);
  return frameOf(h5, table.path, names, columns);
}
