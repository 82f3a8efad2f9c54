use std::borrow::Cow;

use factorloom_core::data::Block;
use factorloom_core::error::Result;
use factorloom_core::view::Side;
use factorloom_core::{
    column_terms, difference, hold_out, losses, nmf, objective, scale, solver, tied,
};
use napi::bindgen_prelude::{Float64Array, Uint32Array};
use napi_derive::napi;

use crate::calls::whole;
use crate::matrices::{DenseMatrix, Matrix, Weights, view, weights};

/// The terms one factor adds to the objective.
#[napi(object, object_to_js = false)]
pub struct FactorTerms {
    #[napi(js_name = "L1")]
    pub l1: f64,
    #[napi(js_name = "L2")]
    pub l2: f64,
    #[napi(js_name = "L21")]
    pub l21: f64,
    pub angular: f64,
    pub nonneg: bool,
    pub upper_bound: Option<f64>,
    pub graph: Option<Neighbours>,
    pub target: Option<Target>,
}

/// A graph of the features or samples of a factor.
#[napi(object, object_to_js = false)]
pub struct Neighbours {
    pub adjacency: Matrix,
    pub lambda: f64,
}

/// What a factor is drawn to, or to be rid of.
#[napi(object, object_to_js = false)]
pub struct Target {
    pub matrix: DenseMatrix,
    pub lambda: f64,
    pub scale: TargetScale,
}

/// Whether a target is brought to the length of its factor.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum TargetScale {
    Factor,
    None,
}

/// How W and H are scaled once a fit is over.
#[napi(string_enum)]
pub enum Norm {
    L1,
    L2,
    #[napi(value = "none")]
    None,
}

/// features × k and k × samples.
#[napi(object, object_to_js = false)]
pub struct Start {
    #[napi(js_name = "W")]
    pub w: DenseMatrix,
    #[napi(js_name = "H")]
    pub h: DenseMatrix,
}

/// See `NmfArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct NmfArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub start: Start,
    #[napi(js_name = "W")]
    pub w: FactorTerms,
    #[napi(js_name = "H")]
    pub h: FactorTerms,
    pub solver: Solver,
    pub accelerate: Acceleration,
    pub sweeps: f64,
    pub precision: Precision,
    pub memory: Memory,
    pub max_iter: f64,
    pub tol: f64,
    pub norm: Norm,
    pub hold_out: Option<HoldOut>,
    pub missing: Option<MaskedSolver>,
    pub weights: Option<Vec<Weights>>,
    pub loss: Option<Loss>,
}

/// See `KernelLoss` of loss.ts.
#[napi(object, object_to_js = false)]
pub struct Loss {
    pub name: LossName,
    pub power: f64,
    pub delta: f64,
    pub floor: f64,
    pub penalties: f64,
    pub dispersion: Option<Parameter>,
    pub zero_inflation: Option<Parameter>,
}

/// Which loss.
#[napi(string_enum = "kebab-case")]
pub enum LossName {
    Kl,
    Gamma,
    InverseGaussian,
    Tweedie,
    Nb,
    Gp,
    Huber,
    Mae,
}

/// See `KernelParameter` of loss.ts.
#[napi(object, object_to_js = false)]
pub struct Parameter {
    pub by: ParameterBy,
    pub values: Float64Array,
    pub estimate: bool,
}

/// Whose number it is.
#[napi(string_enum = "lowercase")]
pub enum ParameterBy {
    Global,
    Row,
    Column,
}

/// See `NmfState` of kernels.ts.
#[napi(object)]
pub struct NmfState {
    pub iterations: f64,
    pub numbers: Float64Array,
}

/// See `Checkpoint` of kernels.ts; what it saves is told through a function of its own.
#[napi(object, object_to_js = false)]
pub struct Checkpoint {
    pub from: Option<NmfState>,
    pub every: f64,
}

/// See `HoldOut` of kernels.ts; two words of each key, one key after the other.
#[napi(object, object_to_js = false)]
pub struct HoldOut {
    pub fraction: f64,
    pub keys: Uint32Array,
    pub solver: MaskedSolver,
    pub keep: Keep,
}

/// How half-steps take entries that are not seen.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum MaskedSolver {
    Em,
    Exact,
}

/// Which accepted iterate comes back.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum Keep {
    Last,
    Best,
}

/// How a half-step solves for one factor.
#[napi(string_enum = "lowercase")]
pub enum Solver {
    Hals,
    Mu,
    Cholesky,
    Bpp,
    Ccd,
}

/// Whether half-steps begin from extrapolated factors.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum Acceleration {
    Her,
    None,
}

/// Numbers that products and factors are held in.
#[napi(string_enum = "lowercase")]
pub enum Precision {
    F64,
    F32,
}

/// Whether a transpose of sparse data is kept.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum Memory {
    Normal,
    Low,
}

/// What H is where W gives it.
#[napi(string_enum = "lowercase")]
pub enum TiedForm {
    Symmetric,
    Projective,
}

/// See `TiedArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct TiedArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub form: TiedForm,
    pub start: DenseMatrix,
    pub sweeps: f64,
    pub memory: Memory,
    pub max_iter: f64,
    pub tol: f64,
    pub norm: Norm,
    pub loss: Option<Loss>,
}

/// See `EncodeArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct EncodeArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    #[napi(js_name = "W")]
    pub w: DenseMatrix,
    pub ridge: Float64Array,
    pub linear: Float64Array,
    pub coupling: Option<Float64Array>,
    pub nonneg: bool,
    pub upper_bound: Option<f64>,
    pub loss: Option<Loss>,
    pub weights: Option<Vec<Weights>>,
}

/// See `MseArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct MseArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub estimate: Estimate,
}

/// See `DevianceArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct DevianceArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub estimate: Estimate,
    pub loss: Loss,
}

