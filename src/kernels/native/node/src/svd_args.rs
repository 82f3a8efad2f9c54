use factorloom_core::svd;
use napi_derive::napi;

use crate::matrices::{DenseMatrix, Matrix};

/// See `SvdArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct SvdArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub k: u32,
    pub center: bool,
    pub scale: bool,
    pub solver: SvdSolver,
    #[napi(js_name = "L2")]
    pub l2: f64,
    pub terms: Option<SvdTerms>,
    pub missing: bool,
    pub start: DenseMatrix,
    pub max_iter: f64,
    pub tol: f64,
}

/// How a truncated SVD is sought.
#[napi(string_enum = "lowercase")]
pub enum SvdSolver {
    Krylov,
    Lanczos,
    Randomized,
}

/// Terms of both factors of an SVD.
#[napi(object, object_to_js = false)]
pub struct SvdTerms {
    #[napi(js_name = "W")]
    pub w: SvdFactorTerms,
    #[napi(js_name = "H")]
    pub h: SvdFactorTerms,
}

/// Those of one.
#[napi(object, object_to_js = false)]
pub struct SvdFactorTerms {
    #[napi(js_name = "L1")]
    pub l1: f64,
    pub nonneg: bool,
}

impl From<SvdSolver> for svd::Solver {
    fn from(solver: SvdSolver) -> Self {
        match solver {
            SvdSolver::Krylov => Self::Krylov,
            SvdSolver::Lanczos => Self::Lanczos,
            SvdSolver::Randomized => Self::Randomized,
        }
    }
}

impl From<&SvdFactorTerms> for svd::Terms {
    fn from(terms: &SvdFactorTerms) -> Self {
        Self {
            l1: terms.l1,
            nonneg: terms.nonneg,
        }
    }
}
