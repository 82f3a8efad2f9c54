import { KernelError } from '../../errors.js';
import { type DenseMatrix, dense, transpose } from '../../matrix.js';
import type { NnlsArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkNnls } from './check.js';
import { solveColumns } from './columns.js';
import { createPause } from './pause.js';
import { gram, timesData } from './products.js';
import { quadratic } from './quadratic.js';
import { bpp } from './solvers/bpp.js';

/** Non-negative least squares, k × samples: one exact half-step from zero (Kim & Park 2011). */
export async function nnls(args: NnlsArgs): Promise<DenseMatrix> {
  checkNnls(args);
  const pause = createPause();
  const W = transpose(args.W);
  const k = W.rows;
  const X = blocksOf(args.X);
  const G = gram(W);
  let trace = 0;
  for (let r = 0; r < k; r++) trace += G[r * k + r];
  const terms = { ridge: new Float64Array(k).fill((args.L2 * trace) / k), linear: new Float64Array(k).fill(args.L1) };
  const B = await timesData(W, X, pause);
  const { panel } = await solveColumns(dense(k, X[0].cols), B, bpp(quadratic(G, terms, true)), pause);
  if (!panel.data.every(Number.isFinite))
    throw new KernelError('non-finite', 'the coefficients left the range of numbers');
  return panel;
}
