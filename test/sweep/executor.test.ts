import { fc, test as property } from '@fast-check/vitest';
import { describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  factorCondition,
  factorInput,
  GraphError,
  graphSweep,
  KernelError,
  nmfLayer,
} from '../../src/index.js';
import type { CallOptions } from '../../src/kernels/kernels.js';
import { storedValues } from '../../src/matrix.js';
import { sharesOf } from '../../src/sweep/executors/executor.js';
import { receivedError, sentError } from '../../src/sweep/executors/messages.js';
import { uniform } from '../support/matrices.js';
import { runs } from '../support/runs.js';
import { busy, forget, watch } from '../support/watched-workers.js';

vi.mock('node:worker_threads', async (original) => {
  const { watched } = await import('../support/watched-workers.js');
  return watched(await original());
});

/** Threads of the kernels that are at work on this thread, and the most there were of them, and of calls. */
const inFlight = vi.hoisted(() => ({ threads: 0, calls: 0, mostThreads: 0, mostCalls: 0 }));

vi.mock('../../src/kernels/select.js', async () => {
  const { reference } = await import('../../src/kernels/reference.js');
  const nmf: typeof reference.nmf = async (args, options: CallOptions = {}) => {
    const { threads = Number.NaN } = options;
    inFlight.threads += threads;
    inFlight.calls++;
    inFlight.mostThreads = Math.max(inFlight.mostThreads, inFlight.threads);
    inFlight.mostCalls = Math.max(inFlight.mostCalls, inFlight.calls);
    try {
      return await reference.nmf(args, options);
    } finally {
      inFlight.threads -= threads;
      inFlight.calls--;
    }
  };
  return { selectKernels: () => ({ ...reference, nmf }), quickestKernels: () => reference };
});

const x = factorInput(uniform(40, 30, 1), { name: 'x' });
const base = {
  params: { k: [1, 2, 3, 4, 5, 6] },
  reps: 2,
  config: { maxIter: 20 },
  layerFn: ({ k }: { readonly k: number }) => nmfLayer(nmfLayer(x, { name: 'below', k: 4 }), { name: 'a', k }),
};

describe('threads of kernels', () => {
  property.prop([fc.integer({ min: 1, max: 70 }), fc.integer({ min: 2, max: 70 })], runs(200))(
    'are divided among fits as evenly as can be, none left over, none twice',
    (threads, workers) => {
      const shares = sharesOf(threads, workers).map(Number);
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(threads);
      expect(shares).toHaveLength(Math.min(threads, workers));
      expect(Math.min(...shares)).toBeGreaterThanOrEqual(1);
      expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
    },
  );

  test('are all for one fit', () => {
    expect([sharesOf(undefined, 1), sharesOf(5, 1)]).toEqual([[undefined], [5]]);
    expect(sharesOf(undefined, 3).every((share) => Number(share) >= 1)).toBe(true);
  });

  test.each([
    [2, 4, 2],
    [4, 3, 3],
    [7, 2, 2],
  ])('%i for %i fits at once, inline: never more at work', async (threads, workers, calls) => {
    Object.assign(inFlight, { mostThreads: 0, mostCalls: 0 });
    const layerFn = ({ k }: { readonly k: number }) => nmfLayer(x, { name: 'a', k });
    await crossValidateGraph({ ...base, layerFn, threads, workers });
    expect(inFlight).toEqual({ threads: 0, calls: 0, mostThreads: threads, mostCalls: calls });
  });

  test('on worker threads: never more given to those that fit', async () => {
    forget();
    let most = 0;
    watch.onReport = () => {
      most = Math.max(most, busy().reduce((sum, { setup }) => sum + Number(setup.threads), 0)); // biome-ignore format: one thought
    };
    await crossValidateGraph({ ...base, executor: 'threads', threads: 3, workers: 5 });
    expect(watch.workers.map(({ setup }) => setup.threads)).toEqual([1, 1, 1]);
    expect(most).toBe(3);
    forget();
    await crossValidateGraph({ ...base, executor: 'threads', threads: 5, workers: 2 });
    expect(watch.workers.map(({ setup }) => setup.threads).sort()).toEqual([2, 3]);
  });
});

