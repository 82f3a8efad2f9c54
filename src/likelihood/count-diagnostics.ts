import { type DenseMatrix, entry, type Matrix } from '../matrix.js';

/** What counts look like beside a Poisson model of their means. */
export interface CountDiagnostics {
  /** Σ (x − μ)²/μ / (known entries − free numbers of the model): about 1 for Poisson's counts, more where they vary more. */
  readonly dispersion: number;
  readonly zeros: {
    readonly observed: number;
    /** Σ e^−μ: how many Poisson's counts of these means would have. */
    readonly expected: number;
  };
}

/** Estimates of so many entries are made before other work has its turn. */
const AT_ONCE = 1 << 18;

/**
 * Compares counts with their estimates μ = W·diag(d)·H under a Poisson model; `free` numbers of the model were fitted, and
 * estimates below `floor` count as that where there is a count.
 */
export async function countDiagnostics(
  X: Matrix,
  { W, d, H }: { readonly W: DenseMatrix; readonly d: Float64Array; readonly H: DenseMatrix },
  { free, floor, signal }: { readonly free: number; readonly floor: number; readonly signal?: AbortSignal | undefined },
): Promise<CountDiagnostics> {
  const mu = new Float64Array(X.rows);
  const x = new Float64Array(X.rows);
  let [squares, observed, expected, entries, sinceTurn] = [0, 0, 0, 0, 0];
  for (let j = 0; j < X.cols; j++) {
    mu.fill(0);
    d.forEach((scale, r) => {
      const by = scale * H.data[r + j * H.rows];
      if (by !== 0) for (let i = 0; i < mu.length; i++) mu[i] += by * W.data[i + r * W.rows];
    });
    readColumn(X, j, x);
    for (let i = 0; i < mu.length; i++) {
      if (Number.isNaN(x[i])) continue;
      entries++;
      expected += Math.exp(-mu[i]);
      if (x[i] === 0) {
        observed++;
        squares += mu[i];
      } else squares += (x[i] - mu[i]) ** 2 / Math.max(mu[i], floor);
    }
    sinceTurn += X.rows;
    if (sinceTurn >= AT_ONCE) {
      sinceTurn = 0;
      await new Promise((resolve) => setImmediate(resolve));
      signal?.throwIfAborted();
    }
  }
  return { dispersion: squares / Math.max(1, entries - free), zeros: { observed, expected } };
}

function readColumn(X: Matrix, j: number, out: Float64Array): void {
  if (X.kind === 'dense') {
    for (let i = 0; i < out.length; i++) out[i] = entry(X, i, j);
    return;
  }
  out.fill(X.unlisted === 'missing' ? Number.NaN : 0);
  for (let p = X.indptr[j]; p < X.indptr[j + 1]; p++) out[X.indices[p]] = X.values[p];
}
