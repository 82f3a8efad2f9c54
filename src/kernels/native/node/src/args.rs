use factorloom_core::data::{Block, Csc, Dense};
use factorloom_core::objective;
use factorloom_core::scale;
use napi::bindgen_prelude::{Float64Array, Uint32Array};
use napi_derive::napi;

/// `rows × cols`, column-major: entry (i, j) is `data[i + j * rows]`.
#[napi(object, object_to_js = false)]
pub struct DenseMatrix {
    pub rows: u32,
    pub cols: u32,
    pub data: Float64Array,
}

/// Dense as above, or compressed sparse columns with ascending row indices.
#[napi(
    object_to_js = false,
    discriminant = "kind",
    discriminant_case = "lowercase"
)]
pub enum Matrix {
    Dense {
        rows: u32,
        cols: u32,
        data: Float64Array,
    },
    Csc {
        rows: u32,
        cols: u32,
        indptr: Uint32Array,
        indices: Uint32Array,
        values: Float64Array,
    },
}

/// The terms one factor adds to the objective.
#[napi(object, object_to_js = false)]
pub struct FactorTerms {
    #[napi(js_name = "L1")]
    pub l1: f64,
    #[napi(js_name = "L2")]
    pub l2: f64,
    pub nonneg: bool,
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
    pub max_iter: f64,
    pub tol: f64,
    pub sweeps: f64,
    pub norm: Norm,
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

impl DenseMatrix {
    pub(crate) fn view(&self) -> Dense<'_> {
        Dense {
            rows: self.rows as usize,
            cols: self.cols as usize,
            data: &self.data,
        }
    }
}

pub(crate) fn views(blocks: &[Matrix]) -> Vec<Block<'_>> {
    blocks.iter().map(view).collect()
}

fn view(block: &Matrix) -> Block<'_> {
    match block {
        Matrix::Dense { rows, cols, data } => Block::Dense(Dense {
            rows: *rows as usize,
            cols: *cols as usize,
            data,
        }),
        Matrix::Csc {
            rows,
            cols,
            indptr,
            indices,
            values,
        } => Block::Csc(Csc {
            rows: *rows as usize,
            cols: *cols as usize,
            indptr,
            indices,
            values,
        }),
    }
}

impl From<&FactorTerms> for objective::FactorTerms {
    fn from(terms: &FactorTerms) -> Self {
        Self {
            l1: terms.l1,
            l2: terms.l2,
            nonneg: terms.nonneg,
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
