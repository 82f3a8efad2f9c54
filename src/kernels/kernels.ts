import type { KernelLoss } from '../loss.js';
import type { CscMatrix, DenseMatrix, Floats, Matrix, RowBlocks } from '../matrix.js';
import type { Look } from '../matrix-check.js';
import type { FactorTerms, Norm, Side, SvdTerms } from '../objective.js';
import type { Acceleration, MaskedSolver, Memory, Precision, Solver, SvdSolver, TiedForm } from '../solver.js';

/** Terms with their matrices: sparse neighbours, dense targets. */
export type KernelTerms = FactorTerms<CscMatrix, DenseMatrix>;

export type { Acceleration, MaskedSolver, Memory, Precision, Solver, SvdSolver, TiedForm };

/** All that a backend must supply. A kernel has never heard of a graph, and has no randomness: starts are passed in. */
export interface Kernels {
  readonly backend: string;
  nmf(args: NmfArgs, options?: NmfCallOptions): Promise<NmfResult>;
  nmfStreamed(args: StreamedNmfArgs, options?: NmfCallOptions): Promise<NmfResult>;
  tied(args: TiedArgs, options?: CallOptions): Promise<TiedResult>;
  encode(args: EncodeArgs, options?: CallOptions): Promise<DenseMatrix>;
  svd(args: SvdArgs, options?: CallOptions): Promise<SvdResult>;
  mse(args: MseArgs, options?: CallOptions): Promise<number>;
  deviance(args: DevianceArgs, options?: CallOptions): Promise<Deviance>;
  factorLosses(args: FactorLossesArgs, options?: CallOptions): Promise<FactorLosses>;
  multiply(args: MultiplyArgs, options?: CallOptions): Promise<DenseMatrix>;
  improve(args: ImproveArgs, options?: CallOptions): Promise<DenseMatrix>;
  /** A look at every number, on the caller's thread. */
  look(values: Floats): Look;
}

export interface CallOptions {
  /** Looked at once per half-iteration; a cancelled kernel resolves with the last accepted iterate and `stopped: 'aborted'`. */
  readonly signal?: AbortSignal | undefined;
  /** Threads to use, ≥ 1; the result is bitwise the same for any number. */
  readonly threads?: number | undefined;
  /** Told of every accepted iterate, in order, before the promise settles; what it throws ends the call. */
  readonly onIteration?: ((iterate: Iterate) => void) | undefined;
}

export interface NmfCallOptions extends CallOptions {
  /**
   * Keeps the fit in a form that a later call can go on from, as if it had never ended. Cancelled, such a fit ends between
   * two iterations. Only with nothing held out.
   */
  readonly checkpoint?: Checkpoint | undefined;
}

export interface Checkpoint {
  /** Where a call of the same backend with the same arguments was; of its start only the shape matters. null: the start. */
  readonly from: NmfState | null;
  /** Accepted iterates from one state to the next, ≥ 1; more of them where nobody had time to take one. */
  readonly every: number;
  /** Given the states, in order, before the promise settles; the last one also when the fit is cancelled. What it throws ends the call. */
  readonly save: (state: NmfState) => void;
}

/** All that a fit holds between two iterations. */
export interface NmfState {
  /** Accepted iterates so far, ≥ 1. */
  readonly iterations: number;
  /** Everything, in an order that is the backend's own. */
  readonly numbers: Float64Array;
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
  readonly W: KernelTerms;
  readonly H: KernelTerms;
  readonly solver: Solver;
  readonly accelerate: Acceleration;
  /** Most sweeps (or multiplicative updates) over a factor for each product with the data, ≥ 1. */
  readonly sweeps: number;
  readonly precision: Precision;
  readonly memory: Memory;
  /** Accepted iterates at most. */
  readonly maxIter: number;
  /** Stop once J has fallen by less than this, relatively, over five iterations. */
  readonly tol: number;
  readonly norm: Norm;
  /** Entries left out of the fit and scored; null: none. Only with solver 'hals' and accelerate 'none'. */
  readonly holdOut: HoldOut | null;
  /**
   * How entries that are missing from X are met; null: there are none. Only with solver 'hals', nothing held out, and
   * accelerate 'her' only with 'exact'.
   */
  readonly missing: MaskedSolver | null;
  /**
   * ω of ½·Σ ω_ij·(x_ij − w_i·h_j)²: for each block a matrix of its shape, or one row for all of its rows, of numbers from
   * 0 (then the entry is missing) to 1; null where each is 1. Only with `missing: 'exact'`. Default: none has any. With a
   * loss one column, for all of its columns, will do as well, and numbers may be larger than 1.
   */
  readonly weights?: readonly (Matrix | null)[] | null | undefined;
  /**
   * What is minimised is then Σ ω·ℓ(x, μ) + κ·penalties of `loss.ts`; where `isLikelihood` of it Σ −ω·log P(x) + κ·penalties,
   * with every constant. Solver 'ccd', or 'mu' with kl and without an upper bound; accelerate 'none', nothing held out,
   * `missing` null or 'exact'; W and H not negative where the loss needs μ > 0; 32 bits with kl alone. null: squares, as above.
   */
  readonly loss?: KernelLoss | null | undefined;
}

