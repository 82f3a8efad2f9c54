use factorloom_core::data::{Block, Dense, Pointers, Values};
use napi::bindgen_prelude::{Either, Float32Array, Float64Array, Uint32Array};
use napi_derive::napi;

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

/// How much the entries of a block count; each 1 where there is no matrix.
#[napi(object, object_to_js = false)]
pub struct Weights {
    pub matrix: Option<Matrix>,
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

pub(crate) fn view(block: &Matrix) -> Block<'_> {
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
