import { randomUUID } from 'node:crypto';
import { chmod, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file that is there whole or not at all: beside its place first, then by a change of name. Where a link leads to
 * a file, that is replaced; who may read it stays as it was. A pipe or a device is written into: it would be gone if it were replaced.
 */
export async function writeWhole(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const place = await realpath(path).catch(() => path);
  const before = await stat(place).catch(() => undefined);
  if (before !== undefined && !before.isFile() && !before.isDirectory()) {
    await writeFile(place, parts);
    return;
  }
  const beside = join(dirname(place), `.${randomUUID().slice(0, 13)}.part`);
  try {
    const file = await open(beside, 'wx');
    try {
      if (before !== undefined) await chmod(beside, before.mode & 0o7777);
      for (const part of parts) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, place);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
