import type { LossOption } from '../loss.js';
import type { MaskInput } from '../mask.js';
import type { MatrixInput } from '../matrix-input.js';
import type { Norm, Side } from '../objective.js';
import type { Acceleration, Precision, Rng, Solver, StartMethod, SvdSolver } from '../solver.js';
import type { WeightsInput } from '../weights.js';

/** What a layer can say of both factors at once. */
interface SharedTerms {
  /** λ of λ·Σ_r √n_P·‖p_r‖₂·‖f_r‖₁: makes this factor sparse. ≥ 0, in units of the data; default 0. */
  readonly L1?: number | undefined;
  /** λ of ½λ·Σ_r ‖p_r‖₂²·‖f_r‖₂²: shrinks. ≥ 0, a ratio (0.1 adds 10% to the diagonal of the Gram matrix); default 0. */
  readonly L2?: number | undefined;
  /**
   * λ of λ·mn·Σ_r √(σ·s_r), where s_r = ‖w_r‖₂·‖h_r‖₂ / √(mn) is the size of factor r for an m × n matrix and σ² the mean
   * square of the data: factors die one by one as it grows. ≥ 0, in units of the data; default 0.
   */
  readonly L21?: number | undefined;
  /** λ of ½λ·Σ_{r≠s} ‖p_r‖₂·‖p_s‖₂·⟨f_r, f_s⟩: draws factors apart. ≥ 0, a ratio as for L2; default 0. Not for any sign. */
  readonly angular?: number | undefined;
  /** Entries may not rise above this, > 0; default: they may. It holds for what you get, so it needs `norm: 'none'`. */
  readonly upperBound?: number | undefined;
}

/**
 * Terms that one factor F (W or H, rows f_r of length n_F) adds to what is minimised, ½‖X − WH‖²; P is its partner.
 * They don't change when scale moves between W and H, nor grow with the data.
 */
export interface FactorOptions extends SharedTerms {
  /** Entries may not fall below zero; default true. False on W alone is semi-NMF. */
  readonly nonneg?: boolean | undefined;
  /**
   * a, features × features for W and samples × samples for H, symmetric, no number below zero: who is whose neighbour. With
   * `graphLambda`, ½λ·Σ_ij a_ij·Σ_r ‖p_r‖₂²·(f_ri − f_rj)² makes neighbours alike (the Laplacian of a: Cai et al. 2011).
   */
  readonly graph?: MatrixInput | undefined;
  /** λ of `graph`, ≥ 0, relative to the Gram matrix. */
  readonly graphLambda?: number | undefined;
  /**
   * T, in the shape of the factor (features × k or k × samples): see `computeTarget`. With `targetLambda` λ > 0 the factor
   * is drawn to it by ½λ̄·‖F − c·T‖², λ̄ = λ times the mean of ‖p_r‖₂²; with λ < 0 it is made free of the patterns of T,
   * by ½|λ|·Σ_r ‖p_r‖₂²·‖U·f_r‖₂², the rows of U an orthonormal basis of those of T. Factors that are drawn keep the order of
   * T's rows and are not sorted by d.
   */
  readonly target?: MatrixInput | undefined;
  /** λ of `target`, any number, relative to the Gram matrix; at 0 there is no such term. */
  readonly targetLambda?: number | undefined;
  /** 'factor' (default): c = ‖F‖ / ‖T‖, of the first ten iterations; 'none': c = 1. For a target with λ > 0; idle at 0. */
  readonly targetScale?: 'factor' | 'none' | undefined;
}

/** Options for one factor: `W({...})` and `H({...})` can't change places. */
export interface FactorConfig<S extends Side = Side> extends FactorOptions {
  readonly side: S;
}

/** Options for the loadings of a layer. @example nmfLayer(rna, { name: 'a', k: 5, W: W({ L1: 0.1 }) }) */
export function W(options: FactorOptions = {}): FactorConfig<'W'> {
  return Object.freeze({ ...options, side: 'W' });
}

