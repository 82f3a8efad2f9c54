import { isGzip, isModest, unpacked, unpackedSize } from '../../gunzip.js';
import { LEFT_OUT, type ListedRows, NAMES_ROW, type NativeText, nativeText } from '../../native-text.js';
import { bytesAt, firstBytes, type Source } from '../../source.js';
import { numberOf } from '../decimal.js';
import { enlarged, exactly } from '../entries.js';
import type { Found } from '../found.js';
import type { TextTableOptions } from '../table-options.js';
import { triplets } from '../triplets.js';
import { delimiterOf } from './dialect.js';
import { type Field, type Fields, fields, NUMBER, SKIPPED, TEXT, type Told } from './fields.js';
import { headOf } from './head.js';

export const MISSING = ['', 'NA', 'NaN', 'nan', 'N/A', 'null'];

/**
 * The matrix in a table that is text (CSV, TSV, blanks between numbers; .gz): quotes as RFC 4180 has them, ends of lines of Unix or
 * Windows, UTF-8.
 *
 * @throws IoError 'damaged' with the line, 'not-found' for a column.
 */
export async function readCsv(source: Source, options: TextTableOptions): Promise<Found> {
  const own = await opened(source, options);
  const { table, header, compressed, least } = own;
  const { plan, records } = table;
  const size = sizeOf(source, compressed, least, async () => lookThrough(await opened(source, options)));
  if (options.layout === 'triplets') return readTriplets(source, own, size, options.unlisted);
  const { data, count, names } = await readRows(own, size);
  await records.close();
  const cols = plan.columns.length;
  return {
    matrix: Object.freeze({
      kind: 'dense',
      rows: count,
      cols,
      order: 'rows',
      data: exactly(data, count * cols, Float64Array),
    }),
    turned: false,
    rows: plan.names >= 0 ? { names } : undefined,
    columns: header === undefined ? undefined : { names: plan.columns.map((c) => header[c]) },
  };
}

/** A table of which as much was read as says what it is. */
interface Opened {
  readonly table: Table;
  readonly header: readonly string[] | undefined;
  readonly compressed: boolean;
  /** Bytes of its text that are there for sure. */
  readonly least: number;
  /** What reads its rows: where one declines, the next. */
  readonly readers: readonly RowReader[];
}

async function opened(source: Source, options: TextTableOptions): Promise<Opened> {
  const compressed = isGzip(await firstBytes(source, 2));
  const text = await begun(source, unpacked(source, compressed));
  const delimiter = options.delimiter?.charCodeAt(0) ?? delimiterOf(text.sample);
  const missing = new Set(options.missing ?? MISSING);
  const records = fields(text.pieces, source, { delimiter, missing });
  const fault = (rule: string, line = records.line) => source.fault('damaged', rule, { line });

  const first = await records.next();
  if (first === undefined) throw fault('A table must have a line of numbers; got none', 1);
  const [firstLine, second] = [records.line, await records.next()];
  const { header, named } = headOf(first, second, options, missing, (rule) => fault(rule, firstLine));
  const rows = [
    ...(header === undefined ? [{ line: firstLine, row: first }] : []),
    ...(second === undefined ? [] : [{ line: records.line, row: second }]),
  ];
  if (rows.length === 0) throw fault('A table must have a line of numbers; got none but that of names');
  const width = rows[0].row.length;
  for (const own of [header ?? first, ...rows.map(({ row }) => row)])
    if (own.length !== width) throw fault(`A line must have ${width} fields, as the one before; got ${own.length}`);

  const plan = columnsOf(source, header, width, named, options);
  const table = { records, rows, plan };
  const from = text.marked + records.consumed;
  // Where numbers stand for missing ones each is compared with them.
  const coded = [...missing].some((word) => !Number.isNaN(numberOf(word) ?? Number.NaN));
  const native = coded || options.layout === 'triplets' ? null : nativeText(source, compressed, from);
  const plain = native === null ? [] : [plainRows(native, table, { delimiter, missing: [...missing] }, from)];
  const least = text.sample.length;
  return { table, header, compressed, least, readers: [...plain, definedRows(table)] };
}

/**
 * All of a table, row by row, and nothing of it kept: what damaged ones are refused by, before there is room for what whole ones hold.
 *
 * @returns bytes of its text
 * @throws IoError 'damaged' with the line.
 */
async function lookThrough({ table, readers }: Opened): Promise<number> {
  const cols = table.plan.columns.length;
  const data = new Float64Array(Math.max(table.rows.length, Math.ceil(AT_FIRST / cols)) * cols);
  for (const reader of readers) {
    let stopped: Awaited<ReturnType<RowReader['read']>>;
    do stopped = await reader.read({ data, count: 0, names: [] });
    while (stopped === 'full');
    if (stopped === 'declined') continue;
    await table.records.close();
    return reader.consumed;
  }
  throw new Error('the last reader declines nothing');
}

