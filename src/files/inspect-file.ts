import { storedValues } from '../matrix.js';
import type { MatrixFormat } from './formats/detect.js';
import { type ReadMatrixOptions, readKnown } from './read-matrix.js';

/** What is in a file, features × samples. */
export interface FileFacts {
  readonly path: string;
  readonly format: MatrixFormat;
  readonly rows: number;
  readonly cols: number;
  /** Whether every entry is listed, or only those that are not zero. */
  readonly storage: 'dense' | 'sparse';
  /** The numbers that it is read as. */
  readonly precision: 'f64' | 'f32';
  /** Entries that are missing (NaN). */
  readonly missing: number;
  /** Entries that are zero. */
  readonly zeros: number;
  /** Share of the known entries that are zero, from 0 to 1; 0 where none is known. */
  readonly sparsity: number;
  /** Of the known entries; null where none is. */
  readonly smallest: number | null;
  readonly largest: number | null;
  readonly mean: number | null;
  /** Whether all known entries are whole numbers ≥ 0. */
  readonly counts: boolean;
  /** What the file calls rows and columns. */
  readonly rowNames: readonly string[] | undefined;
  readonly colNames: readonly string[] | undefined;
  /** Names of what else it says of each row, and of each column. */
  readonly rowLabels: readonly string[];
  readonly colLabels: readonly string[];
}

/**
 * What is in a file that `readMatrix` reads: its format, shape, range, how much is zero or missing, and what is called what.
 *
 * @returns features × samples
 * @throws IoError as `readMatrix` does, and the signal's reason.
 * @example
 * const { rows, cols, sparsity } = await inspectFile('matrix.mtx.gz');
 */
export async function inspectFile(path: string, options: ReadMatrixOptions = {}): Promise<FileFacts> {
  const { format, matrix } = await readKnown(path, options);
  const values = storedValues(matrix);
  let [missing, zeros, smallest, largest, sum, counts] = [0, 0, Infinity, -Infinity, 0, true];
  for (const value of values) {
    if (Number.isNaN(value)) {
      missing++;
      continue;
    }
    if (value === 0) zeros++;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
    sum += value;
    if (counts && !(value >= 0 && Number.isInteger(value))) counts = false;
  }
  const { rows, cols, rowNames, colNames, rowLabels = {}, colLabels = {} } = matrix;
  const unlisted = rows * cols - values.length;
  if (matrix.kind === 'csc' && matrix.unlisted === 'missing') missing += unlisted;
  else {
    zeros += unlisted;
    if (unlisted > 0) [smallest, largest] = [Math.min(smallest, 0), Math.max(largest, 0)];
  }
  const known = rows * cols - missing;
  return Object.freeze({
    ...{ path, format, rows, cols },
    storage: matrix.kind === 'dense' ? 'dense' : 'sparse',
    precision: values instanceof Float32Array ? 'f32' : 'f64',
    ...{ missing, zeros, sparsity: known === 0 ? 0 : zeros / known },
    ...(known === 0 ? { smallest: null, largest: null, mean: null } : { smallest, largest, mean: sum / known }),
    counts: counts && known > 0,
    ...{ rowNames, colNames, rowLabels: Object.keys(rowLabels), colLabels: Object.keys(colLabels) },
  });
}
