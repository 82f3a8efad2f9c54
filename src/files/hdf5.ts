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
const quiet = new WeakSet<Hdf5Library>();

/** The library prints each of its errors; what calls return says enough. */
function quieten(library: Hdf5Library): void {
  if (quiet.has(library)) return;
  quiet.add(library);
  // Its own declaration leaves out the functions of files.
  const files = library.FS as unknown as { write(stream: { fd: number }, ...rest: readonly unknown[]): number };
  const write = files.write.bind(files);
  files.write = (stream, ...rest) => (stream.fd === STDERR ? Number(rest[2]) : write(stream, ...rest));
}
