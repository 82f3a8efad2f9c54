import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ModelFileError, SweepStoreError } from '../../errors.js';
import { type Kept, type KeptKind, readKept, writeKept } from '../../io/kept-file.js';

/** Things of one kind by name. */
export interface Shelf<M> {
  readonly has: (name: string) => Promise<boolean>;
  /** Undefined: there is none of that name. */
  readonly get: (name: string) => Promise<Kept<M> | undefined>;
  /** Where a thing of that name is: one that can't be believed is named by it. */
  readonly placeOf: (name: string) => string;
  readonly put: (name: string, thing: Kept<M>) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  readonly names: () => Promise<readonly string[]>;
  /** Removes what somebody has left who died while writing. */
  readonly tidy: () => Promise<void>;
}

/** For one run. */
export function memoryShelf<M>(): Shelf<M> {
  const things = new Map<string, Kept<M>>();
  return {
    has: async (name) => things.has(name),
    get: async (name) => things.get(name),
    placeOf: () => 'in memory',
    put: async (name, thing) => void things.set(name, thing),
    remove: async (name) => void things.delete(name),
    names: async () => [...things.keys()],
    tidy: async () => undefined,
  };
}

const ENDING = '.safetensors';
/** Nobody writes for as long: `writeWhole` died before it gave a file its name. */
const DEAD_MS = 3_600_000;

/**
 * In a folder that processes may share: a file is there whole or not at all, and whoever writes one of the same name writes
 * the same. To be read the folder need not be there.
 */
export function fileShelf<M extends { readonly format: number }>(folder: string, kind: KeptKind<M>): Shelf<M> {
  const placeOf = (name: string) => join(folder, `${name}${ENDING}`);
  const has = (name: string) =>
    stat(placeOf(name)).then(
      () => true,
      () => false,
    );
  return {
    has,
    placeOf,
    get: async (name) => {
      try {
        return await readKept(kind, placeOf(name), name);
      } catch (error) {
        if (error instanceof ModelFileError && isAbsent(error.cause)) return undefined;
        throw error;
      }
    },
    put: async (name, thing) => {
      try {
        await mkdir(folder, { recursive: true });
        await writeKept(kind, placeOf(name), thing);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        const rule = `A fit must be kept before its row counts; it can't: ${reason}`;
        throw new SweepStoreError('not-written', placeOf(name), rule, { cause });
      }
    },
    remove: (name) => remove(placeOf(name)),
    names: async () => {
      const files = await readdir(folder).catch(() => []);
      return files.flatMap((file) => (file.endsWith(ENDING) ? [file.slice(0, -ENDING.length)] : []));
    },
    tidy: async () => {
      for (const file of await readdir(folder).catch(() => [])) {
        if (!file.endsWith('.part')) continue;
        const found = await stat(join(folder, file)).catch(() => undefined);
        if (found !== undefined && Date.now() - found.mtimeMs > DEAD_MS) await remove(join(folder, file));
      }
    },
  };
}

/** Whether there was no such file when it was to be read; somebody may have removed it just then. */
const isAbsent = (cause: unknown): boolean => cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';

async function remove(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const rule = `What is no longer needed must be removed; it can't: ${reason}. All rows are kept`;
    throw new SweepStoreError('not-written', path, rule, { cause });
  }
}