/** How many entries a sparse matrix lists. */
export interface ListedCounts {
  /** Of each feature. */
  readonly byRow: Uint32Array;
  /** Of each sample. */
  readonly byColumn: Uint32Array;
}

/** X where it isn't in memory: all of it known. */
export interface StreamedData {
  readonly rows: number;
  readonly cols: number;
  /** Of sparse data: what panels of compressed columns list. Absent: panels are dense. */
  readonly listed?: ListedCounts | undefined;
  /** Most columns that are asked for at once, but for a stretch of 64. */
  readonly together: number;
  /**
   * Columns `from` to `to` (not included), which stay until the call after next; called in order, the next while one is worked on.
   * What it throws ends the fit.
   */
  panel(from: number, to: number): Promise<Matrix>;
}

/**
 * The same for data that are walked through, panel by panel, and to the bit what `nmf` makes of them in memory, whatever the
 * panels. The native kernel walks once for each iteration tried, and twice more; once more where a factor has an upper
 * bound, and where an iterate leaves next to nothing of the data. Squares, and any solver but 'mu' and 'ccd'.
 */
export type StreamedNmfArgs = Omit<NmfArgs, 'X' | 'holdOut' | 'missing' | 'weights' | 'loss'> & {
  readonly X: StreamedData;
};

/**
 * Minimise J = ½‖X − W·H‖², or that of another loss, over W ≥ 0 alone, in 64 bits, where W gives H: H = Wᵀ ('symmetric') or
 * H = WᵀX ('projective'). Nothing may be missing.
 */
export interface TiedArgs {
  /** For 'symmetric' as many features as samples, and symmetric, which is not looked at. */
  readonly X: RowBlocks;
  readonly form: TiedForm;
  /** W, features × k, ≥ 0; the kernel multiplies it by the scalar that fits X best before it begins. */
  readonly start: DenseMatrix;
  /** Most sweeps over W for each product with the data, ≥ 1. */
  readonly sweeps: number;
  readonly memory: Memory;
  /** Accepted iterates at most. */
  readonly maxIter: number;
  /** Stop once J has fallen by less than this, relatively, over five iterations. */
  readonly tol: number;
  readonly norm: Norm;
  /** As that of an NMF; its parameters for 'symmetric' by 'global' alone. null: squares. */
  readonly loss?: KernelLoss | null | undefined;
}

/** Entries (i, j) of each block drawn by a hash of (key, i, j): the same set in any order, on any number of threads. */
export interface HoldOut {
  /** Chance of each entry to be held out, in (0, 1), to the nearest 2⁻¹⁶. */
  readonly fraction: number;
  /** One key of two 32-bit words for each block of X. */
  readonly keys: readonly (readonly [number, number])[];
  readonly solver: MaskedSolver;
  /** Which accepted iterate to return: the last, or the one of lowest held-out loss. */
  readonly keep: 'last' | 'best';
}

/**
 * Minimise ½‖X − W·H‖² + Σ_r (½·ridge_r·‖h_r‖² + linear_r·‖h_r‖₁) + ½·Σ_{r≠s} coupling_rs·⟨h_r, h_s⟩, column by column, within
 * the bounds, where ‖X − W·H‖² is over the entries that are not missing; a sample of which nothing is known gets zeros.
 * Exactly; with a coupling, which need not be convex, to a point where no coordinate can improve. It runs to its end,
 * whatever its signal says.
 */
