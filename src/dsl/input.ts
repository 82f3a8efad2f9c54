import { readMatrixSync } from '../files/read-matrix-sync.js';
import { streamMatrix } from '../files/stream-matrix.js';
import { toMaskedMatrix } from '../mask.js';
import { type MatrixInput, unusable } from '../matrix-input.js';
import { isStreamed } from '../streamed.js';
import { withoutWeightless } from '../weights.js';
import { entryWeightsOf, expression, frozenInput, isTurned, maskOf } from './build.js';
import type { InputOptions } from './config.js';
import type { InputExpr, InputNameGuard } from './expr.js';
import type { InputNode } from './node.js';

/**
 * One matrix of the graph: features are rows, samples are columns.
 *
 * Takes a file that `readMatrix` knows, by its path: it is read at once, and this thread stands still; where it mustn't, give it
 * `await readMatrix(path)`. `orientation` is then how the file lies. With `stream: true` a .npy or .spz file isn't read now,
 * but while a fit walks through it. Takes a dense matrix (`{ rows, cols, data }`, column after column, or with `order: 'rows'` row after row), a CSC
 * matrix, a two-dimensional ndarray, or rows of numbers. Float64Array and Float32Array data is used as it is: don't
 * change it while a fit runs. Entries that are NaN are missing, and those of `mask`, and those of weight 0: the data are then
 * copied. Names that the matrix has (`rowNames`, `colNames`, as those from files and results have) are those of features and
 * samples, unless the options give others. Faults in the data, in weights and in names are reported by `factorNet`, together with all others.
 *
 * @example
 * const rna = factorInput([[1, 0, 2], [0, 3, 1]], { name: 'rna' }); // 2 features × 3 samples
 */
export function factorInput<const N extends string>(
  data: MatrixInput | string,
  options: InputOptions<N> & InputNameGuard<N>,
): InputExpr<N> {
  const given = typeof data === 'string' ? fromFile(data, options) : data;
  const own = frozenInput(withNames(options, given));
  // As below; what a mask or weights would do to it is for the compiler to say.
  if (isStreamed(given)) return expression({ kind: 'input', options: own, data: given } as InputNode);
  const masked = toMaskedMatrix(given, maskOf(options), isTurned(options));
  const matrix = withoutWeightless(masked, entryWeightsOf(own), isTurned(options));
  // An untyped caller's options may be anything; the compiler's validation says what is wrong with them.
  return expression({ kind: 'input', options: own, data: matrix } as InputNode);
}

/** The matrix in a file, as it lies there where the options say how that is; a fault of it is one of the data. */
function fromFile(path: string, options: unknown): unknown {
  const said = typeof options === 'object' && options !== null && 'orientation' in options && options.orientation;
  const streams = typeof options === 'object' && options !== null && 'stream' in options && options.stream === true;
  try {
    if (streams) return streamMatrix(path, { orientation: isTurned(options) ? 'samples-by-features' : undefined });
    return readMatrixSync(path, said ? { orientation: 'features-by-samples' } : {});
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return unusable('a matrix, or a file that holds one', `a file of which readMatrix says: ${why}`);
  }
}

/** Options with the names that the matrix has, where they give none. */
function withNames(options: unknown, data: unknown): unknown {
  if (typeof options !== 'object' || options === null || typeof data !== 'object' || data === null) return options;
  const { rowNames, colNames } = data as { readonly [key: string]: unknown }; // any object may be asked
  const [featureNames, sampleNames] = isTurned(options) ? [colNames, rowNames] : [rowNames, colNames];
  return {
    ...(Array.isArray(featureNames) ? { featureNames } : {}),
    ...(Array.isArray(sampleNames) ? { sampleNames } : {}),
    ...options,
  };
}