/**
 * The first piece of a text, and all of it, without the mark at its beginning, which has so many bytes (`marked`).
 *
 * @throws IoError 'damaged' for UTF-16, and for what is no text.
 */
export async function begun(source: Source, all: AsyncIterable<Uint8Array>) {
  const reader = all[Symbol.asyncIterator]();
  const { value, done } = await reader.next();
  const first = done ? new Uint8Array(0) : Uint8Array.from(value);
  const wide = (first[0] === 0xff && first[1] === 0xfe) || (first[0] === 0xfe && first[1] === 0xff);
  if (wide || first.includes(0)) {
    const got = wide ? 'UTF-16. Convert it: iconv -f utf-16 -t utf-8' : 'bytes that are no text';
    throw source.fault('damaged', `A table of text must be UTF-8; got ${got}`, { line: 1 });
  }
  const marked = first[0] === 0xef && first[1] === 0xbb && first[2] === 0xbf;
  const sample = marked ? first.subarray(3) : first;
  async function* pieces() {
    yield sample;
    yield* { [Symbol.asyncIterator]: () => reader };
  }
  return { sample, marked: first.length - sample.length, pieces: pieces() };
}

/** How many bytes a text has, about, if something of `bytes` bytes is to be made of it; `wrong`: it was told too little before. */
type TextSize = (bytes: (size: number) => number, wrong?: boolean) => Promise<number>;

/**
 * What gzip says at its end may be wrong, and a plain text may end in rubbish: believed where little is made of it, else all is looked at,
 * of a compressed text its bytes, whose sums tell what is damaged, of another the table.
 */
function sizeOf(source: Source, compressed: boolean, least: number, look: () => Promise<number>): TextSize {
  let sure: number | undefined;
  const likely = async () => {
    if (!compressed) return source.size;
    const said = new DataView((await bytesAt(source, Math.max(0, source.size - 4), 4)).buffer).getUint32(0, true);
    return Math.max(least, Math.min(said, MOST_DENSE * source.size));
  };
  return async (bytes, wrong = false) => {
    if (sure !== undefined) return sure;
    const size = await likely();
    if (!(compressed && wrong) && isModest(source, bytes(size))) return size;
    sure = compressed ? await unpackedSize(source) : await look();
    return sure;
  };
}

/** A text is seldom packed more densely. */
const MOST_DENSE = 20;

/** What is read of a table. */
interface Plan {
  /** What becomes of the fields of each column. */
  readonly kinds: Uint8Array;
  /** The columns that are read, in this order. */
  readonly columns: readonly number[];
  /** The column of the names; −1: none. */
  readonly names: number;
}

function columnsOf(
  source: Source,
  header: readonly string[] | undefined,
  width: number,
  named: boolean,
  { columns, names, layout }: TextTableOptions,
): Plan {
  const place = (name: string): number => {
    const at = header?.indexOf(name) ?? -1;
    if (at >= 0 && header?.indexOf(name, at + 1) === -1) return at;
    const got = header === undefined ? 'a table without names' : at >= 0 ? 'two such' : show(header);
    throw source.fault('not-found', `A table must have one column '${name}'; got ${got}`, { line: 1 });
  };
  const own = typeof names === 'string' ? place(names) : named ? 0 : -1;
  const kinds = new Uint8Array(width).fill(SKIPPED);
  const wanted = columns?.map(place) ?? Array.from({ length: width }, (_, c) => c).filter((c) => c !== own);
  if (layout === 'triplets') {
    if (wanted.length !== 3)
      throw source.fault(
        'invalid-option',
        `Triplets must have 3 columns, the row, the column and the value; got ${wanted.length}. Name them by columns`,
      );
    for (const [n, c] of wanted.entries()) kinds[c] = n === 2 ? NUMBER : TEXT;
    return { kinds, columns: wanted, names: -1 };
  }
  if (wanted.length === 0)
    throw source.fault('damaged', 'A table must have a column of numbers; got none', { line: 1 });
  if (own >= 0) kinds[own] = TEXT;
  for (const c of wanted) {
    if (c === own)
      throw source.fault('invalid-option', `columns must be of numbers; got '${header?.[c]}', which names the rows`);
    kinds[c] = NUMBER;
  }
  return { kinds, columns: wanted, names: own };
}

const show = (names: readonly string[]): string => {
  const some = names.slice(0, 20).join(', ');
  return names.length > 20 ? `${some} and ${names.length - 20} more` : some;
};

/** A table whose first rows were read as texts. */
interface Table {
  readonly records: Fields;
  readonly rows: readonly { readonly line: number; readonly row: readonly Field[] }[];
  readonly plan: Plan;
}

/** The same is told of rows that were read as texts. */
function tell({ records, rows, plan: { kinds } }: Table, told: Told): void {
  for (const { line, row } of rows) {
    for (const [c, { text, quoted }] of row.entries())
      if (kinds[c] === NUMBER) told.number(c, records.numberIn(text, c, line));
      else if (kinds[c] === TEXT) told.text(c, text, quoted);
    told.end();
  }
}

