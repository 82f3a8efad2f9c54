import type { Found, Side } from '../found.js';
import type { Hdf5 } from './file.js';
import { arrayAt, sparseAt, wholeOf } from './matrices.js';

/** Arrays that a sparse matrix of 10x Genomics has, in a group. */
const MATRIX = ['barcodes', 'data', 'indices', 'indptr', 'shape'];

/** Groups of a file of 10x Genomics that are matrices: 'matrix', or before Cell Ranger 3 one for each genome. */
export const tenxGroups = (h5: Hdf5): readonly string[] =>
  h5.names('/').filter((name) => MATRIX.every((own) => h5.kind(`${name}/${own}`) === 'array') && featuresIn(h5, name));

/** What is said of features, by the names that labels have, and where it stands; the first are the names. */
const FEATURES = [
  { id: 'features/id', name: 'features/name', feature_type: 'features/feature_type', genome: 'features/genome' },
  { id: 'genes', name: 'gene_names' },
];
const featuresIn = (h5: Hdf5, group: string) => FEATURES.find(({ id }) => h5.kind(`${group}/${id}`) === 'array');

/**
 * The matrix of a 10x file, features × barcodes. Features are called by their ids, which are never the same; their names, which may be,
 * are the label `name`.
 *
 * @throws IoError 'not-found' where it must be said which genome.
 */
export async function readTenx(h5: Hdf5, group: string): Promise<Found> {
  const shape = arrayAt(h5, `${group}/shape`);
  const [rows, cols] = shape.count === 2 ? await wholeOf(h5, shape) : [];
  if (rows === undefined || cols === undefined)
    throw h5.source.fault('damaged', `A matrix must have two dimensions; got ${shape.count} at ${shape.path}`);
  const found = await sparseAt(h5, group, { by: 'columns', rows, cols });
  const texts = (name: string, wanted: number): readonly string[] => {
    const own = h5.texts(arrayAt(h5, `${group}/${name}`));
    if (own.length !== wanted)
      throw h5.source.fault('damaged', `A matrix must have ${wanted} names; got ${own.length} at ${group}/${name}`);
    return own;
  };
  const { id, ...others } = featuresIn(h5, group) ?? FEATURES[0];
  const labels = Object.entries(others).filter(([, place]) => h5.kind(`${group}/${place}`) === 'array');
  const features: Side = {
    names: texts(id, rows),
    ...(labels.length === 0
      ? {}
      : { labels: Object.fromEntries(labels.map(([name, place]) => [name, texts(place, rows)])) }),
  };
  return { ...found, rows: features, columns: { names: texts('barcodes', cols) } };
}
