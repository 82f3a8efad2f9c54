import { describe, expect, test } from 'vitest';
import type { Kernels, NmfArgs, NmfResult } from '../../src/kernels/kernels.js';
import type { KernelLoss } from '../../src/loss.js';
import { type DenseMatrix, dense, toCsc } from '../../src/matrix.js';
import {
  estimated,
  gammaData,
  generalizedCounts,
  given,
  inflated,
  kernelLoss,
  LOSS_CASES,
  means,
  negativeBinomialCounts,
  poissonCounts,
} from '../support/losses.js';
import { product, relativeDifference, single, uniform } from '../support/matrices.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';
import { nmfArgs, PLAIN } from './arguments.js';
import { lossArgs } from './loss-laws.js';

const median = (values: Float64Array): number => values.slice().sort()[Math.floor(values.length / 2)];

/** Laws that hold between losses, and of the parameters that are estimated. */
export function lossParameterLaws(name: string, kernels: Kernels): void {
  describe(`${name}: losses that are others`, () => {
    const [m, n] = [24, 17];
    const counts = poissonCounts(means(m, n, 3, 1, 0.1, 3), 2);
    const positive = gammaData(means(m, n, 3, 5, 0.5, 2), 6, 4);
    const options = { maxIter: 4000, tol: 1e-13 } as const;
    const near = (one: NmfResult, other: NmfResult) =>
      expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-4);

    test.each([
      ['kl', 1, counts],
      ['gamma', 2, positive],
      ['inverse-gaussian', 3, positive],
    ] as const)('%s is tweedie of power %d', async (plain, power, data) => {
      const one = await kernels.nmf(lossArgs([data], { name: plain }, { maxIter: 30 }));
      const other = await kernels.nmf(lossArgs([data], { name: 'tweedie', power }, { maxIter: 30 }));
      expect(other).toEqual(one);
    });

    test('nb of huge size, gp of none and kl', async () => {
      const kl = await kernels.nmf(lossArgs([counts], { name: 'kl' }, options));
      near(kl, await kernels.nmf(lossArgs([counts], { name: 'nb', dispersion: given(1e9) }, options)));
      const none = await kernels.nmf(lossArgs([counts], { name: 'gp', dispersion: given(0) }, options));
      near(kl, none);
      expect(none.loss / kl.loss).toBeCloseTo(1, 6);
    });

    test('huber of a huge δ is mse', async () => {
      const mse = await kernels.nmf(nmfArgs([positive], 3, { ...options, tol: 1e-14, accelerate: 'none' }));
      const huber = await kernels.nmf(lossArgs([positive], { name: 'huber', delta: 1e6 }, { ...options, sweeps: 5 }));
      expect(huber.loss / mse.loss).toBeCloseTo(1, 4);
      near(mse, huber);
    });

    test('multiplicative updates of kl: monotone, and to where coordinate steps come', async () => {
      const mu = await kernels.nmf(lossArgs([counts], { name: 'kl' }, { ...options, solver: 'mu', maxIter: 1500 }));
      for (let i = 1; i < mu.iterations; i++)
        expect(mu.history.objective[i]).toBeLessThanOrEqual(mu.history.objective[i - 1] * (1 + 1e-12));
      const ccd = await kernels.nmf(lossArgs([counts], { name: 'kl' }, options));
      expect(mu.objective / ccd.objective).toBeCloseTo(1, 3);
      const first = await kernels.nmf(lossArgs([counts], { name: 'kl' }, { solver: 'mu', sweeps: 1, maxIter: 1, norm: 'none' })); // biome-ignore format: one thought
      const byHand = oneUpdate(counts, lossArgs([counts], { name: 'kl' }).start);
      expect(relativeDifference(product(first).data, byHand.data)).toBeLessThan(1e-10);
      const withRidge = lossArgs([counts], { name: 'kl' }, { solver: 'mu', W: { ...PLAIN, L2: 0.3, L1: 0.05 } });
      const { history } = await kernels.nmf(withRidge);
      for (let i = 1; i < history.objective.length; i++)
        expect(history.objective[i]).toBeLessThanOrEqual(history.objective[i - 1] * (1 + 1e-12));
    });

    test('kl in 32 bits is near to kl in 64', async () => {
      const data = dense(m, n, counts.data.map((x) => x * 1.1)); // biome-ignore format: one thought
      const one = await kernels.nmf(lossArgs([data], { name: 'kl' }, { maxIter: 20, tol: 0 }));
      const args = lossArgs([single(data)], { name: 'kl' }, { maxIter: 20, tol: 0, precision: 'f32' });
      const half = await kernels.nmf({ ...args, loss: kernelLoss({ name: 'kl' }, [data]) });
      expect(Math.abs(half.loss / one.loss - 1)).toBeLessThan(1e-4);
    });
  });

  describe(`${name}: parameters come back`, () => {
    const [m, n, k] = [60, 50, 2];
    const truth = means(m, n, k, 11, 1, 8);
    const solve = (X: DenseMatrix, own: Parameters<typeof kernelLoss>[0]) =>
      kernels.nmf(lossArgs([X], own, { maxIter: 80, tol: 1e-6 }, k));

    test('θ of gp within 30%', async () => {
      for (const theta of [0.2, 0.6]) {
        const X = generalizedCounts(truth, 12, () => theta);
        for (const by of ['global', 'row', 'column'] as const) {
          const count = { global: 1, row: m, column: n }[by];
          const { dispersion } = await solve(X, { name: 'gp', dispersion: estimated(by, count, 0.1) });
          expect(Math.abs(median(dispersion ?? new Float64Array()) / theta - 1)).toBeLessThan(0.3);
        }
      }
    });

    test('the size of nb within a factor of two, by row where rows differ', async () => {
      for (const size of [0.7, 5]) {
        const X = negativeBinomialCounts(truth, 13, () => size);
        const { dispersion } = await solve(X, { name: 'nb', dispersion: estimated('global', 1, 10) });
        expect(Math.abs(Math.log2((dispersion?.[0] ?? 0) / size))).toBeLessThan(1);
      }
      const X = negativeBinomialCounts(truth, 14, (i) => (i < m / 2 ? 0.7 : 8));
      const { dispersion } = await solve(X, { name: 'nb', dispersion: estimated('row', m, 10) });
      const found = dispersion ?? new Float64Array();
      expect(Math.abs(Math.log2(median(found.subarray(0, m / 2)) / 0.7))).toBeLessThan(1);
      expect(Math.abs(Math.log2(median(found.subarray(m / 2)) / 8))).toBeLessThan(1);
    });

    test('the share of other zeros within 0.05', async () => {
      const counts = negativeBinomialCounts(truth, 15, () => 4);
      const X = inflated(counts, 16, () => 0.3);
      const nb = { name: 'nb', dispersion: estimated('global', 1, 10) } as const;
      const one = await solve(X, { ...nb, zeroInflation: estimated('global', 1, 0.1) });
      expect(Math.abs((one.zeroInflation?.[0] ?? 0) - 0.3)).toBeLessThan(0.05);
      const some = inflated(counts, 17, (_, j) => (j < n / 2 ? 0.1 : 0.5));
      const by = await solve(some, { ...nb, zeroInflation: estimated('column', n, 0.1) });
      const found = by.zeroInflation ?? new Float64Array();
      expect(Math.abs(median(found.subarray(0, n / 2)) - 0.1)).toBeLessThan(0.05);
      expect(Math.abs(median(found.subarray(n / 2)) - 0.5)).toBeLessThan(0.05);
      const gp = inflated(
        generalizedCounts(truth, 18, () => 0.4),
        19,
        () => 0.25,
      );
      const other = await solve(gp, { name: 'gp', dispersion: estimated('global', 1, 0.1), zeroInflation: estimated('global', 1, 0.1) }); // biome-ignore format: one thought
      expect(Math.abs((other.zeroInflation?.[0] ?? 0) - 0.25)).toBeLessThan(0.05);
      expect(Math.abs((other.dispersion?.[0] ?? 0) / 0.4 - 1)).toBeLessThan(0.3);
    });

    test('what is given stays as it is', async () => {
      const X = inflated(
        negativeBinomialCounts(truth, 20, () => 4),
        21,
        () => 0.3,
      );
      const fixed = { by: 'row', values: uniform(m, 1, 3).data.map((x) => 1 + x), estimate: false } as const;
      const result = await solve(X, { name: 'nb', dispersion: fixed, zeroInflation: given(0.2) });
      expect(result.dispersion).toEqual(fixed.values);
      expect(result.zeroInflation).toEqual(Float64Array.of(0.2));
    });
  });

  describe(`${name}: outliers`, () => {
    /** Mean squared error of a fit on the entries that were left as they are. */
    const clean = (fit: NmfResult, data: DenseMatrix, bad: ReadonlySet<number>) => {
      const estimate = product(fit).data;
      let sum = 0;
      data.data.forEach((x, p) => {
        if (!bad.has(p)) sum += (x - estimate[p]) ** 2;
      });
      return sum / (data.data.length - bad.size);
    };

    test.skipIf(!haveSharedData)(`huber on aml with 5% outliers is as good as mse without${skipReason}`, async () => {
      const whole = readNpy('aml.npy');
      const most = whole.data.reduce((a, x) => Math.max(a, x), 0);
      const draws = uniform(whole.rows, whole.cols, 77).data;
      const bad = new Set(Array.from(whole.data.keys()).filter((p) => draws[p] < 0.05));
      const spoiled = dense(whole.rows, whole.cols, whole.data.map((x, p) => (bad.has(p) ? 5 * most : x))); // biome-ignore format: one thought
      const options = { maxIter: 40, tol: 1e-4 } as const;
      const best = await kernels.nmf(nmfArgs([whole], 4, { ...options, accelerate: 'none' }));
      const huber = await kernels.nmf(lossArgs([spoiled], { name: 'huber', delta: 0.1 }, { ...options, sweeps: 3 }, 4));
      const mse = await kernels.nmf(nmfArgs([spoiled], 4, { ...options, accelerate: 'none' }));
      const reached = clean(best, whole, bad);
      expect(clean(huber, whole, bad)).toBeLessThan(1.2 * reached);
      expect(clean(mse, whole, bad)).toBeGreaterThan(1.5 * reached);
    });
  });

  describe(`${name}: what can't be fitted with a loss`, () => {
    const [counts] = LOSS_CASES;
    const code = 'invalid-argument';
    const refused = (args: NmfArgs) => expect(kernels.nmf(args)).rejects.toMatchObject({ code });
    const changed = (data: DenseMatrix, x: number) => dense(data.rows, data.cols, data.data.map((own, p) => (p === 30 ? x : own))); // biome-ignore format: one thought

    test.each(LOSS_CASES)('data outside of its domain: $name', async ({ data, own }) => {
      const wrong: readonly number[] =
        own.name === 'huber' || own.name === 'mae'
          ? [Infinity]
          : [
              -1,
              Infinity,
              ...(data.data.includes(0) ? [] : [0]),
              ...(own.name === 'gp' || own.dispersion?.estimate ? [0.5] : []),
            ];
      for (const x of wrong) {
        const X = changed(data, x);
        const args = { ...lossArgs([data], own), X: [X] };
        await refused(args);
        if (Number.isFinite(x)) await refused({ ...args, X: [toCsc(X)] });
      }
    });

    test('parameters out of range, of the wrong number, and of losses that have none', async () => {
      const wrong: readonly Partial<KernelLoss>[] = [
        { name: 'tweedie', power: 0.5 },
        { name: 'tweedie', power: Number.NaN },
        { name: 'huber', delta: 0 },
        { name: 'huber', delta: -1 },
        { name: 'nb' },
        { name: 'nb', dispersion: given(0) },
        { name: 'nb', dispersion: given(Infinity) },
        { name: 'nb', dispersion: given(1, 2) },
        { name: 'gp', dispersion: given(1) },
        { name: 'gp', dispersion: given(-0.1) },
        { name: 'gp', dispersion: given(0.1), zeroInflation: given(1) },
        { name: 'kl', dispersion: given(0.1) },
        { name: 'gamma', zeroInflation: given(0.1) },
        { name: 'kl', floor: 0 },
        { name: 'kl', penalties: Number.NaN },
      ];
      const args = lossArgs([counts.data], { name: 'kl' });
      for (const own of wrong) await refused({ ...args, loss: { ...(args.loss as KernelLoss), ...own } }); // one is given
      for (const by of ['row', 'column'] as const)
        await refused({ ...args, loss: { ...(args.loss as KernelLoss), name: 'nb', dispersion: estimated(by, 5, 1) } }); // one is given
    });

    test('what other losses have no use for', async () => {
      const args = lossArgs([counts.data], { name: 'kl' });
      for (const other of [
        { solver: 'hals' },
        { solver: 'bpp' },
        { accelerate: 'her' },
        { missing: 'em' },
        { W: { ...PLAIN, nonneg: false } },
        { start: { ...args.start, W: dense(24, 3, args.start.W.data.map((x) => x - 0.5)) } }, // biome-ignore format: one thought
        { weights: [uniform(3, 3, 1)] },
        { weights: [dense(24, 1, new Float64Array(24).fill(-1))] },
        { weights: [dense(24, 1)] },
        { holdOut: { fraction: 0.1, keys: [[1, 2]], solver: 'em', keep: 'last' } },
      ] as const)
        await refused({ ...args, ...other });
      await refused({ ...lossArgs([counts.data], { name: 'nb', dispersion: given(1) }), precision: 'f32' });
      await refused({ ...lossArgs([counts.data], { name: 'huber', delta: 1 }), solver: 'mu' });
      await refused(nmfArgs([counts.data], 3, { solver: 'ccd', accelerate: 'none' }));
    });

    test('encode and deviance hold data to the loss, and take no parameter that is to be estimated', async () => {
      const loss = kernelLoss({ name: 'kl' }, [counts.data]);
      const [W, H] = [uniform(24, 3, 1), uniform(3, 17, 2)];
      const X = [changed(counts.data, -1)];
      const free = { ridge: new Float64Array(3), linear: new Float64Array(3), coupling: null };
      const bounds = { nonneg: true, upperBound: null };
      await expect(kernels.deviance({ X, W, H, loss })).rejects.toMatchObject({ code });
      await expect(kernels.encode({ X, W, ...free, ...bounds, loss })).rejects.toMatchObject({ code });
      const open = { ...loss, name: 'nb', dispersion: estimated('global', 1, 1) } as const;
      await expect(kernels.deviance({ X: [counts.data], W, H, loss: open })).rejects.toMatchObject({ code });
      await expect(kernels.encode({ X: [counts.data], W, ...free, ...bounds, loss: open })).rejects.toMatchObject({ code }); // biome-ignore format: one thought
      await expect(kernels.encode({ X: [counts.data], W, ...free, ...bounds, nonneg: false, loss })).rejects.toMatchObject({ code }); // biome-ignore format: one thought
    });

    test('a sample of which nothing is known gets zeros', async () => {
      const loss = kernelLoss({ name: 'kl' }, [counts.data]);
      const X = dense(24, 17, counts.data.data.map((x, p) => (p < 24 ? Number.NaN : x))); // biome-ignore format: one thought
      const free = { ridge: new Float64Array(3), linear: new Float64Array(3), coupling: null };
      const H = await kernels.encode({ X: [X], W: uniform(24, 3, 1), ...free, nonneg: true, upperBound: null, loss });
      expect(Array.from(H.data.subarray(0, 3))).toEqual([0, 0, 0]);
    });
  });
}

