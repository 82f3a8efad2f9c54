import { type CscMatrix, type DenseMatrix, dense, type RowBlocks, toDense, totalRows } from '../../matrix.js';
import { eachPanel } from '../../streamed.js';
import type { Precision, StreamedData } from '../kernels.js';

/** A matrix as the reference reads it: 64 bits wide, dense ones column by column. */
export type Block = DenseMatrix | (CscMatrix & { readonly values: Float64Array });
export type Blocks = readonly Block[];

/** X that is walked through, a panel of columns at a time. */
export interface Walk {
  readonly rows: number;
  readonly cols: number;
  /** Calls with each panel and its first column, in order. */
  each(call: (X: Blocks, first: number) => Promise<void> | void): Promise<void>;
}

/** X whole, or panel by panel. */
export type Walked = Blocks | Walk;

export const rowsOf = (X: Walked): number => ('each' in X ? X.rows : totalRows(X));
export const colsOf = (X: Walked): number => ('each' in X ? X.cols : X[0].cols);

/** Calls with all of X, or with each panel of it in order. */
export async function eachPart(X: Walked, call: (X: Blocks, first: number) => Promise<void> | void): Promise<void> {
  if ('each' in X) await X.each(call);
  else await call(X, 0);
}

/** Streamed data as the reference walks through them. */
export function walkOf({ rows, cols, together, panel }: StreamedData, precision: Precision): Walk {
  return {
    rows,
    cols,
    each: (call) =>
      eachPanel({ cols, together }, { panel }, async (found, from) => call(blocksOf([found], precision), from)),
  };
}

/** Any row blocks in the one form that the reference reads, rounded to 32 bits where asked. */
export function blocksOf(X: RowBlocks, precision: Precision = 'f64'): Blocks {
  return X.map((matrix) => {
    if (matrix.kind === 'dense') return rounded(toDense(matrix), precision);
    return { ...matrix, values: round(Float64Array.from(matrix.values), precision) };
  });
}

export function rounded(matrix: DenseMatrix, precision: Precision): DenseMatrix {
  return dense(matrix.rows, matrix.cols, round(matrix.data, precision));
}

const round = (values: Float64Array, precision: Precision): Float64Array =>
  precision === 'f32' ? values.map(Math.fround) : values;
