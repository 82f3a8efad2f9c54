import { MissingPeerError } from '../../../errors.js';
import { type OpenHdf5, openHdf5 } from '../../hdf5.js';
import type { Source } from '../../source.js';
import type { Found } from '../found.js';
import { isAnnData, readAnnData } from './anndata.js';
import { type Hdf5, hdf5File } from './file.js';
import { matrixAt } from './matrices.js';
import { besideArrays } from './plausible.js';
import { readTenx, tenxGroups } from './tenx.js';
import { isNumber } from './types.js';

/** What every HDF5 file begins with. */
export const HDF5_MAGIC = Uint8Array.of(0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a);

/** What of an HDF5 file is to be read. */
export interface Hdf5Options {
  readonly array?: string | undefined;
  readonly layer?: string | undefined;
}

/**
 * The matrix in an HDF5 file: of AnnData (.h5ad), of 10x Genomics (.h5), or any array of two dimensions.
 *
 * @throws IoError 'damaged', 'unsupported', 'not-found', 'invalid-option'
 * @throws MissingPeerError where the package that reads it isn't there.
 */
export async function readHdf5(source: Source, options: Hdf5Options): Promise<Found> {
  const open = await opened(source);
  try {
    return await matrixIn(hdf5File(source, open), options);
  } finally {
    open.file.close();
  }
}

async function opened(source: Source): Promise<OpenHdf5> {
  try {
    return await openHdf5(source.path, 'r', besideArrays(source));
  } catch (error) {
    if (error instanceof MissingPeerError) throw error;
    const got = error instanceof Error ? error.message : String(error);
    throw source.fault('damaged', `An HDF5 file must be whole; got ${got}`, { offset: 0, cause: error });
  }
}

async function matrixIn(h5: Hdf5, { array, layer }: Hdf5Options): Promise<Found> {
  const { source } = h5;
  if (array !== undefined && layer !== undefined)
    throw source.fault('invalid-option', `array and layer must not be given both; got '${array}' and '${layer}'`);
  const groups = tenxGroups(h5);
  if (array !== undefined) return groups.includes(array) ? readTenx(h5, array, undefined) : anyAt(h5, array);
  if (isAnnData(h5)) return readAnnData(h5, layer);
  if (groups.length === 1) return readTenx(h5, groups[0], layer);
  if (layer !== undefined)
    throw source.fault(
      'invalid-option',
      `layer must be of an AnnData or 10x file; got '${layer}' of another. Give the place of a matrix as array`,
    );
  const places = groups.length > 0 ? groups : arraysIn(h5);
  if (places.length === 1) return anyAt(h5, places[0]);
  throw source.fault('not-found', `An HDF5 file must hold one matrix, or it must be said which; got ${listed(places)}. Give one as array`); // biome-ignore format: a sentence
}

async function anyAt(h5: Hdf5, path: string): Promise<Found> {
  const found = await matrixAt(h5, path);
  if (found === null) throw h5.source.fault('not-found', `An HDF5 file must hold '${path}'; got ${listed(arraysIn(h5))}. Give one as array`); // biome-ignore format: a sentence
  return found;
}

const SHOWN = 20;
const listed = (names: readonly string[]): string => {
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : '';
  return names.length === 0 ? 'no array of two dimensions' : `${names.slice(0, SHOWN).join(', ')}${more}`;
};

/** How deep, and how many things, are looked at: groups may lie in themselves. */
const [DEEPEST, MOST] = [16, 10_000];

/** Paths of the arrays of numbers that have two dimensions. */
function arraysIn(h5: Hdf5): readonly string[] {
  const found: string[] = [];
  let seen = 0;
  function look(group: string, depth: number): void {
    for (const name of h5.names(group === '' ? '/' : group)) {
      if (seen++ > MOST) return;
      const path = group === '' ? name : `${group}/${name}`;
      const kind = h5.kind(path);
      if (kind === 'group' && depth < DEEPEST) look(path, depth + 1);
      if (kind !== 'array') continue;
      const { holds, shape } = h5.array(path) ?? { holds: 'other', shape: [] };
      if (isNumber(holds) && shape.length === 2) found.push(path);
    }
  }
  look('', 0);
  return found;
}
