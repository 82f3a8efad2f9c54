import type { CscMatrix, DenseMatrix } from '../../src/index.js';
import { column } from '../../src/matrix.js';
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

/** Σ_l n_l·‖c_l − g‖² / Σ_l Σ_{j∈l} ‖h_j − c_l‖², c_l being the mean of H over label l and g that over all samples. */
export function separability(H: DenseMatrix, labels: readonly unknown[]): number {
  const meanOf = (samples: readonly number[]) =>
    Array.from(
      { length: H.rows },
      (_, r) => samples.reduce((sum, j) => sum + H.data[r + j * H.rows], 0) / samples.length,
    );
  const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a, (x, r) => (x - b[r]) ** 2).reduce((sum, x) => sum + x, 0);
  const grand = meanOf(labels.map((_, j) => j));
  let between = 0;
  let within = 0;
  for (const label of new Set(labels)) {
    const own = labels.flatMap((other, j) => (other === label ? [j] : []));
    const center = meanOf(own);
    between += own.length * distance(center, grand);
    for (const j of own) within += distance(column(H, j), center);
  }
  return between / within;
}
