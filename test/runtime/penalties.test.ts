import { describe, expect, test } from 'vitest';
import { computeTarget, factorInput, factorNet, H, type NmfSpec, nmfLayer, separability, W } from '../../src/index.js';
import { column, type DenseMatrix, dense, toCsc } from '../../src/matrix.js';
import { hawaiiBirds } from '../support/birds.js';
import { relativeDifference, uniform } from '../support/matrices.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

const rising = (values: readonly number[]) => values.every((x, i) => i === 0 || x > values[i - 1]);

describe.skipIf(!haveSharedData)(`guidance on hawaiibirds${skipReason}`, () => {
  const { X, islands, places } = haveSharedData ? hawaiiBirds() : { X: toCsc(dense(1, 1)), islands: [], places: [] };
  const birds = factorInput(X, { name: 'birds' });
  const fit = (options: Partial<NmfSpec>, seed: number) =>
    factorNet(nmfLayer(birds, { name: 'a', k: 8, ...options }), { seed }).fit();

  test.each([1, 2, 3])('seed %i: separability rises with the weight of the islands, at little cost', async (seed) => {
    const plain = await fit({}, seed);
    const target = computeTarget(plain.a.H, islands);
    const found = new Map<number, { readonly apart: number; readonly loss: number }>();
    for (const targetLambda of [-1, -0.3, -0.1, 0, 0.1, 0.3, 1]) {
      const guided = await fit({ H: H({ target, targetLambda }), start: { W: plain.a.W, H: plain.a.H } }, seed);
      found.set(targetLambda, { apart: separability(guided.a.H, islands), loss: guided.a.loss });
    }
    expect(rising([...found.values()].map(({ apart }) => apart))).toBe(true);
    expect(found.get(0.3)?.apart).toBeGreaterThanOrEqual(1);
    expect(found.get(0.3)?.loss).toBeLessThanOrEqual(0.0045);
    expect(found.get(1)?.apart).toBeGreaterThanOrEqual(3.5);
    expect(found.get(1)?.loss).toBeLessThanOrEqual(0.0058);
    expect(found.get(-1)?.apart).toBeLessThanOrEqual(0.15);
    expect(found.get(-1)?.loss).toBeLessThanOrEqual(0.0054);
  });

  test('a guided second layer', async () => {
    const fine = nmfLayer(birds, { name: 'fine', k: 12 });
    const plain = await factorNet(nmfLayer(fine, { name: 'coarse', k: 6 }), { seed: 1 }).fit();
    const target = computeTarget(plain.coarse.H, islands);
    const apart = async (targetLambda: number) => {
      const layer = nmfLayer(fine, { name: 'coarse', k: 6, H: H({ target, targetLambda }) });
      const guided = await factorNet(layer, { seed: 1 }).fit();
      expect(guided.fine.H.data).toEqual(plain.fine.H.data);
      return separability(guided.coarse.H, islands);
    };
    const found = [
      await apart(-1),
      await apart(-0.3),
      separability(plain.coarse.H, islands),
      await apart(0.3),
      await apart(1),
    ];
    expect(rising(found)).toBe(true);
    expect(found[4]).toBeGreaterThan(3 * found[2]);
  });

  test('cells that lie side by side become alike', async () => {
    const graph = nearest(places, 4);
    const rough: number[] = [];
    for (const graphLambda of [0, 0.01, 0.1, 1]) {
      const { a } = await fit({ H: H({ graph, graphLambda }), maxIter: 300 }, 1);
      // Of rows of length 1, so that no scale hides what they do.
      const lengths = Array.from({ length: 8 }, (_, r) => Math.hypot(...a.H.data.filter((_, p) => p % 8 === r)));
      rough.push(differences(a.H, graph, lengths));
    }
    expect(rising(rough.toReversed())).toBe(true);
    expect(rough[3]).toBeLessThan(rough[0] / 10);
  });
});

/** Who is among the nearest of whom. */
function nearest(places: readonly (readonly [number, number])[], count: number) {
  const n = places.length;
  const a = dense(n, n);
  places.forEach(([y, x], i) => {
    const others = places.map(([v, u], j) => ({ j, distance: (v - y) ** 2 + (u - x) ** 2 })).filter(({ j }) => j !== i);
    others.sort((one, other) => one.distance - other.distance || one.j - other.j);
    for (const { j } of others.slice(0, count)) a.data[i + j * n] = a.data[j + i * n] = 1;
  });
  return toCsc(a);
}

