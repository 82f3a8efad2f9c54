import { describe, expect, test } from 'vitest';
import {
  crossValidateGraph,
  factorCondition,
  factorInput,
  factorShared,
  GraphError,
  graphSweep,
  H,
  nmfLayer,
  range,
  SweepError,
  type SweepOptions,
  svdLayer,
} from '../../src/index.js';
import { dense } from '../../src/matrix.js';
import { uniform } from '../support/matrices.js';

const x = factorInput(uniform(12, 10, 1), { name: 'x' });
const layer = (k: number) => nmfLayer(x, { name: 'a', k });
const good = { params: { k: [1, 2] }, reps: 1, layerFn: ({ k }: { k: number }) => layer(k) };

/** The issues of a sweep with other options. */
function issuesOf(more: object): readonly unknown[] {
  try {
    graphSweep({ ...good, ...more } as unknown as SweepOptions); // what is wrong with it is what is tested
  } catch (error) {
    if (error instanceof GraphError) return error.issues;
    throw error;
  }
  return [];
}

describe('options that are refused', () => {
  test.each([
    ['no parameters', { params: {} }, { code: 'empty-space', param: undefined }],
    ['no values', { params: { k: [] } }, { code: 'empty-space', param: 'k' }],
    ['a value twice', { params: { k: [1, 2, 1] } }, { code: 'duplicate-value', param: 'k', value: 1 }],
    ['values that are no list', { params: { k: 3 } }, { code: 'invalid-option', option: 'params.k' }],
    [
      'a value that JSON has none of',
      { params: { k: [1, Number.NaN] } },
      { code: 'invalid-option', option: 'params.k.1' },
    ],
    ['a matrix as a value', { params: { k: [1, [2]] } }, { code: 'invalid-option', option: 'params.k.1' }],
    [
      'a range without steps in a grid',
      { params: { k: range(1, 3, { int: true }) } },
      { code: 'invalid-option', option: 'params.k' },
    ],
    [
      'a range upside down',
      { params: { k: range(3, 1, { steps: 2 }) } },
      { code: 'invalid-option', option: 'params.k' },
    ],
    [
      'a logarithm of 0',
      { params: { k: range(0, 1, { log: true, steps: 2 }) } },
      { code: 'invalid-option', option: 'params.k' },
    ],
    [
      'whole numbers from 1.5',
      { params: { k: range(1.5, 4, { int: true, steps: 2 }) } },
      { code: 'invalid-option', option: 'params.k' },
    ],
    [
      'a fraction of 0',
      { testFraction: 0 },
      { code: 'invalid-option', option: 'testFraction', rule: 'a number between 0 and 1' },
    ],
    ['a fraction of 1', { testFraction: 1 }, { code: 'invalid-option', option: 'testFraction' }],
    ['NaN of everything', { testFraction: Number.NaN }, { code: 'invalid-option', option: 'testFraction' }],
    ['no masks', { reps: 0 }, { code: 'invalid-option', option: 'reps' }],
    ['a seed below zero', { seed: -1 }, { code: 'invalid-option', option: 'seed' }],
    ['a seed in the graph', { config: { seed: 1 } }, { code: 'unknown-option', option: 'config.seed' }],
    ['a word that is none', { holdOut: 'rows' }, { code: 'invalid-option', option: 'holdOut' }],
    ['a ridge below zero', { ridge: -1 }, { code: 'invalid-option', option: 'ridge' }],
    [
      'no iterations between looks',
      { earlyStopping: { every: 0 } },
      { code: 'invalid-option', option: 'earlyStopping.every' },
    ],
    [
      'a look after the end',
      { earlyStopping: { every: 100 } },
      {
        code: 'invalid-option',
        option: 'earlyStopping.every',
        rule: "below the largest maxIter of the layers, 100 of layer 'a'",
      },
    ],
    [
      'looks at what can not be left',
      { earlyStopping: {}, holdOut: 'samples', layerFn: () => svdLayer(x, { name: 's', k: 2 }) },
      { code: 'incompatible-options', rule: expect.stringContaining('Only NMF layers') },
    ],
    ['early stopping of rungs', { earlyStopping: {}, strategy: 'halving' }, { code: 'incompatible-options' }],
    [
      'early stopping of rounds',
      { earlyStopping: {}, config: { training: 'joint' } },
      { code: 'incompatible-options' },
    ],
    // biome-ignore lint/suspicious/noSparseArray: what is wrong is what is tested
    ['a list with holes', { params: { k: [1, , 2] } }, { code: 'invalid-option', option: 'params.k.1' }],
    ['a graph for layerFn', { layerFn: layer(2) }, { code: 'invalid-option', option: 'layerFn' }],
    ['an option misspelt', { rep: 3 }, { code: 'unknown-option', option: 'rep' }],
  ])('%s', (_, more, issue) => {
    expect(issuesOf(more)).toEqual([expect.objectContaining(issue)]);
  });

  test('of a run', async () => {
    const sweep = graphSweep(good);
    // @ts-expect-error there is no such option
    await expect(sweep.run({ worker: 2 })).rejects.toThrow("did you mean 'workers'?");
    await expect(sweep.run({ workers: 0 })).rejects.toThrow('workers of crossValidateGraph must be a whole number');
    await expect(crossValidateGraph({ ...good, threads: -1 })).rejects.toBeInstanceOf(GraphError);
  });
});

