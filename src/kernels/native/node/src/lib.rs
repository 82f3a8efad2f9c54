//! Node-API addon around `factorloom-core`: arguments in, one thread per call, results or an error out as data.

#![allow(clippy::needless_pass_by_value)]

mod args;
mod calls;
mod cancel;
mod jobs;
mod results;
mod running;

pub use args::{
    Acceleration, DenseMatrix, EncodeArgs, FactorTerms, HoldOut, Keep, MaskedSolver, Matrix,
    Memory, MseArgs, NmfArgs, Norm, Order, Precision, Solver, Start, SvdArgs, TiedArgs, TiedForm,
    Unlisted,
};
pub use calls::{encode, examine, force_simd, mse, nmf, provoke_panic, simd, svd, tied, version};
pub use cancel::Cancel;
pub use results::{
    Facts, Failure, FailureDetail, HeldOut, NmfResult, Stopped, SvdResult, TiedResult,
};
