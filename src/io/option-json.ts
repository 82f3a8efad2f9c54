import { GraphError } from '../errors.js';
import type { JsonValue } from '../json.js';
import { type CscMatrix, type DenseData, type Floats, type Matrix, storedValues, stridesOf } from '../matrix.js';
import { isNumbers, type MatrixInput, toMatrix } from '../matrix-input.js';

/** Numbers that a file names: a matrix or a list. */
export type NamedData = MatrixInput | ArrayLike<number>;

/** Whether numbers are to be named instead of written; told the option they belong to, and how many they are. */
export type Refer = (option: string, count: number) => { readonly $name: string } | undefined;

/**
 * The value of an option as JSON: words and numbers as they are, matrices and lists of numbers written out or named. It
 * goes by the value alone, so that new options need nothing here.
 *
 * @throws GraphError 'invalid-option' for what JSON can't hold.
 */
export function toJson(value: unknown, option: string, refer: Refer): JsonValue {
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value === 'object' && value !== null) {
    const matrix = toMatrix(value);
    if (matrix.kind !== 'unusable') return refer(option, countOf(matrix)) ?? matrixJson(matrix, option);
    if (isNumbers(value)) {
      const list: readonly unknown[] = Array.from(value);
      if (isFinal(list)) return refer(option, list.length) ?? list.map((x) => number(x, option));
      return list.map((part) => toJson(part, option, refer));
    }
    if (isPlain(value)) return optionsJson(value, Object.keys(value), `${option}.`, refer);
  }
  throw unfit(value, option);
}

/** Options in the order of the keys given; what is undefined was not said. */
export function optionsJson(
  options: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  of: string,
  refer: Refer,
): { readonly [option: string]: JsonValue } {
  const said = keys.filter((key) => options[key] !== undefined);
  return Object.fromEntries(said.map((key) => [key, toJson(options[key], `${of}${key}`, refer)]));
}

const isPlain = (value: object): value is Readonly<Record<string, unknown>> =>
  [Object.prototype, null].includes(Object.getPrototypeOf(value));
const isFinal = (list: readonly unknown[]): list is readonly number[] => list.every((x) => typeof x === 'number');

function unfit(got: unknown, option: string): GraphError {
  const rule = 'what a graph file can hold: words, finite numbers, lists, matrices and plain objects of these';
  return new GraphError([{ code: 'invalid-option', of: 'graphToJSON', option, rule, got, at: 'graphToJSON' }]);
}

/** A number in a list; null where it is missing. */
function number(x: number, option: string): number | null {
  if (Number.isNaN(x)) return null;
  if (Number.isFinite(x)) return x;
  throw unfit(x, option);
}

/** Numbers that writing a matrix out takes, about. */
const countOf = (matrix: Matrix): number =>
  storedValues(matrix).length + (matrix.kind === 'csc' ? matrix.indptr.length : 0);

function matrixJson(matrix: Matrix, option: string): JsonValue {
  const width = storedValues(matrix) instanceof Float32Array ? { precision: 'f32' } : {};
  if (matrix.kind === 'dense') {
    const order = matrix.order === 'rows' ? { order: 'rows' } : {};
    return { $dense: rowsOf(matrix, option), ...order, ...width };
  }
  const { rows, cols, indptr, indices, values, unlisted } = matrix;
  const lists = {
    indptr: Array.from(indptr),
    indices: Array.from(indices),
    values: Array.from(values, (x) => number(x, option)),
  };
  return { $csc: { rows, cols, ...lists, ...(unlisted === 'missing' ? { unlisted } : {}) }, ...width };
}

function rowsOf(matrix: DenseData, option: string): JsonValue {
  const [down, across] = stridesOf(matrix);
  return Array.from({ length: matrix.rows }, (_, i) =>
    Array.from({ length: matrix.cols }, (_, j) => number(matrix.data[i * down + j * across], option)),
  );
}

/** A matrix in its forms in a file. */
type MatrixJson =
  | { readonly $dense: readonly (readonly (number | null)[])[]; readonly order?: 'rows'; readonly precision?: 'f32' }
  | { readonly $csc: CscJson; readonly precision?: 'f32' }
  | { readonly $name: string };
type CscJson = Pick<CscMatrix, 'rows' | 'cols' | 'unlisted'> & {
  readonly indptr: readonly number[];
  readonly indices: readonly number[];
  readonly values: readonly (number | null)[];
};

const isMatrixJson = (json: object): json is MatrixJson => '$dense' in json || '$csc' in json || '$name' in json;

/** What an option was: `toJson` backwards, for JSON that the schema of graph files let through. */
export function fromJson(json: JsonValue, find: (name: string) => unknown): unknown {
  if (json === null) return Number.NaN;
  if (typeof json !== 'object') return json;
  if (Array.isArray(json)) return json.map((part) => fromJson(part, find));
  if (!isMatrixJson(json))
    return Object.fromEntries(Object.entries(json).map(([key, part]) => [key, fromJson(part, find)]));
  return '$name' in json ? find(json.$name) : matrixOf(json);
}

function matrixOf(json: Exclude<MatrixJson, { readonly $name: string }>): MatrixInput {
  const make = (length: number): Floats =>
    json.precision === 'f32' ? new Float32Array(length) : new Float64Array(length);
  return '$dense' in json ? denseOf(json.$dense, json.order ?? 'columns', make) : cscOf(json.$csc, make);
}

/** The names that JSON refers to. */
export function namesIn(json: JsonValue): readonly string[] {
  if (typeof json !== 'object' || json === null) return [];
  if ('$name' in json && typeof json.$name === 'string') return [json.$name];
  return Object.values(json).flatMap(namesIn);
}

function denseOf(
  lines: readonly (readonly (number | null)[])[],
  order: 'columns' | 'rows',
  make: (length: number) => Floats,
): DenseData {
  const [rows, cols] = [lines.length, lines[0]?.length ?? 0];
  const data = make(rows * cols);
  const shape = { kind: 'dense', rows, cols, order, data } as const;
  const [down, across] = stridesOf(shape);
  for (const [i, line] of lines.entries())
    for (const [j, x] of line.entries()) data[i * down + j * across] = x ?? Number.NaN;
  return shape;
}

function cscOf(json: CscJson, make: (length: number) => Floats): MatrixInput {
  const values = make(json.values.length);
  for (const [p, x] of json.values.entries()) values[p] = x ?? Number.NaN;
  return { kind: 'csc', ...json, values };
}