/** Options for the embedding of a layer. @example nmfLayer(rna, { name: 'a', k: 5, H: H({ L2: 0.1 }) }) */
export function H(options: FactorOptions = {}): FactorConfig<'H'> {
  return Object.freeze({ ...options, side: 'H' });
}

export interface AddOptions {
  /**
   * Matches the factors of each branch with those of the first before they are added: the pairing whose cosines, of rows of
   * the embeddings, add up to most (Kuhn 1955). Default false: factor r of one is added to factor r of the other.
   */
  readonly align?: boolean | undefined;
}

/** How a matrix is laid out. */
export interface ConditionOptions {
  /** Default 'features-by-samples'. The other way round dense data is read so, and a sparse matrix transposed once. */
  readonly orientation?: 'features-by-samples' | 'samples-by-features' | undefined;
  /**
   * How much these rows count in what the layers that read them minimise: a `Weight`; default 1. Not for SVD layers.
   */
  readonly weight?: Weight | undefined;
}

/**
 * ω of ½·ω·‖X_m − W_m·H‖², the part of one matrix X_m in what a layer minimises: a finite number above 0, or 'balance'.
 * Balanced parts get the mean energy of all that the layer reads, ω_m = (mean over parts p of ‖X_p‖²) / ‖X_m‖², over what
 * is known, with its weights by feature, sample and entry, and as it is when the layer is fitted; a part of zeros keeps 1. Weights of one part multiply; 'balance' twice is
 * once. The layer is the plain factorization of the parts √ω_m·X_m, penalties included; its `W` is divided by √ω_m again.
 * A start and a target for W are in units of the data; an upper bound on W can't be had beside weights.
 */
export type Weight = number | 'balance';

export interface InputOptions<N extends string = string> extends ConditionOptions {
  /** The modality's name, unique among the inputs of a graph. */
  readonly name: N;
  /**
   * True: the .npy or .spz file whose path is given stays where it is, and NMF layers walk through it panel by panel, once an
   * iteration; names in it aren't taken; never more than two panels of it, of 32 MB as a rule, are in memory. Each result has the bits that it has of data in memory. For
   * what must see all data at once it is refused: other layers and losses than NMF by squares, stacks, masks and weights, sweeps.
   * Default false.
   */
  readonly stream?: boolean | undefined;
  /**
   * Entries that are to be missing beside those that are NaN: no fit and no loss sees them. `'zeros'`: the zeros of the
   * data (ratings); `{ features, samples }`: entries by place; or a matrix of zeros and ones, laid out as the data are,
   * that holds a 1 for each. Default: none.
   */
  readonly mask?: MaskInput | undefined;
  /**
   * ω of ½·Σ_ij ω_ij·(x_ij − w_i·h_j)², beside `weight`, which multiplies it: `{ features, samples, entries }`, with a number
   * for each feature (u_i), for each sample (v_j), for each entry (features × samples, laid out as the data are), and
   * ω_ij = u_i·v_j·e_ij, where what is left out is 1; or e alone, as a matrix. Finite numbers, at least 0; default 1. An
   * entry of weight 0 is missing, as one that is NaN: nothing of it reaches a fit or a loss. What a sparse matrix of weights
   * doesn't list weighs 0. Weights act where a layer reads the input; layers above have none from it.
   *
   * They compare: multiplied by one number, they change W, d, H by rounding alone, where there are no penalties. Their
   * largest is met as a `weight`, and those of features are met as such row by row: what is fitted, penalties included, has
   * √ω times the rows of data and W. Those of features count in `project` too. Those of samples and entries are met entry
   * by entry, by solver 'hals' alone, at k² multiply-adds for each known entry in each half-step; they are about the data of
   * the fit, and new samples have none. Weights are not for SVD layers, and those of samples and entries not for starts
   * from an SVD.
   *
   * @example
   * factorInput(X, { name: 'rna', weights: { samples: depths, entries: confidence } });
   */
  readonly weights?: WeightsInput | undefined;
  /** A name for each sample, no two alike: results carry them, and `factorShared` brings inputs together by them. */
  readonly sampleNames?: readonly string[] | undefined;
  /** A name for each feature, no two alike: the loadings carry them. */
  readonly featureNames?: readonly string[] | undefined;
}

