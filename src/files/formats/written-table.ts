import { type DenseData, type Floats, type Matrix, stridesOf, toDense } from '../../matrix.js';
import type { LineNames } from '../../matrix-input.js';

/** A column of a table as it is written: texts, numbers of 64 or 32 bits, or places. */
export interface WrittenColumn {
  readonly name: string;
  readonly data: readonly string[] | Floats | Int32Array;
}

/** Columns of one length, and what pandas reads its index by. */
export interface WrittenTable {
  readonly columns: readonly WrittenColumn[];
  readonly pandas: string | undefined;
}

/** The column that names the rows, as pandas calls an index without a name; none of the others is called so. */
function indexBeside(names: readonly string[]): string {
  let level = 0;
  while (names.includes(`__index_level_${level}__`)) level++;
  return `__index_level_${level}__`;
}

/** A matrix as a table: a column for each of its own, of its name or its number from 0, and one for the names of the rows. */
export function wideTable(matrix: Matrix, { rowNames, colNames }: LineNames): WrittenTable {
  const whole = matrix.kind === 'dense' ? matrix : toDense(matrix);
  const columns = Array.from({ length: whole.cols }, (_, j) => ({
    name: colNames?.[j] ?? String(j),
    data: columnOf(whole, j),
  }));
  if (rowNames === undefined) return { columns, pandas: undefined };
  const index = indexBeside(colNames ?? []);
  const described = { name: null, field_name: index, pandas_type: 'unicode', numpy_type: 'object', metadata: null };
  const about = { index_columns: [index], column_indexes: [], columns: [described], pandas_version: '2.0.0' };
  return { columns: [...columns, { name: index, data: rowNames }], pandas: JSON.stringify(about) };
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
export function longTable(matrix: Matrix, { rowNames, colNames }: LineNames): WrittenTable {
  const count = matrix.kind === 'csc' ? matrix.values.length : matrix.rows * matrix.cols;
  const [rows, columns, values] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  let p = 0;
  for (let j = 0; j < matrix.cols; j++) {
    const from = p;
    if (matrix.kind === 'csc') {
      const [first, end] = [matrix.indptr[j], matrix.indptr[j + 1]];
      rows.set(matrix.indices.subarray(first, end), p);
      values.set(matrix.values.subarray(first, end), p);
      p += end - first;
    } else {
      values.set(columnOf(matrix, j), p);
      for (let i = 0; i < matrix.rows; i++) rows[p++] = i;
    }
    columns.fill(j, from, p);
  }
  const named = (own: Int32Array, names: readonly string[] | undefined) =>
    names === undefined ? own : Array.from(own, (n) => names[n]);
  return {
    columns: [
      { name: 'row', data: named(rows, rowNames) },
      { name: 'column', data: named(columns, colNames) },
      { name: 'value', data: values },
    ],
    pandas: undefined,
  };
}
