import type { Source } from '../../source.js';
import type { Found } from '../found.js';
import { readDense } from './dense.js';
import { openSpz } from './file.js';
import { sidesOf } from './sides.js';
import { readSparse } from './sparse.js';

/**
 * The matrix in a StreamPress file: sparse (version 2), or dense (version 3), with what it says of rows and columns. A transpose that is kept
 * beside it isn't read.
 *
 * @throws IoError 'damaged', 'unsupported'.
 */
export async function readSpz(source: Source): Promise<Found> {
  const file = await openSpz(source);
  const matrix = file.version === 2 ? await readSparse(file) : await readDense(file);
  return { matrix, turned: false, ...(await sidesOf(file)) };
}
