import { type MessagePort, workerData } from 'node:worker_threads';
import { IoError, MissingPeerError } from '../errors.js';
import { type FileMatrix, readHere } from './read-matrix.js';
import { DONE, KIB, PROGRESS, READ, type ReadOrder, type ReadReport, wordsOf } from './thread.js';

/** The thread that reads a file for others. */
const { order, port } = workerData as { readonly order: ReadOrder; readonly port: MessagePort }; // startReader sends these
const { path, options, state } = order;

function tell(report: ReadReport, moved: ArrayBuffer[] = []): void {
  port.postMessage(report, moved);
  Atomics.store(state, DONE, 1);
  Atomics.notify(state, DONE);
}

let read = 0;
function watch(bytes: number): void {
  read += bytes;
  Atomics.add(state, PROGRESS, 1);
  Atomics.store(state, READ, Math.floor(read / KIB));
}

try {
  const matrix = await readHere(path, options, watch);
  tell({ matrix }, buffersOf(matrix));
} catch (error) {
  if (error instanceof IoError) {
    const { code, message, offset, line } = error;
    tell({ error: { code, message, offset, line } });
  } else if (error instanceof MissingPeerError) {
    const { package: name, install, message } = error;
    tell({ missing: { package: name, install, message } });
  } else tell({ failure: wordsOf(error) });
}

/** What moves to whoever asked, without a copy. */
function buffersOf(matrix: FileMatrix): ArrayBuffer[] {
  const { rowLabels = {}, colLabels = {} } = matrix;
  const arrays = matrix.kind === 'dense' ? [matrix.data] : [matrix.indptr, matrix.indices, matrix.values];
  const labels = [...Object.values(rowLabels), ...Object.values(colLabels)].filter(
    (own) => own instanceof Float64Array,
  );
  return [...new Set([...arrays, ...labels].map(({ buffer }) => buffer))].filter(
    (buffer) => buffer instanceof ArrayBuffer,
  );
}
