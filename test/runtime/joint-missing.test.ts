import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  type GraphConfig,
  loadFit,
  type MatrixInput,
  nmfLayer,
  type Ref,
  saveFit,
  type WeightsInput,
} from '../../src/index.js';
import { type DenseMatrix, dense, type Matrix, toCsc, toDense } from '../../src/matrix.js';
import { lowRank, relativeDifference, sparse, uniform } from '../support/matrices.js';
import { haveSharedData, readNpy, skipReason } from '../support/shared-data.js';

const map = (A: DenseMatrix, f: (x: number, p: number) => number) => dense(A.rows, A.cols, A.data.map(f));
const noise = uniform(20, 16, 51);
const X = map(lowRank(20, 16, 3, 1), (x, p) => x + 0.3 * noise.data[p]);
const Y = sparse(13, 16, 2);
const holes = (A: DenseMatrix, share: number, seed = 4) =>
  map(A, (x, p) => (uniform(A.rows, A.cols, seed).data[p] < share ? Number.NaN : x));
const listed = { ...toCsc(map(X, (x, p) => (p % 3 === 1 ? 0 : x))), unlisted: 'missing' as const };
const someUnknown = { ...Y, values: Y.values.map((x, p) => (p % 5 === 0 ? Number.NaN : x)) };

interface Given {
  readonly x?: MatrixInput;
  readonly y?: MatrixInput;
  readonly z?: DenseMatrix;
  readonly weights?: WeightsInput;
}

const features = Float64Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1e-3 : 1 + i));
const samples = Float64Array.from({ length: 16 }, (_, j) => (j % 3 === 0 ? 0.01 : 1 + (j % 2)));
const entries = map(uniform(20, 16, 9), (x, p) => (p % 6 === 0 ? 0 : x ** 2));

const kinds: readonly (readonly [string, Given])[] = [
  ['gaps', { x: holes(X, 0.2), z: holes(uniform(2, 16, 9), 0.2) }],
  ['many gaps', { x: holes(X, 0.6) }],
  ['what is not listed', { x: listed, y: someUnknown }],
  ['weights by feature', { weights: { features } }],
  ['weights by sample', { weights: { samples } }],
  ['weights by entry', { weights: entries }],
  ['weights of all kinds, and gaps', { x: holes(X, 0.2), weights: { features, samples, entries }, y: someUnknown }],
];

function graphsOf({ x = X, y = Y, z = uniform(2, 16, 9), weights }: Given): Readonly<Record<string, Ref>> {
  const a = factorInput(x, { name: 'x', ...(weights === undefined ? {} : { weights }) });
  const b = factorInput(y, { name: 'y' });
  const fine = nmfLayer(a, { name: 'fine', k: 5 });
  const stack = factorShared(a, b, { weights: { x: 4, y: 'balance' } });
  return {
    'two layers': nmfLayer(fine, { name: 'top', k: 2 }),
    'two branches': nmfLayer(factorConcat(fine, nmfLayer(b, { name: 'other', k: 4 })), { name: 'top', k: 3 }),
    shared: nmfLayer(nmfLayer(stack, { name: 'both', k: 4 }), { name: 'top', k: 2 }),
    'a condition': nmfLayer(factorCondition(fine, z), { name: 'top', k: 3 }),
    'one input read twice': nmfLayer(factorConcat(fine, nmfLayer(a, { name: 'again', k: 3 })), { name: 'top', k: 3 }),
    'two at the top': factorConcat(nmfLayer(fine, { name: 'top', k: 2 }), nmfLayer(b, { name: 'other', k: 2 })),
  };
}
const names = Object.keys(graphsOf({}));

interface AnyFit {
  readonly [layer: string]: {
    readonly W: DenseMatrix | Readonly<Record<string, DenseMatrix>>;
    readonly H: DenseMatrix;
  };
}
const netOf = (output: Ref, config: GraphConfig = {}) =>
  factorNet(output as ReturnType<typeof nmfLayer>, { seed: 3, training: 'joint', ...config });
