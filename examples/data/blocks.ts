import { type DenseMatrix, type RRandom, rRandom } from 'factorloom';

export interface Blocks {
  /** 200 × 80, with noise three times as large as the mean of what it is laid on. */
  readonly X: DenseMatrix;
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
}

/**
 * Data of five factors, to the digits that R draws after `set.seed(42)`: each factor has 40 features and 16 samples of its own, of
 * weights |N(1, 0.3)|, and a little of all others, |N(0, 0.05)|. Columns of W and rows of H sum to 1.
 */
export function loadBlocks(): Blocks {
  const [rows, cols, k] = [200, 80, 5];
  const random = rRandom(42);
  const W = blocks(rows, k, random, (line, factor) => line + factor * rows);
  const H = blocks(cols, k, random, (line, factor) => factor + line * k);
  const w = { kind: 'dense', rows, cols: k, data: W } as const;
  const h = { kind: 'dense', rows: k, cols, data: H } as const;
  const data = new Float64Array(rows * cols);
  for (let r = 0; r < k; r++)
    for (let j = 0; j < cols; j++) for (let i = 0; i < rows; i++) data[i + j * rows] += W[i + r * rows] * H[r + j * k];
  const mean = data.reduce((sum, x) => sum + x, 0) / data.length;
  const noise = random.rnorm(rows * cols, 0, 3 * mean);
  return { X: { kind: 'dense', rows, cols, data: data.map((x, p) => Math.max(0, x + noise[p])) }, W: w, H: h };
}

/** Weights of lines (features or samples) by factor: the block of each first, then all columns of R's matrix; sums are 1. */
function blocks(lines: number, k: number, { rnorm }: RRandom, at: (line: number, factor: number) => number) {
  const size = lines / k;
  const out = new Float64Array(lines * k);
  for (let r = 0; r < k; r++) rnorm(size, 1, 0.3).forEach((x, i) => { out[at(r * size + i, r)] = Math.abs(x); }); // biome-ignore format: one thought
  // R fills W and H column by column, whatever their rows are.
  rnorm(lines * k, 0, 0.05).forEach((x, p) => { out[p] += Math.abs(x); }); // biome-ignore format: one thought
  for (let r = 0; r < k; r++) {
    let sum = 0;
    for (let line = 0; line < lines; line++) sum += out[at(line, r)];
    for (let line = 0; line < lines; line++) out[at(line, r)] /= sum;
  }
  return out;
}
