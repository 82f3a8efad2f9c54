import { notNegative, reading, whole } from '../arguments/read.js';
import type { Matrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';

/** @throws GraphError with every fault of X. */
export function readSamples(at: string, X: MatrixInput, least: number): Matrix {
  const args = reading(at);
  const found = args.read('X', X);
  if (found !== undefined) {
    whole(args, 'X', found);
    notNegative(args, 'X', found);
    if (found.matrix.cols < least)
      args.refuse('X', `of at least ${least} samples (columns)`, String(found.matrix.cols));
  }
  return args.done(found).matrix;
}
