import { z } from 'zod';
import {
  type AddOptions,
  type FactorConfig,
  type FactorOptions,
  factorAdd,
  factorCondition,
  factorInput,
  factorShared,
  type GraphConfig,
  H,
  type InputOptions,
  type NmfSpec,
  nmfLayer,
  type Ref,
  type SharedOptions,
  type SvdSpec,
  svdLayer,
  W,
} from '../../src/index.js';
import { toCsc } from '../../src/matrix.js';
import { uniform } from './matrices.js';

/** What `factorNet` takes. */
export interface Graph {
  readonly output: Ref;
  readonly config: GraphConfig;
}

/** An option at work: options that have it, and the same options where it is another or left out. */
export interface OptionCase {
  readonly with: object;
  readonly without?: object;
  /** The graph that the options are put into; default: that of its schema. */
  readonly graph?: (options: object) => Graph;
  /** Why `factorNet` refuses it, if it does. */
  readonly refused?: RegExp;
}

/** The cases of one schema, by the paths of its options. */
export interface SchemaCases {
  readonly graph: (options: object) => Graph;
  readonly cases: Readonly<Record<string, OptionCase>>;
}

/** The numbers of all inputs here, by name. */
const zeroed = (data: Float64Array) => data.map((v, p) => (p % 4 === 1 ? 0 : v));
const DATA = { x: zeroed(uniform(6, 5, 1).data), y: zeroed(uniform(5, 5, 2).data) };
const matrices = {
  x: { kind: 'dense', rows: 6, cols: 5, data: DATA.x },
  z: { kind: 'dense', rows: 6, cols: 5, data: DATA.x },
  square: { kind: 'dense', rows: 5, cols: 5, data: DATA.y },
  similarities: { kind: 'dense', rows: 5, cols: 5, data: DATA.y.map((v, p) => v + DATA.y[(p % 5) * 5 + Math.floor(p / 5)]) }, // biome-ignore format: one thought
} as const;
export const dataByName: Readonly<Record<string, (typeof matrices)[keyof typeof matrices]>> = matrices;

const config = { seed: 1 };
const input = (name: 'x' | 'square' = 'x') => factorInput(matrices[name], { name });
/** Options come from a table, by name. */
const some = <T>(options: object) => options as T;

const nmf = (options: object): Graph => ({
  output: nmfLayer(input(), { name: 'a', k: 2, ...some<Partial<NmfSpec>>(options) }),
  config,
});
const jointly = (options: object): Graph => ({
  output: nmfLayer(nmfLayer(input(), { name: 'a', k: 3 }), { name: 'b', k: 2 }),
  config: { ...config, ...options },
});
const onTop = (options: object): Graph => ({
  output: nmfLayer(nmfLayer(input(), { name: 'below', k: 2 }), {
    name: 'a',
    k: 2,
    ...some<Partial<NmfSpec>>(options),
  }),
  config,
});
/** Two inputs that have most of their samples in common. */
const shared = (options: object): Graph => {
  const x = factorInput(matrices.x, { name: 'x', sampleNames: ['a', 'b', 'c', 'd', 'e'] });
  const square = factorInput(matrices.square, { name: 'square', sampleNames: ['e', 'b', 'd', 'c', 'f'] });
  const both = factorShared(x, square, { samples: 'union', ...some<SharedOptions<'x' | 'square'>>(options) });
  return { output: nmfLayer(both, { name: 'a', k: 2 }), config };
};
const sum = (options: object): Graph => {
  const square = factorInput(matrices.square, { name: 'square' });
  const branches = [nmfLayer(input(), { name: 'b', k: 3 }), nmfLayer(square, { name: 'c', k: 3 })] as const;
  return { output: nmfLayer(factorAdd(...branches, some<AddOptions>(options)), { name: 'a', k: 2 }), config };
};
const svd = (options: object): Graph => ({
  output: svdLayer(input(), { name: 'a', k: 2, ...some<Partial<SvdSpec>>(options) }),
  config,
});
const svdOnTop = (options: object): Graph => ({
  output: svdLayer(nmfLayer(input(), { name: 'below', k: 2 }), {
    name: 'a',
    k: 2,
    ...some<Partial<SvdSpec>>(options),
  }),
  config,
});

const ofSimilarities = (options: object): Graph => ({
  output: nmfLayer(factorInput(matrices.similarities, { name: 'similarities' }), {
    ...{ name: 'a', k: 2, ...some<Partial<NmfSpec>>(options) },
  }),
  config,
});

