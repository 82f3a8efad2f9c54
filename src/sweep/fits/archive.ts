import { join } from 'node:path';
import { DIAGNOSES, LAYERS, ROWS } from '../../io/kept-file.js';
import type { DiagnosisManifest, LayerManifest, RowManifest } from '../../io/manifest.js';
import { fileShelf, memoryShelf, type Shelf } from './shelf.js';

/**
 * What is kept of a sweep beside its rows. A layer has the hash of what it holds for a name, so those that points share are kept
 * once; the fit of a point on a mask names its layers; the diagnosis of a point is over all of its masks.
 */
export interface Archive {
  readonly layers: Shelf<LayerManifest>;
  readonly fits: Shelf<RowManifest>;
  readonly diagnoses: Shelf<DiagnosisManifest>;
}

export const memoryArchive = (): Archive => ({
  layers: memoryShelf(),
  fits: memoryShelf(),
  diagnoses: memoryShelf(),
});

/** The folder beside a store. */
export const folderOf = (store: string): string => `${store}.fits`;

export function fileArchive(folder: string): Archive {
  return {
    layers: fileShelf(join(folder, 'layers'), LAYERS),
    fits: fileShelf(join(folder, 'fits'), ROWS),
    diagnoses: fileShelf(join(folder, 'diagnoses'), DIAGNOSES),
  };
}
