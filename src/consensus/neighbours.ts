import { type DenseMatrix, dense } from '../matrix.js';

/**
 * How alike samples are by their neighbours: J_ij = |N_i ∩ N_j| / |N_i ∪ N_j| (Jaccard 1901), N_i being i and the `count` samples
 * whose columns of diag(d)·H have the largest cosine with its own, the first among equals; a column of zeros has none with any.
 *
 * @param H k × n; d: k numbers
 * @param count from 1 to n − 1
 * @returns n × n, symmetric, in [0, 1], 1 on the diagonal
 */
export function sharedNeighbours(H: DenseMatrix, d: ArrayLike<number>, count: number): DenseMatrix {
  const { rows: k, cols: n } = H;
  const unit = H.data.map((h, p) => h * d[p % k]);
  for (let j = 0; j < n; j++) {
    const own = unit.subarray(j * k, (j + 1) * k);
    const length = Math.hypot(...own);
    if (length > 0) for (let r = 0; r < k; r++) own[r] /= length;
  }
  const near = Array.from({ length: n }, (_, j) => nearest(unit, k, n, j, count));
  const J = dense(n, n);
  for (let j = 0; j < n; j++)
    for (let i = 0; i <= j; i++) {
      let both = 0;
      for (const item of near[i]) if (near[j].has(item)) both++;
      const share = both / (near[i].size + near[j].size - both);
      J.data[i + j * n] = share;
      J.data[j + i * n] = share;
    }
  return J;
}

function nearest(unit: Float64Array, k: number, n: number, j: number, count: number): ReadonlySet<number> {
  const cosines = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let r = 0; r < k; r++) sum += unit[i * k + r] * unit[j * k + r];
    cosines[i] = sum;
  }
  const others = Array.from(cosines.keys()).filter((i) => i !== j);
  others.sort((a, b) => cosines[b] - cosines[a] || a - b);
  return new Set([j, ...others.slice(0, count)]);
}