/** Lee & Seung's update of H and then of W, from a start whose sum is that of the data. */
function oneUpdate(X: DenseMatrix, start: NmfArgs['start']): DenseMatrix {
  const [m, n, k] = [X.rows, X.cols, start.H.rows];
  const [W, H] = [start.W.data.slice(), start.H.data.slice()];
  const total = (values: Float64Array) => values.reduce((sum, x) => sum + x, 0);
  const estimate = () =>
    Float64Array.from({ length: m * n }, (_, p) => {
      let sum = 0;
      for (let r = 0; r < k; r++) sum += W[(p % m) + r * m] * H[r + Math.floor(p / m) * k];
      return sum;
    });
  const by = total(X.data) / total(estimate());
  H.forEach((x, p) => {
    H[p] = x * by;
  });
  const ratio = () => {
    const mu = estimate();
    return X.data.map((x, p) => x / mu[p]);
  };
  const q = ratio();
  const nextH = H.map((x, p) => {
    const [r, j] = [p % k, Math.floor(p / k)];
    let [up, down] = [0, 0];
    for (let i = 0; i < m; i++) {
      up += W[i + r * m] * q[i + j * m];
      down += W[i + r * m];
    }
    return (x * up) / down;
  });
  H.set(nextH);
  const again = ratio();
  const nextW = W.map((x, p) => {
    const [i, r] = [p % m, Math.floor(p / m)];
    let [up, down] = [0, 0];
    for (let j = 0; j < n; j++) {
      up += H[r + j * k] * again[i + j * m];
      down += H[r + j * k];
    }
    return (x * up) / down;
  });
  W.set(nextW);
  return dense(m, n, estimate());
}
