import type { CscMatrix, DenseMatrix } from '../../src/index.js';
import { exponential, normal, type Random, random } from '../random.js';

/** Parts with 40% zeros and falling weights, so that they overlap and differ in size. */
function parts(length: number, k: number, next: Random): Float64Array[] {
  return Array.from({ length: k }, (_, r) =>
    Float64Array.from({ length }, () => (next() < 0.4 ? 0 : exponential(next) / Math.sqrt(r + 1))),
  );
}

/** Rank `k`, nonnegative, under noise of a fifth of each entry and a tenth of the mean; representable in 32 bits. */
export function lowRankDense(rows: number, cols: number, k: number, seed: number): DenseMatrix {
  const next = random(seed);
  const [W, H] = [parts(rows, k, next), parts(cols, k, next)];
  const data = new Float64Array(rows * cols);
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    const column = data.subarray(j * rows, (j + 1) * rows);
    for (let r = 0; r < k; r++) {
      const h = H[r][j];
      if (h !== 0) for (let i = 0; i < rows; i++) column[i] += h * W[r][i];
    }
    for (let i = 0; i < rows; i++) sum += column[i];
  }
  const mean = sum / data.length;
  for (let p = 0; p < data.length; p++) {
    const noisy = data[p] * (1 + 0.2 * normal(next)) + 0.1 * mean * normal(next);
    data[p] = Math.fround(Math.max(0, noisy));
  }
  return { kind: 'dense', rows, cols, data };
}

/** Topics that a column mixes. */
const MIXED = 3;

/**
 * Counts around a nonnegative low-rank mean λ, gamma–Poisson with shape 1: P(x ≥ c) = qᶜ for q = λ / (1 + λ), which one
 * uniform number inverts. λ is scaled until a share `density` of the entries is expected to be nonzero.
 */
export function lowRankCounts(
  rows: number,
  cols: number,
  k: number,
  density: number,
  seed: number,
): CscMatrix & { readonly values: Float32Array } {
  const next = random(seed);
  const topics = Array.from({ length: k }, () => Float64Array.from({ length: rows }, () => exponential(next) ** 3));
  const mixtures = Array.from({ length: cols }, () => {
    const depth = Math.exp(0.5 * normal(next));
    return Array.from({ length: MIXED }, () => ({
      topic: topics[Math.floor(next() * k)],
      weight: depth * exponential(next),
    }));
  });
  const mean = new Float64Array(rows);
  const meanOf = (j: number, scale: number) => {
    const [a, b, c] = mixtures[j];
    const [u, v, w] = [scale * a.weight, scale * b.weight, scale * c.weight];
    for (let i = 0; i < rows; i++) mean[i] = u * a.topic[i] + v * b.topic[i] + w * c.topic[i];
  };
  const sample = Array.from({ length: Math.min(100, cols) }, (_, s) => Math.floor((s * cols) / 100) % cols);
  const expected = (scale: number): number => {
    let sum = 0;
    for (const j of sample) {
      meanOf(j, scale);
      for (let i = 0; i < rows; i++) sum += mean[i] / (1 + mean[i]);
    }
    return sum / (sample.length * rows);
  };
  let [low, high] = [1e-6, 1e3];
  for (let step = 0; step < 40; step++) {
    const middle = Math.sqrt(low * high);
    if (expected(middle) < density) low = middle;
    else high = middle;
  }
  const room = Math.ceil(rows * cols * density * 1.2);
  const [indices, values] = [new Uint32Array(room), new Float32Array(room)];
  const indptr = new Uint32Array(cols + 1);
  let count = 0;
  for (let j = 0; j < cols; j++) {
    meanOf(j, low);
    for (let i = 0; i < rows; i++) {
      const q = mean[i] / (1 + mean[i]);
      const u = next();
      if (u >= q) continue;
      indices[count] = i;
      values[count++] = Math.floor(Math.log(u || 2 ** -33) / Math.log(q));
    }
    indptr[j + 1] = count;
  }
  if (count > room) throw new Error(`room for ${room} entries, ${count} drawn`);
  return {
    kind: 'csc',
    rows,
    cols,
    indptr,
    indices: indices.subarray(0, count),
    values: values.subarray(0, count),
  };
}
