import { reading, sizeOf } from '../arguments/read.js';
import { plannedLoss } from '../compiler/planned-loss.js';
import { checkOptions } from '../dsl/check-options.js';
import { evaluateOptions } from '../dsl/schemas.js';
import { GraphError } from '../errors.js';
import { isThenable } from '../issues.js';
import { type Backend, selectKernels } from '../kernels/select.js';
import { domainOf, type KernelLoss, type LossOption } from '../loss.js';
import { type DenseMatrix, dense, toDense } from '../matrix.js';
import { firstOutside } from '../matrix-check.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';
import { kernelLoss } from '../runtime/loss.js';

/** Factors that make an estimate: W·diag(d)·H, scaled and about means where there are any. */
export interface Model {
  /** features × k */
  readonly W: MatrixInput;
  /** k numbers; default 1 each. */
  readonly d?: ArrayLike<number> | undefined;
  /** k × samples */
  readonly H: MatrixInput;
  /** What is added to each feature, or null. */
  readonly center?: ArrayLike<number> | null | undefined;
  /** What each feature is multiplied by first, or null. */
  readonly scale?: ArrayLike<number> | null | undefined;
  /** Parameters of a count loss, as a fit has them. */
  readonly dispersion?: ArrayLike<number> | null | undefined;
  /** See there. */
  readonly zeroInflation?: ArrayLike<number> | null | undefined;
}

export interface EvaluateOptions {
  /** What is measured, as a layer's `loss`; default 'mse'. Parameters that are not given are those of the fit. */
  readonly loss?: LossOption | undefined;
  /** How the data lie; default 'features-by-samples'. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** Threads for the native kernels, ≥ 1; default: all cores. The result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** 'auto' (default): native where it is built, else reference. */
  readonly backend?: Backend | undefined;
}

/**
 * How far data are from a model: the mean deviance Σ 2ℓ(x, μ) / entries over what is known, μ = W·diag(d)·H; of 'mse' the mean
 * square Σ (x − μ)² / entries.
 *
 * @param model what `nmf`, `svd` or `pca` returns, a layer of a graph whose W is one matrix, some of its factors, or
 * { W, d, H }: W features × k, H k × samples.
 * @param data features × samples, dense or sparse; what is missing (NaN) is left out.
 * @throws GraphError 'invalid-data', 'value-range', 'nothing-known' for the data, the model, and a loss that they don't go with;
 * 'unknown-option', 'invalid-option'.
 * @example
 * const X = [[1, 0, 2], [0, 3, 1]];
 * const fit = await nmf(X, { k: 1, seed: 1 });
 * console.log((await evaluate(fit, X)) / fit.loss); // 1, to rounding
 */
export async function evaluate(model: Model, data: MatrixInput, options: EvaluateOptions = {}): Promise<number> {
  checkOptions(evaluateOptions, options, 'evaluate');
  const args = reading('evaluate');
  const read = args.read('data', toMatrix(data, options.orientation === 'samples-by-features'));
  const W = factor(model, 'W');
  const H = factor(model, 'H');
  const { center, scale } = model;
  const d = model.d ?? new Float64Array(W.cols).fill(1);
  // Whatever kinds of lists they are.
  const numbers = (list: ArrayLike<number> | null | undefined) => (list == null ? null : Float64Array.from(list));
  const shapes = [W.cols, d.length, H.rows];
  if (new Set(shapes).size > 1)
    args.refuse('model', 'as many columns of W as numbers in d and rows of H', shapes.join(', '));
  for (const [name, list] of Object.entries({ center, scale }))
    if (list != null && list.length !== W.rows)
      args.refuse(name, `${W.rows} numbers, one for each row of W`, `${list.length}`);
  if (read !== undefined && (read.matrix.rows !== W.rows || read.matrix.cols !== H.cols))
    args.refuse('data', `${W.rows} × ${H.cols}, as the model is`, sizeOf(read.matrix));
  if (read !== undefined && read.facts.missing === read.matrix.rows * read.matrix.cols)
    args.refuse('data', 'a matrix with an entry that is known', 'none');
  for (const [name, list] of Object.entries({ W: W.data, d, H: H.data, center, scale }))
    if (list != null && !Array.from(list).every(Number.isFinite))
      args.refuse(`${name} of the model`, 'finite numbers, none missing', 'others');
  const planned = plannedLoss(options.loss);
  if (read !== undefined && planned !== null) {
    const domain = domainOf(planned);
    const odd = domain === null ? undefined : firstOutside(read.matrix, domain.holds);
    if (domain !== null && odd !== undefined)
      args.fault({
        code: 'invalid-data',
        of: 'data',
        rule: `${domain.rule}, for loss '${planned.name}'`,
        got: `${odd.value} at row ${odd.row}, column ${odd.col}`,
        cure: domain.cure,
      });
  }
  const X = [args.done(read).matrix] as const;
  const estimate = estimateOf(W, Float64Array.from(d), H, numbers(center), numbers(scale));
  const kernels = selectKernels(options.backend);
  const call = { threads: options.threads };
  const finite = (value: number) => {
    if (!Number.isFinite(value))
      args.refuse('model', 'of numbers whose estimates have squares that are numbers', 'larger ones');
    return args.done(value);
  };
  if (planned === null) return finite(await kernels.mse({ X, ...estimate }, call));
  const loss = withParameters(await kernelLoss(planned, X), model);
  return finite((await kernels.deviance({ X, ...estimate, loss }, call)).loss);
}

