import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  GraphError,
  H,
  loadFit,
  type Matrix,
  type NmfSpec,
  nmfLayer,
  type Ref,
  refine,
  saveFit,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense, gatherRows, toCsc, toDense, transpose } from '../../src/matrix.js';
import {
  meanSquare,
  multiply,
  product,
  relativeDifference,
  rowMajor,
  single,
  sparse,
  uniform,
} from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

const X = uniform(14, 11, 1);
const S = multiply(transpose(X), X);
const changed = (A: DenseMatrix, p: number, x: number) =>
  dense(
    A.rows,
    A.cols,
    A.data.map((old, at) => (at === p ? x : old)),
  );
const layer = (data: Matrix, options: Partial<NmfSpec>) =>
  nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, ...options });
const fitOf = (data: Matrix, options: Partial<NmfSpec>) => factorNet(layer(data, options), { seed: 1 }).fit();

/** The issues of a graph, by code and sentence. */
function issuesOf(graph: Ref, config: GraphConfig = {}): readonly string[] {
  try {
    factorNet(graph as never, config);
  } catch (error) {
    if (error instanceof GraphError)
      return error.issues.map(
        ({ code }, i) => `${code}: ${error.message.split('\n')[i + (error.issues.length > 1 ? 1 : 0)] ?? ''}`,
      );
    throw error;
  }
  return [];
}
const codes = (graph: Ref, config: GraphConfig = {}) => issuesOf(graph, config).map((issue) => issue.split(':')[0]);

describe('symmetric layers', () => {
  test.each(['L1', 'L2', 'none'] as const)(
    'norm %s: H is Wᵀ to the bit, and the reconstruction W·diag(d)·H',
    async (norm) => {
      const fit = await fitOf(S, { symmetric: true, norm });
      expect(fit.a.H.data).toEqual(transpose(fit.a.W).data);
      const back = await fit.reconstruct('x');
      expect(relativeDifference(back.data, transpose(back).data)).toBeLessThan(1e-14);
      expect(relativeDifference(back.data, product(fit.a).data)).toBeLessThan(1e-13);
      expect(meanSquare(S, back) / fit.a.loss).toBeCloseTo(1, 9);
      expect(fit.summary.loss).toBe(fit.a.loss);
      expect(fit.a.method).toBe('nmf');
    },
  );

  test('a new sample is encoded by its similarities', async () => {
    const fit = await fitOf(S, { symmetric: true, norm: 'none', maxIter: 3000, tol: 1e-13 });
    const { a } = await fit.project({ x: transpose(gatherRows(S, [[2, 5]])) });
    expect([a?.rows, a?.cols]).toEqual([3, 3]);
    // At a stationary point every column of H is the minimum for its W.
    for (let j = 0; j < 3; j++)
      for (let r = 0; r < 3; r++) expect(a?.data[r + 3 * j]).toBeCloseTo(fit.a.H.data[r + 3 * (j + 2)], 3);
  });

  test('groups that are planted are found', async () => {
    const groups = dense(12, 3);
    for (let i = 0; i < 12; i++) groups.data[i + (i % 3) * 12] = 1 + i / 12;
    const fit = await fitOf(multiply(groups, transpose(groups)), { symmetric: true, maxIter: 2000, tol: 1e-12 });
    expect(fit.a.loss).toBeLessThan(1e-8);
    for (let i = 0; i < 12; i++) {
      const own = Array.from({ length: 3 }, (_, r) => fit.a.W.data[i + r * 12]);
      expect(own.filter((x) => x > 1e-3).length).toBe(1);
    }
  });

  test('however it is stored; sums in another order are symmetric enough', async () => {
    const one = await fitOf(S, { symmetric: true });
    for (const form of [rowMajor(S), toCsc(S), changed(S, 1, S.data[1] * (1 + 1e-15))])
      expect(relativeDifference((await fitOf(form, { symmetric: true })).a.W.data, one.a.W.data)).toBeLessThan(1e-9);
  });

  test('what is not square, or not symmetric, is refused with its place', () => {
    expect(issuesOf(layer(X, { symmetric: true }))[0]).toMatch(/^invalid-data: .*square.*got 14 × 11/);
    const broken = changed(S, 4 + 2 * 11, 99);
    for (const data of [broken, rowMajor(broken), toCsc(broken)]) {
      const [issue] = issuesOf(layer(data, { symmetric: true }));
      expect(issue).toMatch(/^invalid-data: .*symmetric/);
      expect(issue).toContain('99 at row 4, column 2');
      expect(issue).toContain(`${S.data[2 + 4 * 11]} at row 2, column 4`);
    }
    // The two that differ most, by how much, and what to do: it is symmetric then.
    const [largest, noisy] = [Math.max(...S.data), S.data.map((x, p) => (p === 4 * 11 + 2 ? x * (1 + 1e-9) : x))];
    noisy[5 * 11 + 3] *= 1 + 1e-7;
    const noise = dense(11, 11, noisy);
    const off = (1e-7 * noisy[5 * 11 + 3]) / largest;
    for (const data of [noise, rowMajor(noise), toCsc(noise)]) {
      const [issue] = issuesOf(layer(data, { symmetric: true }));
      expect(issue).toMatch(/at row 5, column 3 and .* at row 3, column 5, .* of the largest magnitude apart/);
      expect(issue).toContain(`${off.toExponential(1)} of`);
      expect(issue).toContain('(X + Xᵀ)/2');
    }
    const mean = dense(11, 11, noisy.map((x, p) => (x + transpose(noise).data[p]) / 2)); // biome-ignore format: one thought
    expect(issuesOf(layer(mean, { symmetric: true }))).toEqual([]);
    // An entry that one side lists and the other doesn't.
    const listed = toDense(sparse(9, 9, 3));
    expect(codes(layer(toCsc(listed), { symmetric: true }))).toEqual(['invalid-data']);
    expect(codes(layer(uniform(150, 150, 2), { symmetric: true }))).toEqual(['invalid-data']);
    expect(codes(layer(changed(multiply(X, transpose(X)), 13, 5), { symmetric: true }))).toEqual(['invalid-data']);
  });

  test('it must read an input', () => {
    const a = nmfLayer(factorInput(X, { name: 'x' }), { name: 'a', k: 11 });
    const spec = { name: 'b', k: 2, symmetric: true } as const;
    expect(codes(nmfLayer(a, spec))).toEqual(['incompatible-options']);
    const s = factorInput(S, { name: 's' });
    expect(codes(nmfLayer(factorShared(s, factorInput(X, { name: 'x' })), spec))).toEqual(['incompatible-options']);
    expect(codes(nmfLayer(factorCondition(s, X), spec))).toEqual(['incompatible-options']);
  });
});

