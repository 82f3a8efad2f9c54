import { Worker } from 'node:worker_threads';
import { match } from 'ts-pattern';
import { SweepWorkerError } from '../../errors.js';
import type { LayerResult } from '../../runtime/state.js';
import type { Fitted, Task } from '../fit-point.js';
import type { Left, Steps } from '../shared-steps.js';
import { type Executor, type ExecutorOptions, type Fitter, inTurn } from './executor.js';
import { type Order, type Report, receivedError, sentError, type WorkerSetup } from './messages.js';
import { sharedMemory } from './shared-memory.js';

const entry = new URL(import.meta.url.endsWith('.ts') ? './worker-of-sources.mjs' : './worker.js', import.meta.url);

/** Fits on threads of their own, that come with the first fits and go when it is closed. */
export function threadsExecutor({ kernels, looks, keeps, memory, signal, shares }: ExecutorOptions): Executor {
  const backend = kernels.backend as WorkerSetup['backend']; // the names of what `selectKernels` selects
  const data = sharedMemory();
  const fail = (error: SweepWorkerError) => {
    for (const thread of threads) thread.fail(error);
  };
  const threads = shares.map((share) => workerThread({ backend, looks, keeps, memory, threads: share }, fail));
  const pool = inTurn(threads);
  const abort = () => {
    for (const thread of threads) thread.abort();
  };
  signal?.addEventListener('abort', abort, { once: true });
  return {
    ...pool,
    placed: data.replicate,
    async fit(task, steps) {
      signal?.throwIfAborted();
      try {
        return await pool.fit(data.task(task), steps);
      } catch (error) {
        signal?.throwIfAborted();
        throw error;
      }
    },
    async close() {
      signal?.removeEventListener('abort', abort);
      await pool.close();
    },
  };
}

interface WorkerThread extends Fitter {
  /** Cancels what it does, now and later. */
  abort(): void;
  /** Cancels what it does, for it has no use any more. */
  fail(error: SweepWorkerError): void;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}
interface Fitting extends Waiting<Fitted> {
  readonly task: Task;
  readonly steps: Steps;
}
interface Making extends Waiting<LayerResult> {
  readonly leave: (left: Left) => void;
}

/** One thread, and what it is asked: whether a layer is known is settled here, where all threads meet. */
function workerThread(setup: WorkerSetup, died: (error: SweepWorkerError) => void): WorkerThread {
  let worker: Worker | undefined;
  let state: 'starting' | 'ready' | 'closing' = 'starting';
  let cause: unknown;
  let failure: SweepWorkerError | undefined;
  let fitting: Fitting | null = null;
  /** What it has been told to make, each for the one before. */
  const making: Making[] = [];
  let idle = () => {};

  const tell = (order: Order) => worker?.postMessage(order);
  const rest = () => {
    fitting = null;
    idle();
  };

  /** Answers for a layer, which this thread may be told to make, or another is making. */
  async function want({ steps }: Fitting, { by, key, wanted }: Extract<Report, { say: 'want' }>): Promise<void> {
    try {
      const result = await steps[by](
        key,
        wanted,
        (from, leave) =>
          new Promise((resolve, reject) => {
            if (failure !== undefined) return reject(failure);
            making.push({ leave, resolve, reject });
            tell({ say: 'make', from });
          }),
      );
      tell({ say: 'known', result });
    } catch (error) {
      tell({ say: 'failed', error: sentError(error) });
    }
  }

  /** @throws SweepWorkerError where threads are not allowed. */
  function start(): Worker {
    let started: Worker;
    try {
      // What the process was started with is for its own program ('--input-type').
      started = new Worker(entry, { name: 'factorloom', workerData: setup, execArgv: [] });
    } catch (error) {
      throw new SweepWorkerError('not-started', { exitCode: null, cause: error });
    }
    started.on('message', (report: Report) => {
      match(report)
        .with({ say: 'ready' }, () => {
          state = 'ready';
        })
        .with({ say: 'want' }, (wish) => fitting && void want(fitting, wish))
        .with({ say: 'left' }, ({ left }) => making.at(-1)?.leave(left))
        .with({ say: 'made' }, ({ result }) => making.pop()?.resolve(result))
        .with({ say: 'unmade' }, ({ error }) => making.pop()?.reject(receivedError(error)))
        .with({ say: 'fitted' }, ({ fit }) => {
          fitting?.resolve(fit);
          rest();
        })
        .with({ say: 'unfitted' }, ({ error }) => {
          fitting?.reject(receivedError(error));
          rest();
        })
        .exhaustive();
    });
    // The thread ends after an error.
    started.on('error', (error) => {
      cause = error;
    });
    started.on('messageerror', (error) => {
      cause = error;
      void started.terminate();
    });
    started.on('exit', (exitCode) => {
      if (state !== 'closing') {
        const error = new SweepWorkerError(state === 'starting' ? 'not-started' : 'ended', {
          exitCode,
          fitting: fitting?.task.name,
          cause,
        });
        died(error);
        for (const one of making.splice(0)) one.reject(error);
      }
      rest();
    });
    return started;
  }

  return {
    fit: (task, steps) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) return reject(failure);
        worker ??= start();
        tell({ say: 'fit', task });
        fitting = { task, steps, resolve, reject };
      }),
    abort: () => tell({ say: 'abort' }),
    fail(error) {
      failure ??= error;
      fitting?.reject(failure);
      tell({ say: 'abort' });
    },
    async close() {
      if (fitting !== null) {
        tell({ say: 'abort' });
        await new Promise<void>((resolve) => {
          idle = resolve;
        });
      }
      state = 'closing';
      await worker?.terminate();
    },
  };
}