/// See `FactorLossesArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct FactorLossesArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    #[napi(js_name = "W")]
    pub w: DenseMatrix,
    #[napi(js_name = "H")]
    pub h: DenseMatrix,
}

/// See `MultiplyArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct MultiplyArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub factor: DenseMatrix,
    pub side: FactorSide,
    pub estimate: Option<Estimate>,
}

/// See `ImproveArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct ImproveArgs {
    pub factor: DenseMatrix,
    pub side: FactorSide,
    pub slope: DenseMatrix,
    pub nonneg: bool,
    pub terms: Vec<ImproveTerm>,
}

/// See `ImproveTerm` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct ImproveTerm {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub weights: Option<Vec<Weights>>,
    pub partner: DenseMatrix,
    pub by: f64,
}

/// See `Estimate` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct Estimate {
    #[napi(js_name = "W")]
    pub w: DenseMatrix,
    #[napi(js_name = "H")]
    pub h: DenseMatrix,
    pub weights: Option<Vec<Weights>>,
}

/// Which factor.
#[napi(string_enum)]
#[derive(PartialEq, Eq)]
pub enum FactorSide {
    W,
    H,
}

impl HoldOut {
    pub(crate) fn view(&self) -> hold_out::HoldOut<'_> {
        hold_out::HoldOut {
            fraction: self.fraction,
            keys: self.keys.as_chunks().0,
            exact: self.solver == MaskedSolver::Exact,
            best: self.keep == Keep::Best,
        }
    }
}

impl Checkpoint {
    pub(crate) fn state(&self) -> Result<Option<nmf::State<'_>>> {
        let Some(NmfState {
            iterations,
            numbers,
        }) = &self.from
        else {
            return Ok(None);
        };
        Ok(Some(nmf::State {
            iterations: whole(*iterations, "iterations")?,
            numbers: Cow::Borrowed(numbers),
        }))
    }
}

impl Loss {
    pub(crate) fn view(&self) -> losses::LossArgs<'_> {
        losses::LossArgs {
            kind: match self.name {
                LossName::Kl => losses::Kind::Kl,
                LossName::Gamma => losses::Kind::Gamma,
                LossName::InverseGaussian => losses::Kind::InverseGaussian,
                LossName::Tweedie => losses::Kind::Tweedie(self.power),
                LossName::Nb => losses::Kind::Nb,
                LossName::Gp => losses::Kind::Gp,
                LossName::Huber => losses::Kind::Huber(self.delta),
                LossName::Mae => losses::Kind::Mae,
            },
            floor: self.floor,
            penalties: self.penalties,
            dispersion: self.dispersion.as_ref().map(Parameter::view),
            zero_inflation: self.zero_inflation.as_ref().map(Parameter::view),
        }
    }
}

impl Parameter {
    fn view(&self) -> losses::ParameterArgs<'_> {
        losses::ParameterArgs {
            by: match self.by {
                ParameterBy::Global => losses::Shared::Global,
                ParameterBy::Row => losses::Shared::Row,
                ParameterBy::Column => losses::Shared::Column,
            },
            values: &self.values,
            estimate: self.estimate,
        }
    }
}

impl From<&FactorSide> for Side {
    fn from(side: &FactorSide) -> Self {
        match side {
            FactorSide::W => Self::W,
            FactorSide::H => Self::H,
        }
    }
}

impl Estimate {
    /// With its weights, block by block, that `weights` made of it.
    pub(crate) fn view<'a>(
        &'a self,
        weights: Option<&'a [Option<Block<'a>>]>,
    ) -> difference::Estimate<'a> {
        difference::Estimate {
            w: self.w.view(),
            h: self.h.view(),
            weights,
        }
    }

    pub(crate) fn weights(&self) -> Option<Vec<Option<Block<'_>>>> {
        self.weights.as_deref().map(weights)
    }
}

impl From<Solver> for solver::Solver {
    fn from(solver: Solver) -> Self {
        match solver {
            Solver::Hals => Self::Hals,
            Solver::Mu => Self::Mu,
            Solver::Cholesky => Self::Cholesky,
            Solver::Bpp => Self::Bpp,
            Solver::Ccd => Self::Ccd,
        }
    }
}

impl From<TiedForm> for tied::Form {
    fn from(form: TiedForm) -> Self {
        match form {
            TiedForm::Symmetric => Self::Symmetric,
            TiedForm::Projective => Self::Projective,
        }
    }
}

impl From<Precision> for nmf::Precision {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::F64 => Self::F64,
            Precision::F32 => Self::F32,
        }
    }
}

impl From<&FactorTerms> for objective::FactorTerms {
    fn from(terms: &FactorTerms) -> Self {
        Self {
            l1: terms.l1,
            l2: terms.l2,
            l21: terms.l21,
            angular: terms.angular,
            nonneg: terms.nonneg,
            upper: terms.upper_bound.unwrap_or(f64::INFINITY),
        }
    }
}

impl FactorTerms {
    pub(crate) fn column_terms(&self) -> column_terms::ColumnTermsArgs<'_> {
        column_terms::ColumnTermsArgs {
            graph: self.graph.as_ref().map(|graph| column_terms::Neighbours {
                adjacency: view(&graph.adjacency),
                lambda: graph.lambda,
            }),
            target: self.target.as_ref().map(|target| column_terms::Target {
                matrix: target.matrix.view(),
                lambda: target.lambda,
                rescaled: target.scale == TargetScale::Factor,
            }),
        }
    }
}

impl From<Norm> for scale::Norm {
    fn from(norm: Norm) -> Self {
        match norm {
            Norm::L1 => Self::L1,
            Norm::L2 => Self::L2,
            Norm::None => Self::None,
        }
    }
}
