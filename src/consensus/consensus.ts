import { type DenseMatrix, dense } from '../matrix.js';
import { finished, type Steps } from '../steps.js';

/**
 * How often samples are in one cluster: C_ij = share of the clusterings in which i and j have the same label, in [0, 1]
 * (Monti et al. 2003; Brunet et al. 2004). Samples that have no factor, −1, are a cluster of their own: they are alike.
 *
 * @param clusterings at least one, of n labels each; what a label is called doesn't count
 * @returns n × n, symmetric, 1 on the diagonal
 */
export const consensus = (clusterings: readonly ArrayLike<number>[]): DenseMatrix =>
  finished(consensusSteps(clusterings));

/** The same, a step for each sample. */
export function* consensusSteps(clusterings: readonly ArrayLike<number>[]): Steps<DenseMatrix> {
  const n = clusterings[0]?.length ?? 0;
  const C = dense(n, n);
  for (let j = 0; j < n; j++) {
    const column = C.data.subarray(j * n, (j + 1) * n);
    for (const labels of clusterings) {
      const own = labels[j];
      for (let i = 0; i < n; i++) if (labels[i] === own) column[i]++;
    }
    for (let i = 0; i < n; i++) column[i] /= clusterings.length;
    yield;
  }
  return C;
}
