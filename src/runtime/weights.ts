import { LARGEST_VALUE_32 } from '../compiler/contents.js';
import type { BlockWeight } from '../compiler/plan.js';
import { KernelError } from '../errors.js';
import { LARGEST_VALUE } from '../issues.js';
import type { NmfResult } from '../kernels/kernels.js';
import { normalize } from '../kernels/reference/scale.js';
import {
  type DenseMatrix,
  dense,
  entry,
  floatsLike,
  type Matrix,
  type RowBlocks,
  scaleRows,
  storedValues,
  transpose,
} from '../matrix.js';
import type { Norm } from '../objective.js';
import type { Precision } from '../solver.js';
import { combined, type Shares } from '../weights.js';
import { blocksIn, type RunState } from './state.js';
import { turn } from './turn.js';

/** √ω for a block, or for each of its rows: what these are multiplied by while a layer is fitted. */
export type Root = number | readonly number[];
/** Those of the blocks that a layer reads; null for 1 each. */
export type Roots = readonly Root[] | null;

/** The matrices among the weights of each block. */
export const sharesIn = (state: RunState, weights: readonly BlockWeight[] | null): readonly Shares<Matrix>[] =>
  (weights ?? []).map((block) => {
    const parts = (['features', 'samples', 'entries'] as const).flatMap((part) => {
      const slot = block[part];
      return slot === undefined ? [] : [[part, blocksIn(state, slot)[0]] as const];
    });
    return Object.fromEntries(parts);
  });

/** Weights by sample and entry, as a kernel takes them; null where there are none. */
export function kernelWeights(shares: readonly Shares<Matrix>[]): readonly (Matrix | null)[] | null {
  const all = shares.map(combined);
  return all.some((own) => own !== null) ? all : null;
}

/**
 * The same for a loss, which multiplies nothing by roots: all that an entry has, ω = root²·sample's·entry's; a number for each
 * row, for each column or for each entry of a block.
 */
export function lossWeights(
  X: RowBlocks,
  roots: Roots,
  shares: readonly Shares<Matrix>[],
): readonly (Matrix | null)[] | null {
  const all = X.map(({ rows, cols }, i): Matrix | null => {
    const own = shares[i] === undefined ? null : combined(shares[i]);
    const root = roots?.[i] ?? 1;
    if (typeof root === 'number') {
      if (own !== null) return root === 1 ? own : timesRows(own, () => root * root);
      return root === 1 ? null : dense(1, cols, new Float64Array(cols).fill(root * root));
    }
    const by = (row: number) => root[row] * root[row];
    if (own === null)
      return dense(
        rows,
        1,
        Float64Array.from(root, (_, row) => by(row)),
      );
    if (own.rows === rows) return timesRows(own, by);
    return dense(rows, cols, Float64Array.from({ length: rows * cols }, (_, p) => by(p % rows) * entry(own, 0, Math.floor(p / rows)))); // biome-ignore format: one thought
  });
  return all.some((own) => own !== null) ? all : null;
}

function timesRows(matrix: Matrix, by: (row: number) => number): Matrix {
  const own = storedValues(matrix);
  const rowOf = rowsOf(matrix);
  const values = Float64Array.from(own, (x, p) => x * by(rowOf(p)));
  return matrix.kind === 'dense' ? { ...matrix, data: values } : { ...matrix, values };
}

/** Entries summed between two turns of the event loop. */
const STRETCH = 1 << 21;

/** The roots of weights; what is balanced gets the mean energy of all blocks, unless it is zero. */
export async function rootsOf(
  X: RowBlocks,
  weights: readonly BlockWeight[] | null,
  shares: readonly Shares<Matrix>[],
): Promise<Roots> {
  if (weights === null) return null;
  const given = weights.map(({ weight }) => Math.sqrt(weight));
  const balanced = weights.some(({ balance }) => balance) ? await balancing(X, weights, shares) : given.map(() => 1);
  const roots = given.map((root, i): Root => {
    const by = root * balanced[i];
    const { features } = shares[i];
    return features === undefined ? by : Array.from(storedValues(features), (x) => by * Math.sqrt(x));
  });
  return roots.some((root) => root !== 1) ? roots : null;
}

/** What brings the blocks that are balanced to the mean energy. */
async function balancing(X: RowBlocks, weights: readonly BlockWeight[], shares: readonly Shares<Matrix>[]) {
  const energies: number[] = [];
  for (const [i, block] of X.entries()) energies.push(await energyOf(block, shares[i]));
  const mean = energies.reduce((sum, energy) => sum + energy, 0) / energies.length;
  return energies.map((energy, i) =>
    // Roots first: the ratio itself may be beyond all numbers.
    weights[i].balance && energy > 0 ? Math.sqrt(mean) / Math.sqrt(energy) : 1,
  );
}

/** Σ ω_ij·x_ij² over what is known. */
async function energyOf(block: Matrix, shares: Shares<Matrix>): Promise<number> {
  const weightAt = weigher(block, shares);
  let sum = 0;
  await eachStored(block, (x, p) => {
    if (!Number.isNaN(x)) sum += weightAt(p) * x * x;
  });
  return sum;
}