describe('projective layers', () => {
  const wide = factorInput(X, { name: 'x' });
  const other = factorInput(uniform(5, 11, 2), { name: 'y' });

  test.each(['L1', 'L2', 'none'] as const)('norm %s: training samples project onto H', async (norm) => {
    for (const data of [X, toCsc(X), rowMajor(X), single(X)]) {
      const fit = await fitOf(data, { projective: true, norm });
      const { a } = await fit.project({ x: data });
      expect(relativeDifference(fit.a.H.data, (a ?? fit.a.W).data)).toBeLessThan(1e-9);
      expect(meanSquare(data, await fit.reconstruct('x')) / fit.a.loss).toBeCloseTo(1, 9);
    }
  });

  test('a projection is linear: the embedding of a sum is the sum of embeddings', async () => {
    const fit = await fitOf(X, { projective: true });
    const [u, v] = [uniform(14, 2, 5), uniform(14, 2, 6)];
    const sum = dense(14, 2, u.data.map((x, p) => x + v.data[p])); // biome-ignore format: one thought
    const of = async (x: DenseMatrix) => (await fit.project({ x })).a?.data ?? new Float64Array();
    const [a, b] = [await of(u), await of(v)];
    expect(relativeDifference(a.map((x, p) => x + b[p]), await of(sum))).toBeLessThan(1e-13); // biome-ignore format: one thought
  });

  test('shared inputs and conditions: rows stacked; a sample without a modality has no embedding', async () => {
    const graph = nmfLayer(factorCondition(factorShared(wide, other), uniform(2, 11, 3)), {
      ...{ name: 'a', k: 3, projective: true },
    });
    const fit = await factorNet(graph, { seed: 1 }).fit();
    expect([fit.a.W.x.rows, fit.a.W.y.rows, fit.a.Wcondition.rows]).toEqual([14, 5, 2]);
    const whole = await fit.project({ x: X, y: uniform(5, 11, 2) }, { conditions: [uniform(2, 11, 3)] });
    expect(relativeDifference(fit.a.H.data, (whole.a ?? fit.a.Wcondition).data)).toBeLessThan(1e-9);
    expect(await fit.project({ x: X, y: uniform(5, 11, 2) })).toEqual({});
  });

  test('a new sample with a missing entry is missing; the others are not', async () => {
    const fit = await fitOf(X, { projective: true });
    const gap = changed(X, 3 + 2 * 14, Number.NaN);
    const unlisted = { ...toCsc(changed(X, 3 + 2 * 14, 0)), unlisted: 'missing' } as const;
    for (const x of [gap, toCsc(gap), unlisted]) {
      const { a = fit.a.W } = await fit.project({ x });
      for (let j = 0; j < 11; j++)
        for (let r = 0; r < 3; r++)
          if (j === 2) expect(a.data[r + 3 * j]).toBeNaN();
          else expect(a.data[r + 3 * j]).toBeCloseTo(fit.a.H.data[r + 3 * j], 12);
    }
  });

  test('first in a deep graph, and last', async () => {
    const fine = nmfLayer(wide, { name: 'fine', k: 4, projective: true });
    const fit = await factorNet(nmfLayer(fine, { name: 'coarse', k: 2 }), { seed: 1 }).fit();
    const { fine: h } = await fit.project({ x: X });
    expect(relativeDifference(fit.fine.H.data, (h ?? fit.fine.W).data)).toBeLessThan(1e-9);
    expect((await fit.reconstruct('x')).rows).toBe(14);
    expect((await fit.loadings('coarse')).x?.cols).toBe(2);
    const last = nmfLayer(nmfLayer(wide, { name: 'fine', k: 4 }), { name: 'coarse', k: 2, projective: true });
    const deep = await factorNet(last, { seed: 1 }).fit();
    expect(deep.coarse.history.length).toBe(deep.coarse.iterations);
  });

  test('data with negative numbers: W ≥ 0, H of any sign, and no note that it can’t be', async () => {
    const signed = dense(14, 11, X.data.map((x) => x - 0.5)); // biome-ignore format: one thought
    const fit = await fitOf(signed, { projective: true });
    expect(fit.a.W.data.every((x) => x >= 0)).toBe(true);
    expect(fit.a.H.data.some((x) => x < 0)).toBe(true);
    expect(fit.summary.notes).toEqual([]);
    expect((await fitOf(multiply(transpose(signed), signed), { symmetric: true })).summary.notes.length).toBe(1);
    const deep = nmfLayer(layer(signed, { projective: true }), { name: 'b', k: 2 });
    expect((await factorNet(deep, { seed: 1 }).fit()).summary.notes.join()).toMatch(/negative/);
  });

  test.skipIf(!haveSharedData || !haveNative)(
    `aml: parts that hardly overlap, at nearly the loss of an NMF${skipReason}`,
    async () => {
      const aml = factorInput(readNpy('aml.npy'), { name: 'aml' });
      for (const seed of [1, 2, 3, 4, 5]) {
        const net = factorNet(nmfLayer(aml, { name: 'a', k: 6, projective: true, norm: 'L2' }), { seed });
        const { a } = await net.fit();
        const G = multiply(transpose(a.W), a.W).data;
        const apart = (G.reduce((sum, x) => sum + x, 0) - 6) / 30;
        expect(apart).toBeLessThanOrEqual(0.19);
        expect(a.loss).toBeLessThanOrEqual(0.028);
      }
    },
  );
});

