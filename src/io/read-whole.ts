import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ModelFileError } from '../errors.js';

/**
 * All that is in a file; `called` is what it is to be.
 *
 * @throws ModelFileError 'not-read'
 */
export async function readWhole(path: string, called: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const rule = `${called} must be a file that can be read; got ${reason}; give the path of one, looked for at ${resolve(path)}`;
    throw new ModelFileError('not-read', path, rule, { cause: error });
  }
}
