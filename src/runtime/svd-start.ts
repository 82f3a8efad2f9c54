import type { CallOptions, Kernels } from '../kernels/kernels.js';
import { column, dense, type RowBlocks, row, storedValues, totalRows } from '../matrix.js';
import type { StartMethod } from '../solver.js';
import { randomBlock, randomStart, type Start } from './starts.js';
import { turn } from './turn.js';

/** A start needs a few digits of an SVD: the largest residual over σ₁, and restarts at most. */
const ROUGH = { tol: 1e-4, maxIter: 10 } as const;
/** Directions the subspace search carries beyond those asked for. */
const OVERSAMPLING = 8;
/** Singular values below this fraction of the largest are rounding. */
const RANK_TOLERANCE = 1e-8;
/** Entries of a singular vector below this fraction of its largest are, too. */
const NOTHING = 1e-9;
/** Mean of w·h where a factor has nothing to begin from, as a fraction of the mean magnitude of the data. */
const SMALL = 0.01;
/** Entries summed between two turns of the event loop. */
const STRETCH = 1 << 21;

/** Non-negative sides of one factor; zero where the data say nothing about it. */
interface Pair {
  readonly w: Float64Array;
  readonly h: Float64Array;
}

/**
 * A start from the first k singular triplets of X: of each the larger of its positive and negative parts (NNDSVD,
 * Boutsidis & Gallopoulos 2008), with `nndsvda` √mean|X| in place of zeros, or with 'svd' the magnitudes. A zero factor
 * would stay zero, so those beyond the rank of X, and those whose parts are zero, begin small and at random.
 */
export async function svdStart(
  method: Exclude<StartMethod, 'random'>,
  X: RowBlocks,
  k: number,
  random: { readonly seed: number; readonly stream: number },
  kernels: Kernels,
  options: CallOptions,
): Promise<Start> {
  const [m, n] = [totalRows(X), X[0].cols];
  const { seed, stream } = random;
  const count = Math.min(k, m, n);
  const block = await randomBlock(m, Math.min(count + OVERSAMPLING, m, n), seed, stream);
  const plain = { center: false, scale: false, solver: 'krylov', L2: 0, terms: null, missing: false } as const;
  const args = { X, k: count, ...plain, start: block, ...ROUGH };
  const { W: U, d, H: Vt } = await kernels.svd(args, options);
  const known = (r: number): Pair | null => {
    if (r >= count || d[r] <= RANK_TOLERANCE * d[0]) return null;
    const sides = method === 'svd' || r === 0 ? magnitudes : largerPart;
    return sides(rounded(column(U, r)), rounded(row(Vt, r)), d[r]);
  };
  const mean = await meanMagnitude(X);
  const drawn = await randomStart(m, n, k, seed, stream);
  const least = method === 'nndsvda' ? Math.sqrt(mean) : 0;
  const [W, H] = [dense(m, k), dense(k, n)];
  for (let r = 0; r < k; r++) {
    const { w, h } = known(r) ?? times(column(drawn.W, r), row(drawn.H, r), 4 * SMALL * mean);
    W.data.set(
      w.map((x) => (x === 0 ? least : x)),
      r * m,
    );
    h.forEach((x, j) => {
      H.data[r + j * k] = x === 0 ? least : x;
    });
    await turn();
  }
  return { W, H };
}

/** What rounding has left of zeros is zero. */
function rounded(x: Float64Array): Float64Array {
  const least = NOTHING * x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return x.map((value) => (Math.abs(value) > least ? value : 0));
}

/** |u| and |v|, whose product is `by`. */
function magnitudes(u: Float64Array, v: Float64Array, by: number): Pair {
  return times(u.map(Math.abs), v.map(Math.abs), by);
}

/** The positive parts of u and v or the negative ones, whichever product is larger; null if it is zero. */
function largerPart(u: Float64Array, v: Float64Array, sigma: number): Pair | null {
  const [positive, negative] = [1, -1].map((sign) => {
    const [w, h] = [u, v].map((side) => side.map((x) => Math.max(sign * x, 0)));
    return { w, h, size: length(w) * length(h) };
  });
  const { w, h, size } = positive.size >= negative.size ? positive : negative;
  if (size === 0) return null;
  // Both sides get the same length.
  const ratio = Math.sqrt(length(h) / length(w));
  return times(
    w.map((x) => x * ratio),
    h.map((x) => x / ratio),
    sigma,
  );
}

/** `by` is shared evenly by both sides. */
function times(w: Float64Array, h: Float64Array, by: number): Pair {
  const root = Math.sqrt(by);
  return { w: w.map((x) => x * root), h: h.map((x) => x * root) };
}

const length = (values: Float64Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));

/** Mean of |x| over all entries. */
async function meanMagnitude(X: RowBlocks): Promise<number> {
  let sum = 0;
  for (const values of X.map(storedValues)) {
    for (let from = 0; from < values.length; from += STRETCH) {
      const to = Math.min(from + STRETCH, values.length);
      for (let p = from; p < to; p++) sum += Math.abs(values[p]);
      await turn();
    }
  }
  return sum / (totalRows(X) * X[0].cols);
}
