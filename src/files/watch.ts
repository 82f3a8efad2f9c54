import type { Rule } from './formats/table-options.js';
import type { Watch } from './source.js';

/** How far a file has been read. */
export interface ReadProgress {
  /** The file; of a folder the one that is being read. */
  readonly path: string;
  /** Bytes read of it so far: more than it has where something is read twice. */
  readonly read: number;
  /** Bytes of the file. */
  readonly size: number;
}

/** Who looks on while a file is read, and may stop it. */
export interface Onlooker {
  /** Stops the reading: it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called whenever something was read, every megabyte or sooner; of text that Rust reads, when it is done with it. */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/** What `signal` must be. */
export const SIGNAL: Rule = ['an AbortSignal', (x) => x instanceof AbortSignal];

/** What each option must be. */
export const ONLOOKER_RULES: Readonly<Record<keyof Onlooker, Rule>> = {
  signal: SIGNAL,
  onProgress: ['a function', (x) => typeof x === 'function'],
};

/**
 * Work that tells `watch` what it reads. Whatever stops it there comes out as it was: on the way it may have been taken for a fault of
 * the file.
 */
export async function watched<T>({ signal, onProgress }: Onlooker, work: (watch: Watch) => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  const counts = new Map<string, number>();
  let stopped: { readonly reason: unknown } | undefined;
  const watch: Watch = (bytes, { path, size }) => {
    try {
      signal?.throwIfAborted();
      if (bytes === 0) return;
      const read = (counts.get(path) ?? 0) + bytes;
      counts.set(path, read);
      onProgress?.({ path, read, size });
    } catch (reason) {
      stopped ??= { reason };
      throw reason;
    }
  };
  try {
    const made = await work(watch);
    signal?.throwIfAborted();
    return made;
  } catch (error) {
    throw stopped === undefined ? error : stopped.reason;
  }
}
