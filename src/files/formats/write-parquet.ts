import { type DenseData, type Floats, type Matrix, stridesOf, toDense } from '../../matrix.js';
import type { LineNames } from '../../matrix-input.js';
import { type ColumnSource, loadParquetWriter } from '../peers.js';

/** The column that names the rows, as pandas calls an index without a name. */
const INDEX = '__index_level_0__';

/** A matrix as a Parquet file: a column for each of its own, of its name or its number from 0, and one for the names of the rows. */
export async function parquetTable(matrix: Matrix, { rowNames, colNames }: LineNames): Promise<Uint8Array> {
  const whole = matrix.kind === 'dense' ? matrix : toDense(matrix);
  const columns = Array.from({ length: whole.cols }, (_, j): ColumnSource => {
    const data = columnOf(whole, j);
    return { name: colNames?.[j] ?? String(j), data, type: data instanceof Float32Array ? 'FLOAT' : 'DOUBLE' };
  });
  const names = rowNames?.slice();
  const index: ColumnSource[] = names === undefined ? [] : [{ name: INDEX, data: names, type: 'STRING' }];
  // What pandas reads its index by.
  const described = { name: null, field_name: INDEX, pandas_type: 'unicode', numpy_type: 'object', metadata: null };
  const about = { index_columns: [INDEX], column_indexes: [], columns: [described], pandas_version: '2.0.0' };
  if (names === undefined) return written(columns);
  return written([...columns, ...index], about);
}

/** A column, as a view where its numbers lie together. */
function columnOf(matrix: DenseData, j: number): Floats {
  const { rows, data } = matrix;
  const [down, across] = stridesOf(matrix);
  if (down === 1) return data.subarray(j * across, j * across + rows);
  const out = data instanceof Float32Array ? new Float32Array(rows) : new Float64Array(rows);
  for (let i = 0; i < rows; i++) out[i] = data[i * down + j * across];
  return out;
}

/** A matrix as a list: row, column, value; of a sparse one what it lists. Without names lines count from 0. */
export async function parquetList(matrix: Matrix, { rowNames, colNames }: LineNames): Promise<Uint8Array> {
  const [rows, columns, values]: [number[], number[], number[]] = [[], [], []];
  for (let j = 0; j < matrix.cols; j++) {
    if (matrix.kind === 'csc')
      for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++) {
        rows.push(matrix.indices[p]);
        columns.push(j);
        values.push(matrix.values[p]);
      }
    else
      columnOf(matrix, j).forEach((x, i) => {
        rows.push(i);
        columns.push(j);
        values.push(x);
      });
  }
  const lines = (name: string, own: readonly number[], names: readonly string[] | undefined): ColumnSource =>
    names === undefined
      ? { name, data: Int32Array.from(own), type: 'INT32' }
      : { name, data: own.map((n) => names[n]), type: 'STRING' };
  return written([
    lines('row', rows, rowNames),
    lines('column', columns, colNames),
    { name: 'value', data: Float64Array.from(values), type: 'DOUBLE' },
  ]);
}

async function written(columnData: ColumnSource[], about?: object): Promise<Uint8Array> {
  const { parquetWriteBuffer } = await loadParquetWriter();
  const own = columnData.map((column) => ({ ...column, nullable: false }));
  const kvMetadata = about === undefined ? [] : [{ key: 'pandas', value: JSON.stringify(about) }];
  return new Uint8Array(parquetWriteBuffer({ columnData: own, kvMetadata, statistics: false }));
}
