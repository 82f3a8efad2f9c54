import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  type GraphFit,
  H,
  type LayerRef,
  loadFit,
  type Matrix,
  type NmfSpec,
  nmfLayer,
  type Ref,
  row,
  saveFit,
  W,
  type Weight,
} from '../../src/index.js';
import { dense, stackDense, storedValues, toCsc, toDense } from '../../src/matrix.js';
import { weighBlock } from '../../src/runtime/weights.js';
import {
  multiply,
  product,
  relativeDifference,
  rowMajor,
  scaled,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { runs } from '../support/runs.js';

const n = 14;
const X = uniform(8, n, 1);
const Y = sparse(6, n, 2, 2);
const Z = uniform(2, n, 3);
const inputs = (weights: { readonly x?: Weight; readonly y?: Weight } = {}, A: Matrix = X, B: Matrix = Y) => ({
  x: factorInput(A, { name: 'x', weight: weights.x }),
  y: factorInput(B, { name: 'y', weight: weights.y }),
});
const spec = (more: Partial<NmfSpec> = {}) => ({ name: 'a', k: 3, ...more }) as const;
/** A joint layer over two modalities that are weighed in factorShared. */
const joint = (x: Weight, y: Weight, more: Partial<NmfSpec> = {}, A: Matrix = X, B: Matrix = Y) => {
  const given = inputs({}, A, B);
  return nmfLayer(factorShared(given.x, given.y, { weights: { x, y } }), spec(more));
};
const bits = ({ W, d, H }: { readonly W: object; readonly d: Float64Array; readonly H: DenseMatrix }) => ({ W, d, H });
const near = (A: DenseMatrix | undefined, B: DenseMatrix) => relativeDifference(B.data, (A ?? dense(0, 0)).data);
const energy = (A: Matrix) => Array.from(storedValues(A)).reduce((sum, v) => sum + v * v, 0);
const columnSums = (A: DenseMatrix) =>
  Array.from({ length: A.cols }, (_, r) =>
    A.data.subarray(r * A.rows, (r + 1) * A.rows).reduce((sum, v) => sum + v, 0),
  );

/** What the graphs here have in common; what they don't have, tests don't look at. */
type Fitted = GraphFit<{ a: 'x' | 'y'; below: never }, 'x' | 'y'>;

describe.each(['reference', 'auto'] as const)('weights, on the %s kernels', (backend) => {
  const run = async (output: Ref, more: GraphConfig = {}): Promise<Fitted> => {
    const net = factorNet(output as LayerRef<'a'>, { seed: 5, maxIter: 60, ...more });
    return (await net.fit({ backend })) as unknown as Fitted;
  };

  test('weights of 1 are none, and four times all weights change no bit', async () => {
    const { x, y } = inputs();
    const plain = await run(nmfLayer(factorShared(x, y), spec()));
    const ones = await run(joint(1, 1));
    expect(factorNet(joint(1, 1)).plan).toEqual(factorNet(nmfLayer(factorShared(x, y), spec())).plan);
    expect(bits(ones.a)).toEqual(bits(plain.a));
    const fours = await run(joint(4, 4));
    expect(bits(fours.a)).toEqual(bits(plain.a));
    expect(fours.a.objective).toBe(4 * plain.a.objective);
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0.01, max: 100 }), fc.double({ min: 0.01, max: 100 }), async (w, v) => {
        const one = await run(joint(w, v));
        const four = await run(joint(4 * w, 4 * v));
        expect(bits(four.a)).toEqual(bits(one.a));
        expect(four.a.objective / one.a.objective).toBeCloseTo(4, 12);
      }),
      runs(5),
    );
  });

  test('a weighted fit is the fit of data scaled by hand, in units of the data again', async () => {
    const [w, v] = [2.5, 0.3];
    const heldTo = [
      {},
      { norm: 'L2' },
      { norm: 'none' },
      { H: H({ L1: 0.05 }), L2: 0.1 },
      { W: W({ L21: 0.01, angular: 0.1 }) },
      { start: 'nndsvda' },
      { restarts: 3 },
      { solver: 'bpp' },
    ] as const;
    for (const more of heldTo) {
      const weighted = await run(joint(w, v, more));
      const hand = await run(
        joint(1, 1, more, scaled(X, Math.sqrt(w)), { ...Y, values: Y.values.map((t) => t * Math.sqrt(v)) }),
      );
      const [a, b] = [weighted.a, hand.a];
      expect(Math.abs(a.objective / b.objective - 1)).toBeLessThan(1e-12);
      expect(Math.abs(a.loss / b.loss - 1)).toBeLessThan(1e-12);
      // W·diag(d)·H is what was found by hand, over the roots.
      for (const [name, root] of [
        ['x', Math.sqrt(w)],
        ['y', Math.sqrt(v)],
      ] as const) {
        const found = product({ W: a.W[name], d: a.d, H: a.H });
        const byHand = scaled(product({ W: b.W[name], d: b.d, H: b.H }), 1 / root);
        expect(relativeDifference(byHand.data, found.data)).toBeLessThan(1e-10);
      }
      const whole = stackDense([a.W.x, a.W.y]);
      if (!('norm' in more)) for (const sum of columnSums(whole)) expect(sum).toBeCloseTo(1, 12);
      const falling = [...a.d].every((d, r) => r === 0 || d <= a.d[r - 1]);
      expect(falling).toBe(true);
      // The summary is in units of the data, about each input alone.
      const estimate = multiply(a.W.x, scaledRows(a.H, a.d));
      const squares = X.data.reduce((sum, t, p) => sum + (t - estimate.data[p]) ** 2, 0);
      expect(weighted.summary.inputs.x.loss / (squares / X.data.length)).toBeCloseTo(1, 9);
    }
  });

  test('targets are in units of the data, and factors that are drawn to them stay in their order', async () => {
    const target = uniform(14, 3, 40);
    const terms = (T: DenseMatrix, targetLambda: number) => ({
      W: W({ target: T, targetLambda, ...(targetLambda > 0 ? { targetScale: 'none' } : {}) }),
    });
    const [w, v] = [2.5, 0.3];
    const heavy = dense(
      14,
      3,
      target.data.map((t, p) => t * Math.sqrt(p % 14 < 8 ? w : v)),
    );
    const Yv = { ...Y, values: Y.values.map((t) => t * Math.sqrt(v)) };
    for (const lambda of [0.2, -0.3]) {
      const { a } = await run(joint(w, v, terms(target, lambda)));
      const { a: b } = await run(joint(1, 1, terms(heavy, lambda), scaled(X, Math.sqrt(w)), Yv));
      expect(Math.abs(a.objective / b.objective - 1)).toBeLessThan(1e-12);
      for (let r = 0; r < 3 && lambda > 0; r++)
        expect(relativeDifference(row(b.H, r), row(a.H, r))).toBeLessThan(1e-10);
    }
  });

  test('the objective is the sum of the weighted halves of squares', async () => {
    const { a, summary } = await run(joint(3, 0.5));
    const half = ({ loss, rows, cols }: { loss: number; rows: number; cols: number }) => (loss * rows * cols) / 2;
    const J = 3 * half(summary.inputs.x) + 0.5 * half(summary.inputs.y);
    expect(a.objective / J).toBeCloseTo(1, 9);
    expect(a.loss / ((2 * J) / (14 * n))).toBeCloseTo(1, 9);
    expect(a.history.at(-1)?.loss).toBe(a.loss);
  });

  test('a weight on the only block scales what is minimised, and nothing else', async () => {
    for (const [weight, data] of [
      [7, X],
      [0.3, toCsc(X)],
      [2, single(X)],
      [5, rowMajor(X)],
    ] as const) {
      const plain = await run(nmfLayer(factorInput(data, { name: 'x' }), spec()));
      const heavy = await run(nmfLayer(factorInput(data, { name: 'x', weight }), spec()));
      const close = data === X || data.kind === 'csc' || data.order === 'rows' ? 1e-9 : 1e-3;
      expect(Math.abs(heavy.a.objective / plain.a.objective / weight - 1)).toBeLessThan(close);
      expect(relativeDifference(plain.a.d, heavy.a.d)).toBeLessThan(close);
      expect(near(heavy.a.W as never, plain.a.W as never)).toBeLessThan(close);
      expect(near(heavy.a.H, plain.a.H)).toBeLessThan(close);
      expect(Math.abs(heavy.summary.loss / plain.summary.loss - 1)).toBeLessThan(close);
    }
  });

  test('balanced, the result does not see how large the numbers of a modality are', async () => {
    const end = { tol: 1e-9, maxIter: 400 };
    const one = await run(joint('balance', 'balance'), end);
    const other = await run(joint('balance', 'balance', {}, scaled(X, 1000)), end);
    const all = inputs({}, scaled(X, 1000));
    const short = await run(nmfLayer(factorShared(all.x, all.y, { weights: 'balance' }), spec()), end);
    expect(bits(short.a)).toEqual(bits(other.a));
    expect(near(other.a.H, one.a.H)).toBeLessThan(1e-6);
    const estimate = (found: typeof one, name: 'x' | 'y') =>
      product({ W: found.a.W[name], d: found.a.d, H: found.a.H });
    expect(near(estimate(other, 'x'), scaled(estimate(one, 'x'), 1000))).toBeLessThan(1e-6);
    expect(near(estimate(other, 'y'), estimate(one, 'y'))).toBeLessThan(1e-6);
    // Without it, it does.
    const plain = await run(joint(1, 1), end);
    const swayed = await run(joint(1, 1, {}, scaled(X, 1000)), end);
    expect(near(swayed.a.H, plain.a.H)).toBeGreaterThan(1e-3);
  });

  test('balance gives each part the mean energy of all that the layer reads, and numbers multiply', async () => {
    const mean = (energy(X) + energy(Y) + energy(Z)) / 3;
    const { x, y } = inputs({ x: 2, y: 'balance' });
    const told = factorCondition(factorShared(x, y, { weights: { x: 'balance', y: 3 } }), Z, { weight: 0.5 });
    const plain = inputs();
    const exact = factorCondition(
      factorShared(plain.x, plain.y, { weights: { x: (2 * mean) / energy(X), y: (3 * mean) / energy(Y) } }),
      Z,
      { weight: 0.5 },
    );
    const [one, other] = [await run(nmfLayer(told, spec())), await run(nmfLayer(exact, spec()))];
    expect(one.a.objective / other.a.objective).toBeCloseTo(1, 9);
    expect(near(one.a.H, other.a.H)).toBeLessThan(1e-6);
    // What is missing has no energy, and a part of zeros keeps its weight.
    const gaps = dense(
      8,
      n,
      X.data.map((t, p) => (p % 5 === 1 ? Number.NaN : t)),
    );
    const zeros = factorInput(dense(3, n), { name: 'z', weight: 'balance' });
    const odd = factorShared(factorInput(gaps, { name: 'x', weight: 'balance' }), zeros, plain.y);
    const { a } = await run(nmfLayer(odd, spec()));
    expect([...a.H.data, a.objective].every(Number.isFinite)).toBe(true);
  });

  test('embeddings are weighed too, as they are when they are read', async () => {
    const { x, y } = inputs();
    const below = nmfLayer(x, { name: 'below', k: 3 });
    const balanced = await run(nmfLayer(factorShared(below, y, { weights: 'balance' }), spec()));
    const { H: h, d } = balanced.below;
    const E = scaledRows(h, d);
    const mean = (energy(E) + energy(Y)) / 2;
    const weights = { below: mean / energy(E), y: mean / energy(Y) };
    const told = await run(nmfLayer(factorShared(below, y, { weights }), spec()));
    expect(near(told.a.H, balanced.a.H)).toBeLessThan(1e-9);
  });

  test('given starts are those of the data: a fit goes on from where it was', async () => {
    const once = await run(joint(2, 0.25), { maxIter: 3000, tol: 1e-13 });
    const W = stackDense([once.a.W.x, once.a.W.y]);
    const start = { W, H: scaledRows(once.a.H, once.a.d) };
    const again = await run(joint(2, 0.25, { start, maxIter: 1, accelerate: 'none' }));
    expect(again.a.objective / once.a.objective).toBeCloseTo(1, 9);
  });

  test('the samples of the fit are projected to the embeddings of the fit, whatever the weights', async () => {
    const end = { maxIter: 30_000, tol: 1e-15 };
    const { x, y } = inputs({ x: 'balance' });
    const shared = factorShared(x, y, { weights: { x: 0.2, y: 3 } });
    const graphs = [
      nmfLayer(shared, spec()),
      nmfLayer(shared, spec({ W: W({ target: uniform(14, 3, 40), targetLambda: -0.3 }) })),
      nmfLayer(factorCondition(shared, Z, { weight: 4 }), spec({ H: H({ L1: 0.02 }) })),
      nmfLayer(
        factorCondition(nmfLayer(factorShared(x, y, { weights: 'balance' }), { name: 'below', k: 4 }), Z, {
          weight: 'balance',
        }),
        spec(),
      ),
    ];
    for (const graph of graphs) {
      const result = await run(graph, end);
      const conditions = graphs.indexOf(graph) < 2 ? [] : [Z];
      const found = await result.project({ x: X, y: Y }, { conditions });
      expect(near(found.a, result.a.H)).toBeLessThan(1e-6);
      const half = await result.project({ y: Y });
      expect(half.a?.data.every(Number.isFinite)).toBe(true);
    }
  });

  test('in 32 bits, blocks stay in 32 bits', async () => {
    const narrow = joint(2, 0.5, {}, single(X), single(Y));
    expect(factorNet(narrow).explain()).toContain('f32');
    const [one, other] = [await run(narrow), await run(joint(2, 0.5))];
    expect(Math.abs(one.a.objective / other.a.objective - 1)).toBeLessThan(1e-4);
    for (const block of [single(X), single(Y), rowMajor(single(X))]) {
      const { matrix } = await weighBlock(block, 1.5);
      expect(storedValues(matrix)).toEqual(storedValues(block).map((v) => v * 1.5));
    }
  });
});

