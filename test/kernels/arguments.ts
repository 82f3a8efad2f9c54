import type { NmfArgs, SvdArgs } from '../../src/kernels/kernels.js';
import { type RowBlocks, totalRows } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

/** No penalties, no negative entries. */
export const PLAIN = { L1: 0, L2: 0, nonneg: true } as const;
export type NmfOptions = Partial<Omit<NmfArgs, 'X' | 'start'>> & { readonly seed?: number };

/** Arguments of an NMF call with a seeded start; options override. */
export function nmfArgs(X: RowBlocks, k: number, { seed = 1, ...options }: NmfOptions = {}): NmfArgs {
  const start = { W: uniform(totalRows(X), k, seed), H: uniform(k, X[0].cols, seed + 1) };
  return { X, start, W: PLAIN, H: PLAIN, maxIter: 200, tol: 1e-6, sweeps: 5, norm: 'L1', ...options };
}

export function svdArgs(X: RowBlocks, k: number, options: Partial<SvdArgs> = {}): SvdArgs {
  const m = totalRows(X);
  const block = Math.min(k + 8, m, X[0].cols);
  return { X, k, center: false, scale: false, start: uniform(m, block, 3), maxIter: 100, tol: 1e-10, ...options };
}
