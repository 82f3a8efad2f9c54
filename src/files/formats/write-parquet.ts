import { type ColumnSource, loadParquetWriter } from '../peers.js';
import type { WrittenColumn, WrittenTable } from './written-table.js';

/**
 * A table as a Parquet file.
 *
 * @throws MissingPeerError where the package that writes it isn't there.
 */
export async function parquetBytes({ columns, pandas }: WrittenTable): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await loadParquetWriter();
  const columnData = columns.map(columnSource);
  const kvMetadata = pandas === undefined ? [] : [{ key: 'pandas', value: pandas }];
  return new Uint8Array(parquetWriteBuffer({ columnData, kvMetadata, statistics: false }));
}

function columnSource({ name, data }: WrittenColumn): ColumnSource {
  const nullable = false;
  // A dictionary of values takes −0 for 0.
  const plain = data.some((value: unknown) => Object.is(value, -0)) ? { encoding: 'PLAIN' as const } : {};
  if (data instanceof Float64Array) return { name, data, nullable, type: 'DOUBLE', ...plain };
  if (data instanceof Float32Array) return { name, data, nullable, type: 'FLOAT', ...plain };
  if (data instanceof Int32Array) return { name, data, nullable, type: 'INT32' };
  return { name, data: data.slice(), nullable, type: 'STRING' };
}
