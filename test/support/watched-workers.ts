import type * as WorkerThreads from 'node:worker_threads';
import type { Worker, WorkerOptions } from 'node:worker_threads';
import type { Order, Report, WorkerSetup } from '../../src/sweep/executors/messages.js';

/** A worker thread, and what it was told and has told. */
export interface Watched {
  readonly worker: Worker;
  readonly setup: WorkerSetup;
  readonly orders: Order[];
  readonly reports: Report[];
  exited: boolean;
}

/** All worker threads that were started, in order; what is said here of the next ones holds instead of what they are started with. */
export const watch: {
  workers: Watched[];
  entry: URL | undefined;
  options: WorkerOptions;
  onReport: (watched: Watched, report: Report) => void;
} = { workers: [], entry: undefined, options: {}, onReport: () => {} };

export function forget(): void {
  Object.assign(watch, { workers: [], entry: undefined, options: {}, onReport: () => {} });
}

/** Those that are making a fit now. */
export const busy = (): readonly Watched[] =>
  watch.workers.filter(({ orders, reports }) => {
    const asked = orders.filter(({ say }) => say === 'fit').length;
    return asked > reports.filter(({ say }) => say === 'fitted' || say === 'unfitted').length;
  });

/** `node:worker_threads` with workers that are watched, for `vi.mock`. */
export function watched(real: typeof WorkerThreads): typeof WorkerThreads {
  class WatchedWorker extends real.Worker {
    readonly #own: Watched;

    constructor(entry: string | URL, options: WorkerOptions) {
      super(watch.entry ?? entry, { ...options, ...watch.options });
      this.#own = { worker: this, setup: options.workerData, orders: [], reports: [], exited: false };
      watch.workers.push(this.#own);
      this.on('message', (report: Report) => {
        this.#own.reports.push(report);
        watch.onReport(this.#own, report);
      });
      this.on('exit', () => {
        this.#own.exited = true;
      });
    }

    override postMessage(order: Order): void {
      this.#own.orders.push(order);
      super.postMessage(order);
    }
  }
  return { ...real, Worker: WatchedWorker };
}
