import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  align,
  crossValidateRank,
  evaluate,
  factorInput,
  factorNet,
  H,
  nmf,
  nmfLayer,
  plotComposition,
  plotConsensus,
  plotFactorsByGroup,
  plotGraph,
  plotHeatmap,
  plotLoadings,
  plotLoss,
  plotScatter,
  plotSweep,
  plotVariance,
  project,
  refine,
  saveFit,
  W,
} from '../src/index.js';
import { show } from '../src/issues.js';
import { dense } from '../src/matrix.js';
import { ownName } from '../src/other-names.js';

const X = [
  [1, 2, 3],
  [2, 0, 1],
];
const input = factorInput(X, { name: 'rna' });

/** What it says when it fails, now or later. */
async function said(run: () => unknown): Promise<string> {
  try {
    await run();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing';
}

describe('an option that goes by another name elsewhere', () => {
  test.each([
    ['rank', 'k'],
    ['n_components', 'k'],
    ['nComponents', 'k'],
    ['n_factors', 'k'],
    ['maxit', 'maxIter'],
    ['max_iter', 'maxIter'],
    ['tolerance', 'tol'],
    ['alpha', 'L1'],
    ['l1_ratio', 'L1'],
    ['init', 'start'],
    ['random_state', 'seed'],
    ['n_jobs', 'threads'],
    ['beta_loss', 'loss'],
    ['verbose', 'onProgress'],
    ['n_init', 'restarts'],
    // Written almost like ours, as before.
    ['maxIters', 'maxIter'],
    ['sovler', 'solver'],
  ])('%s: did you mean %s?', async (other, ours) => {
    const text = await said(() => nmf(X, { k: 1, [other]: 1 }));
    expect(text).toBe(`nmf has no option '${other}'; did you mean '${ours}'? (at nmf).`);
  });

  test('in sweeps, in layers, and within options', async () => {
    const sweep = await said(() => crossValidateRank(X, { k: [1], test_fraction: 0.1, folds: 3 } as never));
    expect(sweep).toContain("did you mean 'testFraction'?");
    expect(sweep).toContain("did you mean 'reps'?");
    const layer = await said(() => factorNet(nmfLayer(input, { name: 'a', rank: 2 } as never)));
    expect(layer).toContain("layer 'a' has no option 'rank'; did you mean 'k'?");
    const within = await said(() => nmf(X, { k: 1, W: { ...W({}), lasso: 1 } as never }));
    expect(within).toContain("no option 'W.lasso'; did you mean 'L1'?");
  });

  test('only those that there are are meant, and else all are listed', async () => {
    expect(ownName('alpha', ['L2'])).toBe('L2');
    expect(ownName('rank', ['seed'])).toBeUndefined();
    expect(await said(() => nmf(X, { k: 1, flavour: 1 } as never))).toContain("no option 'flavour'; it has k, seed,");
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (other, known) => {
        const found = ownName(other, known);
        expect(found === undefined || known.includes(found)).toBe(true);
      }),
    );
    for (const odd of ['constructor', '__proto__', 'toString']) expect(ownName(odd, ['k'])).toBeUndefined();
  });
});

describe('a promise where what it promises is wanted', () => {
  const promise = nmf(X, { k: 1, seed: 1, backend: 'reference' });
  // What an untyped caller may write.
  const fit = promise as never;
  const calls: Readonly<Record<string, () => unknown>> = {
    saveFit: () => saveFit(fit, 'unwritten.safetensors'),
    project: () => project(fit, X),
    refine: () => refine(fit, ['a', 'b', 'a']),
    evaluate: () => evaluate(fit, X),
    align: () => align(fit, fit),
    nmf: () => nmf(fit, { k: 1 }),
    factorInput: () => factorNet(nmfLayer(factorInput(fit, { name: 'x' }), { name: 'a', k: 1 })),
    plotGraph: () => plotGraph(fit),
    plotLoss: () => plotLoss(fit),
    plotSweep: () => plotSweep(fit),
    plotLoadings: () => plotLoadings(fit),
    plotHeatmap: () => plotHeatmap(fit),
    plotConsensus: () => plotConsensus(fit),
    plotComposition: () => plotComposition(fit, { groups: ['a'] }),
    plotFactorsByGroup: () => plotFactorsByGroup(fit, { groups: ['a'] }),
    plotScatter: () => plotScatter(fit),
    plotVariance: () => plotVariance(fit),
  };
  test.each(Object.entries(calls))('%s says to await it', async (_, call) => {
    await promise;
    expect(await said(call)).toContain('got a promise: await it');
  });

  test('whatever can be awaited is one, and nothing else', () => {
    // biome-ignore lint/suspicious/noThenProperty: what is awaited by mistake has one
    expect(show({ then: () => undefined })).toBe('a promise: await it');
    // biome-ignore lint/suspicious/noThenProperty: so has what looks like it
    expect(show({ then: 1 })).toBe('an object with then');
  });
});

describe('what cures it', () => {
  test('a fit where a matrix is wanted: its W or its H', () => {
    const fit = { W: dense(2, 1), H: dense(1, 2), d: Float64Array.of(1) };
    for (const call of [() => plotScatter(fit as never), () => factorNet(nmfLayer(factorInput(fit as never, { name: 'x' }), { name: 'a', k: 1 }))]) // biome-ignore format: untyped callers
      expect(call).toThrow('of a fit its W or its H');
  });

  test.each([
    ['W', { W: H({ L1: 1 }) }, 'made by W({ … }), where what H({ … }) makes is for H'],
    ['H', { H: W({ L1: 1 }) }, 'made by H({ … }), where what W({ … }) makes is for W'],
    ['W', { W: { L1: 1 } }, 'made by W({ … })'],
  ])('%s made by the other, or by hand', async (side, options, rule) => {
    const text = await said(() => factorNet(nmfLayer(input, { name: 'a', k: 1, ...(options as object) })));
    expect(text).toBe(
      `${side} of layer 'a' must be ${rule}; got an object with L1${'side' in Object(Object.values(options)[0]) ? ', side' : ''} (at a).`,
    );
  });

  test.each([
    ['kl', -1, "must be at least 0; got -1 at row 0, column 0: use loss 'mse' or 'mae', which take all numbers"],
    [
      'gamma',
      0,
      "must be above 0; got 0 at row 0, column 0: use loss { name: 'tweedie', power: 1.5 }, which takes zeros, or loss 'mse', which takes all numbers",
    ],
    [
      'nb',
      0.5,
      "must be whole numbers, at least 0; got 0.5 at row 0, column 0: use loss 'kl', which takes all numbers from 0 on, or loss 'mse', which takes all numbers",
    ],
  ] as const)('data that loss %s forbids: losses that take them', async (loss, odd, words) => {
    const data = [[odd, 1], [1, 2]]; // biome-ignore format: one thought
    expect(await said(() => nmf(data, { k: 1, loss }))).toContain(words);
    expect(await said(async () => evaluate(await nmf(X, { k: 1 }), [[odd, 1, 1], [1, 1, 1]], { loss }))).toContain(words.slice(words.indexOf(': use'))); // biome-ignore format: one thought
  });
});
