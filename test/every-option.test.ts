import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { compile } from '../src/compiler/compile.js';
import * as schemas from '../src/dsl/schemas.js';
import {
  type AlternatingNnlsOptions,
  alternatingNnls,
  type ChooseLossOptions,
  chooseLoss,
  type EvaluateOptions,
  evaluate,
  type FitOptions,
  factorCondition,
  factorInput,
  factorNet,
  GraphError,
  type NnlsOptions,
  nmfLayer,
  nnls,
  type ProjectOptions,
  type ReconstructOptions,
  type RefineOptions,
  refine,
} from '../src/index.js';
import type { CallOptions, NmfCallOptions } from '../src/kernels/kernels.js';
import type { GraphFit } from '../src/runtime/fit.js';
import { uniform } from './support/matrices.js';
import { type Graph, graphCases, optionPaths } from './support/option-cases.js';
import { plainCases } from './support/plain-cases.js';
import { besideSweep, rankCases, runRanks, runSweep, sweepCases, sweepRunCases } from './support/sweep-cases.js';

/** What kernels were asked for, in order. */
const calls = vi.hoisted((): unknown[] => []);

vi.mock('../src/kernels/select.js', async () => {
  const { reference: kernels } = await import('../src/kernels/reference.js');
  const recorded =
    <A, R>(op: string, kernel: (args: A, options?: CallOptions) => R) =>
    (args: A, options: CallOptions = {}): R => {
      const { signal, threads, onIteration } = options;
      const every = 'checkpoint' in options ? (options as NmfCallOptions).checkpoint?.every : undefined; // nmf alone has it
      calls.push({ op, args, threads, every, signal: signal !== undefined, told: onIteration !== undefined });
      return kernel(args, options);
    };
  const recording = {
    ...kernels,
    nmf: recorded('nmf', kernels.nmf),
    tied: recorded('tied', kernels.tied),
    encode: recorded('encode', kernels.encode),
    svd: recorded('svd', kernels.svd),
    mse: recorded('mse', kernels.mse),
    deviance: recorded('deviance', kernels.deviance),
    factorLosses: recorded('factorLosses', kernels.factorLosses),
  };
  const selectKernels = (backend?: string) => {
    calls.push({ op: 'select', backend });
    return recording;
  };
  return { selectKernels, quickestKernels: () => kernels };
});

beforeEach(() => {
  calls.length = 0;
});

/** What was asked of the kernels while something ran, and what came of it. */
async function trace(run: () => Promise<unknown>) {
  calls.length = 0;
  const came = await run();
  return structuredClone({ came, calls });
}

const fitOf = ({ output, config }: Graph): Promise<GraphFit> =>
  // Any graph of the cases ends in a layer.
  factorNet(output as ReturnType<typeof nmfLayer>, config).fit() as unknown as Promise<GraphFit>;

/** The layers of a fit; its seconds are never the same. */
const layersOf = async (fit: Promise<GraphFit>) => {
  const { summary: _, ...layers } = await fit;
  return layers;
};

describe('an option of a graph', () => {
  const cases = Object.entries(graphCases).flatMap(([schema, { graph, cases: options }]) =>
    Object.entries(options).map(([path, { graph: own = graph, ...each }]) => ({ schema, path, build: own, ...each })),
  );
  const taken = cases.filter(({ refused }) => refused === undefined);
  const compiled = ({ output, config }: Graph) => compile(output.node, config);

  test.each(taken)('$path of $schema changes the plan or its data', ({ build, with: given, without = {} }) => {
    expect(compiled(build(given))).not.toEqual(compiled(build(without)));
    expect(compiled(build(given))).toEqual(compiled(build(given)));
  });

  test.each(taken)(
    '$path of $schema changes what the kernels do',
    async ({ path, build, with: given, without = {} }) => {
      const [one, other] = [build(given), build(without)];
      const [first, second] = [await trace(() => layersOf(fitOf(one))), await trace(() => layersOf(fitOf(other)))];
      // Names change what the numbers are called.
      if (/names?$/i.test(path)) expect([compiled(one).plan, first]).not.toEqual([compiled(other).plan, second]);
      else expect(first.calls).not.toEqual(second.calls);
    },
  );

  test.each(cases.filter(({ refused }) => refused !== undefined))(
    '$path of $schema is refused where it does not belong',
    ({ build, with: given, without = {}, refused }) => {
      expect(() => compiled(build(given))).toThrow(GraphError);
      expect(() => compiled(build(given))).toThrow(refused);
      expect(() => compiled(build(without))).not.toThrow();
    },
  );
});

