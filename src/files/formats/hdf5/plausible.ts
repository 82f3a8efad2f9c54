import type { Hdf5Metadata } from '../../peers.js';
import type { Source } from '../../source.js';
import { DENSEST } from '../../zip.js';

/** What an array, a chunk of one or an attribute may take, however small the file is. */
export const SMALL = 1 << 20;

/** What the library may take for a file, beside blocks of its arrays. */
export const besideArrays = (source: Source): number => 2 * source.size + 48 * SMALL;

/** Filters of the format that the library has, by their number. */
const FILTERS = [1, 2, 3, 5, 6];

/**
 * Whether an array may be as large as the file says: nobody packs more densely than deflate does.
 *
 * @throws IoError 'damaged', and 'unsupported' for a filter that isn't there.
 */
export function checkPlausible(
  source: Source,
  path: string,
  metadata: Hdf5Metadata,
  filters: readonly { readonly id: number; readonly name: string }[],
): void {
  const other = filters.find(({ id }) => !FILTERS.includes(id));
  if (other !== undefined)
    throw source.fault(
      'unsupported',
      `An array must be packed by gzip, or not at all; got filter ${other.id} ${other.name} at ${path}. Write it with compression='gzip'`,
    );
  if (metadata.virtual_sources !== undefined)
    throw source.fault('unsupported', `An array must lie in its file; got one of other files at ${path}`);
  const room = (filters.length === 0 ? 1 : DENSEST) * source.size + SMALL;
  const bytesOf = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, metadata.size);
  for (const sizes of [metadata.shape ?? [], metadata.chunks ?? []])
    if (!(bytesOf(sizes) <= room && sizes.every(Number.isSafeInteger)))
      throw source.fault(
        'damaged',
        `An array must be as large as its file lets it be; got ${sizes.join(' × ')} at ${path}`,
      );
}
