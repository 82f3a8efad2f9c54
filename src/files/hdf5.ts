import { resolve } from 'node:path';
import { type Hdf5File, type Hdf5Library, loadHdf5 } from './peers.js';

/** The library, and a file that it has open. */
export interface OpenHdf5 {
  readonly library: Hdf5Library;
  readonly file: Hdf5File;
}

/**
 * Opens an HDF5 file: 'r' to read it, 'w' to write a new one in its place. Whoever opens it closes it by `file.close()`.
 *
 * @throws MissingPeerError where the package isn't there.
 * @throws Error in the library's words.
 */
export async function openHdf5(path: string, mode: 'r' | 'w'): Promise<OpenHdf5> {
  const { File, ready } = await loadHdf5();
  const library = await ready;
  quieten(library);
  const file = new File(resolve(path), mode);
  if (file.file_id < 0n) throw new Error(`a file that can't be ${mode === 'r' ? 'opened' : 'made'}`);
  return { library, file };
}

/** The second of a process's streams is where the library writes every error. */
const STDERR = 2;

/** What the library has had to say. */
interface Complaints {
  count: number;
  /** What the system said when a file could not be written. */
  cause: unknown;
}
const complaints = new WeakMap<Hdf5Library, Complaints>();

/** The library prints each of its errors; they are counted, and not shown. */
function quieten(library: Hdf5Library): void {
  if (complaints.has(library)) return;
  const own: Complaints = { count: 0, cause: undefined };
  complaints.set(library, own);
  // Its own declaration leaves out the functions of files.
  const files = library.FS as unknown as { write(stream: { fd: number }, ...rest: readonly unknown[]): number };
  const write = files.write.bind(files);
  files.write = (stream, ...rest) => {
    if (stream.fd === STDERR) {
      own.count++;
      return Number(rest[2]);
    }
    try {
      return write(stream, ...rest);
    } catch (error) {
      own.count++;
      own.cause = error;
      throw error;
    }
  };
}

/**
 * What calls of the library return that must not fail: most of them don't say whether they did.
 *
 * @throws Error in the words of the system, where it has some.
 */
export function strictly<T>({ library }: OpenHdf5, calls: () => T): T {
  const own = complaints.get(library);
  const before = own?.count;
  if (own !== undefined) own.cause = undefined;
  const made = calls();
  if (own !== undefined && own.count !== before)
    throw own.cause instanceof Error ? own.cause : new Error('an error of the library, as when no memory is left');
  return made;
}
