import { checkOptions } from '../dsl/check-options.js';
import { tfidfOptions } from '../dsl/schemas.js';
import { knownCounts } from '../known.js';
import type { MatrixInput } from '../matrix-input.js';
import { eachStored, mapStored } from '../stored-entries.js';
import { type Prepared, prepare } from './prepare.js';

export interface TfidfOptions {
  /** What a term counts in a document: 'count' (default), x; 'log', ln(1 + x), so that a tenth mention says less than a first. */
  readonly tf?: 'count' | 'log' | undefined;
}

/**
 * Weighs terms by how few documents have them: term frequency times inverse document frequency,
 *
 *   y_ij = tf_ij · idf_i,   tf_ij = x_ij, or ln(1 + x_ij),   idf_i = 1 + ln((1 + n_i) / (1 + df_i)),
 *
 * n_i the documents in which it is known whether they have term i, df_i those that do. The ones added inside the logarithm
 * (smooth idf) are a document that has every term; the one before it keeps a term that all documents have, at idf 1. Zeros
 * stay zeros, what is missing stays missing, nothing becomes negative. Columns are not brought to one length: for that put
 * `scaleSamples(Y, { by: 'l2' })` after it.
 *
 * @param X terms × documents, counts or other numbers ≥ 0.
 * @returns terms × documents, in 64 bits: sparse where X is, else dense; with the names that X has.
 * @throws GraphError 'invalid-data' for data that are no matrix, negative, or all missing; 'non-finite', 'value-range',
 * 'unknown-option', 'invalid-option'.
 * @example
 * const Y = tfidf([[3, 0, 1], [1, 1, 1]], { tf: 'log' });
 * console.log(toRows(Y)); // the second term, which is in every document, keeps ln 2
 * @see Spärck Jones 1972 for idf; Dumais 1991 for ln(1 + x).
 */
export function tfidf<X extends MatrixInput>(X: X, options: TfidfOptions = {}): Prepared<X> {
  checkOptions(tfidfOptions, options, 'tfidf');
  const { tf = 'count' } = options;
  return prepare('tfidf', X, 'counts', (matrix) => {
    const documents = new Float64Array(matrix.rows);
    eachStored(matrix, (x, i) => {
      if (x > 0) documents[i]++;
    });
    const known = knownCounts(matrix).rows;
    const idf = documents.map((count, i) => 1 + Math.log((1 + known[i]) / (1 + count)));
    return mapStored(matrix, (x, i) => (tf === 'log' ? Math.log1p(x) : x) * idf[i]);
  });
}
