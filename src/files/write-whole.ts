import { randomUUID } from 'node:crypto';
import { chmod, open, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * Writes a file that is there whole or not at all: beside its place first, then by a change of name. Where a link leads to
 * a file, that is replaced; who may read it stays as it was. A pipe or a device is written into: it would be gone if it were replaced.
 * So is a file that output of this process goes to (/dev/stdout), behind what is there.
 *
 * @param signal stops it between pieces; then there is what was there before.
 */
export async function writeWhole(path: string, parts: readonly Uint8Array[], signal?: AbortSignal): Promise<void> {
  const place = await placeOf(path);
  if (place.open !== undefined) {
    for (const part of parts) await writeTo(place.open, part);
    return;
  }
  if (place.stream) {
    await writeFile(place.path, parts, { signal });
    return;
  }
  await replaced(place, async (beside) => {
    const file = await open(beside, 'r+');
    try {
      for (const part of parts) await file.writeFile(part, { signal });
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
  /** Whether it is a pipe or a device, or a file that the process writes to already. */
  readonly stream: boolean;
  /** The stream of this process that leads to the file, which holds what was written before. */
  readonly open: Output | undefined;
}

type Stats = Awaited<ReturnType<typeof stat>>;
type Output = 'stdout' | 'stderr';

const writeTo = (output: Output, part: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process[output].write(part, (error) => (error ? reject(error) : resolve()));
  });

/** Where output of a process goes: a shell's '>' or '>>' may lead it to a file. */
const OUTPUTS: readonly (readonly [Output, path: string])[] = [
  ['stdout', '/dev/fd/1'],
  ['stderr', '/dev/fd/2'],
];

async function placeOf(path: string): Promise<Place> {
  const found = await realpath(path).catch(() => undefined);
  const place = found ?? path;
  const before = await stat(place).catch(() => undefined);
  const open = before?.isFile() ? await outputTo(before) : undefined;
  // What is open and has no name any more is found, and is nowhere.
  const isStream = (own: Stats) => open !== undefined || found === undefined || !(own.isFile() || own.isDirectory());
  const stream = before !== undefined && isStream(before);
  return { path: place, mode: before?.mode, stream, open };
}

/** The output of this process that goes to a file. */
async function outputTo({ dev, ino }: Stats): Promise<Output | undefined> {
  for (const [output, path] of OUTPUTS) {
    const own = await stat(path).catch(() => undefined);
    if (own?.dev === dev && own.ino === ino) return output;
  }
  return undefined;
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
