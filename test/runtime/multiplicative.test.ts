import { describe, expect, test } from 'vitest';
import { type DenseMatrix, factorInput, factorNet, nmfLayer } from '../../src/index.js';
import { dense, toCsc, transpose } from '../../src/matrix.js';
import { meanSquare, multiply, product, relativeDifference } from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { groups } from '../support/textbook-data.js';

const backends = haveNative ? (['reference', 'native'] as const) : (['reference'] as const);
const { V, W, H } = groups();
const UPDATES = 200;

const times = (A: DenseMatrix, up: DenseMatrix, down: DenseMatrix): DenseMatrix =>
  dense(A.rows, A.cols, A.data.map((x, p) => (x * up.data[p]) / (down.data[p] + 1e-9))); // biome-ignore format: one thought

/** The updates as a textbook has them, H first, with 1e-9 in the denominators; the cost after each pair. */
function byHand() {
  let [w, h] = [W, H];
  const cost: number[] = [];
  for (let t = 0; t < UPDATES; t++) {
    h = times(h, multiply(transpose(w), V), multiply(multiply(transpose(w), w), h));
    w = times(w, multiply(V, transpose(h)), multiply(w, multiply(h, transpose(h))));
    cost.push((V.data.length / 2) * meanSquare(V, multiply(w, h)));
  }
  return { cost, model: multiply(w, h) };
}

const steps = (cost: readonly number[]) => cost.slice(1).map((x, t) => x - cost[t]);

test('by hand, the figures of R', () => {
  const { cost } = byHand();
  expect(cost[0]).toBeCloseTo(66.041784067746, 10);
  expect(cost[199]).toBeCloseTo(0.268720221145848, 12);
});

describe.each(backends)("solver 'mu' (%s)", (backend) => {
  const fitOf = async (data: Parameters<typeof factorInput>[0]) => {
    const layer = nmfLayer(factorInput(data, { name: 'v' }), {
      ...{ name: 'parts', k: 3, solver: 'mu', start: { W, H }, maxIter: UPDATES, tol: 0 },
    });
    return (await factorNet(layer).fit({ backend })).parts;
  };

  test('200 updates of the textbook: first, last and largest step, relative error', async () => {
    const parts = await fitOf(V);
    const cost = parts.history.map(({ objective }) => objective);
    expect(parts.iterations).toBe(UPDATES);
    expect(cost).toHaveLength(UPDATES);
    expect(cost[0].toFixed(4)).toBe('66.0418');
    expect(cost[199].toFixed(5)).toBe('0.26872');
    expect(Math.max(...steps(cost)).toExponential(4)).toBe('-4.2108e-4');
    const squares = V.data.reduce((sum, x) => sum + x * x, 0);
    expect(Math.sqrt((V.data.length * parts.loss) / squares).toFixed(5)).toBe('0.02352');
  });

  test('every cost and the model are those by hand, but for the 1e-9 in the denominators', async () => {
    const [parts, hand] = [await fitOf(V), byHand()];
    parts.history.forEach(({ objective, loss }, t) => {
      expect(Math.abs(objective / hand.cost[t] - 1)).toBeLessThan(1e-8);
      expect((loss * V.data.length) / 2).toBeCloseTo(objective, 12);
    });
    expect(relativeDifference(product(parts).data, hand.model.data)).toBeLessThan(1e-8);
  });

  test('the same of a sparse matrix', async () => {
    const [dense, sparse] = [await fitOf(V), await fitOf(toCsc(V))];
    expect(relativeDifference(sparse.H.data, dense.H.data)).toBeLessThan(1e-10);
  });

  test('what is zero stays zero, and nothing is divided by it', async () => {
    const start = { W: dense(60, 3, W.data.map((x, p) => (p < 60 ? 0 : x))), H: dense(3, 40, H.data.map((x, p) => (p % 3 === 0 ? 0 : x))) }; // biome-ignore format: one thought
    const layer = nmfLayer(factorInput(V, { name: 'v' }), {
      name: 'a',
      k: 3,
      solver: 'mu',
      start,
      norm: 'none',
      tol: 0,
    });
    const { a } = await factorNet(layer).fit({ backend });
    expect([...a.W.data, ...a.H.data].every((x) => Number.isFinite(x) && x >= 0)).toBe(true);
    expect(a.H.data.filter((x) => x === 0).length).toBeGreaterThanOrEqual(40);
    expect(Math.max(...steps(a.history.map(({ objective }) => objective)))).toBeLessThanOrEqual(0);
  });
});
