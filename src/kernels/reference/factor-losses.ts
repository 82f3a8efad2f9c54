import { KernelError } from '../../errors.js';
import { type CscMatrix, dense, totalRows, transpose } from '../../matrix.js';
import type { FactorLosses, FactorLossesArgs } from '../kernels.js';
import { blocksOf, type Walked } from './blocks.js';
import { checkMse } from './check.js';
import { hideMissing } from './masked.js';
import { createPause, type Pause } from './pause.js';
import { type Panel, residual, sumOfSquares } from './products.js';
import { type Normalized, scaledRows } from './scale.js';

/** Mean squared difference of X and each w_r·h_r by itself, entry by entry, over those that are not missing. */
export async function factorLosses(args: FactorLossesArgs): Promise<FactorLosses> {
  checkMse(args);
  const { X, held } = hideMissing(blocksOf(args.X));
  const known = totalRows(X) * X[0].cols - held.count;
  if (known === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  const total = sumOfSquares(X);
  const left = await leftAlone(X, total, transpose(args.W), args.H, createPause(), held.byColumn);
  return { nullLoss: total / known, factorLoss: left.map((squares) => squares / known) };
}

/** Those of a model of all of X. */
export async function lossesOf(problem: Whole, { W, d, H }: Normalized, pause: Pause): Promise<Float64Array> {
  const { X, total, entries } = problem;
  const left = await leftAlone(X, total, scaledRows(transpose(W), d), H, pause, null);
  return left.map((squares) => squares / entries);
}

interface Whole {
  readonly X: Walked;
  /** ‖X‖². */
  readonly total: number;
  readonly entries: number;
}

/** ‖X − w_r·h_r‖² for each row of two panels; all of X for a factor of zeros. */
async function leftAlone(X: Walked, total: number, W: Panel, H: Panel, pause: Pause, without: CscMatrix | null) {
  const left = new Float64Array(W.rows);
  for (let r = 0; r < left.length; r++) {
    const [w, h] = [rowOf(W, r), rowOf(H, r)];
    left[r] = isZero(w) || isZero(h) ? total : await residual(X, w, h, pause, without);
    if (!Number.isFinite(left[r]))
      throw new KernelError('non-finite', 'the loss of a factor left the range of numbers');
  }
  return left;
}

const rowOf = (F: Panel, r: number): Panel => dense(1, F.cols, F.data.filter((_, p) => p % F.rows === r)); // biome-ignore format: one thought
const isZero = ({ data }: Panel): boolean => data.every((x) => x === 0);