/** How modalities are brought together; M are their names. */
export interface SharedOptions<M extends string = string> {
  /**
   * Which samples are stacked, by their names. 'identical': all members have the same, in the same order. 'union': all
   * that any member has, in the order in which they first appear; where a member lacks one, its entries are missing.
   * 'intersection': those that every member has, in the order of the first. Default: 'identical' where every member has
   * names; elsewhere samples are matched by place, and only their number must agree.
   */
  readonly samples?: 'identical' | 'union' | 'intersection' | undefined;
  /** How much each modality counts, by name, or 'balance' for all; see `Weight`. Default 1 each. */
  readonly weights?: 'balance' | { readonly [N in M]?: Weight | undefined } | undefined;
}

interface LayerOptions<N extends string, K extends number> {
  /** The layer's name in the fit, unique among the layers of a graph. */
  readonly name: N;
  /** Number of factors, a whole number ≥ 1. */
  readonly k: K;
  /** What an upstream layer hands on: diag(d)·H ('scaled', default: importance is kept) or H alone ('normalized'). */
  readonly embedding?: 'scaled' | 'normalized' | undefined;
  /** Seed of this layer's start, a whole number ≥ 0; default: from the graph's seed and the layer's place in it. */
  readonly seed?: number | undefined;
}

/** Options of an NMF layer; terms are for both factors, where `W` or `H` doesn't say otherwise. */
export interface NmfOptions<N extends string, K extends number> extends LayerOptions<N, K>, NmfDefaults, SharedTerms {
  /**
   * How far an estimate μ is from an entry x: what is minimised is Σ ω·ℓ(x, μ), and `loss` is reported as the mean deviance,
   * Σ 2ω·ℓ / entries.
   *
   * 'mse' (default): (x − μ)². 'kl': Poisson counts, and any data ≥ 0. 'nb', 'gp': counts that vary more, negative binomial
   * (V = μ + μ²/r) and generalized Poisson (V = μ/(1 − θ)²); r or θ is estimated unless it is given, and zeros may have
   * a kind of their own (`CountLoss`). 'gamma', 'inverse-gaussian': data > 0 whose spread grows as the mean, and as its power
   * 1.5. { name: 'tweedie', power }: V = μᵖ, p ≥ 1. { name: 'huber', delta }: squares, but sizes beyond δ, and 'mae': sizes, for data
   * with outliers.
   *
   * Zeros are data: sparse and dense versions of a matrix have one fit. Missing entries, weights, penalties, bounds and
   * targets act as with 'mse'; each λ is multiplied by 1/V at the mean of the data, so that it means about the same. Where
   * parameters are estimated `objective` is −log of the likelihood, every constant included, plus the penalties. Losses but 'mse', 'huber' and
   * 'mae' need both factors ≥ 0, and estimates of what is above zero that are below 1e-6 of the mean of the data count as that.
   * Fitted by coordinate Newton steps ('ccd': Hsieh & Dhillon 2011), 'kl' by multiplicative updates too ('mu'); the
   * objective never rises. Not with joint training or weights that are 'balance'; with 'symmetric' and 'projective' see there.
   *
   * @example
   * nmfLayer(counts, { name: 'topics', k: 10, loss: 'kl' });
   * nmfLayer(counts, { name: 'programs', k: 10, loss: { name: 'nb', dispersion: 'row' } });
   * nmfLayer(noisy, { name: 'parts', k: 5, loss: { name: 'huber', delta: 1 } });
   */
  readonly loss?: LossOption | undefined;
  /** Where the fit begins: computed (`StartMethod`, default 'random'), or given. */
  readonly start?: StartMethod | GivenStart | undefined;
  /** For both factors or for each, where `W` or `H` doesn't say otherwise. */
  readonly nonneg?: boolean | { readonly W?: boolean | undefined; readonly H?: boolean | undefined } | undefined;
  /**
   * X ≈ W·diag(d)·Wᵀ with W ≥ 0, H = Wᵀ: groups in a similarity or an adjacency matrix (Ding, He & Simon 2005). Minimises
   * ½‖X − W·diag(d)·Wᵀ‖². X (n × n) is an input, square and symmetric to 10⁻¹² of its largest magnitude; numbers below zero
   * are allowed. A new sample is a column of n similarities, and `project` finds its h ≥ 0 as for any layer. Default false.
   *
   * With another `loss` it is Σ ℓ(x, μ), μ = W·diag(d)·Wᵀ, over all entries: each pair counts twice, an entry of the diagonal once. Every
   * loss will do for data that it takes; `dispersion` and `zeroInflation` must be one number for all entries ('global', or
   * given), as a feature and a sample are the same thing here.
   */
  readonly symmetric?: boolean | undefined;
  /**
   * X ≈ W·diag(d)·H with W ≥ 0 where H is WᵀX, its rows scaled by `norm`: a projection of the data, whose parts hardly
   * overlap (Yuan & Oja 2005). Minimises ½‖X − W·diag(u)·WᵀX‖² over W ≥ 0 and u ≥ 0. H is ≥ 0 where X is, and has the signs
   * that X gives it elsewhere. The embedding of a new sample x is h_r = p_r·w_rᵀx, p as in the fit: `project` multiplies, and
   * needs every entry of x; a sample with one missing is NaN there, and without one of its modalities the layer is left out.
   * Default false.
   *
   * With another `loss` it is Σ ℓ(x, μ), μ = W·diag(u)·WᵀX: every loss will do for data that it takes, with parameters by feature and by
   * sample too. 'huber' and 'mae' take data of any sign.
   *
   * Neither form goes with the other, with another `solver`, with `accelerate`, `precision: 'f32'`, starts that are not
   * random, terms of W and H, weights, or missing entries. Their objective never rises: each iteration ends at the lowest point
   * of the way from W to a half-step of it, where J is a polynomial of degree four. One product with the data an iteration for
   * `symmetric`, two for `projective`. With another loss than 'mse' the half-step is that of the loss, on the slope that J has
   * in truth, and the way is looked along at two or three points (more while J is lower at none). It then costs about a
   * half-step of an NMF by that loss for `symmetric`, two for `projective`: of sparse data the entries that are stored for
   * 'kl', and 'gp' without zero inflation, every entry for others (see `explain`).
   */
  readonly projective?: boolean | undefined;
}