/** Rows that room is made for at first, for so many numbers. */
const AT_FIRST = 1 << 16;
/** Triplets that are read at a time. */
const AT_A_TIME = 1 << 16;
/** Bytes that the name of a row takes, and a triplet with two names of its own, about. */
const [NAMED, LISTED] = [64, 256];

/** Where rows are read to, one after the other, and the names of those that have some. */
interface Rows {
  data: Float64Array;
  /** How many are there. */
  count: number;
  readonly names: string[];
}

/** What reads rows. */
interface RowReader {
  /** Bytes of the text that were read. */
  readonly consumed: number;
  /** Reads as many rows as there is room for; 'declined' where others must read them. */
  read(rows: Rows): Promise<'full' | 'done' | 'declined'>;
}

/** The rest of a table by its definition. */
function definedRows({ records, plan }: Table): RowReader {
  const cols = plan.columns.length;
  const tellTo = writer(plan);
  return {
    get consumed() {
      return records.consumed;
    },
    async read(rows) {
      const left = await records.read(plan.kinds, rows.data.length / cols - rows.count, tellTo(rows));
      return left === 0 ? 'full' : 'done';
    },
  };
}

/** The same by Rust. */
function plainRows(
  text: NativeText,
  { plan }: Table,
  written: Omit<ListedRows, 'places' | 'cols'>,
  from: number,
): RowReader {
  const places = Array.from(plan.kinds, (kind, c) =>
    kind === NUMBER ? plan.columns.indexOf(c) : kind === TEXT ? NAMES_ROW : LEFT_OUT,
  );
  let consumed = from;
  return {
    get consumed() {
      return consumed;
    },
    async read(rows) {
      const listed = { ...written, places, cols: plan.columns.length };
      const told = await text.rows(listed, rows.data, rows.count);
      rows.count = told.filled;
      for (const name of told.names) rows.names.push(name);
      consumed = told.consumed;
      return told.stopped;
    },
  };
}

/** What is told of a row is written behind those that are there. */
function writer({ columns, kinds }: Plan): (rows: Rows) => Told {
  const places = new Uint32Array(kinds.length);
  for (const [j, c] of columns.entries()) places[c] = j;
  return (rows) => {
    const { data, names } = rows;
    let base = rows.count * columns.length;
    return {
      number(c, value) {
        data[base + places[c]] = value;
      },
      text: (_, name) => names.push(name),
      end() {
        rows.count++;
        base += columns.length;
      },
    };
  };
}

async function readRows({ table, readers }: Opened, size: TextSize): Promise<Rows> {
  const { columns, names } = table.plan;
  const cols = columns.length;
  const perRow = 8 * cols + (names >= 0 ? NAMED : 0);
  const tellTo = writer(table.plan);
  let data = new Float64Array(Math.max(table.rows.length, Math.ceil(AT_FIRST / cols)) * cols);
  for (const reader of readers) {
    const rows: Rows = { data, count: 0, names: [] };
    tell(table, tellTo(rows));
    const [before, start] = [rows.count, reader.consumed];
    let grown = false;
    let stopped = await reader.read(rows);
    for (; stopped === 'full'; stopped = await reader.read(rows)) {
      // As many as the rest of the text has room for, if it goes on like this: one array that is not filled is better than two.
      const perByte = Math.max(1, rows.count - before) / Math.max(1, reader.consumed - start);
      const roomIn = (own: number): number => {
        const likely = rows.count + Math.ceil(1.02 * perByte * Math.max(0, own - reader.consumed));
        return Math.max(likely, Math.ceil(1.1 * rows.count)) + 16;
      };
      // What has more rows than was likely said too little of its size.
      const room = roomIn(await size((own) => perRow * (rows.count + roomIn(own)), grown));
      grown = true;
      data = enlarged(data, room * cols, Float64Array);
      rows.data = data;
    }
    if (stopped === 'done') return rows;
  }
  throw new Error('the last reader declines nothing');
}

async function readTriplets(
  source: Source,
  { table, compressed }: Opened,
  size: TextSize,
  unlisted: 'zero' | 'missing' | undefined,
): Promise<Found> {
  const { kinds, columns } = table.plan;
  const found = triplets(source);
  const [row, column] = columns;
  const own = ['', ''];
  let value = 0;
  const told: Told = {
    number(_, x) {
      value = x;
    },
    text(c, name) {
      if (c === row) own[0] = name;
      if (c === column) own[1] = name;
    },
    end: () => found.add(own[0], own[1], value),
  };
  tell(table, told);
  for (let read = 0; (await table.records.read(kinds, AT_A_TIME, told)) === 0; ) {
    read += AT_A_TIME;
    // What is listed twice is told at once, and names are as long as in the text.
    if (compressed) await size(() => LISTED * (read + AT_A_TIME));
  }
  return found.found(unlisted);
}
