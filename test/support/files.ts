import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { IoError, type Matrix, type ReadMatrixOptions, readMatrix } from '../../src/index.js';

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

/** Whether it is a matrix as all that is built on it takes it to be. */
export function expectSound(matrix: Matrix): void {
  if (matrix.kind === 'dense') {
    expect(matrix.data.length).toBe(matrix.rows * matrix.cols);
    return;
  }
  const { rows, cols, indptr, indices, values } = matrix;
  expect([indptr.length, indptr[0], indptr[cols]]).toEqual([cols + 1, 0, indices.length]);
  expect(values.length).toBe(indices.length);
  for (let j = 0; j < cols; j++) {
    if (indptr[j] > indptr[j + 1]) throw new Error(`column ${j} ends before it begins`);
    for (let p = indptr[j]; p < indptr[j + 1]; p++)
      if (indices[p] >= rows || (p > indptr[j] && indices[p] <= indices[p - 1])) throw new Error(`index ${p}`);
  }
}
