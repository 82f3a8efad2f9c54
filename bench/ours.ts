import { factorInput, factorNet, type Matrix, nmfLayer, type Progress } from '../src/index.js';
import type { CallOptions, HoldOut, Kernels, NmfArgs, NmfResult, Precision } from '../src/kernels/kernels.js';
import { type DenseMatrix, dense, scaleRows } from '../src/matrix.js';
import { NO_TERMS } from '../src/objective.js';
import { wall } from './clock.js';
import { random } from './random.js';

export interface Start {
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
}

/** Uniform factors, for every program the same. */
export function startOf(X: Matrix, k: number, seed: number): Start {
  const next = random(1000 + seed);
  const draw = (rows: number, cols: number) => dense(rows, cols, Float64Array.from({ length: rows * cols }, next));
  return { W: draw(X.rows, k), H: draw(k, X.cols) };
}

export interface FitRequest {
  readonly X: Matrix;
  readonly start: Start;
  readonly iterations: number;
  readonly threads: number;
}

/** One layer on the matrix, from a given start, to run for so many iterations. */
export function graphOf({ X, start, iterations }: Omit<FitRequest, 'threads'>) {
  const options = { name: 'a', k: start.H.rows, start, maxIter: iterations, tol: 0 } as const;
  return factorNet(nmfLayer(factorInput(X, { name: 'x' }), options), { seed: 1 });
}

/** All that a user pays for: the matrix is checked, the graph compiled, the fit summarised. */
export const runGraph = (request: FitRequest, onProgress?: (progress: Progress) => void) =>
  graphOf(request).fit({ threads: request.threads, backend: 'native', onProgress });

export async function fitGraph(request: FitRequest, onProgress?: (progress: Progress) => void) {
  const { seconds, value } = await wall(
    () => runGraph(request, onProgress),
    () => runGraph({ ...request, iterations: 1 }),
  );
  const { W, d, H } = value.a;
  return { seconds, W, d, H };
}

export interface KernelRequest extends FitRequest {
  readonly precision: Precision;
  readonly accelerate?: NmfArgs['accelerate'];
  readonly holdOut?: HoldOut | null;
}

/** What one kernel call is given: as `fitGraph` has it, but for what is asked otherwise. */
export function kernelArgs(request: KernelRequest): NmfArgs {
  const step = graphOf(request).plan.fit.find(({ op }) => op === 'nmf');
  if (step?.op !== 'nmf') throw new Error('the plan of one layer has one nmf step');
  const { solver, accelerate, sweeps, maxIter, tol, norm } = step.args;
  return {
    ...{
      X: [request.X],
      start: request.start,
      W: NO_TERMS,
      H: NO_TERMS,
      solver,
      sweeps,
      maxIter,
      tol,
      norm,
      memory: 'normal',
    },
    precision: request.precision,
    accelerate: request.accelerate ?? accelerate,
    holdOut: request.holdOut ?? null,
    missing: null,
  };
}

/** One kernel call, without graph and plan. */
export async function fitKernel(
  kernels: Kernels,
  request: KernelRequest,
  options?: CallOptions,
): Promise<NmfResult & { readonly seconds: number }> {
  const { threads } = request;
  const args = kernelArgs(request);
  const { seconds, value } = await wall(
    () => kernels.nmf(args, { threads, ...options }),
    () => kernels.nmf({ ...args, maxIter: 1 }, { threads }),
  );
  return { ...value, seconds };
}

/** Mean squared error per entry of W·diag(d)·H, over 64-bit data, whoever made the factors. */
export function evaluate(
  kernels: Kernels,
  X: Matrix,
  { W, d, H }: { readonly W: DenseMatrix; readonly d?: Float64Array; readonly H: DenseMatrix },
): Promise<number> {
  return kernels.mse({ X: [X], W, H: d === undefined ? H : scaleRows(H, d) });
}
