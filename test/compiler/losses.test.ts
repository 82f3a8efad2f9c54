import { describe, expect, test } from 'vitest';
import {
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  H,
  type LayerRef,
  type LossOption,
  type NmfSpec,
  nmfLayer,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense, toCsc } from '../../src/matrix.js';
import { expectFault, type FaultCase, only } from '../support/faults.js';
import { uniform } from '../support/matrices.js';

const counts = dense(8, 6, uniform(8, 6, 1).data.map((x) => Math.round(5 * x))); // biome-ignore format: one thought
const changed = (x: number) => dense(8, 6, counts.data.map((own, p) => (p === 19 ? x : own + 1))); // biome-ignore format: one thought
const x = (data = counts) => factorInput(data, { name: 'x' });
const layer = (loss: LossOption, options: Partial<NmfSpec> = {}, config: GraphConfig = {}) =>
  factorNet(nmfLayer(x(), { ...{ name: 'a', k: 2 }, loss, ...options }), config);
/** A symmetric layer. */
const square = (loss: LossOption, options: Partial<NmfSpec> = {}) => {
  const apart = Float64Array.from({ length: 64 }, (_, p) => 1 + Math.abs((p % 8) - Math.floor(p / 8)));
  return factorNet(nmfLayer(x(dense(8, 8, apart)), { name: 'a', k: 2, loss, symmetric: true, ...options }));
};
/** Options as a caller without types gives them. */
const wrong = (loss: unknown) => () => layer(loss as LossOption);
const of = "layer 'a'";

const OPTIONS: readonly FaultCase[] = [
  [
    'invalid-option',
    wrong('poisson'),
    { option: 'loss', of },
    /loss of layer 'a' must be 'kl', which is Poisson's.*got 'poisson'/,
  ],
  [
    'invalid-option',
    wrong('huber'),
    { option: 'loss', of },
    /must be { name: 'huber', delta }, delta in units of the data/,
  ],
  ['invalid-option', wrong('KL'), { option: 'loss', of }, /must be 'kl', if that is meant/],
  ['invalid-option', wrong('zebra'), { option: 'loss', of }, /must be 'mse', 'kl'.*got 'zebra'/],
  ['invalid-option', wrong(3), { option: 'loss' }, /got 3/],
  ['invalid-option', wrong('tweedie'), { option: 'loss' }, /\{ name: 'tweedie', power \}/],
  ['invalid-option', wrong({}), { option: 'loss.name' }, /must be 'mse'.*'huber'/],
  ['invalid-option', wrong({ name: 'tweedie', power: 0.5 }), { option: 'loss.power' }, /at least 1.*got 0.5/],
  ['invalid-option', wrong({ name: 'tweedie' }), { option: 'loss.power' }, /at least 1/],
  ['invalid-option', wrong({ name: 'huber', delta: 0 }), { option: 'loss.delta' }, /above 0; got 0/],
  ['invalid-option', wrong({ name: 'huber', delta: Infinity }), { option: 'loss.delta' }, /above 0/],
  ['invalid-option', wrong({ name: 'kl', power: 2 }), { option: 'loss.power' }, /loss 'kl' has no options/],
  ['invalid-option', wrong({ name: 'nb', size: 2 }), { option: 'loss.size' }, /only dispersion and zeroInflation/],
  ['invalid-option', wrong({ name: 'nb', dispersion: 0 }), { option: 'loss.dispersion' }, /above 0.*got 0/],
  ['invalid-option', wrong({ name: 'gp', dispersion: 1 }), { option: 'loss.dispersion' }, /below 1.*got 1/],
  ['invalid-option', wrong({ name: 'gp', dispersion: 'rows' }), { option: 'loss.dispersion' }, /'row' or 'column'/],
  ['invalid-option', wrong({ name: 'gp', dispersion: { row: [0.1, 2] } }), { option: 'loss.dispersion' }, /below 1/],
  ['invalid-option', wrong({ name: 'nb', zeroInflation: 1 }), { option: 'loss.zeroInflation' }, /below 1.*got 1 /],
  [
    'invalid-option',
    () => layer({ name: 'nb', dispersion: { row: [1, 2] } }),
    { option: 'loss.dispersion.row' },
    /8 numbers, one for each feature that the layer reads; got 2/,
  ],
  [
    'invalid-option',
    () => layer({ name: 'gp', zeroInflation: { column: new Float64Array(5) } }),
    { option: 'loss.zeroInflation.column' },
    /6 numbers, one for each sample/,
  ],
];

