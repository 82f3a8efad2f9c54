import type { Reading } from '../arguments/read.js';
import { show } from '../issues.js';
import { type DenseMatrix, stackDense } from '../matrix.js';

/** What is compared of a fitted layer; W is one matrix, or one for each modality by name. */
export interface Factors {
  /** m × k. */
  readonly W: DenseMatrix | { readonly [modality: string]: DenseMatrix };
  /** k numbers. */
  readonly d: Float64Array;
  /** k × n. */
  readonly H: DenseMatrix;
}

const isMatrix = (x: unknown): x is DenseMatrix => {
  const { kind, rows, cols, data }: { readonly [key: string]: unknown } = Object(x);
  return kind === 'dense' && data instanceof Float64Array && data.length === Number(rows) * Number(cols);
};

/** The parts of W by name; one matrix has the name ''. */
export const partsOf = (W: Factors['W']): readonly (readonly [string, DenseMatrix])[] =>
  isMatrix(W) ? [['', W]] : Object.entries(W);

/** The factors of a layer, W as one matrix; whatever an untyped caller gives is looked at. */
export interface WholeFactors {
  readonly W: DenseMatrix;
  readonly d: Float64Array;
  readonly H: DenseMatrix;
  /** What W is of, in words. */
  readonly features: string;
}

export function readFactors(args: Reading, of: string, fit: unknown): WholeFactors | undefined {
  const { W, d, H }: { readonly [key: string]: unknown } = Object(fit);
  const parts = typeof W === 'object' && W !== null ? partsOf(W as Factors['W']) : []; // each is looked at below
  const fits = (part: unknown) => isMatrix(part) && isMatrix(H) && part.cols === H.rows;
  if (
    !isMatrix(H) ||
    !(d instanceof Float64Array) ||
    d.length !== H.rows ||
    parts.length === 0 ||
    !parts.every(([, part]) => fits(part))
  ) {
    args.refuse(of, 'a fitted layer with W, d and H of as many factors', show(fit));
    return undefined;
  }
  // In the order of their names, so that those of two fits meet.
  const sorted = parts.toSorted(([a], [b]) => (a < b ? -1 : 1));
  const whole = sorted.length === 1 ? sorted[0][1] : stackDense(sorted.map(([, part]) => part));
  if (![whole.data, d, H.data].every((list) => list.every(Number.isFinite))) {
    args.refuse(of, 'of finite numbers', 'some that are not');
    return undefined;
  }
  return { W: whole, d, H, features: said(sorted) };
}

const said = (parts: readonly (readonly [string, DenseMatrix])[]): string =>
  parts.map(([name, { rows }]) => (name === '' ? `${rows} features` : `${rows} features of ${name}`)).join(', ');

export const isFactors = (x: unknown): x is Factors => typeof x === 'object' && x !== null && 'W' in x && 'H' in x;
