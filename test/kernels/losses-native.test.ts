import { describe, expect, test } from 'vitest';
import type { NmfArgs, NmfResult } from '../../src/kernels/kernels.js';
import { loadNative } from '../../src/kernels/native.js';
import { reference } from '../../src/kernels/reference.js';
import { dense, type Matrix, rowRange, toCsc } from '../../src/matrix.js';
import { LOSS_CASES } from '../support/losses.js';
import { product, relativeDifference, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { lossArgs, lossLaws } from './loss-laws.js';

describe.skipIf(!haveNative)(`losses of native kernels${withoutNative}`, () => {
  if (haveNative) lossLaws('native', loadNative());
});

describe.skipIf(!haveNative)(`native equals reference${withoutNative}`, () => {
  const native = haveNative ? loadNative() : reference;

  describe.each(LOSS_CASES)('loss $name', ({ data, own }) => {
    const { rows, cols } = data;
    const gappy = dense(rows, cols, data.data.map((x, p) => (p % 7 === 3 ? Number.NaN : x))); // biome-ignore format: one thought
    const forms: readonly (readonly [string, readonly Matrix[]])[] = [
      ['dense', [data]],
      ['sparse', [toCsc(data)]],
      ['stacked', [rowRange(data, 0, 5), toCsc(rowRange(data, 5, rows))]],
      ['with gaps', [gappy]],
      ['sparse with gaps', [toCsc(gappy)]],
    ];
    const weights = dense(rows, cols, uniform(rows, cols, 3).data.map((x) => 3 * x)); // biome-ignore format: one thought

    test.each(forms)('%s', async (form, blocks) => {
      const [first, ...rest] = blocks;
      const missing = form.includes('gaps') ? 'exact' : null;
      // Parameters of each row are of all rows.
      const args = { ...lossArgs([first, ...rest], own, { maxIter: 12, tol: 0, missing }) };
      await expectAlike(args);
      await expectAlike({ ...args, solver: own.name === 'kl' ? 'mu' : 'ccd' });
      if (blocks.length === 1) await expectAlike({ ...args, weights: [weights], missing: 'exact' });
    });

    async function expectAlike(args: NmfArgs): Promise<void> {
      const [a, b] = await Promise.all([native.nmf(args), reference.nmf(args)]);
      for (const of of [(fit: NmfResult) => fit.loss, (fit: NmfResult) => fit.objective])
        expect(Math.abs(of(a) / of(b) - 1)).toBeLessThan(1e-6);
      expect(Math.abs((a.nullLoss ?? 0) / (b.nullLoss ?? 0) - 1)).toBeLessThan(1e-6);
      expect(relativeDifference(product(a).data, product(b).data)).toBeLessThan(1e-6);
      // Sizes so large that counts are as good as Poisson's are hardly determined.
      for (const name of ['dispersion', 'zeroInflation'] as const)
        if (b[name] != null) expect(relativeDifference(a[name] ?? new Float64Array(), b[name])).toBeLessThan(1e-3);
      expect(Math.abs(a.kkt - b.kkt)).toBeLessThan(1e-4);
    }
  });
});