export interface EncodeArgs {
  readonly X: RowBlocks;
  /** features × k */
  readonly W: DenseMatrix;
  /** k numbers ≥ 0; one that is infinite leaves its coefficients at zero. */
  readonly ridge: Float64Array;
  /** k numbers ≥ 0. */
  readonly linear: Float64Array;
  /** k × k, symmetric, zero on the diagonal, added to WᵀW; null: nothing. */
  readonly coupling: Float64Array | null;
  readonly nonneg: boolean;
  /** Coefficients may not rise above this, > 0; null: they may. */
  readonly upperBound: number | null;
  /**
   * Σ ℓ takes the place of ½‖X − W·H‖², and κ multiplies the other terms. Parameters are given, for all or by row: of the
   * rows of X. To where no coordinate moves by more than 1e-9 of the largest of its column, or after 1000 rounds. Default: null.
   */
  readonly loss?: KernelLoss | null | undefined;
  /** ω, as `NmfArgs` have it. Only with a loss. Default: none has any. */
  readonly weights?: readonly (Matrix | null)[] | null | undefined;
}

/**
 * Truncated SVD of A, which is X with its rows' means subtracted and deviations divided out where asked: U, d and V minimise
 * J = ½‖A − U·diag(d)·Vᵀ‖² + ½·L2·‖d‖². Of missing entries nothing counts: then the means are those for which J is least, and
 * deviations are those of what is known, n − 1.
 *
 * With `terms` the pairs are found one after the other, each in what those before it leave of A, so that
 * J = ½‖A − d·u·vᵀ‖² + ½·L2·d² + d·(L1_W·√n·‖v‖₂·‖u‖₁ + L1_H·√m·‖u‖₂·‖v‖₁) falls from step to step, within the bounds; u and v
 * have length 1, or are zero with d = 0. Where entries are missing the means are then those of what is known.
 */
export interface SvdArgs {
  readonly X: RowBlocks;
  readonly k: number;
  readonly center: boolean;
  readonly scale: boolean;
  /** How pairs are sought; with `terms` the pair that each begins from is sought by 'krylov'. */
  readonly solver: SvdSolver;
  /** ≥ 0 */
  readonly L2: number;
  readonly terms: Readonly<Record<Side, SvdTerms>> | null;
  /** Whether entries are missing. */
  readonly missing: boolean;
  /** features × block, any numbers: the search begins from Xᵀ·start. */
  readonly start: DenseMatrix;
  /** Most cycles of the search; rounds, where entries are missing; with `terms` steps for each pair. ≥ 1. */
  readonly maxIter: number;
  /**
   * Ends the search once ‖Aᵀu_r − σ_r·v_r‖₂ ≤ tol·σ₁ for all pairs; where entries are missing, once J has fallen by less than
   * this, relatively, over five rounds; with `terms`, once a step brings less than this part of what the pair has brought. ≥ 0.
   */
  readonly tol: number;
}

/** W·H (features × r, r × samples) as an estimate of X, and how much it counts where it is wrong. */
export interface Estimate {
  readonly W: DenseMatrix;
  readonly H: DenseMatrix;
  /** ω, as `NmfArgs` have it. */
  readonly weights?: readonly (Matrix | null)[] | null | undefined;
}

/** Σ ω_ij·(x_ij − w_i·h_j)² / entries, over the entries that are not missing and count more than nothing. */
export interface MseArgs extends Estimate {
  readonly X: RowBlocks;
}

/** The same of the deviances of a loss: Σ ω·d / entries. Parameters are given, and none is estimated. */
export interface DevianceArgs extends MseArgs {
  readonly loss: KernelLoss;
}

export interface Deviance {
  readonly loss: number;
  /**
   * That of the best constant: the weighted mean of what is known, for huber and mae its lower median (the least x at or
   * below which lies half of the weight).
   */
  readonly nullLoss: number;
}

/** Each known entry counts 1. */
export type FactorLossesArgs = Omit<MseArgs, 'weights'>;

/** How far data are from each factor by itself, over the entries that are not missing. */
export interface FactorLosses {
  /** ‖X‖² / entries: of a model of zeros. */
  readonly nullLoss: number;
  /** ‖X − w_r·h_r‖² / entries of each of r factors, ≥ 0, to rounding of `nullLoss`. */
  readonly factorLoss: Float64Array;
}

/** Wᵀ·X, k × samples, of a factor W (features × k); or X·Hᵀ, features × k, of a factor H (k × samples). */
export interface MultiplyArgs {
  /** Without missing entries, unless there is an estimate. */
  readonly X: RowBlocks;
  readonly factor: DenseMatrix;
  readonly side: Side;
  /** The product is then that of ω ∘ (X − estimate), zero where an entry is missing. Default: of X. */
  readonly estimate?: Estimate | undefined;
}

