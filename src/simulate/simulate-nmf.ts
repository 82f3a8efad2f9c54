import { checkOptions } from '../dsl/check-options.js';
import { simulateNmfOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import { multiply } from '../kernels/reference/orthogonal.js';
import { type DenseMatrix, dense } from '../matrix.js';
import { addNoise, exponentials, uniforms } from './random.js';

export interface SimulateNmfOptions {
  /** Features, m, a whole number ≥ 1. */
  readonly rows: number;
  /** Samples, n, a whole number ≥ 1; rows · cols below 2³². */
  readonly cols: number;
  /** Factors, a whole number ≥ 1. */
  readonly k: number;
  /** Standard deviation of the noise, ≥ 0, in units of the mean of W·H; default 0. */
  readonly noise?: number | undefined;
  /** Chance of an entry to be made zero, in [0, 1); default 0. */
  readonly dropout?: number | undefined;
  /** A whole number ≥ 0; default 0. */
  readonly seed?: number | undefined;
}

/** Data of which it is known what they are made of. */
export interface Simulated {
  /** m × n, ≥ 0. */
  readonly X: DenseMatrix;
  /** m × k, ≥ 0. */
  readonly W: DenseMatrix;
  /** k × n, ≥ 0. */
  readonly H: DenseMatrix;
}

/** Streams of random numbers. */
const [OF_W, OF_H, OF_NOISE, OF_DROPOUT] = [0, 1, 2, 3];

/**
 * Data that have k non-negative factors, and these factors:
 *
 *   x_ij = b_ij · max(0, (W·H)_ij + noise · μ · ε_ij),
 *
 * where entries of W and H are exponential with mean 1, ε_ij is standard normal, μ the mean of W·H, and b_ij is 0 with chance
 * `dropout`, else 1; all independent. Without noise and dropout X is W·H to the bit, each entry summed from the first factor
 * to the last. One seed gives the same data; with other noise or dropout, the same W and H.
 *
 * @throws GraphError 'unknown-option', 'invalid-option'.
 * @example
 * const { X, W, H } = simulateNmf({ rows: 100, cols: 60, k: 5, noise: 0.1, seed: 1 });
 * const fit = await nmf(X, { k: 5, seed: 1 });
 * console.log(align({ W, d: new Float64Array(5).fill(1), H }, fit).similarities); // how well each factor is found
 */
export function simulateNmf(options: SimulateNmfOptions): Simulated {
  checkOptions(simulateNmfOptions, options, 'simulateNmf');
  const { rows, cols, k, noise = 0, dropout = 0, seed = 0 } = options;
  checkSize('rows and cols', rows * cols);
  checkSize('rows and k', rows * k);
  checkSize('k and cols', k * cols);
  const W = dense(rows, k, exponentials(rows * k, seed, OF_W));
  const H = dense(k, cols, exponentials(k * cols, seed, OF_H));
  const X = multiply(W, H);
  addNoise(X.data, noise, { seed, stream: OF_NOISE });
  if (dropout > 0)
    uniforms(X.data.length, seed, OF_DROPOUT).forEach((u, p) => {
      if (u < dropout) X.data[p] = 0;
    });
  return Object.freeze({ X, W, H });
}

function checkSize(option: string, got: number): void {
  if (got < 2 ** 32) return;
  const of = 'simulateNmf';
  throw new GraphError([{ code: 'invalid-option', of, option, rule: 'of a product below 2³²', got, at: of }]);
}
