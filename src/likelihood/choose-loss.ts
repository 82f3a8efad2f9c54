import { match, P } from 'ts-pattern';
import { displays, type Table } from '../display.js';
import { checkOptions } from '../dsl/check-options.js';
import type { NmfSpec } from '../dsl/config.js';
import { factorInput } from '../dsl/input.js';
import { nmfLayer } from '../dsl/layers.js';
import { chooseLossOptions } from '../dsl/schemas.js';
import { GraphError, KernelError } from '../errors.js';
import { beyondLoss, type CountLoss, FLOOR, type LossOption, type LossParameter } from '../loss.js';
import type { Matrix } from '../matrix.js';
import { type MatrixInput, toMatrix } from '../matrix-input.js';
import { type FitOptions, factorNet } from '../net/net.js';
import { plural } from '../plural.js';
import type { LayerFit } from '../runtime/fit.js';
import { turn } from '../runtime/turn.js';
import { eachStored } from '../stored-entries.js';
import { textTable } from '../text-table.js';
import { type CountDiagnostics, countDiagnostics } from './count-diagnostics.js';
import { gamma, huber, inverseGaussian, laplace, normal, poisson, tweedie } from './families.js';
import { sumOver, type Tally, tallyOf } from './tally.js';

export interface ChooseLossOptions extends Pick<FitOptions, 'signal' | 'threads' | 'memory' | 'backend'> {
  /** Factors, a whole number ≥ 1. */
  readonly k: number;
  /**
   * Losses to compare. Default: those that the data allow. Counts: kl, nb, gp, and nb and gp with zero inflation where there
   * are zeros; numbers above 0: mse, gamma, inverse-gaussian, mae; with zeros among them: mse, tweedie with power 1.5, mae;
   * with numbers below 0: mse, mae.
   */
  readonly losses?: readonly LossOption[] | undefined;
  /** Other options of the layer, as `nmfLayer` takes them, without penalties; default: none. */
  readonly layer?: Pick<NmfSpec, 'maxIter' | 'tol' | 'start' | 'restarts' | 'seed'> | undefined;
  /** Where fits begin, a whole number ≥ 0; default 0: each loss begins at the same start. */
  readonly seed?: number | undefined;
}

/** A loss that was fitted, and how likely it makes the data. */
export interface LossCandidate {
  readonly loss: LossOption;
  /** log f(data), every constant included; infinite where an estimate is exact and f a density. */
  readonly logLikelihood: number;
  /** Numbers that were free: k·(m + n − 1) of the factors, and those of the distribution. */
  readonly parameters: number;
  /** 2·parameters − 2·logLikelihood (Akaike 1974). */
  readonly aic: number;
  /** log(known entries)·parameters − 2·logLikelihood (Schwarz 1978). */
  readonly bic: number;
  /** The layer, fitted; its `dispersion` and `zeroInflation` are those of the loss. */
  readonly fit: LayerFit;
  /** φ of log f = … − ℓ/φ where a distribution has one beside the loss: σ² of mse, 1/shape of gamma; else null. */
  readonly scale: number | null;
}

export interface LossChoice {
  /** The loss of lowest BIC. */
  readonly best: LossOption;
  /** By rising BIC. */
  readonly candidates: readonly LossCandidate[];
  /** Losses that could not be fitted to these data, or have no likelihood, and why. */
  readonly refused: readonly { readonly loss: LossOption; readonly reason: string }[];
  /** What the counts are like beside Poisson's; null where kl was not among the candidates. */
  readonly counts: CountDiagnostics | null;
  /** The candidates as text, a line each. */
  table(): string;
}

/**
 * Which loss makes the data likeliest: fits each to them, and compares by likelihoods with every constant in them,
 *
 *   log f(X) = Σ log f(x_ij; μ_ij, φ),   μ = W·diag(d)·H,
 *
 * over the known entries: normal for mse, Laplace's for mae, Poisson's for kl, and those of the other names; φ and parameters
 * that are not given are the likeliest. Densities and chances compare where the data are whole numbers: a density is the
 * chance of an interval of length 1.
 *
 * @param data features × samples.
 * @throws GraphError for the options and the data, and where every loss is refused.
 * @example
 * const { best, table } = await chooseLoss(counts, { k: 8 });
 * console.log(table());
 * const layer = nmfLayer(rna, { name: 'parts', k: 8, loss: best });
 */
