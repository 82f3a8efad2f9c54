import { KernelError } from '../../errors.js';
import { type CscMatrix, dense, totalRows, transpose } from '../../matrix.js';
import type { FactorLosses, MseArgs } from '../kernels.js';
import { type Blocks, blocksOf } from './blocks.js';
import { checkMse } from './check.js';
import { hideMissing } from './masked.js';
import { createPause, type Pause } from './pause.js';
import { type Panel, residual, sumOfSquares } from './products.js';
import { type Normalized, scaledRows } from './scale.js';

/** Mean squared difference of X and each w_r·h_r by itself, entry by entry, over those that are not missing. */
export async function factorLosses(args: MseArgs): Promise<FactorLosses> {
  checkMse(args);
  const { X, held } = hideMissing(blocksOf(args.X));
  const known = totalRows(X) * X[0].cols - held.count;
  if (known === 0) throw new KernelError('invalid-argument', 'no entry of the data is known');
  const factorLoss = await means(X, transpose(args.W), args.H, known, createPause(), held.byColumn);
  return { nullLoss: sumOfSquares(X) / known, factorLoss };
}

/** Those of a model of all of X. */
export const lossesOf = (X: Blocks, { W, d, H }: Normalized, entries: number, pause: Pause): Promise<Float64Array> =>
  means(X, scaledRows(transpose(W), d), H, entries, pause, null);

async function means(X: Blocks, W: Panel, H: Panel, entries: number, pause: Pause, without: CscMatrix | null) {
  const means = new Float64Array(W.rows);
  for (let r = 0; r < means.length; r++) {
    const squares = await residual(X, rowOf(W, r), rowOf(H, r), pause, without);
    if (!Number.isFinite(squares))
      throw new KernelError('non-finite', 'the loss of a factor left the range of numbers');
    means[r] = squares / entries;
  }
  return means;
}

const rowOf = (F: Panel, r: number): Panel => dense(1, F.cols, F.data.filter((_, p) => p % F.rows === r)); // biome-ignore format: one thought
