import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { IoError, MissingPeerError } from '../errors.js';
import type { FileMatrix, MatrixReading } from './read-matrix.js';

/** What a thread is told that reads a file. */
export interface ReadOrder {
  readonly path: string;
  readonly options: MatrixReading;
  /** At DONE: 0 while it reads, then 1. At PROGRESS: counted up whenever something was read. At READ: kibibytes read so far. */
  readonly state: Int32Array;
}
export const [DONE, PROGRESS, READ] = [0, 1, 2];
export const KIB = 1024;

/** What it tells. */
export type ReadReport =
  | { readonly matrix: FileMatrix }
  | { readonly error: Pick<IoError, 'code' | 'message' | 'offset' | 'line'> }
  | { readonly missing: Pick<MissingPeerError, 'package' | 'install' | 'message'> }
  | { readonly failure: string };

/** Milliseconds that a thread is given. Slow disks are waited for; what never ends is ended. */
export const PATIENCE = 120_000;

/** Milliseconds from one look at how far it has come to the next. */
const LOOK = 50;

/** Who looks on while a thread reads. */
interface ThreadWatch {
  /** Is told now and then how many bytes more were read; what it throws ends the thread. */
  readonly got?: (bytes: number) => void;
  /** Milliseconds within which it must have read something. */
  readonly patience?: number;
}

const entry = new URL(import.meta.url.endsWith('.ts') ? './reader-of-sources.mjs' : './reader.js', import.meta.url);

/** A thread that reads a file; `port` is where it tells what it found. */
export function startReader(
  path: string,
  options: MatrixReading,
): { readonly worker: Worker; readonly port: MessagePort; readonly state: Int32Array } {
  const state = new Int32Array(new SharedArrayBuffer(12));
  const { port1: own, port2: port } = new MessageChannel();
  const order: ReadOrder = { path, options, state };
  // What packages say about files is told by errors, not in the words of others.
  const worker = new Worker(entry, {
    ...{ workerData: { order, port }, transferList: [port], execArgv: [] },
    ...{ stdout: true, stderr: true },
  });
  return { worker, port: own, state };
}

/**
 * The matrix in a file whose format is read by a package that may crash, or never end, on bytes that no writer wrote: in a thread, which is
 * ended when it doesn't get on. Arrays move here without a copy.
 * @throws IoError 'damaged' where the thread ended without a word, or was ended.
 */
export async function readInThread(
  path: string,
  options: MatrixReading,
  { got = () => {}, patience = PATIENCE }: ThreadWatch = {},
): Promise<FileMatrix> {
  const { worker, port, state } = startReader(path, options);
  const timers: NodeJS.Timeout[] = [];
  try {
    const report = await new Promise<ReadReport>((resolve, reject) => {
      // What was told before may still be on its way.
      const ended = (how: string, cause?: unknown) => {
        const told: ReadReport | undefined = receiveMessageOnPort(port)?.message;
        if (told !== undefined) resolve(told);
        else reject(new IoError('damaged', path, `A file must be whole; got one that ${how}`, { cause }));
      };
      port.once('message', resolve);
      worker.once('error', (error) => ended(`stopped its reader: ${wordsOf(error)}`, error));
      worker.once('exit', () => ended('stopped its reader'));
      let seen = Atomics.load(state, PROGRESS);
      const look = () => {
        const now = Atomics.load(state, PROGRESS);
        if (now === seen) ended(`its reader did not get on with for ${patience / 1000} s`);
        seen = now;
      };
      let told = 0;
      const tell = () => {
        const read = Atomics.load(state, READ) * KIB;
        try {
          got(read - told);
          told = read;
        } catch (error) {
          reject(error);
        }
      };
      timers.push(setInterval(look, patience), setInterval(tell, LOOK));
    });
    return matrixFrom(report, path);
  } finally {
    for (const timer of timers) clearInterval(timer);
    port.close();
    void worker.terminate();
  }
}

/** What a thread found, or what was wrong with it. */
export function matrixFrom(report: ReadReport, path: string): FileMatrix {
  if ('matrix' in report) return Object.freeze(report.matrix);
  if ('error' in report) throw IoError.told(report.error, path);
  if ('missing' in report) throw MissingPeerError.told(report.missing);
  throw new IoError('not-read', path, report.failure);
}

export const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
