import type { Read } from '../arguments/read.js';
import type { CallOptions, Kernels } from '../kernels/kernels.js';
import { column, type DenseMatrix, type Matrix, scaleColumns, scaleRows } from '../matrix.js';

/** Weights of the sum and of half the sum of squares, and the largest value allowed. */
export interface Terms {
  readonly L1: number;
  readonly L2: number;
  readonly upperBound: number | null;
}

export const NO_TERMS: Terms = { L1: 0, L2: 0, upperBound: null };

/** argmin over X ≥ 0 of ½‖A·X − B‖² and the terms, column by column, over what is known of B. */
export function solve(
  kernels: Kernels,
  { A, B, terms: { L1, L2, upperBound } }: { readonly A: DenseMatrix; readonly B: Matrix; readonly terms: Terms },
  options: CallOptions,
): Promise<DenseMatrix> {
  const each = (value: number) => new Float64Array(A.cols).fill(value);
  const penalties = { ridge: each(L2), linear: each(L1), coupling: null };
  return kernels.encode({ X: [B], W: A, ...penalties, nonneg: true, upperBound }, options);
}

/** ‖B − A·X‖, the root of the sum of squares over what is known of B. */
export async function residualOf(
  kernels: Kernels,
  { matrix: B, facts }: Read,
  { A, X }: { readonly A: DenseMatrix; readonly X: DenseMatrix },
  options: CallOptions,
): Promise<number> {
  const known = B.rows * B.cols - facts.missing;
  // Columns of length 1: else the squares of what is large here and small there may leave the range of numbers.
  const lengths = Float64Array.from({ length: A.cols }, (_, r) => lengthOf(column(A, r)) || 1);
  const [W, H] = [scaleColumns(A, lengths.map((x) => 1 / x)), scaleRows(X, lengths)]; // biome-ignore format: one thought
  return Math.sqrt(known * (await kernels.mse({ X: [B], W, H }, options)));
}

/** Without squares that leave the range of numbers. */
function lengthOf(x: Float64Array): number {
  const largest = x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest === 0 ? 0 : largest * Math.sqrt(x.reduce((sum, value) => sum + (value / largest) ** 2, 0));
}