test('a layer that points share is made once for each mask, by one of the threads', async () => {
  forget();
  const { work } = await crossValidateGraph({ ...base, executor: 'threads', threads: 3, workers: 3 });
  const said = (say: string) =>
    watch.workers.flatMap(({ orders }) => orders).filter((order) => order.say === say).length;
  expect([said('fit'), said('make'), said('known')]).toEqual([12, 2 * (1 + 6), 24]);
  expect(work).toMatchObject({ asked: 24, fitted: 14 });
  expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true, true]);
});

test('data lie in memory that threads share, once for each mask', async () => {
  forget();
  // Beside the input a part of a larger buffer, and one that is small.
  const whole = new Float64Array(8000).fill(1);
  const Z = { ...uniform(25, 30, 3), data: whole.subarray(0, 750) };
  const small = { ...uniform(2, 30, 3), data: whole.subarray(100, 160) };
  const layerFn = ({ k }: { readonly k: number }) =>
    nmfLayer(factorCondition(factorCondition(x, Z), small), { name: 'a', k });
  await crossValidateGraph({ ...base, layerFn, executor: 'threads' });
  const fits = watch.workers.flatMap(({ orders }) => orders.filter((order) => order.say === 'fit'));
  expect(fits).toHaveLength(12);
  const shared = fits.map(({ task: { replicate, masked } }) => {
    const splits = [...replicate.splits.values()].flatMap(({ train, test: held }) => [train, held]);
    const arrays = [...splits, ...masked.bindings.values()].map(storedValues);
    for (const { buffer } of arrays)
      expect(buffer instanceof SharedArrayBuffer || buffer.byteLength <= 4096).toBe(true);
    return new Set(arrays.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof SharedArrayBuffer));
  });
  // What is fitted, and the first condition, which is the same on both masks; what was held out is few.
  expect(shared.map(({ size }) => size)).toEqual(shared.map(() => 2));
  expect(new Set(shared.flatMap((own) => [...own])).size).toBe(3);
});

test('nothing of a fit is done on the thread of the caller, which goes on turning', async () => {
  const turns = async (executor: 'inline' | 'threads') => {
    let count = 0;
    let over = false;
    const turn = () => {
      count++;
      if (!over) setImmediate(turn);
    };
    const options = { ...base, params: { k: [3, 4] }, reps: 1, config: { maxIter: 120, tol: 0 }, executor };
    const large = factorInput(uniform(150, 120, 1), { name: 'x' });
    turn();
    Object.assign(inFlight, { mostCalls: 0 });
    await crossValidateGraph({ ...options, layerFn: ({ k }) => nmfLayer(large, { name: 'a', k }) });
    over = true;
    return { count, calls: inFlight.mostCalls };
  };
  const [inline, threads] = [await turns('inline'), await turns('threads')];
  expect([inline.calls, threads.calls]).toEqual([1, 0]);
  expect(threads.count).toBeGreaterThan(10 * inline.count);
});

describe('errors', () => {
  const there = (error: unknown) => receivedError(structuredClone(sentError(error)));

  test.each([
    new GraphError([{ code: 'nothing-held-out', input: 'x', entries: 3, at: "input 'x'" }]),
    new KernelError('panic', 'a panic'),
    new KernelError('non-finite', 'no numbers', { layer: 'a', cause: new KernelError('non-finite', 'no numbers') }),
    new KernelError('out-of-memory', 'too much', { layer: 'a', cause: new RangeError('too much') }),
    new TypeError('of a type'),
    Object.assign(new Error('with a code'), { code: 'ENOSPC' }),
  ])('keep their class and what they say: %s', (error) => {
    const received = there(error);
    if (!(received instanceof Error)) throw new TypeError('an error');
    expect(received.constructor).toBe(error.constructor);
    expect({ ...received, message: received.message, name: received.name, cause: received.cause }).toEqual({
      ...error,
      message: error.message,
      name: error.name,
      cause: error.cause,
    });
    // Again, from thread to thread.
    expect(there(received)).toEqual(received);
  });

  test('what is thrown and no error stays what it is', () => {
    expect(there('a word')).toBe('a word');
  });

  test('an executor that there is none of is refused', async () => {
    const wrong = 'processes' as 'threads'; // what callers without types may give
    await expect(graphSweep(base).run({ executor: wrong })).rejects.toThrow('executor');
  });
});