describe('points that are refused', () => {
  test.each([
    ['nothing', () => undefined, 'undefined'],
    ['a number', () => 3, '3'],
    ['a promise', async () => layer(2), 'a promise'],
    ['an error', () => { throw new Error('oh no'); }, "an error, 'oh no',"], // biome-ignore format: one thought
  ])('%s instead of a graph', (_, layerFn, got) => {
    expect(issuesOf({ layerFn })).toEqual([
      { code: 'invalid-point', of: 'layerFn', params: { k: 1 }, got, at: 'layerFn' },
    ]);
  });

  test('an input instead of a layer, as factorNet refuses it', () => {
    expect(issuesOf({ layerFn: () => x })).toEqual([expect.objectContaining({ code: 'invalid-output' })]);
  });

  test('other inputs, and inputs with other data or another mask', async () => {
    const other = (name: string, data = uniform(12, 10, 1), options: object = {}) =>
      factorInput(data, { name, ...options });
    const rows = async (input: (k: number) => ReturnType<typeof other>) => {
      const result = await crossValidateGraph({ ...good, layerFn: ({ k }) => nmfLayer(input(k), { name: 'a', k }) });
      return result.rows.map(({ error }) => error?.code ?? null);
    };
    // Read anew for every point, the same data are the same.
    expect(await rows(() => other('x'))).toEqual([null, null]);
    expect(await rows((k) => other(`x${k}`))).toEqual([null, 'different-inputs']);
    expect(await rows((k) => other('x', uniform(12, 10, k)))).toEqual([null, 'different-inputs']);
    expect(
      await rows((k) => other('x', uniform(12, 10, 1), k === 1 ? {} : { mask: { features: [3], samples: [4] } })),
    ).toEqual([null, 'different-inputs']);
    // How much an input counts may differ.
    expect(await rows((k) => other('x', uniform(12, 10, 1), { weight: k }))).toEqual([null, null]);
  });

  test('a complexity that is no number', () => {
    expect(issuesOf({ complexity: () => Number.NaN })).toEqual([expect.objectContaining({ code: 'invalid-point' })]);
  });
});

