import { hidden } from '../../mask.js';
import type { Floats, Matrix } from '../../matrix.js';
import type { Task } from '../fit-point.js';
import type { Split } from '../held-out.js';
import type { Replicate } from '../replicate.js';

/** Bytes up to which an array goes with the message: memory of its own would be more. */
const FEW = 4096;

/** Data where all threads read them: a message about them then holds none of their numbers. */
export interface SharedMemory {
  replicate(replicate: Replicate): Replicate;
  task(task: Task): Task;
}

/** Each array is copied once, however often it is shared. */
export function sharedMemory(): SharedMemory {
  const copies = new WeakMap<Floats | Uint32Array, unknown>();

  function array<A extends Floats | Uint32Array>(values: A): A {
    const { buffer, byteLength } = values;
    if (buffer instanceof SharedArrayBuffer) return values;
    const known = copies.get(values);
    if (known !== undefined) return known as A; // what was kept for it, below
    const make = values.constructor as new (buffer: SharedArrayBuffer | ArrayBuffer) => A; // of a typed array
    // Of a part of a buffer a message would hold the whole.
    if (byteLength <= FEW) return byteLength === buffer.byteLength ? values : (values.slice() as A); // of the same class
    const copy = new make(new SharedArrayBuffer(byteLength));
    copy.set(values);
    copies.set(values, copy);
    return copy;
  }

  const matrix = (own: Matrix): Matrix =>
    own.kind === 'dense'
      ? Object.freeze({ ...own, data: array(own.data) })
      : Object.freeze({
          ...own,
          indptr: array(own.indptr),
          indices: array(own.indices),
          values: array(own.values),
        });
  const matrices = <K>(own: ReadonlyMap<K, Matrix>): ReadonlyMap<K, Matrix> =>
    new Map([...own].map(([key, one]) => [key, matrix(one)]));

  const replicate = (own: Replicate): Replicate => ({
    ...own,
    splits: new Map(
      [...own.splits].map(([input, { train, test, count }]): [string, Split] => [
        input,
        // All is missing from it that is to be.
        { train: hidden(matrix(train)), test: matrix(test), count },
      ]),
    ),
  });

  return {
    replicate,
    task({ masked: { plan, bindings, streams, heldOut }, ...task }) {
      const masked = { plan, streams, bindings: matrices(bindings), heldOut: matrices(heldOut) };
      return { ...task, replicate: replicate(task.replicate), masked };
    },
  };
}
