use std::borrow::Cow;

use factorloom_core::data::{Block, Dense, Pointers, Values};
use factorloom_core::error::Result;
use factorloom_core::{column_terms, hold_out, nmf, objective, scale, solver, tied};
use napi::bindgen_prelude::{Either, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;

use crate::calls::whole;

/// `rows × cols`, column-major: entry (i, j) is `data[i + j * rows]`.
#[napi(object, object_to_js = false)]
pub struct DenseMatrix {
    pub rows: u32,
    pub cols: u32,
    pub data: Float64Array,
}

/// How dense entries follow one another: column after column (default) or row after row.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum Order {
    Columns,
    Rows,
}

/// Dense, or compressed sparse columns with ascending row indices.
#[napi(
    object_to_js = false,
    discriminant = "kind",
    discriminant_case = "lowercase"
)]
pub enum Matrix {
    Dense {
        rows: u32,
        cols: u32,
        order: Option<Order>,
        data: Either<Float64Array, Float32Array>,
    },
    Csc {
        rows: u32,
        cols: u32,
        indptr: Uint32Array,
        indices: Uint32Array,
        values: Either<Float64Array, Float32Array>,
        unlisted: Option<Unlisted>,
    },
}

/// What entries are that a sparse matrix does not list.
#[napi(string_enum = "lowercase")]
#[derive(PartialEq, Eq)]
pub enum Unlisted {
    Zero,
    Missing,
}

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
}

/// How much the entries of a block count; each 1 where there is no matrix.
#[napi(object, object_to_js = false)]
pub struct Weights {
    pub matrix: Option<Matrix>,
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
}

/// See `SvdArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct SvdArgs {
    #[napi(js_name = "X")]
    pub x: Vec<Matrix>,
    pub k: u32,
    pub center: bool,
    pub scale: bool,
    pub start: DenseMatrix,
    pub max_iter: f64,
    pub tol: f64,
}

/// See `MseArgs` of kernels.ts.
#[napi(object, object_to_js = false)]
pub struct MseArgs {
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

impl DenseMatrix {
    pub(crate) fn view(&self) -> Dense<'_> {
        Dense {
            rows: self.rows as usize,
            cols: self.cols as usize,
            data: &self.data,
        }
    }
}

/// Block by block.
pub(crate) fn weights(blocks: &[Weights]) -> Vec<Option<Block<'_>>> {
    let each = blocks.iter().map(|block| block.matrix.as_ref());
    each.map(|matrix| matrix.map(view)).collect()
}

pub(crate) fn views(blocks: &[Matrix]) -> Vec<Block<'_>> {
    blocks.iter().map(view).collect()
}

fn view(block: &Matrix) -> Block<'_> {
    match block {
        Matrix::Dense {
            rows,
            cols,
            order,
            data,
        } => Block::Dense {
            rows: *rows as usize,
            cols: *cols as usize,
            by_rows: *order == Some(Order::Rows),
            data: floats(data),
        },
        Matrix::Csc {
            rows,
            cols,
            indptr,
            indices,
            values,
            unlisted,
        } => Block::Csc {
            rows: *rows as usize,
            cols: *cols as usize,
            indptr: Pointers::U32(indptr),
            indices,
            values: floats(values),
            unlisted_missing: *unlisted == Some(Unlisted::Missing),
        },
    }
}

pub fn floats(values: &Either<Float64Array, Float32Array>) -> Values<'_> {
    match values {
        Either::A(values) => Values::F64(values),
        Either::B(values) => Values::F32(values),
    }
}

impl From<Solver> for solver::Solver {
    fn from(solver: Solver) -> Self {
        match solver {
            Solver::Hals => Self::Hals,
            Solver::Mu => Self::Mu,
            Solver::Cholesky => Self::Cholesky,
            Solver::Bpp => Self::Bpp,
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
