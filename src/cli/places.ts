import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { IoError } from '../index.js';
import { UsageError } from './failure.js';

const refusal = (path: string, got: string, cause?: unknown): IoError =>
  new IoError('not-written', path, `A result must be written to a place that may be written to; got ${got}`, { cause });

/**
 * Looks whether a file can be written, before the work that it is to hold.
 *
 * @param reads what the command reads, and must not write over
 * @throws IoError 'not-written'
 * @throws UsageError for a place of what is read.
 */
export async function checkPlace(path: string, reads: readonly string[] = []): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  for (const read of reads)
    if (await isOver(path, found, read))
      throw new UsageError(
        `A result must be written to another file than those that the command reads and writes; got ${path}`,
      );
  if (found?.isDirectory()) throw refusal(path, 'a folder');
  const place = found === undefined ? dirname(resolve(path)) : path;
  await access(place, constants.W_OK).catch((error: Error) => {
    throw refusal(path, error.message, error);
  });
}

type Stats = Awaited<ReturnType<typeof stat>>;

/** Whether a file is another one, under whatever name, or one within a folder of data. */
async function isOver(path: string, found: Stats | undefined, read: string): Promise<boolean> {
  if (resolve(path) === resolve(read)) return found === undefined || !isStream(found);
  if (found === undefined || isStream(found)) return false;
  const other = await stat(read).catch(() => undefined);
  if (other === undefined) return false;
  const own = other.isDirectory() ? await stat(dirname(resolve(path))) : found;
  return own.dev === other.dev && own.ino === other.ino;
}

const isStream = (found: Stats): boolean => !found.isFile() && !found.isDirectory();

/**
 * A folder, made where there is none.
 *
 * @throws IoError 'not-written'
 */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: Error) => {
    throw refusal(path, error.message, error);
  });
}
