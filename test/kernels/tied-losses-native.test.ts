import { describe, expect, test } from 'vitest';
import { loadNative } from '../../src/kernels/native.js';
import { reference } from '../../src/kernels/reference.js';
import { dense, rowRange, toCsc, toDense } from '../../src/matrix.js';
import { LOSS_CASES, negativeBinomialCounts } from '../support/losses.js';
import { product, relativeDifference } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { madeFor } from './tied-laws.js';
import { caseOf, tiedLossArgs, tiedLossLaws } from './tied-loss-laws.js';

describe.skipIf(!haveNative)(`tied, losses of native kernels${withoutNative}`, () => {
  if (haveNative) tiedLossLaws('native', loadNative());
});

describe.skipIf(!haveNative).each(['symmetric', 'projective'] as const)(
  `tied, %s: native equals reference${withoutNative}`,
  (form) => {
    const native = haveNative ? loadNative() : reference;

    test.each(LOSS_CASES.map((item) => caseOf(form, item)))('loss $name', async ({ data, own }) => {
      const blocks = [rowRange(data, 0, 5), toCsc(toDense(rowRange(data, 5, data.rows)))] as const;
      for (const X of [[data], [toCsc(data)], blocks] as const) {
        const args = tiedLossArgs(X, form, own, { maxIter: 12, tol: 0 });
        const [a, b] = await Promise.all([native.tied(args), reference.tied(args)]);
        expect(a.iterations).toBe(b.iterations);
        for (const [one, other] of [[a.loss, b.loss], [a.objective, b.objective], [a.nullLoss, b.nullLoss]]) // biome-ignore format: one thought
          expect(Math.abs((one ?? 0) / (other ?? 0) - 1)).toBeLessThan(1e-6);
        expect(relativeDifference(a.W.data, b.W.data)).toBeLessThan(1e-6);
        expect(relativeDifference(product(a).data, product(b).data)).toBeLessThan(1e-6);
        for (const name of ['dispersion', 'zeroInflation', 'projection'] as const)
          if (b[name] != null) expect(relativeDifference(a[name] ?? new Float64Array(), b[name])).toBeLessThan(1e-3);
        expect(Math.abs(a.kkt - b.kkt)).toBeLessThan(1e-4);
      }
    });

    test('many tasks, the same bits on any threads', async () => {
      const means = dense(400, 300, new Float64Array(120_000).fill(0.4));
      const X = madeFor(
        form,
        negativeBinomialCounts(means, 1, () => 2),
      );
      for (const own of [{ name: 'kl' }, { name: 'huber', delta: 1 }] as const) {
        for (const data of [X, toCsc(toDense(X))]) {
          const args = tiedLossArgs([data], form, own, { maxIter: 4, tol: 0 });
          const fits = await Promise.all([1, 2, 3, 7].map((threads) => native.tied(args, { threads })));
          for (const fit of fits) expect(fit).toEqual(fits[0]);
        }
      }
    });
  },
);
