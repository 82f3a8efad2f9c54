import { z } from 'zod';
import { isPath, PATH_RULE } from '../path.js';
import { MOST_THREADS } from '../solver.js';
import { lossFaults } from './check-loss.js';
import type { SharedOptions, Weight } from './config.js';

/**
 * One schema per set of options; each check carries its rule, to be read after "must be". Unknown keys are refused. What a
 * check of our own allows is told by `meta`, for the schema of graph files; what has no `meta` may be any value there.
 */

const whole = (least: number, most = Number.MAX_SAFE_INTEGER) => {
  const rule = `a whole number, at least ${least}`;
  return z
    .number(rule)
    .refine((x) => Number.isInteger(x) && x >= least, rule)
    .refine((x) => !(x > most), `a whole number, at most ${most}`)
    .meta({ type: 'integer', minimum: least, maximum: most });
};
/** Sizes are 32 bits wide in the kernels. */
const MOST_FACTORS = 2 ** 31 - 1;
const atLeastZero = (() => {
  const rule = 'a finite number, at least 0';
  return z.number(rule).min(0, rule);
})();
const flag = z.boolean('true or false');
const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(' or ');
const oneOf = <const T extends readonly string[]>(...words: T) => z.enum(words, quoted(words));

/** Names have checks of their own, with codes of their own. */
const name = z.unknown().optional();

const aboveZero = (() => {
  const rule = 'a finite number above 0';
  return z.number(rule).gt(0, rule);
})();
/** What a layer can say of both factors at once. */
const sharedTerms = {
  L1: atLeastZero.optional(),
  L2: atLeastZero.optional(),
  L21: atLeastZero.optional(),
  angular: atLeastZero.optional(),
  upperBound: aboveZero.optional(),
};
/** What the matrices are is found where all data is looked at. */
const matrix = z.unknown().optional();
const factorOptions = {
  ...sharedTerms,
  nonneg: flag.optional(),
  graph: matrix,
  graphLambda: atLeastZero.optional(),
  target: matrix,
  targetLambda: z.number('a finite number').optional(),
  targetScale: oneOf('factor', 'none').optional(),
};
/** What `W` and `H` make, of the terms that a layer's method has. */
const factorConfig = <const S extends 'W' | 'H', T extends z.ZodRawShape>(side: S, terms: T) => {
  const rule = `made by ${side}({ … })`;
  const other = side === 'W' ? 'H' : 'W';
  const swapped = `${rule}, where what ${other}({ … }) makes is for ${other}`;
  return z.strictObject(
    { ...terms, side: z.literal(side, { error: ({ input }) => (input === other ? swapped : rule) }) },
    { error: (issue) => (issue.code === 'invalid_type' ? rule : undefined) },
  );
};
const svdFactorOptions = { L1: factorOptions.L1, nonneg: factorOptions.nonneg };
const nonnegEach = z.strictObject({ W: flag.optional(), H: flag.optional() });

const startMethod = oneOf('random', 'nndsvd', 'nndsvda', 'svd');
/** What the matrices are is found where all data is looked at. */
const givenStart = z.strictObject({ W: z.unknown(), H: z.unknown() });

const nmfDefaults = {
  solver: oneOf('hals', 'mu', 'cholesky', 'bpp', 'ccd').optional(),
  accelerate: oneOf('her', 'none').optional(),
  sweeps: z
    .custom<number | 'auto'>(
      (value) => value === 'auto' || (Number.isSafeInteger(value) && Number(value) >= 1),
      "a whole number, at least 1, or 'auto'",
    )
    .meta({ anyOf: [{ type: 'integer', minimum: 1 }, { const: 'auto' }] })
    .optional(),
  precision: oneOf('auto', 'f32', 'f64').optional(),
  restarts: whole(1).optional(),
  rng: oneOf('counter', 'R').optional(),
  maxIter: whole(1).optional(),
  tol: atLeastZero.optional(),
  norm: oneOf('L1', 'L2', 'none').optional(),
};
const layerOptions = {
  name,
  k: whole(1, MOST_FACTORS),
  embedding: oneOf('scaled', 'normalized').optional(),
  seed: whole(0).optional(),
};

const orientation = oneOf('features-by-samples', 'samples-by-features').optional();
const isWeight = (value: unknown): value is Weight =>
  value === 'balance' || (typeof value === 'number' && value > 0 && Number.isFinite(value));
