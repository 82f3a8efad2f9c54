import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorConcat,
  factorInput,
  factorNet,
  factorShared,
  type GraphFit,
  type InputOptions,
  type LayerRef,
  nmfLayer,
  svdLayer,
} from '../../src/index.js';
import type { Kernels } from '../../src/kernels/kernels.js';
import { quickestKernels } from '../../src/kernels/select.js';
import { dense } from '../../src/matrix.js';
import { run } from '../../src/runtime/run.js';
import { summarize } from '../../src/runtime/summary.js';
import { sparse, uniform } from '../support/matrices.js';
import { anyGraph, planOf } from '../support/random-graph.js';
import { runs } from '../support/runs.js';

const X = uniform(9, 12, 1);
const x = factorInput(X, { name: 'x' });
const y = factorInput(sparse(5, 12, 2), { name: 'y' });
const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));
const holes = map(X, (v, p) => (p % 7 === 3 ? Number.NaN : v));
const sum = (values: ArrayLike<number> | undefined) => Array.from(values ?? []).reduce((total, v) => total + v, 0);

/** 1 − ‖X − l_r·d_r·h_r‖² / ‖X‖² over what is known, entry by entry. */
function byHand(A: DenseMatrix, L: DenseMatrix | undefined, { d, H }: { d: Float64Array; H: DenseMatrix }) {
  return d.map((scale, r) => {
    let [left, whole] = [0, 0];
    A.data.forEach((v, p) => {
      if (Number.isNaN(v)) return;
      const model = (L?.data[(p % A.rows) + A.rows * r] ?? Number.NaN) * scale * H.data[r + d.length * Math.floor(p / A.rows)]; // biome-ignore format: one thought
      left += (v - model) ** 2;
      whole += v ** 2;
    });
    return 1 - left / whole;
  });
}

function expectNear(found: Float64Array | undefined, wanted: Float64Array, digits = 10): void {
  expect(found).toHaveLength(wanted.length);
  wanted.forEach((value, r) => {
    expect(found?.[r]).toBeCloseTo(value, digits);
  });
}

