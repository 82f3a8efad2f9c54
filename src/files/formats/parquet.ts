import {
  type ColumnData,
  type ColumnMetaData,
  type Compressors,
  type FileMetaData,
  loadCompressors,
  loadParquet,
  type RowGroup,
  type SchemaElement,
  type SchemaTree,
} from '../peers.js';
import { bytesAt, type Source, viewAt } from '../source.js';
import { matrixOf, type TableColumn } from './columns.js';
import type { Found } from './found.js';
import type { TableOptions } from './table-options.js';
import { thriftStruct } from './thrift.js';

/** What every Parquet file begins and ends with. */
export const PARQUET_MAGIC = new TextEncoder().encode('PAR1');

/**
 * The matrix in a Parquet file: its columns of numbers, of whatever compression.
 *
 * @throws IoError 'damaged', 'unsupported', 'not-found'
 * @throws MissingPeerError where the packages that read it aren't there.
 */
export async function readParquet(source: Source, options: TableOptions): Promise<Found> {
  const [parquet, compressors] = [await loadParquet(), bounded(await loadCompressors())];
  const file = {
    byteLength: source.size,
    slice: async (start: number, end = source.size) => {
      const own = whole(source, start, end - start, source.size);
      const bytes = await bytesAt(source, start, own);
      return bytes.buffer as ArrayBuffer; // bytesAt makes it
    },
  };
  const damaged = (error: unknown) => {
    if (error instanceof Error && error.name === 'IoError') return error;
    const reason = error instanceof Error ? error.message : String(error);
    return source.fault('damaged', `A Parquet file must be whole; got ${reason}`, { cause: error });
  };
  let metadata: FileMetaData;
  let tree: SchemaTree;
  try {
    await checkEnd(source);
    metadata = await parquet.parquetMetadataAsync(file);
    checkGroups(source, metadata);
    tree = parquet.parquetSchema(metadata);
  } catch (error) {
    throw damaged(error);
  }
  const columns = tree.children.map(({ element, children }) => columnOf(element, children.length > 0));
  const places = new Map(columns.map(({ name }, c) => [name, c]));
  if (places.size < columns.length)
    throw source.fault('unsupported', 'A table must have columns of different names; got one twice');
  return matrixOf(
    source,
    {
      columns,
      rows: Number(metadata.num_rows),
      index: indexOf(metadata),
      certain: false,
      async read(wanted, tell) {
        const onChunk = ({ columnName, columnData, rowStart }: ColumnData) =>
          tell(places.get(columnName) ?? -1, rowStart, columnData);
        const names = new Set(wanted.map((c) => columns[c].name));
        try {
          for (const group of metadata.row_groups)
            for (const { meta_data: about } of group.columns)
              if (about !== undefined && names.has(about.path_in_schema[0])) await checkPages(source, group, about);
          await parquet.parquetRead({
            ...{ file, metadata, compressors, onChunk, parsers },
            columns: wanted.map((c) => columns[c].name),
          });
        } catch (error) {
          throw damaged(error);
        }
      },
    },
    options,
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Texts are UTF-8, or the file is damaged. */
const parsers = { stringFromBytes: (bytes: Uint8Array | undefined) => bytes && UTF8.decode(bytes) };

/** A length that the file has room for. */
function whole(source: Source, start: number, length: number, size: number): number {
  if (start >= 0 && length >= 0 && start + length <= size) return length;
  throw source.fault('damaged', `A Parquet file must hold what it says; got ${length} bytes at ${start}`, {
    offset: Math.max(0, start),
  });
}

/** What a page may unpack to without being dense, and how densely it may be packed. */
const [SMALL, DENSEST] = [1 << 24, 1032];

/** Unpacks only what is plausible: a page says itself how large it is. */
function bounded(compressors: Compressors): Compressors {
  const own = Object.entries(compressors).map(([codec, unpack]) => [
    codec,
    (input: Uint8Array, length: number) => {
      if (length <= Math.max(SMALL, DENSEST * input.length)) return unpack(input, length);
      throw new RangeError(`${length} bytes packed into ${input.length}`);
    },
  ]);
  return Object.fromEntries(own);
}

/** What stands at the end is whole: whoever reads it makes room for lists of whatever length it says. */
async function checkEnd(source: Source): Promise<void> {
  if (source.size < 12) throw new Error('its end');
  const ending = await viewAt(source, source.size - 8, 8);
  const length = ending.getUint32(0, true);
  const start = source.size - 8 - length;
  if (start < 4) throw new Error(`an end of ${length} bytes`);
  thriftStruct(await bytesAt(source, start, length), 0);
}

/** Bytes of a page of numbers beside these, and of each with what is said of it. */
const [PAGE, NUMBER] = [4096, 16];
/** Where headers of pages say what they are of: their type, their size unpacked and packed, and what is in them. */
const [TYPE, UNPACKED, PACKED] = [1, 2, 3];
const VALUES_IN: ReadonlyMap<number | undefined, number> = new Map([[0, 5], [2, 7], [3, 8]]); // biome-ignore format: a table
const DICTIONARY = 2;

/** The pages of a column hold as many values as its rows, before any room is made for them. */
async function checkPages(source: Source, { num_rows: rows }: RowGroup, about: ColumnMetaData): Promise<void> {
  const start = Number(about.dictionary_page_offset || about.data_page_offset);
  const length = whole(source, start, Number(about.total_compressed_size), source.size);
  const bytes = await bytesAt(source, start, length);
  const numbers = about.type !== 'BYTE_ARRAY' && about.type !== 'FIXED_LEN_BYTE_ARRAY';
  let count = 0;
  const demand = (holds: boolean, got: string, at: number) => {
    if (!holds)
      throw source.fault('damaged', `A Parquet file must hold in its pages what it says; got ${got}`, { offset: start + at }); // biome-ignore format: one thought
  };
  for (let at = 0; at < length - 1 && count < rows; ) {
    const { numbers: head, structs, end } = thriftStruct(bytes, at);
    const [type, unpacked, packed] = [TYPE, UNPACKED, PACKED].map((id) => head.get(id) ?? -1);
    demand(unpacked >= 0 && packed >= 0 && end + packed <= length, `a page of ${packed} bytes`, at);
    const values = structs.get(VALUES_IN.get(type) ?? 0)?.numbers.get(1) ?? 0;
    if (type === DICTIONARY)
      demand(values >= 0 && values <= unpacked, `${values} texts or numbers in ${unpacked} bytes`, at); // biome-ignore format: one thought
    else {
      count += values;
      demand(values >= 0 && count <= rows, `${count} values in ${rows} rows`, at);
      demand(!numbers || unpacked <= PAGE + NUMBER * values, `${unpacked} bytes of ${values} numbers`, at);
    }
    at = end + packed;
  }
  demand(
    count === Number(rows) && about.num_values === rows,
    `${count} of ${about.num_values} values in ${rows} rows`,
    0,
  );
}

/** Values of a row group and the chunks of its columns: as many as it has rows, within the file. */
function checkGroups(source: Source, { num_rows, row_groups }: FileMetaData): void {
  const rows = row_groups.reduce((sum, group) => sum + group.num_rows, 0n);
  if (rows !== num_rows || rows < 0n || rows >= 2n ** 32n)
    throw source.fault(
      'damaged',
      `A Parquet file must hold its rows, fewer than 2³²; got ${num_rows} and groups of ${rows}`,
    );
  for (const { columns } of row_groups)
    for (const { meta_data: about } of columns)
      if (about !== undefined)
        whole(source, Number(about.data_page_offset), Number(about.total_compressed_size), source.size);
}

const DATES = /^(DATE|TIME|INTERVAL|JSON|BSON|UUID|GEO|VARIANT)/;

function columnOf(
  { name, type, converted_type: own, logical_type: logical }: SchemaElement,
  nested: boolean,
): TableColumn {
  const kind = logical?.type ?? own ?? type ?? 'nothing';
  const called = nested ? 'several fields' : kind.toLowerCase();
  const numbers = ['BOOLEAN', 'INT32', 'INT64', 'FLOAT', 'DOUBLE'].includes(type ?? '');
  const counted = kind === 'DECIMAL' || kind === 'FLOAT16';
  const holds = ((): TableColumn['holds'] => {
    if (nested || DATES.test(kind)) return 'other';
    if (numbers || counted) return type === 'FLOAT' || kind === 'FLOAT16' ? 'f4' : 'f8';
    return type === 'BYTE_ARRAY' ? 'texts' : 'other';
  })();
  return { name, holds, called };
}

/** The columns that pandas keeps its index in. */
function indexOf({ key_value_metadata: words = [] }: FileMetaData): readonly string[] {
  const text = words.find(({ key }) => key === 'pandas')?.value;
  return pandasIndex(text);
}

/** The names of the columns of an index, in what pandas says of a table; none of one that is counted. */
export function pandasIndex(text: string | undefined): readonly string[] {
  try {
    const columns: unknown = JSON.parse(text ?? '{}')?.index_columns;
    return Array.isArray(columns) ? columns.filter((name): name is string => typeof name === 'string') : [];
  } catch {
    // It is nobody's duty to say this well; the table is whole without it.
    return [];
  }
}
