import { alignColumns } from '../align.js';
import { factorInput } from '../dsl/input.js';
import { nmfLayer } from '../dsl/layers.js';
import { LARGEST_VALUE } from '../issues.js';
import { dense, type Matrix, storedValues } from '../matrix.js';
import { look } from '../matrix-check.js';
import { type FitOptions, factorNet } from '../net/net.js';
import { similarities } from '../similarity.js';
import { eachStored, mapStored } from '../stored-entries.js';

export interface SplitOptions extends Pick<FitOptions, 'signal' | 'threads' | 'backend'> {
  /** Where each fit begins, a whole number ≥ 0; default 0. */
  readonly seed?: number | undefined;
  /** Iterations of a fit at most, a whole number ≥ 1; default 100. */
  readonly maxIter?: number | undefined;
  /** Relative fall of the objective at which a fit ends, ≥ 0; default 1e-4. */
  readonly tol?: number | undefined;
}

/** Samples in two parts. */
export interface Split {
  /** v, one number for each sample, in [−1, 1]: which of the two factors it is made of. */
  readonly difference: Float64Array;
  /** Places of the samples of each part, ascending: where v ≥ 0, and where v < 0. */
  readonly parts: readonly [readonly number[], readonly number[]];
  /** How much nearer samples are to the centre of their own part, in [−1, 1]; 0 where a part is empty. */
  readonly separation: number;
}

/** A matrix ≥ 0 without gaps, split by its two factors. */
export async function split(
  matrix: Matrix,
  options: SplitOptions,
  onProgress?: FitOptions['onProgress'],
): Promise<Split> {
  const { signal, threads, backend, seed = 0, maxIter, tol } = options;
  const X = inRange(matrix);
  const layer = nmfLayer(factorInput(X, { name: 'samples' }), { name: 'halves', k: 2, maxIter, tol });
  const { halves } = await factorNet(layer, { seed }).fit({ signal, threads, backend, onProgress });
  const { d, H } = halves;
  const difference = new Float64Array(X.cols);
  for (let j = 0; j < X.cols; j++) {
    const [a, b] = [d[0] * H.data[2 * j], d[1] * H.data[2 * j + 1]];
    difference[j] = a + b > 0 ? (a - b) / (a + b) : 0;
  }
  const places = Array.from(difference.keys());
  const parts = [places.filter((j) => difference[j] >= 0), places.filter((j) => difference[j] < 0)] as const;
  return Object.freeze({ difference, parts, separation: separationOf(X, difference, parts) });
}

/** The same samples in a unit in which they can be fitted: some of a matrix may be far smaller than all of it. */
function inRange(matrix: Matrix): Matrix {
  const largest = largestOf(matrix);
  return largest === 0 || largest >= 1 / LARGEST_VALUE ? matrix : mapStored(matrix, (x) => x / largest);
}

const largestOf = (matrix: Matrix): number => look(storedValues(matrix)).largest;

/** mean_j cos(x_j, centre of its part) − cos(x_j, centre of the other) */
function separationOf(matrix: Matrix, difference: Float64Array, parts: Split['parts']): number {
  if (parts.some((part) => part.length === 0)) return 0;
  const part = (j: number) => Number(difference[j] < 0);
  // Sums of samples lie where their means do; in units of the largest number, so that none overflows.
  const centres = dense(matrix.rows, 2);
  const largest = largestOf(matrix) || 1;
  eachStored(matrix, (x, i, j) => {
    centres.data[i + part(j) * matrix.rows] += x / largest;
  });
  const { rows: n, data: near } = similarities(matrix, centres, 'cosine');
  return difference.reduce((sum, _, j) => sum + (near[j + part(j) * n] - near[j + (1 - part(j)) * n]) / n, 0);
}

/** Some of the samples of a matrix. */
export const samplesAt = (matrix: Matrix, places: readonly number[]): Matrix =>
  places.length === matrix.cols ? matrix : alignColumns(matrix, places);
