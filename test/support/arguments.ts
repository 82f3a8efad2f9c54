import { affordableSweeps } from '../../src/compiler/sweeps.js';
import type { NmfArgs } from '../../src/kernels/kernels.js';
import { type RowBlocks, storedValues, totalRows } from '../../src/matrix.js';
import { NO_TERMS } from '../../src/objective.js';

/** The arguments with which a layer without options calls its kernel; options override. */
export function nmfArgs(X: RowBlocks, start: NmfArgs['start'], options: Partial<NmfArgs> = {}): NmfArgs {
  const nonzeros = X.reduce((sum, block) => sum + storedValues(block).filter((x) => x !== 0).length, 0);
  const size = { shape: [totalRows(X), X[0].cols], nonzeros } as const;
  return {
    X,
    start,
    W: NO_TERMS,
    H: NO_TERMS,
    solver: 'hals',
    accelerate: 'her',
    sweeps: affordableSweeps(size, start.W.cols),
    precision: 'f64',
    memory: 'normal',
    maxIter: 100,
    tol: 1e-4,
    norm: 'L1',
    holdOut: null,
    missing: null,
    ...options,
  };
}
