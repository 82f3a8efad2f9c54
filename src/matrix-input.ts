import { show } from './issues.js';
import {
  type CscMatrix,
  type DenseData,
  type DenseMatrix,
  dense,
  type Floats,
  flipped,
  type Matrix,
  transposeCsc,
} from './matrix.js';

type Numbers = ArrayLike<number>;

/** What rows and columns are called, a text for each: as results and matrices from files have it. */
export interface LineNames {
  readonly rowNames?: readonly string[] | undefined;
  readonly colNames?: readonly string[] | undefined;
}

/** Numbers of any typed array, or a plain array: column after column, or with `order: 'rows'` row after row. */
export interface DenseLike extends LineNames {
  readonly kind?: 'dense';
  readonly rows: number;
  readonly cols: number;
  readonly order?: 'columns' | 'rows' | undefined;
  readonly data: Numbers;
}

/** Compressed sparse columns in any typed arrays; scipy calls `values` data, and `[rows, cols]` shape. */
export interface CscLike extends LineNames {
  readonly kind: 'csc';
  readonly rows: number;
  readonly cols: number;
  readonly indptr: Numbers;
  readonly indices: Numbers;
  readonly values: Numbers;
  readonly unlisted?: 'zero' | 'missing' | undefined;
}

/** A two-dimensional view with strides: what the ndarray packages make. */
export interface NdarrayLike {
  readonly shape: Numbers;
  readonly data: Numbers;
  readonly stride?: Numbers;
  readonly strides?: Numbers;
  readonly offset?: number;
  /** What has these is sparse: a `CscLike`, once it says so. */
  readonly indptr?: never;
  readonly indices?: never;
}

/** Everything that `factorInput` and `factorCondition` take as a matrix. */
export type MatrixInput = Matrix | DenseLike | CscLike | NdarrayLike | readonly Numbers[];

/** Data that is no matrix: what it must be, and what it is. */
export interface Unusable {
  readonly kind: 'unusable';
  readonly rule: string;
  readonly got: string;
  /** What is at fault, where it isn't the data. */
  readonly what?: 'mask' | 'weights';
}

export const unusable = (rule: string, got: string): Unusable => Object.freeze({ kind: 'unusable', rule, got });

/** What was found to be no matrix before. */
const isUnusable = (input: unknown): input is Unusable =>
  isObject(input) && input.kind === 'unusable' && typeof input.rule === 'string' && typeof input.got === 'string';

const isTyped = (x: unknown): x is Numbers =>
  ArrayBuffer.isView(x) && !(x instanceof DataView || x instanceof BigInt64Array || x instanceof BigUint64Array);
export const isNumbers = (x: unknown): x is Numbers => Array.isArray(x) || isTyped(x);
/** Sizes and indices are 32 bits wide in the kernels. */
const isCount = (x: unknown): x is number => typeof x === 'number' && Number.isInteger(x) && x >= 0 && x < 2 ** 32;
const isObject = (x: unknown): x is Readonly<Record<string, unknown>> => typeof x === 'object' && x !== null;

/** Frozen matrices that were read here: their shapes and indices need no second look. */
const made = new WeakSet<Matrix>();
/** Whether a matrix was read here. */
export const isMade = (input: unknown): input is Matrix => isObject(input) && made.has(input as unknown as Matrix); // a WeakSet is asked for any object

/**
 * Any accepted form as a matrix of features × samples. Float64Array and Float32Array data in column or row order is
 * taken as it is, anything else copied. With `samplesByFeatures` the rows given are samples: dense data is then read in
 * the other order, a sparse matrix is transposed once here.
 */
export function toMatrix(input: unknown, samplesByFeatures = false): Matrix | Unusable {
  try {
    const matrix = isMade(input) || isUnusable(input) ? input : read(input);
    if (matrix.kind === 'unusable') return matrix;
    const whole = samplesByFeatures ? flipped(matrix) : matrix;
    made.add(whole);
    return whole;
  } catch (error) {
    // An untyped caller's object may throw when it is looked at, or ask for more memory than there is.
    return unusable('readable, and small enough for memory', error instanceof Error ? error.message : show(error));
  }
}

function read(input: unknown): Matrix | Unusable {
  if (typeof input === 'string')
    return unusable('a matrix', `the string '${input}'; read a file by readMatrix, or give it to factorInput`);
  if (Array.isArray(input)) return fromRows(input);
  if (isTyped(input))
    return unusable('a matrix: wrap numbers as { rows, cols, data }', `${kindOf(input)} of ${input.length}`);
  if (isObject(input)) {
    if (input.kind === 'csc') return fromCsc(input);
    if ('indptr' in input || 'indices' in input)
      return unusable(
        "a CSC matrix as { kind: 'csc', rows, cols, indptr, indices, values }",
        typeof input.kind === 'string' ? `kind '${input.kind}'` : kindOf(input),
      );
    if (isNumbers(input.shape) && isNumbers(input.data)) return fromNdarray(input.shape, input.data, input);
    if ('rows' in input && 'cols' in input && isNumbers(input.data))
      return fromDense(input.rows, input.cols, input.data, input.order);
  }
  const rule = 'a dense or CSC matrix, an ndarray or rows of numbers';
  const isFit = isObject(input) && 'W' in input && 'H' in input;
  return unusable(isFit ? `${rule}: of a fit its W or its H` : rule, kindOf(input));
}

