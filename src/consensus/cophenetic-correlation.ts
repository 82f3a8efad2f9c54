import type { DenseMatrix } from '../matrix.js';
import type { Merge } from './average-linkage.js';

/**
 * How well a tree keeps the distances of its items: the correlation (Pearson) of d_ij with the height at which i and j meet, over
 * all pairs (Sokal & Rohlf 1962). At most 1, where the tree keeps them all; null where there is nothing to correlate: all
 * distances or all heights are equal, as those of a single cluster are, or there are fewer than three items.
 *
 * @param distances n × n, symmetric; the diagonal is not read
 * @param tree n − 1 merges, as `averageLinkage` makes them
 */
export function copheneticCorrelation({ rows: n, data: D }: DenseMatrix, tree: readonly Merge[]): number | null {
  const pairs = (n * (n - 1)) / 2;
  if (pairs < 2) return null;
  let [distances, heights] = [0, 0];
  eachPair(n, tree, (i, j, height) => {
    distances += D[j + i * n];
    heights += height;
  });
  const [meanDistance, meanHeight] = [distances / pairs, heights / pairs];
  let [dd, hh, dh] = [0, 0, 0];
  eachPair(n, tree, (i, j, height) => {
    const [d, h] = [D[j + i * n] - meanDistance, height - meanHeight];
    dd += d * d;
    hh += h * h;
    dh += d * h;
  });
  // What is left of equal numbers by rounding is none.
  const none = (squares: number, mean: number) => squares <= pairs * (1e-12 * mean) ** 2;
  if (none(dd, meanDistance) || none(hh, meanHeight)) return null;
  return Math.min(1, Math.max(-1, dh / Math.sqrt(dd * hh)));
}

/** Every pair of items, and the height at which they meet. */
function eachPair(n: number, tree: readonly Merge[], told: (i: number, j: number, height: number) => void): void {
  const members: (readonly number[])[] = Array.from({ length: n }, (_, i) => [i]);
  for (const { left, right, height } of tree) {
    const [own, others] = [members[left], members[right]];
    for (const i of own) for (const j of others) told(i, j, height);
    members.push([...own, ...others]);
    members[left] = [];
    members[right] = [];
  }
}
