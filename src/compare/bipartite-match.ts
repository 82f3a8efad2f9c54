import { reading, whole } from '../arguments/read.js';
import { assign } from '../assignment.js';
import { toDense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';

export interface BipartiteMatch {
  /** The column of each row, −1 for a row without one: where there are more rows than columns. */
  readonly columns: readonly number[];
  /** The sum of the costs of all pairs. */
  readonly cost: number;
}

/**
 * Pairs rows with columns, each at most once and as many as there can be, at the lowest cost: argmin over pairings of
 * Σ cost_{r, columns[r]}. Shortest augmenting paths, at most max(m, n)³ steps. For gains, give their negatives.
 *
 * @param cost m × n, finite numbers of any sign.
 * @throws GraphError 'invalid-data' for data that are no matrix or have missing entries; 'non-finite', 'value-range'.
 * @example
 * console.log(bipartiteMatch([[4, 1, 3], [2, 0, 5], [3, 2, 2]])); // columns [1, 0, 2], cost 5
 * @see Kuhn 1955; Jonker & Volgenant 1987.
 */
export function bipartiteMatch(cost: MatrixInput): BipartiteMatch {
  const args = reading('bipartiteMatch');
  const found = args.read('cost', cost);
  if (found !== undefined) whole(args, 'cost', found);
  const { rows, cols, data } = toDense(args.done(found).matrix);
  const size = Math.max(rows, cols);
  // What is added to make it square costs the same whoever takes it. Costs are brought to 1, as steps add them up.
  const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const gains = Array.from({ length: size }, (_, r) =>
    Float64Array.from({ length: size }, (__, c) => (r < rows && c < cols ? -data[r + c * rows] / largest : 0)),
  );
  const columns = assign(gains).slice(0, rows).map((c) => (c < cols ? c : -1)); // biome-ignore format: one thought
  const sum = columns.reduce((total, c, r) => (c < 0 ? total : total + data[r + c * rows]), 0);
  return Object.freeze({ columns: Object.freeze(columns), cost: sum });
}
