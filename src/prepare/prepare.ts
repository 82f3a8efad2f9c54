import { type Names, namesOf } from '../arguments/names.js';
import { notNegative, reading } from '../arguments/read.js';
import { type CscMatrix, type DenseMatrix, type Matrix, named } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';

/** Sparse data stay sparse, everything else becomes a dense matrix. */
export type Prepared<X extends MatrixInput> = X extends { readonly kind: 'csc' } ? CscMatrix : DenseMatrix;

/** Whether numbers are counts, or may have any sign. */
type Sign = 'counts' | 'any';

interface Given {
  readonly matrix: Matrix;
  readonly names: Names;
}

/** @throws GraphError with every fault of X. */
function given(at: string, X: MatrixInput, sign: Sign): Given {
  const args = reading(at);
  const found = args.read('X', X);
  if (found !== undefined) {
    if (sign === 'counts') notNegative(args, 'X', found);
    if (found.facts.missing === found.matrix.rows * found.matrix.cols)
      args.refuse('X', 'a matrix with an entry that is known', 'none');
  }
  const names = found === undefined ? {} : namesOf(args, 'X', X, found.matrix);
  return { matrix: args.done(found).matrix, names };
}

/** Reads X, changes the numbers that it keeps, and gives it its names back. */
export function prepare<X extends MatrixInput>(
  at: string,
  X: X,
  sign: Sign,
  change: (matrix: Matrix) => DenseMatrix | CscMatrix,
): Prepared<X> {
  const { matrix, names } = given(at, X, sign);
  const made = change(matrix);
  // Its kind is that of X, which is what the type says.
  return (made.kind === 'dense' ? named(made, names) : made) as Prepared<X>;
}
