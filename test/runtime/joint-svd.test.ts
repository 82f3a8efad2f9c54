import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  H,
  type LayerFit,
  loadFit,
  nmfLayer,
  type Ref,
  saveFit,
  svdLayer,
} from '../../src/index.js';
import { column, type DenseMatrix, dense, type Matrix, scaleRows, toCsc, transpose } from '../../src/matrix.js';
import { multiply } from '../../src/runtime/reconstruct.js';
import { offOrthonormal } from '../kernels/textbook.js';
import { issuesOf } from '../support/issues.js';
import { lowRank, meanSquare, relativeDifference, sparse, uniform } from '../support/matrices.js';

const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));
/** Low rank, noise, and means that differ. */
const data = (rows: number, seed: number) =>
  map(lowRank(rows, 16, 3, seed), (x, p) => x + 0.6 * uniform(rows, 16, seed + 50).data[p] + (p % rows) / 5);
const X = data(20, 1);
const Y = sparse(13, 16, 2);
const Z = uniform(2, 16, 9);
const holes = (A: DenseMatrix, share: number) =>
  map(A, (x, p) => (uniform(A.rows, A.cols, 4).data[p] < share ? Number.NaN : x));

/** Of any sign. */
const free = { nonneg: false } as const;
const wide = { nonneg: { H: false } } as const;
const pca = { center: true } as const;

interface Given {
  readonly x?: Matrix;
  readonly y?: Matrix;
}

/** Graphs with SVDs that can be trained with any coupling. */
function graphsOf({ x = X, y = Y }: Given = {}): Readonly<Record<string, Ref>> {
  const a = factorInput(x, { name: 'x' });
  const b = factorInput(y, { name: 'y' });
  const axes = svdLayer(a, { name: 'axes', k: 5, ...pca });
  const plain = svdLayer(a, { name: 'axes', k: 5 });
  const other = nmfLayer(b, { name: 'other', k: 4 });
  const loose = nmfLayer(b, { name: 'other', k: 4, ...wide });
  return {
    'one SVD': svdLayer(a, { name: 'top', k: 3 }),
    'one SVD, centred and scaled': svdLayer(a, { name: 'top', k: 3, ...pca, scale: true }),
    'SVD on SVD': svdLayer(plain, { name: 'top', k: 2 }),
    'SVD on SVD, both centred': svdLayer(axes, { name: 'top', k: 2, ...pca }),
    'SVD on SVD, the lower one centred': svdLayer(axes, { name: 'top', k: 2 }),
    'SVD on SVD, the upper one centred': svdLayer(plain, { name: 'top', k: 2, ...pca }),
    'SVD on SVD without its scale': svdLayer(axes, { name: 'top', k: 2, ...pca, embedding: 'normalized' }),
    'SVD on SVD on SVD': svdLayer(svdLayer(axes, { name: 'middle', k: 3 }), { name: 'top', k: 2, ...pca }),
    'NMF on SVD': nmfLayer(axes, { name: 'top', k: 3 }),
    'NMF on SVD without its scale': nmfLayer(axes, { name: 'top', k: 3, embedding: 'normalized' }),
    'free NMF on SVD': nmfLayer(axes, { name: 'top', k: 3, ...free }),
    'free NMF on SVD without its scale': nmfLayer(plain, { name: 'top', k: 3, ...free, embedding: 'normalized' }),
    'SVD on NMF': svdLayer(nmfLayer(a, { name: 'fine', k: 5, ...wide }), { name: 'top', k: 2, ...pca }),
    'SVD on NMF on SVD': svdLayer(nmfLayer(axes, { name: 'fine', k: 4, ...free }), { name: 'top', k: 2 }),
    'NMF on SVD on NMF': nmfLayer(svdLayer(loose, { name: 'axes', k: 3, ...pca }), { name: 'top', k: 2 }),
    'SVD of shared inputs': nmfLayer(svdLayer(factorShared(a, b), { name: 'axes', k: 4, ...pca }), { name: 'top', k: 2 }), // biome-ignore format: one thought
    'scaled SVD of shared inputs': svdLayer(svdLayer(factorShared(a, b), { name: 'axes', k: 4, ...pca, scale: true }), { name: 'top', k: 2 }), // biome-ignore format: one thought
    'an SVD and an input': nmfLayer(factorShared(axes, b), { name: 'top', k: 3 }),
    'SVD of an SVD and an input': svdLayer(factorShared(axes, b), { name: 'top', k: 3, ...pca }),
    'branches of both kinds': nmfLayer(factorConcat(axes, other), { name: 'top', k: 3 }),
    'SVD on branches of both kinds': svdLayer(factorConcat(axes, loose), { name: 'top', k: 3, ...pca }),
    'a condition': svdLayer(factorCondition(axes, Z), { name: 'top', k: 3 }),
    'one input, scaled for one and not for another': nmfLayer(factorConcat(svdLayer(a, { name: 'axes', k: 3, ...pca, scale: true }), nmfLayer(a, { name: 'other', k: 3 })), { name: 'top', k: 3 }), // biome-ignore format: one thought
    'a sum': nmfLayer(factorAdd(svdLayer(a, { name: 'axes', k: 4, ...pca }), other), { name: 'top', k: 2 }),
    'SVD of a sum': svdLayer(factorAdd(svdLayer(a, { name: 'axes', k: 4, ...pca }), loose), { name: 'top', k: 2, ...pca }), // biome-ignore format: one thought
    'one SVD read twice': svdLayer(factorConcat(svdLayer(axes, { name: 'l', k: 3, ...pca }), svdLayer(axes, { name: 'r', k: 2, ...pca })), { name: 'top', k: 2 }), // biome-ignore format: one thought
    'an SVD read by one that is free and one that is not': factorConcat(svdLayer(axes, { name: 'l', k: 2 }), nmfLayer(axes, { name: 'r', k: 2 })), // biome-ignore format: one thought
    'two at the top': factorConcat(svdLayer(axes, { name: 'top', k: 2 }), svdLayer(b, { name: 'other', k: 2, ...pca })),
    'an SVD at the top and below': factorConcat(axes, svdLayer(axes, { name: 'l', k: 2, ...pca })),
    'an SVD at the top and below, without its scale': factorConcat(plain, svdLayer(plain, { name: 'l', k: 2, embedding: 'normalized' })), // biome-ignore format: one thought
  };
}
const names = Object.keys(graphsOf());
const graph = (name: string, given: Given = {}): Ref => {
  const found = graphsOf(given)[name];
  if (found === undefined) throw new Error(name);
  return found;
};

