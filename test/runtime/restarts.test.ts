import { describe, expect, test } from 'vitest';
import { factorInput, factorNet, nmfLayer, type Progress, partialFit } from '../../src/index.js';
import { reference } from '../../src/kernels/reference.js';
import { randomStart } from '../../src/runtime/starts.js';
import { nmfArgs } from '../support/arguments.js';
import { uniform } from '../support/matrices.js';

const on = { backend: 'reference' } as const;
const X = uniform(16, 13, 1);
const x = factorInput(X, { name: 'x' });
const net = (restarts: number, seed: number, maxIter = 100) =>
  factorNet(nmfLayer(x, { name: 'a', k: 4, restarts, maxIter }), { seed });
const raced = async (seed: number, nth: number, maxIter = 10) =>
  (await reference.nmf(nmfArgs([X], await randomStart(16, 13, 4, seed, 0, nth), { maxIter }))).objective;

describe('restarts', () => {
  test.each([1, 2, 3, 4])(
    'the fit is the one from the start that leads after ten iterations (seed %i)',
    async (seed) => {
      const { a } = await net(5, seed).fit(on);
      const objectives = await Promise.all([0, 1, 2, 3, 4].map((nth) => raced(seed, nth)));
      expect(a.restart).toBe(objectives.indexOf(Math.min(...objectives)));
      const start = await randomStart(16, 13, 4, seed, 0, a.restart);
      const { a: alone } = await factorNet(nmfLayer(x, { name: 'a', k: 4, start }), { seed }).fit(on);
      expect(a).toEqual({ ...alone, restart: a.restart });
    },
  );

  test('the first start is that of a fit without restarts; more starts never lead by less', async () => {
    for (const seed of [1, 2, 3]) {
      const one = await net(1, seed).fit(on);
      expect(one.a.restart).toBe(0);
      const best = await net(4, seed).fit(on);
      if (best.a.restart === 0) expect(best.a).toEqual(one.a);
      expect(await raced(seed, best.a.restart)).toBeLessThanOrEqual(await raced(seed, 0));
    }
  });

  test('a fit no longer than the race ends with the best of it', async () => {
    const { a } = await net(4, 2, 6).fit(on);
    const objectives = await Promise.all([0, 1, 2, 3].map((nth) => raced(2, nth, 6)));
    expect(a.objective).toBe(Math.min(...objectives));
    expect(a.iterations).toBe(6);
  });

  test('starts continue their stream: no number is in two of them', async () => {
    const [zero, one] = [await randomStart(16, 13, 4, 1, 0), await randomStart(16, 13, 4, 1, 0, 1)];
    const both = await randomStart(32, 26, 4, 1, 0);
    expect([...zero.W.data, ...one.W.data]).toEqual([...both.W.data]);
    expect([...zero.H.data, ...one.H.data]).toEqual([...both.H.data]);
  });

  test('progress: the race start by start, then the fit from its beginning', async () => {
    const events: Progress[] = [];
    const { a } = await net(3, 1, 40).fit({ ...on, onProgress: (event) => events.push(event) });
    const race = events.filter(({ restart }) => restart !== undefined);
    expect([...new Set(race.map(({ restart }) => restart))]).toEqual([0, 1, 2]);
    expect(race.every(({ maxIter, done }) => maxIter === 10 && !done)).toBe(true);
    const fit = events.slice(race.length);
    expect(fit.every((event) => !('restart' in event) && event.maxIter === 40)).toBe(true);
    expect(fit.map(({ iteration }) => iteration)).toEqual([
      ...a.history.map(({ iteration }) => iteration),
      a.iterations,
    ]);
    expect(fit.at(-1)).toMatchObject({ done: true, loss: a.loss });
  });

  test.each([
    ['in the first start', 0, 3],
    ['in another', 2, 4],
    ['at the end of the race', 2, 10],
  ])('cancelled %s: the best so far', async (_, restart, iteration) => {
    const control = new AbortController();
    const seen: Progress[] = [];
    const onProgress = (event: Progress) => {
      seen.push(event);
      if (event.restart === restart && event.iteration === iteration) control.abort(new Error('enough'));
    };
    const error = await net(3, 1)
      .fit({ ...on, signal: control.signal, onProgress })
      .catch((caught: unknown) => caught);
    const a = partialFit(error)?.layers.a;
    expect(a?.converged).toBe(false);
    expect(seen.every((event) => event.restart !== undefined)).toBe(true);
    expect(a?.objective).toBe(Math.min(...seen.map(({ objective }) => objective)));
    expect(seen.find(({ objective }) => objective === a?.objective)?.restart).toBe(a?.restart);
  });
});