export async function chooseLoss(data: MatrixInput, options: ChooseLossOptions): Promise<LossChoice> {
  checkOptions(chooseLossOptions, options, 'chooseLoss');
  const { k, layer = {}, seed = 0, signal, threads, memory, backend } = options;
  const input = factorInput(data, { name: 'data' });
  // Data that can't be fitted, and a rank that is none, are refused with all that is wrong with the graph.
  factorNet(nmfLayer(input, { ...layer, name: 'layer', k }));
  const matrix = toMatrix(data) as Matrix; // or it had been refused
  const tally = tallyOf(matrix);
  const losses = options.losses ?? suited(tally);
  const pause = async () => {
    await turn();
    signal?.throwIfAborted();
  };
  const candidates: LossCandidate[] = [];
  const refused: LossChoice['refused'][number][] = [];
  let firstError: unknown;
  for (const loss of losses) {
    signal?.throwIfAborted();
    try {
      const net = factorNet(nmfLayer(input, { ...layer, name: 'layer', k, loss }), { seed });
      const { layer: fit } = await net.fit({ signal, threads, memory, backend });
      candidates.push(await candidateOf(loss, fit, matrix, tally, pause));
    } catch (error) {
      // Some numbers are too large or too small for one loss, and not for another.
      const beyond = error instanceof KernelError && error.code === 'non-finite';
      if (!(error instanceof GraphError || beyond)) throw error;
      firstError ??= error;
      refused.push({ loss, reason: error.message });
    }
  }
  if (candidates.length === 0) throw firstError;
  candidates.sort((a, b) => a.bic - b.bic);
  const counted = candidates.find(({ loss }) => nameOf(loss) === 'kl');
  const counts =
    counted === undefined
      ? null
      : await countDiagnostics(matrix, counted.fit, {
          free: counted.parameters,
          floor: (FLOOR * sumOver(tally, Math.abs)) / tally.entries,
          signal,
        });
  const table = candidatesTable(candidates);
  const title = `Of ${plural(candidates.length, 'loss', 'losses')} the best by BIC: ${said(candidates[0].loss)}`;
  const displayed = displays(() => ({ title, body: [table] }));
  return Object.freeze(
    displayed({
      best: candidates[0].loss,
      candidates: Object.freeze(candidates),
      refused: Object.freeze(refused),
      counts,
      table: () => textTable(table.head, table.lines),
    }),
  );
}

const nameOf = (loss: LossOption) => (typeof loss === 'string' ? loss : loss.name);

/** Of a loss that no distribution has been written down for. */
const noLikelihood = (loss: LossOption, options: Readonly<Record<string, unknown>>, rule: string, cure: string) =>
  new GraphError([
    {
      code: 'incompatible-options',
      of: 'chooseLoss',
      options: { loss: said(loss), ...options },
      rule,
      cure,
      at: 'chooseLoss',
    },
  ]);

/** Chances, Poisson's and wider ones, are of whole numbers. */
function countsOnly(loss: LossOption, { values }: Tally): void {
  const odd = values.find((x) => !Number.isInteger(x));
  if (odd === undefined) return;
  throw noLikelihood(
    loss,
    { entry: odd },
    "Losses 'kl' (Poisson's), 'nb' and 'gp' must have counts to be compared by likelihood",
    'leave it out, or compare it by held-out error on other data',
  );
}

/** Losses whose distributions could have made such numbers. */
function suited({ values, zeros }: Tally): readonly LossOption[] {
  if (values.length > 0 && values[0] < 0) return ['mse', 'mae'];
  if (values.every(Number.isInteger)) {
    const inflated = (['nb', 'gp'] as const).map((name) => ({ name, zeroInflation: 'global' as const }));
    return ['kl', 'nb', 'gp', ...(zeros > 0 ? inflated : [])];
  }
  return zeros > 0 ? ['mse', { name: 'tweedie', power: 1.5 }, 'mae'] : ['mse', 'gamma', 'inverse-gaussian', 'mae'];
}

async function candidateOf(
  loss: LossOption,
  fit: LayerFit,
  data: Matrix,
  tally: Tally,
  pause: () => Promise<void>,
): Promise<LossCandidate> {
  const { logLikelihood, scale } = await likelihoodOf(loss, fit, data, tally, pause);
  const k = fit.d.length;
  const own = parametersOf(loss, data);
  const parameters = k * (data.rows + data.cols - 1) + own + (scale === null ? 0 : 1);
  return Object.freeze({
    loss,
    logLikelihood,
    parameters,
    aic: 2 * parameters - 2 * logLikelihood,
    bic: Math.log(tally.entries) * parameters - 2 * logLikelihood,
    fit,
    scale,
  });
}

