import type { NmfArgs, NmfResult, SvdResult } from '../../src/kernels/kernels.js';
import { type DenseMatrix, dense, type RowBlocks, stackDense, transpose } from '../../src/matrix.js';
import { multiply, product } from '../support/matrices.js';

/** Formulas in their plainest form, for the laws to compare kernels with. */

/** Mean of (x − estimate)² over the entries that `counts` picks. */
export function meanSquareOver(X: RowBlocks, fit: NmfResult, counts: (entry: number) => boolean): number {
  const { data } = stackDense(X);
  const estimate = product(fit).data;
  const picked = Array.from(data.keys()).filter(counts);
  return picked.reduce((sum, p) => sum + (data[p] - estimate[p]) ** 2, 0) / picked.length;
}

/** The penalties of `objective.ts` on a model that has its scale in d. */
export function penaltyOf({ W, d, H }: Pick<NmfResult, 'W' | 'd' | 'H'>, args: Pick<NmfArgs, 'W' | 'H'>): number {
  const [m, n] = [W.rows, H.cols];
  const l1 = (v: Float64Array) => v.reduce((sum, x) => sum + Math.abs(x), 0);
  const l2 = (v: Float64Array) => Math.hypot(...v);
  return d.reduce((sum, scale, r) => {
    const w = W.data.subarray(r * m, (r + 1) * m);
    const h = H.data.filter((_, p) => p % d.length === r);
    const first = args.H.L1 * Math.sqrt(m) * l2(w) * l1(h) + args.W.L1 * Math.sqrt(n) * l2(h) * l1(w);
    return sum + scale * first + 0.5 * (args.W.L2 + args.H.L2) * (scale * l2(w) * l2(h)) ** 2;
  }, 0);
}

/** One iteration of HALS with one sweep from a start: W·H. */
export function oneIteration(X: DenseMatrix, W: DenseMatrix, H: DenseMatrix): DenseMatrix {
  const WtX = multiply(transpose(W), X);
  const fitted = multiply(W, H);
  const dot = (a: DenseMatrix, b: DenseMatrix) => a.data.reduce((sum, x, p) => sum + x * b.data[p], 0);
  const best = Math.abs(dot(WtX, H) / dot(fitted, fitted));
  const newH = sweep(
    dense(
      H.rows,
      H.cols,
      H.data.map((x) => x * best),
    ),
    multiply(transpose(W), W),
    WtX,
  );
  const newW = sweep(transpose(W), multiply(newH, transpose(newH)), multiply(newH, transpose(X)));
  return multiply(transpose(newW), newH);
}

/** Every coordinate of every column of F in turn to where G·f = b there, or to zero. */
function sweep(F: DenseMatrix, G: DenseMatrix, B: DenseMatrix): DenseMatrix {
  const k = F.rows;
  const out = dense(k, F.cols, F.data.slice());
  for (let j = 0; j < F.cols; j++) {
    const x = out.data.subarray(j * k, (j + 1) * k);
    for (let r = 0; r < k; r++) {
      const g = x.reduce((sum, value, s) => sum + G.data[r + s * k] * value, -B.data[r + j * k]);
      if (G.data[r + r * k] > 0) x[r] = Math.max(0, x[r] - g / G.data[r + r * k]);
    }
  }
  return out;
}

/** Σ of squares of X less the first `count` pairs of an SVD with its means and deviations, over what is known: in units of the data, and of what is fitted. */
export function leftBySvd(X: RowBlocks, fit: SvdResult, count = fit.d.length) {
  const { rows, cols, data } = stackDense(X);
  let [squares, own, known] = [0, 0, 0];
  for (let j = 0; j < cols; j++) {
    for (let i = 0; i < rows; i++) {
      const x = data[i + j * rows];
      if (Number.isNaN(x)) continue;
      const scale = fit.scale?.[i] ?? 1;
      let rest = (x - (fit.center?.[i] ?? 0)) / scale;
      for (let r = 0; r < count; r++) rest -= fit.W.data[i + r * rows] * fit.d[r] * fit.H.data[r + j * fit.H.rows];
      own += rest ** 2;
      squares += (rest * scale) ** 2;
      known++;
    }
  }
  return { squares, own, known };
}

/** Largest difference of AᵀA from the unit matrix. */
export function offOrthonormal(A: DenseMatrix): number {
  const gram = multiply(transpose(A), A);
  return gram.data.reduce((most, x, p) => Math.max(most, Math.abs(x - Number(p % (A.cols + 1) === 0))), 0);
}