/**
 * Lowers ½·Σ_t by_t·Σ ω_ij·(x_ij − estimate_ij)² over a factor, within its bounds, by coordinate sweeps over each column of H
 * or row of W, which never raise it; where the factor is changed by D, the estimate of a term is by D·partner ('W') or
 * partner·D ('H'). Each column has the curvature of what is known of it.
 */
export interface ImproveArgs {
  /** features × k ('W') or k × samples ('H'). */
  readonly factor: DenseMatrix;
  readonly side: Side;
  /** Less the derivative where the factor is, of its shape: sums of what `multiply` has with an estimate. */
  readonly slope: DenseMatrix;
  readonly nonneg: boolean;
  readonly terms: readonly ImproveTerm[];
}

export interface ImproveTerm {
  /** Of these only that is looked at what is missing. */
  readonly X: RowBlocks;
  readonly weights?: Estimate['weights'];
  /** k × samples ('W') or features × k ('H'). */
  readonly partner: DenseMatrix;
  /** > 0 */
  readonly by: number;
}

export type Stopped = 'converged' | 'max-iter' | 'aborted';

export interface NmfResult {
  /** features × k, columns scaled by `norm`. */
  readonly W: DenseMatrix;
  /** k scales, falling; where a factor is drawn to a target, in the order of the target's rows. */
  readonly d: Float64Array;
  /** k × samples, rows scaled by `norm`. */
  readonly H: DenseMatrix;
  /** ‖X − W·diag(d)·H‖² / entries, each square times its weight; with a loss the mean deviance Σ ω·d / entries. */
  readonly loss: number;
  /** ‖X‖² / entries, the same of a model of zeros; null from an SVD, which does not look. With a loss see `Deviance`. */
  readonly nullLoss: number | null;
  /**
   * ‖X − w_r·d_r·h_r‖² / entries, the loss of each factor by itself, ≥ 0, each square times its weight, to rounding of
   * `nullLoss` in the numbers of the fit. A kernel may leave it null where entries are held out or missing, and an SVD does;
   * with a loss it is null.
   */
  readonly factorLoss: Float64Array | null;
  /** J, penalties included. */
  readonly objective: number;
  readonly iterations: number;
  readonly stopped: Stopped;
  /** Loss and objective of every accepted iterate. */
  readonly history: { readonly loss: Float64Array; readonly objective: Float64Array };
  /** Largest coordinate step still open, as a fraction of the largest entry of its factor; 0 at a stationary point. */
  readonly kkt: number;
  /** What was held out; null where nothing was. */
  readonly heldOut: HeldOut | null;
  /** Parameters of the loss as they are at the end, given or estimated, in the form of `KernelParameter`; null: it has none. */
  readonly dispersion?: Float64Array | null | undefined;
  readonly zeroInflation?: Float64Array | null | undefined;
}

export interface HeldOut {
  /** Entries held out. */
  readonly count: number;
  /** Mean squared error of the returned model over them. */
  readonly loss: number;
  /** That of every accepted iterate. */
  readonly history: Float64Array;
  /** The accepted iterate that is returned, from 1; 0 is the start. */
  readonly iteration: number;
}

/** For 'symmetric' H is Wᵀ to the bit. */
export interface TiedResult extends NmfResult {
  /** For 'projective' k numbers p ≥ 0: h_r = p_r·w_rᵀX, for the normalised factors; else null. */
  readonly projection: Float64Array | null;
}

/**
 * For an SVD `W`, `d`, `H` are U, d, Vᵀ, and `kkt` the largest residual ‖Aᵀu − σv‖ over σ₁; where entries are missing that of
 * the matrix that the model completes, on either side; with `terms` the largest change in the last step of a pair, as a
 * fraction of its vector's largest entry.
 */
export interface SvdResult extends NmfResult {
  /** Mean of each feature, or null when not centred. */
  readonly center: Float64Array | null;
  /** Standard deviation of each feature (n − 1; 1 where a feature is constant), or null when not scaled. */
  readonly scale: Float64Array | null;
  /**
   * ‖A − Σ_{s<r} d_s·u_s·v_sᵀ‖² over what is known, for r = 0 … k: what the first r pairs leave. Null in what an older version
   * saved.
   */
  readonly left: Float64Array | null;
}
