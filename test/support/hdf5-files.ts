import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const data = fileURLToPath(new URL('../data/hdf5', import.meta.url));

/** HDF5 files that other tools wrote: `test/data/hdf5/make.py` says what is in them. */
export const HDF5_FILES = ['layers.h5ad', 'dense.h5ad', 'csc.h5ad', 'before-0.8.h5ad', 'before-0.7.h5ad', 'ranger3.h5', 'ranger2.h5', 'arrays.h5'] as const; // biome-ignore format: a list

export const hdf5Bytes = (name: (typeof HDF5_FILES)[number]): Uint8Array =>
  gunzipSync(readFileSync(join(data, `${name}.gz`)));

/** Puts all of them into a folder. */
export function unpackHdf5(folder: string): void {
  for (const name of HDF5_FILES) writeFileSync(join(folder, name), hdf5Bytes(name));
}
