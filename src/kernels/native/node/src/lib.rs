//! Node-API addon around `factorloom-core`: arguments in, one thread per call, results or an error out as data.

#![allow(clippy::needless_pass_by_value)]

mod args;
mod calls;
mod cancel;
mod jobs;
mod results;
mod running;

pub use args::{DenseMatrix, FactorTerms, Matrix, MseArgs, NmfArgs, Norm, Start, SvdArgs};
pub use calls::{mse, nmf, provoke_panic, svd, version};
pub use cancel::Cancel;
pub use results::{Failure, FailureDetail, NmfResult, Stopped, SvdResult};
