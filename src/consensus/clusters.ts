import type { Merge } from './average-linkage.js';

/**
 * The items in the order in which the tree draws them: what meets lowest lies side by side.
 *
 * @param tree n − 1 merges, as `averageLinkage` makes them
 */
export function leafOrder(n: number, tree: readonly Merge[]): readonly number[] {
  const members: (readonly number[])[] = Array.from({ length: n }, (_, i) => [i]);
  for (const { left, right } of tree) members.push([...members[left], ...members[right]]);
  return members.at(-1) ?? [];
}

/**
 * Cuts a tree into k clusters: the last k − 1 merges are not made. Labels count from 0, in the order of the items.
 *
 * @param k from 1 to n
 * @returns n labels, from 0 to k − 1
 */
export function cutTree(n: number, tree: readonly Merge[], k: number): Int32Array {
  const cluster = Int32Array.from({ length: n }, (_, i) => i);
  tree.slice(0, n - k).forEach(({ left, right }, s) => {
    for (let i = 0; i < n; i++) if (cluster[i] === left || cluster[i] === right) cluster[i] = n + s;
  });
  const labels = new Map<number, number>();
  return cluster.map((own) => {
    const label = labels.get(own) ?? labels.size;
    labels.set(own, label);
    return label;
  });
}
