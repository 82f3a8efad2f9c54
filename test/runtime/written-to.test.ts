import { describe, expect, test } from 'vitest';
import { type CscMatrix, factorInput, factorNet, type InputRef, nmfLayer } from '../../src/index.js';

/** Arrays are taken as they are: who writes to them afterwards must learn of it, and never get NaN. */
describe.each(['reference', 'auto'] as const)(
  'data that is written to after it was handed over, on the %s kernels',
  (backend) => {
    const matrix = (): CscMatrix => ({
      kind: 'csc',
      rows: 6,
      cols: 4,
      indptr: Uint32Array.of(0, 2, 4, 6, 8),
      indices: Uint32Array.of(0, 3, 1, 4, 2, 5, 0, 1),
      values: Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    });
    const netOf = (input: InputRef<'x'>) => factorNet(nmfLayer(input, { name: 'a', k: 2 }), { seed: 1 });

    const spoil: Record<string, (X: CscMatrix) => void> = {
      'an index beyond the rows': (X) => X.indices.set([1000], 3),
      'bounds that do not fit': (X) => X.indptr.set([99], 1),
      'not a number': (X) => X.values.set([Number.NaN], 2),
      infinite: (X) => X.values.set([Number.POSITIVE_INFINITY], 2),
    };

    // NaN is what is missing, until a fit has been told that nothing is.
    const wrong = Object.keys(spoil).filter((what) => what !== 'not a number');
    test.each(wrong)('%s, before the graph is compiled', async (what) => {
      const X = matrix();
      const input = factorInput(X, { name: 'x' });
      spoil[what](X);
      await expect(async () => netOf(input).fit({ backend })).rejects.toThrow(/finite|sparse matrix/);
    });

    test.each(Object.keys(spoil))('%s, before the fit', async (what) => {
      const X = matrix();
      const net = netOf(factorInput(X, { name: 'x' }));
      spoil[what](X);
      await expect(net.fit({ backend })).rejects.toMatchObject({
        name: 'KernelError',
        code: expect.stringMatching(/invalid-argument|non-finite/),
        layer: 'a',
      });
    });
  },
);
