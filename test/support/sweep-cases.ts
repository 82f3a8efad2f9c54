import { existsSync } from 'node:fs';
import { crossValidateGraph, crossValidateRank, factorInput, nmfLayer, type SweepOptions } from '../../src/index.js';
import { uniform } from './matrices.js';
import { graphCases } from './option-cases.js';

/** Options of sweeps, each with a value that says something. */
type Cases = Readonly<Record<string, () => object>>;

const X = uniform(8, 7, 1);
const x = factorInput(X, { name: 'x' });
const layer = (k: number) => nmfLayer(nmfLayer(x, { name: 'below', k: 3 }), { name: 'a', k });
// A point fails: it has a graph without factors.
const base = {
  params: { k: [1, 2, 0] },
  reps: 1,
  config: { maxIter: 30 },
  layerFn: ({ k }: { k: number }) => layer(k),
};

const graphs = graphCases.graphConfig.cases;
const config: Cases = Object.fromEntries(
  Object.keys(graphs)
    .filter((path) => path !== 'seed')
    .map((path) => [`config.${path}`, () => ({ config: { maxIter: 30, ...graphs[path].with } })]),
);

const sweepAlone: Cases = {
  params: () => ({ params: { k: [2, 1, 0] } }),
  layerFn: () => ({ layerFn: ({ k }: { k: number }) => nmfLayer(x, { name: 'a', k }) }),
  complexity: () => ({ complexity: ({ k }: { k: number }) => -k }),
};
const both: Cases = {
  ...config,
  strategy: () => ({ strategy: 'halving' }),
  points: () => ({ points: 2 }),
  eta: () => ({ eta: 2 }),
  minIter: () => ({ minIter: 25 }),
  reps: () => ({ reps: 2 }),
  testFraction: () => ({ testFraction: 0.3 }),
  holdOut: () => ({ holdOut: 'samples' }),
  seed: () => ({ seed: 9 }),
  diagnostics: () => ({ diagnostics: true }),
  ridge: () => ({ ridge: 0.5 }),
  warmStart: () => ({ warmStart: true }),
  'earlyStopping.every': () => ({ earlyStopping: { every: 2 } }),
  'earlyStopping.patience': () => ({ earlyStopping: { patience: 1 } }),
};
export const sweepCases: Cases = { ...sweepAlone, ...both };

export const sweepRunCases = (fresh: () => string): Cases => ({
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  onProgress: () => ({ onProgress: () => {} }),
  onError: () => ({ onError: 'stop' }),
  workers: () => ({ workers: 2 }),
  executor: () => ({ executor: 'threads' }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
  memory: () => ({ memory: 'low' }),
  store: () => ({ store: fresh() }),
  keep: () => ({ keep: 'best' }),
});

export const rankCases = (fresh: () => string): Cases => ({
  ...both,
  ...sweepRunCases(fresh),
  k: () => ({ k: [2, 3] }),
  layer: () => ({ layer: { L1: 0.1 } }),
  method: () => ({ method: 'svd' }),
});

/** What stands beside an option that is for some strategies alone: another value of it. */
export const besideSweep: Cases = {
  diagnostics: () => ({ diagnostics: false }),
  points: () => ({ points: 1 }),
  eta: () => ({ eta: 3 }),
  minIter: () => ({ minIter: 5 }),
  'earlyStopping.every': () => ({ earlyStopping: {} }),
  'earlyStopping.patience': () => ({ earlyStopping: {} }),
};

/** The strategy that an option is for. */
const strategyFor = (options: object) =>
  'points' in options
    ? { strategy: 'random' as const }
    : 'eta' in options || 'minIter' in options
      ? { strategy: 'halving' as const }
      : 'diagnostics' in options
        ? { reps: 2 }
        : {};

/** All of a sweep that comes of numbers, and who was told. */
async function traced(run: (more: object) => Promise<unknown>, options: object) {
  let told = 0;
  const own = 'onProgress' in options ? { onProgress: () => void told++ } : {};
  const came = (await run({ ...strategyFor(options), ...options, ...own })) as Awaited<
    ReturnType<typeof crossValidateGraph>
  >;
  const { rows, points, eliminated, best, simplest, reason, work, seed } = came;
  const stored = 'store' in options && existsSync(String(options.store));
  // Something of it stays, or nothing does.
  const kept = await came.fit(best as never).then(
    ({ summary }) => summary.loss,
    (error: { readonly message: string }) => error.message,
  );
  const all = { kept, points, eliminated, best, simplest, reason, work, seed, told, stored };
  return { ...all, rows: rows.map(({ seconds: _, ...row }) => row) };
}

export const runSweep = (options: object) =>
  traced((more) => crossValidateGraph({ ...base, ...more } as unknown as SweepOptions), options); // what is tried is any option
export const runRanks = (options: object) =>
  traced((more) => crossValidateRank(X, { k: [1, 5, 0], reps: 1, config: { maxIter: 60, tol: 0 }, ...more }), options);
