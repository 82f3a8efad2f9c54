import { LARGEST_VALUE_32 } from '../compiler/contents.js';
import type { BlockWeight } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { LARGEST_VALUE } from '../issues.js';
import type { NmfResult } from '../kernels/kernels.js';
import { normalize } from '../kernels/reference/scale.js';
import {
  type DenseMatrix,
  dense,
  type Floats,
  floatsLike,
  type Matrix,
  type RowBlocks,
  scaleRows,
  storedValues,
  transpose,
} from '../matrix.js';
import type { Norm } from '../objective.js';
import type { Precision } from '../solver.js';
import { turn } from './turn.js';

/** √ω of each block that a layer reads: what its rows are multiplied by while the layer is fitted; null for 1 each. */
export type Roots = readonly number[] | null;

/** Entries summed between two turns of the event loop. */
const STRETCH = 1 << 21;

/** The roots of weights; what is balanced gets the mean energy of all blocks, unless it is zero. */
export async function rootsOf(X: RowBlocks, weights: readonly BlockWeight[] | null): Promise<Roots> {
  if (weights === null) return null;
  const given = weights.map(({ weight }) => Math.sqrt(weight));
  if (!weights.some(({ balance }) => balance)) return given;
  const energies: number[] = [];
  for (const block of X) energies.push(await energyOf(storedValues(block)));
  const mean = energies.reduce((sum, energy) => sum + energy, 0) / energies.length;
  return given.map((root, i) =>
    // Roots first: the ratio itself may be beyond all numbers.
    weights[i].balance && energies[i] > 0 ? root * (Math.sqrt(mean) / Math.sqrt(energies[i])) : root,
  );
}

/** ‖x‖² over what is known. */
async function energyOf(values: Floats): Promise<number> {
  let sum = 0;
  for (let from = 0; from < values.length; from += STRETCH) {
    const to = Math.min(from + STRETCH, values.length);
    for (let p = from; p < to; p++) {
      const x = values[p];
      if (!Number.isNaN(x)) sum += x * x;
    }
    if (to < values.length) await turn();
  }
  return sum;
}

/**
 * The blocks that a kernel is given: √ω times what is read, in numbers of the same width.
 *
 * @throws KernelError 'non-finite' where that leaves the range in which squares are numbers.
 */
export async function weighBlocks(X: RowBlocks, roots: Roots, precision: Precision): Promise<RowBlocks> {
  if (roots === null) return X;
  const most = precision === 'f32' ? LARGEST_VALUE_32 : LARGEST_VALUE;
  const weighed: Matrix[] = [];
  for (const [i, block] of X.entries()) {
    const { matrix, largest } = await weighBlock(block, roots[i]);
    // A root that is no number has made entries look as if they were missing.
    if (!(roots[i] > 0 && roots[i] < Infinity) || largest > most || (largest > 0 && largest < 1 / most)) {
      const rule = `weighted data fitted in ${precision} must have their largest magnitude between ${1 / most} and ${most}`;
      throw new KernelError('non-finite', `${rule}; got ${largest} after a multiplication with ${roots[i]}`);
    }
    weighed.push(matrix);
  }
  return weighed;
}

/** A block times a root, and the largest magnitude in it; itself, not looked at, where the root is 1. */
export async function weighBlock(block: Matrix, root: number): Promise<{ matrix: Matrix; largest: number }> {
  if (root === 1) return { matrix: block, largest: 0 };
  const own = storedValues(block);
  const values = floatsLike(own, own.length);
  let largest = 0;
  for (let from = 0; from < values.length; from += STRETCH) {
    const to = Math.min(from + STRETCH, values.length);
    for (let p = from; p < to; p++) {
      values[p] = own[p] * root;
      if (Math.abs(values[p]) > largest) largest = Math.abs(values[p]);
    }
    if (to < values.length) await turn();
  }
  return { matrix: block.kind === 'dense' ? { ...block, data: values } : { ...block, values }, largest };
}

/** How many rows each block has. */
export const heightsOf = (blocks: readonly { readonly rows: number }[]): readonly number[] =>
  blocks.map(({ rows }) => rows);

/** W with the rows of each block multiplied by what its root is turned into. */
export function weighRows(
  W: DenseMatrix,
  heights: readonly number[],
  roots: Roots,
  by: (x: number, root: number) => number = (x, root) => x * root,
): DenseMatrix {
  if (roots === null) return W;
  const each = Float64Array.from(heights.flatMap((rows, i) => new Array<number>(rows).fill(roots[i])));
  return dense(
    W.rows,
    W.cols,
    W.data.map((x, p) => by(x, each[p % W.rows])),
  );
}

/**
 * What a kernel made of weighted blocks, in units of the data: W's rows are divided by the roots, and its columns scaled
 * and sorted anew, unless they are placed. Equal roots change scales alone.
 */
export function unweigh(
  result: NmfResult,
  heights: readonly number[],
  roots: Roots,
  { norm, placed }: { readonly norm: Norm; readonly placed: boolean },
): NmfResult {
  if (roots === null) return result;
  if (norm !== 'none' && roots.every((root) => root === roots[0]))
    return { ...result, d: result.d.map((x) => x / roots[0]) };
  const W = weighRows(result.W, heights, roots, (x, root) => x / root);
  return { ...result, ...normalize(transpose(W), scaleRows(result.H, result.d), norm, placed) };
}