/**
 * Factors to begin from; H is then multiplied by the one number that fits the data best, on which the first step of 'bpp',
 * and of 'mu' without penalties, doesn't depend.
 */
export interface GivenStart {
  /** features × k, all rows that the layer reads; no negative numbers unless W may have them. */
  readonly W: MatrixInput;
  /** k × samples; no negative numbers unless H may have them. */
  readonly H: MatrixInput;
}

export interface NmfSpec<N extends string = string, K extends number = number> extends NmfOptions<N, K> {
  /** Terms of the loadings, made by `W({ … })`. */
  readonly W?: FactorConfig<'W'> | undefined;
  /** Terms of the embedding, made by `H({ … })`. */
  readonly H?: FactorConfig<'H'> | undefined;
}

/** What an SVD layer can ask of one factor: `L1` and `nonneg` of `W({ … })` and `H({ … })`; other terms are refused. */
type SvdFactor<S extends Side> = Pick<FactorOptions, 'L1' | 'nonneg'> & { readonly side: S };

/**
 * Options of an SVD layer, which minimises ½‖A − U·diag(d)·Vᵀ‖² + ½·L2·‖d‖² for the data A (features × samples), centred and
 * scaled where asked. W is U (features × k), H is Vᵀ (k × samples), both orthonormal, and d falls; with L2 it is σ / (1 + L2).
 *
 * Missing entries count nothing: they are filled in with the model, round after round (expectation–maximisation), and no round
 * raises the objective over what is known. The means are fitted with the factors; deviations are those of what is known.
 *
 * With `L1`, or `nonneg: true`, for either factor, pairs u, v are found one after the other, each in what those before it leave
 * of A (deflation: Shen & Huang 2008; Witten and others 2009), as the minimum of ½‖A − d·u·vᵀ‖² + ½·L2·d² + the L1 terms of
 * `FactorOptions`, which falls from step to step and from pair to pair. Columns of W and rows of H have length 1, or are zero
 * with d = 0 where nothing was left to win, but are not at right angles; they keep the order in which they were found, so d
 * mostly falls. A pair is the best by itself, not beside those that follow.
 *
 * @example
 * svdLayer(x, { name: 'axes', k: 5, center: true, W: W({ L1: 0.1 }) }) // sparse PCA
 */
