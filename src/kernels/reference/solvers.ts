import type { Solver } from '../kernels.js';
import type { ColumnSolver, Quadratic } from './quadratic.js';
import { bpp } from './solvers/bpp.js';
import { cholesky } from './solvers/cholesky.js';
import { hals } from './solvers/hals.js';
import { mu } from './solvers/mu.js';

/** Every way to improve the columns of a factor; `sweeps` is for those that go step by step. */
export const solvers: Readonly<Record<Solver, (q: Quadratic, sweeps: number) => ColumnSolver>> = {
  hals,
  mu,
  cholesky,
  bpp,
};
