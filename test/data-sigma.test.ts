import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { SvdSolver } from '../src/index.js';
import { factorInput, factorNet, svdLayer } from '../src/index.js';
import { dense, transpose } from '../src/matrix.js';
import { offOrthonormal } from './kernels/textbook.js';
import { haveSharedData, readMtx, readNpy, skipReason } from './support/shared-data.js';

const { sigma } = JSON.parse(readFileSync(new URL('data/sigma.json', import.meta.url), 'utf8')) as {
  readonly sigma: Readonly<Record<string, readonly number[]>>;
};
const read = {
  aml: () => readNpy('aml.npy'),
  hawaiibirds: () => readMtx('hawaiibirds.mtx'),
  pbmc3k: () => readMtx('pbmc3k.mtx.gz'),
};
const CASES: readonly (readonly [keyof typeof read, boolean, SvdSolver])[] = [
  ['aml', false, 'krylov'],
  ['aml', true, 'krylov'],
  ['aml', true, 'lanczos'],
  ['aml', false, 'randomized'],
  ['hawaiibirds', false, 'krylov'],
  ['hawaiibirds', false, 'lanczos'],
  ['pbmc3k', false, 'krylov'],
  ['pbmc3k', true, 'krylov'],
  ['pbmc3k', true, 'lanczos'],
];

describe.skipIf(!haveSharedData)(
  `σ of real matrices, k = 20, beside those of another implementation${skipReason}`,
  () => {
    test.each(CASES)('%s, centred %s, by %s: to 1e-6, vectors orthonormal to 1e-8', async (name, center, solver) => {
      const X = haveSharedData ? read[name]() : dense(1, 1);
      const { s } = await factorNet(svdLayer(factorInput(X, { name }), { name: 's', k: 20, center, solver })).fit();
      expect(s.converged).toBe(true);
      for (const [r, known] of sigma[center ? `${name} centred` : name].entries())
        expect(Math.abs(s.d[r] / known - 1)).toBeLessThan(1e-6);
      expect(offOrthonormal(s.W)).toBeLessThan(1e-8);
      expect(offOrthonormal(transpose(s.H))).toBeLessThan(1e-8);
    });
  },
);
