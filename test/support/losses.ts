import { FLOOR, type KernelLoss, type KernelParameter, penaltyScale } from '../../src/loss.js';
import { type DenseMatrix, dense, type RowBlocks, stackDense } from '../../src/matrix.js';
import { lowRank, uniform } from './matrices.js';

/** The mean of |x| over what is known. */
export function meanSize(X: RowBlocks): number {
  const known = stackDense(X).data.filter((x) => !Number.isNaN(x));
  return known.reduce((sum, x) => sum + Math.abs(x), 0) / known.length;
}

type Own = Pick<KernelLoss, 'name'> & Partial<Omit<KernelLoss, 'floor' | 'penalties'>>;

/** A loss as a kernel is told of it, for some data. */
export function kernelLoss(own: Own, X: RowBlocks): KernelLoss {
  const loss = { power: 0, delta: 0, dispersion: null, zeroInflation: null, ...own };
  const mean = meanSize(X);
  const at = loss.dispersion?.values[0] ?? 0;
  return { ...loss, floor: Math.max(FLOOR * mean, Number.MIN_VALUE), penalties: penaltyScale(loss, mean, at) };
}

export const given = (...values: readonly number[]): KernelParameter => ({
  by: 'global',
  values: Float64Array.from(values),
  estimate: false,
});
export const estimated = (by: KernelParameter['by'], count: number, from: number): KernelParameter => ({
  by,
  values: new Float64Array(count).fill(from),
  estimate: true,
});

/** A stream of uniform numbers. */
function numbers(seed: number): () => number {
  const many = uniform(1 << 16, 1, seed).data;
  let at = 0;
  return () => {
    const block = Math.floor(at / many.length);
    return (many[at++ % many.length] + block * 0.618_033_988_749_9) % 1;
  };
}

function normal(next: () => number): number {
  return Math.sqrt(-2 * Math.log(next() || 0.5)) * Math.cos(2 * Math.PI * next());
}

/** Marsaglia & Tsang 2000. */
function gamma(shape: number, next: () => number): number {
  if (shape < 1) return gamma(shape + 1, next) * (next() || 0.5) ** (1 / shape);
  const d = shape - 1 / 3;
  for (;;) {
    const z = normal(next);
    const v = (1 + z / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(next() || 0.5) < 0.5 * z * z + d - d * v + d * Math.log(v)) return d * v;
  }
}

/** By adding up the times between events, in parts. */
function poisson(mean: number, next: () => number): number {
  if (mean > 30) return poisson(mean / 2, next) + poisson(mean / 2, next);
  let [count, left] = [0, Math.exp(-mean)];
  for (let p = next(); p > left; p *= next()) count++;
  return count;
}

/** A generalized Poisson count: the size of a branching process that Poisson(λ) begin, each with Poisson(θ) children. */
function generalized(mean: number, theta: number, next: () => number): number {
  let [all, now] = [0, poisson(mean * (1 - theta), next)];
  while (now > 0) {
    all += now;
    now = poisson(theta * now, next);
  }
  return all;
}

const drawn = (
  means: DenseMatrix,
  seed: number,
  draw: (mean: number, next: () => number, i: number, j: number) => number,
) => {
  // biome-ignore format: one thought
  const next = numbers(seed);
  return dense(means.rows, means.cols, means.data.map((mean, p) => draw(mean, next, p % means.rows, Math.floor(p / means.rows)))); // biome-ignore format: one thought
};

export const poissonCounts = (means: DenseMatrix, seed: number): DenseMatrix => drawn(means, seed, poisson);
export const negativeBinomialCounts = (means: DenseMatrix, seed: number, sizeOf: (i: number, j: number) => number) =>
  drawn(means, seed, (mean, next, i, j) => {
    const size = sizeOf(i, j);
    return poisson((mean * gamma(size, next)) / size, next);
  });
export const generalizedCounts = (means: DenseMatrix, seed: number, thetaOf: (i: number, j: number) => number) =>
  drawn(means, seed, (mean, next, i, j) => generalized(mean, thetaOf(i, j), next));
/** Some of the counts put to zero. */
export const inflated = (counts: DenseMatrix, seed: number, piOf: (i: number, j: number) => number): DenseMatrix =>
  drawn(counts, seed, (x, next, i, j) => (next() < piOf(i, j) ? 0 : x));
export const gammaData = (means: DenseMatrix, seed: number, shape: number): DenseMatrix =>
  drawn(means, seed, (mean, next) => (mean * gamma(shape, next)) / shape);

/** Means of a low rank between about `least` and what is `by` higher. */
export function means(rows: number, cols: number, k: number, seed: number, least: number, by: number): DenseMatrix {
  const low = lowRank(rows, cols, k, seed);
  return dense(
    rows,
    cols,
    low.data.map((x) => least + by * x),
  );
}

export interface LossCase {
  readonly name: string;
  readonly data: DenseMatrix;
  readonly own: Own;
}

const [m, n] = [24, 17];
const counts = poissonCounts(means(m, n, 3, 1, 0, 2.5), 2);
const spread = negativeBinomialCounts(means(m, n, 3, 3, 0.2, 6), 4, () => 2);
const positive = gammaData(means(m, n, 3, 5, 0.5, 2), 6, 4);
const signed = dense(m, n, uniform(m, n, 7).data.map((x, p) => lowRank(m, n, 3, 8).data[p] + 2 * (x - 0.5))); // biome-ignore format: one thought

/** Every loss and every kind of parameter, with data that it is for. */
export const LOSS_CASES: readonly LossCase[] = [
  { name: 'kl', data: counts, own: { name: 'kl' } },
  { name: 'gamma', data: positive, own: { name: 'gamma' } },
  { name: 'inverse-gaussian', data: positive, own: { name: 'inverse-gaussian' } },
  { name: 'tweedie 1.4', data: counts, own: { name: 'tweedie', power: 1.4 } },
  { name: 'tweedie 2.6', data: positive, own: { name: 'tweedie', power: 2.6 } },
  { name: 'nb', data: spread, own: { name: 'nb', dispersion: given(2) } },
  { name: 'nb, estimated', data: spread, own: { name: 'nb', dispersion: estimated('global', 1, 10) } },
  { name: 'nb by row', data: spread, own: { name: 'nb', dispersion: estimated('row', m, 10) } },
  {
    name: 'nb, zeros by column',
    data: inflated(spread, 9, () => 0.2),
    own: { name: 'nb', dispersion: estimated('column', n, 10), zeroInflation: estimated('column', n, 0.1) },
  },
  { name: 'gp', data: spread, own: { name: 'gp', dispersion: given(0.3) } },
  { name: 'gp by column', data: spread, own: { name: 'gp', dispersion: estimated('column', n, 0.1) } },
  {
    name: 'gp, zeros by row',
    data: inflated(spread, 10, () => 0.2),
    own: { name: 'gp', dispersion: estimated('global', 1, 0.1), zeroInflation: estimated('row', m, 0.1) },
  },
  { name: 'huber', data: signed, own: { name: 'huber', delta: 0.3 } },
  { name: 'mae', data: signed, own: { name: 'mae' } },
];
