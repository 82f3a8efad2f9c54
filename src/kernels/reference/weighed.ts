import { KernelError } from '../../errors.js';
import { dense, entry, type Matrix, stackDense, toCsc, transposeCsc } from '../../matrix.js';
import type { Blocks } from './blocks.js';
import type { Held } from './masked.js';
import type { Pause } from './pause.js';
import { dotColumns, type Panel } from './products.js';

/**
 * X with each entry times its weight, zero where it is missing or counts nothing; and Σ ω_ij·x_ij².
 *
 * @throws KernelError 'invalid-argument' for weights that don't lie between 0 and 1.
 */
export function weigh(
  X: Blocks,
  weights: readonly (Matrix | null)[],
): { readonly X: Blocks; readonly held: Held; readonly total: number } {
  const { rows, cols, data } = stackDense(X);
  const each = weightsOf(X, weights);
  const by = data.map((x, p) => (Number.isNaN(x) ? 0 : each(p % rows, Math.floor(p / rows))));
  if (!by.every((x) => x >= 0 && x <= 1)) throw unsound();
  const byColumn = toCsc(dense(rows, cols, by));
  const values = data.filter((_, p) => by[p] > 0);
  const count = data.length - values.length;
  return {
    X: [dense(rows, cols, data.map((x, p) => (by[p] > 0 ? by[p] * x : 0)))], // biome-ignore format: one thought
    held: {
      byColumn,
      byRow: transposeCsc(byColumn),
      count,
      share: count / data.length,
      scored: false,
      weighed: values,
    },
    total: values.reduce((sum, x, p) => sum + byColumn.values[p] * x * x, 0),
  };
}

const unsound = () => new KernelError('invalid-argument', 'weights must lie between 0 and 1');

/** The weight of each entry of X, as far as one is given. */
function weightsOf(X: Blocks, weights: readonly (Matrix | null)[]): (i: number, j: number) => number {
  const rows = X.flatMap((block, at) => Array.from({ length: block.rows }, (_, i) => ({ own: weights[at], i })));
  return (row, j) => {
    const { own, i } = rows[row];
    return own === null ? 1 : entry(own, own.rows === 1 ? 0 : i, j);
  };
}

/** Σ ω_ij·(x_ij − w_i·h_j)², x the values of what is seen. */
export async function weighedSquares(
  { byColumn }: Held,
  x: Float64Array,
  W: Panel,
  H: Panel,
  pause: Pause,
): Promise<number> {
  let sum = 0;
  for (let j = 0; j < H.cols; j++) {
    for (let p = byColumn.indptr[j]; p < byColumn.indptr[j + 1]; p++)
      sum += byColumn.values[p] * (x[p] - dotColumns(W, byColumn.indices[p], H, j)) ** 2;
    if (pause.due()) await pause.turn();
  }
  return sum;
}

/**
 * Calls for each entry that is known and counts, with its weight.
 *
 * @throws KernelError 'invalid-argument' for weights that don't lie between 0 and 1.
 */
export async function eachKnown(
  X: Blocks,
  weights: readonly (Matrix | null)[] | null | undefined,
  pause: Pause,
  call: (i: number, j: number, weight: number, x: number) => void,
): Promise<void> {
  const { rows, cols, data } = stackDense(X);
  const each = weightsOf(X, weights ?? X.map(() => null));
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      const x = data[i + j * rows];
      const weight = Number.isNaN(x) ? 0 : each(i, j);
      if (!(weight >= 0 && weight <= 1)) throw unsound();
      if (weight > 0) call(i, j, weight, x);
    }
    if (pause.due()) await pause.turn();
  }
}
