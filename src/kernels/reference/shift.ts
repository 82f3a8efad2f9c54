import { dense, totalRows } from '../../matrix.js';
import type { Blocks } from './blocks.js';
import { featureMoments } from './centered.js';

/** A mean so many times the spread is taken out of the data itself: as a correction afterwards it would cost digits. */
const DOMINATES = 1e3;

/** The means of dense features that dwarf their spread, 0 for the others; null when there are none. */
export function dominatingMeans(X: Blocks): Float64Array | null {
  const { center, scale } = featureMoments(X, true, true);
  const shift = new Float64Array(totalRows(X));
  if (center === null || scale === null) return null;
  let top = 0;
  for (const block of X) {
    for (let i = top; i < top + block.rows && block.kind === 'dense'; i++) {
      if (Math.abs(center[i]) > DOMINATES * scale[i]) shift[i] = center[i];
    }
    top += block.rows;
  }
  return shift.some((x) => x !== 0) ? shift : null;
}

/** X with a number taken from each row of its dense blocks. */
export function shifted(X: Blocks, shift: Float64Array): Blocks {
  let top = 0;
  return X.map((block) => {
    const own = shift.subarray(top, top + block.rows);
    top += block.rows;
    if (block.kind === 'csc') return block;
    return dense(
      block.rows,
      block.cols,
      block.data.map((x, p) => x - own[p % block.rows]),
    );
  });
}
