import type { Stats } from 'node:fs';
import { type Panels, type StreamedMatrix, streamed } from '../streamed.js';
import { NPY_HEADER, NPY_MAGIC } from './formats/npy.js';
import { SPZ_MAGIC } from './formats/spz/file.js';
import { beginningOf, type OpenFile, openFile } from './source.js';
import { streamNpy } from './stream-npy.js';
import { streamSpz } from './stream-spz.js';
import type { Streamable } from './streamable.js';

/** Bytes of a panel. */
const PANEL = 32 << 20;

export interface StreamOptions {
  /** How the file lies: 'features-by-samples' (default), or 'samples-by-features'. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /** Bytes of a panel; no bit of a result depends on it. Default 32 MB. */
  readonly panelBytes?: number | undefined;
}

/**
 * The matrix in a .npy or .spz file, features × samples, to be read panel by panel and never as a whole: its header is looked at now,
 * its numbers once it is opened.
 *
 * @throws IoError 'not-read', 'damaged', 'unsupported' for other formats and arrays.
 */
export function streamMatrix(path: string, { orientation, panelBytes = PANEL }: StreamOptions = {}): StreamedMatrix {
  const file = beginningOf(path, NPY_HEADER);
  const begins = (mark: Uint8Array) => mark.every((byte, i) => file.first[i] === byte);
  const format = begins(NPY_MAGIC) ? streamNpy : begins(SPZ_MAGIC) ? streamSpz : undefined;
  if (format === undefined) {
    const rule = 'A file that is streamed must be an .npy or .spz file; got another: leave out stream';
    throw file.fault('unsupported', rule, { offset: 0 });
  }
  const { read, ...found } = format(file, orientation === 'samples-by-features', panelBytes);
  const { rows, cols } = found;
  if (rows === 0 || cols === 0)
    throw file.fault('unsupported', `A matrix must be at least 1 × 1; got ${rows} × ${cols}`, { offset: 8 });
  return streamed({ ...found, path, open: async () => panelsOf(await openFile(path), file.stats, read) });
}

/** The panels of a file that must be as it was. */
async function panelsOf(file: OpenFile, then: Stats, read: Streamable['read']): Promise<Panels> {
  const { source, stats, close } = file;
  let last: Promise<unknown> = Promise.resolve();
  const check = async () => {
    const now = await stats();
    if (now.size === then.size && now.mtimeMs === then.mtimeMs && now.ino === then.ino) return;
    const got = now.size === then.size ? 'another' : `${now.size} bytes and not ${then.size}`;
    throw source.fault('damaged', `A file that is streamed must stay as it was when the graph was made; got ${got}`);
  };
  try {
    await check();
    const reader = await read(file);
    const checked = async (from: number, to: number) => {
      if (from === 0) await check();
      return reader.panel(from, to);
    };
    return {
      panel(from, to) {
        const panel = checked(from, to);
        last = panel;
        return panel;
      },
      bytesRead: () => reader.bytesRead(),
      async close() {
        // A reader that has given up may have asked for one that nobody waits for.
        await last.catch(() => undefined);
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
