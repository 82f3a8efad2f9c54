import { describe, expect, test } from 'vitest';
import type { Kernels, NmfArgs, NmfResult, NmfState } from '../../src/kernels/kernels.js';
import {
  beyondLoss,
  deviancesPerLoss,
  domainOf,
  entryLoss,
  inflatedZero,
  isLikelihood,
  isLinearAtZero,
  type KernelLoss,
  type KernelParameter,
  needsPositive,
} from '../../src/loss.js';
import {
  type DenseMatrix,
  dense,
  entry,
  type Matrix,
  type RowBlocks,
  rowRange,
  stackDense,
  toCsc,
} from '../../src/matrix.js';
import { given, kernelLoss, LOSS_CASES, type LossCase } from '../support/losses.js';
import { multiply, product, relativeDifference, rowMajor, uniform, zeros } from '../support/matrices.js';
import { type NmfOptions, nmfArgs, PENALTIES, PLAIN } from './arguments.js';
import { FREE_TERMS } from './penalty-laws.js';
import { penaltyOf } from './textbook.js';

const K = 3;

/** Arguments of a fit with a loss; options override. */
export function lossArgs(X: RowBlocks, own: LossCase['own'], options: NmfOptions = {}, k = K): NmfArgs {
  const loss = kernelLoss(own, X);
  return nmfArgs(X, k, { solver: 'ccd', accelerate: 'none', sweeps: 2, maxIter: 40, tol: 1e-9, loss, ...options });
}

const at = (parameter: KernelParameter | null, values: Float64Array | null | undefined, i: number, j: number) =>
  values == null || parameter === null ? 0 : parameter.by === 'global' ? values[0] : values[parameter.by === 'row' ? i : j]; // biome-ignore format: one thought

/** Σ ω·d / entries and Σ ω·cost, from the definitions. */
export function textbook(X: RowBlocks, loss: KernelLoss, fit: NmfResult, weights?: DenseMatrix) {
  const [{ data, rows }, estimate] = [stackDense(X), product(fit).data];
  const own = entryLoss(loss);
  let [deviance, cost, count] = [0, 0, 0];
  data.forEach((x, p) => {
    const [i, j] = [p % rows, Math.floor(p / rows)];
    const weight = weights === undefined ? 1 : entry(weights, i, j);
    if (Number.isNaN(x) || weight === 0) return;
    const [dispersion, pi] = [
      at(loss.dispersion, fit.dispersion, i, j),
      at(loss.zeroInflation, fit.zeroInflation, i, j),
    ];
    const plain = own.value(x, estimate[p], dispersion);
    const value = x === 0 ? inflatedZero(plain, pi) : plain;
    deviance += weight * deviancesPerLoss(loss) * value;
    cost += weight * (value + (isLikelihood(loss) ? beyondLoss(loss, x, dispersion, pi) : 0));
    count++;
  });
  return { loss: deviance / count, cost };
}

const gaps = (A: DenseMatrix, fill = Number.NaN): DenseMatrix =>
  dense(A.rows, A.cols, A.data.map((x, p) => (p % 7 === 3 ? fill : x))); // biome-ignore format: one thought

export const neverRises = ({ history, iterations }: NmfResult): void => {
  expect(iterations).toBeGreaterThan(2);
  for (let i = 1; i < iterations; i++) {
    const before = history.objective[i - 1];
    expect(history.objective[i]).toBeLessThanOrEqual(before + 1e-10 * Math.abs(before));
  }
};

/** Penalties, those that need estimates of any sign left out where there are none. */
const penaltiesOf = ({ own }: LossCase) =>
  [...PENALTIES, ...FREE_TERMS].filter(([, { W = PLAIN, H = PLAIN }]) => !needsPositive(own) || (W.nonneg && H.nonneg));

