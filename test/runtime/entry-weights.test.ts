import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  type GraphFit,
  graphFromJSON,
  graphToJSON,
  loadFit,
  type MatrixInput,
  type NmfSpec,
  nmfLayer,
  type Ref,
  refine,
  saveFit,
  type WeightsInput,
} from '../../src/index.js';
import { dense, toCsc, toDense, transpose } from '../../src/matrix.js';
import { NO_TERMS } from '../../src/objective.js';
import { penaltyOf } from '../kernels/textbook.js';
import { product, relativeDifference, rowMajor, single, sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';

const [m, n] = [9, 12];
const X = uniform(m, n, 1);
const Y = uniform(5, n, 2);
const Z = uniform(2, n, 3);
const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));
const E = map(uniform(m, n, 4), (x, p) => (p % 6 === 0 ? 4 : 3 * x));
const u = Array.from(uniform(m, 1, 5).data, (x) => 2 * x);
const v = uniform(1, n, 6).data;
const input = (weights?: WeightsInput, data: MatrixInput = X, more: object = {}) =>
  factorInput(data, { name: 'x', weights, ...more });
const spec = (more: Partial<NmfSpec> = {}) => ({ name: 'a', k: 2, ...more }) as const;
const layer = (weights?: WeightsInput, more: Partial<NmfSpec> = {}, data: MatrixInput = X) =>
  nmfLayer(input(weights, data), spec(more));
const toTheEnd = { maxIter: 30_000, tol: 1e-15 } as const;

/** All of a fit but how long it took. */
const all = async (fit: Promise<object>) => {
  const { summary, ...layers } = (await fit) as GraphFit;
  const { seconds: _, ...rest } = summary;
  return { layers, summary: rest };
};
/** The first n columns of W·diag(d)·H. */
const estimate = (fit: Parameters<typeof product>[0]) => product(fit).data.subarray(0, fit.W.rows * n);
/** The first n rows of it. */
const rows = ({ W, d, H }: Parameters<typeof product>[0]) => estimate({ W: transpose(H), d, H: transpose(W) });
const outer = (weights: { u?: ArrayLike<number>; v?: ArrayLike<number>; e?: DenseMatrix }) =>
  map(dense(m, n), (_, p) => {
    const [i, j] = [p % m, Math.floor(p / m)];
    return (weights.u?.[i] ?? 1) * (weights.v?.[j] ?? 1) * (weights.e?.data[p] ?? 1);
  });

