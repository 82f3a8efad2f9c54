import type { Floats } from '../../../matrix.js';
import { compressedMatrix, type FoundSparse } from '../compressed.js';
import type { Found } from '../found.js';
import { floatsAt, wholeAt } from '../numbers.js';
import type { Hdf5, Hdf5Array } from './file.js';
import { isNumber } from './types.js';

/** Numbers of an array, as `floatsAt` makes them. */
export function floatsOf(h5: Hdf5, array: Hdf5Array): Promise<Floats> {
  const { holds, called, path, count } = array;
  if (!isNumber(holds))
    throw h5.source.fault('unsupported', `A matrix must be of real numbers; got ${called} at ${path}`);
  return floatsAt(h5.bytes(array), 0, count, holds, true);
}

/** An array that must be there. */
export function arrayAt(h5: Hdf5, path: string): Hdf5Array {
  const array = h5.array(path);
  if (array === null)
    throw h5.source.fault('damaged', `An HDF5 file must hold what its kind has; got no array at ${path}`);
  return array;
}

/** A list of whole numbers from 0 to 2³² − 1. */
export async function wholeOf(h5: Hdf5, array: Hdf5Array): Promise<Uint32Array> {
  const { holds, path, count, shape } = array;
  const numbers = isNumber(holds) && shape.length === 1 ? await wholeAt(h5.bytes(array), 0, count, holds, true) : null;
  if (numbers === null) throw h5.source.fault('damaged', `Indices must be a list of whole numbers from 0 to 2³² − 1; got others at ${path}`); // biome-ignore format: a sentence
  return numbers;
}

/** A dense matrix, row after row. */
export async function denseAt(h5: Hdf5, array: Hdf5Array): Promise<Found> {
  const { shape, path } = array;
  const [rows, cols] = shape;
  if (shape.length !== 2)
    throw h5.source.fault('unsupported', `A matrix must have two dimensions; got ${shape.join(' × ')} at ${path}`);
  const data = await floatsOf(h5, array);
  return { matrix: Object.freeze({ kind: 'dense', rows, cols, order: 'rows', data }), turned: false };
}

/** How a sparse matrix lies in a group: as its lines are rows or columns, and its size. */
export interface SparseShape {
  readonly by: 'rows' | 'columns';
  readonly rows: number;
  readonly cols: number;
}

/** A sparse matrix as a group of three lists. Nothing large is read before their lengths fit. */
export async function sparseAt(h5: Hdf5, group: string, { by, rows, cols }: SparseShape): Promise<FoundSparse> {
  const [bounds, places, data] = ['indptr', 'indices', 'data'].map((name) => arrayAt(h5, `${group}/${name}`));
  const lines = by === 'rows' ? rows : cols;
  if (bounds.count !== lines + 1 || data.count !== places.count || data.shape.length !== 1)
    throw h5.source.fault(
      'damaged',
      `A sparse matrix of ${rows} × ${cols} must have ${lines + 1} bounds, and an index for each value; got ${bounds.count}, ${places.count} and ${data.count} at ${group}`,
    );
  return compressedMatrix(h5.source, {
    ...{ by, rows, cols },
    indptr: await wholeOf(h5, bounds),
    indices: await wholeOf(h5, places),
    values: await floatsOf(h5, data),
  });
}

/** Types of sparse matrices by what AnnData and its forerunners call them. */
const SPARSE: Readonly<Record<string, SparseShape['by']>> = {
  csr_matrix: 'rows',
  csc_matrix: 'columns',
  csr: 'rows',
  csc: 'columns',
};

/** The matrix at a path, as AnnData stores one: an array, or a group that says what it is; null: neither is there. */
export async function matrixAt(h5: Hdf5, path: string): Promise<Found | null> {
  const array = h5.array(path);
  if (array !== null && (await h5.attribute(path, 'encoding-type'))?.[0] !== 'null') return denseAt(h5, array);
  if (h5.kind(path) !== 'group') return null;
  const format = (await h5.attribute(path, 'encoding-type')) ?? (await h5.attribute(path, 'h5sparse_format'));
  const sizes = (await h5.attribute(path, 'shape')) ?? (await h5.attribute(path, 'h5sparse_shape'));
  const by = SPARSE[String(format?.[0])];
  if (by === undefined)
    throw h5.source.fault('unsupported', `A matrix must be an array, or a csr_matrix or csc_matrix; got ${format?.[0] ?? 'a group'} at ${path}`); // biome-ignore format: a sentence
  const [rows, cols, ...more] = (sizes ?? []).map(Number);
  if (![rows, cols].every((size) => Number.isInteger(size) && size >= 0 && size < 2 ** 32) || more.length > 0)
    throw h5.source.fault(
      'damaged',
      `A sparse matrix must have two sizes below 2³²; got ${sizes?.join(' × ')} at ${path}`,
    );
  return sparseAt(h5, path, { by, rows, cols });
}
