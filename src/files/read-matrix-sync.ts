import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { IoError } from '../errors.js';
import type { FileMatrix, ReadMatrixOptions } from './read-matrix.js';

/** What the thread is told, and what it tells. */
export interface ReadOrder {
  readonly path: string;
  readonly options: ReadMatrixOptions;
  /** 0: reading; 1: done. */
  readonly state: Int32Array;
}
export type ReadReport =
  | { readonly matrix: FileMatrix }
  | { readonly error: Pick<IoError, 'code' | 'message' | 'offset' | 'line'> }
  | { readonly failure: string };

const entry = new URL(import.meta.url.endsWith('.ts') ? './reader-of-sources.mjs' : './reader.js', import.meta.url);
/** A thread that says nothing for so long is taken for dead. */
const PATIENCE = 600_000;

/**
 * The matrix in a file, for those who can't wait for it: a thread reads it while this one stands still.
 *
 * @throws IoError as `readMatrix` does.
 */
export function readMatrixSync(path: string, options: ReadMatrixOptions = {}): FileMatrix {
  const state = new Int32Array(new SharedArrayBuffer(4));
  const { port1: own, port2: port } = new MessageChannel();
  const order: ReadOrder = { path, options, state };
  const worker = new Worker(entry, { workerData: { order, port }, transferList: [port], execArgv: [] });
  worker.unref();
  try {
    const waited = Atomics.wait(state, 0, 0, PATIENCE);
    const report: ReadReport | undefined = receiveMessageOnPort(own)?.message;
    if (waited === 'timed-out' || report === undefined)
      throw new IoError(
        'not-read',
        path,
        'Data must be a file that a thread can read; got no word from it. Read it by readMatrix',
      );
    if ('failure' in report) throw new IoError('not-read', path, report.failure);
    if ('error' in report) throw IoError.told(report.error, path);
    return Object.freeze(report.matrix);
  } finally {
    own.close();
    void worker.terminate();
  }
}
