import type { CscMatrix } from '../../../matrix.js';
import type { Found } from '../found.js';
import type { Hdf5 } from './file.js';
import { arrayAt, sparseAt, wholeOf } from './matrices.js';

/** Arrays that a sparse matrix of 10x Genomics has, in a group. */
const MATRIX = ['barcodes', 'data', 'indices', 'indptr', 'shape'];

/** Groups of a file of 10x Genomics that are matrices: 'matrix', or before Cell Ranger 3 one for each genome. */
export const tenxGroups = (h5: Hdf5): readonly string[] =>
  h5.names('/').filter((name) => MATRIX.every((own) => h5.kind(`${name}/${own}`) === 'array') && featuresIn(h5, name));

/** Where it stands what features are called, and what else is said of them, by the names that labels have. */
const FEATURES = [
  { id: 'features/id', name: 'features/name', feature_type: 'features/feature_type', genome: 'features/genome' },
  { id: 'genes', name: 'gene_names' },
];
const featuresIn = (h5: Hdf5, group: string) => FEATURES.find(({ id }) => h5.kind(`${group}/${id}`) === 'array');

/**
 * The matrix of a 10x file, features × barcodes: all features, or those of one type. They are called by their ids, which are never the
 * same; their names, which may be, are the label `name`.
 *
 * @throws IoError 'not-found' for a type that no feature has.
 */
export async function readTenx(h5: Hdf5, group: string, type: string | undefined): Promise<Found> {
  const { source } = h5;
  const shape = arrayAt(h5, `${group}/shape`);
  const [rows, cols] = shape.count === 2 ? await wholeOf(h5, shape) : [];
  if (rows === undefined || cols === undefined)
    throw source.fault('damaged', `A matrix must have two dimensions; got ${shape.count} at ${shape.path}`);
  const { matrix } = await sparseAt(h5, group, { by: 'columns', rows, cols });
  const texts = (name: string, wanted: number): readonly string[] => {
    const own = h5.texts(arrayAt(h5, `${group}/${name}`));
    if (own.length === wanted) return own;
    throw source.fault('damaged', `A matrix must have ${wanted} names; got ${own.length} at ${group}/${name}`);
  };
  const { id, ...others } = featuresIn(h5, group) ?? FEATURES[0];
  const labels = new Map<string, readonly string[]>();
  for (const [name, place] of Object.entries(others))
    if (h5.kind(`${group}/${place}`) === 'array') labels.set(name, texts(place, rows));
  const names = texts(id, rows);
  const barcodes = { names: texts('barcodes', cols) };
  const found = (own: CscMatrix, some: (list: readonly string[]) => readonly string[]): Found => ({
    ...{ matrix: own, turned: false },
    rows: { names: some(names), labels: Object.fromEntries([...labels].map(([name, list]) => [name, some(list)])) },
    columns: barcodes,
  });
  if (type === undefined) return found(matrix, (list) => list);
  const types = labels.get('feature_type') ?? [];
  const keep = types.map((own) => own === type);
  if (keep.includes(true)) return found(rowsOf(matrix, keep), (list) => list.filter((_, i) => keep[i]));
  const got = [...new Set(types)].join(', ') || 'no types';
  throw source.fault('not-found', `A 10x file must hold features of the type '${type}'; got ${got}. Give one as layer`);
}

/** Some rows of a matrix, put together in its own arrays. */
function rowsOf({ cols, indptr, indices, values }: CscMatrix, keep: readonly boolean[]): CscMatrix {
  let rows = 0;
  const place = keep.map((own) => (own ? rows++ : -1));
  let [p, count] = [0, 0];
  for (let j = 0; j < cols; j++) {
    for (; p < indptr[j + 1]; p++) {
      if (!keep[indices[p]]) continue;
      indices[count] = place[indices[p]];
      values[count++] = values[p];
    }
    indptr[j + 1] = count;
  }
  return Object.freeze({
    ...{ kind: 'csc', rows, cols, indptr },
    indices: indices.slice(0, count),
    values: values.slice(0, count),
  });
}
