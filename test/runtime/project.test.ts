import { describe, expect, test } from 'vitest';
import {
  type DenseMatrix,
  factorAdd,
  factorConcat,
  factorCondition,
  factorInput,
  factorNet,
  factorShared,
  H,
  nmfLayer,
  svdLayer,
  W,
} from '../../src/index.js';
import { dense, toCsc } from '../../src/matrix.js';
import { lowRank, relativeDifference, rowMajor, sparse, uniform } from '../support/matrices.js';

const n = 22;
const noisy = (rows: number, seed: number) => {
  const noise = uniform(rows, n, seed + 50).data;
  return dense(
    rows,
    n,
    lowRank(rows, n, 4, seed).data.map((x, p) => x + 0.1 * noise[p]),
  );
};
const X = noisy(16, 1);
const Y = sparse(9, n, 2);
const Z = uniform(2, n, 3);
const x = factorInput(X, { name: 'x' });
const y = factorInput(Y, { name: 'y' });
const some = (A: DenseMatrix, wanted: (p: number) => boolean) =>
  dense(
    A.rows,
    A.cols,
    A.data.map((v, p) => (wanted(p) ? v : Number.NaN)),
  );
/** To the very end, so that H is the minimum for its W. */
const end = { seed: 2, maxIter: 30_000, tol: 1e-15 } as const;

