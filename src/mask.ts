import { show } from './issues.js';
import { type CscMatrix, type DenseData, type Floats, type Matrix, storedValues, toCsc } from './matrix.js';
import { isNumbers, type MatrixInput, toMatrix, type Unusable, unusable } from './matrix-input.js';

/** Entries by place: entry e is that of feature `features[e]` and sample `samples[e]`, both from 0. */
export interface EntrySet {
  readonly features: ArrayLike<number>;
  readonly samples: ArrayLike<number>;
}

/**
 * Entries that are to be missing: the zeros of the data, entries by place, or those that are 1 in a matrix of zeros and
 * ones laid out as the data are.
 */
export type MaskInput = 'zeros' | EntrySet | MatrixInput;

/** Matrices that a mask, or weights of zero, were put on. */
const masked = new WeakSet<Matrix>();
/** Whether these were put on data already. */
export const isMasked = (data: unknown): data is Matrix =>
  typeof data === 'object' && data !== null && masked.has(data as Matrix); // a WeakSet is asked for any object

/** Data with the entries of a mask missing. */
export function toMaskedMatrix(data: unknown, mask: unknown, samplesByFeatures = false): Matrix | Unusable {
  const matrix = toMatrix(data, samplesByFeatures);
  if (mask === undefined || matrix.kind === 'unusable') return matrix;
  const out = mask === 'zeros' ? withoutZeros(matrix) : withoutEntries(matrix, mask, samplesByFeatures);
  return out.kind === 'unusable' ? out : hidden(out);
}

/** Marks data in which all is missing that is to be. */
export function hidden<M extends Matrix>(matrix: M): M {
  Object.freeze(matrix);
  masked.add(matrix);
  return matrix;
}

/** Data with the entries missing that another matrix lists. */
export const hideEntries = (matrix: Matrix, entries: CscMatrix): Matrix =>
  hidden(matrix.kind === 'dense' ? hideDense(matrix, entries) : hideSparse(matrix, entries));

function withoutZeros(matrix: Matrix): Matrix {
  const values = storedValues(matrix).map((x) => (x === 0 ? Number.NaN : x)) as Floats; // map keeps the kind of array
  return Object.freeze(
    matrix.kind === 'dense' ? { ...matrix, data: values } : { ...matrix, values, unlisted: 'missing' as const },
  );
}

const wrong = (rule: string, got: string): Unusable => ({ ...unusable(rule, got), what: 'mask' });

function withoutEntries(matrix: Matrix, mask: unknown, samplesByFeatures: boolean): Matrix | Unusable {
  try {
    const set = isEntrySet(mask) ? mask : ofMatrix(matrix, toMatrix(mask, samplesByFeatures));
    if ('kind' in set) return set;
    const odd = Object.keys(set).find((key) => key !== 'features' && key !== 'samples');
    if (odd !== undefined) return wrong('made of features and samples alone', `'${odd}' beside them`);
    const entries = ofEntries(matrix, set);
    if (entries.kind === 'unusable') return entries;
    return hideEntries(matrix, entries);
  } catch (error) {
    // An untyped caller's object may throw when it is looked at.
    return wrong('readable', error instanceof Error ? error.message : show(error));
  }
}

const isEntrySet = (mask: unknown): mask is EntrySet =>
  typeof mask === 'object' &&
  mask !== null &&
  'features' in mask &&
  'samples' in mask &&
  isNumbers(mask.features) &&
  isNumbers(mask.samples);

/** The ones of a mask of zeros and ones. */
function ofMatrix({ rows, cols }: Matrix, mask: Matrix | Unusable): EntrySet | Unusable {
  if (mask.kind === 'unusable') return wrong("'zeros', { features, samples }, or a matrix of zeros and ones", mask.got);
  if (mask.rows !== rows || mask.cols !== cols)
    return wrong(`as large as the data, ${rows} × ${cols}`, `${mask.rows} × ${mask.cols}`);
  if (mask.kind === 'csc' && mask.unlisted === 'missing')
    return wrong('of zeros and ones', "entries that are unlisted: 'missing'");
  const odd = storedValues(mask).find((x) => x !== 0 && x !== 1);
  if (odd !== undefined) return wrong('of zeros and ones', show(odd));
  const { indptr, indices, values } = toCsc(mask);
  const features: number[] = [];
  const samples: number[] = [];
  for (let j = 0; j < cols; j++)
    for (let p = indptr[j]; p < indptr[j + 1]; p++)
      if (values[p] === 1) {
        features.push(indices[p]);
        samples.push(j);
      }
  return { features, samples };
}

/** Entries by place as a sparse matrix of ones, each once. */
function ofEntries({ rows, cols }: Matrix, { features, samples }: EntrySet): CscMatrix | Unusable {
  if (features.length !== samples.length)
    return wrong('as many features as samples', `${features.length} features and ${samples.length} samples`);
  const keys = new Float64Array(features.length);
  const isPlace = (x: number, count: number) => Number.isInteger(x) && x >= 0 && x < count;
  for (let e = 0; e < keys.length; e++) {
    if (!isPlace(features[e], rows) || !isPlace(samples[e], cols))
      return wrong(
        `within ${rows} × ${cols}`,
        `feature ${show(features[e])}, sample ${show(samples[e])} at place ${e}`,
      );
    keys[e] = samples[e] * rows + features[e];
  }
  const each = keys.sort().filter((key, e) => key !== keys[e - 1]);
  const indptr = new Uint32Array(cols + 1);
  for (const key of each) indptr[Math.floor(key / rows) + 1]++;
  for (let j = 0; j < cols; j++) indptr[j + 1] += indptr[j];
  const indices = Uint32Array.from(each, (key) => key % rows);
  return { kind: 'csc', rows, cols, indptr, indices, values: new Float64Array(each.length).fill(1) };
}

function hideDense(matrix: DenseData, { indptr, indices }: CscMatrix): Matrix {
  const data = matrix.data.slice();
  const { rows, cols, order } = matrix;
  for (let j = 0; j < cols; j++)
    for (let p = indptr[j]; p < indptr[j + 1]; p++)
      data[order === 'rows' ? indices[p] * cols + j : indices[p] + j * rows] = Number.NaN;
  return Object.freeze({ ...matrix, data });
}

/** Lists the entries of the mask as well, as what is no number. */
function hideSparse(matrix: CscMatrix, mask: CscMatrix): Matrix {
  const { cols } = matrix;
  const most = matrix.indices.length + mask.indices.length;
  const indptr = new Uint32Array(cols + 1);
  const indices = new Uint32Array(most);
  const values = matrix.values instanceof Float32Array ? new Float32Array(most) : new Float64Array(most);
  let end = 0;
  for (let j = 0; j < cols; j++) {
    let p = matrix.indptr[j];
    let q = mask.indptr[j];
    while (p < matrix.indptr[j + 1] || q < mask.indptr[j + 1]) {
      const own = p < matrix.indptr[j + 1] ? matrix.indices[p] : Infinity;
      const hidden = q < mask.indptr[j + 1] ? mask.indices[q] : Infinity;
      indices[end] = Math.min(own, hidden);
      values[end++] = hidden <= own ? Number.NaN : matrix.values[p];
      if (own <= hidden) p++;
      if (hidden <= own) q++;
    }
    indptr[j + 1] = end;
  }
  return Object.freeze({ ...matrix, indptr, indices: indices.slice(0, end), values: values.slice(0, end) });
}
