import { type DenseMatrix, dense } from '../matrix.js';
import type { Steps } from '../steps.js';
import { minimise } from './minimise.js';

const MINIMUM = { memory: 10, maxIter: 500, tol: 1e-6 } as const;

export interface Training {
  /** Classes. */
  readonly count: number;
  /** Samples that are fitted to. */
  readonly seen: readonly number[];
  readonly L2: number;
}

/**
 * Multinomial logistic regression with a ridge, p_c ∝ exp(b_c + ⟨B_c, x⟩): argmin mean −ln p of the own class + ½·L2·‖B‖² over
 * the samples that are seen.
 *
 * @param X (k + 1) × n, the last row all 1; of: the class of each sample
 * @returns (k + 1) × count: the coefficients of each class, its constant last
 */
export function* regressed(X: DenseMatrix, of: Int32Array, { count, seen, L2 }: Training): Steps<DenseMatrix> {
  const rows = X.rows;
  const B = dense(rows, count);
  const p = new Float64Array(count);
  yield* minimise(
    (x, gradient) => {
      const own = dense(rows, count, x);
      gradient.fill(0);
      let value = 0;
      for (const j of seen) {
        scores(X, own, j, p);
        const most = p.reduce((a, b) => Math.max(a, b), -Infinity);
        const sum = p.reduce((all, score) => all + Math.exp(score - most), 0);
        value += (most + Math.log(sum) - p[of[j]]) / seen.length;
        for (let c = 0; c < count; c++) {
          const off = (Math.exp(p[c] - most) / sum - Number(c === of[j])) / seen.length;
          for (let r = 0; r < rows; r++) gradient[r + c * rows] += off * X.data[r + j * rows];
        }
      }
      for (let q = 0; q < x.length; q++) {
        if (q % rows === rows - 1) continue;
        value += 0.5 * L2 * x[q] * x[q];
        gradient[q] += L2 * x[q];
      }
      return value;
    },
    B.data,
    MINIMUM,
  );
  return B;
}

/** b_c + ⟨B_c, x_j⟩ of each class. */
function scores(X: DenseMatrix, B: DenseMatrix, j: number, out: Float64Array): void {
  const { rows } = X;
  for (let c = 0; c < out.length; c++) {
    let sum = 0;
    for (let r = 0; r < rows; r++) sum += B.data[r + c * rows] * X.data[r + j * rows];
    out[c] = sum;
  }
}

/** The class that a sample most likely has. */
export function told(X: DenseMatrix, B: DenseMatrix, j: number): number {
  const all = new Float64Array(B.cols);
  scores(X, B, j, all);
  return all.indexOf(all.reduce((a, b) => Math.max(a, b), -Infinity));
}
