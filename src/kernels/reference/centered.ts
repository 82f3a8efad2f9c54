import { type DenseMatrix, dense, totalRows, transpose } from '../../matrix.js';
import type { Blocks } from './blocks.js';
import type { Pause } from './pause.js';
import { timesData, timesTransposed } from './products.js';

/** What centring and scaling need to know of each feature. */
export interface FeatureMoments {
  readonly center: Float64Array | null;
  readonly scale: Float64Array | null;
  /** Σ_j ((x_ij − μ_i) / s_i)² over what is known, with μ = 0 and s = 1 where not asked for. */
  readonly squares: Float64Array;
  /** Features that centring leaves nothing of. */
  readonly empty: readonly number[];
}

/**
 * Means, deviations (n − 1; 1 where a feature is constant) and squares in three passes, the second of which takes the
 * rounding out of the means; the zeros of sparse rows count, and what is missing doesn't.
 */
export function featureMoments(X: Blocks, center: boolean, scale: boolean): FeatureMoments {
  const m = totalRows(X);
  const zeros = unlistedZeros(X);
  const known = zeros.slice();
  eachKnown(X, (i) => {
    known[i]++;
  });
  const sums = (value: (x: number, i: number) => number): Float64Array => {
    const out = new Float64Array(m);
    eachKnown(X, (i, x) => {
      out[i] += value(x, i);
    });
    return out;
  };
  const rough = sums((x) => x).map((sum, i) => sum / Math.max(1, known[i]));
  const off = sums((x, i) => x - rough[i]);
  const mean = rough.map((value, i) => value + (off[i] - zeros[i] * value) / Math.max(1, known[i]));
  const spread = sums((x, i) => (x - mean[i]) ** 2).map((sum, i) => sum + zeros[i] * mean[i] * mean[i]);
  const spreadOf = (i: number) => Math.sqrt(spread[i] / Math.max(1, known[i] - 1));
  const constant = (i: number) => spreadOf(i) <= 1e-14 * Math.abs(mean[i]);
  const deviation = spread.map((_, i) => (constant(i) ? 1 : spreadOf(i)));
  const squares = center ? spread : sums((x) => x * x);
  return {
    center: center ? mean : null,
    scale: scale ? deviation : null,
    squares: scale ? squares.map((sum, i) => sum / (deviation[i] * deviation[i])) : squares,
    empty: center ? Array.from(mean.keys()).filter(constant) : [],
  };
}

/** How many entries of each row are zeros that are not listed. */
function unlistedZeros(X: Blocks): Float64Array {
  return Float64Array.from(
    X.flatMap((block) => {
      const own = new Array<number>(block.rows).fill(0);
      if (block.kind === 'dense' || block.unlisted === 'missing') return own;
      own.fill(block.cols);
      for (const i of block.indices) own[i]--;
      return own;
    }),
  );
}

function eachKnown(X: Blocks, visit: (row: number, x: number) => void): void {
  let top = 0;
  for (const block of X) {
    const values = block.kind === 'dense' ? block.data : block.values;
    for (let p = 0; p < values.length; p++) {
      if (Number.isNaN(values[p])) continue;
      visit(top + (block.kind === 'dense' ? p % block.rows : block.indices[p]), values[p]);
    }
    top += block.rows;
  }
}

/** A = (X − μ·1ᵀ) ÷ s by rows, as two products; X stays sparse. Factors here have their vectors in columns. */
export interface Operator {
  /** Features, m. */
  readonly rows: number;
  /** Samples, n. */
  readonly cols: number;
  /** A·V, m × b, from V (n × b). */
  times(V: DenseMatrix, pause: Pause): Promise<DenseMatrix>;
  /** Aᵀ·U, n × b, from U (m × b). */
  transposed(U: DenseMatrix, pause: Pause): Promise<DenseMatrix>;
}

export function centeredOperator(X: Blocks, { center, scale, empty }: FeatureMoments): Operator {
  return {
    rows: totalRows(X),
    cols: X[0].cols,
    async times(V, pause) {
      const Y = transpose(await timesTransposed(transpose(V), X, pause));
      for (let r = 0; r < V.cols; r++) {
        const sum = total(V, r);
        for (let i = 0; i < Y.rows; i++) {
          if (center !== null) Y.data[i + r * Y.rows] -= center[i] * sum;
          if (scale !== null) Y.data[i + r * Y.rows] /= scale[i];
        }
        for (const i of empty) Y.data[i + r * Y.rows] = 0;
      }
      return Y;
    },
    async transposed(U, pause) {
      const scaled = dense(U.rows, U.cols, U.data.slice());
      if (scale !== null) for (let p = 0; p < scaled.data.length; p++) scaled.data[p] /= scale[p % U.rows];
      for (const i of empty) for (let r = 0; r < U.cols; r++) scaled.data[i + r * U.rows] = 0;
      const Z = transpose(await timesData(transpose(scaled), X, pause));
      if (center === null) return Z;
      for (let r = 0; r < U.cols; r++) {
        let shift = 0;
        for (let i = 0; i < U.rows; i++) shift += center[i] * scaled.data[i + r * U.rows];
        for (let j = 0; j < Z.rows; j++) Z.data[j + r * Z.rows] -= shift;
      }
      return Z;
    },
  };
}

function total(V: DenseMatrix, r: number): number {
  let sum = 0;
  for (let j = 0; j < V.rows; j++) sum += V.data[j + r * V.rows];
  return sum;
}