describe.each(['reference', 'auto'] as const)('weights of entries, on the %s kernels', (backend) => {
  // The types of a graph of any shape don't say that its output is a layer.
  const fitted = (output: Ref, config: GraphConfig = {}) =>
    factorNet(output as ReturnType<typeof layer>, { seed: 4, ...config }).fit({ backend });

  test('equal weights are no weights, zeros and ones are a mask, bit for bit', async () => {
    const plain = await all(fitted(layer()));
    for (const weights of [{}, dense(m, n, new Float64Array(m * n).fill(1)), { features: Array(m).fill(1) }])
      expect(await all(fitted(layer(weights)))).toEqual(plain);
    const zeros = map(X, (_, p) => Number(p % 4 !== 1));
    const masked = nmfLayer(input(undefined, X, { mask: map(zeros, (x) => 1 - x) }), spec());
    const missing = await all(fitted(masked));
    for (const weights of [zeros, toCsc(zeros), { entries: zeros, samples: new Float32Array(n).fill(1) }])
      expect(await all(fitted(layer(weights)))).toEqual(missing);
    expect(missing.summary.inputs.x?.missing).toBe(zeros.data.filter((x) => x === 0).length);
  });

  test('multiplied by a power of 4, no bit of W, d, H changes; by another number, rounding alone', async () => {
    const bits = async (by: number, other: number) => {
      const weights = {
        features: u.map((x) => x * by),
        samples: v.map((x) => x / by),
        entries: map(E, (x) => x * other),
      };
      const { W, d, H, loss, objective, kkt } = (await fitted(layer(weights))).a;
      return { W, d, H, kkt, loss: loss / other, objective: objective / other };
    };
    const one = await bits(1, 1);
    for (const by of [4 ** 20, 4 ** -20]) expect(await bits(1, by)).toEqual(one);
    expect(await bits(2, 1)).toEqual(one);
    const other = await bits(1, 3);
    expect(relativeDifference(one.W.data, other.W.data)).toBeLessThan(1e-9);
    expect(relativeDifference(one.H.data, other.H.data)).toBeLessThan(1e-9);
    expect(one.objective / other.objective).toBeCloseTo(1, 9);
  });

  test('loss and objective are the formula, for weights of every kind and their products', async () => {
    const holes = map(X, (x, p) => (p % 7 === 3 ? Number.NaN : x));
    await fc.assert(
      fc.asyncProperty(
        fc.record({ u: fc.boolean(), v: fc.boolean(), e: fc.boolean(), sparse: fc.boolean(), gaps: fc.boolean() }),
        fc.nat(1000),
        async (has, seed) => {
          const random = (rows: number, cols: number, at: number) =>
            map(uniform(rows, cols, seed + at), (x) => (x < 0.1 ? 0 : x * 10 ** (seed % 5)));
          const features = map(random(m, 1, 1), (x) => x + 0.1).data;
          const samples = map(random(1, n, 2), (x) => x + 0.1).data;
          const entries = random(m, n, 3);
          const weights = {
            ...(has.u && { features }),
            ...(has.v && { samples }),
            ...(has.e && { entries: has.sparse ? toCsc(entries) : entries }),
          };
          const data = has.gaps ? holes : X;
          const fit = await fitted(layer(weights, { maxIter: 5 }, has.sparse ? toCsc(data) : data));
          const by = outer({
            ...(has.u ? { u: features } : {}),
            ...(has.v ? { v: samples } : {}),
            ...(has.e ? { e: entries } : {}),
          });
          const estimate = product(fit.a).data;
          const known = Array.from(data.data.keys()).filter((p) => !Number.isNaN(data.data[p]) && by.data[p] > 0);
          const sum = known.reduce((total, p) => total + by.data[p] * (data.data[p] - estimate[p]) ** 2, 0);
          expect((fit.a.loss * known.length) / sum).toBeCloseTo(1, 8);
          expect((2 * fit.a.objective) / sum).toBeCloseTo(1, 8);
          // The summary tells how far off the data are, whatever they weigh.
          const plain = known.reduce((total, p) => total + (data.data[p] - estimate[p]) ** 2, 0) / known.length;
          expect(fit.summary.inputs.x.loss / plain).toBeCloseTo(1, 8);
          expect(fit.summary.inputs.x.missing).toBe(m * n - known.length);
        },
      ),
      runs(40),
    );
  });

  test('penalties see W times √ of the largest weight, as beside a scalar weight', async () => {
    const unit = map(E, (x) => x / 4);
    for (const scale of [1, 4]) {
      const fit = await fitted(
        layer(
          map(unit, (x) => x * scale),
          { L1: 0.03, L2: 0.1 },
        ),
        { maxIter: 9 },
      );
      const { W, d, H } = fit.a;
      const seen = { W: map(W, (x) => x * Math.sqrt(scale)), d, H };
      const terms = { ...NO_TERMS, L1: 0.03, L2: 0.1 };
      const known = fit.a.loss * (m * n - fit.summary.inputs.x.missing);
      expect(fit.a.objective / (known / 2 + penaltyOf(seen, { W: terms, H: terms }))).toBeCloseTo(1, 9);
    }
  });

  test('weights by feature are those by entry of rank one, and √u times the rows', async () => {
    const by = await fitted(layer({ features: u }), toTheEnd);
    const entries = await fitted(layer(outer({ u })), toTheEnd);
    expect(by.a.objective / entries.a.objective).toBeCloseTo(1, 8);
    expect(relativeDifference(product(by.a).data, product(entries.a).data)).toBeLessThan(1e-4);
    const largest = Math.max(...u);
    const rows = map(X, (x, p) => x * Math.sqrt(largest) * Math.sqrt(u[p % m] / largest));
    const scaled = await fitted(layer(undefined, {}, rows));
    const weighed = await fitted(layer({ features: u }));
    expect(weighed.a.objective / scaled.a.objective).toBeCloseTo(1, 10);
    const back = map(product(weighed.a), (x, p) => x * Math.sqrt(u[p % m]));
    expect(relativeDifference(back.data, product(scaled.a).data)).toBeLessThan(1e-8);
  });

  test('weights by sample are those by entry', async () => {
    const one = await all(fitted(layer({ samples: v })));
    const other = await all(fitted(layer(outer({ v }))));
    expect(one).toEqual(other);
  });

  test('what counts twice is what is given twice: features, samples, and inputs', async () => {
    const twice = (A: DenseMatrix) => dense(m, n + 3, Float64Array.of(...A.data, ...A.data.subarray(0, 3 * m)));
    const two = (length: number) => Array.from({ length }, (_, at) => (at < 3 ? 2 : 1));
    const start = { W: uniform(m, 2, 7), H: uniform(2, n, 8) };
    const again = { ...start, H: dense(2, n + 3, Float64Array.of(...start.H.data, ...start.H.data.subarray(0, 6))) };
    const config = { ...toTheEnd, norm: 'L2' } as const;
    const samples = [
      await fitted(layer({ samples: two(n) }, { start }), config),
      await fitted(layer(undefined, { start: again }, twice(X)), config),
    ] as const;
    expect(samples[0].a.objective / samples[1].a.objective).toBeCloseTo(1, 8);
    expect(relativeDifference(estimate(samples[0].a), estimate(samples[1].a))).toBeLessThan(1e-6);

    const turnedStart = { W: transpose(start.H), H: transpose(start.W) };
    const turnedTwice = { W: transpose(again.H), H: transpose(again.W) };
    const features = [
      await fitted(layer({ features: two(n) }, { start: turnedStart }, transpose(X)), config),
      await fitted(layer(undefined, { start: turnedTwice }, transpose(twice(X))), config),
    ] as const;
    expect(features[0].a.objective / features[1].a.objective).toBeCloseTo(1, 8);
    expect(relativeDifference(rows(features[0].a), rows(features[1].a))).toBeLessThan(1e-6);

    const scalar = await all(fitted(nmfLayer(input(undefined, X, { weight: 3 }), spec())));
    expect(await all(fitted(layer(dense(m, n, new Float64Array(m * n).fill(3)))))).toEqual(scalar);
    const both = nmfLayer(input({ samples: v }, X, { weight: 4 }), spec());
    const { a } = await fitted(both);
    const { a: four } = await fitted(layer({ samples: v.map((x) => 4 * x) }));
    expect([a.W, a.d, a.H, a.objective]).toEqual([four.W, four.d, four.H, four.objective]);
  });

  test('nothing of what weighs nothing reaches a fit', async () => {
    const weights = map(E, (x, p) => (p % 5 === 2 ? 0 : x));
    const shapes = (data: MatrixInput, own: WeightsInput): readonly Ref[] => [
      layer(own, {}, data),
      nmfLayer(factorShared(input(own, data), factorInput(Y, { name: 'y' })), spec()),
      nmfLayer(factorCondition(input(own, data), Z), spec()),
      nmfLayer(nmfLayer(input(own, data), spec()), { name: 'b', k: 1 }),
      nmfLayer(
        factorConcat(nmfLayer(input(own, data), spec()), nmfLayer(factorInput(Y, { name: 'y' }), { name: 'b', k: 1 })),
        { name: 'c', k: 2 },
      ),
    ];
    const one = await Promise.all(shapes(X, weights).map((output) => all(fitted(output))));
    for (const value of [1e6, Number.NaN, -5]) {
      const noisy = map(X, (x, p) => (p % 5 === 2 ? value : x));
      expect(await Promise.all(shapes(noisy, weights).map((output) => all(fitted(output))))).toEqual(one);
    }
    expect(await Promise.all(shapes(X, weights).map((output) => all(fitted(output, {}))))).toEqual(one);
  });

  test('however data and weights are given, the same fit', async () => {
    const one = await all(fitted(layer({ samples: v, entries: E })));
    expect(await all(fitted(layer({ samples: Array.from(v), entries: rowMajor(E) }, {}, rowMajor(X))))).toEqual(one);
    expect(await all(fitted(layer({ samples: v, entries: toCsc(E) })))).toEqual(one);
    const turned = { orientation: 'samples-by-features' } as const;
    const weights = { samples: v, entries: transpose(E) };
    expect(await all(fitted(nmfLayer(input(weights, transpose(X), turned), spec())))).toEqual(one);
    const S = toDense(sparse(m, n, 9, 2));
    const full = await fitted(layer({ samples: v, entries: E }, {}, S));
    const listed = await fitted(layer({ samples: v, entries: E }, {}, toCsc(S)));
    expect(relativeDifference(product(listed.a).data, product(full.a).data)).toBeLessThan(1e-8);
    // Of a sparse matrix of weights, what is not listed weighs nothing.
    const few = map(E, (x, p) => (p % 5 === 0 ? 0 : x));
    const known = await fitted(layer(few, {}, S));
    for (const data of [S, toCsc(S)]) {
      const fewListed = await fitted(layer(toCsc(few), {}, data));
      expect(relativeDifference(product(fewListed.a).data, product(known.a).data)).toBeLessThan(1e-8);
      expect(fewListed.summary.inputs.x.missing).toBe(known.summary.inputs.x.missing);
    }
    const f32 = await fitted(layer({ features: u, entries: E }, {}, single(X)));
    const f64 = await fitted(layer({ features: u, entries: E }));
    expect(Math.abs(f32.a.loss / f64.a.loss - 1)).toBeLessThan(1e-4);
  });

  test('what is given can be written to afterwards', async () => {
    const given = { samples: Array.from(v), features: Float64Array.from(u), entries: map(E, (x) => x) };
    const one = await all(fitted(layer(given)));
    const net = layer(given);
    given.samples.fill(7);
    given.features.fill(7);
    given.entries.data.fill(7);
    expect(await all(fitted(net))).toEqual(one);
  });

  test('in a factorShared that brings samples together, weights follow their samples', async () => {
    const names = Array.from({ length: n }, (_, j) => `s${j}`);
    const back = [...names].reverse();
    const reversed = (A: DenseMatrix) =>
      map(A, (_, p) => A.data[(n - 1 - Math.floor(p / A.rows)) * A.rows + (p % A.rows)]);
    const y = factorInput(Y, { name: 'y', sampleNames: names });
    const joined = (x: Ref, samples: 'union' | 'intersection') =>
      // The types of any reference don't say that it is an input.
      nmfLayer(factorShared(y, x as ReturnType<typeof input>, { samples }), spec());
    for (const samples of ['union', 'intersection'] as const) {
      const one = await fitted(joined(input({ samples: v, entries: E }, X, { sampleNames: names }), samples));
      const turned = { samples: v.toReversed(), entries: reversed(E) };
      const other = await fitted(joined(input(turned, reversed(X), { sampleNames: back }), samples));
      expect([other.a.W, other.a.d, other.a.H]).toEqual([one.a.W, one.a.d, one.a.H]);
      expect(other.a.loss).toBe(one.a.loss);
    }
    // Where an input lacks a sample, nothing is known of it, and that weighs nothing.
    const few = dense(m, n - 2, X.data.slice(0, m * (n - 2)));
    const own = { samples: v.slice(0, n - 2), entries: dense(m, n - 2, E.data.slice(0, m * (n - 2))) };
    const absent = await fitted(joined(input(own, few, { sampleNames: names.slice(0, n - 2) }), 'union'));
    const holes = map(X, (x, p) => (p < m * (n - 2) ? x : Number.NaN));
    const gappy = await fitted(joined(input({ samples: v, entries: E }, holes, { sampleNames: names }), 'union'));
    expect(relativeDifference(absent.a.H.data, gappy.a.H.data)).toBeLessThan(1e-6);
    const sparseOwn = { ...own, entries: toCsc(own.entries) };
    const listed = await fitted(joined(input(sparseOwn, few, { sampleNames: names.slice(0, n - 2) }), 'union'));
    expect([listed.a.W, listed.a.H]).toEqual([absent.a.W, absent.a.H]);
  });

  test("beside a factorShared's weights and 'balance', they multiply", async () => {
    const y = factorInput(Y, { name: 'y' });
    const shared = (weights: object, own?: WeightsInput, data: DenseMatrix = X) =>
      nmfLayer(factorShared(input(own, data), y, { weights }), spec());
    const one = await fitted(shared({ x: 5 }, { samples: v, features: u }));
    const other = await fitted(shared({}, { samples: v, features: u.map((x) => 5 * x) }));
    expect(one.a.objective / other.a.objective).toBeCloseTo(1, 9);
    // Balanced, the energy of x is that of its weighted entries, whatever the scale of these.
    const balanced = await fitted(shared({ x: 'balance', y: 'balance' }, { samples: v, entries: E, features: u }));
    const energy = outer({ u, v, e: E }).data.reduce((sum, weight, p) => sum + weight * X.data[p] ** 2, 0);
    const own = Y.data.reduce((sum, x) => sum + x * x, 0);
    const mean = (scale: number) => (energy / scale + own) / 2;
    const scale = Math.max(...v) * Math.max(...u) * Math.max(...E.data);
    // A balanced part is multiplied by its own weight all the same, as by a scalar `weight`.
    const explicit = await fitted(
      shared({ x: mean(scale) / (energy / scale), y: mean(scale) / own }, { samples: v, entries: E, features: u }),
    );
    expect(balanced.a.objective / explicit.a.objective).toBeCloseTo(1, 8);
  });

  test('W is in units of the data, and new samples are led through by the weights of features alone', async () => {
    const fit = await fitted(layer({ features: u, samples: v }), toTheEnd);
    const { a } = await fit.project({ x: X });
    expect(relativeDifference(a?.data ?? new Float64Array(), fit.a.H.data)).toBeLessThan(1e-5);
    const plain = await fitted(layer({ samples: v }), toTheEnd);
    const other = await plain.project({ x: X });
    expect(relativeDifference(other.a?.data ?? new Float64Array(), plain.a.H.data)).toBeLessThan(1e-5);
    const deep = await fitted(nmfLayer(layer({ features: u, entries: E }), { name: 'b', k: 1 }));
    const rebuilt = await deep.reconstruct('x', { through: 'a' });
    const { a: below } = deep as unknown as { a: { W: DenseMatrix; d: Float64Array; H: DenseMatrix } };
    expect(relativeDifference(rebuilt.data, product(below).data)).toBeLessThan(1e-12);
  });

  test('a given start, penalties, a target and refine go with weights', async () => {
    const start = { W: uniform(m, 2, 21), H: uniform(2, n, 22) };
    const own = { features: u, entries: E };
    const fit = await fitted(layer(own, { start, L1: 0.01, L2: 0.1, angular: 0.1, norm: 'none' }), { maxIter: 300 });
    for (let i = 1; i < fit.a.history.length; i++)
      expect(fit.a.history[i].objective).toBeLessThanOrEqual(fit.a.history[i - 1].objective * (1 + 1e-10));
    const refined = await refine(
      await fitted(layer(own)),
      Array.from({ length: n }, (_, j) => j % 2),
      { layer: 'a' },
    );
    expect([...refined.a.H.data, refined.a.loss].every(Number.isFinite)).toBe(true);
  });
});

