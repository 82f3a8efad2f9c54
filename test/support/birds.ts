import type { CscMatrix } from '../../src/index.js';
import { readJson, readMtx } from './shared-data.js';

/** Counts of 183 birds in 1183 cells of Hawaii, with the island of each cell and where it lies. */
export function hawaiiBirds(): {
  readonly X: CscMatrix;
  readonly islands: readonly string[];
  readonly places: readonly (readonly [number, number])[];
} {
  const meta = readJson('hawaiibirds.meta.json') as {
    readonly island: readonly string[];
    readonly lat: readonly number[];
    readonly lng: readonly number[];
  }; // the file's own form
  return {
    X: readMtx('hawaiibirds.mtx'),
    islands: meta.island,
    places: meta.lat.map((lat, j) => [lat, meta.lng[j]] as const),
  };
}
