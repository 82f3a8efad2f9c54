import { type Matrix, stridesOf } from '../../matrix.js';
import { decimal, textParts } from './text-parts.js';

/** A matrix as Matrix Market text. */
export async function marketText(matrix: Matrix): Promise<readonly Uint8Array[]> {
  const { rows, cols } = matrix;
  const text = textParts();
  text.add(`%%MatrixMarket matrix ${matrix.kind === 'csc' ? 'coordinate' : 'array'} real general\n`);
  if (matrix.kind === 'csc') {
    const { indptr, indices, values } = matrix;
    text.add(`${rows} ${cols} ${values.length}\n`);
    for (let j = 0; j < cols; j++) {
      for (let p = indptr[j]; p < indptr[j + 1]; p++) text.add(`${indices[p] + 1} ${j + 1} ${decimal(values[p])}\n`);
      if (text.full) await text.rest();
    }
  } else {
    const [down, across] = stridesOf(matrix);
    text.add(`${rows} ${cols}\n`);
    for (let j = 0; j < cols; j++) {
      for (let i = 0; i < rows; i++) text.add(`${decimal(matrix.data[i * down + j * across])}\n`);
      if (text.full) await text.rest();
    }
  }
  return text.parts();
}
