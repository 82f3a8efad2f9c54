import { KernelError } from '../../errors.js';
import { column, type DenseMatrix, dense, toDense, transpose } from '../../matrix.js';
import type { EncodeArgs } from '../kernels.js';
import { type Block, blocksOf } from './blocks.js';
import { checkEncode } from './check.js';
import { solveColumns } from './columns.js';
import { encodeByLoss } from './losses/encode.js';
import { createPause } from './pause.js';
import { gram, type Panel, timesData } from './products.js';
import { type ColumnSolver, quadratic } from './quadratic.js';
import { bpp } from './solvers/bpp.js';

/** One exact half-step from zero, k × samples (Kim & Park 2011). */
export async function encode(args: EncodeArgs): Promise<DenseMatrix> {
  checkEncode(args);
  if (args.loss != null) return encodeByLoss(args, args.loss);
  const pause = createPause();
  const W = transpose(args.W);
  const whole = blocksOf(args.X).map(toDense);
  const X = whole.map(({ rows, cols, data }) => dense(rows, cols, data.map((x) => (Number.isNaN(x) ? 0 : x)))); // biome-ignore format: one thought
  const B = await timesData(W, X, pause);
  const { panel } = await solveColumns(dense(W.rows, X[0].cols), B, solverOf(args, W, whole), pause);
  if (!panel.data.every(Number.isFinite))
    throw new KernelError('non-finite', 'the coefficients left the range of numbers');
  return panel;
}

/** Where entries are missing each column has a Gram matrix of its own, of what is known. */
function solverOf({ ridge, linear, coupling, ...of }: EncodeArgs, W: Panel, X: readonly Block[]): ColumnSolver {
  const terms = { ridge, linear, coupling };
  const bounds = { nonneg: of.nonneg, upper: of.upperBound ?? Number.POSITIVE_INFINITY };
  const dataOf = (block: Block) => (block.kind === 'dense' ? block.data : block.values);
  if (!X.some((block) => dataOf(block).some(Number.isNaN))) return bpp(quadratic(gram(W), terms, bounds));
  return (x, b, j) => {
    const known: number[] = [];
    let top = 0;
    for (const block of X) {
      for (let i = 0; i < block.rows; i++) if (!Number.isNaN(dataOf(block)[i + j * block.rows])) known.push(top + i);
      top += block.rows;
    }
    const own = dense(W.rows, known.length);
    known.forEach((i, at) => {
      column(own, at).set(column(W, i));
    });
    return bpp(quadratic(gram(own), terms, bounds))(x, b, j);
  };
}