describe.each(['reference', 'auto'] as const)('project, on the %s kernels', (backend) => {
  const on = { backend };
  const near = (A: DenseMatrix | undefined, B: DenseMatrix) => relativeDifference(B.data, (A ?? dense(0, 0)).data);

  test('the samples of the fit get the embeddings of the fit: one layer, whatever its terms', async () => {
    const layers = [
      nmfLayer(x, { name: 'a', k: 3 }),
      nmfLayer(x, { name: 'a', k: 3, L2: 0.1, norm: 'L2' }),
      nmfLayer(x, { name: 'a', k: 3, H: H({ L1: 0.02 }) }),
      nmfLayer(x, { name: 'a', k: 3, W: W({ L1: 0.02 }), norm: 'none' }),
      nmfLayer(x, { name: 'a', k: 3, W: W({ nonneg: false }) }),
    ];
    for (const layer of layers) {
      const fit = await factorNet(layer, end).fit(on);
      for (const data of [X, toCsc(X), rowMajor(X)])
        expect(near((await fit.project({ x: data })).a, fit.a.H)).toBeLessThan(1e-6);
    }
  });

  test('SVDs, centred and scaled', async () => {
    for (const options of [{}, { center: true }, { center: true, scale: true }, { scale: true }]) {
      const fit = await factorNet(svdLayer(y, { name: 's', k: 3, ...options }), end).fit(on);
      expect(near((await fit.project({ y: Y })).s, fit.s.H)).toBeLessThan(1e-9);
    }
  });

  test('shared, deep and conditioned graphs, sums and concats', async () => {
    const shared = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), end).fit(on);
    expect(near((await shared.project({ x: X, y: Y })).a, shared.a.H)).toBeLessThan(1e-6);

    const deep = await factorNet(
      x.nmfLayer({ name: 'a', k: 4 }).nmfLayer({ name: 'b', k: 2, embedding: 'normalized' }),
      end,
    ).fit(on);
    const found = await deep.project({ x: X });
    expect(near(found.a, deep.a.H)).toBeLessThan(1e-6);
    expect(near(found.b, deep.b.H)).toBeLessThan(1e-6);

    const told = await factorNet(nmfLayer(factorCondition(x, Z), { name: 'a', k: 3 }), end).fit(on);
    expect(near((await told.project({ x: X }, { conditions: [Z] })).a, told.a.H)).toBeLessThan(1e-6);
    expect(near((await told.project({ x: X })).a, told.a.H)).toBeGreaterThan(1e-6);

    const [a, b] = [nmfLayer(x, { name: 'a', k: 3 }), nmfLayer(y, { name: 'b', k: 3 })];
    for (const joined of [factorAdd(a, b), factorConcat(a, b)]) {
      const fit = await factorNet(nmfLayer(joined, { name: 't', k: 2 }), end).fit(on);
      const all = await fit.project({ x: X, y: Y });
      expect(Object.keys(all)).toEqual(['a', 'b', 't']);
      expect(near(all.t, fit.t.H)).toBeLessThan(1e-6);
    }
  });

  test('modalities may be left out: what is left says what it can', async () => {
    const fit = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), end).fit(on);
    for (const given of [{ x: X }, { y: Y }, { x: X, y: undefined }]) {
      const { a } = await fit.project(given);
      expect([a?.rows, a?.cols, a?.data.every((v) => Number.isFinite(v) && v >= 0)]).toEqual([3, n, true]);
    }
    // Exact data are told from either half.
    const [U, V] = [uniform(25, 2, 5), uniform(2, n, 6)];
    const whole = dense(25, n);
    for (let j = 0; j < n; j++)
      for (let i = 0; i < 25; i++)
        whole.data[i + 25 * j] = U.data[i] * V.data[2 * j] + U.data[i + 25] * V.data[2 * j + 1];
    const half = (from: number, to: number) =>
      dense(
        to - from,
        n,
        Float64Array.from(
          { length: (to - from) * n },
          (_, p) => whole.data[from + (p % (to - from)) + 25 * Math.floor(p / (to - from))],
        ),
      );
    const exact = factorShared(factorInput(half(0, 15), { name: 'x' }), factorInput(half(15, 25), { name: 'y' }));
    const told = await factorNet(nmfLayer(exact, { name: 'a', k: 2 }), end).fit(on);
    expect(near((await told.project({ x: half(0, 15) })).a, told.a.H)).toBeLessThan(1e-3);
    expect(near((await told.project({ y: half(15, 25) })).a, told.a.H)).toBeLessThan(1e-3);
  });

  test('a branch without data: a concat goes on without its rows, a sum with the others, its own layers are left out', async () => {
    const [a, b] = [nmfLayer(x, { name: 'a', k: 3 }), nmfLayer(y, { name: 'b', k: 3 })];
    for (const joined of [factorAdd(a, b), factorConcat(a, b)]) {
      const fit = await factorNet(nmfLayer(joined, { name: 't', k: 2 }), { seed: 1 }).fit(on);
      const { a: ofA, b: ofB, t } = await fit.project({ x: X });
      expect([ofA?.cols, ofB, t?.cols]).toEqual([n, undefined, n]);
      expect(t?.data.every((v) => Number.isFinite(v) && v >= 0)).toBe(true);
    }
  });

  test('a new sample is fitted by itself, and entries may be missing', async () => {
    const fit = await factorNet(nmfLayer(factorShared(x, y), { name: 'a', k: 3 }), end).fit(on);
    const one = (A: DenseMatrix) => dense(A.rows, 1, A.data.slice(4 * A.rows, 5 * A.rows));
    const alone = await fit.project({ x: one(X) });
    const among = await fit.project({ x: X });
    expect(
      relativeDifference(among.a?.data.subarray(12, 15) ?? new Float64Array(), alone.a?.data ?? new Float64Array()),
    ).toBeLessThan(1e-12);
    const gaps = await fit.project({ x: some(X, (p) => p % 5 !== 0), y: Y });
    expect(gaps.a?.data.every(Number.isFinite)).toBe(true);
    expect(near(gaps.a, fit.a.H)).toBeLessThan(0.3);
    const unknown = { issues: [{ code: 'nothing-known', what: 'sample', index: 0 }] };
    await expect(fit.project({ x: some(X, (p) => p >= 16) })).rejects.toMatchObject(unknown);
  });

  test('a sample of which a branch knows nothing is missing there, as if the branch were left out', async () => {
    const centred = svdLayer(x, { name: 'a', k: 3, center: true });
    const b = nmfLayer(y, { name: 'b', k: 3 });
    for (const joined of [factorAdd(nmfLayer(x, { name: 'a', k: 3 }), b), factorConcat(centred, b)]) {
      const fit = await factorNet(nmfLayer(joined, { name: 't', k: 2 }), { seed: 1 }).fit(on);
      const without = await fit.project({ y: Y });
      const first = await fit.project({ x: some(X, (p) => p >= 16), y: Y });
      expect(first.a?.data.subarray(0, 4).map(Number.isNaN as (x: number) => never)).toEqual(
        Float64Array.of(1, 1, 1, 0),
      );
      expect(
        relativeDifference(without.t?.data.subarray(0, 2) ?? X.data, first.t?.data.subarray(0, 2) ?? X.data),
      ).toBeLessThan(1e-9);
      expect(first.t?.data.every(Number.isFinite)).toBe(true);
    }
  });

  test('samples in rows', async () => {
    const fit = await factorNet(nmfLayer(x, { name: 'a', k: 3 }), end).fit(on);
    const rows = { rows: n, cols: 16, order: 'rows' as const, data: X.data };
    const { a } = await fit.project({ x: rows }, { orientation: 'samples-by-features' });
    expect(a).toEqual((await fit.project({ x: X })).a);
  });
});