/** Numbers of a loss that were estimated with the factors. */
function parametersOf(loss: LossOption, { rows, cols }: Matrix): number {
  const countOf = (parameter: LossParameter | undefined): number =>
    match(parameter)
      .with('global', () => 1)
      .with('row', () => rows)
      .with('column', () => cols)
      .otherwise(() => 0);
  const counts = countLossOf(loss);
  if (counts === null) return 0;
  return countOf(counts.dispersion ?? 'global') + countOf(counts.zeroInflation);
}

const countLossOf = (loss: LossOption): CountLoss | null =>
  match(loss)
    .with('nb', 'gp', (name): CountLoss => ({ name }))
    .with({ name: P.union('nb', 'gp') }, (own) => own)
    .otherwise(() => null);

/** The log-likelihood of a fit, and φ where the distribution has one. */
async function likelihoodOf(
  loss: LossOption,
  fit: LayerFit,
  data: Matrix,
  tally: Tally,
  pause: () => Promise<void>,
): Promise<{ readonly logLikelihood: number; readonly scale: number | null }> {
  const counts = countLossOf(loss);
  if (counts !== null) {
    countsOnly(loss, tally);
    return { logLikelihood: -costOf(counts, fit, data, tally), scale: null };
  }
  const family = match(typeof loss === 'string' ? { name: loss } : loss)
    .with({ name: 'mse' }, () => normal)
    .with({ name: 'mae' }, () => laplace)
    .with({ name: 'huber' }, ({ delta }) => huber(delta))
    .with({ name: 'kl' }, { name: 'tweedie', power: 1 }, () => poisson)
    .with({ name: 'gamma' }, { name: 'tweedie', power: 2 }, () => gamma)
    .with({ name: 'inverse-gaussian' }, { name: 'tweedie', power: 3 }, () => inverseGaussian)
    .with({ name: 'tweedie', power: P.when((power) => power < 2) }, ({ power }) => tweedie(power))
    .otherwise(() => null);
  if (family === null)
    throw noLikelihood(
      loss,
      {},
      'A tweedie loss that is compared must have a power of 1, 2, 3 or between 1 and 2',
      'leave it out: elsewhere its distribution has no density that can be summed',
    );
  if (family === poisson) countsOnly(loss, tally);
  const perLoss = nameOf(loss) === 'mae' ? 1 : 2;
  const { logLikelihood, dispersion } = await family(fit.loss / perLoss, tally, pause);
  return { logLikelihood, scale: dispersion };
}

/** −log P of counts: what was minimised, where that is it; else ℓ, and what −log P has beyond it. */
function costOf(loss: CountLoss, fit: LayerFit, data: Matrix, tally: Tally): number {
  const estimated = ['global', 'row', 'column', undefined].includes(loss.dispersion as string | undefined);
  if (estimated || loss.zeroInflation !== undefined) return fit.objective;
  const given = fit.dispersion ?? new Float64Array([0]);
  let beyond = 0;
  eachStored(data, (x, i, j) => {
    const own = given.length === 1 ? 0 : typeof loss.dispersion === 'object' && 'row' in loss.dispersion ? i : j;
    if (x > 0) beyond += beyondLoss(loss, x, given[own], 0);
  });
  return (fit.loss / 2) * tally.entries + beyond;
}

/** A loss as it is written. */
const said = (loss: LossOption): string =>
  typeof loss === 'string'
    ? loss
    : Object.entries(loss)
        .map(([key, value]) => (key === 'name' ? value : `${key} ${typeof value === 'object' ? 'given' : value}`))
        .join(', ');

function candidatesTable(candidates: readonly LossCandidate[]): Table {
  const number = (x: number) => (Number.isFinite(x) ? x.toFixed(1) : String(x));
  const mean = (list: Float64Array | null) =>
    list === null ? '' : (list.reduce((sum, x) => sum + x, 0) / list.length).toPrecision(4);
  return {
    head: ['loss', 'log-likelihood', 'parameters', 'AIC', 'BIC', 'Δ BIC', 'dispersion', 'zero inflation'],
    lines: candidates.map(({ loss, logLikelihood, parameters, aic, bic, fit, scale }) => [
      said(loss),
      number(logLikelihood),
      String(parameters),
      number(aic),
      number(bic),
      bic === candidates[0].bic ? '0' : number(bic - candidates[0].bic),
      scale === null ? mean(fit.dispersion) : scale.toPrecision(4),
      mean(fit.zeroInflation),
    ]),
  };
}