const together = (options: object, words: RegExp, build: () => unknown): FaultCase => [
  'incompatible-options',
  build,
  { of, options },
  words,
];
const COMBINATIONS: readonly FaultCase[] = [
  ...(['hals', 'bpp', 'cholesky'] as const).map((solver) =>
    together({ loss: 'kl', solver }, /Loss 'kl' must have solver 'ccd' or 'mu'/, () => layer('kl', { solver })),
  ),
  together({ loss: 'gamma', solver: 'mu' }, /Loss 'gamma' must have solver 'ccd';/, () =>
    factorNet(nmfLayer(x(changed(1)), { name: 'a', k: 2, loss: 'gamma', solver: 'mu' })),
  ),
  together({ solver: 'ccd' }, /must have another loss than 'mse'/, () => layer('mse', { solver: 'ccd' })),
  together({ loss: 'kl', accelerate: 'her' }, /no extrapolation/, () => layer('kl', {}, { accelerate: 'her' })),
  together({ loss: 'nb', precision: 'f32' }, /fitted in 64 bits/, () => layer('nb', { precision: 'f32' })),
  together({ loss: 'kl', 'nonneg.W': false }, /two non-negative factors.*'mse', 'huber' or 'mae'/, () =>
    layer('kl', { W: W({ nonneg: false }) }),
  ),
  ...(['row', 'column'] as const).flatMap((by) =>
    (['dispersion', 'zeroInflation'] as const).map((option) =>
      together(
        { symmetric: true, [`loss.${option}`]: `by ${by}` },
        new RegExp(`must have one ${option} for all entries.*say ${option}: 'global', or a number`),
        () => square({ name: 'nb', [option]: by }),
      ),
    ),
  ),
  ...(['hals', 'mu'] as const).map((solver) =>
    together({ symmetric: true, loss: 'kl', solver }, /A symmetric layer must have solver 'ccd'/, () =>
      square('kl', { solver }),
    ),
  ),
  together({ symmetric: true, solver: 'ccd' }, /A symmetric layer must have solver 'hals'/, () =>
    square('mse', { solver: 'ccd' }),
  ),
  together({ projective: true, precision: 'f32' }, /A projective layer must have 64 bits/, () =>
    layer('kl', { projective: true, precision: 'f32' }),
  ),
  together({ training: 'joint', loss: 'kl' }, /layers with loss 'mse'/, () => layer('kl', {}, { training: 'joint' })),
  together({ loss: 'kl', weight: 'balance' }, /weights that are numbers/, () => {
    const members = factorShared(x(), factorInput(counts, { name: 'y' }), { weights: 'balance' });
    return factorNet(nmfLayer(members, { name: 'a', k: 2, loss: 'kl' }));
  }),
  together({ solver: 'mu', 'H.angular': 0.1 }, /H.angular must have solver 'ccd'/, () =>
    layer('kl', { solver: 'mu', H: H({ angular: 0.1 }) }),
  ),
  together({ loss: 'gamma', input: 'b' }, /an embedding may hold others/, () =>
    factorNet(nmfLayer(nmfLayer(x(), { name: 'b', k: 3 }), { name: 'a', k: 2, loss: 'gamma' })),
  ),
  together({ loss: 'kl', input: 'b' }, /an embedding may hold others/, () =>
    factorNet(nmfLayer(svdLayer(x(), { name: 'b', k: 3 }), { name: 'a', k: 2, loss: 'kl' })),
  ),
];

const data = (value: number, loss: LossOption, rule: string): FaultCase => [
  'invalid-data',
  () => factorNet(nmfLayer(x(changed(value)), { name: 'a', k: 2, loss })),
  { rule, got: `${value} at row 3, column 2` },
  /input 'x', which layer 'a' reads with loss '/,
];
const DATA: readonly FaultCase[] = [
  data(-1, 'kl', 'at least 0'),
  data(-2, { name: 'tweedie', power: 1.5 }, 'at least 0'),
  data(-2, { name: 'nb', dispersion: 3 }, 'at least 0'),
  data(0, 'gamma', 'above 0'),
  data(0, { name: 'tweedie', power: 2.5 }, 'above 0'),
  data(0, 'inverse-gaussian', 'above 0'),
  data(0.5, 'gp', 'whole numbers, at least 0'),
  data(1.5, 'nb', 'whole numbers, at least 0'),
  data(1.5, { name: 'nb', dispersion: 2, zeroInflation: 0.1 }, 'whole numbers, at least 0'),
  [
    'invalid-data',
    () => factorNet(nmfLayer(factorInput(toCsc(changed(0)), { name: 'x' }), { name: 'a', k: 2, loss: 'gamma' })),
    { got: '0 at row 3, column 2' },
    /above 0/,
  ],
  [
    'invalid-data',
    () => factorNet(nmfLayer(factorCondition(x(), uniform(2, 6, 3)), { name: 'a', k: 2, loss: 'nb' })),
    {},
    /a condition, which layer 'a' reads with loss 'nb',/,
  ],
];