function kindOf(x: unknown): string {
  if (x === null || typeof x !== 'object') return x === null ? 'null' : typeof x;
  if (ArrayBuffer.isView(x)) return `a ${x.constructor.name}`;
  return Array.isArray(x) ? 'an array' : show(x);
}

function isFloats(values: Numbers): values is Floats {
  return values instanceof Float64Array || values instanceof Float32Array;
}

function toFloats(values: Numbers): Floats {
  return isFloats(values) ? values : Float64Array.from(values);
}

/** Where a plain array holds something else, or −1: `Float64Array.from` would turn null into 0 and '3' into 3. */
function nonNumberAt(values: Numbers): number {
  return Array.isArray(values) ? values.findIndex((x: unknown) => typeof x !== 'number') : -1;
}

function fromDense(rows: unknown, cols: unknown, data: Numbers, order: unknown): DenseData | Unusable {
  if (!isCount(rows) || !isCount(cols))
    return unusable('of whole rows and cols, each below 2³²', `rows ${show(rows)}, cols ${show(cols)}`);
  if (order !== undefined && order !== 'columns' && order !== 'rows')
    return unusable("of order 'columns' or 'rows'", show(order));
  if (data.length !== rows * cols) return unusable(`${rows} × ${cols} numbers`, `${data.length}`);
  const odd = nonNumberAt(data);
  if (odd >= 0) return unusable('numbers', `${kindOf(data[odd])} at position ${odd}`);
  return ordered(rows, cols, order ?? 'columns', toFloats(data));
}

function ordered(rows: number, cols: number, order: 'columns' | 'rows', data: Floats): DenseData {
  return Object.freeze({ kind: 'dense', rows, cols, order, data });
}

function fromRows(rows: readonly unknown[]): DenseMatrix | Unusable {
  const first = rows[0];
  if (!isNumbers(first))
    return unusable('rows of numbers, [[…], […]]', rows.length === 0 ? 'no rows' : `a row that is a ${kindOf(first)}`);
  const out = dense(rows.length, first.length);
  for (const [i, row] of rows.entries()) {
    if (!isNumbers(row)) return unusable('rows of numbers', `row ${i} that is ${kindOf(row)}`);
    if (row.length !== first.length)
      return unusable('rows of equal length', `${first.length} numbers in row 0 and ${row.length} in row ${i}`);
    for (let j = 0; j < row.length; j++) {
      if (typeof row[j] !== 'number') return unusable('numbers', `${kindOf(row[j])} at row ${i}, column ${j}`);
      out.data[i + j * rows.length] = row[j];
    }
  }
  return out;
}

function fromNdarray(shape: Numbers, data: Numbers, view: Readonly<Record<string, unknown>>): DenseData | Unusable {
  const [rows, cols] = [shape[0], shape[1]];
  if (shape.length !== 2 || !isCount(rows) || !isCount(cols))
    return unusable('two-dimensional', `an ndarray of shape ${Array.from(shape, show).join(' × ')}`);
  const odd = nonNumberAt(data);
  if (odd >= 0) return unusable('numbers', `${kindOf(data[odd])} at position ${odd}`);
  const strides = view.strides ?? view.stride ?? [cols, 1];
  const offset = view.offset ?? 0;
  if (!isNumbers(strides) || strides.length !== 2 || !Array.from(strides).every(Number.isInteger))
    return unusable('an ndarray with two whole strides', show(strides));
  if (typeof offset !== 'number' || !Number.isInteger(offset))
    return unusable('an ndarray with a whole offset', show(offset));
  const [si, sj] = [strides[0], strides[1]];
  const corners = [0, (rows - 1) * si, (cols - 1) * sj, (rows - 1) * si + (cols - 1) * sj].map((x) => x + offset);
  if (rows * cols > 0 && corners.some((p) => !(p >= 0 && p < data.length))) {
    return unusable(`${rows} × ${cols} numbers within its data`, `data of ${data.length}`);
  }
  const along = (stride: number, size: number, contiguous: number) => size === 1 || stride === contiguous;
  const inColumns = along(si, rows, 1) && along(sj, cols, rows);
  if (isFloats(data) && (inColumns || (along(si, rows, cols) && along(sj, cols, 1))))
    return ordered(rows, cols, inColumns ? 'columns' : 'rows', data.subarray(offset, offset + rows * cols));
  const out = dense(rows, cols);
  for (let j = 0; j < cols; j++) for (let i = 0; i < rows; i++) out.data[i + j * rows] = data[offset + i * si + j * sj];
  return out;
}

