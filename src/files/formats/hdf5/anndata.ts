import type { Found } from '../found.js';
import type { Hdf5 } from './file.js';
import { type Frame, frameAt } from './frames.js';
import { matrixAt } from './matrices.js';

/** Whether a file is one of AnnData: tables of observations and of variables beside a matrix. */
export const isAnnData = (h5: Hdf5): boolean => h5.kind('obs') !== null && h5.kind('var') !== null;

/** What `layer` may be beside a name in `layers`. */
const [RAW, EMBEDDINGS] = ['raw', 'obsm/'];

/**
 * The matrix of an AnnData file, observations × variables: X, one of its layers, 'raw' with its own variables, or an embedding
 * 'obsm/…', observations × factors.
 *
 * @throws IoError 'not-found' for a layer that isn't there.
 */
export async function readAnnData(h5: Hdf5, layer: string | undefined): Promise<Found> {
  const path = pathOf(h5, layer);
  const found = path === null ? null : await matrixAt(h5, path);
  if (path === null || found === null)
    throw h5.source.fault(
      'not-found',
      `An AnnData file must hold ${layer === undefined ? 'X, or it must be said which layer' : `the layer '${layer}'`}; got ${layersIn(h5).join(', ') || 'none'}. Give one as layer`,
    );
  const table = path.startsWith('raw') ? path.replace(/X$/, 'var') : 'var';
  const rows = await frameAt(h5, 'obs');
  const columns = path.startsWith(EMBEDDINGS) ? undefined : await frameAt(h5, table);
  // What is turned is the other way round than the file says.
  const { matrix, turned } = found;
  check(h5, path, rows, turned ? matrix.cols : matrix.rows, 'observations');
  if (columns !== undefined) check(h5, path, columns, turned ? matrix.rows : matrix.cols, 'variables');
  return { ...found, lies: 'samples-by-features', rows, columns };
}

function pathOf(h5: Hdf5, layer: string | undefined): string | null {
  if (layer === undefined) return 'X';
  const places = layer === RAW ? ['raw/X', 'raw.X'] : layer.startsWith(EMBEDDINGS) ? [layer] : [`layers/${layer}`];
  return places.find((place) => h5.kind(place) !== null) ?? null;
}

/** What `layer` may be. */
function layersIn(h5: Hdf5): readonly string[] {
  const inside = (group: string) => (h5.kind(group) === 'group' ? h5.names(group) : []);
  return [
    ...inside('layers'),
    ...(pathOf(h5, RAW) === null ? [] : [RAW]),
    ...inside('obsm').map((name) => `${EMBEDDINGS}${name}`),
  ];
}

function check(h5: Hdf5, path: string, { lines }: Frame, wanted: number, what: string): void {
  if (lines !== undefined && lines !== wanted)
    throw h5.source.fault('damaged', `An AnnData file must have as many ${what} in its table as in its matrix; got ${lines} and ${wanted} at ${path}`); // biome-ignore format: a sentence
}
