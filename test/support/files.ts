import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { IoError, type ReadMatrixOptions, readMatrix } from '../../src/index.js';

/** A folder for the files of a test, which goes when its tests are done. */
export function testFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'factorloom-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  let files = 0;
  const place = (name: string) => join(folder, name);
  /** A file of these bytes, or of this text. */
  const file = async (bytes: Uint8Array | string, ending: string): Promise<string> => {
    const path = place(`${files++}.${ending}`);
    await writeFile(path, bytes);
    return path;
  };
  return { folder, place, file };
}

/** What is wrong with a file. */
export async function faultOf(path: string, options: ReadMatrixOptions = {}): Promise<IoError> {
  const error = await readMatrix(path, options).catch((reason: unknown) => reason);
  if (!(error instanceof IoError)) throw new Error(`an IoError, not ${String(error)}`);
  expect(error.path).toBe(path);
  return error;
}