/** Where an index is no row of a matrix, or −1. */
function outsideAt(indices: Numbers, rows: number): number {
  for (let p = 0; p < indices.length; p++) if (!isCount(indices[p]) || indices[p] >= rows) return p;
  return -1;
}

/** Whether row indices rise within every column and are all below `rows`. */
function isAscending(rows: number, indptr: Uint32Array, indices: Uint32Array): boolean {
  for (let j = 0; j + 1 < indptr.length; j++) {
    const end = indptr[j + 1];
    let last = -1;
    for (let p = indptr[j]; p < end; p++) {
      const i = indices[p];
      if (i <= last) return false;
      last = i;
    }
    if (last >= rows) return false;
  }
  return true;
}

function fromCsc(input: Readonly<Record<string, unknown>>): CscMatrix | Unusable {
  const { rows, cols, indptr, indices, values, unlisted } = input;
  if (!isCount(rows) || !isCount(cols))
    return unusable('of whole rows and cols, each below 2³²', `rows ${show(rows)}, cols ${show(cols)}`);
  const parts = { indptr, indices, values };
  if (!isNumbers(indptr) || !isNumbers(indices) || !isNumbers(values)) {
    const odd = Object.entries(parts).filter(([, part]) => !isNumbers(part));
    const found = odd.map(([name, part]) => `${name} ${part === undefined ? 'missing' : `is ${show(part)}`}`);
    const scipy = values === undefined && isNumbers(input.data) ? " (scipy's data are its values)" : '';
    return unusable('a CSC matrix with indptr, indices and values, arrays of numbers', found.join(', ') + scipy);
  }
  if (indptr.length !== cols + 1)
    return unusable(`a CSC matrix with ${cols + 1} column bounds`, `indptr of ${indptr.length}`);
  if (indices.length !== values.length)
    return unusable(
      'a CSC matrix with one row index per value',
      `${indices.length} indices and ${values.length} values`,
    );
  if (values.length >= 2 ** 32) return unusable('a CSC matrix of fewer than 2³² entries', `${values.length}`);
  if (indptr[0] !== 0 || indptr[cols] !== values.length)
    return unusable(`a CSC matrix whose indptr runs from 0 to ${values.length}`, `${indptr[0]} to ${indptr[cols]}`);
  const odd = nonNumberAt(values);
  if (odd >= 0) return unusable('numbers', `${kindOf(values[odd])} at position ${odd}`);
  for (let j = 0; j < cols; j++) {
    if (!isCount(indptr[j + 1])) return unusable('a CSC matrix with whole column bounds', show(indptr[j + 1]));
    if (!(indptr[j] <= indptr[j + 1]))
      return unusable('a CSC matrix whose indptr never falls', `a fall after column ${j}`);
  }
  if (unlisted !== undefined && unlisted !== 'zero' && unlisted !== 'missing')
    return unusable("a CSC matrix whose unlisted is 'zero' or 'missing'", show(unlisted));
  const rest = unlisted === 'missing' ? ({ unlisted: 'missing' } as const) : {};
  const whole = { kind: 'csc', rows, cols, ...rest } as const;
  if (indptr instanceof Uint32Array && indices instanceof Uint32Array && isAscending(rows, indptr, indices))
    return Object.freeze({ ...whole, indptr, indices, values: toFloats(values) });
  const outside = outsideAt(indices, rows);
  if (outside >= 0) {
    const column = Array.from(indptr).findIndex((bound) => bound > outside) - 1;
    return unusable(`a CSC matrix with row indices below ${rows}`, `${indices[outside]} in column ${column}`);
  }
  const matrix = {
    ...whole,
    indptr: indptr instanceof Uint32Array ? indptr : Uint32Array.from(indptr),
    indices: indices instanceof Uint32Array ? indices : Uint32Array.from(indices),
    values: toFloats(values),
  } as const;
  if (isAscending(rows, matrix.indptr, matrix.indices)) return Object.freeze(matrix);
  // Counting sort by row and back by column leaves each column's rows ascending.
  const sorted = transposeCsc(transposeCsc(matrix));
  for (let j = 0; j < cols; j++) {
    for (let p = sorted.indptr[j] + 1; p < sorted.indptr[j + 1]; p++) {
      if (sorted.indices[p] === sorted.indices[p - 1])
        return unusable('a CSC matrix that lists an entry once', `row ${sorted.indices[p]}, column ${j} twice`);
    }
  }
  return sorted;
}
