import type { Matrix } from '../matrix.js';

/** Which numbers a matrix holds, and how often: likelihoods need no more of the data. */
export interface Tally {
  /** Every number that is known and not zero, once, ascending. */
  readonly values: Float64Array;
  readonly counts: Float64Array;
  /** Known entries that are zero, listed or not. */
  readonly zeros: number;
  /** All known entries. */
  readonly entries: number;
}

export function tallyOf(matrix: Matrix): Tally {
  const stored = matrix.kind === 'dense' ? matrix.data : matrix.values;
  const sorted = Float64Array.from(stored)
    .filter((x) => x !== 0 && !Number.isNaN(x))
    .sort();
  const starts: number[] = [];
  for (let p = 0; p < sorted.length; p++) if (p === 0 || sorted[p] !== sorted[p - 1]) starts.push(p);
  const values = Float64Array.from(starts, (p) => sorted[p]);
  const counts = Float64Array.from(starts, (p, at) => (starts[at + 1] ?? sorted.length) - p);
  let missing = 0;
  for (const x of stored) if (Number.isNaN(x)) missing++;
  const whole = matrix.kind === 'csc' && matrix.unlisted === 'missing' ? stored.length : matrix.rows * matrix.cols;
  const entries = whole - missing;
  return { values, counts, zeros: entries - sorted.length, entries };
}

/** Σ of(x) over the entries that are not zero. */
export function sumOver({ values, counts }: Tally, of: (x: number) => number): number {
  let sum = 0;
  for (let p = 0; p < values.length; p++) sum += counts[p] * of(values[p]);
  return sum;
}
