import { describe, expect, it } from 'vitest';
import { logGamma } from '../../src/gamma-function.js';
import { chooseLoss, type DenseMatrix, GraphError, nmfLayer } from '../../src/index.js';
import { dense, toCsc } from '../../src/matrix.js';
import {
  gammaData,
  generalizedCounts,
  inflated,
  means,
  negativeBinomialCounts,
  poissonCounts,
} from '../support/losses.js';
import { uniform } from '../support/matrices.js';

const [m, n, k] = [40, 30, 2];
const options = { k, layer: { maxIter: 100, tol: 1e-5 } };
const mu = means(m, n, k, 1, 0.2, 6);
const nameOf = (loss: unknown) => (typeof loss === 'string' ? loss : (loss as { name: string }).name);
const sum = (list: Iterable<number>) => [...list].reduce((a, b) => a + b, 0);

/** W·diag(d)·H. */
function model({ W, d, H }: { W: DenseMatrix; d: Float64Array; H: DenseMatrix }): DenseMatrix {
  const out = dense(W.rows, H.cols);
  for (let j = 0; j < H.cols; j++)
    for (let i = 0; i < W.rows; i++)
      out.data[i + j * W.rows] = sum(Array.from(d, (by, r) => by * W.data[i + r * W.rows] * H.data[r + j * d.length]));
  return out;
}

describe('the loss of lowest BIC is that of the data', () => {
  it.each([
    ['kl', poissonCounts(mu, 2), ['kl', 'nb', 'gp']],
    ['nb', negativeBinomialCounts(mu, 3, () => 1.5), ['kl', 'nb', 'gp', 'mse']],
    ['gp', generalizedCounts(means(m, n, k, 4, 4, 20), 4, () => 0.5), ['kl', 'nb', 'gp', 'mse']],
    ['gamma', gammaData(means(m, n, k, 5, 0.5, 4), 5, 3), undefined],
    ['mse', dense(m, n, mu.data.map((x, p) => x + 4 * (uniform(m, n, 6).data[p] - 0.5))), undefined], // biome-ignore format: one thought
  ] as const)('%s', async (name, data, losses) => {
    const found = await chooseLoss(data, { ...options, losses });
    expect(nameOf(found.best), found.table()).toBe(name);
    expect(found.candidates.map(({ bic }) => bic)).toEqual(
      [...found.candidates.map(({ bic }) => bic)].sort((a, b) => a - b),
    );
  });

  it('zeros that counts have nothing to do with', async () => {
    const counts = inflated(
      negativeBinomialCounts(means(m, n, k, 7, 3, 12), 7, () => 5),
      8,
      () => 0.3,
    );
    const { best, candidates } = await chooseLoss(counts, options);
    expect(best).toEqual({ name: 'nb', zeroInflation: 'global' });
    expect(candidates[0].fit.zeroInflation?.[0]).toBeGreaterThan(0.25);
    expect(candidates[0].fit.zeroInflation?.[0]).toBeLessThan(0.35);
  });
});

describe('a likelihood', () => {
  const counts = negativeBinomialCounts(mu, 9, () => 2);

  it('is the sum of log P over the entries, as text books have it', async () => {
    const losses = ['kl', 'nb', { name: 'nb', dispersion: 2 }, { name: 'nb', dispersion: { row: new Array(m).fill(2) } }, { name: 'nb', zeroInflation: 'row' }] as const; // biome-ignore format: one thought
    const { candidates } = await chooseLoss(counts, { ...options, losses });
    expect(candidates).toHaveLength(losses.length);
    for (const { loss, fit, logLikelihood } of candidates) {
      const estimate = model(fit);
      const direct = sum(
        counts.data.map((x, p) => {
          const mean = Math.max(estimate.data[p], 1e-300);
          if (nameOf(loss) === 'kl') return x * Math.log(mean) - mean - logGamma(x + 1);
          const r = fit.dispersion?.[0] ?? Number.NaN;
          const pi = fit.zeroInflation?.[p % m] ?? 0;
          const log = logGamma(x + r) - logGamma(r) - logGamma(x + 1) + r * Math.log(r / (r + mean)) + x * Math.log(mean / (r + mean)); // biome-ignore format: one thought
          return x === 0 ? Math.log(pi + (1 - pi) * Math.exp(log)) : Math.log1p(-pi) + log;
        }),
      );
      expect(Math.abs(logLikelihood - direct), nameOf(loss)).toBeLessThan(1e-7 * Math.abs(direct));
    }
  });

  it('counts what was free', async () => {
    const losses = ['kl', { name: 'nb', dispersion: 2 }, 'nb', { name: 'gp', dispersion: 'row' }, { name: 'nb', dispersion: 'column', zeroInflation: 'row' }] as const; // biome-ignore format: one thought
    const { candidates } = await chooseLoss(counts, { ...options, layer: { maxIter: 3 }, losses });
    const factors = k * (m + n - 1);
    const free = new Map(
      candidates.map(({ loss, parameters }) => [losses.indexOf(loss as (typeof losses)[number]), parameters - factors]),
    );
    expect([0, 1, 2, 3, 4].map((at) => free.get(at))).toEqual([0, 0, 1, m, n + m]);
    for (const { aic, bic, parameters, logLikelihood } of candidates) {
      expect(aic).toBeCloseTo(2 * parameters - 2 * logLikelihood, 6);
      expect(bic).toBeCloseTo(Math.log(m * n) * parameters - 2 * logLikelihood, 6);
    }
  });

  it('is the same of sparse and of dense data, and with missing entries of what is known', async () => {
    const holes = dense(m, n, counts.data.map((x, p) => (p % 7 === 0 ? Number.NaN : x))); // biome-ignore format: one thought
    for (const data of [counts, holes]) {
      const [a, b] = [await chooseLoss(data, options), await chooseLoss(toCsc(data), options)];
      expect(b.candidates.map(({ loss }) => loss)).toEqual(a.candidates.map(({ loss }) => loss));
      for (const [at, { bic }] of a.candidates.entries())
        expect(Math.abs(b.candidates[at].bic - bic)).toBeLessThan(1e-5 * Math.abs(bic));
      expect(b.counts?.dispersion).toBeCloseTo(a.counts?.dispersion ?? Number.NaN, 4);
    }
  });
});

