import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  GraphError,
  type GraphFit,
  H,
  loadFit,
  nmfLayer,
  type Ref,
  saveFit,
  svdLayer,
} from '../../src/index.js';
import type { DenseMatrix } from '../../src/matrix.js';
import { dense, rowRange, scaleRows, toDense } from '../../src/matrix.js';
import { multiply } from '../../src/runtime/reconstruct.js';
import { issuesOf } from '../support/issues.js';
import { lowRank, relativeDifference, sparse, uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

const noisy = (rows: number, cols: number, k: number, seed: number): DenseMatrix => {
  const noise = uniform(rows, cols, seed + 50);
  return dense(rows, cols, lowRank(rows, cols, k, seed).data.map((x, p) => x + 0.3 * noise.data[p])); // biome-ignore format: one thought
};
const x = factorInput(noisy(20, 16, 3, 1), { name: 'x' });
const y = factorInput(sparse(13, 16, 2), { name: 'y' });
const fine = nmfLayer(x, { name: 'fine', k: 6 });
const other = nmfLayer(y, { name: 'other', k: 4 });

const low = nmfLayer(x, { name: 'low', k: 3 });
const z = factorInput(noisy(9, 16, 3, 7), { name: 'z' });
const [a, b, c] = [
  nmfLayer(x, { name: 'a', k: 3 }),
  nmfLayer(y, { name: 'b', k: 3 }),
  nmfLayer(z, { name: 'c', k: 3 }),
];
const sum = factorAdd(a, b);
const fourth = nmfLayer(factorShared(x, z), { name: 'fourth', k: 3 });
const mixed = nmfLayer(x, { name: 'mixed', k: 4, nonneg: { H: false } });
/** Of any sign, and with such an embedding. */
const free = { W: false, H: false };
const wide = { H: false };
const stack = factorShared(x, y);
const both = factorConcat(fine, other);

/** What joint training takes: chains, branches, shared inputs, conditions, layers read twice, several at the top, sums. */
const graphs: readonly (readonly [string, Ref])[] = [
  ['one layer', nmfLayer(x, { name: 'top', k: 3 })],
  ['two layers', nmfLayer(fine, { name: 'top', k: 2 })],
  ['three layers', nmfLayer(nmfLayer(fine, { name: 'middle', k: 4 }), { name: 'top', k: 2 })],
  [
    'three layers, none scaled',
    nmfLayer(nmfLayer(fine, { name: 'middle', k: 4, norm: 'none' }), { name: 'top', k: 2, norm: 'L2' }),
  ],
  ['an embedding without its scale', nmfLayer(fine, { name: 'top', k: 2, embedding: 'normalized' })],
  ['two branches', nmfLayer(factorConcat(fine, other), { name: 'top', k: 3 })],
  ['shared below', nmfLayer(nmfLayer(factorShared(x, y), { name: 'joint', k: 5 }), { name: 'top', k: 2 })],
  [
    'shared, weighed',
    nmfLayer(nmfLayer(factorShared(x, y, { weights: 'balance' }), { name: 'joint', k: 5 }), { name: 'top', k: 2 }),
  ],
  ['a layer and an input', nmfLayer(factorShared(fine, y), { name: 'top', k: 3 })],
  ['a condition', nmfLayer(factorCondition(fine, uniform(2, 16, 9)), { name: 'top', k: 3 })],
  ['one input read twice', nmfLayer(factorConcat(fine, nmfLayer(x, { name: 'again', k: 3 })), { name: 'top', k: 3 })],
  [
    'one layer read twice',
    nmfLayer(factorConcat(nmfLayer(fine, { name: 'l', k: 3 }), nmfLayer(fine, { name: 'r', k: 2 })), {
      name: 'top',
      k: 2,
    }),
  ],
  ['two at the top', factorConcat(nmfLayer(fine, { name: 'top', k: 3 }), other)],
  [
    'a layer at the top and below',
    factorConcat(low, nmfLayer(low, { name: 'l', k: 2 }), nmfLayer(low, { name: 'r', k: 2 })),
  ],
  [
    'a stack read twice and a member by itself',
    factorConcat(
      nmfLayer(stack, { name: 'a', k: 2 }),
      nmfLayer(stack, { name: 'b', k: 2 }),
      nmfLayer(x, { name: 'c', k: 2 }),
    ),
  ],
  [
    'a concat read twice and a branch by itself',
    factorConcat(
      nmfLayer(both, { name: 'p', k: 2 }),
      nmfLayer(both, { name: 'q', k: 2 }),
      nmfLayer(fine, { name: 'r', k: 2 }),
    ),
  ],
  ['a sum', nmfLayer(sum, { name: 'top', k: 2 })],
  ['a sum of three', nmfLayer(factorAdd(a, b, c), { name: 'top', k: 2 })],
  ['a sum without its scale', nmfLayer(sum, { name: 'top', k: 2, embedding: 'normalized' })],
  ['a sum of one input, twice', nmfLayer(factorAdd(a, nmfLayer(x, { name: 'd', k: 3 })), { name: 'top', k: 2 })],
  ['a layer and itself', nmfLayer(factorAdd(a, a), { name: 'top', k: 2 })],
  ['a layer and what is made of it', nmfLayer(factorAdd(a, nmfLayer(a, { name: 'm', k: 3 })), { name: 'top', k: 2 })],
  ['a sum in a concat', nmfLayer(factorConcat(sum, c), { name: 'top', k: 2 })],
  ['a sum under a condition', nmfLayer(factorCondition(sum, uniform(2, 16, 9)), { name: 'top', k: 2 })],
  ['a sum of sums', nmfLayer(factorAdd(sum, c, sum), { name: 'top', k: 2 })],
  ['a sum of a layer over a sum', nmfLayer(factorAdd(nmfLayer(sum, { name: 'm', k: 3 }), c), { name: 'top', k: 2 })],
  [
    'a sum of concats whose members lie elsewhere',
    nmfLayer(factorAdd(factorConcat(low, a), factorConcat(a, low)), { name: 'top', k: 2 }),
  ],
  [
    'two sums at the top',
    factorAdd(nmfLayer(sum, { name: 'l', k: 2 }), nmfLayer(factorAdd(c, fourth), { name: 'r', k: 2 })),
  ],
  ['a sum read twice', factorConcat(nmfLayer(sum, { name: 'l', k: 2 }), nmfLayer(sum, { name: 'r', k: 2 }))],
  [
    'sums that meet, in units of their own and in one, a branch read twice',
    factorConcat(
      nmfLayer(sum, { name: 'l', k: 2 }),
      nmfLayer(factorAdd(c, b), { name: 'm', k: 2 }),
      nmfLayer(factorAdd(c, a), { name: 'r', k: 2, embedding: 'normalized' }),
      nmfLayer(a, { name: 'o', k: 2 }),
    ),
  ],
  ['a free layer below', nmfLayer(nmfLayer(x, { name: 'fine', k: 4, nonneg: free }), { name: 'top', k: 2 })],
  ['all free', nmfLayer(nmfLayer(x, { name: 'fine', k: 4, nonneg: free }), { name: 'top', k: 2, nonneg: free })],
  [
    'branches of both signs',
    nmfLayer(factorConcat(nmfLayer(x, { name: 'fine', k: 4, nonneg: free }), b), { name: 'top', k: 2 }),
  ],
  [
    'a sum of both signs',
    nmfLayer(factorAdd(nmfLayer(x, { name: 'l', k: 3, nonneg: free }), b), { name: 'top', k: 2 }),
  ],
  [
    'outputs of both signs',
    factorConcat(
      nmfLayer(nmfLayer(x, { name: 'fine', k: 4, nonneg: wide }), { name: 'l', k: 2, nonneg: free }),
      nmfLayer(b, { name: 'r', k: 2 }),
    ),
  ],
  [
    'outputs of both signs over one layer',
    factorConcat(nmfLayer(mixed, { name: 'l', k: 2, nonneg: free }), nmfLayer(mixed, { name: 'r', k: 2 })),
  ],
  [
    'an output of its own sign, read by one of another',
    factorConcat(a, nmfLayer(a, { name: 'top', k: 2, nonneg: free })),
  ],
];

const fitOf = (output: Ref, config: GraphConfig = {}) =>
  factorNet(output as typeof fine, { seed: 3, training: 'joint', ...config }).fit();

describe('joint training', () => {
  test.each(graphs)('%s: the objective falls every round, and the summary is that of the last', async (_, output) => {
    for (const coupling of [1, 0.6]) {
      const { summary } = await fitOf(output, { coupling, maxIter: 5, rounds: 40, tol: 0 });
      const J = summary.rounds.map(({ objective }) => objective);
      expect(J.length).toBeGreaterThan(5);
      for (let i = 1; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-10));
      expect(J.at(-1)).toBeLessThan(J[0]);
      for (const [name, { loss }] of Object.entries(summary.inputs))
        expect(Math.abs(loss / (summary.rounds.at(-1)?.inputs[name] ?? 0) - 1)).toBeLessThan(1e-9);
    }
  });

  test.each(['two layers', 'three layers', 'two branches', 'shared below'])(
    '%s: the composed loss falls every round',
    async (name) => {
      const output = graphs.find(([known]) => known === name)?.[1];
      if (output === undefined) throw new Error(name);
      const { summary } = await fitOf(output, { rounds: 30, tol: 0 });
      const sizes = { x: 20, y: 13 };
      const losses = summary.rounds.map(({ inputs }) =>
        Object.entries(inputs).reduce((sum, [input, loss]) => sum + loss * sizes[input as 'x' | 'y'], 0),
      );
      for (let i = 1; i < losses.length; i++) expect(losses[i]).toBeLessThanOrEqual(losses[i - 1] * (1 + 1e-10));
      expect(losses[30]).toBeLessThan(0.99 * losses[0]);
    },
  );

  test('the loss of a layer is that of what it reads, weighed as it was', async () => {
    const joint = nmfLayer(factorShared(x, y, { weights: { x: 4, y: 9 } }), { name: 'joint', k: 5 });
    const fit = await fitOf(nmfLayer(joint, { name: 'top', k: 2 }));
    const { joint: layer } = fit as unknown as {
      readonly joint: { readonly loss: number; readonly objective: number };
    };
    const through = await Promise.all([fit.reconstruct('x'), (fit as unknown as { reconstruct(input: string): Promise<DenseMatrix> }).reconstruct('y')]); // biome-ignore format: one thought
    const data = [noisy(20, 16, 3, 1), toDense(sparse(13, 16, 2))];
    const squares = data.map((X, i) => X.data.reduce((sum, value, p) => sum + (value - through[i].data[p]) ** 2, 0));
    // With coupling 1 the embedding of the layer is what the output makes of it.
    expect(layer.loss / ((4 * squares[0] + 9 * squares[1]) / (33 * 16))).toBeCloseTo(1, 9);
    expect(layer.objective / ((4 * squares[0] + 9 * squares[1]) / 2)).toBeCloseTo(1, 9);
  });

  test('with less coupling layers keep more of themselves', async () => {
    const output = nmfLayer(fine, { name: 'top', k: 2 });
    const [tight, loose] = [await fitOf(output, { tol: 1e-9 }), await fitOf(output, { tol: 1e-9, coupling: 0.3 })];
    const layerwise = await fitOf(output, { training: 'layerwise', tol: 1e-9 });
    expect(tight.summary.loss).toBeLessThan(loose.summary.loss);
    expect(loose.summary.loss).toBeLessThan(layerwise.summary.loss);
    expect(loose.fine.loss).toBeLessThan(tight.fine.loss);
  });

  test('a chain to rank r comes near the plain fit of rank r', async () => {
    const plain = await factorNet(nmfLayer(x, { name: 'top', k: 2, maxIter: 2000, tol: 1e-9 }), { seed: 3 }).fit();
    const deep = await fitOf(nmfLayer(fine, { name: 'top', k: 2 }), { tol: 1e-8, rounds: 2000 });
    expect(deep.summary.loss).toBeLessThan(1.02 * plain.summary.loss);
    expect(deep.summary.loss).toBeGreaterThan(0.999 * plain.summary.loss);
  });

  // With embeddings at the top that say the same of one input there are many as good.
  const unique = graphs.filter(
    ([name]) => !/at the top and below|read twice|over one layer|of its own sign/.test(name),
  );
  test.each(unique)('%s: training samples are projected to their embeddings', async (name, output) => {
    const Z = /condition/.test(name) ? { conditions: [uniform(2, 16, 9)] } : {};
    const fit = await fitOf(output, { rounds: 30_000, tol: 1e-15 });
    const data: Record<string, DenseMatrix | ReturnType<typeof sparse>> = {
      x: noisy(20, 16, 3, 1),
      y: sparse(13, 16, 2),
      z: noisy(9, 16, 3, 7),
    };
    const inputs = Object.keys(fit.summary.inputs);
    const given = Object.fromEntries(inputs.map((input) => [input, data[input]]));
    const found = (await fit.project(given as { readonly x: DenseMatrix }, Z)) as Readonly<Record<string, DenseMatrix>>;
    const layers = fit as unknown as Readonly<Record<string, { readonly H: DenseMatrix }>>;
    for (const [layer, E] of Object.entries(found))
      expect(relativeDifference(E.data, layers[layer].H.data)).toBeLessThan(1e-6);
  });

  test('with one modality absent, and after a file, it projects too', async () => {
    const fit = await fitOf(nmfLayer(factorConcat(fine, other), { name: 'top', k: 3 }), { coupling: 0.7 });
    const folder = await mkdtemp(join(tmpdir(), 'joint-'));
    try {
      await saveFit(fit, join(folder, 'fit'));
      const loaded = await loadFit(join(folder, 'fit'));
      const some = { x: rowRange(noisy(20, 16, 3, 1), 0, 20) };
      const [one, two] = [await fit.project(some), await loaded.project(some)];
      expect(two).toEqual(one);
      // What the absent one would be is what the output makes of it.
      expect(Object.keys(one).sort()).toEqual(['fine', 'other', 'top']);
      for (const E of Object.values(one))
        expect(E.data.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('where an output reads nothing of what is given it says nothing, nor does what is made of it', async () => {
    const output = factorConcat(a, nmfLayer(b, { name: 'top', k: 2, nonneg: free }), nmfLayer(sum, { name: 'both', k: 2 })); // biome-ignore format: one thought
    const fit = await factorNet(output, { seed: 3, training: 'joint', coupling: 0.8 }).fit();
    const X = dense(20, 2, noisy(20, 16, 3, 8).data.subarray(0, 40));
    const Y = dense(13, 2, toDense(sparse(13, 16, 3)).data.map((value, p) => (p < 13 ? Number.NaN : value)).subarray(0, 26)); // biome-ignore format: one thought
    expect(Object.keys(await fit.project({ x: X })).sort()).toEqual(['a', 'b', 'both']);
    const found = await fit.project({ x: X, y: Y });
    // Nothing of y is known of the first sample.
    expect(Array.from(found.top?.data ?? [], Number.isNaN)).toEqual([true, true, false, false]);
    for (const layer of ['a', 'both'] as const) expect(found[layer]?.data.every(Number.isFinite)).toBe(true);
    // And what is known is as it would be without the other sample.
    const alone = await fit.project({ x: dense(20, 1, X.data.subarray(20)), y: dense(13, 1, Y.data.subarray(13)) });
    for (const [layer, E] of Object.entries(alone)) expect(E.data).toEqual(found[layer as 'a']?.data.subarray(E.rows));
  });

  test('the same bits for any number of threads, and the same to rounding on either backend', async () => {
    const output = nmfLayer(factorConcat(fine, other), { name: 'top', k: 3 });
    const net = factorNet(output, { seed: 3, training: 'joint', rounds: 5, tol: 0 });
    const [one, two, reference] = [
      await net.fit({ threads: 1 }),
      await net.fit({ threads: 3 }),
      await net.fit({ backend: 'reference' }),
    ];
    expect(two.top.H.data).toEqual(one.top.H.data);
    expect(two.fine.W.data).toEqual(one.fine.W.data);
    expect(relativeDifference(reference.top.H.data, one.top.H.data)).toBeLessThan(1e-5);
  });

  test('progress is told, and a cancelled fit holds what it had reached', async () => {
    const told: number[] = [];
    const abort = new AbortController();
    const net = factorNet(nmfLayer(fine, { name: 'top', k: 2 }), { seed: 3, training: 'joint', tol: 0 });
    const onProgress = ({ round }: { readonly round?: number }) => {
      if (round === undefined) return;
      told.push(round);
      if (round === 4) abort.abort(new Error('enough'));
    };
    await expect(net.fit({ onProgress, signal: abort.signal })).rejects.toThrow('enough');
    expect(told).toEqual([1, 2, 3, 4]);
  });

  test('any matrix: finite factors', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(50),
        fc.constantFrom(0, 1e-30, 1, 1e30),
        async (k, l, seed, by) => {
          const data = dense(7, 5, uniform(7, 5, seed).data.map((v, p) => (p % 3 === 0 ? 0 : v * by))); // biome-ignore format: one thought
          const output = nmfLayer(nmfLayer(factorInput(data, { name: 'd' }), { name: 'a', k }), { name: 'b', k: l });
          const { a, b, summary } = await factorNet(output, { seed, training: 'joint', rounds: 5 }).fit();
          for (const values of [a.W.data, a.d, a.H.data, b.W.data, b.d, b.H.data])
            expect(values.every(Number.isFinite)).toBe(true);
          expect(Number.isFinite(summary.loss)).toBe(true);
        },
      ),
      runs(25),
    );
  });

  test('numbers beyond all numbers are an error, never NaN', async () => {
    const huge = (rows: number, seed: number, name: string) =>
      factorInput(dense(rows, 4, uniform(rows, 4, seed).data.map((value) => value * 1e120)), { name }); // biome-ignore format: one thought
    const bottom = nmfLayer(huge(6, 1, 'a'), { name: 'l0', k: 3 });
    const middle = nmfLayer(factorShared(bottom, huge(1, 2, 'b')), { name: 'l1', k: 2, embedding: 'normalized' });
    const top = nmfLayer(factorShared(middle, huge(2, 3, 'c')), { name: 'l3', k: 3 });
    const fit = await factorNet(top, { training: 'joint', seed: 1, maxIter: 50 })
      .fit()
      .catch((error: unknown) => error);
    if (fit instanceof Error) expect(fit).toMatchObject({ name: 'KernelError', code: 'non-finite' });
    else expect(Number.isFinite((fit as { readonly summary: { readonly loss: number } }).summary.loss)).toBe(true);
  });

  test('one layer alone goes on from its fit', async () => {
    const layer = nmfLayer(x, { name: 'top', k: 3 });
    const [jointly, alone] = [await fitOf(layer, { rounds: 1 }), await fitOf(layer, { training: 'layerwise' })];
    expect(jointly.summary.loss).toBeLessThanOrEqual(alone.summary.loss * (1 + 1e-10));
  });

  test('explain() says how it is trained', () => {
    const output = nmfLayer(factorConcat(fine, other), { name: 'top', k: 3 });
    const trained = (config: GraphConfig) => factorNet(output, config).explain().split('\n').slice(-5).join('\n');
    expect(trained({ training: 'joint' })).toContain(
      'train\n  all layers at once: the loss through top, tol 0.0001, at most 200 rounds',
    );
    expect(trained({ training: 'joint', coupling: 0.25, rounds: 9, tol: 0 })).toContain(
      "the loss through top 0.25, each layer's own 0.75 in all, tol 0, at most 9 rounds",
    );
    expect(factorNet(output).explain()).not.toContain('train');
    expect(factorNet(output, { training: 'layerwise' }).plan).toEqual(factorNet(output).plan);
  });

  const refused: readonly (readonly [string, Ref, GraphConfig, RegExp])[] = [
    [
      'a penalty',
      nmfLayer(x, { name: 'a', k: 2, H: H({ L1: 0.1 }) }),
      {},
      /without penalties and bounds; got training: 'joint', H.L1: 0.1/,
    ],
    ['a coupling of 0', fine, { coupling: 0 }, /above 0, at most 1/],
    ['a coupling without it', fine, { training: 'layerwise', coupling: 1 }, /coupling must have training: 'joint'/],
    ['rounds without it', fine, { training: 'layerwise', rounds: 3 }, /rounds must have training: 'joint'/],
    [
      'an embedding ≥ 0 under one that is free',
      nmfLayer(a, { name: 'top', k: 2, nonneg: { H: false } }),
      {},
      /must do so too; got training: 'joint', coupling: 1, H.nonneg: true, H.nonneg of layer 'top': false in layer 'a': say nonneg: { H: false } in 'a', or train with less coupling \(at top ← a\)/,
    ],
    [
      'an embedding ≥ 0 under a free W',
      nmfLayer(a, { name: 'top', k: 2, nonneg: { W: false } }),
      {},
      /H.nonneg: true, W.nonneg of layer 'top': false in layer 'a'/,
    ],
    [
      'an embedding ≥ 0 in a sum under a free W',
      nmfLayer(factorConcat(c, sum), { name: 'top', k: 2, nonneg: { W: false } }),
      {},
      /W.nonneg of layer 'top': false in layer 'b'/,
    ],
    [
      'an embedding ≥ 0 deep under an output that is free and read',
      ((top: Ref) => factorConcat(top, nmfLayer(top, { name: 'over', k: 2 })))(
        nmfLayer(nmfLayer(a, { name: 'm', k: 3, nonneg: { H: false } }), { name: 'top', k: 2, nonneg: { H: false } }),
      ),
      {},
      /H.nonneg of layer 'top': false in layer 'a'/,
    ],
  ];
  test.each(refused)('%s is refused', (_, output, config, sentence) => {
    const compile = () => factorNet(output as typeof fine, { training: 'joint', ...config });
    expect(compile).toThrow(GraphError);
    expect(compile).toThrow(sentence);
  });

  test('every embedding that a sign is promised of is told, once', () => {
    const chain = nmfLayer(nmfLayer(nmfLayer(a, { name: 'm', k: 3 }), { name: 'n', k: 3, nonneg: { H: false } }), { name: 'top', k: 2, nonneg: { W: false } }); // biome-ignore format: one thought
    const issues = issuesOf(() => factorNet(chain, { training: 'joint' }));
    expect(issues.map(({ at }) => at).sort()).toEqual(['top ← n ← m', 'top ← n ← m ← a']);
    // Beside all other faults.
    const more = issuesOf(() => factorNet(nmfLayer(svdLayer(chain, { name: 's', k: 2 }), { name: 'end', k: 2, L1: 1 }), { training: 'joint' })); // biome-ignore format: one thought
    expect(more.map(({ at }) => at).filter((at) => at.endsWith('m')).length).toBe(1);
    expect(more.length).toBeGreaterThan(3);
  });

  const kept: readonly (readonly [string, Ref, GraphConfig])[] = [
    [
      'below 1 each embedding is its own',
      nmfLayer(nmfLayer(a, { name: 'm', k: 3 }), { name: 'top', k: 2, nonneg: free }),
      { coupling: 0.6 },
    ],
    [
      'what is free between is made of what is not',
      nmfLayer(nmfLayer(a, { name: 'm', k: 3, nonneg: { H: false } }), { name: 'top', k: 2 }),
      {},
    ],
    ['an output is its own', factorConcat(a, nmfLayer(a, { name: 'top', k: 2, nonneg: free })), {}],
  ];
  test.each(kept)('signs are kept: %s', async (_, output, config) => {
    const fit = await fitOf(output, { ...config, rounds: 20, tol: 0 });
    const found = await fit.project({ x: noisy(20, 16, 3, 8) });
    const layers = fit as unknown as Readonly<Record<string, { readonly H: DenseMatrix }>>;
    for (const layer of ['a', 'm'])
      for (const E of [layers[layer]?.H, (found as Readonly<Record<string, DenseMatrix>>)[layer]])
        expect(E?.data.every((value) => value >= 0) ?? layer === 'm').toBe(true);
  });

  test('a layer in a sum is in the unit of the first, and keeps its factors in their places', async () => {
    const [one, other] = [a, nmfLayer(y, { name: 'b', k: 3, norm: 'L2' })];
    const training = { seed: 3, training: 'joint', rounds: 50, tol: 0 } as const;
    const fit = await factorNet(nmfLayer(factorAdd(one, other), { name: 'top', k: 2 }), training).fit();
    const sums = (matrix: DenseMatrix, along: 'rows' | 'columns') =>
      Array.from({ length: 3 }, (_, r) => matrix.data.reduce((sum, v, p) => sum + ((along === 'rows' ? p % 3 : Math.floor(p / matrix.rows)) === r ? v : 0), 0)); // biome-ignore format: one thought
    for (const total of [...sums(fit.a.W, 'columns'), ...sums(fit.a.H, 'rows')]) expect(total).toBeCloseTo(1, 9);
    // Both embeddings are half of what the output makes of the sum, however long their rows are.
    const E = (layer: { readonly d: Float64Array; readonly H: DenseMatrix }) => scaleRows(layer.H, layer.d).data;
    expect(relativeDifference(E(fit.b), E(fit.a))).toBeLessThan(1e-12);
    const none = nmfLayer(y, { name: 'b', k: 3, norm: 'none' });
    for (const embedding of ['scaled', 'normalized'] as const) {
      const plain = await factorNet(nmfLayer(factorAdd(one, none), { name: 'top', k: 2, embedding }), training).fit();
      expect(Array.from(plain.b.d)).toEqual([1, 1, 1]);
    }
  });

  const lone = graphs.filter(([, output]) => output.node.kind === 'layer');
  test.each(lone)('%s: loadings times the embedding are the reconstruction', async (_, output) => {
    const fit = await fitOf(output, { maxIter: 5, rounds: 5 });
    const name = factorNet(output as typeof fine).plan.output[0];
    const asked = fit as unknown as GraphFit<Record<string, never>>;
    const layer = asked[name];
    const loadings = (await asked.loadings(name)) as Readonly<Record<string, DenseMatrix>>;
    for (const [input, left] of Object.entries(loadings)) {
      const product = await multiply({ left, right: scaleRows(layer.H, layer.d) });
      expect(relativeDifference(product.data, (await asked.reconstruct(input)).data)).toBeLessThan(1e-10);
    }
    expect(Object.keys(loadings).sort()).toEqual(Object.keys(fit.summary.inputs).sort());
  });

  test.skipIf(!haveSharedData)(`aml 10 → 3 composes to within 5% of a plain fit of rank 3${skipReason}`, async () => {
    const aml = factorInput(readNpy('aml.npy'), { name: 'aml' });
    const deep = nmfLayer(nmfLayer(aml, { name: 'ten', k: 10 }), { name: 'three', k: 3 });
    for (const seed of [1, 2, 3]) {
      const { summary } = await factorNet(deep, { seed, training: 'joint' }).fit();
      expect(summary.loss).toBeLessThanOrEqual(0.026);
      expect(summary.rounds[0].inputs.aml).toBeGreaterThan(0.04);
    }
  });
});
