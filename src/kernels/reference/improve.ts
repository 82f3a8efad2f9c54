import { type DenseMatrix, dense, transpose } from '../../matrix.js';
import type { ImproveArgs } from '../kernels.js';
import { blocksOf } from './blocks.js';
import { checkImprove } from './check.js';
import { createPause } from './pause.js';
import { quadratic } from './quadratic.js';
import { hals } from './solvers/hals.js';
import { eachKnown } from './weighed.js';

/** Most sweeps over a column. */
const SWEEPS = 50;

/** A factor after sweeps over each column of its panel, with a Gram matrix of what is known of it. */
export async function improve(args: ImproveArgs): Promise<DenseMatrix> {
  checkImprove(args);
  const { factor, side, slope, nonneg, terms } = args;
  const panel = (matrix: DenseMatrix) => (side === 'W' ? transpose(matrix) : matrix);
  const [x, slopes] = [panel(factor), panel(slope)];
  const k = x.rows;
  const grams = Array.from({ length: x.cols }, () => new Float64Array(k * k));
  const pause = createPause();
  for (const { X, weights, partner, by } of terms) {
    const p = side === 'W' ? partner : transpose(partner);
    await eachKnown(blocksOf(X), weights, pause, (i, j, weight) => {
      const [gram, at] = side === 'W' ? [grams[i], j * k] : [grams[j], i * k];
      for (let r = 0; r < k; r++)
        for (let s = 0; s < k; s++) gram[r * k + s] += by * weight * p.data[at + r] * p.data[at + s];
    });
  }
  const none = new Float64Array(k);
  const free = { ridge: none, linear: none, coupling: null };
  const out = dense(k, x.cols, x.data.slice());
  for (const [c, gram] of grams.entries()) {
    const own = out.data.subarray(c * k, (c + 1) * k);
    const b = Float64Array.from(own, (_, r) => {
      let sum = slopes.data[c * k + r];
      for (let s = 0; s < k; s++) sum += gram[r * k + s] * own[s];
      return sum;
    });
    hals(quadratic(gram, free, { nonneg, upper: Infinity }), SWEEPS)(own, b, c);
    if (pause.due()) await pause.turn();
  }
  return panel(out);
}