const weight = z.custom<Weight>(isWeight, "a finite number above 0, or 'balance'").optional();
const isWeights = (value: unknown): boolean =>
  value === 'balance' ||
  (typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => each === undefined || isWeight(each)));

/** What masks and weights are, and what names are, is found where all data is looked at. */
const unread = z.unknown().optional();
export const inputOptions = z.strictObject({
  name,
  orientation,
  weight,
  stream: flag.optional(),
  mask: unread,
  weights: unread,
  sampleNames: unread,
  featureNames: unread,
});

export const sharedOptions = z.strictObject({
  samples: oneOf('identical', 'union', 'intersection').optional(),
  weights: z
    .custom<SharedOptions['weights']>(isWeights, "'balance', or weights by name: finite numbers above 0, or 'balance'")
    .optional(),
});

export const conditionOptions = z.strictObject({ orientation, weight });

/** Nodes that are only their members. */
export const addOptions = z.strictObject({ align: flag.optional() });

export const noOptions = z.strictObject({});

const loss = z
  .unknown()
  .superRefine((value, context) => {
    for (const { path, rule } of value === undefined ? [] : lossFaults(value))
      context.addIssue({ code: 'custom', message: rule, path: [...path] });
  })
  .optional();

export const nmfSpec = z.strictObject({
  ...layerOptions,
  ...nmfDefaults,
  loss,
  start: z.union([startMethod, givenStart], `${quoted(startMethod.options)} or { W, H }`).optional(),
  W: factorConfig('W', factorOptions).optional(),
  H: factorConfig('H', factorOptions).optional(),
  ...sharedTerms,
  nonneg: z.union([flag, nonnegEach], 'true, false or { W, H }').optional(),
  symmetric: flag.optional(),
  projective: flag.optional(),
});

export const svdSpec = z.strictObject({
  ...layerOptions,
  center: flag.optional(),
  scale: flag.optional(),
  solver: oneOf('krylov', 'lanczos', 'randomized').optional(),
  L1: atLeastZero.optional(),
  L2: atLeastZero.optional(),
  nonneg: z.union([flag, nonnegEach], 'true, false or { W, H }').optional(),
  W: factorConfig('W', svdFactorOptions).optional(),
  H: factorConfig('H', svdFactorOptions).optional(),
  maxIter: whole(1).optional(),
  tol: atLeastZero.optional(),
});

const share = (() => {
  const rule = 'a number above 0, at most 1';
  return z.number(rule).gt(0, rule).max(1, rule);
})();

export const graphConfig = z.strictObject({
  ...nmfDefaults,
  training: oneOf('layerwise', 'joint').optional(),
  coupling: share.optional(),
  rounds: whole(1).optional(),
  start: startMethod.optional(),
  seed: whole(0).optional(),
});

export const fitOptions = z.strictObject({
  signal: z.instanceof(AbortSignal, { error: 'an AbortSignal' }).optional(),
  onProgress: z.custom((value) => typeof value === 'function', 'a function').optional(),
  threads: whole(1, MOST_THREADS).optional(),
  backend: oneOf('auto', 'native', 'reference').optional(),
  memory: oneOf('normal', 'low').optional(),
  checkpoint: z
    .strictObject(
      { path: z.string(PATH_RULE).refine(isPath, PATH_RULE), every: whole(1).optional(), resume: flag.optional() },
      { error: (issue) => (issue.code === 'invalid_type' ? 'an object with a path' : undefined) },
    )
    .optional(),
});

/** Plain functions have a layer, its one input and its fit in one. */
const plainOptions = { ...inputOptions.omit({ name: true, weight: true }).shape, ...fitOptions.shape };
export const plainNmfOptions = nmfSpec.omit({ name: true, embedding: true }).extend(plainOptions);
export const plainSvdOptions = svdSpec
  .omit({ name: true, embedding: true })
  .extend(z.object(plainOptions).omit({ weights: true }).shape);

export const consensusOptions = plainNmfOptions
  .omit({ checkpoint: true, start: true, restarts: true })
  .extend({ runs: whole(2).optional(), method: oneOf('hard', 'knn').optional(), neighbours: whole(1).optional() });

export const evaluateOptions = z.strictObject({
  loss,
  orientation,
  ...fitOptions.pick({ threads: true, backend: true }).shape,
});

export const refineOptions = z.strictObject({
  ...fitOptions.omit({ checkpoint: true }).shape,
  layer: z.string('the name of a layer').optional(),
  lambda: z.number('a finite number').optional(),
  cycles: whole(1).optional(),
  whiten: flag.optional(),
});

