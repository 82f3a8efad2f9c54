import type { DenseMatrix } from '../matrix.js';
import { finished, type Steps } from '../steps.js';

/** Two clusters that become one; clusters 0 … n − 1 are the items, n + s is what merge s makes. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  /** The distance at which they meet; it never falls from one merge to the next. */
  readonly height: number;
  /** Items of both. */
  readonly size: number;
}

/** Distances that differ by less than this share of the largest are equal: they may be sums in another order. */
const EQUAL = 1e-10;

/**
 * The tree of average linkage (UPGMA, Sokal & Michener 1958): the nearest clusters become one again and again, the distance of
 * two clusters being the mean over their items. Where several are equally near they meet at once, at that height (Fernández &
 * Gómez 2008), so that the tree doesn't depend on the order of the items; a consensus of few clusterings is full of such ties.
 * Each cluster keeps how far its nearest is, and looks again where that has changed: about n² steps, and n² numbers more.
 *
 * @param distances n × n, symmetric, ≥ 0; the diagonal is not read
 * @returns n − 1 merges, lowest first
 */
export const averageLinkage = (distances: DenseMatrix): readonly Merge[] => finished(averageLinkageSteps(distances));

/** The same, a step for each item that is looked at and for each merge. */
export function* averageLinkageSteps({ rows: n, data }: DenseMatrix): Steps<readonly Merge[]> {
  const D = data.slice();
  const tolerance = EQUAL * D.reduce((most, x) => Math.max(most, x), 0);
  const [ids, sizes] = [Int32Array.from({ length: n }, (_, i) => i), new Float64Array(n).fill(1)];
  const active = Array.from({ length: n }, (_, i) => i);
  const nearest = new Float64Array(n);
  const look = (i: number) => {
    let least = Infinity;
    for (const j of active) if (j !== i && D[j + i * n] < least) least = D[j + i * n];
    nearest[i] = least;
  };
  for (const i of active) {
    look(i);
    yield;
  }

  const merges: Merge[] = [];
  let height = 0;
  /** What is at b becomes part of what is at a. */
  const merge = (a: number, b: number) => {
    const size = sizes[a] + sizes[b];
    for (const j of active) {
      if (j === a || j === b) continue;
      const mean = (sizes[a] * D[j + a * n] + sizes[b] * D[j + b * n]) / size;
      D[j + a * n] = mean;
      D[a + j * n] = mean;
    }
    active.splice(active.indexOf(b), 1);
    merges.push(Object.freeze({ left: ids[a], right: ids[b], height, size }));
    ids[a] = n + merges.length - 1;
    sizes[a] = size;
  };

  while (active.length > 1) {
    // What is known is too low where the nearest has become part of another; no mean is nearer than all that it is of.
    let limit = -Infinity;
    for (let before = NaN; before !== limit; ) {
      before = limit;
      limit = active.reduce((low, i) => Math.min(low, nearest[i]), Infinity) + tolerance;
      for (const i of active) {
        if (nearest[i] > limit) continue;
        look(i);
        yield;
      }
    }
    // A mean of equal numbers may come out lower by a rounding.
    height = Math.max(height, limit - tolerance);
    const near = active.filter((i) => nearest[i] <= limit);
    const groups = yield* groupsOf(near, (i, j) => D[j + i * n] <= limit);
    for (const [first, ...others] of groups)
      for (const other of others) {
        merge(first, other);
        yield;
      }
  }
  return merges;
}

/** What hangs together, in order. */
function* groupsOf(
  items: readonly number[],
  touch: (i: number, j: number) => boolean,
): Steps<readonly (readonly number[])[]> {
  const left = new Set(items);
  const groups: number[][] = [];
  for (const item of items) {
    if (!left.delete(item)) continue;
    const group = [item];
    for (const i of group) {
      for (const j of left) {
        if (!touch(i, j)) continue;
        left.delete(j);
        group.push(j);
      }
      yield;
    }
    groups.push(group);
  }
  return groups;
}
