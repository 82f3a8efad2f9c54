import { lowest } from '../lowest.js';
import { type DenseMatrix, dense } from '../matrix.js';
import type { Steps } from '../steps.js';

/**
 * How alike samples are by their neighbours: J_ij = |N_i ∩ N_j| / |N_i ∪ N_j| (Jaccard 1901), N_i being i and the `count` samples
 * whose columns of diag(d)·H have the largest cosine with its own, the first among equals; a column of zeros has none with any.
 * Two steps for each sample.
 *
 * @param H k × n; d: k numbers
 * @param count from 1 to n − 1
 * @returns n × n, symmetric, in [0, 1], 1 on the diagonal
 */
export function* sharedNeighbours(H: DenseMatrix, d: ArrayLike<number>, count: number): Steps<DenseMatrix> {
  const { rows: k, cols: n } = H;
  const unit = H.data.map((h, p) => h * d[p % k]);
  for (let j = 0; j < n; j++) {
    const own = unit.subarray(j * k, (j + 1) * k);
    const length = Math.hypot(...own);
    if (length > 0) for (let r = 0; r < k; r++) own[r] /= length;
  }
  const near: (readonly number[])[] = [];
  /** The samples that have each among their neighbours. */
  const asked: number[][] = Array.from({ length: n }, () => []);
  for (let j = 0; j < n; j++) {
    near.push([j, ...nearest(unit, k, n, j, count)]);
    for (const item of near[j]) asked[item].push(j);
    yield;
  }
  const J = dense(n, n);
  const both = new Int32Array(n);
  for (let j = 0; j < n; j++) {
    both.fill(0);
    for (const item of near[j]) for (const i of asked[item]) both[i]++;
    for (let i = 0; i < n; i++) J.data[i + j * n] = both[i] / (near[i].length + near[j].length - both[i]);
    yield;
  }
  return J;
}

function nearest(unit: Float64Array, k: number, n: number, j: number, count: number): readonly number[] {
  const distances = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let r = 0; r < k; r++) sum += unit[i * k + r] * unit[j * k + r];
    distances[i] = -sum;
  }
  return lowest(distances, count, j);
}
