import type { CallOptions, Kernels } from '../kernels/kernels.js';
import type { DenseMatrix, Matrix } from '../matrix.js';
import type { Read } from './read.js';

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
  return Math.sqrt(known * (await kernels.mse({ X: [B], W: A, H: X }, options)));
}
