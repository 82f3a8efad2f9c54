import { flipped, type Matrix, stridesOf } from '../../../matrix.js';
import type { LineNames } from '../../../matrix-input.js';
import { numberOf } from '../decimal.js';
import { decimal, textParts } from '../text-parts.js';

/** How a table is written, and what its rows and columns are called. */
export interface CsvWriting extends LineNames {
  readonly delimiter: string;
}

/**
 * A matrix as a table: a line of names where columns have them, and a line for each row, its name first where it has one. What
 * is missing is empty. Names that could be taken for numbers stand in quotes.
 */
export async function csvText(
  matrix: Matrix,
  { delimiter, rowNames, colNames }: CsvWriting,
): Promise<readonly Uint8Array[]> {
  const { rows, cols } = matrix;
  const field = quotedBy(delimiter);
  // A line of one empty field would be an empty line, and blanks make no field.
  const missing = delimiter === ' ' || (cols === 1 && rowNames === undefined) ? 'NaN' : '';
  const shown = (x: number) => (Number.isNaN(x) ? missing : decimal(x));
  const text = textParts();
  if (colNames !== undefined) {
    const corner = rowNames === undefined ? [] : [delimiter === ' ' ? '""' : ''];
    text.add(`${[...corner, ...colNames.map(field)].join(delimiter)}\n`);
  }
  const rowOf = rowsOf(matrix);
  for (let i = 0; i < rows; i++) {
    if (rowNames !== undefined) text.add(`${field(rowNames[i])}${delimiter}`);
    const row = rowOf(i);
    text.add(shown(row(0)));
    for (let j = 1; j < cols; j++) text.add(delimiter + shown(row(j)));
    text.add('\n');
    if (text.full) await text.rest();
  }
  return text.parts();
}

/** The numbers of a row, asked for in their order. */
function rowsOf(matrix: Matrix): (i: number) => (j: number) => number {
  if (matrix.kind === 'dense') {
    const { data } = matrix;
    const [down, across] = stridesOf(matrix);
    return (i) => (j) => data[i * down + j * across];
  }
  const other = flipped(matrix);
  if (other.kind === 'dense') return rowsOf(other);
  const { indptr, indices, values } = other;
  const unlisted = matrix.unlisted === 'missing' ? Number.NaN : 0;
  return (i) => {
    let p = indptr[i];
    return (j) => (p < indptr[i + 1] && indices[p] === j ? values[p++] : unlisted);
  };
}

/** A matrix as a list: row, column and value a line, column after column; of a sparse one what it lists. Without names lines count from 0. */
export async function listText(
  matrix: Matrix,
  { delimiter, rowNames, colNames }: CsvWriting,
): Promise<readonly Uint8Array[]> {
  const field = quotedBy(delimiter);
  const nameOf = (names: readonly string[] | undefined, n: number) =>
    names === undefined ? String(n) : field(names[n]);
  const missing = delimiter === ' ' ? 'NaN' : '';
  const text = textParts();
  const add = (i: number, column: string, x: number) =>
    text.add(`${nameOf(rowNames, i)}${delimiter}${column}${delimiter}${Number.isNaN(x) ? missing : decimal(x)}\n`);
  text.add(`${['row', 'column', 'value'].join(delimiter)}\n`);
  for (let j = 0; j < matrix.cols; j++) {
    const column = nameOf(colNames, j);
    if (matrix.kind === 'csc')
      for (let p = matrix.indptr[j]; p < matrix.indptr[j + 1]; p++) add(matrix.indices[p], column, matrix.values[p]);
    else {
      const [down, across] = stridesOf(matrix);
      for (let i = 0; i < matrix.rows; i++) add(i, column, matrix.data[i * down + j * across]);
    }
    if (text.full) await text.rest();
  }
  return text.parts();
}

/** Words that readers take for missing ones. */
const MISSING = new Set(['', 'NA', 'N/A', 'null']);

/** A text as a field (RFC 4180): in quotes where it would be read as something else. */
const quotedBy = (delimiter: string) => (text: string) =>
  text.includes(delimiter) || /["\r\n\t;,|]|^ | $/.test(text) || MISSING.has(text) || numberOf(text.trim()) !== null
    ? `"${text.replaceAll('"', '""')}"`
    : text;
