import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  type DenseMatrix,
  factorInput,
  factorNet,
  type GraphConfig,
  GraphError,
  graphFromJSON,
  graphToJSON,
  loadFit,
  type NmfSpec,
  nmfLayer,
  rRandom,
  saveFit,
  svdLayer,
} from '../../src/index.js';
import { reference } from '../../src/kernels/reference.js';
import { dense, transpose } from '../../src/matrix.js';
import { run } from '../../src/runtime/run.js';
import { randomStartOfR } from '../../src/runtime/starts.js';
import { multiply, uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';

const on = { backend: 'reference' } as const;
const X = uniform(9, 7, 1);
const x = factorInput(X, { name: 'x' });
const layer = (options: Partial<NmfSpec> = {}) => nmfLayer(x, { name: 'a', k: 3, ...options });
const fitOf = async (options: Partial<NmfSpec>, config: GraphConfig = { seed: 5 }) =>
  (await factorNet(layer(options), config).fit(on)).a;

/** What someone would write in R: `set.seed(seed); W <- matrix(runif(m·k), m); H <- matrix(runif(k·n), k)`. */
function byHand(seed: number, nth = 0, [m, n, k] = [9, 7, 3]): { readonly W: DenseMatrix; readonly H: DenseMatrix } {
  const { runif } = rRandom(seed);
  runif(nth * (m + n) * k);
  return { W: dense(m, k, runif(m * k)), H: dense(k, n, runif(k * n)) };
}

describe("rng: 'R'", () => {
  test('a fit begins from runif after set.seed, W first', async () => {
    const fitted = await fitOf({ rng: 'R' });
    expect(fitted).toEqual(await fitOf({ start: byHand(5) }));
    expect(fitted).not.toEqual(await fitOf({}));
    expect(await fitOf({}, { seed: 5, rng: 'R' })).toEqual(fitted);
    expect(await fitOf({ rng: 'counter' }, { seed: 5, rng: 'R' })).toEqual(await fitOf({}));
  });

  test('the layer that is fitted as number s has seed + s, unless it has one of its own', async () => {
    const chain = (own: Partial<NmfSpec>) => nmfLayer(layer(own), { name: 'b', k: 2, ...own });
    const { a, b } = await factorNet(chain({ rng: 'R' }), { seed: 5 }).fit(on);
    const above = nmfLayer(layer({ start: byHand(5) }), { name: 'b', k: 2, start: byHand(6, 0, [3, 7, 2]) });
    const given = await factorNet(above).fit(on);
    expect([a, b]).toEqual([given.a, given.b]);
    const seeded = await factorNet(chain({ rng: 'R', seed: 11 }), { seed: 5 }).fit(on);
    const both = nmfLayer(layer({ start: byHand(11) }), { name: 'b', k: 2, start: byHand(11, 0, [3, 7, 2]) });
    expect(seeded.b).toEqual((await factorNet(both).fit(on)).b);
  });

  test('restarts go on where the one before ended', async () => {
    for (const seed of [1, 2, 3, 4]) {
      const raced = await fitOf({ rng: 'R', restarts: 4 }, { seed });
      const alone = await fitOf({ start: byHand(seed, raced.restart) });
      expect(raced).toEqual({ ...alone, restart: raced.restart });
    }
    const found = await Promise.all([1, 2, 3, 4].map((seed) => fitOf({ rng: 'R', restarts: 4 }, { seed })));
    expect(new Set(found.map(({ restart }) => restart)).size).toBeGreaterThan(1);
  });

  test('a projective or symmetric layer draws W alone', async () => {
    const drawn = (seed: number, nth: number, m: number) => {
      const { runif } = rRandom(seed);
      runif(nth * m * 3);
      return dense(m, 3, runif(m * 3));
    };
    for (const [form, data] of [
      ['projective', X],
      ['symmetric', multiply(transpose(X), X)],
    ] as const) {
      const net = factorNet(
        nmfLayer(factorInput(data, { name: 'x' }), { name: 'a', k: 3, [form]: true, rng: 'R', restarts: 3 }),
        { seed: 2 },
      );
      const { a } = await net.fit(on);
      const [step] = net.plan.fit;
      if (step.op !== 'tied') throw new Error('a tied layer has a tied step');
      const { k: _k, start: _start, restarts: _restarts, loss: _loss, ...args } = step.args;
      const start = drawn(2, a.restart, data.rows);
      const { W, H } = await reference.tied({ X: [data], ...args, start, memory: 'normal' });
      expect([a.W.data, a.H.data]).toEqual([W.data, H.data]);
    }
  });

  test('seeds beyond those of R begin again at 0', async () => {
    for (const [seed, same] of [
      [2 ** 31 + 5, 5],
      [2 ** 53 - 1, 2 ** 31 - 1],
    ])
      expect(await fitOf({ rng: 'R' }, { seed })).toEqual(await fitOf({ start: byHand(same) }));
    const last = { seed: 2 ** 31 - 1, stream: 1, nth: 0, withH: true };
    expect(await randomStartOfR(9, 7, 3, last)).toEqual(byHand(0));
  });

  test('a drawn seed is one of R', async () => {
    const { a, summary } = await factorNet(layer({ rng: 'R' })).fit(on);
    expect(summary.seed).toBeLessThan(2 ** 31);
    expect(a).toEqual(await fitOf({ start: byHand(summary.seed) }));
  });

  test('a long start lets the loop turn', async () => {
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    const { W } = await randomStartOfR(1 << 20, 1, 1, { seed: 3, stream: 0, nth: 1, withH: true });
    expect(turned).toBe(true);
    expect(W.data).toEqual(
      rRandom(3)
        .runif(2 ** 21 + 1)
        .subarray(2 ** 20 + 1),
    );
  });

  test('the plan says so, and gives the same bits from JSON; so does a graph file', async () => {
    const net = factorNet(layer({ rng: 'R', restarts: 2 }), { seed: 5 });
    expect(net.explain()).toMatch(/start by R's numbers, best of 2 starts/);
    expect(factorNet(layer(), { seed: 5 }).explain()).not.toMatch(/R's/);
    const plan: typeof net.plan = JSON.parse(JSON.stringify(net.plan));
    const load = plan.prepare[0];
    const state = await run(plan, new Map([[load.write, X]]), { kernels: reference, seed: 5 });
    const { a } = await net.fit(on);
    expect(state.results.get('a')?.H.data).toEqual(a.H.data);

    const file = graphToJSON(layer({ rng: 'R', restarts: 2 }), { seed: 5, rng: 'R' });
    const { output, config } = graphFromJSON(JSON.parse(JSON.stringify(file)), { x: X });
    expect(config).toMatchObject({ rng: 'R' });
    const again = await factorNet(output, config).fit(on);
    expect(again.a).toEqual(a);
  });

  test('a saved fit keeps it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
    const path = join(folder, 'a.fit');
    const found = await factorNet(layer({ rng: 'R' }), { seed: 5 }).fit(on);
    await saveFit(found, path);
    const loaded = await loadFit(path);
    await rm(folder, { recursive: true });
    expect(loaded.layers.a.H).toEqual(found.a.H);
    expect(loaded.plan.fit[0]).toMatchObject({ args: { start: { rng: 'R' } } });
  });

  test('points of a sweep that differ in it share no layer', async () => {
    const cv = await crossValidateGraph({
      params: { rng: ['R', 'counter', 'R '] as const },
      reps: 1,
      layerFn: ({ rng }) => layer({ rng: rng === 'counter' ? 'counter' : 'R' }),
      backend: 'reference',
    });
    const [first, second, third] = ['R', 'counter', 'R '].map((rng) =>
      cv.rows.find(({ params }) => params.rng === rng),
    );
    expect(first).toMatchObject({ testLoss: third && 'testLoss' in third ? third.testLoss : Number.NaN });
    expect(first).not.toMatchObject({ testLoss: second && 'testLoss' in second ? second.testLoss : Number.NaN });
    expect(cv.work).toMatchObject({ asked: 3, fitted: 2 });
  });

  test.skipIf(!haveNative)(`bitwise the same on one thread and on seven${withoutNative}`, async () => {
    const net = factorNet(layer({ rng: 'R', restarts: 3 }), { seed: 5 });
    const [one, seven] = [await net.fit({ threads: 1 }), await net.fit({ threads: 7 })];
    expect(one.a).toEqual(seven.a);
  });

  test('SVD layers of a graph that has it are as they were', async () => {
    const svd = svdLayer(x, { name: 'a', k: 2 });
    const [plain, asked] = await Promise.all([{}, { rng: 'R' } as const].map((more) => factorNet(svd, { seed: 1, ...more }).fit(on))); // biome-ignore format: one thought
    expect(asked.a).toEqual(plain.a);
  });

  test.each([
    [{ rng: 'R', start: 'nndsvd' }, {}, /R's random numbers must have start: 'random'; got rng: 'R', start: 'nndsvd'/],
    [{ start: byHand(1) }, { rng: 'R' }, /give the layer rng: 'counter', or that start/],
    [{ rng: 'r' as 'R' }, {}, /rng of layer 'a' must be 'counter' or 'R'; got 'r'/],
  ] as const)('is refused where nothing is drawn: %o', (options, config, words) => {
    const build = () => factorNet(layer(options as Partial<NmfSpec>), config as GraphConfig); // of a readonly table
    expect(build).toThrow(GraphError);
    expect(build).toThrow(words);
  });
});