describe('diagnostics of counts', () => {
  it('of Poisson’s are 1, and as many zeros as there should be', async () => {
    const { counts } = await chooseLoss(poissonCounts(mu, 10), { ...options, losses: ['kl'] });
    expect(counts?.dispersion).toBeGreaterThan(0.85);
    expect(counts?.dispersion).toBeLessThan(1.1);
    const { observed, expected } = counts?.zeros ?? { observed: 0, expected: Number.NaN };
    expect(Math.abs(observed / expected - 1)).toBeLessThan(0.15);
  });

  it('say that counts vary more, and of more zeros', async () => {
    const spread = inflated(
      negativeBinomialCounts(mu, 11, () => 1),
      12,
      () => 0.2,
    );
    const { counts } = await chooseLoss(spread, { ...options, losses: ['kl'] });
    expect(counts?.dispersion).toBeGreaterThan(1.8);
    const { observed, expected } = counts?.zeros ?? { observed: 0, expected: Number.NaN };
    expect(observed / expected).toBeGreaterThan(1.3);
  });

  it('are not made of what no Poisson model was fitted to', async () => {
    expect((await chooseLoss(gammaData(mu, 13, 2), options)).counts).toBeNull();
  });
});

describe('what can’t be compared', () => {
  const fractions = gammaData(mu, 14, 2);

  it('is named, with the reason', async () => {
    // A size that is given makes nb a loss of any numbers, but no likelihood.
    const given = { name: 'nb', dispersion: 3 } as const;
    const losses = [
      'mse',
      'kl',
      'nb',
      { name: 'tweedie', power: 2.5 },
      { name: 'tweedie', power: 0.5 },
      given,
    ] as const;
    const { candidates, refused } = await chooseLoss(fractions, { ...options, losses });
    expect(candidates.map(({ loss }) => loss)).toEqual(['mse']);
    expect(refused.map(({ loss }) => loss)).toEqual(losses.slice(1));
    for (const { reason } of refused) expect(reason).not.toBe('');
    expect(refused[0].reason).toContain('Poisson');
    expect(refused[2].reason).toContain('between 1 and 2');
    expect(refused[4].reason).toContain('must have counts');
  });

  it('is what leaves the range of numbers with one loss, and not with another', async () => {
    const tiny = { ...fractions, data: fractions.data.map((x) => 1e-120 * x) };
    const { best, refused } = await chooseLoss(tiny, { ...options, losses: ['inverse-gaussian', 'mse'] });
    expect(best).toBe('mse');
    expect(refused).toMatchObject([{ loss: 'inverse-gaussian', reason: expect.stringContaining('power of ten') }]);
  });

  it('fails where nothing is left', async () => {
    await expect(chooseLoss(fractions, { ...options, losses: ['nb'] })).rejects.toThrow(GraphError);
    await expect(chooseLoss(fractions, { ...options, losses: ['kl'] })).rejects.toThrow('Poisson');
    await expect(chooseLoss(fractions, { ...options, losses: ['kl'] })).rejects.toThrow(GraphError);
  });

  it.each([
    [{ k: 0 }, 'k'],
    [{}, "k of layer 'layer' must be a whole number, at least 1; got undefined"],
    [{ k: 2, losses: [] }, 'losses'],
    [{ k: 2, layer: { L1: 1 } }, 'L1'],
    [{ k: 2, seed: -1 }, 'seed'],
    [{ k: 2, more: 1 }, 'more'],
  ])('%o', async (wrong, word) => {
    await expect(chooseLoss(fractions, wrong as never)).rejects.toThrow(word);
  });

  it('no data', async () => {
    await expect(chooseLoss('rna.csv' as never, { k: 2 })).rejects.toThrow(GraphError);
    await expect(chooseLoss([[1, Number.POSITIVE_INFINITY]], { k: 1 })).rejects.toThrow(GraphError);
  });

  it('a cancelled choice', async () => {
    await expect(chooseLoss(fractions, { ...options, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow(
      'enough',
    );
  });
});

describe('the table', () => {
  it('has a line for each, the best first', async () => {
    const { table, candidates } = await chooseLoss(gammaData(mu, 15, 2), options);
    const lines = table().split('\n');
    expect(lines).toHaveLength(candidates.length + 1);
    expect(lines[0]).toContain('Δ BIC');
    expect(lines[1].trim().startsWith('gamma')).toBe(true);
  });

  it('is of losses that a layer takes', async () => {
    const { best } = await chooseLoss(poissonCounts(mu, 16), {
      ...options,
      losses: ['kl', { name: 'nb', dispersion: 3 }],
    });
    expect(() => nmfLayer({} as never, { name: 'a', k: 2, loss: best })).not.toThrow();
  });
});
