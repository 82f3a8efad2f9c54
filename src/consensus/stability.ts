import { assign } from '../assignment.js';
import { type DenseMatrix, toRows } from '../matrix.js';
import { similarities } from '../similarity.js';

/**
 * How alike the factors of several fits are: for each pair of fits the columns of W are matched, so that their cosines add up to
 * most (those below 0 count 0), and the mean of these is taken; then the mean over all pairs. From 0 to 1: every fit has the
 * same factors. A factor of zeros is like no other, another of zeros too: a rank at which factors die is not stable.
 *
 * @param fits at least two, each a W, m × k
 */
export function stability(fits: readonly DenseMatrix[]): number {
  let [sum, pairs] = [0, 0];
  for (let b = 1; b < fits.length; b++)
    for (let a = 0; a < b; a++) {
      sum += likeness(fits[a], fits[b]);
      pairs++;
    }
  return sum / pairs;
}

function likeness(A: DenseMatrix, B: DenseMatrix): number {
  const cosines = toRows(similarities(A, B, 'cosine')).map((own) => own.map((x) => Math.max(0, x)));
  return assign(cosines).reduce((sum, s, r) => sum + cosines[r][s], 0) / A.cols;
}
