import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alternatingNnls, factorInput, factorNet, type MatrixInput, nmfLayer, nnls } from '../../src/index.js';
import { dense, toCsc, transpose } from '../../src/matrix.js';
import { issuesOfAsync } from '../support/issues.js';
import { meanSquare, multiply, relativeDifference, rowMajor, uniform } from '../support/matrices.js';
import { haveNative } from '../support/native.js';
import { runs } from '../support/runs.js';
import { exactProduct } from '../support/textbook-data.js';

const backends = haveNative ? (['reference', 'native'] as const) : (['reference'] as const);
const { A, Y } = exactProduct();

/** Each half-step by trying all sets of coefficients that can be above zero, in 60 decimal digits. */
const EXACT = [
  4.812942121, 0.391005938, 0.193458398, 0.153166813, 0.124835089, 0.1064967, 0.09100121, 0.079345728, 0.069242832,
  0.061514868, 0.054939978, 0.04962999, 0.044762441, 0.040316928, 0.03607884, 0.032281852, 0.028726944, 0.025539273,
  0.022568499, 0.019917792, 0.017480457, 0.015322976, 0.013367192, 0.011649232, 0.010111739, 0.008769977, 0.007582124,
  0.006550968, 0.005646047, 0.004863748,
];
/** As printed with the example, to the tolerance of the solver there: half-step and residual. */
const PRINTED = [
  [1, 4.812942], [2, 0.391006], [3, 0.193458], [4, 0.153167], [5, 0.124835], [6, 0.106494], [7, 0.09101],
  [8, 0.079353], [9, 0.069269], [10, 0.061539], [25, 0.010112], [30, 0.004864],
]; // biome-ignore format: pairs

describe.each(backends)('alternatingNnls (%s)', (backend) => {
  test('30 half-steps of the example', async () => {
    const { residuals, W, H } = await alternatingNnls(A, { start: { W: Y }, halfSteps: 30, backend });
    expect(residuals).toHaveLength(30);
    EXACT.forEach((exact, t) => { expect(Math.abs(residuals[t] - exact)).toBeLessThan(2e-9); }); // biome-ignore format: one thought
    for (const [step, printed] of PRINTED) expect(Math.abs(residuals[step - 1] - printed)).toBeLessThan(3e-5);
    expect(Math.sqrt(100 * meanSquare(A, multiply(W, H)))).toBeCloseTo(residuals[29], 12);
  });

  test("a layer of solver 'bpp' goes the same way, two half-steps at a time", async () => {
    const start = { W: Y, H: dense(5, 10, new Float64Array(50).fill(1)) };
    const layer = nmfLayer(factorInput(A, { name: 'x' }), {
      name: 'a',
      k: 5,
      solver: 'bpp',
      start,
      maxIter: 15,
      tol: 0,
    });
    const { a } = await factorNet(layer).fit({ backend });
    const { residuals } = await alternatingNnls(A, { start: { W: Y }, halfSteps: 30, backend });
    expect(a.history.map(({ loss }) => Math.sqrt(100 * loss))).toHaveLength(15);
    a.history.forEach(({ loss }, t) => { expect(Math.abs(Math.sqrt(100 * loss) - residuals[2 * t + 1])).toBeLessThan(1e-9); }); // biome-ignore format: one thought
  });

  test('each half-step is an nnls, and no residual is above the one before, with gaps too', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          m: fc.integer({ min: 2, max: 8 }),
          n: fc.integer({ min: 2, max: 8 }),
          k: fc.integer({ min: 1, max: 4 }),
          seed: fc.integer({ min: 1, max: 10_000 }),
          gaps: fc.boolean(),
        }),
        async ({ m, n, k, seed, gaps }) => {
          const X = uniform(m, n, seed);
          // One for each column, no row or column being all of them.
          if (gaps) for (let j = 0; j < n; j++) X.data[((seed + j) % m) + j * m] = Number.NaN;
          const options = { start: { W: uniform(m, k, seed + 1) }, backend } as const;
          const { W, H, residuals } = await alternatingNnls(X, { ...options, halfSteps: 5 });
          for (let t = 1; t < 5; t++) expect(residuals[t]).toBeLessThanOrEqual(residuals[t - 1] * (1 + 1e-9) + 1e-9);
          const four = await alternatingNnls(X, { ...options, halfSteps: 4 });
          expect(four.W).toEqual(W);
          expect((await nnls(W, X, { backend })).X).toEqual(H);
          expect([...W.data, ...H.data].every((x) => x >= 0)).toBe(true);
        },
      ),
      runs(40),
    );
  });

  test('from H, it is the same of the transpose', async () => {
    const { W, H, residuals } = await alternatingNnls(A, { start: { W: Y }, halfSteps: 5, backend });
    const turned = await alternatingNnls(transpose(A), { start: { H: transpose(Y) }, halfSteps: 5, backend });
    expect(relativeDifference(transpose(turned.W).data, H.data)).toBeLessThan(1e-9);
    expect(relativeDifference(transpose(turned.H).data, W.data)).toBeLessThan(1e-9);
    expect(relativeDifference(turned.residuals, residuals)).toBeLessThan(1e-9);
  });

  test('one half-step leaves what it began with', async () => {
    const { W, H } = await alternatingNnls(A, { start: { W: Y }, halfSteps: 1, backend });
    expect(W.data).toEqual(Y.data);
    expect(H).toEqual((await nnls(Y, A, { backend })).X);
  });

  test('every form of the same matrix gives the same', async () => {
    const holed = dense(10, 10, A.data.map((x, p) => (p % 4 === 0 ? 0 : x))); // biome-ignore format: one thought
    const from = (X: MatrixInput) => alternatingNnls(X, { start: { W: Y }, halfSteps: 6, backend });
    const whole = await from(holed);
    for (const form of [toCsc(holed), rowMajor(holed)]) {
      const same = await from(form);
      expect([same.W, same.H]).toEqual([whole.W, whole.H]);
      expect(relativeDifference(same.residuals, whole.residuals)).toBeLessThan(1e-12);
    }
  });

  test('a start of zeros, and data of zeros', async () => {
    const zeros = dense(10, 5);
    const nothing = await alternatingNnls(A, { start: { W: zeros }, halfSteps: 3, backend });
    expect([...nothing.W.data, ...nothing.H.data].every((x) => x === 0)).toBe(true);
    expect((await alternatingNnls(dense(10, 10), { start: { W: Y }, halfSteps: 2, backend })).residuals).toEqual(
      Float64Array.of(0, 0),
    );
  });

  test('cancelled', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(alternatingNnls(A, { start: { W: Y }, signal, backend })).rejects.toThrow('enough');
  });
});

