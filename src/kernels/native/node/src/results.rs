use factorloom_core::control::{self, Iterate};
use factorloom_core::error::KernelError;
use factorloom_core::{examine, factor_losses, losses, nmf, svd, tied};
use napi::bindgen_prelude::Float64Array;
use napi_derive::napi;

use crate::args::NmfState;

/// How a fit came to its end.
#[napi(string_enum = "kebab-case")]
pub enum Stopped {
    Converged,
    MaxIter,
    Aborted,
}

/// See `NmfResult` of kernels.ts; matrices as their data, column-major.
#[napi(object, object_from_js = false)]
pub struct NmfResult {
    #[napi(js_name = "W")]
    pub w: Float64Array,
    pub d: Float64Array,
    #[napi(js_name = "H")]
    pub h: Float64Array,
    pub loss: f64,
    pub null_loss: Option<f64>,
    pub factor_loss: Option<Float64Array>,
    pub objective: f64,
    pub stopped: Stopped,
    pub loss_history: Float64Array,
    pub objective_history: Float64Array,
    pub kkt: f64,
    pub held_out: Option<HeldOut>,
    /// Where a cancelled fit with a checkpoint was.
    pub state: Option<NmfState>,
    pub dispersion: Option<Float64Array>,
    pub zero_inflation: Option<Float64Array>,
}

/// See `HeldOut` of kernels.ts.
#[napi(object, object_from_js = false)]
pub struct HeldOut {
    pub count: f64,
    pub loss: f64,
    pub history: Float64Array,
    pub iteration: f64,
}

/// See `Look` of matrix-check.ts.
#[napi(object, object_from_js = false)]
pub struct Facts {
    pub infinite: Option<f64>,
    pub missing: Option<f64>,
    pub gaps: f64,
    pub negative: Option<f64>,
    pub largest: f64,
    pub zeros: f64,
}

/// See `FactorLosses` of kernels.ts.
#[napi(object, object_from_js = false)]
pub struct FactorLosses {
    pub null_loss: f64,
    pub factor_loss: Float64Array,
}

/// See `Deviance` of kernels.ts.
#[napi(object, object_from_js = false)]
pub struct Deviance {
    pub loss: f64,
    pub null_loss: f64,
}

impl From<losses::Deviance> for Deviance {
    fn from(found: losses::Deviance) -> Self {
        Self {
            loss: found.loss,
            null_loss: found.null_loss,
        }
    }
}

impl From<factor_losses::FactorLosses> for FactorLosses {
    fn from(losses: factor_losses::FactorLosses) -> Self {
        Self {
            null_loss: losses.null_loss,
            factor_loss: Float64Array::new(losses.factor_loss),
        }
    }
}

impl From<examine::Facts> for Facts {
    fn from(facts: examine::Facts) -> Self {
        Self {
            infinite: facts.infinite.map(|at| at as f64),
            missing: facts.missing.map(|at| at as f64),
            gaps: facts.gaps as f64,
            negative: facts.negative.map(|at| at as f64),
            largest: facts.largest,
            zeros: facts.zeros as f64,
        }
    }
}

/// U, σ and Vᵀ in `model`; means and deviations where asked for.
#[napi(object, object_from_js = false)]
pub struct SvdResult {
    pub model: NmfResult,
    pub center: Option<Float64Array>,
    pub scale: Option<Float64Array>,
    pub left: Float64Array,
}

/// See `TiedResult` of kernels.ts.
#[napi(object, object_from_js = false)]
pub struct TiedResult {
    pub model: NmfResult,
    pub projection: Option<Float64Array>,
}

/// Why a call failed.
#[napi(object, object_from_js = false)]
pub struct FailureDetail {
    #[napi(ts_type = "'invalid-argument' | 'non-finite' | 'out-of-memory' | 'panic'")]
    pub code: String,
    pub message: String,
}

/// What a failed call resolves with.
#[napi(object, object_from_js = false)]
pub struct Failure {
    pub error: FailureDetail,
}

impl Failure {
    pub(crate) fn new(code: &str, message: String) -> Self {
        Self {
            error: FailureDetail {
                code: code.to_owned(),
                message,
            },
        }
    }
}

impl From<KernelError> for Failure {
    fn from(error: KernelError) -> Self {
        Self::new(error.code.as_str(), error.message)
    }
}

impl From<control::Stopped> for Stopped {
    fn from(stopped: control::Stopped) -> Self {
        match stopped {
            control::Stopped::Converged => Self::Converged,
            control::Stopped::MaxIter => Self::MaxIter,
            control::Stopped::Aborted => Self::Aborted,
        }
    }
}

fn history(history: &[Iterate], value: impl Fn(&Iterate) -> f64) -> Float64Array {
    Float64Array::new(history.iter().map(value).collect())
}

impl From<nmf::NmfResult> for NmfResult {
    fn from(result: nmf::NmfResult) -> Self {
        Self {
            w: Float64Array::new(result.w.data),
            d: Float64Array::new(result.d),
            h: Float64Array::new(result.h.data),
            loss: result.loss,
            null_loss: Some(result.null_loss),
            factor_loss: result.factor_loss.map(Float64Array::new),
            objective: result.objective,
            stopped: result.stopped.into(),
            loss_history: history(&result.history, |iterate| iterate.loss),
            objective_history: history(&result.history, |iterate| iterate.objective),
            kkt: result.kkt,
            held_out: result.held_out.map(Into::into),
            state: result.state.map(Into::into),
            dispersion: result.dispersion.map(Float64Array::new),
            zero_inflation: result.zero_inflation.map(Float64Array::new),
        }
    }
}

impl From<nmf::State<'static>> for NmfState {
    fn from(state: nmf::State<'static>) -> Self {
        Self {
            iterations: state.iterations as f64,
            numbers: Float64Array::new(state.numbers.into_owned()),
        }
    }
}

impl From<nmf::HeldOut> for HeldOut {
    fn from(held: nmf::HeldOut) -> Self {
        Self {
            count: held.count as f64,
            loss: held.loss,
            history: Float64Array::new(held.history),
            iteration: held.iteration as f64,
        }
    }
}

impl From<tied::TiedResult> for TiedResult {
    fn from(result: tied::TiedResult) -> Self {
        Self {
            model: result.model.into(),
            projection: result.projection.map(Float64Array::new),
        }
    }
}

impl From<svd::SvdResult> for SvdResult {
    fn from(result: svd::SvdResult) -> Self {
        Self {
            model: NmfResult {
                w: Float64Array::new(result.u.data),
                d: Float64Array::new(result.sigma),
                h: Float64Array::new(result.vt.data),
                loss: result.loss,
                null_loss: None,
                factor_loss: None,
                objective: result.objective,
                stopped: result.stopped.into(),
                loss_history: history(&result.history, |iterate| iterate.loss),
                objective_history: history(&result.history, |iterate| iterate.objective),
                kkt: result.kkt,
                held_out: None,
                state: None,
                dispersion: None,
                zero_inflation: None,
            },
            center: result.center.map(Float64Array::new),
            scale: result.scale.map(Float64Array::new),
            left: Float64Array::new(result.left),
        }
    }
}
