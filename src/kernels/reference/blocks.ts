import { type CscMatrix, type DenseMatrix, dense, type RowBlocks, toDense } from '../../matrix.js';
import type { Precision } from '../kernels.js';

/** A matrix as the reference reads it: 64 bits wide, dense ones column by column. */
export type Block = DenseMatrix | (CscMatrix & { readonly values: Float64Array });
export type Blocks = readonly Block[];

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
