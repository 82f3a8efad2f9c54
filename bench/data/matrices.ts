import type { CscMatrix, Matrix } from '../../src/index.js';
import { haveSharedData, readNpy } from '../../test/support/shared-data.js';
import { Skip } from '../context.js';
import { lowRankCounts, lowRankDense } from './generate.js';
import { readSparse } from './read.js';

export type Counts = CscMatrix & { readonly values: Float32Array };

/** A matrix of 64-bit numbers that is made or read when it is first asked for, once. */
function once<T extends Matrix>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

export const aml = once(() => {
  if (!haveSharedData) throw new Skip('../shared/data/aml.npy is not there');
  return readNpy('aml.npy');
});
export const hawaiibirds = once(() => readSparse('data/hawaiibirds.mtx'));
export const pbmc3k = once(() => readSparse('data/pbmc3k.mtx.gz'));
export const synthetic = once(() => lowRankDense(4000, 3000, 32, 20251122));

/** A matrix, or null where its file isn't beside the project. */
export function orNull(make: () => Matrix): Matrix | null {
  try {
    return make();
  } catch (error) {
    if (error instanceof Skip) return null;
    throw error;
  }
}

/** The size that RcppML's documentation times on a GPU; not kept, for it is 270 MB. */
export const headlineCounts = (quick: boolean): Counts =>
  quick ? lowRankCounts(1000, 4000, 20, 0.165, 20251122) : lowRankCounts(5000, 40000, 20, 0.165, 20251122);

/** The same numbers, 32 bits wide. */
export function narrow(X: Matrix): Matrix {
  return X.kind === 'dense' ? { ...X, data: Float32Array.from(X.data) } : { ...X, values: Float32Array.from(X.values) };
}

export const describe = (X: Matrix): string =>
  `${X.rows} × ${X.cols}${X.kind === 'csc' ? `, ${X.values.length.toLocaleString('en')} nonzeros` : ' dense'}`;
