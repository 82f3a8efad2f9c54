import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  crossValidateGraph,
  factorInput,
  graphSweep,
  nmfLayer,
  openSweep,
  type SweepRunOptions,
  SweepWorkerError,
} from '../../src/index.js';
import { uniform } from '../support/matrices.js';
import { haveNative, withoutNative } from '../support/native.js';
import { inPlainJs } from '../support/plain-js.js';
import { busy, forget, type Watched, watch } from '../support/watched-workers.js';

vi.mock('node:worker_threads', async (original) => {
  const { watched } = await import('../support/watched-workers.js');
  return watched(await original());
});

/** One that is left to itself has nothing to keep it alive. */
const script = `
  import { crossValidateGraph, factorInput, graphSweep, nmfLayer } from './src/index.js';
  const [how, backend] = process.argv.slice(2);
  const noise = (i, j) => Math.abs(Math.sin(12.9898 * i + 78.233 * j) * 43758.5453) % 1;
  const X = Array.from({ length: 200 }, (_, i) => Array.from({ length: 160 }, (_, j) => noise(i, j)));
  const x = factorInput(X, { name: 'x' });
  const endless = how !== 'whole';
  const sweep = graphSweep({
    params: { k: [1, 2, 40, 50] },
    reps: 1,
    config: { tol: 0 },
    layerFn: ({ k }) => nmfLayer(x, { name: 'a', k, maxIter: endless && k > 2 ? 2 ** 31 : 5 }),
  });
  const run = { backend, executor: 'threads', workers: 2, threads: 2 };
  if (how === 'whole') console.log((await sweep.run(run)).rows.length);
  if (how === 'aborted') {
    const control = new AbortController();
    const onProgress = ({ done }) => done === 2 && setTimeout(() => control.abort('enough'), 50);
    console.log(await sweep.run({ ...run, signal: control.signal, onProgress }).catch((reason) => reason));
  }
  if (how === 'left') {
    for await (const { done } of sweep.steps(run)) if (done === 2) break;
    console.log('left');
  }
`;
let plain: ReturnType<typeof inPlainJs>;
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'factorloom-'));
  plain = inPlainJs(script);
}, 60_000);
afterAll(async () => {
  plain.tidy();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  forget();
  // Threads that begin at once, none of them busy with types.
  watch.entry = pathToFileURL(join(plain.folder, 'src/sweep/executors/worker.js'));
});

const x = factorInput(uniform(200, 160, 1), { name: 'x' });
/** Two short fits, and two that would take very long. */
const sweep = graphSweep({
  params: { k: [1, 2, 40, 50] },
  reps: 1,
  config: { tol: 0 },
  layerFn: ({ k }) => nmfLayer(x, { name: 'a', k, maxIter: k > 2 ? 2 ** 31 : 5 }),
});
const two = { executor: 'threads', workers: 2, threads: 2 } as const;
const backends = [
  { backend: 'reference', left: false },
  { backend: 'native', left: !haveNative },
] as const;

/** Does something once both threads have been in a layer of an endless fit for a while. */
function whenBusy(act: (threads: readonly Watched[]) => void): void {
  let once = false;
  watch.onReport = ({ orders }) => {
    const making = () => busy().filter((own) => own.orders.at(-1)?.say === 'make');
    if (once || orders.length === 0) return;
    // What is ordered comes after what is reported.
    setTimeout(() => {
      const [, , ...long] = watch.workers.flatMap((own) => own.orders.filter(({ say }) => say === 'fit'));
      if (once || long.length < 2 || making().length < 2) return;
      once = true;
      setTimeout(() => act(making()), 30);
    }, 5);
  };
}

const failure = (run: Promise<unknown>): Promise<unknown> =>
  run.then(
    () => {
      throw new TypeError('a sweep that should have failed');
    },
    (error: unknown) => error,
  );

