//! Node-API addon around `factorloom-core`: arguments in, one thread per call, results or an error out as data.

#![allow(clippy::needless_pass_by_value)]

mod args;
mod calls;
mod cancel;
mod jobs;
mod results;
mod running;

pub use args::{
    Acceleration, Checkpoint, DenseMatrix, EncodeArgs, FactorSide, FactorTerms, HoldOut, Keep,
    MaskedSolver, Matrix, Memory, MseArgs, MultiplyArgs, NmfArgs, NmfState, Norm, Order, Precision,
    Solver, Start, SvdArgs, TiedArgs, TiedForm, Unlisted,
};
pub use calls::{
    encode, examine, factor_losses, force_simd, mse, multiply, nmf, provoke_panic, simd, svd, tied,
    version,
};
pub use cancel::Cancel;
pub use results::{
    FactorLosses, Facts, Failure, FailureDetail, HeldOut, NmfResult, Stopped, SvdResult, TiedResult,
};
