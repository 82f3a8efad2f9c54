import { factorInput, factorNet, factorShared, H, nmfLayer, svdLayer, W } from '../../src/index.js';
import { sparse, uniform } from './matrices.js';

const gappy = (by: number) => {
  const full = uniform(40 * by, 60 * by, 3);
  return { ...full, data: full.data.map((x, p) => (p % 7 === 1 ? Number.NaN : x)) };
};
const ring = (n: number) =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => Number(Math.abs(i - j) === 1)));

/** Fits as long as wanted, on data as large as wanted, the same in every process. */
export const longNets = {
  single: (maxIter: number, by = 1) =>
    factorNet(nmfLayer(factorInput(uniform(120 * by, 90 * by, 1), { name: 'x' }), { name: 'top', k: 6 }), {
      seed: 4,
      maxIter,
      tol: 0,
    }),
  /** Inputs that are shared, an SVD beside them, missing entries, raced starts, and penalties of every kind. */
  deep: (maxIter: number, by = 1) => {
    const a = factorInput(uniform(50 * by, 60 * by, 1), { name: 'a' });
    const b = factorInput(sparse(30 * by, 60 * by, 2), { name: 'b' });
    const c = factorInput(gappy(by), { name: 'c' });
    const joint = nmfLayer(factorShared(a, b), { name: 'joint', k: 6, L1: 0.001, restarts: 2, maxIter: 40 });
    const known = nmfLayer(c, { name: 'known', k: 4, W: W({ graph: ring(40 * by), graphLambda: 0.01 }) });
    const axes = svdLayer(a, { name: 'axes', k: 3 });
    const top = nmfLayer(factorShared(joint, known, a, b), {
      name: 'top',
      k: 3,
      accelerate: 'none',
      H: H({ target: uniform(3, 60 * by, 9), targetLambda: 0.05, L2: 0.01 }),
      W: W({ angular: 0.001 }),
    });
    return factorNet(nmfLayer(factorShared(top, axes), { name: 'last', k: 2, nonneg: false }), {
      seed: 4,
      maxIter,
      tol: 0,
    });
  },
} as const;
