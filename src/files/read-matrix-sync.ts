import { receiveMessageOnPort } from 'node:worker_threads';
import { IoError } from '../errors.js';
import type { FileMatrix, MatrixReading } from './read-matrix.js';
import { DONE, matrixFrom, PATIENCE, PROGRESS, type ReadReport, startReader } from './thread.js';

/**
 * The matrix in a file, for those who can't wait for it: a thread reads it while this one stands still.
 *
 * @throws IoError as `readMatrix` does.
 */
export function readMatrixSync(path: string, options: MatrixReading = {}): FileMatrix {
  const { worker, port, state } = startReader(path, options);
  worker.unref();
  try {
    for (let seen = -1; Atomics.wait(state, DONE, 0, PATIENCE) === 'timed-out'; ) {
      const now = Atomics.load(state, PROGRESS);
      if (now === seen) break;
      seen = now;
    }
    const report: ReadReport | undefined = receiveMessageOnPort(port)?.message;
    if (report === undefined)
      throw new IoError(
        'not-read',
        path,
        'Data must be a file that a thread can read; got no word from it. Read it by readMatrix',
      );
    return matrixFrom(report, path);
  } finally {
    port.close();
    void worker.terminate();
  }
}