const x = factorInput(uniform(6, 6, 1), { name: 'x' });
const net = factorNet(
  nmfLayer(nmfLayer(factorCondition(x, uniform(2, 6, 2)), { name: 'a', k: 3 }), { name: 'b', k: 2 }),
  { seed: 1, maxIter: 20 },
);

/** Each option of a fit, with a value that says something. */
const fitCases: Readonly<Record<string, () => FitOptions>> = {
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  onProgress: () => ({ onProgress: () => {} }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
  memory: () => ({ memory: 'low' }),
};
/** Options of a checkpoint, each with another beside it that says the same of all else. */
let folder = '';
let places = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  await net.fit({ checkpoint: { path: join(folder, 'done') } });
});
afterAll(() => rm(folder, { recursive: true }));
const fresh = () => join(folder, String(++places));
const checkpointCases: Readonly<Record<string, () => FitOptions>> = {
  'checkpoint.path': () => ({ checkpoint: { path: fresh() } }),
  'checkpoint.every': () => ({ checkpoint: { path: fresh(), every: 3 } }),
  'checkpoint.resume': () => ({ checkpoint: { path: join(folder, 'done'), resume: false } }),
};
const beside: Readonly<Record<string, () => object>> = {
  ...besideSweep,
  'checkpoint.every': () => ({ checkpoint: { path: fresh() } }),
  'checkpoint.resume': () => ({ checkpoint: { path: join(folder, 'done') } }),
};
const projectCases: Readonly<Record<string, () => ProjectOptions>> = {
  orientation: () => ({ orientation: 'samples-by-features' }),
  conditions: () => ({ conditions: [uniform(2, 6, 9)] }),
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  threads: () => ({ threads: 3 }),
};
const reconstructCases: Readonly<Record<string, () => ReconstructOptions<'a' | 'b'>>> = {
  through: () => ({ through: 'a' }),
  features: () => ({ features: [3, 1] }),
  samples: () => ({ samples: [0] }),
};

const refineCases: Readonly<Record<string, () => RefineOptions>> = {
  ...fitCases,
  layer: () => ({ layer: 'a' }),
  lambda: () => ({ lambda: -1 }),
  cycles: () => ({ cycles: 2 }),
  whiten: () => ({ whiten: true }),
};