describe('what a loss is refused for', () => {
  test.each(OPTIONS)('%s %#', (...fault) => expectFault(fault));
  test.each(COMBINATIONS)('%s %#', (...fault) => expectFault(fault));
  test.each(DATA)('%s %#', (...fault) => expectFault(fault));

  test('what is missing is not looked at', () => {
    const gappy = factorInput(changed(Number.NaN), { name: 'x' });
    expect(() => factorNet(nmfLayer(gappy, { name: 'a', k: 2, loss: 'gamma' }))).not.toThrow();
    const masked = factorInput(counts, { name: 'x', mask: 'zeros' });
    expect(() => factorNet(nmfLayer(masked, { name: 'a', k: 2, loss: 'gamma' }))).not.toThrow();
  });

  test('every fault of a layer at once', () => {
    expect(only(() => layer('kl', { solver: 'hals' })).code).toBe('incompatible-options');
    try {
      layer('nb', { solver: 'mu', precision: 'f32', nonneg: false, accelerate: 'her' });
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ issues: { length: 5 } });
    }
  });
});

describe('the plan', () => {
  const argsOf = (loss: LossOption, options: Partial<NmfSpec> = {}) => {
    const [step] = layer(loss, options).plan.fit;
    if (step.op !== 'nmf') throw new Error('no NMF');
    return step.args;
  };

  test('keeps the loss and what goes with it, and nothing of mse', () => {
    expect(argsOf('mse')).toEqual(argsOf({ name: 'mse' }));
    expect('loss' in argsOf('mse')).toBe(false);
    const none = { power: 0, delta: 0, dispersion: null, zeroInflation: null };
    expect(argsOf('kl')).toMatchObject({ solver: 'ccd', accelerate: 'none', sweeps: 2, loss: { name: 'kl', ...none } });
    expect(argsOf('kl', { solver: 'mu' })).toMatchObject({ solver: 'mu', sweeps: 1 });
    expect(argsOf({ name: 'tweedie', power: 1.5 }).loss).toEqual({ name: 'tweedie', ...none, power: 1.5 });
    expect(argsOf({ name: 'huber', delta: 2 }).loss).toEqual({ name: 'huber', ...none, delta: 2 });
    expect(argsOf('nb')).toEqual(argsOf({ name: 'nb', dispersion: 'global' }));
    expect(
      argsOf({ name: 'gp', dispersion: { column: Float32Array.of(0, 0, 0, 0, 0, 0.5) }, zeroInflation: 'row' }).loss,
    ).toEqual({
      // biome-ignore format: one thought
      name: 'gp',
      power: 0,
      delta: 0,
      dispersion: { by: 'column', estimate: false, values: [0, 0, 0, 0, 0, 0.5] },
      zeroInflation: { by: 'row', estimate: true, values: [0.1] },
    });
  });

  test('32 bits for kl alone', () => {
    const single = { ...counts, data: Float32Array.from(counts.data) };
    const precision = (loss: LossOption) =>
      factorNet(nmfLayer(factorInput(single, { name: 'x' }), { name: 'a', k: 2, loss })).explain();
    expect(precision('kl')).toMatch(/sweeps, f32/);
    expect(precision('nb')).toMatch(/sweeps, f64/);
  });

  test('a list that is changed later is none of the graph', () => {
    const sizes = new Float64Array(8).fill(2);
    const net = layer({ name: 'nb', dispersion: { row: sizes } });
    const a: LayerRef = nmfLayer(x(), { name: 'a', k: 2, loss: { name: 'nb', dispersion: { row: sizes } } });
    sizes.fill(3);
    expect(net.plan.fit).toEqual(factorNet(a).plan.fit);
  });

  test('explain says it in words', () => {
    const words = (loss: LossOption) => layer(loss).explain();
    expect(words('mse')).toMatch(/mse by HALS/);
    expect(words('kl')).toMatch(/kl by coordinate Newton steps, 2 sweeps/);
    expect(words({ name: 'tweedie', power: 1.5 })).toMatch(/tweedie 1.5 by/);
    expect(words({ name: 'huber', delta: 2 })).toMatch(/huber 2 by/);
    expect(words({ name: 'nb', dispersion: 3 })).toMatch(/nb \(dispersion 3\) by/);
    expect(words({ name: 'nb', dispersion: 'row', zeroInflation: 'global' })).toMatch(
      /nb \(dispersion by row, estimated\) \(zero inflation estimated\) by/,
    );
    const gappy = factorInput(changed(Number.NaN), { name: 'x' });
    expect(factorNet(nmfLayer(gappy, { name: 'a', k: 2, loss: 'kl' })).explain()).toMatch(/missing entries left out,/);
  });
});