describe.each(backends)(`$backend${withoutNative}`, ({ backend, left }) => {
  describe.skipIf(left)('an end before the end', () => {
    test('by a signal: its reason, and no thread is left', async () => {
      const control = new AbortController();
      const reason = { no: 'error' };
      whenBusy(() => control.abort(reason));
      expect(await failure(sweep.run({ ...two, backend, signal: control.signal }))).toBe(reason);
      expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true]);
      // They were not cut off: they came to rest.
      for (const { reports } of watch.workers) expect(reports.at(-1)?.say).toBe('unfitted');
    });

    test('by a signal while threads start', async () => {
      const control = new AbortController();
      const run = failure(sweep.run({ ...two, backend, signal: control.signal }));
      while (busy().length < 2) await new Promise((resolve) => setImmediate(resolve));
      control.abort('at once');
      expect(watch.workers.flatMap(({ reports }) => reports)).toEqual([]);
      expect(await run).toBe('at once');
      expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true]);
    });

    test('by leaving the loop', async () => {
      for await (const { done } of sweep.steps({ ...two, backend })) if (done === 2) break;
      expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true]);
    });

    test('of a thread: said, with the point it was at, and the other threads end too', async () => {
      const store = join(folder, `${backend}.db`);
      whenBusy(([{ worker }]) => void worker.terminate());
      const error = await failure(sweep.run({ ...two, backend, store }));
      if (!(error instanceof SweepWorkerError)) throw error;
      expect(error).toMatchObject({ name: 'SweepWorkerError', code: 'ended', exitCode: 1 });
      expect(error.message).toMatch(/while it fitted \{ k: [45]0 \} on mask 0\. /);
      expect(error.message).toContain("executor: 'inline'");
      expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true]);
      // It is no fault of a point: what was claimed is free again.
      const { rows, claimed } = await openSweep(store);
      expect([rows.map((row) => row.error), claimed]).toEqual([[null, null], 0]);
    });

    test.each([
      ['whole', '4'],
      ['aborted', 'enough'],
      ['left', 'left'],
    ])('%s: the process ends by itself', async (how, said) => {
      const child = spawn(process.execPath, [plain.program, how, backend], { stdio: ['ignore', 'pipe', 'inherit'] });
      let printed = '';
      child.stdout.on('data', (text: Buffer) => {
        printed += text;
      });
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(printed.trim()).toBe(said);
    });
  });
});

test('a thread whose layer others wait for: none of them waits for ever', async () => {
  const below = nmfLayer(x, { name: 'below', k: 50, maxIter: 2 ** 31 });
  let killed = false;
  watch.onReport = ({ worker, orders }, { say }) => {
    const waiting = watch.workers.filter(({ reports }) => reports.at(-1)?.say === 'want').length;
    if (say !== 'want' || killed || waiting < 3) return;
    killed = true;
    const making = watch.workers.find((own) => own.orders.at(-1)?.say === 'make') ?? { worker, orders };
    setTimeout(() => void making.worker.terminate(), 20);
  };
  const run = crossValidateGraph({
    params: { k: [1, 2, 3, 4] },
    reps: 1,
    config: { tol: 0 },
    layerFn: ({ k }) => nmfLayer(below, { name: 'a', k }),
    executor: 'threads',
    workers: 3,
    threads: 3,
    backend: 'reference',
  });
  expect(await failure(run)).toMatchObject({ name: 'SweepWorkerError', code: 'ended' });
  expect(watch.workers.map(({ exited }) => exited)).toEqual([true, true, true]);
});

describe('threads that come to nothing', () => {
  test('for want of a file', async () => {
    watch.entry = pathToFileURL(join(folder, 'nothing.js'));
    const error = await failure(sweep.run(two));
    expect(error).toMatchObject({ name: 'SweepWorkerError', code: 'not-started', cause: expect.any(Error) });
    expect((error as SweepWorkerError).message).toContain('nothing.js'); // as was found just now
  });

  test('for they are not allowed', async () => {
    watch.options = { execArgv: ['--no-such-flag'] };
    const error = await failure(sweep.run(two));
    expect(error).toMatchObject({ name: 'SweepWorkerError', code: 'not-started', exitCode: null });
    expect((error as SweepWorkerError).message).toContain('--no-such-flag'); // as was found just now
  });

  test('for want of memory', async () => {
    watch.options = { resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 } };
    const error = await failure(sweep.run(two));
    expect(error).toMatchObject({
      name: 'SweepWorkerError',
      exitCode: 1,
      cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
    });
  });

  test('for there is nothing to do: none is begun', async () => {
    const options: SweepRunOptions = { ...two, signal: AbortSignal.abort('before') };
    expect(await failure(sweep.run(options))).toBe('before');
    expect(watch.workers).toEqual([]);
    // Points of which none makes a graph that can be fitted.
    const failing = { layerFn: ({ k }: { readonly k: number }) => nmfLayer(x, { name: 'a', k: k - 2 }) };
    await crossValidateGraph({ params: { k: [1, 3] }, reps: 1, config: { maxIter: 2 }, ...failing, ...two });
    expect(watch.workers).toHaveLength(1);
  });
});
