import { setMaxListeners } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import { match } from 'ts-pattern';
import { selectKernels } from '../../kernels/select.js';
import type { LayerResult } from '../../runtime/state.js';
import { fitPoint, type Task } from '../fit-point.js';
import type { GoOn, Steps } from '../shared-steps.js';
import { type Order, type Report, receivedError, sentError, type WorkerSetup } from './messages.js';

// The program of a worker thread: it fits what it is told to, and asks before it fits a layer.

const port = parentPort;
if (port === null) throw new TypeError('a worker of a sweep must be started as a worker thread');
const { backend, threads, looks, keeps, memory } = workerData as WorkerSetup; // what threads.ts starts it with
const kernels = selectKernels(backend);
const control = new AbortController();
// Each kernel listens to it while it runs.
setMaxListeners(0, control.signal);

const tell = (report: Report) => port.postMessage(report);

interface Asked {
  readonly goOn: GoOn;
  readonly resolve: (result: LayerResult) => void;
  readonly reject: (error: unknown) => void;
}

/** The layers that are being waited for, each for the one before; the steps of a plan are made one after the other. */
const asked: Asked[] = [];

const ask =
  (by: keyof Steps): Steps[keyof Steps] =>
  (key, wanted, goOn) =>
    new Promise((resolve, reject) => {
      asked.push({ goOn, resolve, reject });
      tell({ say: 'want', by, key, wanted });
    });
const steps: Steps = { get: ask('get'), find: ask('find') };

async function fitTask(task: Task): Promise<void> {
  try {
    const made = await fitPoint(task, { kernels, looks, keeps, memory, threads, steps, signal: control.signal });
    tell({ say: 'fitted', fit: made });
  } catch (error) {
    tell({ say: 'unfitted', error: sentError(error) });
  }
}

async function make(goOn: GoOn, from: Parameters<GoOn>[0]): Promise<void> {
  try {
    tell({ say: 'made', result: await goOn(from, (left) => tell({ say: 'left', left })) });
  } catch (error) {
    tell({ say: 'unmade', error: sentError(error) });
  }
}

/** The layer that an answer is about. */
function wanted(own = asked.at(-1)): Asked {
  if (own === undefined) throw new TypeError('what is answered must have been asked');
  return own;
}

port.on('message', (order: Order) => {
  match(order)
    .with({ say: 'fit' }, ({ task }) => void fitTask(task))
    .with({ say: 'make' }, ({ from }) => void make(wanted().goOn, from))
    .with({ say: 'known' }, ({ result }) => wanted(asked.pop()).resolve(result))
    .with({ say: 'failed' }, ({ error }) => wanted(asked.pop()).reject(receivedError(error)))
    .with({ say: 'abort' }, () => control.abort(new Error('the sweep was cancelled')))
    .exhaustive();
});
tell({ say: 'ready' });