/**
 * Mean squared error of a model, Σ (x − μ)² / entries over what is known, in data²: `evaluate` with its default loss.
 *
 * @throws GraphError as `evaluate`.
 * @example
 * console.log(await mse({ W, d, H }, X));
 */
export const mse = (model: Model, data: MatrixInput, options: Omit<EvaluateOptions, 'loss'> = {}): Promise<number> =>
  evaluate(model, data, options);

/** W with d, and a column for the means, of which H has a row of ones. */
function estimateOf(W: DenseMatrix, d: Float64Array, H: DenseMatrix, center: Numbers, scale: Numbers) {
  const by = (i: number) => scale?.[i] ?? 1;
  const own = W.data.map((w, p) => w * d[Math.floor(p / W.rows)] * by(p % W.rows));
  if (center === null) return { W: dense(W.rows, W.cols, own), H };
  const k = W.cols + 1;
  const wide = new Float64Array(W.rows * k);
  wide.set(own);
  wide.set(center, own.length);
  const tall = new Float64Array(k * H.cols);
  for (let j = 0; j < H.cols; j++) {
    tall.set(H.data.subarray(j * H.rows, (j + 1) * H.rows), j * k);
    tall[j * k + k - 1] = 1;
  }
  return { W: dense(W.rows, k, wide), H: dense(k, H.cols, tall) };
}

type Numbers = Float64Array | null;

/** The parameters that the loss gives, else those of the model. */
function withParameters(loss: KernelLoss, model: Model): KernelLoss {
  const given = (name: 'dispersion' | 'zeroInflation') => {
    const parameter = loss[name];
    if (parameter === null || !parameter.estimate) return parameter;
    const own = model[name];
    const values = Float64Array.from(own ?? []);
    if (values.length === parameter.values.length && values.every((x) => x >= 0))
      return { ...parameter, estimate: false, values };
    const rule = `given, as a number or { ${parameter.by === 'global' ? 'row' : parameter.by}: […] }, where the model has none of its own`;
    throw new GraphError([{ code: 'invalid-option', of: 'evaluate', option: `loss.${name}`, rule, got: parameter.by, at: 'evaluate' }]); // biome-ignore format: one thought
  };
  return { ...loss, dispersion: given('dispersion'), zeroInflation: given('zeroInflation') };
}

/** @throws GraphError for what is no factor of one matrix. */
function factor(model: Model, name: 'W' | 'H'): DenseMatrix {
  // Whatever an untyped caller passes is looked at.
  const found = (model as Partial<Model> | null | undefined)?.[name];
  const matrix = toMatrix(found);
  if (matrix.kind !== 'unusable') return toDense(matrix);
  const refused = (option: string, rule: string, got: unknown) =>
    new GraphError([{ code: 'invalid-option', of: 'evaluate', option, rule, got, at: 'evaluate' }]);
  if (typeof model !== 'object' || model === null || isThenable(model))
    throw refused('model', 'what nmf(), svd() or pca() has returned, or { W, d, H }', model);
  const rule =
    'a matrix, as those of nmf(), svd() and pca() are; the losses of a layer that reads several modalities are in the summary of its fit';
  throw refused(`model.${name}`, rule, found);
}
