import { columnsAt, rowsAt } from '../align.js';
import { reading } from '../arguments/read.js';
import { assign } from '../assignment.js';
import { checkOptions } from '../dsl/check-options.js';
import { alignOptions } from '../dsl/schemas.js';
import { flipped, toRows } from '../matrix.js';
import { type Similarity, similarities } from '../similarity.js';
import { type Factors, partsOf, readFactors, type WholeFactors } from './factors.js';

export interface AlignOptions {
  /** How factors are compared; default 'cosine'. */
  readonly by?: Similarity | undefined;
  /** What of them is compared: columns of 'W' (default), for fits of the same features, or rows of 'H', of the same samples. */
  readonly side?: 'W' | 'H' | undefined;
}

/** Fit b with its factors in the order of those of fit a. */
export interface Aligned<F extends Factors> {
  /** Which factor of b comes where: factor r of a goes with factor `permutation[r]` of b. */
  readonly permutation: readonly number[];
  /** How alike the pairs are, k numbers in [−1, 1], in the order of a. */
  readonly similarities: Float64Array;
  /** W, d and H of b, reordered together: W·diag(d)·H is what it was. */
  readonly fit: Pick<F, 'W' | 'd' | 'H'>;
}

/**
 * Matches the factors of two fits, so that the similarities of all pairs add up to most, and brings the second into the order
 * of the first. Signs are left as they are; factors of zeros go with whatever is left, at similarity 0.
 *
 * @param a A fitted layer with k factors, or its W (m × k, by modality where there are several), d (k) and H (k × n).
 * @param b Another of as many factors, of the same features (or samples, for `side: 'H'`).
 * @throws GraphError 'invalid-data' for what is no layer's fit, or doesn't fit the other; 'unknown-option', 'invalid-option'.
 * @example
 * const [a, b] = await Promise.all([1, 2].map((seed) => factorNet(layer, { seed }).fit()));
 * const { fit, similarities } = align(a.parts, b.parts);
 * console.log(similarities); // how well each factor comes again from another start
 * @see `bipartiteMatch` for the matching.
 */
export function align<F extends Factors>(a: Factors, b: F, options: AlignOptions = {}): Aligned<F> {
  checkOptions(alignOptions, options, 'align');
  const { by = 'cosine', side = 'W' } = options;
  const args = reading('align');
  const [left, right] = [readFactors(args, 'a', a), readFactors(args, 'b', b)];
  if (left !== undefined && right !== undefined) {
    if (left.H.rows !== right.H.rows) args.refuse('b', `of ${left.H.rows} factors, as a is`, String(right.H.rows));
    else if (lengthsOf(left, side) !== lengthsOf(right, side))
      args.refuse('b', `of ${side} with ${lengthsOf(left, side)}, as a is`, lengthsOf(right, side));
  }
  const [own, other] = [args.done(left), args.done(right)];
  const table = toRows(similarities(columnsOf(own, side), columnsOf(other, side), by));
  const permutation = assign(table);
  return Object.freeze({
    permutation: Object.freeze(permutation),
    similarities: Float64Array.from(permutation, (s, r) => table[r][s]),
    fit: Object.freeze(reordered(b, permutation)),
  });
}

const columnsOf = ({ W, H }: WholeFactors, side: 'W' | 'H') => (side === 'W' ? W : flipped(H));

/** What must be the same of both, in words. */
const lengthsOf = ({ H, features }: WholeFactors, side: 'W' | 'H'): string =>
  side === 'H' ? `${H.cols} samples` : features;

function reordered<F extends Factors>({ W, d, H }: F, order: readonly number[]): Pick<F, 'W' | 'd' | 'H'> {
  const parts = partsOf(W).map(([name, part]) => [name, columnsAt(part, order)] as const);
  const whole = parts[0][0] === '' ? parts[0][1] : Object.freeze(Object.fromEntries(parts));
  // The parts of W are those of b, in new order.
  return { W: whole as F['W'], d: d.map((_, r) => d[order[r]]), H: rowsAt(H, order) };
}
