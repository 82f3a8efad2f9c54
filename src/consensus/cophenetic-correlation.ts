import type { DenseMatrix } from '../matrix.js';
import { finished, type Steps } from '../steps.js';
import type { Merge } from './average-linkage.js';

/**
 * How well a tree keeps the distances of its items: the correlation (Pearson) of d_ij with the height at which i and j meet, over
 * all pairs (Sokal & Rohlf 1962). At most 1, where the tree keeps them all; null where there is nothing to correlate: all
 * distances or all heights are equal, as those of a single cluster are, or there are fewer than three items.
 *
 * @param distances n × n, symmetric; the diagonal is not read
 * @param tree n − 1 merges, as `averageLinkage` makes them
 */
export const copheneticCorrelation = (distances: DenseMatrix, tree: readonly Merge[]): number | null =>
  finished(copheneticSteps(distances, tree));

/** The same, two steps for each item of a cluster that becomes part of another. */
export function* copheneticSteps({ rows: n, data: D }: DenseMatrix, tree: readonly Merge[]): Steps<number | null> {
  const pairs = (n * (n - 1)) / 2;
  if (pairs < 2) return null;
  let [distances, heights] = [0, 0];
  for (const { item, others, height } of meetings(n, tree)) {
    for (const j of others) {
      distances += D[j + item * n];
      heights += height;
    }
    yield;
  }
  const [meanDistance, meanHeight] = [distances / pairs, heights / pairs];
  let [dd, hh, dh] = [0, 0, 0];
  for (const { item, others, height } of meetings(n, tree)) {
    const h = height - meanHeight;
    for (const j of others) {
      const d = D[j + item * n] - meanDistance;
      dd += d * d;
      hh += h * h;
      dh += d * h;
    }
    yield;
  }
  // What is left of equal numbers by rounding is none.
  const none = (squares: number, mean: number) => squares <= pairs * (1e-12 * mean) ** 2;
  if (none(dd, meanDistance) || none(hh, meanHeight)) return null;
  return Math.min(1, Math.max(-1, dh / Math.sqrt(dd * hh)));
}

/** Where an item meets others, and at which height: every pair of items once. */
interface Meeting {
  readonly item: number;
  readonly others: readonly number[];
  readonly height: number;
}

function* meetings(n: number, tree: readonly Merge[]): Generator<Meeting> {
  const members: (readonly number[])[] = Array.from({ length: n }, (_, i) => [i]);
  for (const { left, right, height } of tree) {
    const [own, others] = [members[left], members[right]];
    for (const item of own) yield { item, others, height };
    members.push([...own, ...others]);
    members[left] = [];
    members[right] = [];
  }
}
