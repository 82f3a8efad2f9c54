/** How an NMF is computed: words that options, plans and kernels share. */

/**
 * How a half-step solves for one factor while the other stands still: 'hals' by exact coordinate steps, 'mu' by
 * multiplicative updates, 'bpp' exactly, 'cholesky' without bounds and then clipped (a heuristic that may raise J). 'ccd', of
 * losses other than squares, by coordinate Newton steps (Hsieh & Dhillon 2011).
 */
export type Solver = 'hals' | 'mu' | 'cholesky' | 'bpp' | 'ccd';
/** Those for squares. */
export type SquaresSolver = Exclude<Solver, 'ccd'>;

/** Whether half-steps of 'hals' and 'bpp' begin from extrapolated factors (HER: Ang & Gillis 2019). */
export type Acceleration = 'her' | 'none';

/**
 * How half-steps meet entries that they may not see: 'em' with one Gram matrix for all columns, corrected by what the
 * model has for those entries (scaled expectation–maximisation: Srebro & Jaakkola 2003), 'exact' with one for each column.
 */
export type MaskedSolver = 'em' | 'exact';

/**
 * Factorizations in which W gives H: 'symmetric', X ≈ W·diag(d)·Wᵀ of a square symmetric X, and 'projective',
 * X ≈ W·diag(d)·(WᵀX), a projection of the data onto W.
 */
export type TiedForm = 'symmetric' | 'projective';

/** Numbers that products and factors are held in; sums of many are always 64 bits wide. */
export type Precision = 'f64' | 'f32';

/** Where random starts come from: numbers of our own, each a function of its place, or those that R draws after `set.seed`. */
export type Rng = 'counter' | 'R';

/** Most threads that a call may ask for. */
export const MOST_THREADS = 1024;

/** 'low' keeps no transpose of sparse data: slower, the same bits. */
export type Memory = 'normal' | 'low';

/**
 * Starts that are computed. 'random': uniform on (0, 1). From a truncated SVD of the data: 'nndsvd', the larger of the
 * positive and the negative part of each pair of vectors (Boutsidis & Gallopoulos 2008), which leaves many zeros;
 * 'nndsvda', the same with √mean in place of zeros, so that two of them multiply to the mean of the data; 'svd', the
 * magnitudes |u|√σ and √σ|v|. Factors beyond the rank of the data begin small and at random.
 */
export type StartMethod = 'random' | 'nndsvd' | 'nndsvda' | 'svd';

/**
 * How a truncated SVD is sought: 'krylov' by restarted block Krylov iteration (Musco & Musco 2015), 'lanczos' by
 * Golub–Kahan bidiagonalization one vector at a time, reorthogonalised and thickly restarted (Baglama & Reichel 2005),
 * 'randomized' by powers of a random subspace (Halko, Martinsson & Tropp 2011).
 */
export type SvdSolver = 'krylov' | 'lanczos' | 'randomized';
