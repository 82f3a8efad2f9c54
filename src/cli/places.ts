import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { IoError } from '../index.js';

const refusal = (path: string, got: string, cause?: unknown): IoError =>
  new IoError('not-written', path, `A result must be written to a place that may be written to; got ${got}`, { cause });

/**
 * Looks whether a file can be written, before the work that it is to hold.
 *
 * @throws IoError 'not-written'
 */
export async function checkPlace(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw refusal(path, 'a folder');
  const place = found === undefined ? dirname(resolve(path)) : path;
  await access(place, constants.W_OK).catch((error: Error) => {
    throw refusal(path, error.message, error);
  });
}

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
