import { show } from './issues.js';
import { hidden, hideEntries } from './mask.js';
import { type CscMatrix, dense, entry, floatsLike, type Matrix, storedValues } from './matrix.js';
import { look } from './matrix-check.js';
import { isNumbers, type MatrixInput, toMatrix, type Unusable, unusable } from './matrix-input.js';

/**
 * How much entries count: a number for each feature, for each sample, for each entry; what is left out is 1, and they
 * multiply. Or those of the entries alone: a matrix laid out as the data are.
 */
export type WeightsInput = MatrixInput | (Lines<ArrayLike<number>> & { readonly entries?: MatrixInput | undefined });

/** One for each feature, and one for each sample. */
interface Lines<T> {
  readonly features?: T | undefined;
  readonly samples?: T | undefined;
}

/** Weights by row, by column and by entry; absent where all are the same. */
export interface Shares<T> extends Lines<T> {
  readonly entries?: T | undefined;
}

/** Weights that were read: features × 1, 1 × samples, features × samples; each as shares of its largest. */
export interface EntryWeights {
  readonly kind: 'weights';
  /** The product of these. */
  readonly scale: number;
  readonly shares: Shares<Matrix>;
}

const wrong = (rule: string, got: string): Unusable => ({ ...unusable(rule, got), what: 'weights' });
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Whether weights are given part by part. */
const isParts = (weights: unknown): weights is Readonly<Record<string, unknown>> =>
  isObject(weights) &&
  !isNumbers(weights) &&
  !['kind', 'rows', 'shape', 'data', 'indptr'].some((key) => Object.hasOwn(weights, key));

/** Weights as they are now: a copy, in the form they were given in. What is none is handed through. */
export function copiedWeights(weights: unknown): unknown {
  const copied = (value: unknown): unknown => {
    if (Array.isArray(value) && typeof value[0] === 'number') return Object.freeze([...value]);
    if (isNumbers(value) && !Array.isArray(value)) return Float64Array.from(value);
    const matrix = toMatrix(value);
    if (matrix.kind === 'unusable') return value;
    const values = storedValues(matrix).slice();
    return Object.freeze(matrix.kind === 'dense' ? { ...matrix, data: values } : { ...matrix, values });
  };
  try {
    if (!isParts(weights)) return copied(weights);
    return Object.freeze(Object.fromEntries(Object.entries(weights).map(([part, value]) => [part, copied(value)])));
  } catch {
    // What throws when it is looked at does so again where its fault is told.
    return weights;
  }
}

/** Data in which what counts nothing is missing. */
export function withoutWeightless(matrix: Matrix | Unusable, weights: unknown, turned = false): Matrix | Unusable {
  if (matrix.kind === 'unusable' || weights === undefined) return matrix;
  const shares = read(matrix, weights, turned);
  if ('kind' in shares) return shares;
  const { features, samples, entries } = shares;
  const listed = entries?.kind === 'csc' ? listedAlone(matrix, entries) : matrix;
  const none = [features, samples, entries?.kind === 'dense' ? entries : undefined];
  if (!none.some((part) => part !== undefined && storedValues(part).includes(0))) return listed;
  const isNone = (i: number, j: number) =>
    (features !== undefined && entry(features, i, 0) === 0) ||
    (samples !== undefined && entry(samples, 0, j) === 0) ||
    (entries?.kind === 'dense' && entry(entries, i, j) === 0);
  const places = placesOf(matrix, (j, tell) => {
    for (let i = 0; i < matrix.rows; i++) if (isNone(i, j)) tell(i);
  });
  return hideEntries(listed, places);
}

/** The weights of data, as shares; they must be right for it. */
export function readWeights(matrix: Matrix, weights: unknown, turned = false): EntryWeights | Unusable {
  const given = read(matrix, weights, turned);
  if ('kind' in given) return given;
  let scale = 1;
  const shares: Record<string, Matrix> = {};
  for (const [part, own] of Object.entries(given)) {
    if (own === undefined) continue;
    const { largest } = look(storedValues(own));
    if (largest > 0) scale *= largest;
    if (storedValues(own).some((x) => x > 0 && x !== largest)) shares[part] = scaled(own, largest);
  }
  if (scale > 0 && scale < Infinity) return { kind: 'weights', scale, shares };
  return wrong('such that their largest product is a number', String(scale));
}

/** Each a number of 64 bits, the smallest above zero where it would be lost. */
function scaled(matrix: Matrix, largest: number): Matrix {
  const values = Float64Array.from(storedValues(matrix), (x) => share(x, 1 / largest, x / largest));
  return matrix.kind === 'dense'
    ? Object.freeze({ ...matrix, data: values })
    : Object.freeze({ ...matrix, values, unlisted: 'missing' });
}

const share = (x: number, by: number, product: number): number =>
  x > 0 && by > 0 ? Math.max(product, Number.MIN_VALUE) : product;

/** Shares by entry and by sample as one: of each entry, or of each sample where those are all; null where there are none. */
export function combined({ samples, entries }: Shares<Matrix>): Matrix | null {
  if (samples === undefined || entries === undefined) return entries ?? samples ?? null;
  const by = storedValues(samples);
  const values = floatsLike(by, storedValues(entries).length);
  const put = (p: number, x: number, j: number) => {
    values[p] = share(x, by[j], x * by[j]);
  };
  if (entries.kind === 'dense') {
    const { rows, cols, order, data } = entries;
    data.forEach((x, p) => {
      put(p, x, order === 'rows' ? p % cols : Math.floor(p / rows));
    });
    return { ...entries, data: values };
  }
  for (let j = 0; j < entries.cols; j++)
    for (let p = entries.indptr[j]; p < entries.indptr[j + 1]; p++) put(p, entries.values[p], j);
  return { ...entries, values };
}

