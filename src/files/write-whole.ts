import { randomUUID } from 'node:crypto';
import { chmod, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file that is there whole or not at all: beside its place first, then by a change of name. Where a link leads to
 * a file, that is replaced; who may read it stays as it was. A pipe or a device is written into: it would be gone if it were replaced.
 */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const place = await placeOf(path);
  if (place.stream) {
    await writeFile(place.path, parts);
    return;
  }
  await replaced(place, async (beside) => {
    const file = await open(beside, 'r+');
    try {
      for (const part of parts) await file.writeFile(part);
    } finally {
      await file.close();
    }
  });
}

/**
 * The same for whoever writes a file at a path of its own.
 *
 * @param write fills the file at the path that it is given, which is there and empty.
 */
export async function writeBeside(path: string, write: (beside: string) => Promise<void>): Promise<void> {
  const place = await placeOf(path);
  if (place.stream) throw new Error('a pipe or a device, which such a file can not be written into');
  await replaced(place, write);
}

interface Place {
  readonly path: string;
  /** Who may do what with the file that is there. */
  readonly mode: number | undefined;
  /** Whether it is a pipe or a device. */
  readonly stream: boolean;
}

async function placeOf(path: string): Promise<Place> {
  const place = await realpath(path).catch(() => path);
  const before = await stat(place).catch(() => undefined);
  const stream = before !== undefined && !before.isFile() && !before.isDirectory();
  return { path: place, mode: before?.mode, stream };
}

/** That the owner may read and write. */
const OWNER = 0o600;

async function replaced({ path, mode }: Place, write: (beside: string) => Promise<void>): Promise<void> {
  const beside = join(dirname(path), `.${randomUUID().slice(0, 13)}.part`);
  try {
    await (await open(beside, 'wx')).close();
    // Nobody else may read it before it is done; whoever writes it must.
    if (mode !== undefined) await chmod(beside, (mode & 0o7777) | OWNER);
    await write(beside);
    const file = await open(beside, 'r+');
    try {
      await file.sync();
    } finally {
      await file.close();
    }
    if (mode !== undefined) await chmod(beside, mode & 0o7777);
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