test('threads change no bit', async () => {
  const [A, weights] = [uniform(150, 90, 31), uniform(150, 90, 32)];
  const net = factorNet(nmfLayer(input(weights, A), spec({ k: 5 })), { seed: 1 });
  const one = await all(net.fit({ threads: 1 }));
  for (const threads of [2, 3, 7]) expect(await all(net.fit({ threads }))).toEqual(one);
});

describe('weights in files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weights-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('a saved fit projects as it did, and a graph file gives the same fit', async () => {
    const output = layer({ features: u, samples: v, entries: toCsc(E) });
    const fit = await factorNet(output, { seed: 1 }).fit();
    const path = join(folder, 'fit.safetensors');
    await saveFit(fit, path);
    const loaded = await loadFit(path);
    expect(await loaded.project({ x: uniform(m, 3, 41) })).toEqual(await fit.project({ x: uniform(m, 3, 41) }));
    for (const inline of [1000, 0]) {
      const file = JSON.parse(JSON.stringify(graphToJSON(output, { seed: 1 }, { inline })));
      const named =
        inline === 0 ? { 'x.weights.features': u, 'x.weights.samples': v, 'x.weights.entries': toCsc(E) } : {};
      const read = graphFromJSON(file, { x: X, ...named });
      expect(await all(factorNet(read.output, read.config).fit())).toEqual(await all(Promise.resolve(fit)));
    }
  });
});

test('explain says which weights there are', () => {
  const text = factorNet(layer({ features: u, samples: v, entries: toCsc(E) }), { seed: 1 }).explain();
  expect(text).toMatchInlineSnapshot(`
    "1 input, 1 layer, 12 samples; seed 1
    prepare
      %0 = load x   9×12 dense, 864 B
      %1 = load x's weights by features   9×1 dense, 72 B
      %2 = load x's weights by samples   1×12 dense, 96 B
      %3 = load x's weights by entries   9×12 sparse, 108 entries, 1.35 kB
    fit
      %4 %5 %6 = nmf %0 k=2   a: W 9×2, H 2×12
          mse by HALS with HER, at most 3 sweeps, weights in each Gram matrix, f64, norm L1, tol 0.0001, at most 100 iterations
          weights: x=6.44402 by features %1 by samples %2 by entries %3
          each: 810 multiply-adds, 3.74 kB moved"
  `);
});
