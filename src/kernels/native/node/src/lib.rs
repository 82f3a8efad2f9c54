//! Node-API addon around `factorloom-core`: arguments in, one thread per call, results or an error out as data.

#![allow(clippy::needless_pass_by_value)]

mod args;
mod calls;
mod cancel;
mod feed;
mod jobs;
mod matrices;
mod results;
mod running;
mod svd_args;
mod text_file;

pub use args::{
    Acceleration, Checkpoint, DevianceArgs, EncodeArgs, FactorSide, FactorTerms, HoldOut, Keep,
    Loss, LossName, MaskedSolver, Memory, MseArgs, MultiplyArgs, NmfArgs, NmfState, Norm,
    Parameter, ParameterBy, Precision, Solver, Start, TiedArgs, TiedForm,
};
pub use calls::{
    deviance, encode, examine, factor_losses, force_simd, improve, mse, multiply, nmf,
    nmf_streamed, provoke_panic, simd, svd, tied, version,
};
pub use cancel::Cancel;
pub use feed::{Feed, Streamed};
pub use matrices::{DenseMatrix, Matrix, Order, Unlisted};
pub use results::{
    Deviance, FactorLosses, Facts, Failure, FailureDetail, HeldOut, NmfResult, Stopped, SvdResult,
    TiedResult,
};
pub use svd_args::{SvdArgs, SvdSolver, SvdTerms};
pub use text_file::{
    EntriesArgs, EntriesRead, EntriesRoom, RowsArgs, RowsRead, RowsStopped, TextFile,
};
