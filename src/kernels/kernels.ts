import type { DenseMatrix, RowBlocks } from '../matrix.js';
import type { FactorTerms, Norm } from '../objective.js';

/** All that a backend must supply. A kernel has never heard of a graph, and has no randomness: starts are passed in. */
export interface Kernels {
  readonly backend: string;
  nmf(args: NmfArgs, options?: CallOptions): Promise<NmfResult>;
  svd(args: SvdArgs, options?: CallOptions): Promise<SvdResult>;
  mse(args: MseArgs, options?: CallOptions): Promise<number>;
}

export interface CallOptions {
  /** Looked at once per half-iteration; a cancelled kernel resolves with the last accepted iterate and `stopped: 'aborted'`. */
  readonly signal?: AbortSignal | undefined;
  /** Threads to use, ≥ 1; the result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** Told of every accepted iterate, in order, before the promise settles; what it throws ends the call. */
  readonly onIteration?: ((iterate: Iterate) => void) | undefined;
}

export interface Iterate {
  readonly iteration: number;
  readonly loss: number;
  readonly objective: number;
}

/** Minimise J of `objective.ts` over X (features × samples, given as row blocks) ≈ W·diag(d)·H from a given start. */
export interface NmfArgs {
  readonly X: RowBlocks;
  /** features × k and k × samples; the kernel multiplies H by the scalar that fits X best before it begins. */
  readonly start: { readonly W: DenseMatrix; readonly H: DenseMatrix };
  readonly W: FactorTerms;
  readonly H: FactorTerms;
  readonly maxIter: number;
  /** Stop once J has fallen by less than this, relatively, over five iterations. */
  readonly tol: number;
  /** Coordinate sweeps over a factor for each product with the data. */
  readonly sweeps: number;
  readonly norm: Norm;
}

/** Truncated SVD of X, with its rows' means subtracted and deviations divided out where asked. */
export interface SvdArgs {
  readonly X: RowBlocks;
  readonly k: number;
  readonly center: boolean;
  readonly scale: boolean;
  /** features × block, any numbers: the subspace search begins from Xᵀ·start. */
  readonly start: DenseMatrix;
  readonly maxIter: number;
  /** Largest residual ‖Xᵀu_r − σ_r·v_r‖₂ allowed, as a fraction of σ₁. */
  readonly tol: number;
}

/** Mean squared difference of X (features × samples) and W·H (features × r, r × samples). */
export interface MseArgs {
  readonly X: RowBlocks;
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
}

export type Stopped = 'converged' | 'max-iter' | 'aborted';

export interface NmfResult {
  /** features × k, columns scaled by `norm`. */
  readonly W: DenseMatrix;
  /** k scales, falling. */
  readonly d: Float64Array;
  /** k × samples, rows scaled by `norm`. */
  readonly H: DenseMatrix;
  /** ‖X − W·diag(d)·H‖² / entries. */
  readonly loss: number;
  /** J, penalties included. */
  readonly objective: number;
  readonly iterations: number;
  readonly stopped: Stopped;
  /** Loss and objective of every accepted iterate. */
  readonly history: { readonly loss: Float64Array; readonly objective: Float64Array };
  /** Largest coordinate step still open, as a fraction of the largest entry of its factor; 0 at a stationary point. */
  readonly kkt: number;
}

/** For an SVD `W`, `d`, `H` are U, σ, Vᵀ, `objective` is ½‖residual‖² of the centred and scaled matrix, `kkt` the largest residual over σ₁. */
export interface SvdResult extends NmfResult {
  /** Mean of each feature, or null when not centred. */
  readonly center: Float64Array | null;
  /** Standard deviation of each feature (n − 1; 1 where a feature is constant), or null when not scaled. */
  readonly scale: Float64Array | null;
}