/** √(Σ ω·x² / entries) over what is known and counts, with weights as a kernel takes them for a loss. */
export async function rmsOf(X: RowBlocks, weights: readonly (Matrix | null)[] | null): Promise<number> {
  let [squares, entries] = [0, 0];
  for (const [i, block] of X.entries()) {
    const own = weights?.[i] ?? null;
    const [rowOf, columnOf] = [rowsOf(block), columnsOf(block)];
    let none = 0;
    await eachStored(block, (x, p) => {
      if (Number.isNaN(x)) none++;
      else if (x !== 0) {
        const weight = own === null ? 1 : entry(own, own.rows === 1 ? 0 : rowOf(p), own.cols === 1 ? 0 : columnOf(p));
        squares += weight * x * x;
      }
    });
    const listed = block.kind === 'csc' && block.unlisted === 'missing';
    entries += (listed ? block.values.length : block.rows * block.cols) - none;
  }
  return Math.sqrt(squares / entries);
}

/** Calls for every stored entry and its place in memory. */
export async function eachStored(block: Matrix, call: (x: number, p: number) => void): Promise<void> {
  const values = storedValues(block);
  for (let from = 0; from < values.length; from += STRETCH) {
    const to = Math.min(from + STRETCH, values.length);
    for (let p = from; p < to; p++) call(values[p], p);
    if (to < values.length) await turn();
  }
}

/** The weight of the entry at a place in memory; places of a sparse block must be asked for in order. */
function weigher(block: Matrix, shares: Shares<Matrix>): (p: number) => number {
  const { features } = shares;
  const own = combined(shares);
  if (features === undefined && own === null) return () => 1;
  const [rowOf, columnOf] = [rowsOf(block), columnsOf(block)];
  return (p) => {
    const i = rowOf(p);
    const byRow = features === undefined ? 1 : storedValues(features)[i];
    return own === null ? byRow : byRow * entry(own, own.rows === 1 ? 0 : i, columnOf(p));
  };
}

/** The row of the entry at a place in memory. */
export function rowsOf(block: Matrix): (p: number) => number {
  if (block.kind === 'csc') return (p) => block.indices[p];
  const { rows, cols } = block;
  return block.order === 'rows' ? (p) => Math.floor(p / cols) : (p) => p % rows;
}

/** The column of the entry at a place in memory; places of a sparse block must be asked for in order. */
export function columnsOf(block: Matrix): (p: number) => number {
  const { cols, rows } = block;
  if (block.kind === 'dense') return block.order === 'rows' ? (p) => p % cols : (p) => Math.floor(p / rows);
  let j = 0;
  return (p) => {
    while (block.indptr[j + 1] <= p) j++;
    return j;
  };
}

/** Numbers that weights by sample or entry are at most the products of, ω_ij ≤ u_i·v_j, and equal where they can. */
export interface Most {
  /** u; null where weights are by sample, for 1 each. */
  readonly rows: Float64Array | null;
  /** v */
  readonly cols: Float64Array;
}

export async function mostOf(weights: Matrix): Promise<Most> {
  const [rows, cols] = [new Float64Array(weights.rows), new Float64Array(weights.cols)];
  const rowOf = rowsOf(weights);
  const raise = async (each: (weight: number, i: number, j: number) => void) => {
    const columnOf = columnsOf(weights);
    await eachStored(weights, (weight, p) => each(weight, rowOf(p), columnOf(p)));
  };
  await raise((weight, _, j) => {
    if (weight > cols[j]) cols[j] = weight;
  });
  await raise((weight, i, j) => {
    if (weight > rows[i] * cols[j]) rows[i] = weight / cols[j];
  });
  return { rows: weights.rows === 1 ? null : rows, cols };
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
    const root = greatest(roots[i]);
    if (!(root > 0 && root < Infinity) || largest > most || (largest > 0 && largest < 1 / most)) {
      const rule = `weighted data fitted in ${precision} must have their largest magnitude between ${1 / most} and ${most}`;
      throw new KernelError('non-finite', `${rule}; got ${largest} after a multiplication with ${root}`);
    }
    weighed.push(matrix);
  }
  return weighed;
}

/** The largest root of a block. */
export const greatest = (root: Root): number =>
  typeof root === 'number' ? root : root.reduce((most, each) => Math.max(most, each), 0);

/** A block times a root, and the largest magnitude in it; itself, not looked at, where the root is 1. */
export async function weighBlock(block: Matrix, root: Root): Promise<{ matrix: Matrix; largest: number }> {
  if (root === 1) return { matrix: block, largest: 0 };
  const own = storedValues(block);
  const values = floatsLike(own, own.length);
  const rowOf = rowsOf(block);
  let largest = 0;
  await eachStored(block, (x, p) => {
    values[p] = x * (typeof root === 'number' ? root : root[rowOf(p)]);
    if (Math.abs(values[p]) > largest) largest = Math.abs(values[p]);
  });
  return { matrix: block.kind === 'dense' ? { ...block, data: values } : { ...block, values }, largest };
}

/** How many rows each block has. */
export const heightsOf = (blocks: readonly { readonly rows: number }[]): readonly number[] =>
  blocks.map(({ rows }) => rows);

/** W with its rows multiplied by what their roots are turned into. */
export function weighRows(
  W: DenseMatrix,
  heights: readonly number[],
  roots: Roots,
  by: (x: number, root: number) => number = (x, root) => x * root,
): DenseMatrix {
  if (roots === null) return W;
  const each = heights.flatMap((rows, i) => {
    const root = roots[i];
    return typeof root === 'number' ? new Array<number>(rows).fill(root) : root;
  });
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
  const [first] = roots;
  if (norm !== 'none' && typeof first === 'number' && roots.every((root) => root === first))
    return { ...result, factorLoss: null, d: result.d.map((x) => x / first) };
  const W = weighRows(result.W, heights, roots, (x, root) => x / root);
  return { ...result, factorLoss: null, ...normalize(transpose(W), scaleRows(result.H, result.d), norm, placed) };
}
