import { truncate, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, test } from 'vitest';
import { streamMatrix } from '../../src/files/stream-matrix.js';
import {
  crossValidateGraph,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  GraphError,
  H,
  type InputOptions,
  IoError,
  loadFit,
  type NmfSpec,
  nmfLayer,
  type Progress,
  readMatrix,
  refine,
  saveFit,
  svdLayer,
  W,
  writeMatrix,
} from '../../src/index.js';
import { testFolder } from '../support/files.js';
import { sparse, uniform } from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { haveSharedData, sharedPath, skipReason } from '../support/shared-data.js';
import { denseSpz, sparseSpz } from '../support/spz-files.js';

const { place, file } = testFolder();
const ROWS = 30;
const COLS = 300;
let x = '';
let single = '';

beforeAll(async () => {
  x = place('x.npy');
  single = place('single.npy');
  const data = uniform(ROWS, COLS, 5);
  await writeMatrix(x, data);
  await writeMatrix(single, { ...data, data: Float32Array.from(data.data) });
});

const backends = [...(haveNative ? (['native'] as const) : []), 'reference' as const];
const own = { name: 'x' } as const;
const stream = (path = x, options: Partial<InputOptions> = {}) =>
  factorInput(path, { ...own, stream: true, ...options });
const one = (options: Partial<NmfSpec> = {}) => ({ name: 'a', k: 3, maxIter: 5, ...options }) as const;

/** What the graph of a promise or a builder is refused for. */
async function issuesOf(work: () => unknown) {
  try {
    await work();
  } catch (error) {
    if (error instanceof GraphError) return error.issues;
    throw error;
  }
  throw new Error('nothing was refused');
}

function closeTo(found: Float64Array | undefined, wanted: Float64Array | undefined): void {
  const rounded = (list: Float64Array | undefined) => Array.from(list ?? [Number.NaN], (share) => share.toFixed(6));
  expect(rounded(found)).toEqual(rounded(wanted));
}

