import type { Label } from '../labels.js';
import { column, type DenseMatrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { readLabelled } from './read.js';

/**
 * How far apart the samples of different labels lie, for how far apart those of one label do: the squared distances of the
 * centres of labels from the grand mean over those of samples from their own centre,
 *
 *   separability = Σ_l n_l·‖c_l − g‖² / Σ_l Σ_{j∈l} ‖h_j − c_l‖²,
 *
 * c_l the mean of the n_l samples of label l, g that of all; at least 0. 0: all labels have one centre; Infinity: samples of a
 * label are all the same, and labels are not.
 *
 * @param H k × samples, finite numbers. Factors count by the squares of their scale: bring them to one first, as `norm` does.
 * @param labels One for each sample; samples without one (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for an H or labels that are none, don't fit, or are of fewer than two classes;
 * 'non-finite', 'value-range'.
 * @example
 * console.log(separability([[0, 2, 10, 12]], ['a', 'a', 'b', 'b'])); // 25
 * @see Fisher 1936, with several labels and features as a ratio of traces; times (n − L) / (L − 1) for L labels it is the index
 * of Caliński & Harabasz 1974.
 */
export function separability(H: MatrixInput, labels: ArrayLike<Label>): number {
  const { H: own, of, count } = readLabelled('separability', H, labels);
  const all = Array.from(of.keys());
  const grand = meanOf(own, all);
  let [between, within] = [0, 0];
  for (let label = 0; label < count; label++) {
    const members = all.filter((j) => of[j] === label);
    const centre = meanOf(own, members);
    between += members.length * squared(centre, grand);
    for (const j of members) within += squared(column(own, j), centre);
  }
  return between === 0 ? 0 : between / within;
}

function meanOf(H: DenseMatrix, samples: readonly number[]): Float64Array {
  const mean = new Float64Array(H.rows);
  for (const j of samples) column(H, j).forEach((x, r) => { mean[r] += x / samples.length; }); // biome-ignore format: one thought
  return mean;
}

const squared = (a: Float64Array, b: Float64Array): number => a.reduce((sum, x, r) => sum + (x - b[r]) ** 2, 0);
