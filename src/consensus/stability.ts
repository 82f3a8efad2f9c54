import { assign } from '../assignment.js';
import type { DenseMatrix } from '../matrix.js';

/**
 * How alike the factors of several fits are: for each pair of fits the columns of W are matched, so that their cosines add up to
 * most (those below 0 count 0), and the mean of these is taken; then the mean over all pairs. From 0 to 1: every fit has the
 * same factors. A factor of zeros is like no other, another of zeros too: a rank at which factors die is not stable.
 *
 * @param fits at least two, each a W, m × k
 */
export function stability(fits: readonly DenseMatrix[]): number {
  const all = fits.map(withUnitColumns);
  let [sum, pairs] = [0, 0];
  for (let b = 1; b < all.length; b++)
    for (let a = 0; a < b; a++) {
      sum += likeness(all[a], all[b]);
      pairs++;
    }
  return sum / pairs;
}

function likeness(A: DenseMatrix, B: DenseMatrix): number {
  const { rows: m, cols: k } = A;
  const cosines = Array.from({ length: k }, (_, r) =>
    Float64Array.from({ length: k }, (__, s) => {
      let sum = 0;
      for (let i = 0; i < m; i++) sum += A.data[i + r * m] * B.data[i + s * m];
      return Math.min(1, Math.max(0, sum));
    }),
  );
  return assign(cosines).reduce((sum, s, r) => sum + cosines[r][s], 0) / k;
}

/** Columns of length 1, but for those of zeros; whatever the size of their numbers. */
function withUnitColumns({ rows: m, cols: k, data }: DenseMatrix): DenseMatrix {
  const out = data.slice();
  for (let r = 0; r < k; r++) {
    const own = out.subarray(r * m, (r + 1) * m);
    const largest = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (largest === 0) continue;
    const length = largest * Math.sqrt(own.reduce((sum, x) => sum + (x / largest) ** 2, 0));
    for (let i = 0; i < m; i++) own[i] /= length;
  }
  return { kind: 'dense', rows: m, cols: k, data: out };
}
