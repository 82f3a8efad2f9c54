import { IoError } from '../errors.js';
import { show } from '../issues.js';
import { isKnown, type Label } from '../labels.js';
import { entry } from '../matrix.js';
import { delimiterOf } from './formats/csv/dialect.js';
import { fields } from './formats/csv/fields.js';
import { headOf } from './formats/csv/head.js';
import { begun, MISSING } from './formats/csv/read-csv.js';
import { detect } from './formats/detect.js';
import { isGzip, unpacked } from './gunzip.js';
import { type FileMatrix, readMatrix } from './read-matrix.js';
import { firstBytes, folderAt, type Source, withFile } from './source.js';

export interface ReadLabelsOptions {
  /** Samples (or features) by name, in the order in which their labels are wanted, as `H.colNames` of a fit. Default: as the file has them. */
  readonly names?: readonly string[] | undefined;
}

/** A column as a file has it. */
interface Labelled {
  /** What the file calls its lines, where it does. */
  readonly names: readonly string[] | undefined;
  readonly labels: readonly Label[];
}

/**
 * One column of what a file says of samples: of a table with a line for each (CSV, TSV, `.gz`; Parquet, Arrow), or of `obs` of an AnnData
 * file (then also of `var`, for features). A table of text has a first line of names, and may have other columns of any kind; its first
 * column names the lines where it holds words, as for `readMatrix`. Of other files the matrix is read too.
 *
 * @returns texts or numbers, n, one for each of `names` or for each line; null: missing, or not in the file. Columns of a table of text are texts.
 * @throws IoError 'not-found' for a column, or where no name of `names` is in the file; 'damaged' for a line of other length, names that come
 * twice, and a file without names that has not n lines; and as `readMatrix`.
 * @example
 * const groups = await readLabels('cells.csv', 'cell_type', { names: fit.parts.H.colNames });
 * await writeFile('cells.png', await plotScatter(fit.parts.H, { groups, pca: true }).toPng());
 */
export async function readLabels(path: string, column: string, { names }: ReadLabelsOptions = {}): Promise<Label[]> {
  if (typeof column !== 'string')
    throw new IoError('invalid-option', String(path), `A column must be a text; got ${show(column)}`);
  const { names: own, labels } = (await textColumn(path, column)) ?? labelsIn(path, column, await readMatrix(path));
  if (names === undefined) return [...labels];
  if (own === undefined) {
    if (labels.length === names.length) return [...labels];
    throw new IoError(
      'damaged',
      path,
      `Labels without names must be ${names.length}, as the samples; got ${labels.length}`,
    );
  }
  const places = new Map(own.map((name, i) => [name, i] as const));
  if (places.size < own.length) {
    const twice = own.find((name, i) => places.get(name) !== i);
    throw new IoError('damaged', path, `Names of labels must be there once; got ${show(twice)} twice`);
  }
  if (names.length > 0 && !names.some((name) => places.has(name)))
    throw new IoError('not-found', path, `Labels must be of samples called ${some(names)}; got ${some(own)}`);
  return names.map((name) => labels[places.get(name) ?? -1] ?? null);
}

const some = (names: readonly string[]): string => {
  const first = names.slice(0, 3).map(show).join(', ');
  return names.length > 3 ? `${first}, …` : first || 'none';
};

const known = (label: Label): Label => (isKnown(label) && label !== '' ? label : null);

/** Of a matrix from a file: what is said of its columns, or of its rows; a column of numbers of a table. */
function labelsIn(path: string, column: string, matrix: FileMatrix): Labelled {
  const { rows, rowNames, colNames, rowLabels = {}, colLabels = {} } = matrix;
  if (Object.hasOwn(colLabels, column)) return { names: colNames, labels: Array.from(colLabels[column], known) };
  if (Object.hasOwn(rowLabels, column)) return { names: rowNames, labels: Array.from(rowLabels[column], known) };
  const at = colNames?.indexOf(column) ?? -1;
  if (at >= 0) return { names: rowNames, labels: Array.from({ length: rows }, (_, i) => known(entry(matrix, i, at))) };
  const got = [...Object.keys(colLabels), ...Object.keys(rowLabels)].join(', ') || 'none';
  throw new IoError('not-found', path, `A file of labels must have the column '${column}'; got ${got}`);
}

/** Of a table that is text; undefined for another file. */
async function textColumn(path: string, column: string): Promise<Labelled | undefined> {
  if ((await folderAt(path)) !== undefined) return undefined;
  return withFile(path, async (source) => {
    const format = await detect(source);
    return format === 'csv' || format === 'tsv' ? columnOf(source, column) : undefined;
  });
}

async function columnOf(source: Source, column: string): Promise<Labelled> {
  const text = await begun(source, unpacked(source, isGzip(await firstBytes(source, 2))));
  const missing = new Set(MISSING);
  const records = fields(text.pieces, source, { delimiter: delimiterOf(text.sample), missing });
  try {
    const fault = (rule: string, line = records.line) => source.fault('damaged', rule, { line });
    const [first, second] = [await records.next(), await records.next()];
    if (first === undefined) throw fault('A table must have a line of names; got none', 1);
    const { header = [], named } = headOf(first, second, { header: true }, missing, fault);
    const at = header.indexOf(column);
    if (at < 0 || header.includes(column, at + 1)) {
      const got =
        at < 0
          ? header
              .filter((name) => name !== '')
              .slice(0, 20)
              .join(', ')
          : 'two such';
      throw source.fault('not-found', `A file of labels must have one column '${column}'; got ${got}`, { line: 1 });
    }
    const [names, labels]: [string[], Label[]] = [[], []];
    for (let row = second; row !== undefined; row = await records.next()) {
      if (row.length !== header.length)
        throw fault(`A line must have ${header.length} fields, as the first; got ${row.length}`);
      names.push(row[0].text);
      labels.push(missing.has(row[at].text) ? null : row[at].text);
    }
    return { names: named && at > 0 ? names : undefined, labels };
  } finally {
    await records.close();
  }
}