const places = z
  .custom<ArrayLike<number>>(
    (value) => Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView)),
    'an array of places, from 0',
  )
  .optional();

export const projectOptions = z.strictObject({
  orientation,
  /** What matrices are is found where all data is looked at. */
  conditions: z.array(z.unknown(), 'an array of matrices').optional(),
  signal: z.instanceof(AbortSignal, { error: 'an AbortSignal' }).optional(),
  threads: whole(1, MOST_THREADS).optional(),
});

export const reconstructOptions = z.strictObject({
  through: z.string('the name of a layer').optional(),
  features: places,
  samples: places,
});

export const nnlsOptions = z.strictObject({
  L1: atLeastZero.optional(),
  L2: atLeastZero.optional(),
  upperBound: aboveZero.optional(),
  threads: whole(1, MOST_THREADS).optional(),
  backend: oneOf('auto', 'native', 'reference').optional(),
});

const START_RULE = '{ W } or { H }: the factor that stands still first';
/** Each leaves a residual, in one list. */
const MOST_HALF_STEPS = 2 ** 31 - 1;
export const alternatingOptions = z.strictObject({
  start: z.union(
    [
      z.strictObject({ W: z.unknown(), H: z.undefined().optional() }),
      z.strictObject({ H: z.unknown(), W: z.undefined().optional() }),
    ],
    START_RULE,
  ),
  halfSteps: whole(1, MOST_HALF_STEPS).optional(),
  signal: z.instanceof(AbortSignal, { error: 'an AbortSignal' }).optional(),
  threads: whole(1, MOST_THREADS).optional(),
  backend: oneOf('auto', 'native', 'reference').optional(),
});

const callback = z.custom((value) => typeof value === 'function', 'a function');
const PARAM_RULE = 'a finite number, a string, true, false or null';
const isParam = (value: unknown) =>
  value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value);
const RANGE_RULE =
  'a list of values, or a range from a finite number to a larger one: whole ones with int, above 0 with log, and with at least two steps, if any';
const isRange = (value: unknown): boolean => {
  if (typeof value !== 'object' || value === null) return false;
  // Whatever it holds is looked at.
  const { kind, low, high, log, int, steps } = value as Readonly<Record<string, unknown>>;
  return (
    kind === 'range' &&
    typeof low === 'number' &&
    typeof high === 'number' &&
    low < high &&
    high - low < Infinity &&
    typeof log === 'boolean' &&
    typeof int === 'boolean' &&
    (!log || low > 0) &&
    (!int || (Number.isSafeInteger(low) && Number.isSafeInteger(high))) &&
    (steps === null || (Number.isSafeInteger(steps) && Number(steps) >= 2))
  );
};
/** A list is looked at value by value, anything else as a range. */
const values = z.unknown().superRefine((value, context) => {
  if (!Array.isArray(value)) {
    if (!isRange(value)) context.addIssue({ code: 'custom', message: RANGE_RULE });
    return;
  }
  // A list with holes has places that are no values.
  for (let place = 0; place < value.length; place++)
    if (!isParam(value[place])) context.addIssue({ code: 'custom', message: PARAM_RULE, path: [place] });
});

export const sweepOptions = z.strictObject({
  params: z.record(z.string(), values, 'an object with the values of each parameter'),
  layerFn: callback,
  strategy: oneOf('grid', 'random', 'tpe', 'halving').optional(),
  points: whole(1).optional(),
  eta: whole(2).optional(),
  minIter: whole(1).optional(),
  reps: whole(1).optional(),
  testFraction: z
    .number('a number between 0 and 1')
    .gt(0, 'a number between 0 and 1')
    .lt(1, 'a number between 0 and 1')
    .optional(),
  holdOut: oneOf('entries', 'nonzeros', 'samples').optional(),
  seed: whole(0).optional(),
  config: graphConfig.omit({ seed: true }).optional(),
  ridge: atLeastZero.optional(),
  earlyStopping: z.strictObject({ every: whole(1).optional(), patience: whole(1).optional() }).optional(),
  diagnostics: flag.optional(),
  warmStart: flag.optional(),
  complexity: callback.optional(),
});