test('native and reference kernels agree on weighted graphs', async () => {
  const graph = joint('balance', 3);
  const [one, other] = await Promise.all(
    (['reference', 'auto'] as const).map((backend) => factorNet(graph, { seed: 2, maxIter: 40 }).fit({ backend })),
  );
  expect(near(other.a.H, one.a.H)).toBeLessThan(1e-9);
  expect(near(other.a.W.x, one.a.W.x)).toBeLessThan(1e-9);
});

test('aligned inputs are weighed like others', async () => {
  const x = factorInput(X, { name: 'x', sampleNames: [...'abcdefghijklmn'] });
  const y = factorInput(Y, { name: 'y', sampleNames: [...'nmlkjihgfedcba'] });
  const flipped = dense(6, n);
  for (let j = 0; j < n; j++)
    for (let i = 0; i < 6; i++) flipped.data[i + 6 * j] = toDense(Y).data[i + 6 * (n - 1 - j)];
  const weights = { x: 'balance', y: 2 } as const;
  const one = await factorNet(nmfLayer(factorShared(x, y, { samples: 'union', weights }), spec()), { seed: 1 }).fit();
  const byHand = inputs({}, X, toCsc(flipped));
  const other = await factorNet(nmfLayer(factorShared(byHand.x, byHand.y, { weights }), spec()), { seed: 1 }).fit();
  expect([one.a.d, one.a.H.data]).toEqual([other.a.d, other.a.H.data]);
});

