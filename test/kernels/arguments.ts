import type { Acceleration, HoldOut, KernelTerms, NmfArgs, Solver, SvdArgs } from '../../src/kernels/kernels.js';
import { type RowBlocks, totalRows } from '../../src/matrix.js';
import { NO_TERMS } from '../../src/objective.js';
import { uniform } from '../support/matrices.js';

/** No penalties, no negative entries. */
export const PLAIN: KernelTerms = NO_TERMS;
export type NmfOptions = Partial<Omit<NmfArgs, 'X' | 'start'>> & { readonly seed?: number };

/** Terms of both factors that every law about them is tried with. */
export const PENALTIES: readonly (readonly [string, NmfOptions])[] = [
  ['plain', {}],
  ['L1 on H', { H: { ...PLAIN, L1: 0.05 } }],
  ['L1 on W', { W: { ...PLAIN, L1: 0.05 } }],
  ['L2 on both', { W: { ...PLAIN, L2: 0.2 }, H: { ...PLAIN, L2: 0.1 } }],
  ['L1 and L2 on both', { W: { ...PLAIN, L1: 0.02, L2: 0.2 }, H: { ...PLAIN, L1: 0.03, L2: 0.1 } }],
  ['semi-NMF', { W: { ...PLAIN, nonneg: false } }],
  ['semi-NMF with L1', { W: { ...PLAIN, nonneg: false, L1: 0.05 }, H: { ...PLAIN, L1: 0.05 } }],
];

/** Every way to fit; a new one is tested by being named. */
export const METHODS: readonly { readonly solver: Solver; readonly accelerate: Acceleration }[] = [
  { solver: 'hals', accelerate: 'her' },
  { solver: 'hals', accelerate: 'none' },
  { solver: 'bpp', accelerate: 'her' },
  { solver: 'bpp', accelerate: 'none' },
  { solver: 'mu', accelerate: 'none' },
  { solver: 'cholesky', accelerate: 'none' },
];

/** The penalties that a solver takes. */
export const penaltiesFor = (solver: Solver) =>
  PENALTIES.filter(([, { W }]) => solver !== 'mu' || W === undefined || W.nonneg);

/** A hold-out, with a key for each of up to three blocks; options override. */
export function held(blocks: number, options: Partial<HoldOut> = {}): NmfOptions {
  const keys = (
    [
      [11, 12],
      [0xdeadbeef, 14],
      [15, 0xffffffff],
    ] as const
  ).slice(0, blocks);
  return { accelerate: 'none', holdOut: { fraction: 0.1, keys, solver: 'em', keep: 'last', ...options } };
}

/** Arguments of an NMF call with a seeded start; options override. */
export function nmfArgs(X: RowBlocks, k: number, { seed = 1, ...options }: NmfOptions = {}): NmfArgs {
  const start = { W: uniform(totalRows(X), k, seed), H: uniform(k, X[0].cols, seed + 1) };
  return {
    X,
    start,
    W: PLAIN,
    H: PLAIN,
    solver: 'hals',
    accelerate: 'her',
    sweeps: 5,
    precision: 'f64',
    memory: 'normal',
    maxIter: 200,
    tol: 1e-6,
    norm: 'L1',
    holdOut: null,
    missing: null,
    ...options,
  };
}

export function svdArgs(X: RowBlocks, k: number, options: Partial<SvdArgs> = {}): SvdArgs {
  const m = totalRows(X);
  const block = Math.min(k + 8, m, X[0].cols);
  const plain = { center: false, scale: false, solver: 'krylov', L2: 0, terms: null, missing: false } as const;
  return { X, k, ...plain, start: uniform(m, block, 3), maxIter: 100, tol: 1e-10, ...options };
}
