import type { Slot } from './plan.js';

/** Most sweeps that are ever chosen: columns that stand still leave earlier by themselves. */
const MOST = 10;
/** Fewest: on small matrices an iteration has costs beside products and sweeps, and fewer iterations are fewer of those. */
const LEAST = 3;
/** Of the time of the products with the data, what sweeps over both factors may take beyond the first. */
const SHARE = 1;
/** Nanoseconds a sweep takes for each of the k numbers of a column, measured at these k. */
const SWEEP = [
  [10, 0.42],
  [32, 0.69],
  [64, 1.13],
] as const;
/** Flops of a product with dense data in a nanosecond. */
const DENSE_FLOPS = 125;
/** Nanoseconds a product with sparse data takes for each entry: to find it, and for each of the k numbers it meets. */
const SPARSE = { find: 0.75, multiply: 0.04 } as const;

/**
 * Most sweeps over a factor for each product with X, from a model of what both cost on one ordinary machine: never from
 * a clock, so that a plan is the same everywhere, and the same for a matrix stored dense or sparse: the cheaper way
 * counts. A product that costs more is worth more sweeps (Gillis & Glineur 2012).
 */
export function affordableSweeps({ shape: [m, n], nonzeros }: Pick<Slot, 'shape' | 'nonzeros'>, k: number): number {
  const dense = (m * n * 4 * k) / DENSE_FLOPS;
  const sparse = 2 * nonzeros * (SPARSE.find + SPARSE.multiply * k);
  const products = Math.min(dense, sparse);
  const sweep = (m + n) * k * perNumber(k);
  return Math.min(MOST, Math.max(LEAST, Math.round(1 + (SHARE * products) / sweep)));
}

/** Linear between the measured k, flat outside. */
function perNumber(k: number): number {
  const [first] = SWEEP;
  if (k <= first[0]) return first[1];
  for (const [i, [from, cost]] of SWEEP.entries()) {
    const next = SWEEP[i + 1];
    if (next === undefined) return cost;
    if (k <= next[0]) return cost + ((next[1] - cost) * (k - from)) / (next[0] - from);
  }
  return first[1];
}
