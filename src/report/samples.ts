import { columnsAt } from '../align.js';
import type { Label } from '../labels.js';
import { type DenseMatrix, named } from '../matrix.js';

/** One in so many samples, evenly, that they are at most `most`; with their names and labels. */
export function everyFew(H: DenseMatrix, labels: ArrayLike<Label> | undefined, most: number) {
  const step = Math.ceil(H.cols / most);
  if (step === 1) return { step, matrix: H, groups: labels };
  const places = Array.from({ length: Math.ceil(H.cols / step) }, (_, i) => i * step);
  const { colNames } = H;
  return {
    step,
    matrix: named(columnsAt(H, places), { ...(colNames && { colNames: places.map((j) => colNames[j]) }) }),
    groups: labels && places.map((j) => labels[j]),
  };
}
