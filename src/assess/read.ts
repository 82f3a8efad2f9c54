import { type Reading, reading, whole } from '../arguments/read.js';
import { show } from '../issues.js';
import { type Classes, classesOf, isList, LABEL_RULE, type Label, oddLabel } from '../labels.js';
import { column, type DenseMatrix, dense, toDense } from '../matrix.js';
import type { MatrixInput } from '../matrix-input.js';

/** Samples that have a label. */
export interface Labelled {
  /** k × n: columns of H whose label is known. */
  readonly H: DenseMatrix;
  /** n numbers from 0 to count − 1. */
  readonly of: Int32Array;
  readonly count: number;
  readonly sizes: readonly number[];
}

/**
 * An embedding and what its samples belong to, those left out whose label isn't known.
 *
 * @throws GraphError with every fault of them.
 */
export function readLabelled(
  at: string,
  H: MatrixInput,
  labels: ArrayLike<Label>,
  { name = 'labels', classes: least = 2 } = {},
): Labelled {
  const args = reading(at);
  const found = args.read('H', H);
  if (found !== undefined) whole(args, 'H', found);
  const classes = readLabels(args, name, labels, found?.matrix.cols);
  if (classes !== undefined && classes.count < least)
    args.refuse(name, `of at least ${least} classes`, `${classes.count} among those that are known`);
  const all = toDense(args.done(found).matrix);
  const { of, count, sizes } = args.done(classes);
  const known = Array.from(of.keys()).filter((j) => of[j] >= 0);
  const own = dense(all.rows, known.length);
  known.forEach((from, j) => { column(own, j).set(column(all, from)); }); // biome-ignore format: one thought
  return { H: own, of: of.filter((place) => place >= 0), count, sizes };
}

/** Labels as numbers, one for each sample. */
export function readLabels(
  { refuse }: Reading,
  name: string,
  labels: unknown,
  samples: number | undefined,
): Classes | undefined {
  if (!isList(labels)) {
    refuse(name, 'an array with one for each sample', show(labels));
    return undefined;
  }
  if (samples !== undefined && labels.length !== samples) {
    refuse(name, `${samples}, one for each sample`, String(labels.length));
    return undefined;
  }
  const odd = oddLabel(labels);
  if (odd !== undefined) refuse(name, LABEL_RULE, show(odd));
  return odd === undefined ? classesOf(labels) : undefined;
}