export const sweepRunOptions = z.strictObject({
  signal: z.instanceof(AbortSignal, { error: 'an AbortSignal' }).optional(),
  onProgress: callback.optional(),
  onError: oneOf('stop', 'record').optional(),
  workers: whole(1, MOST_THREADS).optional(),
  executor: oneOf('inline', 'threads').optional(),
  threads: whole(1, MOST_THREADS).optional(),
  backend: oneOf('auto', 'native', 'reference').optional(),
  memory: oneOf('normal', 'low').optional(),
  store: z.string(PATH_RULE).refine(isPath, PATH_RULE).optional(),
  keep: oneOf('none', 'best', 'all').optional(),
});

export const crossValidateOptions = z.strictObject({ ...sweepOptions.shape, ...sweepRunOptions.shape });

const LAYER_RULE = 'an object of options of the layer, but for name and k';
/** What ranks and layers are is found where all points are looked at. */
export const rankOptions = z.strictObject({
  ...sweepOptions.omit({ params: true, layerFn: true, complexity: true }).shape,
  ...sweepRunOptions.shape,
  k: z.array(z.unknown(), 'a list of ranks'),
  method: oneOf('nmf', 'svd').optional(),
  layer: z
    .record(z.string(), z.unknown(), LAYER_RULE)
    .refine((layer) => !('name' in layer || 'k' in layer), LAYER_RULE)
    .optional(),
});

/** Of NMF layers on entries that are held out, every rank to its end. */
export const surveyOptions = rankOptions
  .omit({ method: true, diagnostics: true, earlyStopping: true, holdOut: true })
  .omit({ strategy: true, points: true, eta: true, minIter: true })
  .extend({ reps: whole(2).optional() });

/** What losses and layers are is found where each is fitted. */
export const chooseLossOptions = z.strictObject({
  ...fitOptions.pick({ signal: true, threads: true, memory: true, backend: true }).shape,
  k: unread,
  losses: z.array(z.unknown(), 'a list of losses').min(1, 'a list of losses, at least one').optional(),
  layer: z
    .strictObject(
      { maxIter: unread, tol: unread, start: unread, restarts: unread, seed: unread },
      'an object of options',
    )
    .optional(),
  seed: whole(0).optional(),
});

export const tfidfOptions = z.strictObject({ tf: oneOf('count', 'log').optional() });
export const logNormalizeOptions = z.strictObject({ total: aboveZero.optional() });
export const scaleFeaturesOptions = z.strictObject({ by: oneOf('sd', 'max', 'sum').optional() });
export const scaleSamplesOptions = z.strictObject({ by: oneOf('sum', 'l2', 'max').optional() });

const chance = z
  .number('a number from 0 to below 1')
  .min(0, 'a number from 0 to below 1')
  .lt(1, 'a number from 0 to below 1');
export const simulateNmfOptions = z.strictObject({
  rows: whole(1, MOST_FACTORS),
  cols: whole(1, MOST_FACTORS),
  k: whole(1, MOST_FACTORS),
  noise: atLeastZero.optional(),
  dropout: chance.optional(),
  seed: whole(0).optional(),
});
export const simulateSwimmerOptions = z.strictObject({ noise: atLeastZero.optional(), seed: whole(0).optional() });

export const linesOptions = z.strictObject({ by: oneOf('columns', 'rows').optional() });
export const alignOptions = z.strictObject({
  by: oneOf('cosine', 'correlation').optional(),
  side: oneOf('W', 'H').optional(),
});

const metric = oneOf('euclidean', 'cosine').optional();
export const silhouetteOptions = z.strictObject({ metric });
export const neighbourOptions = z.strictObject({ neighbours: whole(1).optional(), metric });
export const logisticOptions = z.strictObject({
  folds: whole(2).optional(),
  L2: aboveZero.optional(),
  seed: whole(0).optional(),
});
/** What labels are is found where each measure is taken. */
export const assessOptions = z.strictObject({
  ...fitOptions.pick({ signal: true }).shape,
  ...logisticOptions.shape,
  ...neighbourOptions.shape,
  clusters: z.unknown().optional(),
  d: z.unknown().optional(),
  batches: z.unknown().optional(),
});

export const bipartitionOptions = z.strictObject({
  ...fitOptions.pick({ signal: true, onProgress: true, threads: true, backend: true }).shape,
  seed: whole(0).optional(),
  maxIter: whole(1).optional(),
  tol: atLeastZero.optional(),
});
export const dclustOptions = z.strictObject({
  ...bipartitionOptions.shape,
  minSamples: whole(1),
  minSeparation: z.number('a finite number').optional(),
  maxClusters: whole(1).optional(),
});
