import type { Steps } from '../steps.js';

/**
 * The mean over items of (b − a) / max(a, b): a the mean distance to the others of an item's class, b the least mean distance to
 * those of another; 0 for an item alone in its class, and where a = b = 0. (Rousseeuw 1987.) A step for each item.
 *
 * @param of the class of each item, from 0
 * @param sizes how many items each class has, two classes at least
 */
export function* meanSilhouette(
  of: ArrayLike<number>,
  sizes: ArrayLike<number>,
  distance: (i: number, j: number) => number,
): Steps<number> {
  const [n, count] = [of.length, sizes.length];
  let total = 0;
  for (let j = 0; j < n; j++) {
    const own = of[j];
    if (sizes[own] === 1) continue;
    const sums = new Float64Array(count);
    for (let i = 0; i < n; i++) if (i !== j) sums[of[i]] += distance(i, j);
    const within = sums[own] / (sizes[own] - 1);
    let beyond = Infinity;
    for (let c = 0; c < count; c++) if (c !== own) beyond = Math.min(beyond, sums[c] / sizes[c]);
    const larger = Math.max(within, beyond);
    if (larger > 0) total += (beyond - within) / larger;
    yield;
  }
  return total / n;
}