export interface SvdSpec<N extends string = string, K extends number = number> extends LayerOptions<N, K> {
  /** Subtract each feature's mean first (PCA); default false. Undone in every reconstruction. Not with `nonneg` of H. */
  readonly center?: boolean | undefined;
  /** Divide each feature by its standard deviation (n − 1) first; default false. Undone in every reconstruction. */
  readonly scale?: boolean | undefined;
  /**
   * How pairs are sought: see `SvdSolver`; default 'krylov'. All end at the same pairs, by the same rule; on data whose σ are
   * close together 'randomized' takes many more cycles. Not with `L1` or `nonneg`.
   */
  readonly solver?: SvdSolver | undefined;
  /** λ of ½λ·Σ_r d_r²: shrinks, and keeps what few entries tell about within bounds. ≥ 0, a ratio; default 0. */
  readonly L2?: number | undefined;
  /** λ of the L1 terms of both factors, where `W` or `H` doesn't say otherwise; ≥ 0, in units of A; default 0. */
  readonly L1?: number | undefined;
  /** Entries of both factors, or of one, may not fall below zero, where `W` or `H` doesn't say otherwise; default false. */
  readonly nonneg?: boolean | { readonly W?: boolean | undefined; readonly H?: boolean | undefined } | undefined;
  /** Terms of the loadings: `W({ L1, nonneg })`. */
  readonly W?: SvdFactor<'W'> | undefined;
  /** Terms of the embedding: `H({ L1, nonneg })`. */
  readonly H?: SvdFactor<'H'> | undefined;
  /**
   * Most cycles of the search, a whole number ≥ 1; default 100 for 'krylov', 1000 for the others. With missing entries most
   * rounds, default 500; with `L1` or `nonneg` most steps for each pair, default 500.
   */
  readonly maxIter?: number | undefined;
  /**
   * Largest residual ‖Aᵀu − σv‖₂ as a fraction of σ₁, ≥ 0; default 1e-10. With missing entries: stop once the objective has
   * fallen by less than this, relatively, over five rounds; default 1e-5. With `L1` or `nonneg`: once a step brings less than
   * this part of what the pair has brought; default 1e-10.
   */
  readonly tol?: number | undefined;
}

