import { type DenseMatrix, dense, transpose } from '../../matrix.js';
import type { FactorSums, FactorTerms, Norm, Side } from '../../objective.js';
import type { Panel } from './products.js';

/** Lengths of the rows. */
export function panelNorms(F: Panel): Pick<FactorSums, 'length' | 'l1' | 'l2'> {
  const k = F.rows;
  const l1 = new Float64Array(k);
  const l2 = new Float64Array(k);
  for (let j = 0; j < F.cols; j++) {
    for (let r = 0; r < k; r++) {
      const x = F.data[j * k + r];
      l1[r] += Math.abs(x);
      l2[r] += x * x;
    }
  }
  for (let r = 0; r < k; r++) l2[r] = Math.sqrt(l2[r]);
  return { length: F.cols, l1, l2 };
}

/** Rows of both factors may differ in length by 2^4, about, before they are balanced. */
const UNEVEN = 4;

/** The powers of two by which W's rows are to grow, and H's to shrink, where their lengths are far apart; 1 elsewhere. */
export function balancingShifts(W: Panel, H: Panel): Float64Array {
  const w = panelNorms(W).l2;
  const h = panelNorms(H).l2;
  return w.map((length, r) => {
    if (length === 0 || h[r] === 0) return 1;
    const shift = Math.floor((exponent(h[r]) - exponent(length)) / 2);
    return Math.abs(shift) >= UNEVEN ? 2 ** shift : 1;
  });
}

/** A factor this much smaller than the largest is dead where factors are made to die. */
const DYING = 1e-12;

/** Whether each factor is worth keeping. */
export function livingRows(W: Panel, H: Panel): readonly boolean[] {
  const h = panelNorms(H).l2;
  const size = Array.from(panelNorms(W).l2, (length, r) => length * h[r]);
  const least = DYING * Math.max(...size);
  return size.map((x) => x > least);
}

/** diag(by)·F; by powers of two changes no bit of the product with a partner that is scaled back. */
export function scaledRows(F: Panel, by: Float64Array): Panel {
  if (by.every((x) => x === 1)) return F;
  return dense(
    F.rows,
    F.cols,
    F.data.map((x, p) => x * by[p % F.rows]),
  );
}

/** The power of two at or below x > 0; one for all subnormal numbers and 0. */
export function exponent(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  return (bits.getUint16(0) >>> 4) - 1023;
}

export function scaleRow(F: Panel, r: number, by: number): void {
  for (let p = r; p < F.data.length; p += F.rows) F.data[p] *= by;
}

/** A pair multiplied by a number: H by as much of it as its bound allows, W by the rest. */
export function scaledPair(
  given: { readonly W: Panel; readonly H: Panel },
  by: number,
  bounds: Readonly<Record<Side, Pick<FactorTerms, 'upperBound'>>>,
): { readonly W: Panel; readonly H: Panel } {
  const byH = Math.min(by, room(bounds.H, given.H));
  const H = scaledRows(given.H, new Float64Array(given.H.rows).fill(byH));
  const rest = byH === by ? given.W : scaledRows(given.W, new Float64Array(given.W.rows).fill(by / byH));
  const most = room(bounds.W, rest) < 1 ? bounds.W.upperBound : null;
  const W = most === null ? rest : dense(rest.rows, rest.cols, rest.data.map((x) => Math.min(x, most))); // biome-ignore format: one thought
  return { W, H };
}

/** What a factor can be multiplied by before it meets its bound. */
function room({ upperBound }: Pick<FactorTerms, 'upperBound'>, F: Panel): number {
  const largest = F.data.reduce((most, x) => Math.max(most, x), 0);
  return upperBound === null || largest === 0 ? Number.POSITIVE_INFINITY : upperBound / largest;
}

/**
 * What rows of both factors are to be multiplied by to be of about the same length where they are far apart; zero where a
 * factor is dying. `still`: they may not change in scale.
 */
export function balance(
  W: Panel,
  H: Panel,
  { dying, still }: { readonly dying: boolean; readonly still: boolean },
): { readonly W: Float64Array; readonly H: Float64Array } {
  const alive = dying ? livingRows(W, H) : null;
  const shifts = still ? new Float64Array(W.rows).fill(1) : balancingShifts(W, H);
  const back = shifts.map((shift, r) => (alive === null || alive[r] ? 1 / shift : 0));
  if (alive !== null) shifts.forEach((shift, r) => { shifts[r] = alive[r] ? shift : 0; }); // biome-ignore format: one thought
  return { W: shifts, H: back };
}

/**
 * Turns round the rows of a sign-free factor whose partner row is zero: the product stays as it is, and a partner that
 * vanished because the row pointed away from the data can grow in the next half-step.
 */
export function turnUnused(F: Panel, partner: Panel): void {
  panelNorms(partner).l2.forEach((length, r) => {
    if (length === 0) scaleRow(F, r, -1);
  });
}

/** A factor of less than this is zero. */
export const SMALLEST = 2 ** -1022;

/** Lengths of the rows of both panels, their products, and the places of the factors by falling product, or as they are where `placed`. */
export function sizesOf(W: Panel, H: Panel, norm: Norm, placed: boolean) {
  const [wNorms, hNorms] = [panelNorms(W), panelNorms(H)];
  const [w, h] = norm === 'L1' ? [wNorms.l1, hNorms.l1] : [wNorms.l2, hNorms.l2];
  const size = w.map((x, r) => x * h[r]);
  const order = Array.from(size.keys()).sort((a, b) => (placed ? 0 : size[b] - size[a]) || a - b);
  return { w, h, size, order };
}

/** By what w_rᵀX is to be multiplied to be h_r, both normalised. */
export function projectionOf(W: Panel, H: Panel, norm: Norm): Float64Array {
  const { w, h, size, order } = sizesOf(W, H, norm, false);
  const ratio = (r: number) => (norm === 'none' ? 1 : w[r] / h[r]);
  return Float64Array.from(order, (r) => (size[r] >= SMALLEST ? ratio(r) : 0));
}

export interface Normalized {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
}

/**
 * Moves the scale of both panels into d and sorts by it, falling, ties by position; W comes back as features × k.
 * A factor that is zero on either side becomes zero on both, with d = 0. With `norm: 'none'` d is 1 and the order
 * is that of ‖w_r‖₂·‖h_r‖₂. Factors that are `placed` stay where they are.
 */
export function normalize(W: Panel, H: Panel, norm: Norm, placed: boolean): Normalized {
  const k = W.rows;
  const { w, h, size, order } = sizesOf(W, H, norm, placed);
  const sortedW = dense(k, W.cols);
  const sortedH = dense(k, H.cols);
  const d = new Float64Array(k);
  order.forEach((from, to) => {
    const alive = size[from] >= SMALLEST;
    const by = (length: number) => (norm === 'none' || length === 0 ? 1 : length);
    d[to] = norm === 'none' ? 1 : alive ? size[from] : 0;
    // What is drawn to a target stays there, though its partner is gone.
    if (!alive && !placed) return;
    copyRow(W, from, sortedW, to, by(w[from]));
    copyRow(H, from, sortedH, to, by(h[from]));
  });
  return { W: transpose(sortedW), d, H: sortedH };
}

/** By division: the inverse of a subnormal number is infinite. */
function copyRow(from: Panel, r: number, to: Panel, s: number, over: number): void {
  for (let j = 0; j < from.cols; j++) to.data[j * to.rows + s] = from.data[j * from.rows + r] / over;
}