/** Weights as matrices, held to the shape of the data. */
function read({ rows, cols }: Matrix, weights: unknown, turned: boolean): Shares<Matrix> | Unusable {
  try {
    const given: Readonly<Record<string, unknown>> = isParts(weights) ? weights : { entries: weights };
    const odd = Object.keys(given).find((part) => !['features', 'samples', 'entries'].includes(part));
    if (odd !== undefined) return wrong('a matrix, or { features, samples, entries }', `'${odd}' among them`);
    const found: Record<string, Matrix> = {};
    for (const part of ['features', 'samples', 'entries'] as const) {
      const value = given[part];
      if (value === undefined) continue;
      const [m, n] = [part === 'samples' ? 1 : rows, part === 'features' ? 1 : cols];
      const own = part === 'entries' ? toMatrix(value, turned) : line(value, part, m, n);
      if (own.kind === 'unusable') return wrong(part === 'entries' ? `${own.rule}, by entry` : own.rule, own.got);
      const fault = faultOf(own, part, m, n);
      if (fault !== undefined) return fault;
      found[part] = own;
    }
    return found;
  } catch (error) {
    // An untyped caller's object may throw when it is looked at.
    return wrong('readable', error instanceof Error ? error.message : show(error));
  }
}

/** A number for each feature, or for each sample. */
function line(value: unknown, part: 'features' | 'samples', rows: number, cols: number): Matrix | Unusable {
  if (!isNumbers(value)) return unusable(`an array of numbers by ${part.slice(0, -1)}`, show(value));
  const odd = Array.from(value).findIndex((x: unknown) => typeof x !== 'number');
  if (odd >= 0) return unusable(`numbers by ${part.slice(0, -1)}`, `${show(value[odd])} at place ${odd}`);
  if (value.length !== rows * cols)
    return unusable(`${rows * cols}, one for each ${part.slice(0, -1)}`, `${value.length} ${part}`);
  return dense(rows, cols, Float64Array.from(value));
}

function faultOf(own: Matrix, part: string, rows: number, cols: number): Unusable | undefined {
  if (own.rows !== rows || own.cols !== cols)
    return wrong(`as large as the data, ${rows} × ${cols}`, `${own.rows} × ${own.cols}`);
  if (own.kind === 'csc' && own.unlisted === 'missing')
    return wrong('known: what a sparse matrix of weights lists not is 0', "entries that are unlisted: 'missing'");
  const values = storedValues(own);
  const odd = values.findIndex((x) => !(x >= 0 && x < Infinity));
  return odd < 0 ? undefined : wrong('finite numbers, at least 0', `${values[odd]} among those of ${part}`);
}

/** Data of which nothing is known but where a sparse matrix lists a weight above zero. */
function listedAlone(matrix: Matrix, weights: CscMatrix): Matrix {
  const known = placesOf(matrix, (j, tell) => {
    for (let p = weights.indptr[j]; p < weights.indptr[j + 1]; p++) if (weights.values[p] > 0) tell(weights.indices[p]);
  });
  const values = floatsLike(storedValues(matrix), known.indices.length);
  for (let j = 0; j < matrix.cols; j++) valuesAt(matrix, known, j, values);
  if (matrix.kind === 'csc') return hidden({ ...known, values, unlisted: 'missing' });
  const data = floatsLike(matrix.data, matrix.data.length).fill(Number.NaN);
  const [down, across] = matrix.order === 'rows' ? [matrix.cols, 1] : [1, matrix.rows];
  for (let j = 0; j < matrix.cols; j++)
    for (let p = known.indptr[j]; p < known.indptr[j + 1]; p++) data[known.indices[p] * down + j * across] = values[p];
  return hidden({ ...matrix, data });
}

/** The entries of a column that are listed, side by side. */
function valuesAt(matrix: Matrix, { indptr, indices }: CscMatrix, j: number, out: { [p: number]: number }): void {
  let q = matrix.kind === 'csc' ? matrix.indptr[j] : 0;
  for (let p = indptr[j]; p < indptr[j + 1]; p++) {
    if (matrix.kind === 'dense') {
      out[p] = entry(matrix, indices[p], j);
      continue;
    }
    while (q < matrix.indptr[j + 1] && matrix.indices[q] < indices[p]) q++;
    const isListed = q < matrix.indptr[j + 1] && matrix.indices[q] === indices[p];
    out[p] = isListed ? matrix.values[q] : matrix.unlisted === 'missing' ? Number.NaN : 0;
  }
}

/** A sparse matrix of ones; `each` tells the rows of a column, ascending, and tells them twice. */
function placesOf({ rows, cols }: Matrix, each: (j: number, tell: (i: number) => void) => void): CscMatrix {
  const indptr = new Uint32Array(cols + 1);
  for (let j = 0; j < cols; j++) {
    indptr[j + 1] = indptr[j];
    each(j, () => indptr[j + 1]++);
  }
  const indices = new Uint32Array(indptr[cols]);
  let end = 0;
  for (let j = 0; j < cols; j++)
    each(j, (i) => {
      indices[end++] = i;
    });
  return { kind: 'csc', rows, cols, indptr, indices, values: new Float64Array(end).fill(1) };
}