function differences(H: DenseMatrix, graph: ReturnType<typeof toCsc>, lengths: readonly number[]): number {
  let sum = 0;
  for (let j = 0; j < graph.cols; j++) {
    for (let p = graph.indptr[j]; p < graph.indptr[j + 1]; p++) {
      const [x, y] = [column(H, graph.indices[p]), column(H, j)];
      x.forEach((value, r) => {
        sum += graph.values[p] * ((value - y[r]) / (lengths[r] || 1)) ** 2;
      });
    }
  }
  return sum;
}

describe('penalties of layers', () => {
  const X = uniform(20, 15, 4);
  const x = factorInput(X, { name: 'x' });
  const fit = (options: Partial<NmfSpec>) =>
    factorNet(nmfLayer(x, { name: 'a', k: 3, maxIter: 300, tol: 1e-8, ...options }), { seed: 3 }).fit();

  test('what is said of the layer holds for both factors, and W() and H() say otherwise', async () => {
    const both = await fit({ angular: 0.1, L21: 0.001 });
    const each = await fit({ W: W({ angular: 0.1, L21: 0.001 }), H: H({ angular: 0.1, L21: 0.001 }) });
    expect(both.a.W.data).toEqual(each.a.W.data);
    const { plan } = factorNet(nmfLayer(x, { name: 'a', k: 3, norm: 'none', upperBound: 2, H: H({ upperBound: 3 }) }));
    const [step] = plan.fit;
    expect(step.op === 'nmf' && [step.args.W.upperBound, step.args.H.upperBound]).toEqual([2, 3]);
  });

  test('bounds hold in what is returned', async () => {
    const { a } = await fit({ norm: 'none', upperBound: 0.6 });
    expect([...a.W.data, ...a.H.data].every((value) => value >= 0 && value <= 0.6)).toBe(true);
    expect(Array.from(a.d)).toEqual([1, 1, 1]);
  });

  test('where nothing is left of a layer a note says so', async () => {
    const dead = await fit({ L21: 100 });
    expect(dead.a.d.every((value) => value === 0)).toBe(true);
    expect(dead.summary.notes).toEqual(['a: all factors have died; lower its penalties']);
    expect((await fit({})).summary.notes).toEqual([]);
  });

  test('of a target of weight 0 nothing is left', () => {
    const spec = { name: 'a', k: 3 } as const;
    const target = {
      target: uniform(3, 15, 1),
      targetLambda: 0,
      targetScale: 'none' as const,
      graph: dense(15, 15),
      graphLambda: 0,
    };
    expect(factorNet(nmfLayer(x, { ...spec, H: H(target) })).plan).toEqual(factorNet(nmfLayer(x, spec)).plan);
  });

  test('training samples are projected to their H where nothing ties samples to each other', async () => {
    const terms: readonly Partial<NmfSpec>[] = [
      { angular: 0.05 },
      { L21: 0.002 },
      { norm: 'none', upperBound: 0.5 },
      { W: W({ graph: ring(20), graphLambda: 0.1 }), H: H({ angular: 0.05, L1: 0.01 }) },
      { W: W({ target: uniform(20, 3, 8), targetLambda: -0.5, L2: 0.1 }) },
    ];
    for (const options of terms) {
      const trained = await fit({ ...options, maxIter: 20_000, tol: 1e-15 });
      const { a } = await trained.project({ x: X });
      expect(relativeDifference(a?.data ?? new Float64Array(), trained.a.H.data)).toBeLessThan(1e-6);
    }
  });

  test('aml: semi-NMF of signed data beats NMF', async () => {
    const data = haveSharedData ? readNpy('aml.npy') : uniform(60, 30, 5);
    const mean = data.data.reduce((sum, value) => sum + value, 0) / data.data.length;
    const signed = factorInput(dense(data.rows, data.cols, data.data.map((value) => value - mean)), { name: 'x' }); // biome-ignore format: one thought
    const loss = async (nonneg: boolean) =>
      (await factorNet(nmfLayer(signed, { name: 'a', k: 6, nonneg: { W: nonneg } }), { seed: 1 }).fit()).a.loss;
    expect(await loss(false)).toBeLessThan(0.9 * (await loss(true)));
  });
});

function ring(length: number): DenseMatrix {
  const a = dense(length, length);
  for (let i = 0; i < length; i++) {
    const next = (i + 1) % length;
    a.data[i + next * length] = a.data[next + i * length] = 1;
  }
  return a;
}
