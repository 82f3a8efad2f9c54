import { factorInput, graphSweep, nmfLayer, type SweepRow, W } from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { fillUniform } from '../../src/runtime/rng.js';

/** As many points as are wanted, one mask; each takes some milliseconds. */
export const manyPoints = (count: number) => {
  const X = dense(24, 30);
  fillUniform(X.data, 3, 77);
  const x = factorInput(X, { name: 'x' });
  return graphSweep({
    params: { L1: Array.from({ length: count }, (_, at) => at / 1000) },
    layerFn: ({ L1 }) => nmfLayer(x, { name: 'a', k: 4, maxIter: 60, tol: 1e-12, W: W({ L1 }) }),
    reps: 1,
    seed: 8,
  });
};

/** Ranks of a layer on one that all share, told how stable they are. */
export const diagnosedPoints = () => {
  const X = dense(40, 50);
  fillUniform(X.data, 3, 77);
  const below = nmfLayer(factorInput(X, { name: 'x' }), { name: 'below', k: 8, maxIter: 40, tol: 1e-12 });
  return graphSweep({
    params: { k: [1, 2, 3, 4, 5, 6] },
    layerFn: ({ k }) => nmfLayer(below, { name: 'top', k, maxIter: 40, tol: 1e-12 }),
    reps: 3,
    diagnostics: true,
  });
};

/** Paths of as many ranks, on three masks, of which each fit starts from the one before; each takes some milliseconds. */
export const manyRanks = (count: number) => {
  const X = dense(24, 30);
  fillUniform(X.data, 3, 77);
  const x = factorInput(X, { name: 'x' });
  return graphSweep({
    params: { k: Array.from({ length: count }, (_, at) => at + 1), L1: [0, 0.01] },
    layerFn: ({ k, L1 }) => nmfLayer(x, { name: 'a', k, maxIter: 60, tol: 1e-12, W: W({ L1 }) }),
    reps: 3,
    seed: 8,
    warmStart: true,
  });
};

/** Rows as text, but for what a clock says. */
export const timeless = (rows: readonly SweepRow[]): string =>
  JSON.stringify(rows.map(({ seconds: _, ...rest }) => rest));
