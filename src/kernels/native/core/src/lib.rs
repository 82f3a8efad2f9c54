//! Numerical kernels of factorloom: nonnegative matrix factorization and truncated SVD over stacked row blocks.
//!
//! Features are rows and samples are columns. Results are bitwise the same for any number of threads, and the crate
//! knows nothing of who calls it. Fits run on the rayon pool they are called in; see [`pool::with_threads`].

mod factor;
mod half_step;
mod kkt;
#[allow(unsafe_code)]
pub mod leaves;
mod momentum;
mod pages;
mod parallel;
mod processors;
mod progress;
mod quadratic;
mod sparse;
/// The data as one factor sees them.
pub mod view;
mod wide_awake;

/// Terms that link the columns of a factor to one another or to a target.
pub mod column_terms;
/// Watching and ending a fit.
pub mod control;
/// X as row blocks, dense and sparse.
pub mod data;
pub mod difference;
/// The H of given W and X.
pub mod encode;
/// What a kernel can fail with.
pub mod error;
/// A look at every entry.
pub mod examine;
/// What each factor of a model leaves of the data by itself.
pub mod factor_losses;
pub mod hold_out;
/// A factor of a model, given how its squares go down.
pub mod improve;
pub mod losses;
/// Owned matrices.
pub mod matrix;
/// Arrays: zeros, and such as begin on a cache line.
pub mod memory;
/// Mean squared difference of data and model.
pub mod mse;
/// Data times a factor.
pub mod multiply;
pub mod nmf;

/// What is minimised beside ‖X − W·H‖².
pub mod objective;
pub mod orthogonal;
/// Factors, factor-contiguous.
pub mod panel;
/// Threads.
pub mod pool;
/// W·X and H·Xᵀ.
pub mod products;
/// Sums, in a fixed order.
pub mod reduce;
/// ‖X − W·H‖², entry by entry.
pub mod residual;
/// Where the scale of a model is kept.
pub mod scale;
#[allow(unsafe_code)]
pub mod simd;
/// Ways to solve a half-step.
pub mod solver;
pub mod stream;
pub mod svd;
pub mod tied;