/** Laws of fits with other losses than squares. */
export function lossLaws(name: string, kernels: Kernels): void {
  describe.each(LOSS_CASES)(`${name}: loss $name`, (item) => {
    const { data, own } = item;
    const solve = (X: RowBlocks, options: NmfOptions = {}) => kernels.nmf(lossArgs(X, own, options));

    test('what is reported is what the factors have, entry by entry', async () => {
      const weights = uniform(data.rows, data.cols, 3);
      for (const options of [{}, { W: { ...PLAIN, L1: 0.05, L2: 0.1 }, H: { ...PLAIN, L1: 0.02 } }]) {
        for (const weighed of [undefined, weights]) {
          const args = lossArgs([data], own, { ...options, ...(weighed && { weights: [weighed], missing: 'exact' }) });
          const result = await kernels.nmf(args);
          const loss = args.loss as KernelLoss; // lossArgs always gives one
          const expected = textbook([data], loss, result, weighed);
          expect(result.loss / expected.loss).toBeCloseTo(1, 7);
          const penalties = loss.penalties * penaltyOf(result, args);
          expect(result.objective / (expected.cost + penalties)).toBeCloseTo(1, 7);
          expect(result.history.loss[result.iterations - 1]).toBe(result.loss);
          expect(result.factorLoss).toBeNull();
        }
      }
    });

    test('deviance says the same of the model, and of the best constant', async () => {
      const args = lossArgs([data], own, { maxIter: 10 });
      const result = await kernels.nmf(args);
      const known = (parameter: KernelParameter | null, values: Float64Array | null | undefined) =>
        parameter === null || values == null ? null : { ...parameter, values, estimate: false };
      const given = args.loss as KernelLoss; // lossArgs always gives one
      const loss = {
        ...given,
        dispersion: known(given.dispersion, result.dispersion),
        zeroInflation: known(given.zeroInflation, result.zeroInflation),
      };
      const W = dense(data.rows, K, result.W.data.map((x, p) => x * result.d[Math.floor(p / data.rows)])); // biome-ignore format: one thought
      const found = await kernels.deviance({ X: [data], W, H: result.H, loss });
      expect(found.loss / result.loss).toBeCloseTo(1, 9);
      expect(found.nullLoss / (result.nullLoss ?? 0)).toBeCloseTo(1, 9);
      const sorted = data.data.slice().sort();
      const constant =
        own.name === 'huber' || own.name === 'mae'
          ? sorted[Math.ceil(sorted.length / 2) - 1]
          : sorted.reduce((sum, x) => sum + x, 0) / sorted.length;
      const ones = (rows: number, cols: number, x: number) => dense(rows, cols, new Float64Array(rows * cols).fill(x));
      const flat = { X: [data], W: ones(data.rows, 1, constant), H: ones(1, data.cols, 1), loss };
      expect((await kernels.deviance(flat)).loss / found.nullLoss).toBeCloseTo(1, 9);
      for (const by of [0.98, 1.02]) {
        const least = own.name !== 'gp' && own.name !== 'huber' && loss.zeroInflation === null;
        if (!least || loss.dispersion?.by === 'row') continue;
        const off = await kernels.deviance({ ...flat, W: ones(data.rows, 1, constant * by) });
        expect(off.loss).toBeGreaterThanOrEqual(found.nullLoss);
      }
      expect(found.loss).toBeLessThan(found.nullLoss);
    });

    test.each(penaltiesOf(item))('J never rises: %s', async (_, terms) => {
      const norm = { norm: 'none' } as const;
      for (const X of [data, toCsc(data), gaps(data)]) neverRises(await solve([X], { ...terms, ...norm, tol: 0, maxIter: 10 })); // biome-ignore format: one thought
    });

    test('with targets and weights, too', async () => {
      const target = { matrix: uniform(K, data.cols, 9), lambda: 0.3, scale: 'factor' } as const;
      const result = await solve([data], {
        H: { ...PLAIN, target },
        weights: [uniform(data.rows, data.cols, 10)],
        missing: 'exact',
        tol: 0,
        maxIter: 30,
      });
      // What is drawn to a target is another function in the first ten iterations.
      for (let i = 11; i < result.iterations; i++)
        expect(result.history.objective[i]).toBeLessThanOrEqual(result.history.objective[i - 1] * (1 + 1e-10));
    });

    test('sparse data, stacked blocks and other orders in memory: the same fit', async () => {
      const one = await solve([data], { maxIter: 25 });
      for (const X of [
        [toCsc(data)],
        [rowMajor(data)],
        [rowRange(data, 0, 5), toCsc(rowRange(data, 5, data.rows))],
      ] as const) {
        const other = await solve(X, { maxIter: 25 });
        expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-6);
        expect(other.objective / one.objective).toBeCloseTo(1, 8);
      }
    });

    test('zeros that nothing lists count, however little is known', async () => {
      const holds = domainOf(kernelLoss(own, [data]))?.holds ?? (() => true);
      const X = dense(data.rows, data.cols, data.data.map((x, p) => (holds(0) && p % 4 === 0 ? 0 : x))); // biome-ignore format: one thought
      const weights = dense(data.rows, data.cols, X.data.map((_, p) => (p % 8 < 3 ? 1 + (p % 2) : 0))); // biome-ignore format: one thought
      const options = { weights: [weights], missing: 'exact', maxIter: 4, tol: 0 } as const;
      const [one, other] = [await solve([X], options), await solve([toCsc(X)], options)];
      expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-6);
      expect(other.loss / one.loss).toBeCloseTo(1, 8);
    });

    test('nothing of what is missing or counts nothing reaches a fit', async () => {
      const weights = dense(data.rows, data.cols, data.data.map((_, p) => (p % 7 === 3 ? 0 : 1 + (p % 3)))); // biome-ignore format: one thought
      const exact = { missing: 'exact', maxIter: 12 } as const;
      const loss = kernelLoss(own, [gaps(data)]);
      const one = await solve([gaps(data)], { ...exact, loss });
      const same = (other: NmfResult) => expect(other).toEqual(one);
      const zeroOne = dense(data.rows, data.cols, weights.data.map((x) => Number(x > 0))); // biome-ignore format: one thought
      for (const value of [1e9, Number.NaN, 0, -3])
        same(await solve([gaps(data, value)], { ...exact, loss, weights: [zeroOne] }));
      const weighed = await solve([gaps(data)], { ...exact, loss, weights: [weights] });
      expect(await solve([gaps(data, 5)], { ...exact, loss, weights: [weights] })).toEqual(weighed);
      expect(relativeDifference(weighed.W.data, one.W.data)).toBeGreaterThan(1e-6);
    });

    test('data of another size have the same fit, in their size', async () => {
      if (own.name !== 'kl' && own.name !== 'mae') return;
      const by = 2 ** -200;
      const one = await solve([data], { maxIter: 12, tol: 0 });
      const small = await solve([dense(data.rows, data.cols, data.data.map((x) => by * x))], { maxIter: 12, tol: 0 }); // biome-ignore format: one thought
      expect(small.loss / by / one.loss).toBeCloseTo(1, 9);
      expect(relativeDifference(small.W.data, one.W.data)).toBeLessThan(1e-9);
    });

    test('a sample that counts twice is a sample given twice', async () => {
      if ([own.dispersion, own.zeroInflation].some((parameter) => parameter?.by === 'column')) return;
      const twice = dense(data.rows, data.cols + 4, Float64Array.of(...data.data, ...data.data.subarray(0, 4 * data.rows))); // biome-ignore format: one thought
      const by = (first: number) => dense(1, data.cols, Float64Array.from({ length: data.cols }, (_, j) => (j < 4 ? first : 1))); // biome-ignore format: one thought
      const loss = kernelLoss(own, [data]);
      const options = { loss, maxIter: 6, tol: 0, norm: 'none', missing: 'exact' } as const;
      const args = nmfArgs([data], K, { solver: 'ccd', accelerate: 'none', sweeps: 2, ...options });
      const { W, H } = args.start;
      const again = { W, H: dense(K, data.cols + 4, Float64Array.of(...H.data, ...H.data.subarray(0, 4 * K))) };
      const one = await kernels.nmf({ ...args, weights: [by(2)] });
      const other = await kernels.nmf({ ...args, X: [twice], start: again });
      const first = product(other).data.subarray(0, data.data.length);
      expect(relativeDifference(product(one).data, first)).toBeLessThan(1e-6);
      expect(one.objective / other.objective).toBeCloseTo(1, 8);
      const rows = await kernels.nmf({ ...args, weights: [dense(data.rows, 1, new Float64Array(data.rows).fill(3))] });
      expect(rows.objective / (await kernels.nmf(args)).objective).toBeCloseTo(3, 8);
    });

    test('penalties act, and bounds hold', async () => {
      const options = { maxIter: 60, norm: 'none' } as const;
      const plain = await solve([data], options);
      const heavy = await solve([data], { ...options, H: { ...PLAIN, L1: own.name === 'mae' ? 0.5 : 0.3 } });
      expect(zeros(heavy.H.data)).toBeGreaterThan(zeros(plain.H.data));
      const small = await solve([data], { ...options, H: { ...PLAIN, L2: 2 }, W: { ...PLAIN, L2: 2 } });
      const size = (result: NmfResult) => Math.hypot(...product(result).data);
      expect(size(small)).toBeLessThan(0.95 * size(plain));
      const bounded = await solve([data], { ...options, H: { ...PLAIN, upperBound: 0.5 }, W: { ...PLAIN, upperBound: 0.9 } }); // biome-ignore format: one thought
      for (const [F, most] of [
        [bounded.H, 0.5],
        [bounded.W, 0.9],
      ] as const) {
        expect(Math.max(...F.data)).toBeLessThanOrEqual(most);
        expect(Math.min(...F.data)).toBeGreaterThanOrEqual(0);
      }
      const target = { matrix: uniform(K, data.cols, 9), lambda: 50, scale: 'factor' } as const;
      const drawn = await solve([data], { ...options, H: { ...PLAIN, target } });
      const away = (H: DenseMatrix) => {
        const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, p) => sum + x * b[p], 0);
        return dot(H.data, target.matrix.data) / Math.sqrt(dot(H.data, H.data) * dot(target.matrix.data, target.matrix.data)); // biome-ignore format: one thought
      };
      expect(away(drawn.H)).toBeGreaterThan(0.98);
    });

    test('at the end J is flat where factors are not at a bound, and rises inwards where they are', async () => {
      // Of mae a parabola shows the slope; and where zeros have a kind of their own a factor may grow without end.
      if (own.name === 'mae' || own.zeroInflation) return;
      const args = lossArgs([data], own, { maxIter: 3000, tol: 1e-13, norm: 'none' });
      const result = await kernels.nmf(args);
      const loss = args.loss as KernelLoss; // lossArgs always gives one
      const J = (change: (fit: NmfResult) => void) => {
        const copy = { ...result, W: dense(data.rows, K, result.W.data.slice()), H: dense(K, data.cols, result.H.data.slice()) }; // biome-ignore format: one thought
        change(copy);
        return textbook([data], loss, copy).cost;
      };
      const most = Math.max(...result.W.data);
      let steepest = 0;
      for (let p = 0; p < result.W.data.length; p += 5) {
        const x = result.W.data[p];
        const step = 1e-5 * most;
        const up = J((f) => { f.W.data[p] = x + step; }); // biome-ignore format: one thought
        const down = x > 2 * step ? J((f) => { f.W.data[p] = x - step; }) : J(() => undefined); // biome-ignore format: one thought
        const slope = (up - down) / ((x > 2 * step ? 2 : 1) * step);
        steepest = Math.max(steepest, x > 2 * step ? Math.abs(slope) : -slope);
      }
      expect(steepest * most).toBeLessThan(3e-3 * Math.abs(result.objective));
      expect(result.kkt).toBeLessThan(1e-2);
    });

    test('threads change no bit, and a cancelled fit ends where it is', async () => {
      const args = lossArgs([data], own, { maxIter: 8 });
      const one = await kernels.nmf(args, { threads: 1 });
      for (const threads of [2, 7]) expect(await kernels.nmf(args, { threads })).toEqual(one);
      // A fit as small as these may be over before it hears that it is cancelled; not each time.
      for (let attempt = 0; attempt < 20; attempt++) {
        const control = new AbortController();
        const told: number[] = [];
        const fit = kernels.nmf(
          { ...args, tol: 0, maxIter: 100_000 },
          { signal: control.signal, onIteration: ({ iteration }) => told.push(iteration) },
        );
        control.abort();
        const result = await fit;
        expect(result.iterations).toBe(told.length);
        if (result.stopped === 'aborted') return;
      }
      expect.fail('every fit was over before it was cancelled');
    });

    test('gone on with, it has the bits of a fit that was never left', async () => {
      const target = { matrix: uniform(K, data.cols, 9), lambda: 0.3, scale: 'factor' } as const;
      for (const terms of [{}, { H: { ...PLAIN, target } }]) {
        const args = lossArgs([data], own, { ...terms, maxIter: 12, tol: 0 });
        const plain = await kernels.nmf(args);
        const states: NmfState[] = [];
        await kernels.nmf(args, { checkpoint: { from: null, every: 1, save: (state) => states.push(state) } });
        expect(states.length).toBeGreaterThan(0);
        for (const from of [states[0], states[states.length - 1]]) {
          const start = { W: dense(data.rows, K), H: dense(K, data.cols) };
          const checkpoint = { from, every: 5, save: () => undefined };
          expect(await kernels.nmf({ ...args, start }, { checkpoint })).toEqual(plain);
        }
        const [{ iterations, numbers }] = states;
        const refused = { code: 'invalid-argument' };
        for (const wrong of [numbers.slice(1), numbers.map((x, p) => (p === 9 ? Number.NaN : x))]) {
          const checkpoint = { from: { iterations, numbers: wrong }, every: 5, save: () => undefined };
          await expect(kernels.nmf(args, { checkpoint })).rejects.toMatchObject(refused);
        }
      }
    });

    test('encode finds what a fit found, and no other coefficients are better', async () => {
      if ([own.dispersion, own.zeroInflation].some((parameter) => parameter?.estimate)) return;
      const args = lossArgs([data], own, { maxIter: 300, tol: 1e-12, norm: 'none' });
      const result = await kernels.nmf(args);
      const loss = args.loss as KernelLoss; // lossArgs always gives one
      const free = { ridge: new Float64Array(K), linear: new Float64Array(K), coupling: null };
      const bounds = { nonneg: true, upperBound: null };
      const H = await kernels.encode({ X: [data], W: result.W, ...free, ...bounds, loss });
      const of = async (other: DenseMatrix) =>
        (await kernels.deviance({ X: [data], W: result.W, H: other, loss })).loss;
      const best = await of(H);
      expect(best).toBeLessThanOrEqual(result.loss * (1 + (own.name === 'mae' ? 1e-2 : 1e-6)));
      for (const seed of [1, 2]) {
        const off = uniform(K, data.cols, seed).data;
        const near = dense(K, data.cols, H.data.map((x, p) => Math.max(0, x * (1 + 0.02 * (off[p] - 0.5))))); // biome-ignore format: one thought
        expect(await of(near)).toBeGreaterThanOrEqual(best * (1 - 1e-7));
      }
      expect(relativeDifference(H.data, (await kernels.encode({ X: [toCsc(data)], W: result.W, ...free, ...bounds, loss })).data)).toBeLessThan(1e-6); // biome-ignore format: one thought
      const pulled = { ridge: new Float64Array(K).fill(5), linear: new Float64Array(K).fill(0.5), coupling: null };
      const smaller = await kernels.encode({ X: [data], W: result.W, ...pulled, ...bounds, upperBound: 0.2, loss });
      expect(Math.max(...smaller.data)).toBeLessThanOrEqual(0.2);
      const dead = { ...free, ridge: Float64Array.of(Infinity, 0, 0) };
      const without = await kernels.encode({ X: [data], W: result.W, ...dead, ...bounds, loss });
      expect(without.data.filter((_, p) => p % K === 0).every((x) => x === 0)).toBe(true);
    });

    test('exact data come back', async () => {
      if (own.name === 'gp' || own.dispersion?.estimate) return;
      const low = multiply(uniform(20, 2, 31), uniform(2, 15, 32));
      const exact = own.name === 'nb' || isLinearAtZero({ power: 0, ...own }) ? dense(20, 15, low.data.map((x) => 5 * x)) : low; // biome-ignore format: one thought
      const result = await kernels.nmf(
        lossArgs([exact], own, { maxIter: own.name === 'mae' ? 300 : 3000, tol: 1e-12 }, 2),
      );
      // The sum of sizes has low points beside the lowest.
      if (own.name !== 'mae') expect(relativeDifference(product(result).data, exact.data)).toBeLessThan(5e-3);
      expect(result.loss).toBeGreaterThanOrEqual(0);
      expect(result.loss).toBeLessThan((own.name === 'mae' ? 0.05 : 1e-4) * (result.nullLoss ?? 0));
    });

    const positive = needsPositive(own) && !data.data.includes(0);
    test('strange data: finite, or an error that says so', async () => {
      const [first] = [data.data.filter((x) => x !== 0)[0]];
      const fill = (rows: number, cols: number, of: (p: number) => number) => dense(rows, cols, Float64Array.from({ length: rows * cols }, (_, p) => of(p))); // biome-ignore format: one thought
      const scales = own.name === 'nb' || own.name === 'gp' ? [1] : [1, 1e-300, 1e300, 1e-100, 1e100];
      const strange: readonly Matrix[] = [
        ...(positive ? [] : [fill(6, 5, () => 0), fill(6, 5, (p) => (p % 6 === 2 ? 0 : first))]),
        fill(6, 1, () => first),
        fill(1, 6, () => first),
        ...scales.map((scale) => fill(6, 5, (p) => scale * (1 + (p % 3)))),
      ];
      for (const X of strange) {
        // One for each row or column there is.
        const fitting = (parameter: KernelParameter | null | undefined) =>
          parameter == null ? null : { ...parameter, values: new Float64Array(parameter.by === 'global' ? 1 : parameter.by === 'row' ? X.rows : X.cols).fill(parameter.values[0]) }; // biome-ignore format: one thought
        const as = { ...own, dispersion: fitting(own.dispersion), zeroInflation: fitting(own.zeroInflation) };
        const dead = nmfArgs([X], K).start;
        dead.W.data.fill(0, 0, X.rows);
        try {
          const result = await kernels.nmf({ ...lossArgs([X], as, { maxIter: 20 }), start: dead });
          for (const F of [result.W, result.H]) expect(F.data.every(Number.isFinite)).toBe(true);
          expect(Number.isFinite(result.loss) && Number.isFinite(result.objective)).toBe(true);
          expect(result.loss).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toMatchObject({ name: 'KernelError', code: expect.stringMatching(/non-finite|invalid-argument/) }); // biome-ignore format: one thought
        }
      }
    });
  });

  describe(`${name}: zeros that have no chance to speak of`, () => {
    // Beside means of thousands e^−μ is no number above zero.
    const large = (X: DenseMatrix) => dense(X.rows, X.cols, X.data.map((x, p) => (p % 5 === 0 ? 0 : Math.round(2000 * x)))); // biome-ignore format: one thought
    const X = large(multiply(uniform(12, 2, 21), uniform(2, 9, 22)));

    test.each([
      { name: 'nb', dispersion: given(1e6) },
      { name: 'gp', dispersion: given(0.1) },
    ] as const)('$name: no share of other zeros is as without', async (own) => {
      const one = await kernels.nmf(lossArgs([X], own));
      const other = await kernels.nmf(lossArgs([X], { ...own, zeroInflation: given(0) }));
      expect(other.loss / one.loss).toBeCloseTo(1, 6);
      expect(relativeDifference(product(one).data, product(other).data)).toBeLessThan(1e-3);
    });
  });
}
