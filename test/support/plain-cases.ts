import {
  align,
  assess,
  bipartition,
  cosine,
  dclust,
  logisticAccuracy,
  logNormalize,
  nearestNeighbourAccuracy,
  scaleFeatures,
  scaleSamples,
  silhouette,
  simulateNmf,
  simulateSwimmer,
  tfidf,
} from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { uniform } from './matrices.js';

type Cases = Readonly<Record<string, () => object>>;

const X = uniform(6, 12, 1);
const labels = Array.from({ length: 12 }, (_, j) => ['a', 'b', 'c'][(j * j) % 3]);

/** A fit whose factors lie in one order by W, in another by H, and in a third about their means. */
const fitOf = (W: readonly number[], H: readonly number[]) => ({
  W: dense(3, 2, Float64Array.from(W)),
  d: Float64Array.of(2, 1),
  H: dense(2, 3, Float64Array.from(H)),
});
const a = fitOf([5, 5, 6, 1, 2, 4], [1, 0, 0, 1, 0, 0]);
const b = fitOf([1, 0, 3, 9, 9, 8], [1, 0, 0, 1, 0, 0]);

const neighbours: Cases = { neighbours: () => ({ neighbours: 2 }), metric: () => ({ metric: 'cosine' }) };
const logistic: Cases = { folds: () => ({ folds: 12 }), L2: () => ({ L2: 100 }), seed: () => ({ seed: 3 }) };
const split: Cases = {
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
  seed: () => ({ seed: 3 }),
  maxIter: () => ({ maxIter: 1 }),
  tol: () => ({ tol: 0.5 }),
  onProgress: () => ({
    onProgress: () => {
      throw new Error('told');
    },
  }),
};

/** Options of functions outside a graph, each with a value that says something, and what runs with them. */
export const plainCases: Readonly<Record<string, readonly [cases: Cases, run: (options: object) => Promise<unknown>]>> =
  {
    tfidfOptions: [{ tf: () => ({ tf: 'log' }) }, async (options) => tfidf(X, options)],
    logNormalizeOptions: [{ total: () => ({ total: 7 }) }, async (options) => logNormalize(X, options)],
    scaleFeaturesOptions: [{ by: () => ({ by: 'max' }) }, async (options) => scaleFeatures(X, options)],
    scaleSamplesOptions: [{ by: () => ({ by: 'l2' }) }, async (options) => scaleSamples(X, options)],
    simulateNmfOptions: [
      {
        rows: () => ({ rows: 4 }),
        cols: () => ({ cols: 4 }),
        k: () => ({ k: 3 }),
        noise: () => ({ noise: 0.1 }),
        dropout: () => ({ dropout: 0.5 }),
        seed: () => ({ seed: 1 }),
      },
      async (options) => simulateNmf({ rows: 5, cols: 6, k: 2, ...options }),
    ],
    simulateSwimmerOptions: [
      { noise: () => ({ noise: 0.1 }), seed: () => ({ seed: 1 }) },
      async (options) => simulateSwimmer({ noise: 0.2, ...options }),
    ],
    linesOptions: [
      { by: () => ({ by: 'rows' }) },
      async (options) => cosine(uniform(4, 4, 1), uniform(4, 4, 2), options),
    ],
    alignOptions: [
      { by: () => ({ by: 'correlation' }), side: () => ({ side: 'H' }) },
      async (options) => align(a, b, options),
    ],
    silhouetteOptions: [{ metric: () => ({ metric: 'cosine' }) }, async (options) => silhouette(X, labels, options)],
    neighbourOptions: [neighbours, async (options) => nearestNeighbourAccuracy(X, labels, options)],
    logisticOptions: [logistic, async (options) => logisticAccuracy(X, labels, options)],
    assessOptions: [
      {
        ...neighbours,
        ...logistic,
        signal: split.signal,
        clusters: () => ({ clusters: labels }),
        d: () => ({ d: [0, 0, 1, 1, 1, 1] }),
        batches: () => ({ batches: labels }),
      },
      (options) => assess(X, labels, options),
    ],
    bipartitionOptions: [split, (options) => bipartition(X, options)],
    dclustOptions: [
      {
        ...split,
        minSamples: () => ({ minSamples: 5 }),
        minSeparation: () => ({ minSeparation: 0.9 }),
        maxClusters: () => ({ maxClusters: 2 }),
      },
      (options) => dclust(X, { minSamples: 1, ...options }),
    ],
  };
