//! Numerical kernels of factorloom: nonnegative matrix factorization and truncated SVD over stacked row blocks.
//!
//! Features are rows and samples are columns. Results are bitwise the same for any number of threads, and the crate
//! knows nothing of who calls it. Fits run on the rayon pool they are called in; see [`pool::with_threads`].

mod factor;
mod memory;
mod parallel;
mod rows;
mod tile;

/// Watching and ending a fit.
pub mod control;
/// X as row blocks, dense and sparse.
pub mod data;
/// What a kernel can fail with.
pub mod error;
/// Owned matrices and panels.
pub mod matrix;
/// Mean squared difference of data and model.
pub mod mse;
/// Non-negative matrix factorization.
pub mod nmf;
/// What is minimised beside ‖X − W·H‖².
pub mod objective;
pub mod orthogonal;
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
pub mod svd;
/// Coordinate descent over the columns of a factor.
pub mod sweep;