describe.each(['reference', 'auto'] as const)('what each factor explains, on the %s kernels', (backend) => {
  const fitOf = async (options: Partial<InputOptions<'x'>>, data: DenseMatrix = X) =>
    factorNet(nmfLayer(factorInput(data, { name: 'x', ...options }), { name: 'a', k: 3 }), { seed: 1 }).fit({
      backend,
    });

  test('one layer: the definition, entry by entry, whatever is missing or weighs little', async () => {
    const cases: readonly (readonly [Partial<InputOptions<'x'>>, DenseMatrix, DenseMatrix])[] = [
      [{}, X, X],
      [{}, holes, holes],
      [{ mask: { features: [0, 1], samples: [2, 3] } }, X, map(X, (v, p) => (p === 18 || p === 28 ? Number.NaN : v))],
      [{ weight: 7 }, X, X],
      [{ weights: { features: Array.from({ length: 9 }, (_, i) => 1 / (i + 1)) } }, X, X],
      // What weighs 0 is missing; what weighs little counts like all else.
      [{ weights: map(X, (_, p) => (p === 5 ? 0 : 1 / (1 + p))) }, X, map(X, (v, p) => (p === 5 ? Number.NaN : v))],
    ];
    for (const [options, data, known] of cases) {
      const fit = await fitOf(options, data);
      const { explained, factors } = fit.summary.inputs.x;
      expectNear(factors.a, byHand(known, fit.a.W, fit.a));
      expect(factors.a.every((each) => each <= 1)).toBe(true);
      expectNear((await fit.explained('a')).x, factors.a, 12);
      expect(Math.max(...factors.a)).toBeLessThan(explained);
    }
  });

  test('32 bits: to these', async () => {
    const fit = await factorNet(nmfLayer(x, { name: 'a', k: 3, precision: 'f32' }), { seed: 1 }).fit({ backend });
    expectNear(fit.summary.inputs.x.factors.a, byHand(X, fit.a.W, fit.a), 5);
  });

  test('several inputs, several layers: of the output, in the features of each input', async () => {
    const gappy = factorInput(holes, { name: 'x' });
    const deep = factorShared(gappy, y).nmfLayer({ name: 'a', k: 4 }).nmfLayer({ name: 'b', k: 2 });
    const fit = await factorNet(deep, { seed: 1 }).fit({ backend });
    const { x: ofX, y: ofY } = fit.summary.inputs;
    expect(Object.keys(ofX.factors)).toEqual(['b']);
    expectNear(ofX.factors.b, byHand(holes, (await fit.loadings('b')).x, fit.b));
    expect([ofX.factors, ofY.factors]).toEqual([
      { b: (await fit.explained('b')).x },
      { b: (await fit.explained('b')).y },
    ]);
    // Every layer can be asked.
    expectNear((await fit.explained('a')).x, byHand(holes, fit.a.W.x, fit.a));
    await expect(fit.explained('c' as 'a')).rejects.toMatchObject({ issues: [{ code: 'invalid-option' }] });
  });

  test('several output layers: each by itself, of the inputs that it is made of', async () => {
    const both = factorConcat(nmfLayer(factorShared(x, y), { name: 'a', k: 2 }), svdLayer(x, { name: 's', k: 3 }));
    const fit = await factorNet(both, { seed: 1 }).fit({ backend });
    const { x: ofX, y: ofY } = fit.summary.inputs;
    expect([Object.keys(ofX.factors), Object.keys(ofY.factors)]).toEqual([['a', 's'], ['a']]);
    expectNear(ofX.factors.s, byHand(X, fit.s.W, fit.s));
    expectNear(ofX.factors.a, byHand(X, fit.a.W.x, fit.a));
  });

  test('orthogonal factors add up to what all explain; others need not', async () => {
    const svd = await factorNet(svdLayer(x, { name: 's', k: 4 })).fit({ backend });
    const { explained, factors } = svd.summary.inputs.x;
    expect(sum(factors.s)).toBeCloseTo(explained, 10);
    const { x: ofNmf } = (await fitOf({})).summary.inputs;
    expect(sum(ofNmf.factors.a)).toBeGreaterThan(ofNmf.explained + 0.1);
    const centred = await factorNet(svdLayer(x, { name: 's', k: 4, center: true })).fit({ backend });
    expect(sum(centred.summary.inputs.x.factors.s)).toBeLessThan(centred.summary.inputs.x.explained - 0.1);
  });

  test('symmetric and projective layers', async () => {
    const square = map(dense(6, 6), (_, p) => 1 / (1 + Math.abs((p % 6) - Math.floor(p / 6))));
    for (const form of [{ symmetric: true }, { projective: true }] as const) {
      const layer = nmfLayer(factorInput(square, { name: 'x' }), { name: 'a', k: 2, ...form });
      const fit = await factorNet(layer, { seed: 1 }).fit({ backend });
      expectNear(fit.summary.inputs.x.factors.a, byHand(square, fit.a.W, fit.a));
    }
  });

  test('joint training: of the factors as they were trained', async () => {
    for (const output of [
      x.nmfLayer({ name: 'b', k: 2 }),
      x.nmfLayer({ name: 'a', k: 3 }).nmfLayer({ name: 'b', k: 2 }),
    ]) {
      const net = factorNet(output as LayerRef<'b', 2, 'x', { b: never }>, { seed: 1, training: 'joint', rounds: 5 });
      const fit = await net.fit({ backend });
      expectNear(fit.summary.inputs.x.factors.b, byHand(X, (await fit.loadings('b')).x, fit.b));
    }
  });

  test('a matrix of zeros is explained by factors of zeros, and factors that died explain nothing', async () => {
    const empty = await fitOf({}, dense(9, 12));
    expect(empty.summary.inputs.x.factors.a).toEqual(Float64Array.of(1, 1, 1));
    const layer = nmfLayer(x, { name: 'a', k: 3, L21: 10 });
    const dead = await factorNet(layer, { seed: 1 }).fit({ backend });
    expect([...dead.a.d]).toEqual([0, 0, 0]);
    expect(dead.summary.inputs.x.factors.a).toEqual(Float64Array.of(0, 0, 0));
  });
});

test('any graph: numbers of at most 1 for each output layer, those that the layer has when it is asked', async () => {
  await fc.assert(
    fc.asyncProperty(anyGraph, async (node) => {
      const net = factorNet({ node } as LayerRef, { seed: 5, maxIter: 10 });
      const fit = (await net.fit()) as unknown as GraphFit<Record<string, never>>;
      const narrow = net.plan.fit.some((step) => step.op === 'nmf' && step.args.precision === 'f32');
      for (const layer of net.plan.output) {
        const explained: Record<string, Float64Array | undefined> = await fit.explained(layer);
        for (const [name, { factors }] of Object.entries(fit.summary.inputs)) {
          expect(factors[layer] === undefined).toBe(explained[name] === undefined);
          factors[layer]?.forEach((each, r) => {
            expect(each <= 1 && each > -Infinity).toBe(true);
            expect(Math.abs(each - (explained[name]?.[r] ?? Number.NaN))).toBeLessThan(narrow ? 1e-4 : 1e-9);
          });
        }
      }
    }),
    runs(40),
  );
});

test('one layer over an input as it is: the layer has measured all that a summary needs', async () => {
  const kernels = quickestKernels();
  const never = () => Promise.reject(new Error('measured again'));
  const idle: Kernels = { ...kernels, mse: never, multiply: never, factorLosses: never };
  const { plan, bindings } = planOf(x.nmfLayer({ name: 'a', k: 3 }).node);
  const state = await run(plan, bindings, { kernels, seed: 5 });
  const summary = await summarize(plan, state, idle, { seed: 5, threads: undefined, began: 0 });
  expect(summary.inputs.x.factors.a).toHaveLength(3);
});
