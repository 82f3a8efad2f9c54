import { describe, expect, test } from 'vitest';
import { compile } from '../../src/compiler/compile.js';
import type { NmfStepArgs, Plan } from '../../src/compiler/plan.js';
import { affordableSweeps } from '../../src/compiler/sweeps.js';
import {
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  GraphError,
  H,
  type Matrix,
  type NmfSpec,
  nmfLayer,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense, toCsc, toDense, toRows } from '../../src/matrix.js';
import { rowMajor, scaled, single, sparse, uniform } from '../support/matrices.js';

const X = uniform(6, 5, 1);
const input = (data: Matrix, name = 'x') => factorInput(data, { name });
const layer = (options: Partial<NmfSpec> = {}, data: Matrix = X) =>
  nmfLayer(input(data), { name: 'a', k: 2, ...options });
const argsOf = (plan: Plan): readonly NmfStepArgs[] =>
  plan.fit.flatMap((step) => (step.op === 'nmf' ? [step.args] : []));
const args = (options: Partial<NmfSpec> = {}, config: GraphConfig = {}, data: Matrix = X): NmfStepArgs =>
  argsOf(factorNet(layer(options, data), config).plan)[0];
const start = (m: number, n: number, k: number) => ({ W: uniform(m, k, 7), H: uniform(k, n, 8) });

