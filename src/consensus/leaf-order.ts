import type { Merge } from './average-linkage.js';

/** The items of a tree as they stand below it: those that met last are farthest apart. */
export function leafOrder(merges: readonly Merge[]): readonly number[] {
  const n = merges.length + 1;
  const order: number[] = [];
  const open = [n + merges.length - 1];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node < n) order.push(node);
    else open.push(merges[node - n].right, merges[node - n].left);
  }
  return order;
}