describe('inputs that are streamed', () => {
  test.each(backends)('a fit is that of data in memory, to the bit, whatever is asked of it (%s)', async (backend) => {
    for (const [path, orientation] of [
      [x, 'features-by-samples'],
      [x, 'samples-by-features'],
      [single, 'features-by-samples'],
    ] as const) {
      // biome-ignore format: one thought
      const seen: number[] = [];
      const onProgress = ({ loss }: Progress) => void seen.push(loss);
      const whole = factorNet(nmfLayer(factorInput(await readMatrix(path, { orientation }), own), one()), { seed: 4 });
      const net = factorNet(nmfLayer(stream(path, { orientation }), one()), { seed: 4 });
      const [a, b] = [await whole.fit({ backend }), await net.fit({ backend, onProgress, threads: 3 })];
      for (const part of ['d', 'history', 'loss', 'objective', 'kkt', 'H', 'W'] as const)
        expect(b.a[part]).toEqual(a.a[part]);
      expect(seen.length).toBe(6);
      const { loss, explained, factors } = b.summary.inputs.x;
      const { inputs: { x: then } } = a.summary; // biome-ignore format: one thought
      expect(loss).toBeCloseTo(then.loss, 12);
      expect(explained).toBeCloseTo(then.explained, 12);
      closeTo(factors.a, then.factors.a);
      if (path === x) expect([loss, explained]).toEqual([then.loss, then.explained]);
      expect(await b.reconstruct('x')).toEqual(await a.reconstruct('x'));
      expect(await b.loadings('a')).toEqual(await a.loadings('a'));
      const sample = { x: uniform(b.a.W.rows, 2, 8) };
      expect(await b.project(sample)).toEqual(await a.project(sample));
      closeTo((await b.explained('a')).x, (await a.explained('a')).x);
    }
  });

  test.each(backends)('so it is of .spz files, sparse and dense, however they are cut (%s)', async (backend) => {
    const counts = sparse(ROWS, COLS, 3, 4);
    const whole = { ...counts, values: counts.values.map((value) => Math.floor(value * 600)) };
    const narrow = { ...uniform(ROWS, COLS, 5), data: Float32Array.from(uniform(ROWS, COLS, 5).data) };
    for (const [spz, words] of [
      [sparseSpz(whole, 'u2', { chunk: 90 }), 'sparse'],
      [sparseSpz(counts, 'f4', { chunk: COLS }), 'sparse'],
      [denseSpz(narrow, 'coded', { chunk: 70, differences: true }), 'dense'],
      [denseSpz(uniform(ROWS, COLS, 5), 'plain', { chunk: 1, wide: true }), 'dense'],
    ] as const) {
      const path = await file(spz, 'spz');
      const X = await readMatrix(path);
      for (const [precision, threads] of [
        ['f64', 1],
        ['f32', 3],
      ] as const) {
        // biome-ignore format: one thought
        const net = factorNet(nmfLayer(stream(path), one({ precision })), { seed: 4 });
        expect(net.explain()).toContain(words);
        const [a, b] = [
          await factorNet(nmfLayer(factorInput(X, own), one({ precision })), { seed: 4 }).fit({ backend }),
          await net.fit({ backend, threads }),
        ];
        for (const part of ['d', 'history', 'loss', 'objective', 'kkt', 'H', 'W'] as const)
          expect(b.a[part]).toEqual(a.a[part]);
        expect(b.summary.inputs.x.loss).toBeCloseTo(a.summary.inputs.x.loss, 12);
        expect(b.summary.inputs.x.explained).toBeCloseTo(a.summary.inputs.x.explained, 10);
        closeTo(b.summary.inputs.x.factors.a, a.summary.inputs.x.factors.a);
      }
    }
  });

  test.each(backends)(
    'a missing entry of a sparse file is found; one that is cut as it is fitted is an IoError (%s)',
    async (backend) => {
      const made = sparse(ROWS, COLS, 3, 4);
      const at = made.values.length - 1;
      const gap = sparseSpz({ ...made, values: made.values.with(at, Number.NaN) }, 'f8', { chunk: 90 });
      const gone = factorNet(nmfLayer(stream(await file(gap, 'spz')), one()), { seed: 1 });
      expect(await issuesOf(() => gone.fit({ backend }))).toMatchObject([
        { code: 'invalid-data', got: `NaN at row ${made.indices[at]}, column ${COLS - 1}` },
      ]);
      const path = await file(sparseSpz(made, 'f8', { chunk: 90 }), 'spz');
      const net = factorNet(nmfLayer(stream(path), one({ maxIter: 1000, tol: 0 })), { seed: 1 });
      let cut: Promise<void> | undefined;
      const onProgress = () => {
        cut ??= truncate(path, 400);
      };
      await expect(net.fit({ backend, onProgress })).rejects.toMatchObject({ code: 'damaged', path });
    },
  );

  test.skipIf(!haveSharedData || !haveNative)(`counts of 2,700 cells, streamed${skipReason}`, async () => {
    const path = sharedPath('pbmc3k.spz');
    const fitted = (input: ReturnType<typeof stream>) =>
      factorNet(nmfLayer(input, { name: 'a', k: 8, maxIter: 3 }), { seed: 2 }).fit({ backend: 'native' });
    const [a, b] = [
      await fitted(factorInput(path, own)),
      // A builder is given a path by its callers; panels of another size are for tests alone.
      await fitted(factorInput(streamMatrix(path, { panelBytes: 1 << 20 }) as never, { ...own, stream: true })),
    ];
    for (const part of ['d', 'history', 'loss', 'kkt'] as const) expect(b.a[part]).toEqual(a.a[part]);
    for (const part of ['H', 'W'] as const)
      expect(Buffer.from(b.a[part].data.buffer).equals(Buffer.from(a.a[part].data.buffer))).toBe(true);
  });

  test('layers above, several layers on one file, starts, races, targets and names are as in memory', async () => {
    const names = Array.from({ length: COLS }, (_, j) => `s${j}`);
    const featureNames = Array.from({ length: ROWS }, (_, i) => `f${i}`);
    const graph = async (streamed: boolean) => {
      const named = { ...own, sampleNames: names, featureNames };
      const input = streamed ? factorInput(x, { ...named, stream: true }) : factorInput(await readMatrix(x), named);
      const first = nmfLayer(input, one({ restarts: 2, L1: 0.01 }));
      const start = { W: uniform(ROWS, 3, 1), H: uniform(3, COLS, 2) };
      const guided = { H: H({ target: uniform(3, COLS, 3), targetLambda: 0.2 }), W: W({ L2: 0.1 }) };
      const second = nmfLayer(input, { name: 'b', k: 3, maxIter: 5, start, ...guided });
      return factorNet(nmfLayer(factorConcat(first, second), { name: 'top', k: 2, maxIter: 5 }), { seed: 9 }).fit();
    };
    const [a, b] = [await graph(false), await graph(true)];
    for (const layer of ['a', 'b', 'top'] as const) {
      expect(b[layer].H).toEqual(a[layer].H);
      expect(b[layer].W).toEqual(a[layer].W);
    }
    const labels = names.map((_, j) => j % 2);
    const [c, d] = [await refine(a, labels, { layer: 'top' }), await refine(b, labels, { layer: 'top' })];
    expect(d.top.H).toEqual(c.top.H);
    expect(b.a.W.rowNames).toEqual(featureNames);
    expect(b.summary.inputs.x.loss).toBeCloseTo(a.summary.inputs.x.loss, 12);
    expect(b.summary.inputs.x.factors.top?.[0]).toBeCloseTo(a.summary.inputs.x.factors.top?.[0] ?? 0, 9);
  });

  test('explain says so; a fit is saved, read and gone on from', async () => {
    const net = factorNet(nmfLayer(stream(), one({ maxIter: 12, tol: 0 })), { seed: 4 });
    expect(net.explain()).toContain('streamed from its file');
    const [path, checkpoint] = [place('fit.safetensors'), { path: place('fit.checkpoint'), every: 2 }];
    const abort = new AbortController();
    const onProgress = ({ iteration }: Progress) => iteration === 5 && abort.abort();
    await expect(net.fit({ checkpoint, signal: abort.signal, onProgress })).rejects.toThrow();
    const [whole, resumed] = [await net.fit(), await net.fit({ checkpoint })];
    expect(resumed.a.H).toEqual(whole.a.H);
    await saveFit(whole, path);
    const saved = await loadFit(path);
    expect(saved.layers.a.H).toEqual(whole.a.H);
    expect(saved.inputs).toEqual([{ name: 'x', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
    expect(await saved.reconstruct('x')).toEqual(await whole.reconstruct('x'));
    const other = place('other.npy');
    await writeMatrix(other, uniform(ROWS, COLS, 6));
    const elsewhere = factorNet(nmfLayer(stream(other), one({ maxIter: 12, tol: 0 })), { seed: 4 });
    await expect(elsewhere.fit({ checkpoint })).rejects.toMatchObject({ code: 'other-fit', differs: ["input 'x'"] });
  });

  test('what is wrong with its numbers is found before it is fitted', async () => {
    const faulty = async (value: number, at: number) => {
      const data = uniform(ROWS, COLS, 5);
      data.data[at] = value;
      const path = place(`faulty ${value} ${at}.npy`);
      await writeMatrix(path, data);
      return factorNet(nmfLayer(stream(path), one()), { seed: 1 });
    };
    const gap = await issuesOf(async () => (await faulty(Number.NaN, 7 + 200 * ROWS)).fit());
    expect(gap).toMatchObject([
      { code: 'invalid-data', of: "input 'x'", got: 'NaN at row 7, column 200', at: 'a ← x' },
    ]);
    const infinite = await issuesOf(async () => (await faulty(-Infinity, 3)).fit());
    expect(infinite).toMatchObject([{ code: 'non-finite', row: 3, col: 0, value: -Infinity }]);
    expect(await issuesOf(async () => (await faulty(1e200, 3)).fit())).toMatchObject([
      { code: 'value-range', largest: 1e200 },
    ]);
    const large = factorNet(nmfLayer(stream(place('faulty 1e+200 3.npy')), one({ precision: 'f32' })), { seed: 1 });
    expect((await issuesOf(() => large.fit()))[0].code).toBe('value-range');
    await faulty(1e20, 3);
    const wide = factorNet(nmfLayer(stream(place('faulty 100000000000000000000 3.npy')), one({ precision: 'f32' })), {
      seed: 1,
    });
    expect(await issuesOf(() => wide.fit())).toMatchObject([
      { code: 'incompatible-options', of: "layer 'a'", options: { precision: 'f32' } },
    ]);
    const below = await (await faulty(-1, 3)).fit();
    expect(below.summary.notes.join()).toContain('negative');
  });

  test('a file that changes, is cut or goes is an IoError, and nothing hangs', async () => {
    for (const backend of backends) {
      const path = place(`cut ${backend}.npy`);
      await writeMatrix(path, uniform(ROWS, COLS, 5));
      const net = factorNet(nmfLayer(stream(path), one({ maxIter: 1000, tol: 0 })), { seed: 1 });
      let cut: Promise<void> | undefined;
      const onProgress = () => {
        cut ??= truncate(path, 400);
      };
      const error = await net.fit({ backend, onProgress }).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(IoError);
      expect(error).toMatchObject({ code: 'damaged', path });
      await expect(net.fit({ backend })).rejects.toMatchObject({ code: 'damaged' });
    }
  });

  test('a fit that is cancelled ends', async () => {
    for (const backend of backends) {
      const abort = new AbortController();
      const net = factorNet(nmfLayer(stream(), one({ maxIter: 10_000, tol: 0 })), { seed: 1 });
      const onProgress = ({ iteration }: Progress) => iteration === 3 && abort.abort();
      const error = await net.fit({ backend, signal: abort.signal, onProgress }).catch((reason: unknown) => reason);
      expect(error).toBe(abort.signal.reason);
    }
  });

  test('what has to see all data at once is refused by name, with the cure', async () => {
    const other = factorInput(uniform(ROWS, COLS, 1), { name: 'y' });
    const layers = { svd: () => svdLayer(stream(), { name: 'a', k: 2 }) };
    const nmf = (options: object) => () => nmfLayer(stream(), { name: 'a', k: 2, ...options });
    const cases: readonly (readonly [string, () => unknown, string])[] = [
      ['an SVD', layers.svd, 'be an NMF layer'],
      ['a loss', nmf({ loss: 'kl' }), "have loss 'mse'"],
      ['updates', nmf({ solver: 'mu' }), "have solver 'hals', 'bpp' or 'cholesky'"],
      ['an SVD start', nmf({ start: 'nndsvd' }), "have start 'random' or { W, H }"],
      ['a projection', nmf({ projective: true }), 'have a W and an H of their own'],
      ['a stack', () => nmfLayer(factorShared(stream(), other), one()), 'by NMF layers, and by nothing between'],
      ['a concat', () => nmfLayer(factorConcat(stream() as never, other as never), one()), 'by nothing between'],
      ['a sum', () => factorAdd(stream() as never, other as never), 'by nothing between'],
      ['a condition', () => nmfLayer(factorCondition(stream(), uniform(2, COLS, 1)), one()), 'by nothing between'],
      ['a mask', () => nmfLayer(stream(x, { mask: 'zeros' }), one()), 'neither mask nor weights'],
      [
        'weights',
        () => nmfLayer(stream(x, { weights: { samples: Array(COLS).fill(1) } }), one()),
        'neither mask nor weights',
      ],
      ['a weight', () => nmfLayer(stream(x, { weight: 2 }), one()), 'neither mask nor weights'],
    ];
    for (const [, graph, words] of cases) {
      const issues = await issuesOf(() => factorNet(graph() as never, { seed: 1 }));
      const messages = new GraphError(issues).message;
      expect(messages).toContain(words);
      expect(messages).toContain('leave out stream');
    }
    const joint = await issuesOf(() =>
      factorNet(nmfLayer(nmfLayer(stream(), one()), { name: 'b', k: 2 }), { training: 'joint' }),
    );
    expect(new GraphError(joint).message).toContain('be trained by itself');
    const swept = await issuesOf(() =>
      crossValidateGraph({ params: { k: [2, 3] }, layerFn: ({ k }) => nmfLayer(stream(), { name: 'a', k }) }),
    );
    expect(new GraphError(swept).message).toContain('The data of a sweep must be in memory');
  });

  test('what is no file that can be streamed is a fault of the graph', async () => {
    const table = await file('a,b\n1,2\n', 'csv');
    expect(new GraphError(await issuesOf(() => factorNet(nmfLayer(stream(table), one())))).message).toContain(
      'must be an .npy or .spz file',
    );
    const given = factorInput(uniform(4, 5, 1), { name: 'x', stream: true });
    expect(await issuesOf(() => factorNet(nmfLayer(given, one())))).toMatchObject([
      { code: 'invalid-option', option: 'stream' },
    ]);
    const odd = factorInput(x, { name: 'x', stream: 'yes' as never });
    expect(await issuesOf(() => factorNet(nmfLayer(odd, one())))).toMatchObject([
      { code: 'invalid-option', option: 'stream' },
    ]);
    const names = stream(x, { sampleNames: ['a'] });
    expect(await issuesOf(() => factorNet(nmfLayer(names, one())))).toMatchObject([{ code: 'invalid-names' }]);
    await writeFile(place('gone.npy'), '');
    expect(
      new GraphError(await issuesOf(() => factorNet(nmfLayer(stream(place('gone.npy')), one())))).message,
    ).toContain('.npy');
  });
});
