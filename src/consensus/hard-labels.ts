import type { DenseMatrix } from '../matrix.js';

/** The label of a sample in which no factor is present. */
export const NONE = -1;

/**
 * The factor that each sample has most of: argmax_r d_r·H_rj, the first among equals; −1 where none is above 0, as in a sample
 * of zeros. (Brunet, Tamayo, Golub & Mesirov 2004, on a scale that factors have in common.)
 *
 * @param H k × n; d: k numbers
 * @returns n labels, from −1 to k − 1
 */
export function hardLabels(H: DenseMatrix, d: ArrayLike<number>): Int32Array {
  const { rows: k, cols: n, data } = H;
  const labels = new Int32Array(n).fill(NONE);
  for (let j = 0; j < n; j++) {
    let most = 0;
    for (let r = 0; r < k; r++) {
      const amount = d[r] * data[r + j * k];
      if (amount <= most) continue;
      most = amount;
      labels[j] = r;
    }
  }
  return labels;
}
