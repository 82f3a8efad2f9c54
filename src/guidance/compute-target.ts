import { GraphError } from '../errors.js';
import { type GraphIssue, show } from '../issues.js';
import { eigenSymmetric } from '../kernels/reference/orthogonal.js';
import { isKnown, isList, type Label } from '../labels.js';
import { column, type DenseMatrix, dense } from '../matrix.js';

export interface TargetOptions {
  /**
   * Multiply by the inverse root of the covariance of H, so that directions in which samples differ anyway count less
   * (ZCA), shrunk towards a sphere by oracle-approximating shrinkage (Chen, Wiesel, Eldar & Hero 2010, eq. 23). Default false.
   */
  readonly whiten?: boolean | undefined;
}

/**
 * Where a layer's embedding should go for samples of one label to lie together: column j is the mean of H over the samples
 * with the label of j, less the mean over all that have one; zeros where j has none.
 *
 * @param H k × samples, finite numbers.
 * @param labels One for each sample.
 * @returns T, k × samples, for `H({ target: T, targetLambda })`.
 * @throws GraphError 'invalid-data' for an H or labels that are none or don't fit, 'unknown-option', 'invalid-option'.
 * @example
 * const T = computeTarget(fit.parts.H, batches);
 * const without = nmfLayer(rna, { name: 'parts', k: 8, H: H({ target: T, targetLambda: -1 }) });
 */
export function computeTarget(H: DenseMatrix, labels: ArrayLike<Label>, options: TargetOptions = {}): DenseMatrix {
  checkArguments(H, labels, options);
  const { rows: k, cols: n } = H;
  const classes = new Map<Label, number[]>();
  for (let j = 0; j < n; j++) {
    const label = labels[j];
    if (!isKnown(label)) continue;
    const own = classes.get(label);
    if (own === undefined) classes.set(label, [j]);
    else own.push(j);
  }
  const labelled = [...classes.values()].flat();
  const grand = meanOf(H, labelled);
  const T = dense(k, n);
  for (const own of classes.values()) {
    const off = meanOf(H, own).map((x, r) => x - grand[r]);
    for (const j of own) column(T, j).set(off);
  }
  return options.whiten === true ? whitened(T, H, labelled, grand) : T;
}

function meanOf(H: DenseMatrix, samples: readonly number[]): Float64Array {
  const mean = new Float64Array(H.rows);
  for (const j of samples) column(H, j).forEach((x, r) => { mean[r] += x / samples.length; }); // biome-ignore format: one thought
  return mean;
}

/** Σ^(−½)·T, Σ the shrunk covariance of H over the samples that have a label. */
function whitened(T: DenseMatrix, H: DenseMatrix, samples: readonly number[], mean: Float64Array): DenseMatrix {
  const k = H.rows;
  // In units in which squares are numbers; T in the same ones.
  const largest = H.data.reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
  const count = samples.length;
  const S = dense(k, k);
  for (const j of samples) {
    const x = column(H, j).map((value, r) => (value - mean[r]) / largest);
    for (let r = 0; r < k; r++) for (let s = 0; s < k; s++) S.data[r + s * k] += (x[r] * x[s]) / count;
  }
  const trace = Array.from({ length: k }, (_, r) => S.data[r * (k + 1)]).reduce((a, b) => a + b, 0);
  if (!(trace > 0)) return T;
  const squares = S.data.reduce((sum, x) => sum + x * x, 0);
  const spread = (count + 1 - 2 / k) * (squares - trace ** 2 / k);
  const share = spread > 0 ? Math.min(1, ((1 - 2 / k) * squares + trace ** 2) / spread) : 1;
  const { values, vectors } = eigenSymmetric(S);
  const root = values.map((value) => 1 / Math.sqrt((1 - share) * Math.max(value, 0) + (share * trace) / k));
  const out = dense(k, T.cols);
  for (let j = 0; j < T.cols; j++) {
    const t = column(T, j);
    for (let e = 0; e < k; e++) {
      const v = column(vectors, e);
      const along = root[e] * v.reduce((sum, x, r) => sum + x * (t[r] / largest), 0);
      column(out, j).forEach((x, r, all) => { all[r] = x + along * v[r]; }); // biome-ignore format: one thought
    }
  }
  return out;
}

function checkArguments(H: DenseMatrix, labels: ArrayLike<Label>, options: TargetOptions): void {
  const at = 'computeTarget';
  const fail = (issue: GraphIssue): never => {
    throw new GraphError([issue]);
  };
  const wrong = (of: string, rule: string, got: string) => fail({ code: 'invalid-data', of, rule, got, at });
  const isMatrix = H?.kind === 'dense' && H.data instanceof Float64Array && H.data.length === H.rows * H.cols;
  if (!isMatrix || H.rows < 1) wrong('H', 'a dense matrix, k × samples, as a fit has it', show(H));
  if (!H.data.every(Number.isFinite)) wrong('H', 'finite numbers', 'some that are not');
  if (!isList(labels)) wrong('labels', 'an array with one for each sample', show(labels));
  if (labels.length !== H.cols) wrong('labels', `${H.cols}, one for each sample`, String(labels.length));
  if (typeof options !== 'object' || options === null)
    fail({ code: 'invalid-option', of: at, option: 'options', rule: 'an object of options', got: options, at });
  for (const option of Object.keys(options)) {
    if (option !== 'whiten') fail({ code: 'unknown-option', of: at, option, known: ['whiten'], at });
  }
  const { whiten } = options;
  if (whiten !== undefined && typeof whiten !== 'boolean')
    fail({ code: 'invalid-option', of: at, option: 'whiten', rule: 'true or false', got: whiten, at });
  const known = Array.from(labels).filter(isKnown);
  if (known.length === 0) wrong('labels', 'known for some sample', 'none that is');
}