const netOf = (output: Ref, config: GraphConfig = {}) =>
  factorNet(output as ReturnType<typeof nmfLayer>, { seed: 3, training: 'joint', ...config });

/** A fit whose layers are not known by name to the type checker. */
interface AnyFit {
  readonly layers: Readonly<Record<string, LayerFit>>;
  readonly summary: Awaited<ReturnType<ReturnType<typeof netOf>['fit']>>['summary'];
  project(data: object, options?: object): Promise<Readonly<Record<string, DenseMatrix>>>;
  reconstruct(input: string): Promise<DenseMatrix>;
  loadings(layer: string): Promise<Readonly<Record<string, DenseMatrix>>>;
}
async function fitOf(
  output: Ref,
  config: GraphConfig = {},
  options: { readonly backend?: 'native' | 'reference'; readonly threads?: number } = {},
): Promise<AnyFit> {
  const net = netOf(output, config);
  const fit = await net.fit(options);
  // By names that are not known here; where it is asked W is one matrix.
  const layers = Object.fromEntries(net.plan.layers.map(({ layer }) => [layer, fit[layer as 'top'] as LayerFit]));
  const asked = fit as unknown as AnyFit;
  const { reconstruct, project, loadings } = asked;
  return { layers, summary: fit.summary, reconstruct, project, loadings };
}
const objectives = ({ summary }: AnyFit) => summary.rounds.map(({ objective }) => objective);
function expectFalling(J: readonly number[]): void {
  for (let i = 1; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-10));
}
const inputsOf = ({ summary }: AnyFit, given: Given = {}) =>
  Object.fromEntries(Object.keys(summary.inputs).map((name) => [name, { x: X, y: Y, ...given }[name as 'x']]));

/** The least a rank-k approximation leaves per entry; of X without its means, where it is centred. */
async function leastLoss(k: number, center: boolean): Promise<number> {
  const { s } = await factorNet(svdLayer(factorInput(X, { name: 'x' }), { name: 's', k, center }), { seed: 1 }).fit();
  return s.loss;
}