describe.each(['symmetric', 'projective'] as const)('%s layers', (form) => {
  const data = form === 'symmetric' ? S : X;
  const own = { [form]: true };

  test('the plan says how', () => {
    const text = factorNet(layer(data, { ...own, restarts: 3, seed: 4 })).explain();
    expect(text).toContain(`${form} nmf %0 k=3   a: W ${data.rows}×3, H 3×11`);
    expect(text).toMatch(
      /mse by exact steps along HALS, at most \d+ sweeps, H = WᵀX?, f64, norm L1, tol 0.0001, at most 100 iterations, best of 3 starts, seed 4/,
    );
    expect(factorNet(layer(data, own)).toMermaid()).toContain(`${form} nmf k=3`);
    const [step] = factorNet(layer(data, own)).plan.fit;
    const limits = { maxIter: 100, tol: 1e-4, norm: 'L1', restarts: 1 };
    const start = { from: 'random', seed: null, stream: 0 };
    expect(step).toEqual({
      ...{ op: 'tied', layer: 'a', read: '%0', write: { W: '%1', d: '%2', H: '%3' } },
      args: { k: 3, form, sweeps: step.op === 'tied' ? step.args.sweeps : 0, ...limits, start },
    });
  });

  test('saved and read: the same to the bit, and projects alike', async () => {
    const fit = await fitOf(data, own);
    const path = join(await mkdtemp(join(tmpdir(), 'tied-')), 'fit.safetensors');
    await saveFit(fit, path);
    const read = await loadFit(path);
    expect(read.layers.a).toEqual(fit.a);
    expect(await read.project({ x: data })).toEqual(await fit.project({ x: data }));
  });

  test('one seed, one fit; restarts keep the best of the race; the reference agrees', async () => {
    const one = await fitOf(data, own);
    expect((await fitOf(data, own)).a).toEqual(one.a);
    const raced = await fitOf(data, { ...own, restarts: 4 });
    expect(raced.a.restart).toBeLessThan(4);
    const net = factorNet(layer(data, { ...own, maxIter: 10 }), { seed: 1 });
    const [native, reference] = [await net.fit(), await net.fit({ backend: 'reference' })];
    expect(relativeDifference(native.a.W.data, reference.a.W.data)).toBeLessThan(1e-9);
  });

  test("can't be guided: its H is what W makes of it", async () => {
    const fit = await fitOf(data, own);
    const issues = [{ code: 'invalid-option', option: 'layer', got: 'a' }];
    await expect(refine(fit, Array.from({ length: 11 }, (_, j) => j % 2), { layer: 'a' })).rejects.toMatchObject({ issues }); // biome-ignore format: one thought
  });

  test('cancelled by its signal', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(factorNet(layer(data, own), { seed: 1 }).fit({ signal })).rejects.toThrow('enough');
  });

  const refused: readonly [string, Partial<NmfSpec>, GraphConfig, RegExp][] = [
    ['both forms', { symmetric: true, projective: true }, {}, /not both/],
    ['another solver', { solver: 'mu' }, {}, /solver: 'mu'/],
    ['another solver of the graph', {}, { solver: 'bpp' }, /solver: 'bpp'/],
    ['extrapolation', { accelerate: 'her' }, {}, /accelerate: 'her'/],
    ['32 bits', { precision: 'f32' }, {}, /precision: 'f32'/],
    ['joint training', {}, { training: 'joint' }, /training: 'joint'/],
    ['a start that is computed', { start: 'nndsvd' }, {}, /start: 'nndsvd'/],
    ['a start that is given', { start: { W: uniform(data.rows, 3, 1), H: uniform(3, 11, 1) } }, {}, /start: an object/],
    ['a W of any sign', { nonneg: { W: false } }, {}, /W\.nonneg: false/],
    ['an H of any sign', { H: H({ nonneg: false }) }, {}, /H\.nonneg: false/],
    ['L1', { L1: 0.1 }, {}, /W\.L1: 0\.1, H\.L1: 0\.1/],
    ['L2', { W: W({ L2: 0.2 }) }, {}, /W\.L2: 0\.2/],
    ['L21', { L21: 0.1 }, {}, /W\.L21: 0\.1, H\.L21: 0\.1/],
    ['an upper bound', { W: W({ upperBound: 1 }), norm: 'none' }, {}, /W\.upperBound: 1/],
    ['a target', { H: H({ target: uniform(3, 11, 2), targetLambda: 0.5 }) }, {}, /H\.target: an object/],
    ['a weight without its graph', { H: H({ graphLambda: 0.5 }) }, {}, /H\.graphLambda: 0\.5/],
    ['a target without its weight', { W: W({ target: uniform(11, 3, 2) }) }, {}, /W\.target: an object/],
  ];
  test.each(refused)('refused: %s', (_, options, config, text) => {
    // With both forms a matrix that is not symmetric is a second fault.
    const [issue, ...more] = issuesOf(layer(S, { ...own, ...options }), config);
    expect(issue).toMatch(/^incompatible-options/);
    expect(issue).toMatch(text);
    if (!('start' in options)) expect(more).toEqual([]);
  });

  test('refused: weights', () => {
    const weighed = factorInput(data, { name: 'x', weight: 2 });
    expect(codes(nmfLayer(weighed, { name: 'a', k: 2, ...own }))).toEqual(['incompatible-options']);
    const one = factorInput(data, { name: 'x', weight: 1 });
    expect(codes(nmfLayer(one, { name: 'a', k: 2, ...own }))).toEqual([]);
  });

  test('refused: missing entries', () => {
    expect(codes(layer(changed(S, 0, Number.NaN), own))).toEqual(['incompatible-options']);
  });

  test('allowed: what it does anyway', () => {
    const options = {
      ...own,
      accelerate: 'none',
      precision: 'f64',
      solver: 'hals',
      sweeps: 2,
      nonneg: true,
      L1: 0,
    } as const;
    expect(issuesOf(layer(data, options))).toEqual([]);
    expect(issuesOf(layer(data, { symmetric: false, projective: false, [form]: true }))).toEqual([]);
    expect(codes(layer(data, { [form]: 'yes' as never }))).toEqual(['invalid-option']);
    expect(codes(svdLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 2, ...(own as object) } as never))).toEqual(
      ['unknown-option'],
    );
  });
});
