import { resolve } from 'node:path';
import { type Hdf5File, type Hdf5Library, loadHdf5 } from './peers.js';

/** The library, and a file that it has open. */
export interface OpenHdf5 {
  readonly library: Hdf5Library;
  readonly file: Hdf5File;
  /** Bytes that the library had before. */
  readonly base: number;
  /** Bytes that it has read of files since this was asked last. */
  read(): number;
}

/**
 * Opens an HDF5 file: 'r' to read it, 'w' to write a new one in its place. Whoever opens it closes it by `file.close()`.
 *
 * @param more bytes that the library may take for it
 * @throws MissingPeerError where the package isn't there.
 * @throws Error in the library's words.
 */
export async function openHdf5(path: string, mode: 'r' | 'w', more: number = Infinity): Promise<OpenHdf5> {
  const { File, ready } = await loadHdf5();
  const library = await ready;
  overhear(library);
  const base = library.HEAPU8.length;
  // Whoever writes believes nothing, and needs no limit; one that was set before is lifted.
  if (more < Infinity || limits.has(library)) limitMemory(library, base + more);
  const file = mode === 'w' ? untimed(() => new File(resolve(path), mode)) : new File(resolve(path), mode);
  if (file.file_id < 0n) throw new Error(`a file that can't be ${mode === 'r' ? 'opened' : 'made'}`);
  const said = reports.get(library);
  let before = said?.read ?? 0;
  const read = () => {
    const bytes = (said?.read ?? 0) - before;
    before += bytes;
    return bytes;
  };
  return { library, file, base, read };
}

/** The second of a process's streams is where the library writes every error. */
const STDERR = 2;

/** What was seen of the library. */
interface Seen {
  /** Errors that it has printed. */
  count: number;
  /** What the system said when a file could not be written. */
  cause: unknown;
  /** Whether it may open no file now, and the one that it would have. */
  alone: boolean;
  other: string | undefined;
  /** Bytes that it has read. */
  read: number;
}
const reports = new WeakMap<Hdf5Library, Seen>();

/** What it asks of a stream. */
type Call = (stream: { readonly fd: number }, ...rest: readonly unknown[]) => number;

/** What the library reads is counted. It prints each of its errors; they are counted, and not shown. */
function overhear(library: Hdf5Library): void {
  if (reports.has(library)) return;
  const own: Seen = { count: 0, cause: undefined, alone: false, other: undefined, read: 0 };
  reports.set(library, own);
  // Its own declaration leaves out the functions of files.
  const files = library.FS as unknown as {
    read: Call;
    write: Call;
    open(path: string, ...rest: readonly unknown[]): unknown;
  };
  const [read, write, open] = [files.read.bind(files), files.write.bind(files), files.open.bind(files)];
  files.read = (stream, ...rest) => {
    const bytes = read(stream, ...rest);
    own.read += bytes;
    return bytes;
  };
  files.open = (path, ...rest) => {
    if (!own.alone) return open(path, ...rest);
    own.other = path;
    throw Object.assign(new Error('no other file'), NO_ENTRY);
  };
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

/** How the library is told that there is no such file. */
const NO_ENTRY = { name: 'ErrnoError', errno: 44 };

/**
 * What calls of the library return, which may lead to other files by links or by where arrays lie: none of these is opened. `told` gets the path of
 * the one that would have been.
 */
export function alone<T>({ library }: OpenHdf5, calls: () => T, told: (other: string) => T): T {
  const own = reports.get(library);
  if (own === undefined) return calls();
  Object.assign(own, { alone: true, other: undefined });
  try {
    const made = calls();
    return own.other === undefined ? made : told(own.other);
  } catch (error) {
    if (own.other === undefined) throw error;
    return told(own.other);
  } finally {
    own.alone = false;
  }
}

/**
 * What calls of the library return, for which it is always 1970. It writes the second beside every part of a file and gives no choice, so files of the
 * same content would differ; and it asks JavaScript for the time.
 */
function untimed<T>(calls: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return calls();
  } finally {
    Date.now = now;
  }
}

/**
 * What calls of the library return that write, and must not fail: most of them don't say whether they did.
 *
 * @throws Error in the words of the system, where it has some.
 */
export function strictly<T>({ library }: OpenHdf5, calls: () => T): T {
  const own = reports.get(library);
  const before = own?.count;
  if (own !== undefined) own.cause = undefined;
  const made = untimed(calls);
  if (own !== undefined && own.count !== before)
    throw own.cause instanceof Error ? own.cause : new Error('an error of the library, as when no memory is left');
  return made;
}

/** Bytes that a library may have in all. */
const limits = new Map<Hdf5Library, number>();

/** Memory of WebAssembly, as it grows by so many pages. */
interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
const PAGE = 65536;

/**
 * Bytes that the library may have in all from now on: asked for more, it has none. It believes what a file says of itself, and a damaged one
 * may say that a table of contents has gigabytes.
 */
export function limitMemory(library: Hdf5Library, bytes: number): void {
  if (limits.size === 0) {
    // It tells nobody of its memory, which asks here for more. The types of a browser aren't there.
    const { prototype } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly
      .Memory;
    const { grow } = prototype;
    prototype.grow = function (pages) {
      const own = [...limits].find(([{ HEAPU8 }]) => HEAPU8.buffer === this.buffer);
      if (own !== undefined && this.buffer.byteLength + pages * PAGE > own[1])
        throw new RangeError(`no more than ${own[1]} bytes`);
      return grow.call(this, pages);
    };
  }
  limits.set(library, bytes);
}