describe('what cannot be combined is refused, with a cure', () => {
  const signed = scaled(X, -1);
  const refused: readonly [string, Partial<NmfSpec>, GraphConfig, Matrix, object, RegExp][] = [
    [
      'HER with cholesky',
      { solver: 'cholesky', accelerate: 'her' },
      {},
      X,
      { accelerate: 'her' },
      /accelerate: 'none'/,
    ],
    [
      'HER of the graph with mu',
      { solver: 'mu' },
      { accelerate: 'her' },
      X,
      { accelerate: 'her', solver: 'mu' },
      /'none'/,
    ],
    [
      'a bound with bpp',
      { solver: 'bpp', norm: 'none', W: W({ upperBound: 1 }) },
      {},
      X,
      { solver: 'bpp' },
      /solver: 'hals'/,
    ],
    [
      'a target with mu',
      { solver: 'mu', H: H({ target: start(6, 5, 2).H, targetLambda: 1 }) },
      {},
      X,
      {},
      /solver: 'hals'/,
    ],
    ['a bound with a norm', { W: W({ upperBound: 1 }) }, {}, X, { 'W.upperBound': 1, norm: 'L1' }, /norm: 'none'/],
    [
      'a bound with the norm of the graph',
      { norm: 'L2', H: H({ upperBound: 1 }) },
      { norm: 'none' },
      X,
      { norm: 'L2' },
      /none/,
    ],
    ['angular with any sign', { W: W({ nonneg: false, angular: 1 }) }, {}, X, { 'W.angular': 1 }, /leave angular out/],
    ['a target without a weight', { H: H({ target: start(6, 5, 2).H }) }, {}, X, {}, /targetLambda: …/],
    ['a weight without a target', { W: W({ targetLambda: 1 }) }, {}, X, { 'W.targetLambda': 1 }, /W\(\{ target: …/],
    ['a graph without a weight', { W: W({ graph: dense(6, 6) }) }, {}, X, {}, /graphLambda: …/],
    [
      'a scale of what is removed',
      { H: H({ target: start(6, 5, 2).H, targetLambda: -1, targetScale: 'none' }) },
      {},
      X,
      { 'H.targetScale': 'none' },
      /leave targetScale out/,
    ],
    [
      'a scale without a target',
      { H: H({ targetScale: 'none' }) },
      {},
      X,
      { 'H.targetScale': 'none' },
      /leave targetScale out/,
    ],
    ['sweeps with bpp', { solver: 'bpp', sweeps: 2 }, {}, X, { sweeps: 2, solver: 'bpp' }, /sweeps: 'auto'/],
    ['sweeps of the graph with cholesky', { solver: 'cholesky' }, { sweeps: 3 }, X, { sweeps: 3 }, /sweeps: 'auto'/],
    [
      'mu with W of any sign',
      { solver: 'mu', W: W({ nonneg: false }) },
      {},
      X,
      { 'nonneg.W': false },
      /two non-negative/,
    ],
    ['mu with H of any sign', { nonneg: { H: false } }, { solver: 'mu' }, X, { 'nonneg.H': false }, /two non-negative/],
    [
      'mu with negative data',
      { solver: 'mu' },
      {},
      signed,
      { solver: 'mu' },
      /without negative numbers.*add a constant/,
    ],
    [
      'cholesky with L1 on a factor of any sign',
      { solver: 'cholesky', W: W({ nonneg: false, L1: 0.5 }) },
      {},
      X,
      { solver: 'cholesky', 'W.L1': 0.5, 'nonneg.W': false },
      /no L1 on a factor of any sign/,
    ],
    [
      'restarts of an SVD start',
      { restarts: 2, start: 'nndsvd' },
      {},
      X,
      { restarts: 2, start: 'nndsvd' },
      /restarts: 1/,
    ],
    ['restarts of a given start', { start: start(6, 5, 2) }, { restarts: 2 }, X, { restarts: 2 }, /restarts: 1/],
    ['f32 for large numbers', { precision: 'f32' }, {}, scaled(X, 1e20), { precision: 'f32' }, /precision: 'f64'/],
    [
      'f32 for small numbers',
      {},
      { precision: 'f32' },
      scaled(X, 1e-20),
      { precision: 'f32' },
      /between 1e-15 and 1000/,
    ],
  ];
  test.each(refused)('%s', (_, options, config, data, got, words) => {
    const build = () => factorNet(layer(options, data), config);
    expect(build).toThrow(words);
    try {
      build();
    } catch (error) {
      expect(error).toBeInstanceOf(GraphError);
      expect(error).toMatchObject({
        issues: [{ code: 'incompatible-options', of: "layer 'a'", options: got, at: 'a' }],
      });
    }
  });

  test('mu over an embedding that may be negative', () => {
    const over = (below: Parameters<typeof nmfLayer>[0]) => () =>
      factorNet(nmfLayer(below, { name: 't', k: 2, solver: 'mu' }));
    const a = layer();
    expect(over(svdLayer(input(X), { name: 's', k: 2 }))).toThrow(/without negative numbers/);
    expect(over(factorConcat(a, layer({ name: 'b', H: H({ nonneg: false }) })))).toThrow(/without negative numbers/);
    expect(over(factorCondition(a, signed))).toThrow(/without negative numbers/);
    expect(over(layer({ W: W({ nonneg: false }) }, signed))).not.toThrow();
  });

  test('several at once, each layer by name', () => {
    const bad = layer({ solver: 'mu', accelerate: 'her', nonneg: false, restarts: 3, start: 'svd' });
    expect(() => factorNet(nmfLayer(bad, { name: 'b', k: 1, solver: 'bpp', sweeps: 2 }))).toThrow(/^5 faults/);
  });
});

describe('starts that are given', () => {
  const refused: readonly [string, object, RegExp][] = [
    [
      'a W of another shape',
      { ...start(6, 5, 2), W: uniform(5, 2, 1) },
      /start.W of layer 'a' must be 6 × 2 \(features × k\); got 5 × 2/,
    ],
    [
      'an H of another shape',
      { ...start(6, 5, 2), H: uniform(3, 5, 1) },
      /start.H of layer 'a' must be 2 × 5 \(k × samples\); got 3 × 5/,
    ],
    [
      'no matrix',
      { ...start(6, 5, 2), W: 'w.csv' },
      /The data of start.W of layer 'a' must be a matrix; got the string/,
    ],
    [
      'a NaN',
      {
        ...start(6, 5, 2),
        H: [
          [1, 2, 3, 4, 5],
          [1, 2, Number.NaN, 4, 5],
        ],
      },
      /start.H.*NaN at row 1, column 2/,
    ],
    [
      'numbers that have no squares',
      { ...start(6, 5, 2), W: dense(6, 2, new Float64Array(12).fill(1e200)) },
      /largest magnitude/,
    ],
    [
      'negative numbers',
      { ...start(6, 5, 2), W: scaled(uniform(6, 2, 1), -1) },
      /without negative numbers, as W is; got -0\.\d+ at row 0, column 0/,
    ],
  ];
  test.each(refused)('%s', (_, given, words) => {
    // @ts-expect-error some are wrong for the type checker too
    expect(() => factorNet(layer({ start: given }))).toThrow(words);
  });

  test('may be negative where the factor may, and in any form; they are loaded like data', () => {
    const W0 = Float32Array.from([1, -2, 3, -4, 5, -6, 1, 1, 1, 1, 1, 1]);
    const given = { W: { rows: 6, cols: 2, order: 'rows', data: W0 }, H: sparse(2, 5, 3) } as const;
    const net = factorNet(layer({ start: given, nonneg: { W: false } }));
    const loads = net.plan.prepare.flatMap((step) => (step.op === 'load' && step.source === 'start' ? [step] : []));
    expect(loads).toMatchObject([
      { name: 'start W of a', layout: 'rows', precision: 'f32' },
      { name: 'start H of a', layout: 'csc', precision: 'f64' },
    ]);
    expect(argsOf(net.plan)[0].start).toEqual({ from: 'given', W: loads[0].write, H: loads[1].write });
    expect(net.explain()).toMatchInlineSnapshot(`
      "1 input, 1 layer, 5 samples; seed drawn at each fit
      prepare
        %0 = load x   6×5 dense, 240 B
        %4 = load start W of a   6×2 dense, row-major, f32, 48 B
        %5 = load start H of a   2×5 sparse, 4 entries, 72 B
      fit
        %1 %2 %3 = nmf %0 k=2   a: W 6×2, H 2×5
            mse by HALS with HER, at most 3 sweeps, f64, W any sign, norm L1, tol 0.0001, at most 100 iterations, from %4 %5
            each: 318 multiply-adds, 1.54 kB moved"
    `);
    expect(net.toMermaid()).toMatchInlineSnapshot(`
      "flowchart TD
        s0[("x<br/>6×5")]
        s4[("start W of a<br/>6×2")]
        s5[("start H of a<br/>2×5")]
        s3["a<br/>nmf k=2<br/>H 2×5"]
        s0 --> s3
        s4 --> s3
        s5 --> s3"
    `);
  });

  test('a target, a graph and weights are drawn as what the layer reads', () => {
    const weighed = factorInput(dense(6, 5, new Float64Array(30).fill(1)), {
      name: 'x',
      weights: { features: [1, 2, 3, 4, 5, 6] },
    });
    const options = { target: dense(2, 5, new Float64Array(10).fill(1)), targetLambda: 0.1 };
    const drawn = nmfLayer(weighed, { name: 'a', k: 2, H: H(options) });
    const text = factorNet(drawn).toMermaid();
    const vertices = [...text.matchAll(/^ {2}(s\d+)\[\(/gm)].map(([, name]) => name);
    expect(vertices.length).toBeGreaterThan(1);
    for (const name of vertices) expect(text).toMatch(new RegExp(`${name} --> s`));
  });

  test('are read when the layer is made', () => {
    const given = { W: [[1], [1]], H: [[1, 1]] };
    const made = nmfLayer(input(dense(2, 2, Float64Array.of(1, 2, 3, 4))), { name: 'a', k: 1, start: given });
    given.W[0][0] = -5;
    given.W = [[0]];
    const [, W0] = [...compile(made.node).bindings.values()];
    expect(toRows(toDense(W0))).toEqual([[1], [1]]);
  });
});

describe('defaults', () => {
  test('solver, acceleration, sweeps, precision, start', () => {
    expect(args()).toMatchObject({
      solver: 'hals',
      accelerate: 'her',
      precision: 'f64',
      restarts: 1,
      start: { from: 'random', seed: null, stream: 0 },
    });
    for (const solver of ['mu', 'cholesky', 'bpp'] as const)
      expect(args({ solver })).toMatchObject({ accelerate: 'none', sweeps: 1 });
    expect(args({ solver: 'bpp', accelerate: 'her' })).toMatchObject({ accelerate: 'her' });
    expect(args({ solver: 'mu', sweeps: 4 })).toMatchObject({ sweeps: 4 });
  });

  test("a layer's options go before the graph's", () => {
    const config = { solver: 'mu', sweeps: 3, precision: 'f32', start: 'svd', accelerate: 'none' } as const;
    expect(args({}, config)).toMatchObject({ ...config, start: { from: 'svd' } });
    expect(
      args({ solver: 'bpp', sweeps: 'auto', precision: 'f64', start: 'random', restarts: 2 }, config),
    ).toMatchObject({
      solver: 'bpp',
      sweeps: 1,
      precision: 'f64',
      start: { from: 'random' },
      restarts: 2,
    });
  });
});

describe('sweeps by the model of costs', () => {
  const size = (m: number, n: number, listed?: number) => ({
    shape: [m, n] as const,
    nonzeros: listed ?? m * n,
  });
  test.each([
    ['a small matrix: three', size(20, 20), 5, 3],
    ['a dense one, k = 10', size(200, 200), 10, Math.round(1 + 16e5 / 125 / (400 * 10 * 0.42))],
    ['a tall one, k = 21', size(300, 200), 21, Math.round(1 + (6e4 * 84) / 125 / (500 * 21 * 0.555))],
    ['k = 48', size(400, 400), 48, Math.round(1 + (16e4 * 192) / 125 / (800 * 48 * 0.91))],
    ['beyond k = 64', size(500, 500), 100, Math.round(1 + (25e4 * 400) / 125 / (1000 * 100 * 1.13))],
    [
      'a sparse one, k = 30',
      size(2000, 3000, 1e5),
      30,
      Math.round(1 + (2e5 * (0.75 + 0.04 * 30)) / (5000 * 30 * (0.42 + (0.27 * 20) / 22))),
    ],
    ['never more than ten', size(10_000, 10_000), 10, 10],
  ])('%s', (_, shape, k, sweeps) => {
    expect(affordableSweeps(shape, k)).toBe(sweeps);
  });

  test('stacked blocks, dense and sparse, count what is not zero', () => {
    const [D, S] = [uniform(40, 900, 1), sparse(60, 900, 2)];
    const { plan } = factorNet(nmfLayer(factorShared(input(D), input(S, 'y')), { name: 'a', k: 2 }));
    const nonzeros = D.data.length + S.values.length;
    expect(argsOf(plan)[0].sweeps).toBe(affordableSweeps({ shape: [100, 900], nonzeros }, 2));
  });

  test('dense or sparse, explicit zeros or none: the same', () => {
    const S = sparse(300, 200, 3);
    const values = S.values.map((x, p) => (p % 2 === 0 ? 0 : x));
    const sweepsOf = (data: Matrix) => args({ k: 3 }, {}, data).sweeps;
    for (const matrix of [S, { ...S, values }]) expect(sweepsOf(toDense(matrix))).toBe(sweepsOf(matrix));
    expect(sweepsOf(S)).toBeGreaterThan(3);
  });
});

describe('precision', () => {
  const f32 = (data: Matrix) => single(data);
  test('auto: f32 where all data read are held in 32 bits', () => {
    expect(args({}, {}, f32(X)).precision).toBe('f32');
    expect(args({}, {}, f32(rowMajor(X))).precision).toBe('f32');
    expect(args({}, {}, f32(sparse(6, 5, 1))).precision).toBe('f32');
    expect(args({ precision: 'f64' }, {}, f32(X)).precision).toBe('f64');
    expect(args({ precision: 'f32' }).precision).toBe('f32');
    expect(args({}, {}, f32(scaled(X, 1e20))).precision).toBe('f64');
    expect(args({}, {}, dense(6, 5)).precision).toBe('f64');
  });

  test('auto: stacks need all, conditions too; embeddings are f64', () => {
    const last = (output: Parameters<typeof nmfLayer>[0]) =>
      argsOf(factorNet(nmfLayer(output, { name: 't', k: 1 })).plan).map(({ precision }) => precision);
    const x = input(f32(X));
    expect(last(factorShared(x, input(f32(X), 'y')))).toEqual(['f32']);
    expect(last(factorShared(x, input(X, 'y')))).toEqual(['f64']);
    expect(last(factorCondition(x, f32(X)))).toEqual(['f32']);
    expect(last(factorCondition(x, X))).toEqual(['f64']);
    expect(last(nmfLayer(x, { name: 'a', k: 2 }))).toEqual(['f32', 'f64']);
    expect(last(factorShared(x, nmfLayer(x, { name: 'a', k: 2 })))).toEqual(['f32', 'f64']);
  });
});

test('every option is in the text', () => {
  const y = single(sparse(4, 5, 2));
  const shared = factorShared(input(single(rowMajor(X))), input(y, 'y'));
  const a = nmfLayer(shared, { name: 'a', k: 2, restarts: 5 });
  const b = nmfLayer(a, { name: 'b', k: 2, solver: 'mu', sweeps: 2, start: 'nndsvd' });
  const c = nmfLayer(b, { name: 'c', k: 2, solver: 'bpp', accelerate: 'her', precision: 'f32', start: 'svd', seed: 3 });
  const d = nmfLayer(c, { name: 'd', k: 1, solver: 'cholesky' });
  const e = nmfLayer(d, { name: 'e', k: 1, accelerate: 'none', sweeps: 1 });
  expect(factorNet(e).explain()).toMatchInlineSnapshot(`
    "2 inputs, 5 layers, 5 samples; seed drawn at each fit
    prepare
      %0 = load x   6×5 dense, row-major, f32, 120 B
      %1 = load y   4×5 sparse, 9 entries, f32, 96 B
      %2 = stackRows %0 %1   10×5, no copy
    fit
      %3 %4 %5 = nmf %2 k=2   a: W 10×2, H 2×5
          mse by HALS with HER, at most 3 sweeps, f32, norm L1, tol 0.0001, at most 100 iterations, best of 5 starts
          each: 426 multiply-adds, 1.15 kB moved
      %8 = diag(%4)·%5   2×5, the embedding of a
      %9 %10 %11 = nmf %8 k=2   b: W 2×2, H 2×5
          mse by multiplicative updates, 2 sweeps, f64, norm L1, tol 0.0001, at most 100 iterations, from nndsvd
          each: 138 multiply-adds, 832 B moved
      %12 = diag(%10)·%11   2×5, the embedding of b
      %13 %14 %15 = nmf %12 k=2   c: W 2×2, H 2×5
          mse by block principal pivoting with HER, f32, norm L1, tol 0.0001, at most 100 iterations, from svd, seed 3
          each: 119 multiply-adds, 496 B moved
      %16 = diag(%14)·%15   2×5, the embedding of c
      %17 %18 %19 = nmf %16 k=1   d: W 2×1, H 1×5
          mse by clipped least squares, f64, norm L1, tol 0.0001, at most 100 iterations
          each: 38 multiply-adds, 496 B moved
      %20 = diag(%18)·%19   1×5, the embedding of d
      %21 %22 %23 = nmf %20 k=1   e: W 1×1, H 1×5
          mse by HALS, at most 1 sweep, f64, norm L1, tol 0.0001, at most 100 iterations
          each: 25 multiply-adds, 368 B moved
    finish
      x=%6 y=%7 = splitRows %3   a.W.x 6×2, a.W.y 4×2
    notes
      b: multiplicative updates leave the zeros of start 'nndsvd' at zero; 'nndsvda' has none"
  `);
});

describe('matrices among options', () => {
  const issuesOf = (options: Partial<NmfSpec>) => {
    try {
      factorNet(layer(options));
    } catch (error) {
      if (error instanceof GraphError) return error.issues;
      throw error;
    }
    return [];
  };
  const pair = (i: number, j: number) =>
    dense(
      5,
      5,
      Float64Array.from({ length: 25 }, (_, p) => Number(p === i + 5 * j)),
    );
  const bad: readonly (readonly [string, Partial<NmfSpec>, RegExp])[] = [
    [
      'a target of another shape',
      { H: H({ target: uniform(2, 6, 1), targetLambda: 1 }) },
      /H\.target of layer 'a' must be 2 × 5 \(k × samples\); got 2 × 6/,
    ],
    [
      'a target for W like H',
      { W: W({ target: uniform(2, 5, 1), targetLambda: 1 }) },
      /must be 6 × 2 \(features × k\)/,
    ],
    [
      'a target with a gap',
      { H: H({ target: scaled(uniform(2, 5, 1), Number.NaN), targetLambda: 1 }) },
      /must be finite; got NaN/,
    ],
    ['a target that is none', { H: H({ target: 'T' as never, targetLambda: 1 }) }, /The data of H\.target/],
    ['a graph of others', { H: H({ graph: dense(6, 6), graphLambda: 1 }) }, /must be 5 × 5 \(samples × samples\)/],
    [
      'a graph with numbers below zero',
      { H: H({ graph: scaled(pair(1, 1), -1), graphLambda: 1 }) },
      /without negative numbers; got -1 at row 1/,
    ],
    [
      'a graph on one side',
      { H: H({ graph: pair(1, 2), graphLambda: 1 }) },
      /must be symmetric \(.*\); got 1 at row 1, column 2 and 0 at row 2, column 1/,
    ],
    ['a sparse graph on one side', { H: H({ graph: toCsc(pair(3, 2)), graphLambda: 1 }) }, /must be symmetric/],
  ];
  test.each(bad)('%s is refused', (_, options, sentence) => {
    const issues = issuesOf(options);
    expect(issues.map(({ code }) => code)).toHaveLength(1);
    expect(new GraphError(issues).message).toMatch(sentence);
  });

  test('they are loaded, and named in the plan', () => {
    const target = uniform(2, 5, 1);
    const symmetric = dense(
      6,
      6,
      Float64Array.from({ length: 36 }, (_, p) => Number(p === 1 || p === 6)),
    );
    const net = factorNet(
      layer({
        H: H({ target, targetLambda: -0.5 }),
        W: W({ graph: symmetric, graphLambda: 0.1, angular: 0.2, L21: 0.3 }),
      }),
    );
    expect(net.explain()).toContain('W L21 0.3, W angular 0.2, W alike along %4, 0.1, H rid of %5, 0.5');
    const loads = net.plan.prepare.flatMap((step) => (step.op === 'load' ? [`${step.source} ${step.name}`] : []));
    expect(loads).toEqual(['input x', 'term W graph of a', 'term H target of a']);
  });
});
