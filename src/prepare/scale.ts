import { checkOptions } from '../dsl/check-options.js';
import { scaleFeaturesOptions, scaleSamplesOptions } from '../dsl/schemas.js';
import { knownCounts } from '../known.js';
import type { Matrix } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';
import { eachStored, mapStored } from '../stored-entries.js';
import { type Prepared, prepare } from './prepare.js';

export interface ScaleFeaturesOptions {
  /**
   * What each feature is divided by, over what is known of it: 'sd' (default), its standard deviation, of divisor n − 1, zeros
   * counted; 'max', its largest |x|; 'sum', Σ|x|.
   */
  readonly by?: 'sd' | 'max' | 'sum' | undefined;
}

export interface ScaleSamplesOptions {
  /** What each sample is divided by, over what is known of it: 'sum' (default), Σ|x|; 'l2', √Σx²; 'max', its largest |x|. */
  readonly by?: 'sum' | 'l2' | 'max' | undefined;
}

type By = 'sd' | 'max' | 'sum' | 'l2';

/**
 * Brings features to one scale, y_ij = x_ij / c_i, without centring: zeros stay zeros and signs stay, so that an NMF can be
 * fitted and sparse data stay sparse. (`svdLayer` with `center` and `scale` does both inside, and undoes them.) A feature of
 * zeros stays as it is, and by 'sd' one that doesn't vary or is known once.
 *
 * @param X features × samples, of any sign; what is missing (NaN) stays missing.
 * @returns features × samples, in 64 bits: sparse where X is, else dense; with the names that X has.
 * @throws GraphError 'invalid-data' for data that are no matrix or all missing; 'non-finite', 'value-range',
 * 'unknown-option', 'invalid-option'.
 * @example
 * console.log(toRows(scaleFeatures([[1, 3], [0, 500]], { by: 'max' }))); // [[0.333…, 1], [0, 1]]
 */
export function scaleFeatures<X extends MatrixInput>(X: X, options: ScaleFeaturesOptions = {}): Prepared<X> {
  checkOptions(scaleFeaturesOptions, options, 'scaleFeatures');
  const { by = 'sd' } = options;
  return prepare('scaleFeatures', X, 'any', (matrix) => scaled(matrix, by, { lines: matrix.rows, of: (i) => i }));
}

/**
 * Brings samples to one scale, y_ij = x_ij / c_j: so that by 'sum' entries are shares, and by 'l2' products of samples are
 * cosines. Zeros stay zeros and signs stay; a sample of zeros stays as it is.
 *
 * @param X features × samples, of any sign; what is missing (NaN) stays missing.
 * @returns features × samples, in 64 bits: sparse where X is, else dense; with the names that X has.
 * @throws GraphError 'invalid-data' for data that are no matrix or all missing; 'non-finite', 'value-range',
 * 'unknown-option', 'invalid-option'.
 * @example
 * console.log(toRows(scaleSamples([[1, 3], [3, 0]]))); // [[0.25, 1], [0.75, 0]]
 */
export function scaleSamples<X extends MatrixInput>(X: X, options: ScaleSamplesOptions = {}): Prepared<X> {
  checkOptions(scaleSamplesOptions, options, 'scaleSamples');
  const { by = 'sum' } = options;
  return prepare('scaleSamples', X, 'any', (matrix) => scaled(matrix, by, { lines: matrix.cols, of: (_, j) => j }));
}

/** Which row or column an entry is of, and how many there are. */
interface Direction {
  readonly lines: number;
  readonly of: (i: number, j: number) => number;
}

/** Each line in units of its largest number first, so that squares are numbers. */
function scaled(matrix: Matrix, by: By, { lines, of }: Direction) {
  const largest = new Float64Array(lines);
  eachStored(matrix, (x, i, j) => {
    const line = of(i, j);
    if (Math.abs(x) > largest[line]) largest[line] = Math.abs(x);
  });
  const rest = new Float64Array(lines).fill(by === 'max' ? 1 : 0);
  const each = (told: (x: number, line: number) => void) =>
    eachStored(matrix, (x, i, j) => {
      if (x !== 0 && !Number.isNaN(x)) told(x / largest[of(i, j)], of(i, j));
    });
  if (by === 'sum') each((x, line) => { rest[line] += Math.abs(x); }); // biome-ignore format: one thought
  if (by === 'l2') each((x, line) => { rest[line] += x * x; }); // biome-ignore format: one thought
  if (by === 'sd') rest.set(variances(knownCounts(matrix).rows, each));
  const squared = by === 'l2' || by === 'sd';
  return mapStored(matrix, (x, i, j) => {
    const line = of(i, j);
    if (x === 0 || rest[line] === 0) return x;
    return x / largest[line] / (squared ? Math.sqrt(rest[line]) : rest[line]);
  });
}

/** What is left of equal numbers once their mean is taken off, as a share of it, is rounding. */
const ROUNDING = 1e-12;

/** Σ(x − mean)² / (n − 1) over all that is known; `each` tells what is not zero. 0 where nothing varies. */
function variances(known: Uint32Array, each: (told: (x: number, line: number) => void) => void): Float64Array {
  const [mean, nonzeros] = [new Float64Array(known.length), new Uint32Array(known.length)];
  each((x, line) => {
    mean[line] += x / known[line];
    nonzeros[line]++;
  });
  const squares = mean.map((own, line) => (known[line] - nonzeros[line]) * own * own);
  each((x, line) => { squares[line] += (x - mean[line]) ** 2; }); // biome-ignore format: one thought
  return squares.map((sum, line) =>
    known[line] < 2 || sum <= known[line] * (ROUNDING * mean[line]) ** 2 ? 0 : sum / (known[line] - 1),
  );
}
