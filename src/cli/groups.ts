import { type Command, InvalidArgumentError } from 'commander';
import { type DenseMatrix, type Label, readLabels } from '../index.js';
import { dense } from '../matrix.js';

/** A column of a file: what each sample belongs to. */
export interface Groups {
  readonly column: string;
  readonly path: string;
}

/** The option that says what samples belong to. */
export const withGroups = (command: Command): Command =>
  command.option(
    '--groups <column=file>',
    'of a fit: what each sample belongs to, a column of a table or of an .h5ad file, found by the names of samples: cell_type=cells.csv',
    groups,
  );

function groups(text: string): Groups {
  const [, column, path] = /^([^=]+)=(.+)$/s.exec(text) ?? [];
  if (column === undefined || path === undefined)
    throw new InvalidArgumentError('It must be column=file, as in cell_type=cells.csv.');
  return { column, path };
}

/** What the samples of an embedding belong to. */
export const groupsOf = ({ column, path }: Groups, { colNames }: DenseMatrix): Promise<readonly Label[]> =>
  readLabels(path, column, { names: colNames });

/** Samples by their groups, these as they first come; those of none last. */
export function inGroups(groups: readonly Label[]): readonly number[] {
  const places = new Map([...new Set(groups)].map((group, place) => [group, group === null ? groups.length : place]));
  const place = (j: number): number => places.get(groups[j]) ?? groups.length;
  return groups.map((_, j) => j).sort((a, b) => place(a) - place(b));
}

export const columnsAt = ({ rows, data }: DenseMatrix, order: readonly number[]): DenseMatrix =>
  dense(
    rows,
    order.length,
    Float64Array.from(data, (_, p) => data[order[Math.floor(p / rows)] * rows + (p % rows)]),
  );
