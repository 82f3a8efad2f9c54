import type { CscMatrix, Floats } from '../../matrix.js';
import type { Source } from '../source.js';
import { sortLines } from './entries.js';
import type { Found } from './found.js';

/** Lines of a sparse matrix, one after the other: rows, or columns. */
export interface Compressed {
  readonly by: 'rows' | 'columns';
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint32Array;
  readonly values: Floats;
}

export interface FoundSparse extends Found {
  readonly matrix: CscMatrix;
}

/**
 * A sparse matrix as files hold it (CSR, CSC): its bounds and indices looked at, the entries of each line put in order.
 *
 * @throws IoError 'damaged'
 */
export function compressedMatrix(source: Source, { by, rows, cols, indptr, indices, values }: Compressed): FoundSparse {
  const damaged = (rule: string) => source.fault('damaged', `A sparse matrix must ${rule}`);
  const [lines, across] = by === 'rows' ? [rows, cols] : [cols, rows];
  const line = by === 'rows' ? 'row' : 'column';
  if (indptr.length !== lines + 1) throw damaged(`have ${lines + 1} bounds of ${line}s; got ${indptr.length}`);
  if (indices.length !== values.length)
    throw damaged(`have an index for each value; got ${indices.length} and ${values.length}`);
  if (indptr[0] !== 0 || indptr[lines] !== values.length)
    throw damaged(`have bounds from 0 to ${values.length}; got ${indptr[0]} to ${indptr[lines]}`);
  for (let l = 0; l < lines; l++)
    if (indptr[l] > indptr[l + 1]) throw damaged(`have bounds that never fall; got a fall after ${line} ${l}`);
  for (let p = 0; p < indices.length; p++)
    if (indices[p] >= across) throw damaged(`have indices below ${across}; got ${indices[p]} at position ${p}`);
  sortLines(indptr, indices, values, (l, index) =>
    damaged(`list an entry once; got ${line} ${l}, ${by === 'rows' ? 'column' : 'row'} ${index} twice`),
  );
  const matrix: CscMatrix = Object.freeze({ kind: 'csc', rows: across, cols: lines, indptr, indices, values });
  return { matrix, turned: by === 'rows' };
}
