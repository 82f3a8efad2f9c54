import { type MessagePort, workerData } from 'node:worker_threads';
import { IoError } from '../errors.js';
import { type FileMatrix, readMatrix } from './read-matrix.js';
import type { ReadOrder, ReadReport } from './read-matrix-sync.js';

/** The thread that reads for `readMatrixSync`. */
const { order, port } = workerData as { readonly order: ReadOrder; readonly port: MessagePort }; // readMatrixSync sends these
const { path, options, state } = order;

function tell(report: ReadReport, moved: ArrayBuffer[] = []): void {
  port.postMessage(report, moved);
  Atomics.store(state, 0, 1);
  Atomics.notify(state, 0);
}

try {
  const matrix = await readMatrix(path, options);
  tell({ matrix }, buffersOf(matrix));
} catch (error) {
  if (error instanceof IoError) {
    const { code, message, offset, line } = error;
    tell({ error: { code, message, offset, line } });
  } else tell({ failure: error instanceof Error ? error.message : String(error) });
}

/** What moves to whoever asked, without a copy. */
function buffersOf(matrix: FileMatrix): ArrayBuffer[] {
  const arrays = matrix.kind === 'dense' ? [matrix.data] : [matrix.indptr, matrix.indices, matrix.values];
  return [...new Set(arrays.map(({ buffer }) => buffer))].filter((buffer) => buffer instanceof ArrayBuffer);
}