test('the plan is JSON and says how much each block counts', () => {
  const { x, y } = inputs({ x: 2 });
  const net = factorNet(nmfLayer(factorCondition(factorShared(x, y, { weights: { x: 3, y: 'balance' } }), Z), spec()), {
    seed: 1,
  });
  expect(net.explain()).toContain('\n      weights: x=6, y=balanced, condition 1=1\n');
  expect(factorNet(nmfLayer(inputs({ x: 0.5 }).x, spec())).explain()).toContain('weights: x=0.5\n');
  expect(factorNet(joint(1, 1)).explain()).not.toContain('weights');
  expect(JSON.parse(JSON.stringify(net.plan))).toEqual(net.plan);
});

describe('a saved fit', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'weights-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('projects with the weights of the fit', async () => {
    const fit = await factorNet(joint('balance', 2), { seed: 1 }).fit();
    const path = join(folder, 'fit');
    await saveFit(fit, path);
    const read = await loadFit(path);
    expect(read.layers.a).toEqual(fit.a);
    const fresh = { x: uniform(8, 3, 7), y: uniform(6, 3, 8) };
    expect(await read.project(fresh)).toEqual(await fit.project(fresh));
    const plain = await factorNet(joint(1, 1), { seed: 1 }).fit();
    expect(near((await fit.project(fresh)).a, (await plain.project(fresh)).a ?? X)).toBeGreaterThan(1e-3);
  });
});

test('weights that take an embedding beyond what numbers hold end in an error with a name', async () => {
  const embedding = nmfLayer(factorInput(scaled(X, 1e4), { name: 'x' }), { name: 'below', k: 2 });
  const heavy = factorShared(embedding, factorInput(Y, { name: 'y' }), { weights: { below: 1e279 } });
  await expect(factorNet(nmfLayer(heavy, spec())).fit()).rejects.toMatchObject({ code: 'non-finite', layer: 'a' });
});

function scaledRows(A: DenseMatrix, d: Float64Array): DenseMatrix {
  return dense(
    A.rows,
    A.cols,
    A.data.map((t, p) => t * d[p % A.rows]),
  );
}