test('features that have names are those of the fit, in its order; without names they are taken as they stand', async () => {
  const X = { ...lowRank(4, 6, 2, 3), rowNames: ['a', 'b', 'c', 'd'] };
  const fit = await factorNet(nmfLayer(factorInput(X, { name: 'x' }), { name: 'n', k: 2 }), { seed: 1 }).fit();
  const { n } = await fit.project({ x: X });
  expect((await fit.project({ x: { ...X, rowNames: undefined } })).n).toEqual(n);
  const other = fit.project({ x: { ...X, rowNames: ['a', 'c', 'b', 'd'] } });
  await expect(other).rejects.toThrow(
    /of the features of the fit, in its order; got 'c' as feature 1, which is 'b' there/,
  );
  const turned = { rows: 6, cols: 4, data: X.data, order: 'rows', colNames: ['a', 'c', 'b', 'd'] } as const;
  await expect(fit.project({ x: turned }, { orientation: 'samples-by-features' })).rejects.toThrow(/'c' as feature 1/);
});

test('what does not fit is refused, all faults at once', async () => {
  const fit = await factorNet(nmfLayer(factorCondition(factorShared(x, y), Z), { name: 'a', k: 2 }), { seed: 1 }).fit();
  const codes = async (data: object, options?: object) => {
    const error: unknown = await fit.project(data, options).catch((thrown: unknown) => thrown);
    return (error as { issues: { code: string }[] }).issues.map(({ code }) => code); // toEqual would fail on anything else
  };
  expect(await codes({})).toEqual(['invalid-option']);
  expect(await codes({ z: X })).toEqual(['invalid-option']);
  expect(await codes({ x: uniform(15, n, 1), y: 'no matrix' })).toEqual(['invalid-data', 'invalid-data']);
  expect(await codes({ x: X, y: uniform(9, 3, 1) })).toEqual(['sample-mismatch']);
  expect(await codes({ x: dense(16, 1, new Float64Array(16).fill(Infinity)) })).toEqual(['non-finite']);
  expect(await codes({ x: X }, { conditions: [Z, Z] })).toEqual(['invalid-option']);
  expect(await codes({ x: X }, { condition: [Z] })).toEqual(['unknown-option']);
  const reason = new Error('enough');
  await expect(fit.project({ x: X }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  // Cancelled while the only layer is encoded, it does not resolve either.
  const control = new AbortController();
  const found = fit.project({ x: uniform(16, 20_000, 1) }, { signal: control.signal });
  control.abort(reason);
  await expect(found).rejects.toBe(reason);
});

test('a matrix, or a promise of data, where matrices by name are wanted, is one fault with the cure', async () => {
  const fit = await factorNet(nmfLayer(x, { name: 'a', k: 2, maxIter: 3 }), { seed: 1 }).fit();
  for (const bare of [X, [[1, 2]], Promise.resolve({ x: X }), [1, 2, 3]])
    await expect(fit.project(bare as never)).rejects.toMatchObject({
      issues: [
        { code: 'invalid-option', of: 'project', option: 'data', rule: 'given by the name of an input: { x: … }' },
      ],
    });
});
