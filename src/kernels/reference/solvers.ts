import { KernelError } from '../../errors.js';
import type { Solver, SquaresSolver } from '../../solver.js';
import type { ColumnSolver, Quadratic } from './quadratic.js';
import { bpp } from './solvers/bpp.js';
import { cholesky } from './solvers/cholesky.js';
import { hals } from './solvers/hals.js';
import { mu } from './solvers/mu.js';

/** Every way to improve the columns of a factor; `sweeps` is for those that go step by step. */
export const solvers: Readonly<Record<SquaresSolver, (q: Quadratic, sweeps: number) => ColumnSolver>> = {
  hals,
  mu,
  cholesky,
  bpp,
};

/** @throws KernelError 'invalid-argument' for one that is not for squares. */
export function solverNamed(name: Solver): (q: Quadratic, sweeps: number) => ColumnSolver {
  if (name === 'ccd') throw new KernelError('invalid-argument', "solver 'ccd' needs a loss");
  return solvers[name];
}
