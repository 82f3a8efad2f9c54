import fs, { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { IoError, type IoErrorCode, type IoPlace } from '../errors.js';

/** Bytes that are read as they are needed: of a file, or in memory. */
export interface Source {
  readonly path: string;
  /** Whether they are those of the file at `path`. */
  readonly onDisk: boolean;
  /** How many there are. */
  readonly size: number;
  /** Fills `into` with the bytes from `offset` on; a source that ends before is damaged. */
  fill(into: Uint8Array, offset: number): Promise<void>;
  /** The bytes from `offset` on, piece by piece; a piece is to be used before the next is asked for. */
  pieces(offset?: number): AsyncIterable<Uint8Array>;
  /** What is wrong with it: rule; got. */
  fault(code: IoErrorCode, message: string, place?: IoPlace): IoError;
  /** Says to whoever watches that so many bytes were read: for those who read a file by other ways than these. */
  readonly got: (bytes: number) => void;
}

/** Is told how many bytes were read of a file; what it throws ends the reading. */
export type Watch = (bytes: number, of: Pick<Source, 'path' | 'size'>) => void;

/** A pipe that nobody writes to would be waited for. */
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** Bytes of a piece. */
const PIECE = 1 << 20;

/** `length` bytes from `offset` on. */
export async function bytesAt(source: Source, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await source.fill(bytes, offset);
  return bytes;
}

/** The same, as numbers are read from them. */
export async function viewAt(source: Source, offset: number, length: number): Promise<DataView> {
  const bytes = await bytesAt(source, offset, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The first bytes: as many, or all where there are fewer. */
export const firstBytes = (source: Source, most: number): Promise<Uint8Array> =>
  bytesAt(source, 0, Math.min(most, source.size));

/** The same source for who reads many small stretches, one near the other: a piece is read at a time, and kept. */
export function byPieces(source: Source): Source {
  let piece: Uint8Array = new Uint8Array(0);
  let start = 0;
  return {
    ...source,
    async fill(into, offset) {
      if (offset + into.length > source.size || into.length > PIECE / 4) return source.fill(into, offset);
      if (offset < start || offset + into.length > start + piece.length) {
        const own = await bytesAt(source, offset, Math.min(PIECE, source.size - offset));
        [piece, start] = [own, offset];
      }
      into.set(piece.subarray(offset - start, offset - start + into.length));
    },
  };
}

const faultIn =
  (path: string) =>
  (code: IoErrorCode, message: string, place?: IoPlace): IoError =>
    new IoError(code, path, message, place);

/** What is wrong with a file that ends before so many bytes. */
export const endsIn = ({ fault, size }: Pick<Source, 'fault' | 'size'>, needed: number): IoError =>
  fault('damaged', `A file must hold what it says; got ${size} bytes, and it needs ${needed}`, { offset: size });

/** Bytes in memory, as those of a file; for files within files, and for tests. */
export function memorySource(bytes: Uint8Array, path: string): Source {
  const source: Source = {
    path,
    onDisk: false,
    size: bytes.length,
    fault: faultIn(path),
    got: () => {},
    async fill(into, offset) {
      if (offset + into.length > bytes.length) throw endsIn(source, offset + into.length);
      into.set(bytes.subarray(offset, offset + into.length));
    },
    async *pieces(offset = 0) {
      for (let at = offset; at < bytes.length; at += PIECE) yield bytes.subarray(at, at + PIECE);
    },
  };
  return source;
}

/**
 * Lends a file to whoever reads it, and closes it; `watch` is told whenever something was read.
 *
 * @throws IoError 'not-read' where there is no file that may be read.
 */
export async function withFile<T>(
  path: string,
  use: (source: Source) => Promise<T>,
  watch: Watch = () => {},
): Promise<T> {
  const { source, close } = await openFile(path, watch);
  try {
    return await use(source);
  } finally {
    await close();
  }
}

/** An open file, what it was like when it was last looked at, and how to close it. */
export interface OpenFile {
  readonly source: Source;
  /** Fills `into` with runs of `length` bytes, the first from `offset` on, each so far apart from the one before. */
  fillRuns(into: Uint8Array, length: number, offset: number, apart: number): Promise<void>;
  stats(): Promise<Stats>;
  close(): Promise<void>;
}

/** @throws IoError as `withFile` does. */
export async function openFile(path: string, watch: Watch = () => {}): Promise<OpenFile> {
  let file: FileHandle;
  try {
    file = await open(path, READING);
  } catch (error) {
    throw unreadable(path, reasonOf(error), error);
  }
  try {
    const stats = await file.stat();
    const other = otherThanFile(stats);
    if (other !== undefined) throw unreadable(path, other);
    const source = fileSource(file, path, stats.size, watch);
    return {
      source,
      fillRuns: (into, length, offset, apart) => fillRuns(file.fd, source, into, { length, offset, apart }),
      stats: () => file.stat(),
      close: () => file.close(),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** A folder of files. */
export interface Folder {
  readonly path: string;
  /** What is in it, in order. */
  readonly names: readonly string[];
}

/** The folder at a place; undefined where there is none that may be read: `withFile` says what is there. */
export async function folderAt(path: string): Promise<Folder | undefined> {
  const names = await readdir(path).catch(() => undefined);
  return names === undefined ? undefined : { path, names: names.toSorted() };
}

/** What has no size and can't be read from any byte on. */
function otherThanFile(stats: Stats): string | undefined {
  if (stats.isFile()) return undefined;
  if (stats.isDirectory()) return 'a folder';
  if (stats.isFIFO() || stats.isSocket()) return 'a pipe. Write what comes from it to a file first';
  return 'a device';
}

/** Runs that are asked for at the same time. */
const RUNS = 64;

/** Runs are short and many, and promises would take longer than reading them. */
function fillRuns(
  file: number,
  source: Source,
  into: Uint8Array,
  { length, offset, apart }: { readonly length: number; readonly offset: number; readonly apart: number },
): Promise<void> {
  const count = into.length / length;
  return new Promise((resolve, reject) => {
    let [next, reading] = [0, 0];
    let fault: IoError | undefined;
    const read = (run: number, had: number) => {
      const at = offset + run * apart;
      reading++;
      fs.read(file, into, run * length + had, length - had, at + had, (error, got) => {
        reading--;
        if (error !== null) fault ??= notRead(source, at + had, error);
        else if (got === 0) fault ??= endsIn(source, at + length);
        else if (had + got < length) read(run, had + got);
        else if (next < count && fault === undefined) read(next++, 0);
        // Whoever closes the file may do so only once nothing reads it.
        if (reading > 0) return;
        if (fault === undefined) resolve();
        else reject(fault);
      });
    };
    while (next < Math.min(RUNS, count)) read(next++, 0);
  });
}

const notRead = ({ fault }: Source, offset: number, error: unknown): IoError =>
  fault('not-read', `Data must be a file that can be read; got ${reasonOf(error)}`, { offset, cause: error });

/** The first bytes of a file, and what it is like. */
export interface Beginning extends Pick<Source, 'path' | 'size' | 'fault'> {
  readonly first: Uint8Array;
  readonly stats: Stats;
}

/**
 * Looks at a file while this thread waits.
 *
 * @throws IoError as `withFile` does.
 */
export function beginningOf(path: string, most: number): Beginning {
  let file: number | undefined;
  try {
    file = openSync(path, READING);
    const stats = fstatSync(file);
    const other = otherThanFile(stats);
    if (other !== undefined) throw unreadable(path, other);
    const bytes = new Uint8Array(most);
    const first = bytes.subarray(0, readSync(file, bytes, 0, most, 0));
    return { path, size: stats.size, fault: faultIn(path), first, stats };
  } catch (error) {
    throw error instanceof IoError ? error : unreadable(path, reasonOf(error), error);
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

function unreadable(path: string, got: string, cause?: unknown): IoError {
  const sought = resolve(path) === path ? '' : `, looked for at ${resolve(path)}`;
  return new IoError('not-read', path, `Data must be a file that can be read; got ${got}${sought}`, { cause });
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'none',
  EACCES: 'one that this user may not read',
  EPERM: 'one that this user may not read',
  EISDIR: 'a folder',
  ENXIO: 'a pipe. Write what comes from it to a file first',
  ELOOP: 'a link that leads back to itself',
  ENAMETOOLONG: 'a path that is too long',
  ENOTDIR: 'a path through a file that is no folder',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return REASONS[code] ?? (error instanceof Error ? error.message : String(error));
}

function fileSource(file: FileHandle, path: string, size: number, watch: Watch): Source {
  const read = async (into: Uint8Array, offset: number): Promise<number> => {
    let bytes: number;
    try {
      bytes = (await file.read(into, 0, into.length, offset)).bytesRead;
    } catch (error) {
      throw notRead(source, offset, error);
    }
    source.got(bytes);
    return bytes;
  };
  const source: Source = {
    path,
    onDisk: true,
    size,
    fault: faultIn(path),
    got: (bytes) => watch(bytes, source),
    async fill(into, offset) {
      // One call reads 2 GB at most.
      for (let done = 0; done < into.length; ) {
        const bytes = await read(into.subarray(done, done + 2 ** 30), offset + done);
        if (bytes === 0) throw endsIn(source, offset + into.length);
        done += bytes;
      }
    },
    async *pieces(offset = 0) {
      const piece = new Uint8Array(PIECE);
      for (let at = offset; ; ) {
        const bytes = await read(piece, at);
        if (bytes === 0) return;
        yield piece.subarray(0, bytes);
        at += bytes;
      }
    },
  };
  return source;
}
