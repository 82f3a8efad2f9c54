import { type ArrowData, loadArrow } from '../peers.js';
import { bytesAt, type Source } from '../source.js';
import { matrixOf, type TableColumn } from './columns.js';
import type { Found } from './found.js';
import { pandasIndex } from './parquet.js';
import type { TableOptions } from './table-options.js';

/** What every Arrow file begins with: Feather of version 2 is one. */
export const ARROW_MAGIC = new TextEncoder().encode('ARROW1\0\0');

/**
 * The matrix in an Arrow file (IPC, Feather 2) that isn't compressed: its columns of numbers.
 *
 * @throws IoError 'damaged', 'unsupported', 'not-found'
 * @throws MissingPeerError where the package that reads it isn't there.
 */
export async function readArrow(source: Source, options: TableOptions): Promise<Found> {
  const { tableFromIPC, DataType } = await loadArrow();
  const refused = (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    return /codec|compress/i.test(reason)
      ? source.fault(
          'unsupported',
          `An Arrow file must not be compressed; got one that is: ${reason}. Write it by compression='uncompressed', or as Parquet`,
          { cause: error },
        )
      : source.fault('damaged', `An Arrow file must be whole; got ${reason}`, { cause: error });
  };
  const bytes = await bytesAt(source, 0, source.size);
  const end = new TextDecoder('latin1').decode(bytes.subarray(-6));
  if (end !== 'ARROW1') throw refused(new Error('another end'));
  let table: ReturnType<typeof tableFromIPC>;
  try {
    table = tableFromIPC(bytes);
  } catch (error) {
    throw refused(error);
  }
  const columns = table.schema.fields.map(({ name, type }): TableColumn => {
    const own: unknown = DataType.isDictionary(type) ? type.dictionary : type;
    const called = String(type).toLowerCase();
    if (DataType.isFloat(own)) return { name, called, holds: own.precision < 2 ? 'f4' : 'f8' };
    if (DataType.isInt(own) || DataType.isBool(own)) return { name, called, holds: 'f8' };
    return { name, called, holds: DataType.isUtf8(own) || DataType.isLargeUtf8(own) ? 'texts' : 'other' };
  });
  return matrixOf(
    source,
    {
      columns,
      rows: table.numRows,
      index: pandasIndex(table.schema.metadata.get('pandas')),
      async read(wanted, tell) {
        try {
          for (const c of wanted) {
            let from = 0;
            for (const batch of table.batches) {
              const values = batch.getChildAt(c);
              if (values === null || !values.data.every(isWhole)) throw new Error('a column without its values');
              const plain =
                values.nullCount === 0 && !DataType.isDictionary(values.type) && DataType.isFloat(values.type);
              tell(c, from, plain && values.type.precision > 0 ? values.toArray() : Array.from(values));
              from += values.length;
            }
          }
        } catch (error) {
          throw refused(error);
        }
      },
    },
    options,
  );
}

/** Whether a column has the bytes of all that it says: the package looks no further. */
function isWhole({ length, type, values, valueOffsets, nullBitmap, nullCount, dictionary }: ArrowData): boolean {
  const bits = Math.ceil(length / 8);
  if (nullCount > 0 && nullBitmap.length < bits) return false;
  if (valueOffsets !== undefined) {
    const last = valueOffsets[length];
    if (last === undefined || Number(last) > values.length) return false;
    for (let i = 0; i < length; i++) if (valueOffsets[i] > valueOffsets[i + 1]) return false;
    return Number(valueOffsets[0]) >= 0;
  }
  if (values === undefined) return false;
  if (dictionary !== undefined && !dictionary.data.every(isWhole)) return false;
  return values.length >= (type.typeId === BOOL ? bits : length);
}

/** The type of truth values, a bit each. */
const BOOL = 6;