test.skipIf(!haveNative)('bitwise the same on any number of threads', async () => {
  const X = uniform(200, 150, 1);
  const from = (threads: number) =>
    alternatingNnls(X, { start: { W: uniform(200, 6, 2) }, halfSteps: 4, threads, backend: 'native' });
  expect(await from(7)).toEqual(await from(1));
});

test('100 half-steps unless said otherwise', async () => {
  expect((await alternatingNnls(A, { start: { W: Y } })).residuals).toHaveLength(100);
});

const W = [[1], [2]];
test.each([
  ['no start', {}, A, ['invalid-option'], /start of alternatingNnls must be \{ W \} or \{ H \}/],
  ['two starts', { start: { W: Y, H: transpose(Y) } }, A, ['invalid-option'], /got an object with W, H/],
  [
    'too many half-steps',
    { start: { W: Y }, halfSteps: 1e10 },
    A,
    ['invalid-option'],
    /halfSteps .* at most 2147483647; got 10000000000/,
  ],
  ['no half-step', { start: { W: Y }, halfSteps: 0 }, A, ['invalid-option'], /halfSteps .* at least 1; got 0/],
  ['a start of other rows', { start: { W } }, A, ['invalid-data'], /start\.W must be of 10 rows, as X is; got 2 × 1/],
  ['a start of other columns', { start: { H: W } }, A, ['invalid-data'], /start\.H must be of 10 columns, as X is/],
  [
    'a start below zero',
    { start: { W: [[1], [-2]] } },
    [[1], [2]],
    ['invalid-data'],
    /without negative numbers; got -2 at row 1/,
  ],
  ['a start with a gap', { start: { W: [[1], [Number.NaN]] } }, [[1], [2]], ['non-finite'], /start\.W must be finite/],
  [
    'nothing known of a row',
    { start: { W } },
    [
      [1, 1],
      [Number.NaN, Number.NaN],
    ],
    ['nothing-known'],
    /feature of X .* feature 1/,
  ],
  [
    'nothing known of a column',
    { start: { W } },
    [
      [1, Number.NaN],
      [1, Number.NaN],
    ],
    ['nothing-known'],
    /sample of X .* sample 1/,
  ],
  ['several faults', { start: { W: [[-1]] } }, [[Infinity], [1]], ['non-finite', 'invalid-data'], /2 faults/],
] as const)('%s is refused', async (_, options, X, codes, words) => {
  // Of a table, and some are no options.
  const call = () => alternatingNnls(X as MatrixInput, options as unknown as Parameters<typeof alternatingNnls>[1]);
  expect((await issuesOfAsync(call)).map(({ code }) => code)).toEqual(codes);
  await expect(call()).rejects.toThrow(words);
});
