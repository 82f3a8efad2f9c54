import type { NmfResult } from '../kernels/kernels.js';
import { column, dense, row } from '../matrix.js';
import { type Start, uniform } from './starts.js';
import { turn } from './turn.js';

/** What a layer has come to. */
export type Factors = Pick<NmfResult, 'W' | 'd' | 'H'>;

/** How large factors are that are added to others, relative to the mean of these, as ‖w‖·‖h‖. */
const ADDED = 0.1;
/** What zeros become that would stay, as a fraction of the mean magnitude of their factor. */
const LIFTED = 0.01;

/**
 * W (m × k) and H (k × n) from what the same data have come to with at most k factors, d within H: those that aren't zero,
 * and small random ones for all others.
 *
 * @param lift where zeros would stay.
 */
export async function grownStart(
  { W, d, H }: Factors,
  k: number,
  { seed, stream }: { readonly seed: number; readonly stream: number },
  lift: boolean,
): Promise<Start> {
  const [m, n] = [W.rows, H.cols];
  const lengths = (r: number) => [length(column(W, r)), d[r] * length(row(H, r))] as const;
  const alive = Array.from(d, (_, r) => r).filter((r) => lengths(r).every((size) => size > 0));
  const added = k - alive.length;
  // From where those that were found may have begun, on.
  const [drawnW, drawnH] = [
    await uniform(m, added, seed, 4 * stream, d.length * m),
    await uniform(added, n, seed, 4 * stream + 1, d.length * n),
  ];
  if (alive.length === 0) return { W: drawnW, H: drawnH };
  const means = [0, 1].map((side) => alive.reduce((sum, r) => sum + lengths(r)[side], 0) / alive.length);
  const lifted = (values: Float64Array) => {
    const least = lift ? (LIFTED * values.reduce((sum, x) => sum + Math.abs(x), 0)) / values.length : 0;
    return least === 0 ? values : values.map((x) => Math.max(x, least));
  };
  const scaled = (values: Float64Array, by: number) => values.map((x) => x * by);
  const pairs = [
    ...alive.map((r) => [column(W, r), scaled(row(H, r), d[r])] as const),
    ...Array.from({ length: added }, (_, r) => {
      const [w, h] = [column(drawnW, r), row(drawnH, r)];
      return [scaled(w, means[0] / length(w)), scaled(h, (ADDED * means[1]) / length(h))] as const;
    }),
  ];
  const start = { W: dense(m, k), H: dense(k, n) };
  for (const [r, [w, h]] of pairs.entries()) {
    column(start.W, r).set(lifted(w));
    for (const [j, x] of lifted(h).entries()) start.H.data[r + j * k] = x;
    await turn();
  }
  return start;
}

const length = (values: Float64Array): number => Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