describe('a point that fails', () => {
  const layerFn = ({ k }: { k: number }) => layer(k === 2 ? 0 : k);

  test('is a row with its error, and has no place in the choice', async () => {
    const result = await crossValidateGraph({ ...good, params: { k: [1, 2, 3] }, reps: 2, layerFn });
    expect(result.rows.map(({ error }) => error?.code ?? null)).toEqual([
      null,
      'invalid-option',
      null,
      null,
      'invalid-option',
      null,
    ]);
    expect(result.points.map(({ params }) => params.k)).not.toContain(2);
    expect(result.table().split('\n').at(-1)).toMatch(/^2 +failed on 2$/);
    expect(result.reason).toContain('of 2 points on 2 masks (1 failed: rows say why)');
    expect(graphSweep({ ...good, params: { k: [1, 2, 3] }, layerFn }).explain()).toContain(
      "point 1 can't be fitted: k of",
    );
  });

  test('ends the sweep where that is wanted', async () => {
    await expect(crossValidateGraph({ ...good, layerFn, onError: 'stop' })).rejects.toThrow("k of layer 'a' must be");
  });

  test('is an error of the whole where none is left, which says why', async () => {
    const axes = ({ k }: { k: number }) => nmfLayer(x, { name: 'axes', k, projective: true });
    const error = await crossValidateGraph({ ...good, layerFn: axes }).catch((thrown: unknown) => thrown);
    if (!(error instanceof SweepError)) throw error;
    expect(error.code).toBe('all-failed');
    expect(error.rows.map(({ error: own }) => own?.code)).toEqual(['incompatible-options', 'incompatible-options']);
    expect(error.message).toContain('A projective layer must have data without missing entries');
    expect(error.message).toContain(
      "hold out whole samples (holdOut: 'samples'); or fill them in first, or use a plain nmfLayer",
    );
    expect(Object.keys(error)).not.toContain('rows');
    // Whole samples leave nothing missing.
    const { best } = await crossValidateGraph({ ...good, layerFn: axes, holdOut: 'samples' });
    expect(best.k).toBeGreaterThan(0);
  });

  test('names whole samples as a cure only where they are one', async () => {
    const messageOf = async (layerFn: (point: { k: number }) => ReturnType<typeof layer>) => {
      const { rows } = await crossValidateGraph({ ...good, layerFn: ({ k }) => (k === 1 ? layer(1) : layerFn({ k })) });
      return rows.find(({ error }) => error !== null)?.error?.message;
    };
    const cure = "hold out whole samples (holdOut: 'samples')";
    const S = uniform(10, 10, 3);
    const square = factorInput(dense(10, 10, S.data.map((_, p) => S.data[p] + S.data[10 * (p % 10) + Math.floor(p / 10)])), { name: 'x' }); // biome-ignore format: one thought
    expect(await messageOf(({ k }) => nmfLayer(x, { name: 'a', k, projective: true }))).toContain(cure);
    const error = await crossValidateGraph({
      ...good,
      layerFn: ({ k }) => nmfLayer(square, { name: 'a', k, symmetric: true }),
    }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('data without missing entries');
    expect(String(error)).not.toContain(cure);
  });
});

describe('masks that hold out nothing, or all', () => {
  test('nothing', async () => {
    const error = await crossValidateGraph({ ...good, testFraction: 1e-9 }).catch((thrown: unknown) => thrown);
    if (!(error instanceof GraphError)) throw error;
    expect(error.issues[0]).toMatchObject({ code: 'nothing-held-out', input: 'x', entries: 120 });
    expect(error.message).toContain('raise testFraction');
  });

  test('entries that are not zero, where there are none', async () => {
    const zeros = factorInput(dense(6, 5, new Float64Array(30)), { name: 'x' });
    const error = await crossValidateGraph({
      ...good,
      layerFn: ({ k }) => nmfLayer(zeros, { name: 'a', k }),
      holdOut: 'nonzeros',
    }).catch((thrown: unknown) => thrown);
    if (!(error instanceof GraphError)) throw error;
    expect(error.issues[0]).toMatchObject({ code: 'nothing-held-out', input: 'x', entries: 0 });
    expect(error.message).toContain("take holdOut 'entries'");
  });

  test('all but one of every row and column stays possible', async () => {
    const { rows } = await crossValidateGraph({ ...good, params: { k: [1] }, testFraction: 0.999 });
    expect(rows.map(({ error }) => error)).toEqual([null]);
  });

  test.each([
    ['a start', nmfLayer(x, { name: 'a', k: 2, start: { W: uniform(12, 2, 1), H: uniform(2, 10, 2) } }), 'start'],
    ['a target', nmfLayer(x, { name: 'a', k: 2, H: H({ target: uniform(2, 10, 2), targetLambda: 0.1 }) }), 'H.target'],
    ['neighbours', nmfLayer(x, { name: 'a', k: 2, H: H({ graph: uniform(10, 10, 2), graphLambda: 0 }) }), undefined],
    [
      'weights',
      nmfLayer(factorInput(uniform(12, 10, 1), { name: 'x', weights: { samples: uniform(1, 10, 3).data } }), {
        name: 'a',
        k: 2,
      }),
      'weights',
    ],
    [
      'samples by name',
      nmfLayer(
        factorShared(
          factorInput(uniform(12, 3, 1), { name: 'x', sampleNames: ['a', 'b', 'c'] }),
          factorInput(uniform(5, 3, 2), { name: 'y', sampleNames: ['c', 'b', 'd'] }),
          { samples: 'union' },
        ),
        { name: 'a', k: 2 },
      ),
      'samples',
    ],
  ])('of whole samples, %s for each of them can not be', (_, output, option) => {
    const issues = issuesOf({ layerFn: () => output, holdOut: 'samples' });
    if (option === undefined) expect(issues).not.toEqual([]);
    else expect(issues[0]).toMatchObject({ code: 'incompatible-options', options: { holdOut: 'samples' } });
    expect(JSON.stringify(issues)).toContain(option ?? 'symmetric');
  });

  test('of whole samples one stays, and what ties samples is refused', async () => {
    const { rows } = await crossValidateGraph({ ...good, params: { k: [1] }, testFraction: 0.99, holdOut: 'samples' });
    expect(rows[0].error).toBe(null);
    const one = factorInput(dense(5, 1, Float64Array.of(1, 2, 3, 4, 5)), { name: 'x' });
    const single = crossValidateGraph({
      ...good,
      layerFn: () => nmfLayer(one, { name: 'a', k: 1 }),
      holdOut: 'samples',
    });
    await expect(single).rejects.toThrow('held out');
  });
});

test('a sweep that is cancelled rejects with the reason', async () => {
  const control = new AbortController();
  const reason = new Error('enough');
  const seen: number[] = [];
  const run = crossValidateGraph({
    ...good,
    reps: 5,
    signal: control.signal,
    onProgress: ({ done }) => {
      seen.push(done);
      if (done === 3) control.abort(reason);
    },
  });
  await expect(run).rejects.toBe(reason);
  expect(seen).toEqual([1, 2, 3]);
  await expect(crossValidateGraph({ ...good, signal: control.signal })).rejects.toBe(reason);
});

describe('what an untyped caller may do', () => {
  test('nothing instead of options', async () => {
    for (const options of [undefined, null, 3]) {
      // @ts-expect-error options are an object
      await expect(crossValidateGraph(options)).rejects.toBeInstanceOf(GraphError);
    }
  });

  test('a layerFn that makes promises, which fail later, or throws what is no error', async () => {
    const late = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      throw new Error('late');
    };
    expect(issuesOf({ layerFn: late })).toEqual([expect.objectContaining({ got: 'a promise' })]);
    expect(issuesOf({ complexity: late })).toEqual([expect.objectContaining({ of: 'complexity', got: 'a promise' })]);
    const odd = () => {
      throw Object.create(null);
    };
    expect(issuesOf({ layerFn: odd })).toEqual([expect.objectContaining({ got: 'an error, an object with no keys,' })]);
    // A rejection that nobody has handled would end the process.
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  test('a range that holds a few numbers is drawn from as long as it has some', async () => {
    const { points } = await crossValidateGraph({
      params: { L1: range(1, 1 + 4e-16) },
      strategy: 'random',
      points: 9,
      reps: 1,
      layerFn: ({ L1 }) => nmfLayer(x, { name: 'a', k: 1, L1: L1 / 1e9 }),
    });
    expect(points.length).toBe(3);
  });
});

test('samples that a modality lacks are scored where they are; where nothing is scored at all, that is said', async () => {
  const names = (from: number, count: number) => Array.from({ length: count }, (_, j) => `s${from + j}`);
  const gaps = uniform(5, 10, 2);
  const some = { ...gaps, data: gaps.data.map((z, p) => (p >= 25 ? Number.NaN : z)) };
  const both = factorShared(x, factorInput(some, { name: 'y' }));
  const sweep = {
    ...good,
    reps: 6,
    testFraction: 0.1,
    layerFn: ({ k }: { k: number }) => nmfLayer(both, { name: 'a', k }),
  };
  const { rows } = await crossValidateGraph({ ...sweep, holdOut: 'samples' });
  const inputs = rows.map((row) => (row.error === null ? row.inputs.y : null));
  expect(inputs.some((y) => y?.heldOut === 0 && y.testLoss === null)).toBe(true);
  expect(inputs.some((y) => y?.heldOut === 5 && y.testLoss !== null)).toBe(true);
  expect(rows.every((row) => row.error === null && Number.isFinite(row.testLoss))).toBe(true);

  const a = factorInput(uniform(5, 14, 1), { name: 'a', sampleNames: names(0, 14) });
  const b = factorInput(uniform(5, 14, 2), { name: 'b', sampleNames: names(12, 14) });
  const few = factorShared(a, b, { samples: 'intersection' });
  const codes = new Set<string | null>();
  for (let seed = 0; seed < 8; seed++) {
    const options = {
      ...good,
      seed,
      testFraction: 0.03,
      layerFn: ({ k }: { k: number }) => nmfLayer(few, { name: 'f', k }),
    };
    const found = await crossValidateGraph(options).then(
      (result) => result.rows,
      (error: unknown) =>
        error instanceof SweepError ? error.rows : error instanceof GraphError ? [] : Promise.reject(error),
    );
    for (const row of found) {
      codes.add(row.error?.code ?? null);
      if (row.error === null) expect(Number.isFinite(row.testLoss)).toBe(true);
    }
  }
  expect([...codes].sort()).toEqual(['nothing-held-out', null].sort());
});

test('matrices that share an array of numbers are not taken for one another', async () => {
  const ones = Float64Array.from({ length: 10 }, () => 1);
  const indptr = Uint32Array.from({ length: 11 }, (_, j) => j);
  const labels = (of: (j: number) => number) =>
    ({
      kind: 'csc',
      rows: 2,
      cols: 10,
      indptr,
      indices: Uint32Array.from({ length: 10 }, (_, j) => of(j)),
      values: ones,
    }) as const;
  const sides = { half: labels((j) => Number(j < 5)), odd: labels((j) => j % 2) };
  const options = {
    reps: 2,
    layerFn: ({ side }: { side: 'half' | 'odd' }) => nmfLayer(factorCondition(x, sides[side]), { name: 'a', k: 2 }),
  };
  const both = await crossValidateGraph({ ...options, params: { side: ['half', 'odd'] } });
  for (const side of ['half', 'odd'] as const) {
    const alone = await crossValidateGraph({ ...options, params: { side: [side] } });
    const own = both.rows.filter(({ params }) => params.side === side);
    expect(own.map((row) => row.error ?? row.testLoss)).toEqual(alone.rows.map((row) => row.error ?? row.testLoss));
  }
  expect(both.work.fitted).toBe(4);
});

test('a loop over rows that is left ends the sweep', async () => {
  let told = 0;
  const sweep = graphSweep({ ...good, reps: 40 });
  for await (const { done } of sweep.steps({ onProgress: () => told++ })) if (done === 2) break;
  const before = told;
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect([told, told < 80]).toEqual([before, true]);
});
