import type { Floats } from '../../matrix.js';
import type { Source } from '../source.js';
import type { Found } from './found.js';
import { exactFloat } from './numbers.js';
import type { TableOptions } from './table-options.js';
import { triplets } from './triplets.js';

/** A column of a table that lies column after column. */
export interface TableColumn {
  readonly name: string;
  /** Numbers of 64 or 32 bits, texts, or what no matrix has. */
  readonly holds: 'f8' | 'f4' | 'texts' | 'other';
  /** What the file calls that. */
  readonly called: string;
}

/** Values of a column from a row on: numbers, truth values, texts, or null. */
export type TellValues = (column: number, from: number, values: ArrayLike<unknown>) => void;

export interface ColumnTable {
  readonly columns: readonly TableColumn[];
  readonly rows: number;
  /** The columns that the file says name the rows: the first does, and others are labels. */
  readonly index: readonly string[];
  /** Whether there are bytes for so many values, so that room may be made for them before they are read. */
  readonly certain: boolean;
  /** Reads columns, by their places. */
  read(columns: readonly number[], tell: TellValues): Promise<void>;
}

/** Columns that are read at a time: what they are unpacked to lies beside the matrix. */
const AT_A_TIME = 16;

/**
 * The matrix in a table of columns: those of numbers. The column that the file says names the rows does, or the first of texts;
 * other texts are labels of the rows.
 *
 * @throws IoError 'not-found', 'unsupported', 'invalid-option'
 */
export async function matrixOf(source: Source, table: ColumnTable, options: TableOptions): Promise<Found> {
  const place = (name: string): number => {
    const places = table.columns.flatMap((column, c) => (column.name === name ? [c] : []));
    if (places.length === 1) return places[0];
    const some = table.columns.slice(0, 20).map((column) => column.name);
    const got = places.length > 1 ? 'two such' : some.join(', ') || 'none';
    throw source.fault('not-found', `A table must have one column '${name}'; got ${got}`);
  };
  if (options.layout === 'triplets') return listOf(source, table, options, place);
  const { columns, rows } = table;
  const names = namesIn(table, options, place);
  const isText = ({ name, holds }: TableColumn) =>
    holds === 'texts' || (holds !== 'other' && table.index.includes(name));
  const texts = columns.flatMap((column, c) => (isText(column) && c !== names ? [c] : []));
  const wanted =
    options.columns?.map(place) ?? columns.flatMap((column, c) => (isText(column) || c === names ? [] : [c]));
  const odd = wanted.find((c) => columns[c].holds === 'texts' || columns[c].holds === 'other');
  if (odd !== undefined)
    throw source.fault(
      'unsupported',
      `A column of a matrix must be of numbers; got '${columns[odd].name}' of ${columns[odd].called}. Name those of numbers by columns`,
    );
  if (wanted.length === 0) throw source.fault('unsupported', 'A table must have a column of numbers; got none');

  const rowNames = names < 0 ? undefined : (await textsOf(source, table, [names]))[0];
  const told = await textsOf(source, table, texts);
  const labels = Object.fromEntries(texts.map((c, n) => [columns[c].name, told[n]]));
  const single = wanted.every((c) => columns[c].holds === 'f4');
  const room = (): Floats => {
    const count = rows * wanted.length;
    return single ? new Float32Array(count) : new Float64Array(count);
  };
  let data = table.certain ? room() : undefined;
  for (let from = 0; from < wanted.length; from += AT_A_TIME) {
    const now = wanted.slice(from, from + AT_A_TIME);
    let seen = 0;
    // What the file says of its rows is believed when so many were read: a small file may say much.
    const early: Parameters<TellValues>[] = [];
    const put: TellValues = (column, row, values) => {
      if (data === undefined) {
        early.push([column, row, values]);
        return;
      }
      const at = (from + now.indexOf(column)) * rows + row;
      for (let i = 0; i < values.length && row + i < rows; i++) data[at + i] = numberFrom(source, values[i]);
    };
    const tell: TellValues = (column, row, values) => {
      seen += values.length;
      put(column, row, values);
    };
    await table.read(now, tell);
    if (seen !== rows * now.length)
      throw source.fault('damaged', `A table must hold ${rows} values in each column; got ${seen} in ${now.length}`);
    data ??= room();
    for (const own of early) put(...own);
  }
  if (data === undefined) throw new Error('A table has a column'); // seen above
  return {
    matrix: Object.freeze({ kind: 'dense', rows, cols: wanted.length, data }),
    turned: false,
    rows: { names: rowNames, ...(texts.length === 0 ? {} : { labels }) },
    columns: { names: wanted.map((c) => columns[c].name) },
  };
}

/** A value as a number: NaN where it is missing. */
function numberFrom(source: Source, value: unknown): number {
  if (typeof value === 'bigint') return exactFloat(source, value);
  return value === null || value === undefined ? Number.NaN : Number(value);
}

function namesIn({ columns, index }: ColumnTable, { names }: TableOptions, place: (name: string) => number): number {
  if (names === false) return -1;
  if (names === true) return 0;
  if (names !== undefined) return place(names);
  const first = index.find((own) => columns.some(({ name }) => name === own));
  return first !== undefined ? place(first) : columns.findIndex(({ holds }) => holds === 'texts');
}

/** Columns as texts; what is missing is empty. */
async function textsOf(source: Source, table: ColumnTable, columns: readonly number[]): Promise<readonly string[][]> {
  const out = columns.map((): string[] => []);
  if (columns.length === 0) return out;
  await table.read(columns, (column, row, values) => {
    const own = out[columns.indexOf(column)];
    for (let i = 0; i < values.length; i++) own[row + i] = textFrom(values[i]);
  });
  for (const [n, own] of out.entries())
    if (own.length !== table.rows)
      throw source.fault(
        'damaged',
        `A table must hold ${table.rows} values in each column; got ${own.length} in '${table.columns[columns[n]].name}'`,
      );
  return out;
}

const textFrom = (value: unknown): string => (value === null || value === undefined ? '' : String(value));

async function listOf(
  source: Source,
  table: ColumnTable,
  { columns: names, unlisted }: TableOptions,
  place: (name: string) => number,
): Promise<Found> {
  const { columns, index } = table;
  // One index only counts the lines; two are the row and the column.
  const aside = index.length === 1 ? index : [];
  const wanted = names?.map(place) ?? columns.map((_, c) => c).filter((c) => !aside.includes(columns[c].name));
  if (wanted.length !== 3)
    throw source.fault(
      'invalid-option',
      `Triplets must have 3 columns, the row, the column and the value; got ${wanted.length}. Name them by columns`,
    );
  const [row, column, value] = wanted;
  for (const c of wanted) {
    const { holds, name, called } = columns[c];
    if (holds === 'other' || (c === value && holds === 'texts'))
      throw source.fault('unsupported', `Triplets must be of names and numbers; got '${name}' of ${called}`);
  }
  const [down, across] = await textsOf(source, table, [row, column]);
  const found = triplets(source);
  const values = new Float64Array(table.rows);
  await table.read([value], (_, from, own) => {
    for (let i = 0; i < own.length; i++) values[from + i] = numberFrom(source, own[i]);
  });
  for (const [p, x] of values.entries()) found.add(down[p], across[p], x);
  return found.found(unlisted);
}
