import { readFile } from 'node:fs/promises';
import { isAbsolute, resolve } from 'node:path';
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
    // What the system says ends with the call and the path, which stands at the end anyway.
    const reason = (error instanceof Error ? error.message : String(error)).split(', ')[0];
    const folder = isAbsolute(path) ? '' : `, looked for in ${resolve('.')}`;
    const rule = `${called} must be a file that can be read; got ${reason}; give the path of one${folder}`;
    throw new ModelFileError('not-read', path, rule, { cause: error });
  }
}
