import type { SvdStepArgs } from '../compiler/plan.js';
import type { CallOptions, Kernels } from '../kernels/kernels.js';
import { column, type DenseMatrix, dense, gatherRows, type Matrix, stackDense } from '../matrix.js';
import { withoutUnknown } from './new-samples.js';
import type { LayerResult } from './state.js';

/** New samples: rows of what a layer reads, as it takes them, and which of its rows these are. */
interface Sampled {
  readonly X: readonly Matrix[];
  readonly ranges: readonly (readonly [from: number, to: number])[];
}

/**
 * The embedding of new samples where pairs were found one after the other: for each pair in turn the t = d_r·h_r for which
 * ½·Σ (x_i − u_ri·t)² over what is known, and what the L1 terms and L2 come to at the end of the fit, is least, x less what the
 * pairs before have taken of it.
 */
export async function encodePairs(
  { terms, L2 }: SvdStepArgs,
  { W, d, H }: LayerResult,
  { X, ranges }: Sampled,
  kernels: Kernels,
  options: CallOptions,
): Promise<DenseMatrix> {
  const [m, n] = [W.rows, H.cols];
  const of = { W: terms?.W.L1 ?? 0, H: terms?.H.L1 ?? 0 };
  const rest = stackDense(X);
  const left = dense(rest.rows, rest.cols, rest.data.slice());
  const U = gatherRows(W, ranges);
  const out = dense(d.length, rest.cols);
  for (let r = 0; r < d.length; r++) {
    options.signal?.throwIfAborted();
    if (d[r] === 0) continue;
    const u = column(U, r);
    const size = column(W, r).reduce((sum, x) => sum + Math.abs(x), 0);
    const args = {
      ridge: Float64Array.of(L2 + (of.W * Math.sqrt(n) * size) / d[r]),
      linear: Float64Array.of(of.H * Math.sqrt(m)),
      ...{ coupling: null, nonneg: terms?.H.nonneg ?? false, upperBound: null },
    };
    const { data } = await kernels.encode({ X: [left], W: dense(u.length, 1, u), ...args }, options);
    for (let j = 0; j < rest.cols; j++) {
      const own = column(left, j);
      if (data[j] !== 0) for (let i = 0; i < u.length; i++) own[i] -= u[i] * data[j];
      out.data[r + j * d.length] = data[j] / d[r];
    }
  }
  return withoutUnknown(out, X);
}