const nnlsCases: Readonly<Record<string, () => NnlsOptions>> = {
  L1: () => ({ L1: 0.1 }),
  L2: () => ({ L2: 0.1 }),
  upperBound: () => ({ upperBound: 0.2 }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
};
const chooseLossCases: Readonly<Record<string, () => Partial<ChooseLossOptions>>> = {
  k: () => ({ k: 3 }),
  losses: () => ({ losses: ['kl'] }),
  'layer.maxIter': () => ({ layer: { maxIter: 2 } }),
  'layer.tol': () => ({ layer: { tol: 0.5 } }),
  'layer.start': () => ({ layer: { start: 'svd' } }),
  'layer.restarts': () => ({ layer: { restarts: 2 } }),
  'layer.seed': () => ({ layer: { seed: 9 } }),
  seed: () => ({ seed: 3 }),
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  threads: () => ({ threads: 3 }),
  memory: () => ({ memory: 'low' }),
  backend: () => ({ backend: 'reference' }),
};
const evaluateCases: Readonly<Record<string, () => EvaluateOptions>> = {
  loss: () => ({ loss: 'kl' }),
  orientation: () => ({ orientation: 'samples-by-features' }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
};
const alternatingCases: Readonly<Record<string, () => Partial<AlternatingNnlsOptions>>> = {
  'start.W': () => ({ start: { W: uniform(6, 2, 5) } }),
  'start.H': () => ({ start: { H: uniform(2, 6, 5) } }),
  halfSteps: () => ({ halfSteps: 3 }),
  signal: () => ({ signal: AbortSignal.abort(new Error('no')) }),
  threads: () => ({ threads: 3 }),
  backend: () => ({ backend: 'reference' }),
};

const afterwards: Readonly<
  Record<string, readonly [cases: Readonly<Record<string, () => object>>, run: (options: object) => Promise<unknown>]>
> = {
  fitOptions: [
    { ...fitCases, ...checkpointCases },
    (options) => layersOf(net.fit(options) as Promise<unknown> as Promise<GraphFit>),
  ],
  projectOptions: [projectCases, async (options) => (await net.fit()).project({ x: uniform(6, 6, 5) }, options)],
  refineOptions: [
    refineCases,
    async (options) =>
      layersOf(
        refine(await net.fit(), [0, 0, 1, 1, 2, 2], {
          layer: 'b',
          ...options,
        }) as Promise<unknown> as Promise<GraphFit>,
      ),
  ],
  nnlsOptions: [nnlsCases, (options) => nnls(uniform(6, 2, 3), uniform(6, 4, 4), options)],
  evaluateOptions: [
    evaluateCases,
    (options) => evaluate({ W: uniform(6, 2, 3), H: uniform(2, 6, 4) }, uniform(6, 6, 1), options),
  ],
  chooseLossOptions: [
    chooseLossCases,
    async (options) => (await chooseLoss(uniform(6, 6, 1), { k: 2, losses: ['mse', 'mae'], ...options })).table(),
  ],
  alternatingOptions: [
    alternatingCases,
    (options) => alternatingNnls(uniform(6, 6, 1), { start: { W: uniform(6, 2, 4) }, halfSteps: 4, ...options }),
  ],
  reconstructOptions: [reconstructCases, async (options) => (await net.fit()).reconstruct('x', options)],
  sweepOptions: [sweepCases, runSweep],
  crossValidateOptions: [{ ...sweepCases, ...sweepRunCases(fresh) }, runSweep],
  sweepRunOptions: [sweepRunCases(fresh), runSweep],
  rankOptions: [rankCases(fresh), runRanks],
  ...plainCases,
};

describe('an option of a fit, or of what is asked of it', () => {
  const cases = Object.entries(afterwards).flatMap(([schema, [options, run]]) =>
    Object.entries(options).map(([key, make]) => ({ schema, key, make, run })),
  );
  test.each(cases)('$key of $schema changes what the kernels do, or what comes of it', async ({ key, make, run }) => {
    const without = beside[key] ?? (() => ({}));
    const plain = await trace(() => run(without()));
    expect(Object.keys(make())).toEqual([key.split('.')[0]]);
    // Cancelled, it comes to an error.
    expect(await trace(() => run(make()).catch(String))).not.toEqual(plain);
    expect(await trace(() => run(without()))).toEqual(plain);
  });
});

/** Options that are those of others, handed on as they are, and a few beside: see `test/plain`. */
const composed: Readonly<Record<string, readonly [parts: readonly string[], own?: readonly string[]]>> = {
  plainNmfOptions: [['nmfSpec', 'inputOptions', 'fitOptions']],
  plainSvdOptions: [['svdSpec', 'inputOptions', 'fitOptions']],
  surveyOptions: [['rankOptions']],
  consensusOptions: [
    ['nmfSpec', 'inputOptions', 'fitOptions'],
    ['runs', 'method', 'neighbours'],
  ],
};

test('every option of every schema has a case', () => {
  const all: ReadonlyMap<string, unknown> = new Map(Object.entries(schemas));
  const paths = (name: string) => optionPaths(all.get(name));
  const known: Readonly<Record<string, object>> = {
    ...Object.fromEntries(
      Object.entries(composed).map(([name, [parts, beside = []]]) => {
        const own = new Set([...parts.flatMap(paths), ...beside]);
        return [name, Object.fromEntries(paths(name).flatMap((path) => (own.has(path) ? [[path, null]] : [])))];
      }),
    ),
    ...Object.fromEntries(Object.entries(graphCases).map(([name, { cases }]) => [name, cases])),
    ...Object.fromEntries(Object.entries(afterwards).map(([name, [cases]]) => [name, cases])),
  };
  expect(Object.keys(known).sort()).toEqual(Object.keys(schemas).sort());
  for (const [name, schema] of Object.entries(schemas))
    expect([name, Object.keys(known[name]).sort()]).toEqual([name, [...optionPaths(schema)].sort()]);
});
