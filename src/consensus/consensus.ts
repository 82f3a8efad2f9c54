import { type DenseMatrix, dense } from '../matrix.js';

/**
 * How often samples are in one cluster: C_ij = share of the clusterings in which i and j have the same label, in [0, 1]
 * (Monti et al. 2003; Brunet et al. 2004). Samples that have no factor, −1, are a cluster of their own: they are alike.
 *
 * @param clusterings at least one, of n labels each; what a label is called doesn't count
 * @returns n × n, symmetric, 1 on the diagonal
 */
export function consensus(clusterings: readonly ArrayLike<number>[]): DenseMatrix {
  const n = clusterings[0]?.length ?? 0;
  const C = dense(n, n);
  for (const labels of clusterings)
    for (let j = 0; j < n; j++) {
      const own = labels[j];
      for (let i = 0; i < j; i++) if (labels[i] === own) C.data[i + j * n]++;
    }
  for (let j = 0; j < n; j++) {
    C.data[j + j * n] = 1;
    for (let i = 0; i < j; i++) {
      const share = C.data[i + j * n] / clusterings.length;
      C.data[i + j * n] = share;
      C.data[j + i * n] = share;
    }
  }
  return C;
}
