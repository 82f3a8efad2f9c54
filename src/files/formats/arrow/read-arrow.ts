import type { Source } from '../../source.js';
import { byPieces, firstBytes } from '../../source.js';
import { matrixOf, type TableColumn } from '../columns.js';
import type { Found } from '../found.js';
import { pandasIndex } from '../parquet.js';
import type { TableOptions } from '../table-options.js';
import { arrowFile } from './batches.js';
import type { ArrowField } from './schema.js';
import { holdsAll, valuesIn } from './values.js';

/** What a file of the first version of Feather begins with. */
export const FEATHER_1 = new TextEncoder().encode('FEA1');

/**
 * The matrix in an Arrow file (IPC; Feather 2), or in a stream of Arrow messages, plain or packed: its columns of numbers.
 *
 * @throws IoError 'damaged', 'unsupported', 'not-found'
 * @throws MissingPeerError for one that is packed by ZSTD, where the package that unpacks it isn't there.
 * @see https://arrow.apache.org/docs/format/Columnar.html
 */
export async function readArrow(source: Source, options: TableOptions): Promise<Found> {
  const first = await firstBytes(source, 4);
  if (FEATHER_1.every((byte, i) => first[i] === byte))
    throw source.fault('unsupported', 'A Feather file must be of version 2; got version 1');
  const whole = async <T>(read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      // What leads out of the bytes.
      if (!(error instanceof RangeError)) throw error;
      throw source.fault('damaged', `An Arrow file must be whole; got ${error.message}`, { cause: error });
    }
  };
  const file = await whole(() => arrowFile(source));
  const { schema, batches } = file;
  const values = valuesIn(byPieces(source), file);
  return matrixOf(
    source,
    {
      columns: schema.fields.map(columnOf),
      rows: batches.reduce((sum, batch) => sum + batch.rows, 0),
      index: pandasIndex(schema.metadata.get('pandas')),
      certain: batches.every((batch) => holdsAll(schema.fields, batch)),
      async read(wanted, tell) {
        let from = 0;
        for (const batch of batches) {
          for (const c of wanted) tell(c, from, await whole(() => values(c, batch)));
          from += batch.rows;
        }
      },
    },
    options,
  );
}

function columnOf({ name, lying, called, dictionary }: ArrowField): TableColumn {
  const word = dictionary === undefined ? called : `dictionary of ${called}`;
  if (lying.as === 'other') return { name, holds: 'other', called: word };
  if (lying.as === 'texts' || lying.as === 'views') return { name, holds: 'texts', called: word };
  const single = lying.as === 'numbers' && (lying.type === 'f4' || lying.type === 'f2');
  return { name, holds: single ? 'f4' : 'f8', called: word };
}