describe('joint training with SVD layers', () => {
  test.each(names)('%s: the objective falls every round, and the summary is that of the last', async (name) => {
    for (const coupling of [1, 0.6]) {
      const fit = await fitOf(graph(name), { coupling, maxIter: 5, rounds: 25, tol: 0 });
      expectFalling(objectives(fit));
      for (const [input, { loss }] of Object.entries(fit.summary.inputs))
        expect(Math.abs(loss / (fit.summary.rounds.at(-1)?.inputs[input] ?? 0) - 1)).toBeLessThan(1e-9);
    }
  });

  test.each(names.filter((name) => !/sum$|scaled/.test(name)))(
    '%s: what it composes to is no worse than layer by layer',
    async (name) => {
      const [layerwise, joint] = [await fitOf(graph(name), { training: 'layerwise' }), await fitOf(graph(name))];
      const total = ({ summary }: AnyFit) =>
        Object.values(summary.inputs).reduce((sum, { loss, rows }) => sum + loss * rows, 0);
      // Conditions count as well, and are in no summary.
      const slack = name === 'a condition' ? 1.05 : 1 + 1e-9;
      expect(total(joint)).toBeLessThanOrEqual(total(layerwise) * slack);
    },
  );

  test.each([
    ['SVD on SVD', false],
    ['SVD on SVD, both centred', true],
    ['SVD on SVD, the lower one centred', true],
    ['SVD on SVD, the upper one centred', true],
    ['SVD on SVD without its scale', true],
    ['SVD on SVD on SVD', true],
  ])('%s comes to the best approximation of its rank', async (name, center) => {
    const fit = await fitOf(graph(name), { tol: 0, rounds: 3000 });
    expect(fit.summary.loss / (await leastLoss(2, center)) - 1).toBeLessThan(1e-6);
    expect(fit.summary.loss / (await leastLoss(2, center)) - 1).toBeGreaterThan(-1e-9);
  });

  test('what layer by layer is lost is found again', async () => {
    const name = 'SVD on SVD without its scale';
    const [first, last] = [
      await fitOf(graph(name), { training: 'layerwise' }),
      await fitOf(graph(name), { tol: 1e-9 }),
    ];
    expect(last.summary.loss).toBeLessThan(0.9 * first.summary.loss);
  });

  const turned = names.filter(
    (name) => !/^NMF|sum|shared inputs|both kinds|an input|is not|not for|condition/.test(name),
  );
  test.each(turned)('%s: its SVDs have orthonormal axes, σ falling, signs fixed', async (name) => {
    const net = netOf(graph(name));
    for (const coupling of [1, 0.6]) {
      const { layers } = await fitOf(graph(name), { coupling, rounds: 30 });
      for (const step of net.plan.fit) {
        if (step.op !== 'svd') continue;
        const layer = layers[step.layer];
        const { W } = layer;
        expect(offOrthonormal(W)).toBeLessThan(1e-9);
        expect(offOrthonormal(transpose(layer.H))).toBeLessThan(1e-9);
        for (let r = 1; r < layer.d.length; r++) expect(layer.d[r]).toBeLessThanOrEqual(layer.d[r - 1]);
        for (let r = 0; r < layer.d.length; r++) {
          const most = column(W, r).reduce((most, x) => (Math.abs(x) > Math.abs(most) * (1 + 1e-9) ? x : most), 0);
          expect(most).toBeGreaterThan(0);
        }
      }
    }
  });

  test.each(['NMF on SVD', 'a sum', 'an SVD read by one that is free and one that is not'])(
    '%s: where others could not take it back an SVD is not turned, but of unit length',
    async (name) => {
      for (const coupling of [1, 0.6]) {
        const { layers } = await fitOf(graph(name), { coupling, rounds: 30 });
        const { W, H, d } = layers.axes;
        const length = (x: Float64Array) => Math.sqrt(x.reduce((sum, v) => sum + v * v, 0));
        for (let r = 0; r < d.length; r++) expect(length(column(W, r))).toBeCloseTo(1, 9);
        if (name === 'a sum') continue;
        for (let r = 0; r < d.length; r++) expect(length(column(transpose(H), r))).toBeCloseTo(1, 9);
        for (const layer of ['top', 'r']) {
          const above = layers[layer];
          if (above?.method === 'nmf') expect([...above.W.data, ...above.H.data].every((x) => x >= 0)).toBe(true);
        }
      }
    },
  );

  test('the means are part of what is fitted, and what rows of H had of them is given to them', async () => {
    for (const name of ['SVD on SVD, both centred', 'one SVD, centred and scaled']) {
      const { layers } = await fitOf(graph(name), { rounds: 500, tol: 1e-12 });
      const { H, d, center } = name.startsWith('one') ? layers.top : layers.axes;
      for (let r = 0; r < H.rows; r++) {
        if (d[r] === 0) continue;
        const sum = column(transpose(H), r).reduce((total, x) => total + x, 0);
        expect(Math.abs(sum)).toBeLessThan(1e-9);
      }
      // Of complete data they are the means themselves.
      for (let i = 0; i < 20; i++) {
        const mean = column(transpose(X), i).reduce((total, x) => total + x / 16, 0);
        expect(center?.[i]).toBeCloseTo(mean, 6);
      }
    }
  });

  test('scaled, each feature counts as if it had been divided beforehand', async () => {
    const before = await fitOf(graph('one SVD, centred and scaled'), { training: 'layerwise' });
    const after = await fitOf(graph('one SVD, centred and scaled'), { rounds: 50, tol: 0 });
    // It is at its optimum already, and stays there.
    const [one, other] = [before.layers.top, after.layers.top];
    expect(Array.from(other.scale ?? [])).toEqual(Array.from(one.scale ?? []));
    expect(other.objective / one.objective).toBeCloseTo(1, 9);
    expect(relativeDifference(other.d, one.d)).toBeLessThan(1e-6);
    expect(relativeDifference(other.W.data, one.W.data)).toBeLessThan(1e-5);
    expect(objectives(after)[0] / one.objective).toBeCloseTo(1, 9);
    // In a deep graph too: it comes to the same as one on divided data.
    const a = factorInput(X, { name: 'x' });
    const deep = svdLayer(svdLayer(a, { name: 'axes', k: 4, ...pca, scale: true }), { name: 'top', k: 2, embedding: 'normalized' }); // biome-ignore format: one thought
    const fit = await fitOf(deep, { rounds: 3000, tol: 0 });
    const flat = await fitOf(svdLayer(a, { name: 'top', k: 2, ...pca, scale: true }), { training: 'layerwise' });
    expect((objectives(fit).at(-1) ?? 0) / flat.layers.top.objective - 1).toBeLessThan(1e-6);
  });

  test('the losses of a layer, and what its pairs explain, are those of what it reads', async () => {
    for (const name of ['one SVD, centred and scaled', 'SVD on SVD, both centred', 'NMF on SVD']) {
      const { layers, ...fit } = await fitOf(graph(name), { rounds: 20 });
      const layer = name.startsWith('one') ? layers.top : layers.axes;
      const { W, d, H, center, scale, variance } = layer;
      /** ‖(X − μ)/s − W·diag(d)·H‖² with the first pairs, and the same not divided. */
      const squares = (rank: number) => {
        let [own, plain] = [0, 0];
        X.data.forEach((x, p) => {
          const [i, j] = [p % 20, Math.floor(p / 20)];
          let rest = (x - (center?.[i] ?? 0)) / (scale?.[i] ?? 1);
          for (let r = 0; r < rank; r++) rest -= W.data[i + 20 * r] * d[r] * H.data[r + j * d.length];
          own += rest ** 2;
          plain += (rest * (scale?.[i] ?? 1)) ** 2;
        });
        return { own, plain };
      };
      const whole = squares(d.length);
      expect(layer.loss / (whole.plain / 320)).toBeCloseTo(1, 9);
      expect(layer.objective / (whole.own / 2)).toBeCloseTo(1, 9);
      const means = Array.from({ length: 20 }, (__, i) => X.data.reduce((sum, x, p) => (p % 20 === i ? sum + x / 16 : sum), 0)); // biome-ignore format: one thought
      const total =
        center === null ? squares(0).own : X.data.reduce((sum, x, p) => sum + ((x - means[p % 20]) / (scale?.[p % 20] ?? 1)) ** 2, 0); // biome-ignore format: one thought
      for (let r = 0; r < d.length; r++) expect(variance?.cumulative[r]).toBeCloseTo(1 - squares(r + 1).own / total, 9);
      const reconstructed = await fit.reconstruct('x');
      expect(fit.summary.loss / meanSquare(X, reconstructed)).toBeCloseTo(1, 9);
    }
  });

  // With embeddings at the top that say the same of one input there are many as good; others take long to settle.
  const unique = names.filter(
    (name) => !/at the top and below|is not$|^a sum$|condition|both kinds$|SVD and an input$/.test(name),
  );
  test.each(unique)('%s: training samples are projected to their embeddings', async (name) => {
    const fit = await fitOf(graph(name), { rounds: 20_000, tol: 1e-15 });
    const given = name === 'a condition' ? { conditions: [Z] } : {};
    const found = await fit.project(inputsOf(fit), given);
    for (const [layer, E] of Object.entries(found)) {
      const { d, H } = fit.layers[layer];
      expect(relativeDifference(scaleRows(E, d).data, scaleRows(H, d).data)).toBeLessThan(1e-6);
    }
  });

  test.each(names)('%s: loadings times the embedding, and the means, are the reconstruction', async (name) => {
    if (graph(name).node.kind !== 'layer') return;
    const fit = await fitOf(graph(name), { maxIter: 5, rounds: 5 });
    const { d, H } = fit.layers.top;
    for (const [input, left] of Object.entries(await fit.loadings('top'))) {
      const product = await multiply({ left, right: scaleRows(H, d) });
      const rest = transpose(map(await fit.reconstruct(input), (x, p) => x - product.data[p]));
      // What is left of each feature is one number.
      for (let i = 0; i < rest.cols; i++)
        for (const x of column(rest, i)) expect(Math.abs(x - rest.data[i * rest.rows])).toBeLessThan(1e-9);
    }
  });

  test('the same bits for any number of threads, and the same to rounding on either backend', async () => {
    for (const name of ['NMF on SVD', 'SVD on branches of both kinds', 'scaled SVD of shared inputs', 'a condition']) {
      const config = { rounds: 5, tol: 0 };
      const [one, two, other] = [
        await fitOf(graph(name), config, { threads: 1 }),
        await fitOf(graph(name), config, { threads: 3 }),
        await fitOf(graph(name), config, { backend: 'reference' }),
      ];
      expect(two.layers).toEqual(one.layers);
      expect((objectives(other)[5] ?? 0) / objectives(one)[5]).toBeCloseTo(1, 6);
      expect(relativeDifference(other.layers.top.H.data, one.layers.top.H.data)).toBeLessThan(1e-5);
    }
  });

  test('saved and loaded, and gone on from in the middle, it is the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'joint-svd-'));
    try {
      for (const name of ['NMF on SVD', 'scaled SVD of shared inputs']) {
        const net = netOf(graph(name), { rounds: 12, tol: 0, maxIter: 20 });
        const whole = await net.fit();
        const checkpoint = { path: join(folder, name), every: 2 };
        const abort = new AbortController();
        const onProgress = ({ round }: { readonly round?: number }) => {
          if (round === 5) abort.abort(new Error('enough'));
        };
        await expect(net.fit({ checkpoint, onProgress, signal: abort.signal })).rejects.toThrow('enough');
        const goneOn = await net.fit({ checkpoint });
        expect(goneOn.summary.rounds).toEqual(whole.summary.rounds);
        expect(goneOn.top).toEqual(whole.top);
        await saveFit(whole, join(folder, 'fit'));
        const loaded = await loadFit(join(folder, 'fit'));
        const given = { x: X, y: Y } as { readonly x: DenseMatrix };
        const some = name === 'NMF on SVD' ? { x: X } : given;
        expect(await loaded.project(some)).toEqual(await whole.project(some as never));
        expect(await loaded.reconstruct('x')).toEqual(await (whole as unknown as AnyFit).reconstruct('x'));
        expect(loaded.layers.top).toEqual(whole.top);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  const gaps: readonly (readonly [string, Given])[] = [
    ['gaps', { x: holes(X, 0.2) }],
    [
      'what is not listed',
      { x: { ...toCsc(map(X, (x, p) => (p % 5 === Math.floor(p / 20) % 5 ? 0 : x))), unlisted: 'missing' } },
    ],
  ];
  describe.each(gaps)('with missing entries, %s', (_, given) => {
    test.each([
      'one SVD, centred and scaled',
      'SVD on SVD, both centred',
      'NMF on SVD',
      'SVD on NMF',
      'scaled SVD of shared inputs',
      'branches of both kinds',
    ])('%s: the objective falls every round, and what is told is what is', async (name) => {
      for (const coupling of [1, 0.6]) {
        const fit = await fitOf(graph(name, given), { coupling, maxIter: 5, rounds: 25, tol: 0 });
        expectFalling(objectives(fit));
        for (const [input, { loss }] of Object.entries(fit.summary.inputs))
          expect(loss / (fit.summary.rounds.at(-1)?.inputs[input] ?? 0)).toBeCloseTo(1, 8);
        for (const E of Object.values(await fit.project(inputsOf(fit, given))))
          expect(E.data.every(Number.isFinite)).toBe(true);
      }
    });

    test('what is trained comes to what one SVD of that rank does, and training samples are projected to it', async () => {
      const flat = await fitOf(
        svdLayer(factorInput(given.x ?? X, { name: 'x' }), { name: 'top', k: 2, ...pca, maxIter: 5000, tol: 1e-12 }),
        { training: 'layerwise' },
      );
      // From more factors than are in the data it may stand still before, as with NMF layers.
      const axes = svdLayer(factorInput(given.x ?? X, { name: 'x' }), { name: 'axes', k: 3, ...pca });
      const deep = svdLayer(axes, { name: 'top', k: 2, ...pca });
      const fit = await fitOf(deep, { rounds: 5000, tol: 1e-14 });
      expect(Math.abs((objectives(fit).at(-1) ?? 0) / flat.layers.top.objective - 1)).toBeLessThan(1e-5);
      const { top } = await fit.project(inputsOf(fit, given));
      expect(relativeDifference(top.data, fit.layers.top.H.data)).toBeLessThan(1e-4);
    });
  });

  test('nothing of what is masked reaches it', async () => {
    const zeroOne = map(X, (_, p) => Number(p % 7 === 2));
    const fits = [];
    for (const by of [1e6, -5, Number.NaN]) {
      const x = factorInput(map(X, (value, p) => (p % 7 === 2 ? by : value)), { name: 'x', mask: zeroOne }); // biome-ignore format: one thought
      fits.push(await fitOf(nmfLayer(svdLayer(x, { name: 'axes', k: 4, ...pca }), { name: 'top', k: 2 }), { rounds: 8, tol: 0 })); // biome-ignore format: one thought
    }
    expect(fits[1].layers).toEqual(fits[0].layers);
    expect(fits[2].layers).toEqual(fits[0].layers);
  });

  test('a sweep over held-out entries: what was made with rank 3 is best told by rank 3', async () => {
    const x = factorInput(map(lowRank(20, 16, 3, 1), (v, p) => v + 0.02 * uniform(20, 16, 3).data[p]), { name: 'x' }); // biome-ignore format: one thought
    const axes = svdLayer(x, { name: 'axes', k: 5, L2: 0 });
    const { rows, best } = await crossValidateGraph({
      params: { k: [1, 2, 3, 4] },
      layerFn: ({ k }) => nmfLayer(axes, { name: 'top', k, ...free }),
      config: { training: 'joint' },
      reps: 2,
      seed: 1,
    });
    expect(rows.every(({ error }) => error === null)).toBe(true);
    expect(best?.k).toBeGreaterThanOrEqual(3);
  });

  test('ranks above those of the data, and constant data: finite factors', async () => {
    for (const matrix of [X, map(X, () => 2), map(X, () => 0)]) {
      for (const embedding of ['scaled', 'normalized'] as const) {
        const a = factorInput(dense(4, 3, matrix.data.slice(0, 12)), { name: 'x' });
        for (const coupling of [1, 0.5]) {
          const output = svdLayer(svdLayer(a, { name: 'axes', k: 5, ...pca, scale: true }), { name: 'top', k: 4, embedding }); // biome-ignore format: one thought
          const { layers, summary } = await fitOf(output, { coupling, rounds: 5 });
          for (const { W, d, H, center } of Object.values(layers))
            for (const values of [W.data, d, H.data, center ?? d]) expect(values.every(Number.isFinite)).toBe(true);
          const last = summary.rounds.at(-1)?.inputs.x ?? Number.NaN;
          expect(Math.abs(summary.loss - last)).toBeLessThan(1e-12);
        }
      }
    }
  });

  test('above a layer whose data have weights', async () => {
    const weights = { features: uniform(1, 20, 5).data, entries: map(uniform(20, 16, 6), (v) => v ** 2) };
    const fine = nmfLayer(factorInput(holes(X, 0.1), { name: 'x', weights }), { name: 'fine', k: 4, ...wide });
    for (const coupling of [1, 0.6]) {
      const fit = await fitOf(svdLayer(fine, { name: 'top', k: 2, ...pca }), { coupling, maxIter: 5, rounds: 25, tol: 0 }); // biome-ignore format: one thought
      expectFalling(objectives(fit));
      expect(offOrthonormal(fit.layers.top.W)).toBeLessThan(1e-9);
    }
  });

  test('new samples of which a modality is absent are told by the others, means included', async () => {
    const fit = await fitOf(graph('SVD on branches of both kinds'), { rounds: 20 });
    const found = await fit.project({ x: X });
    expect(Object.keys(found).sort()).toEqual(['axes', 'other', 'top']);
    const absent = await fit.project({ x: X, y: map(uniform(13, 16, 1), () => Number.NaN) });
    for (const [layer, E] of Object.entries(found)) expect(relativeDifference(absent[layer].data, E.data)).toBeLessThan(1e-9); // biome-ignore format: one thought
    // x is told at least as well as by what both say.
    const { d, H } = fit.layers.top;
    const { x: L } = await fit.loadings('top');
    const of = (E: DenseMatrix) => multiply({ left: L, right: scaleRows(E, d) });
    const [whole, fitted, alone] = [await fit.reconstruct('x'), await of(H), await of(found.top)];
    const told = map(whole, (value, p) => value - fitted.data[p] + alone.data[p]);
    expect(meanSquare(X, told)).toBeLessThanOrEqual(fit.summary.inputs.x.loss * (1 + 1e-9));
  });

  test('means far above what spreads about them cost digits, and no more', async () => {
    const a = factorInput(
      map(X, (value, p) => value + 1e6 * (p % 20)),
      { name: 'x' },
    );
    const axes = svdLayer(a, { name: 'axes', k: 4, ...pca });
    const fit = await fitOf(svdLayer(axes, { name: 'top', k: 2, ...pca, embedding: 'normalized' }), { rounds: 3000, tol: 0 }); // biome-ignore format: one thought
    const J = objectives(fit);
    for (let i = 1; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-12));
    expect(fit.summary.loss / (await leastLoss(2, true))).toBeCloseTo(1, 6);
  });

  test('explain() says that a loss of what is scaled is weighted', () => {
    const lines = (name: string) => netOf(graph(name)).explain();
    expect(lines('one SVD, centred and scaled')).toContain('all layers at once: the weighted loss through top, tol');
    expect(lines('SVD on SVD, both centred')).toContain('all layers at once: the loss through top, tol');
  });

  const x = factorInput(X, { name: 'x' });
  const fine = nmfLayer(x, { name: 'fine', k: 4 });
  const refused: readonly (readonly [string, Ref, object])[] = [
    ['a bound', svdLayer(x, { name: 's', k: 2, nonneg: { W: true } }), { 'W.nonneg': true }],
    ['L1', svdLayer(x, { name: 's', k: 2, H: H({ L1: 0.1 }) }), { 'H.L1': 0.1 }],
    ['L2', svdLayer(x, { name: 's', k: 2, L2: 0.1 }), { L2: 0.1 }],
    ['deviations of an embedding', svdLayer(svdLayer(x, { name: 'a', k: 3 }), { name: 's', k: 2, scale: true }), { scale: true }], // biome-ignore format: one thought
    ['deviations of one among data', svdLayer(factorShared(svdLayer(x, { name: 'a', k: 3 }), factorInput(Y, { name: 'y' })), { name: 's', k: 2, scale: true }), { scale: true }], // biome-ignore format: one thought
  ];
  test.each(refused)('%s is refused, and how to go on is said', (_, output, options) => {
    const issues = issuesOf(() => netOf(output));
    expect(issues).toHaveLength(1);
    expect(issues[0]).toMatchObject({ code: 'incompatible-options', of: "layer 's'", options: { training: 'joint', ...options } }); // biome-ignore format: one thought
    expect(() => netOf(output)).toThrow(/layer 's': (leave|use) .*(at s)/);
  });

  test('an embedding ≥ 0 under an SVD is refused with coupling 1 alone', async () => {
    const output = svdLayer(fine, { name: 'top', k: 2, ...pca });
    const issues = issuesOf(() => netOf(output));
    expect(issues).toMatchObject([{ of: "layer 'fine'", options: { 'H.nonneg': true, "W.nonneg of layer 'top'": false } }]); // biome-ignore format: one thought
    const fit = await fitOf(output, { coupling: 0.5, rounds: 20, tol: 0 });
    expectFalling(objectives(fit));
    expect(fit.layers.fine.H.data.every((value) => value >= 0)).toBe(true);
  });
});
