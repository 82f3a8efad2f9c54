import type { Merge } from '../consensus/average-linkage.js';
import { rgb } from './colours.js';
import { dataUrl, png } from './png.js';

/** How far a tree reaches from what it stands beside. */
export const TREE = 40;

const PALETTE = ['#ffffff', '#666666'].map(rgb);

/**
 * A tree as an image, its leaves along one side: above columns they are at the bottom, beside rows at the left. As a line for each
 * merge that of a large matrix would be a file of megabytes.
 *
 * @param tree n − 1 merges
 * @param leaves where each of the n leaves is along the side, in pixels
 * @param length pixels of the side
 */
export function treeUrl(
  tree: readonly Merge[],
  leaves: readonly number[],
  length: number,
  side: 'columns' | 'rows',
): string {
  const [width, height] = side === 'columns' ? [length, TREE] : [TREE, length];
  const pixels = new Uint8Array(width * height);
  const highest = tree.reduce((most, { height }) => Math.max(most, height), 0) || 1;
  const level = (height: number) => Math.round((height / highest) * (TREE - 1));
  const draw = (along: number, up: number) => {
    const [i, j] = side === 'columns' ? [TREE - 1 - up, along] : [along, up];
    pixels[j + i * width] = 1;
  };
  const nodes = leaves.map((along) => ({ first: along, last: along, up: 0 }));
  // Over the middle of all its leaves, wherever several meet at one height.
  const middle = ({ first, last }: (typeof nodes)[number]) => Math.round((first + last) / 2);
  for (const { left, right, height } of tree) {
    const [up, ends] = [level(height), [nodes[left], nodes[right]]];
    const [from, to] = ends.map(middle).sort((a, b) => a - b);
    for (let along = from; along <= to; along++) draw(along, up);
    for (const end of ends) for (let at = end.up; at <= up; at++) draw(middle(end), at);
    const [first, last] = [Math.min(...ends.map((end) => end.first)), Math.max(...ends.map((end) => end.last))];
    nodes.push({ first, last, up });
  }
  return dataUrl(png(width, height, pixels, PALETTE));
}