const start = { W: uniform(6, 2, 7), H: uniform(2, 5, 8) };
const ones = Array.from({ length: 6 }, (_, i) => Array.from({ length: 5 }, (_, j) => Number(i === 2 && j === 3)));

/** Options of one factor, which has `count` features or samples. */
function factorCases(
  side: 'W' | 'H',
  make: (options: FactorOptions) => FactorConfig,
  { count, target: [rows, cols] }: { readonly count: number; readonly target: readonly [number, number] },
): Readonly<Record<string, OptionCase>> {
  const own = (options: FactorOptions) => ({ [side]: make(options) });
  const ring = (strength: number) =>
    Array.from({ length: count }, (_, i) =>
      Array.from({ length: count }, (_, j) => (Math.abs(i - j) === 1 ? strength : 0)),
    );
  const graph = { graph: ring(1), graphLambda: 0.1 };
  const target = { target: uniform(rows, cols, 11), targetLambda: 0.1 };
  const cases: { readonly [option in keyof Required<FactorOptions>]: OptionCase } = {
    L1: { with: own({ L1: 0.1 }) },
    L2: { with: own({ L2: 0.1 }) },
    L21: { with: own({ L21: 0.1 }) },
    angular: { with: own({ angular: 0.1 }) },
    upperBound: { with: { ...own({ upperBound: 0.5 }), norm: 'none' }, without: { norm: 'none' } },
    nonneg: { with: own({ nonneg: false }) },
    graph: { with: own(graph), without: own({ ...graph, graph: ring(2) }) },
    graphLambda: { with: own(graph), without: own({ ...graph, graphLambda: 0.2 }) },
    target: { with: own(target), without: own({ ...target, target: uniform(rows, cols, 12) }) },
    targetLambda: { with: own(target), without: own({ ...target, targetLambda: -0.1 }) },
    targetScale: { with: own({ ...target, targetScale: 'none' }), without: own(target) },
  };
  return Object.fromEntries(Object.entries(cases).map(([option, each]) => [`${side}.${option}`, each]));
}

/** Options of NMF layers that a whole graph can have too. */
const defaults: Readonly<Record<string, OptionCase>> = {
  solver: { with: { solver: 'bpp' } },
  accelerate: { with: { accelerate: 'none' } },
  sweeps: { with: { sweeps: 7 } },
  precision: { with: { precision: 'f32' } },
  restarts: { with: { restarts: 2 } },
  rng: { with: { rng: 'R' } },
  maxIter: { with: { maxIter: 3 } },
  tol: { with: { tol: 0 } },
  norm: { with: { norm: 'L2' } },
  start: { with: { start: 'svd' } },
  seed: { with: { seed: 7 } },
};

