import { show } from '../issues.js';
import type { DenseMatrix, Matrix } from '../matrix.js';
import type { Reading } from './read.js';

export type Names = Pick<DenseMatrix, 'rowNames' | 'colNames'>;

/** The names that a matrix of a fit carries, if it was given as it is. */
export function namesOf({ refuse }: Reading, of: string, input: unknown, { rows, cols }: Matrix): Names {
  const { rowNames, colNames }: { readonly [key: string]: unknown } = Object(input);
  const names = (which: keyof Names, list: unknown, count: number): Names => {
    if (list === undefined) return {};
    if (Array.isArray(list) && list.length === count && list.every((name) => typeof name === 'string'))
      return { [which]: list };
    refuse(`${which} of ${of}`, `${count} strings, or left out`, show(list));
    return {};
  };
  return { ...names('rowNames', rowNames, rows), ...names('colNames', colNames, cols) };
}