/** Options of NMF layers that a whole graph can set at once. */
interface NmfDefaults {
  /**
   * How each factor is solved for while the other stands still. 'hals' (default): exact coordinate steps; the objective
   * never rises. 'bpp': exactly, by block principal pivoting (Kim & Park 2011); `alternatingNnls` is the same outside a graph,
   * half-step by half-step. 'mu': multiplicative updates (Lee & Seung 2001), H first, for non-negative data and factors;
   * nothing is added to denominators, since what is zero stays zero. 'cholesky': least squares, then clipped at zero: a heuristic that may raise
   * the objective. Layers with another `loss` than 'mse' have 'ccd' (default, and theirs alone) or, of 'kl',
   * 'mu'.
   */
  readonly solver?: Solver | undefined;
  /**
   * 'her': extrapolation with restarts (Ang & Gillis 2019), for 'hals' and 'bpp'; still no accepted iterate raises the
   * objective. Default: 'her' for 'hals', 'none' otherwise, and for ranks above 6 with up to 40% of the data missing, where
   * 'her' gives each column a Gram matrix of its own: fewer iterations, each dearer.
   */
  readonly accelerate?: Acceleration | undefined;
  /**
   * Most sweeps over a factor for each product with the data, for 'hals', 'mu' and 'ccd': a whole number ≥ 1, or 'auto'
   * (default): 1 for 'mu', 2 for 'ccd', and for 'hals' as many as take half as long as the products, by a model of what both cost.
   */
  readonly sweeps?: number | 'auto' | undefined;
  /**
   * Numbers that products and factors are held in while a layer is fitted. 'auto' (default): 'f32' where all data that
   * the layer reads are inputs or conditions held in Float32Arrays (of magnitudes within 1e-15 … 1e15), else 'f64'.
   * Results are Float64Arrays either way.
   */
  readonly precision?: 'auto' | Precision | undefined;
  /**
   * Random starts that are raced over ten iterations, a whole number ≥ 1, default 1; the one of lowest objective (the
   * first, among equals) is then fitted in full, from its start. Only with start 'random'.
   */
  readonly restarts?: number | undefined;
  /**
   * Where random starts come from. 'counter' (default): each number is a function of the seed and its place. 'R': as R's
   * `runif` draws them (see `rRandom`), W and then H, each column by column, after `set.seed(seed + s)`: the seed of the graph
   * and the place of the layer in the order of fitting, s = 0, 1, …, or the layer's own seed and s = 0; modulo 2³¹. Further
   * `restarts` go on where the one before ended; a symmetric or projective layer draws W alone. Only with start 'random'.
   */
  readonly rng?: Rng | undefined;
  /** Most iterations (one update of H and W each), a whole number ≥ 1; default 100. */
  readonly maxIter?: number | undefined;
  /** Stop once the objective has fallen by less than this, relatively, over five iterations; ≥ 0, default 1e-4. */
  readonly tol?: number | undefined;
  /**
   * Columns of W and rows of H sum to 1 ('L1', default), have length 1 ('L2'), or keep the scale themselves ('none',
   * d = 1). A column of W is the whole column: all modalities of a `factorShared` and the rows of conditions together.
   */
  readonly norm?: Norm | undefined;
}

/** Options of a whole graph; all but `seed` are for NMF layers that don't set their own. */
export interface GraphConfig extends NmfDefaults {
  /** Where fits begin: see `StartMethod`; default 'random'. */
  readonly start?: StartMethod | undefined;
  /**
   * 'layerwise' (default): each layer is fitted to what it reads, upstream first. 'joint': then all layers at once, in
   * rounds over their factors, lower the loss of the data reconstructed through the whole graph, so that deep layers shape
   * early ones. It takes graphs of NMF and SVD layers without penalties; with missing entries and weights, the loss is
   * ½·Σ ω·(x − x̂)² over what is known of the data, ω = 1/s² for a feature that an SVD divides by its deviation s.
   */
  readonly training?: 'layerwise' | 'joint' | undefined;
  /**
   * Weight γ in (0, 1] of the loss from the output in joint training; the losses of the data through each other layer's own
   * embedding share 1 − γ. Default 1: layers below have no embedding of their own, theirs is what the output makes of it;
   * where that may be negative, an H that is to be ≥ 0 is refused.
   */
  readonly coupling?: number | undefined;
  /** Most rounds of joint training, a whole number ≥ 1; default 200. It ends once five bring less than `tol`. */
  readonly rounds?: number | undefined;
  /** Whole number ≥ 0: one seed gives bitwise one result. Default: drawn at each fit and recorded in `summary.seed`. */
  readonly seed?: number | undefined;
}