/** Each option of each schema of a graph, with a value that says something. */
export const graphCases: Readonly<Record<string, SchemaCases>> = {
  inputOptions: {
    graph: (options) => ({
      output: nmfLayer(factorInput(matrices.square, { name: 'square', ...some<Partial<InputOptions>>(options) }), {
        name: 'a',
        k: 2,
      }),
      config,
    }),
    cases: {
      name: {
        with: { name: 'x' },
        without: { name: 'z' },
        graph: (options) => ({
          output: nmfLayer(factorInput(matrices.x, { name: 'x', ...some<Partial<InputOptions>>(options) }), {
            name: 'a',
            k: 2,
          }),
          config,
        }),
      },
      orientation: { with: { orientation: 'samples-by-features' } },
      stream: { with: { stream: true }, refused: /given with the path of an \.npy or \.spz file/ },
      weight: { with: { weight: 3 } },
      sampleNames: { with: { sampleNames: ['a', 'b', 'c', 'd', 'e'] } },
      featureNames: { with: { featureNames: ['a', 'b', 'c', 'd', 'e'] } },
      mask: { with: { mask: { features: [0, 4], samples: Int32Array.of(1, 3) } } },
      weights: { with: { weights: { features: [1, 2, 3, 4, 5], samples: Int32Array.of(1, 3, 2, 1, 4) } } },
    },
  },
  conditionOptions: {
    graph: (options) => ({
      output: nmfLayer(factorCondition(input(), matrices.square, options), { name: 'a', k: 2 }),
      config,
    }),
    cases: { orientation: { with: { orientation: 'samples-by-features' } }, weight: { with: { weight: 'balance' } } },
  },
  sharedOptions: {
    graph: shared,
    cases: {
      samples: { with: { samples: 'union' }, without: { samples: 'intersection' } },
      weights: { with: { weights: { x: 2, square: 'balance' } } },
    },
  },
  addOptions: { graph: sum, cases: { align: { with: { align: true } } } },
  noOptions: { graph: nmf, cases: {} },
  nmfSpec: {
    graph: nmf,
    cases: {
      ...defaults,
      name: { with: { name: 'b' } },
      k: { with: { k: 3 } },
      embedding: { with: { embedding: 'normalized' }, graph: onTop },
      'start.W': { with: { start: { ...start, W: uniform(6, 2, 9) } }, without: { start } },
      'start.H': { with: { start: { ...start, H: uniform(2, 5, 9) } }, without: { start } },
      L1: { with: { L1: 0.1 } },
      L2: { with: { L2: 0.1 } },
      nonneg: { with: { nonneg: false } },
      'nonneg.W': { with: { nonneg: { W: false } } },
      'nonneg.H': { with: { nonneg: { H: false } } },
      L21: { with: { L21: 0.1 } },
      angular: { with: { angular: 0.1 } },
      loss: { with: { loss: { name: 'tweedie', power: 1.5 } }, without: { loss: { name: 'tweedie', power: 1.4 } } },
      symmetric: { with: { symmetric: true }, graph: ofSimilarities },
      projective: { with: { projective: true } },
      upperBound: { with: { upperBound: 0.5, norm: 'none' }, without: { norm: 'none' } },
      ...factorCases('W', W, { count: 6, target: [6, 2] }),
      ...factorCases('H', H, { count: 5, target: [2, 5] }),
      'W.side': { with: { W: H() }, refused: /W of layer 'a' must be made by W\(/ },
      'H.side': { with: { H: W() }, refused: /H of layer 'a' must be made by H\(/ },
    },
  },
  svdSpec: {
    graph: svd,
    cases: {
      name: { with: { name: 'b' } },
      k: { with: { k: 3 } },
      embedding: { with: { embedding: 'normalized' }, graph: svdOnTop },
      seed: { with: { seed: 7 } },
      center: { with: { center: true } },
      scale: { with: { scale: true } },
      solver: { with: { solver: 'lanczos' } },
      L1: { with: { L1: 0.01 } },
      L2: { with: { L2: 0.1 } },
      nonneg: { with: { nonneg: true } },
      'nonneg.W': { with: { nonneg: { W: true } } },
      'nonneg.H': { with: { nonneg: { H: true } } },
      'W.L1': { with: { W: W({ L1: 0.01 }) } },
      'W.nonneg': { with: { W: W({ nonneg: true }) } },
      'W.side': { with: { W: H() }, refused: /W of layer 'a' must be made by W\(/ },
      'H.L1': { with: { H: H({ L1: 0.01 }) } },
      'H.nonneg': { with: { H: H({ nonneg: true }) } },
      'H.side': { with: { H: W() }, refused: /H of layer 'a' must be made by H\(/ },
      maxIter: { with: { maxIter: 3 } },
      tol: { with: { tol: 0.1 } },
    },
  },
  graphConfig: {
    graph: (options) => ({ output: nmfLayer(input(), { name: 'a', k: 2 }), config: { ...config, ...options } }),
    cases: {
      ...defaults,
      training: { with: { training: 'joint' } },
      coupling: { with: { training: 'joint', coupling: 0.5 }, without: { training: 'joint' }, graph: jointly },
      rounds: { with: { training: 'joint', rounds: 1 }, without: { training: 'joint' }, graph: jointly },
    },
  },
};

/** More values of options that take several kinds. */
export const moreValues: readonly (readonly [schema: string, options: object])[] = [
  ['inputOptions', { mask: 'zeros' }],
  ['inputOptions', { mask: ones.slice(0, 5) }],
  ['inputOptions', { weights: uniform(5, 5, 4) }],
  ['inputOptions', { weights: { entries: toCsc(uniform(5, 5, 4)) } }],
  ['inputOptions', { mask: { rows: 5, cols: 5, order: 'rows', data: ones.slice(0, 5).flat() } }],
  ['inputOptions', { weight: 'balance' }],
  ['sharedOptions', { weights: 'balance' }],
  ['nmfSpec', { sweeps: 'auto', start }],
];

/** The paths of the options that a schema has: into objects, and into the object among alternatives. */
export function optionPaths(schema: unknown, path = ''): readonly string[] {
  if (schema instanceof z.ZodOptional) return optionPaths(schema.unwrap(), path);
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.flatMap((part) => optionPaths(part, path)))];
  if (!(schema instanceof z.ZodObject)) return [path];
  return Object.entries(schema.shape).flatMap(([key, part]) => optionPaths(part, path === '' ? key : `${path}.${key}`));
}
