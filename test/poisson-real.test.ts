import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, type LayerFit, nmfLayer } from '../src/index.js';
import type { CscMatrix } from '../src/matrix.js';
import { haveNative, withoutNative } from './support/native.js';
import { haveSharedData, readMtx, skipReason } from './support/shared-data.js';

/** Σ x·ln(x/μ) − x + μ over all entries, from its definition. */
function divergence(X: CscMatrix, { W, d, H }: LayerFit): number {
  const k = d.length;
  let sum = 0;
  for (let j = 0; j < X.cols; j++)
    for (let p = X.indptr[j]; p < X.indptr[j + 1]; p++) {
      let mu = 0;
      for (let r = 0; r < k; r++) mu += W.data[r * X.rows + X.indices[p]] * d[r] * H.data[j * k + r];
      sum += X.values[p] * Math.log(X.values[p] / mu) - X.values[p];
    }
  // Entries that are zero are there too: their μ are summed through the sums of W and of H.
  for (let r = 0; r < k; r++) {
    let [w, h] = [0, 0];
    for (let i = 0; i < X.rows; i++) w += W.data[r * X.rows + i];
    for (let j = 0; j < X.cols; j++) h += H.data[j * k + r];
    sum += d[r] * w * h;
  }
  return sum;
}

describe.skipIf(!haveSharedData || !haveNative)(
  `counts of 13,714 genes in 2,700 cells as Poisson's${skipReason}${withoutNative}`,
  () => {
    const X = haveSharedData ? readMtx('pbmc3k.mtx.gz') : null;

    test.each([
      [10, 5.012e6],
      [20, 4.862e6],
    ])(
      'k = %i: the best of three starts diverges by at most %f',
      async (k, most) => {
        const cells = factorInput(X as CscMatrix, { name: 'cells' }); // null only where the test is skipped
        const layer = nmfLayer(cells, { name: 'own', k, loss: 'kl', maxIter: 60 });
        const found: number[] = [];
        for (const seed of [1, 2, 3]) {
          const { own } = await factorNet(layer, { precision: 'f32', seed }).fit({ backend: 'native' });
          found.push(divergence(X as CscMatrix, own)); // as above
          // The mean deviance says the same, of all entries.
          expect((own.loss * 13_714 * 2700) / 2 / found[found.length - 1]).toBeCloseTo(1, 4);
        }
        expect(Math.min(...found)).toBeLessThanOrEqual(most);
      },
      240_000,
    );
  },
);
