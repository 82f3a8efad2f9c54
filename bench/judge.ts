import type { Matrix } from '../src/index.js';
import type { DenseMatrix } from '../src/matrix.js';

/** ⟨X, WH⟩ / ‖WH‖², entry by entry: the scalar on W·H that fits X best. */
export function bestScale(X: Matrix, W: DenseMatrix, H: DenseMatrix): number {
  let cross = 0;
  let square = 0;
  eachColumn(X, W, H, (x, y) => {
    for (let i = 0; i < y.length; i++) {
      cross += x[i] * y[i];
      square += y[i] * y[i];
    }
  });
  return square === 0 ? 1 : cross / square;
}

/** Mean squared error by its definition: slow, and nothing of ours that is fast has a part in it. */
export function plainMse(X: Matrix, W: DenseMatrix, H: DenseMatrix): number {
  let sum = 0;
  eachColumn(X, W, H, (x, y) => {
    for (let i = 0; i < y.length; i++) sum += (x[i] - y[i]) ** 2;
  });
  return sum / (X.rows * X.cols);
}

/** Column by column: that of X written out, and that of W·H. */
function eachColumn(
  X: Matrix,
  W: DenseMatrix,
  H: DenseMatrix,
  visit: (x: Float64Array, y: Float64Array) => void,
): void {
  const [x, y] = [new Float64Array(X.rows), new Float64Array(X.rows)];
  for (let j = 0; j < X.cols; j++) {
    x.fill(0);
    if (X.kind === 'dense') x.set(X.data.subarray(j * X.rows, (j + 1) * X.rows));
    else for (let p = X.indptr[j]; p < X.indptr[j + 1]; p++) x[X.indices[p]] = X.values[p];
    y.fill(0);
    for (let r = 0; r < W.cols; r++) {
      const h = H.data[r + j * W.cols];
      if (h !== 0) for (let i = 0; i < X.rows; i++) y[i] += h * W.data[i + r * X.rows];
    }
    visit(x, y);
  }
}