const fitOf = (output: Ref, config: GraphConfig = {}) => netOf(output, config).fit();
const layersOf = (fit: unknown, of: readonly string[]) =>
  of.flatMap((layer) => {
    const { W, H } = (fit as AnyFit)[layer] ?? {};
    return W === undefined ? [] : [W, H.data];
  });
const ALL = ['fine', 'other', 'both', 'again', 'top'];

describe.each(kinds)('joint training, %s', (kind, given) => {
  test.each(names)('%s: the objective falls every round, and what is told is what is', async (name) => {
    for (const coupling of [1, 0.6]) {
      const { summary } = await fitOf(graphsOf(given)[name], { coupling, maxIter: 5, rounds: 25, tol: 0 });
      const J = summary.rounds.map(({ objective }) => objective);
      for (let i = 1; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-10));
      expect(J.at(-1)).toBeLessThan(J[0]);
      for (const [input, { loss }] of Object.entries(summary.inputs))
        expect(loss / (summary.rounds.at(-1)?.inputs[input] ?? 0)).toBeCloseTo(1, 8);
    }
  });

  test('the same bits for any number of threads, and the same to rounding on either backend', async () => {
    for (const name of ['shared', 'a condition']) {
      const net = netOf(graphsOf(given)[name], { rounds: 4, tol: 0, maxIter: 20 });
      const [one, two, other] = [
        await net.fit({ threads: 1 }),
        await net.fit({ threads: 3 }),
        await net.fit({ backend: 'reference' }),
      ];
      expect(layersOf(two, ALL)).toEqual(layersOf(one, ALL));
      expect(other.summary.rounds[4].objective / one.summary.rounds[4].objective).toBeCloseTo(1, 6);
      expect(relativeDifference(other.top.H.data, one.top.H.data)).toBeLessThan(1e-4);
    }
  });

  test('a chain to rank r comes near the plain fit of rank r, and what it lowers is what that lowers', async () => {
    const { x = X, weights } = given;
    const a = factorInput(x, { name: 'x', ...(weights === undefined ? {} : { weights }) });
    const top = nmfLayer(a, { name: 'top', k: 2, maxIter: 3000, tol: 1e-10, restarts: 8 });
    const plain = await factorNet(top, { seed: 3 }).fit();
    const deep = await fitOf(graphsOf(given)['two layers'], { tol: 1e-9, rounds: 5000 });
    const ratio = (deep.summary.rounds.at(-1)?.objective ?? 0) / plain.top.objective;
    // With many gaps there are many minima.
    expect(ratio).toBeLessThan(kind === 'many gaps' ? 1.2 : 1.02);
    expect(ratio).toBeGreaterThan(kind === 'many gaps' ? 0.8 : 0.98);
  });

  test('training samples are projected to their embeddings', async () => {
    if (kind === 'weights by entry' || kind.startsWith('weights of all')) return;
    const { x = X } = given;
    const fit = await fitOf(graphsOf(given)['two layers'], { rounds: 20_000, tol: 1e-15 });
    const found = (await fit.project({ x } as never)) as unknown as Readonly<Record<string, DenseMatrix>>;
    expect(relativeDifference(found.top.data, fit.top.H.data)).toBeLessThan(1e-6);
  });

  test('what is saved in the middle is gone on from, and what is loaded projects as before', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'joint-'));
    try {
      const net = netOf(graphsOf(given).shared, { rounds: 12, tol: 0, maxIter: 20 });
      const whole = await net.fit();
      const path = join(folder, 'checkpoint');
      const abort = new AbortController();
      const onProgress = ({ round }: { readonly round?: number }) => {
        if (round === 5) abort.abort(new Error('enough'));
      };
      const checkpoint = { path, every: 2 };
      await expect(net.fit({ checkpoint, onProgress, signal: abort.signal })).rejects.toThrow('enough');
      const goneOn = await net.fit({ checkpoint });
      expect(layersOf(goneOn, ALL)).toEqual(layersOf(whole, ALL));
      expect(goneOn.summary.rounds).toEqual(whole.summary.rounds);
      await saveFit(whole, join(folder, 'fit'));
      const data = { x: given.x ?? X, y: given.y ?? Y } as never;
      expect(await (await loadFit(join(folder, 'fit'))).project(data)).toEqual(await whole.project(data));
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('joint training, what nothing is known of', () => {
  const noisy = (by: number) => map(X, (x, p) => (p % 7 === 2 ? by : x));
  const forms: readonly (readonly [string, (A: DenseMatrix) => Matrix])[] = [
    ['dense', (A) => A],
    ['sparse', toCsc],
  ];
  const zeroOne = map(X, (_, p) => Number(p % 7 !== 2));

  test.each(names)('%s: nothing of what is masked or weighs nothing reaches it', async (name) => {
    for (const [, form] of forms) {
      const fits = [];
      for (const by of [1e6, -5, 0.25])
        fits.push(
          layersOf(await fitOf(graphsOf({ x: form(noisy(by)), weights: zeroOne })[name], { rounds: 8, tol: 0 }), ALL),
        );
      expect(fits[1]).toEqual(fits[0]);
      expect(fits[2]).toEqual(fits[0]);
      const known = await fitOf(graphsOf({ x: form(noisy(Number.NaN)) })[name], { rounds: 8, tol: 0 });
      expect(layersOf(known, ALL)).toEqual(fits[0]);
    }
  });

  test('equal weights are no weights', async () => {
    for (const name of names) {
      const one = await fitOf(graphsOf({ weights: map(X, () => 1) })[name], { rounds: 5, tol: 0 });
      expect(layersOf(one, ALL)).toEqual(layersOf(await fitOf(graphsOf({})[name], { rounds: 5, tol: 0 }), ALL));
    }
    // Nearly equal ones take the other way and come to the same.
    const weights = map(X, (_, p) => (p === 3 ? 1 - 1e-12 : 1));
    const config = { rounds: 5000, tol: 1e-12 };
    const [near, none] = [await fitOf(graphsOf({ weights })['two layers'], config), await fitOf(graphsOf({})['two layers'], config)]; // biome-ignore format: one thought
    expect(near.summary.loss / none.summary.loss).toBeCloseTo(1, 6);
  });

  test('samples and features that count twice are given twice', async () => {
    const twiceWide = dense(20, 24, Float64Array.of(...X.data, ...X.data.subarray(0, 160)));
    const tall = Array.from({ length: 16 }, (_, j) => [...X.data.subarray(20 * j, 20 * j + 20), ...X.data.subarray(20 * j, 20 * j + 7)]); // biome-ignore format: one thought
    const twiceTall = dense(27, 16, Float64Array.from(tall.flat()));
    const config = { rounds: 3000, tol: 1e-12, maxIter: 500 };
    const J = async (given: Given) => (await fitOf(graphsOf(given)['two layers'], config)).summary.rounds.at(-1)?.objective ?? 0; // biome-ignore format: one thought
    const bySample = { samples: Float64Array.from({ length: 16 }, (_, j) => (j < 8 ? 2 : 1)) };
    const byFeature = { features: Float64Array.from({ length: 20 }, (_, i) => (i < 7 ? 2 : 1)) };
    expect((await J({ weights: bySample })) / (await J({ x: twiceWide }))).toBeCloseTo(1, 4);
    expect((await J({ weights: byFeature })) / (await J({ x: twiceTall }))).toBeCloseTo(1, 4);
  });

  test('the loss and the objective of a layer are those of what it reads, each known entry as much as it counts', async () => {
    const weights = { features, samples, entries };
    const given = { x: holes(X, 0.2), weights };
    const fit = await fitOf(graphsOf(given)['two layers'], { rounds: 10 });
    const through = await (fit as unknown as { reconstruct(input: string): Promise<DenseMatrix> }).reconstruct('x');
    let [sum, count] = [0, 0];
    given.x.data.forEach((x, p) => {
      const weight = features[p % 20] * samples[Math.floor(p / 20)] * entries.data[p];
      if (Number.isNaN(x) || weight === 0) return;
      sum += weight * (x - through.data[p]) ** 2;
      count++;
    });
    const { fine } = fit as unknown as { readonly fine: { readonly loss: number; readonly objective: number } };
    expect((fine.loss * count) / sum).toBeCloseTo(1, 8);
    expect(fine.objective / (sum / 2)).toBeCloseTo(1, 8);
    expect((fit.summary.rounds.at(-1)?.objective ?? 0) / (sum / 2)).toBeCloseTo(1, 8);
  });

  test('explain() says that not all entries count, or not as much', () => {
    const lines = (given: Given) => netOf(graphsOf(given).shared).explain();
    expect(lines({})).toContain('all layers at once: the weighted loss through top, tol');
    expect(lines({ x: holes(X, 0.2) })).toContain('the weighted loss of what is known through top, tol');
    const gaps = netOf(nmfLayer(factorInput(holes(X, 0.2), { name: 'x' }), { name: 'top', k: 2 })).explain();
    expect(gaps).toContain('the loss of what is known through top, tol');
  });

  test('new samples of which some is missing, and all of one modality', async () => {
    const fit = await fitOf(graphsOf({ x: holes(X, 0.2) })['two branches'], { rounds: 10 });
    const project = fit.project as unknown as (data: unknown) => Promise<Readonly<Record<string, DenseMatrix>>>;
    for (const data of [{ x: holes(X, 0.4) }, { x: holes(X, 0.4), y: toDense(Y) }])
      for (const E of Object.values(await project(data)))
        expect(E.data.every((value) => Number.isFinite(value) && value >= 0)).toBe(true);
  });

  test('samples that a modality lacks are missing there', async () => {
    const called = (from: number, count: number) => Array.from({ length: count }, (_, j) => `s${from + j}`);
    const a = factorInput(X, { name: 'x', sampleNames: called(0, 16), weights: entries });
    const b = factorInput(toDense(Y), { name: 'y', sampleNames: called(5, 16) });
    const joint = nmfLayer(factorShared(a, b, { samples: 'union' }), { name: 'both', k: 4 });
    const { summary, top } = await fitOf(nmfLayer(joint, { name: 'top', k: 2 }), { rounds: 20, tol: 0 });
    const J = summary.rounds.map(({ objective }) => objective);
    for (let i = 1; i < J.length; i++) expect(J[i]).toBeLessThanOrEqual(J[i - 1] * (1 + 1e-10));
    expect(top.H.cols).toBe(21);
  });

  test.skipIf(!haveSharedData)(
    `aml 10 → 3 with a fifth hidden comes to a plain fit of rank 3${skipReason}`,
    async () => {
      const aml = readNpy('aml.npy');
      const draws = uniform(aml.rows, aml.cols, 5).data;
      const input = factorInput(map(aml, (x, p) => (draws[p] < 0.2 ? Number.NaN : x)), { name: 'aml' }); // biome-ignore format: one thought
      const heldOut = (R: DenseMatrix) => {
        let [sum, count] = [0, 0];
        aml.data.forEach((x, p) => {
          if (draws[p] >= 0.2) return;
          sum += (x - R.data[p]) ** 2;
          count++;
        });
        return sum / count;
      };
      const plain = await factorNet(nmfLayer(input, { name: 'three', k: 3, maxIter: 1000, tol: 1e-7 }), {
        seed: 1,
      }).fit();
      const deep = nmfLayer(nmfLayer(input, { name: 'ten', k: 10 }), { name: 'three', k: 3 });
      const fit = await factorNet(deep, { seed: 1, training: 'joint' }).fit();
      expect(fit.summary.loss).toBeLessThan(1.002 * plain.summary.loss);
      expect(heldOut(await fit.reconstruct('aml'))).toBeLessThan(1.01 * heldOut(await plain.reconstruct('aml')));
      expect(fit.summary.rounds[0].inputs.aml).toBeGreaterThan(1.3 * fit.summary.loss);
    },
  );
});
