import { checkOptions } from '../dsl/check-options.js';
import { logisticOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import type { Label } from '../labels.js';
import { type DenseMatrix, dense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { fillUniform } from '../runtime/rng.js';
import { finished, type Steps } from '../steps.js';
import { regressed, told } from './logistic-regression.js';
import { type Labelled, readLabelled } from './read.js';

export interface LogisticOptions {
  /** Parts that are left out and told, one after the other: a whole number ≥ 2, at most the samples with a label; default 5. */
  readonly folds?: number | undefined;
  /** λ of ½λ‖B‖² beside the mean of −ln p, > 0; default 0.01. */
  readonly L2?: number | undefined;
  /** Which samples are left out together, a whole number ≥ 0; default 0. */
  readonly seed?: number | undefined;
}

/**
 * How often a linear rule tells the class of a sample that it hasn't seen: the share told right by multinomial logistic
 * regression, p_c ∝ exp(b_c + ⟨B_c, x⟩), over all folds,
 *
 *   (b, B) = argmin mean_j −ln p_{class of j}(x_j) + ½·L2·‖B‖²   over the samples of the other folds.
 *
 * Rows of H are brought to mean 0 and deviation 1 first, as the other folds have them. Folds: the samples of each class are
 * shuffled by `seed` and dealt to the folds in turn, on from where the class before ended, so that each fold has its share of
 * each class. In [0, 1]; a class of one sample is never told. The fits are by L-BFGS from zero.
 *
 * @param H k × samples, finite numbers.
 * @param labels One for each sample; samples without one (null, undefined, NaN) are left out.
 * @throws GraphError 'invalid-data' for an H or labels that are none, don't fit, or are of fewer than two classes;
 * 'non-finite', 'value-range', 'unknown-option', 'invalid-option', also for more folds than samples.
 * @example
 * console.log(logisticAccuracy([[0, 1, 2, 10, 11, 12]], ['a', 'a', 'a', 'b', 'b', 'b'], { folds: 3 })); // 1
 * @see Cox 1958; Stone 1974 for the folds.
 */
export function logisticAccuracy(H: MatrixInput, labels: ArrayLike<Label>, options: LogisticOptions = {}): number {
  checkOptions(logisticOptions, options, 'logisticAccuracy');
  return finished(logisticAccuracyOf('logisticAccuracy', readLabelled('logisticAccuracy', H, labels), options));
}

export function* logisticAccuracyOf(
  at: string,
  { H, of, count }: Labelled,
  { folds = 5, L2 = 0.01, seed = 0 }: LogisticOptions,
): Steps<number> {
  if (folds > H.cols) {
    const rule = `at most ${H.cols}, as many as samples have a label`;
    throw new GraphError([{ code: 'invalid-option', of: at, option: 'folds', rule, got: folds, at }]);
  }
  const fold = dealt(of, folds, seed);
  let right = 0;
  for (let out = 0; out < folds; out++) {
    const [seen, unseen] = [true, false].map((kept) => Array.from(of.keys()).filter((j) => (fold[j] !== out) === kept));
    const X = standardised(H, seen);
    const B = yield* regressed(X, of, { count, seen, L2 });
    for (const j of unseen) if (told(X, B, j) === of[j]) right++;
  }
  return right / H.cols;
}

/** The fold of each sample: each class dealt in turn, in an order of the seed's. */
function dealt(of: Int32Array, folds: number, seed: number): Int32Array {
  const keys = new Float64Array(of.length);
  fillUniform(keys, seed, 0);
  const fold = new Int32Array(of.length);
  const order = Array.from(of.keys()).sort((a, b) => of[a] - of[b] || keys[a] - keys[b] || a - b);
  order.forEach((j, turn) => { fold[j] = turn % folds; }); // biome-ignore format: one thought
  return fold;
}

/** Rows at mean 0 and deviation 1 over some samples, those that don't vary at 0; the last row is all 1. */
function standardised({ rows: k, cols: n, data }: DenseMatrix, seen: readonly number[]): DenseMatrix {
  const out = dense(k + 1, n);
  for (let r = 0; r < k; r++) {
    // In units in which squares are numbers.
    const largest = seen.reduce((most, j) => Math.max(most, Math.abs(data[r + j * k])), 0) || 1;
    const at = (j: number) => data[r + j * k] / largest;
    const mean = seen.reduce((sum, j) => sum + at(j) / seen.length, 0);
    const deviation = Math.sqrt(seen.reduce((sum, j) => sum + (at(j) - mean) ** 2 / seen.length, 0));
    if (deviation <= ROUNDING * Math.abs(mean)) continue;
    for (let j = 0; j < n; j++) out.data[r + j * (k + 1)] = (at(j) - mean) / deviation;
  }
  for (let j = 0; j < n; j++) out.data[k + j * (k + 1)] = 1;
  return out;
}

/** What is left of equal numbers once their mean is taken off, as a share of it, is rounding. */
const ROUNDING = 1e-12;
