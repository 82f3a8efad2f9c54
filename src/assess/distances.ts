import { lowest } from '../lowest.js';
import { column, type DenseMatrix, dense } from '../matrix.js';

/** 'euclidean', ‖x − y‖; or 'cosine', 1 − cos(x, y), which is 1 where one of the two is all zeros. */
export type Metric = 'euclidean' | 'cosine';

/** How far columns are from one another. */
export function distances(H: DenseMatrix, metric: Metric): (i: number, j: number) => number {
  const { rows: k, data } = metric === 'cosine' ? unit(H) : H;
  return (i, j) => {
    const a = i * k;
    const b = j * k;
    let sum = 0;
    if (metric === 'cosine') {
      for (let r = 0; r < k; r++) sum += data[a + r] * data[b + r];
      return Math.max(0, 1 - sum);
    }
    for (let r = 0; r < k; r++) sum += (data[a + r] - data[b + r]) ** 2;
    return Math.sqrt(sum);
  };
}

function unit(H: DenseMatrix): DenseMatrix {
  const out = dense(H.rows, H.cols);
  for (let j = 0; j < H.cols; j++) {
    const own = column(H, j);
    const largest = own.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
    if (largest === 0) continue;
    const length = Math.sqrt(own.reduce((sum, x) => sum + (x / largest) ** 2, 0));
    column(out, j).set(own.map((x) => x / largest / length));
  }
  return out;
}

/** The nearest other samples of each, nearest first and of equals the first; as many as asked for, or all there are. */
export function* nearest(H: DenseMatrix, metric: Metric, most: number): Generator<readonly number[]> {
  const distance = distances(H, metric);
  const own = new Float64Array(H.cols);
  for (let j = 0; j < H.cols; j++) {
    for (let i = 0; i < H.cols; i++) own[i] = distance(i, j);
    yield lowest(own, most, j);
  }
}
