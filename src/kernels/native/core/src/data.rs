use std::borrow::Cow;

use crate::error::{KernelError, Result};
use crate::leaves::Scan;
use crate::memory::zeros;
use crate::simd::run;
use crate::sparse::SparsePart;

/// A borrowed dense matrix, column-major: entry (i, j) is `data[i + j·rows]`.
#[derive(Clone, Copy, Debug)]
pub struct Dense<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows · cols` entries.
    pub data: &'a [f64],
}

/// Borrowed numbers of either width.
#[derive(Clone, Copy, Debug)]
pub enum Values<'a> {
    /// 64 bits.
    F64(&'a [f64]),
    /// 32 bits.
    F32(&'a [f32]),
}

/// Borrowed column bounds of either width.
#[derive(Clone, Copy, Debug)]
pub enum Pointers<'a> {
    /// Up to 2³² − 1 listed entries.
    U32(&'a [u32]),
    /// Any number of them.
    U64(&'a [u64]),
}

/// One of the matrices stacked in X.
#[derive(Clone, Copy, Debug)]
pub enum Block<'a> {
    /// Every entry is kept: column after column, or row after row.
    Dense {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        cols: usize,
        /// Row after row.
        by_rows: bool,
        /// `rows · cols` entries.
        data: Values<'a>,
    },
    /// Column j owns positions `indptr[j]..indptr[j + 1]` of `indices` (ascending) and `values`.
    Csc {
        /// Number of rows.
        rows: usize,
        /// Number of columns.
        cols: usize,
        /// `cols + 1` bounds.
        indptr: Pointers<'a>,
        /// Row of each listed entry.
        indices: &'a [u32],
        /// Each listed entry.
        values: Values<'a>,
        /// What is not listed is missing, not zero.
        unlisted_missing: bool,
    },
}

/// How X is made ready for the products of a fit.
#[derive(Clone, Copy, Debug)]
pub struct Layout {
    /// Factors of the panels it will be multiplied with.
    pub k: usize,
    /// No transpose of sparse blocks is kept: slower, the same bits.
    pub low_memory: bool,
}

/// A number that data can be read as.
pub trait Element: crate::simd::Real {
    /// The same numbers, borrowed where they are of this kind already.
    fn take<'a>(values: Values<'a>) -> Result<Cow<'a, [Self]>>;
    /// Numbers of this kind as data.
    fn values(values: &[Self]) -> Values<'_>;
}

impl Element for f64 {
    fn take<'a>(values: Values<'a>) -> Result<Cow<'a, [Self]>> {
        match values {
            Values::F64(values) => Ok(Cow::Borrowed(values)),
            Values::F32(values) => converted(values, f64::from),
        }
    }

    fn values(values: &[Self]) -> Values<'_> {
        Values::F64(values)
    }
}

impl Element for f32 {
    fn take<'a>(values: Values<'a>) -> Result<Cow<'a, [Self]>> {
        match values {
            Values::F32(values) => Ok(Cow::Borrowed(values)),
            Values::F64(values) => converted(values, |x| x as f32),
        }
    }

    fn values(values: &[Self]) -> Values<'_> {
        Values::F32(values)
    }
}

fn converted<'a, S: Copy, T: Copy + Default>(
    values: &[S],
    to: impl Fn(S) -> T,
) -> Result<Cow<'a, [T]>> {
    let mut out = zeros(values.len())?;
    out.iter_mut()
        .zip(values)
        .for_each(|(out, x)| *out = to(*x));
    Ok(Cow::Owned(out))
}

impl Values<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::F64(values) => values.len(),
            Self::F32(values) => values.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest magnitude.
    pub fn largest(&self) -> f64 {
        match self {
            Self::F64(values) => values.iter().fold(0.0, |most, x| x.abs().max(most)),
            Self::F32(values) => {
                f64::from(values.iter().fold(0.0_f32, |most, x| x.abs().max(most)))
            }
        }
    }

    /// Whether any is below zero.
    pub fn any_negative(&self) -> bool {
        match self {
            Self::F64(values) => values.iter().any(|x| *x < 0.0),
            Self::F32(values) => values.iter().any(|x| *x < 0.0),
        }
    }
}

impl Pointers<'_> {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::U32(bounds) => bounds.len(),
            Self::U64(bounds) => bounds.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bound j.
    #[inline]
    pub fn at(&self, j: usize) -> usize {
        match self {
            Self::U32(bounds) => bounds[j] as usize,
            Self::U64(bounds) => bounds[j] as usize,
        }
    }

    pub(crate) fn is_sorted(&self) -> bool {
        match self {
            Self::U32(bounds) => bounds.is_sorted(),
            Self::U64(bounds) => bounds.is_sorted(),
        }
    }
}

impl Dense<'_> {
    /// Fails unless there are `rows · cols` entries.
    pub fn check(&self) -> Result<()> {
        check_size(self.rows, self.cols, self.data.len())
    }
}

fn check_size(rows: usize, cols: usize, length: usize) -> Result<()> {
    if rows.checked_mul(cols) == Some(length) {
        return Ok(());
    }
    Err(KernelError::invalid(format!(
        "a dense matrix of {rows} × {cols} cannot have {length} entries"
    )))
}

impl<'a> Block<'a> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense { rows, .. } | Self::Csc { rows, .. } => *rows,
        }
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        match self {
            Self::Dense { cols, .. } | Self::Csc { cols, .. } => *cols,
        }
    }

    /// The entries in memory, in their order.
    pub fn stored(&self) -> Values<'a> {
        match self {
            Self::Dense { data, .. } => *data,
            Self::Csc { values, .. } => *values,
        }
    }
}

/// A dense block in its place: entry (i, j) is `data[i·down + j·across]`.
pub struct DensePart<'a, T: Element> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// Steps from one row to the next.
    pub down: usize,
    /// Steps from one column to the next.
    pub across: usize,
    /// All entries.
    pub data: Cow<'a, [T]>,
}

/// A block made ready.
pub enum PartKind<'a, T: Element> {
    /// Dense entries serve both ways.
    Dense(DensePart<'a, T>),
    /// Columns, and rows made from them once.
    Sparse(Box<SparsePart<'a, T>>),
}

/// A block in its place.
pub struct Part<'a, T: Element> {
    /// Row of X at which the block begins.
    pub top: usize,
    /// The block.
    pub kind: PartKind<'a, T>,
}

/// X (features × samples): blocks stacked top to bottom, checked, none copied into one.
pub struct Data<'a, T: Element = f64> {
    /// Number of features.
    pub rows: usize,
    /// Number of samples.
    pub cols: usize,
    /// Listed entries of all blocks.
    pub stored: usize,
    /// The blocks, top to bottom.
    pub parts: Vec<Part<'a, T>>,
}

impl<'a, T: Element> Data<'a, T> {
    /// Checks the blocks and lists the rows of the sparse ones.
    pub fn new(blocks: &[Block<'a>], layout: Layout) -> Result<Self> {
        let cols = blocks.first().map_or(0, Block::cols);
        let mut data = Data {
            rows: 0,
            cols,
            stored: 0,
            parts: Vec::with_capacity(blocks.len()),
        };
        for block in blocks {
            if block.cols() != cols {
                return Err(KernelError::invalid(format!(
                    "all blocks must be over the same samples, not {cols} and {}",
                    block.cols()
                )));
            }
            let kind = match *block {
                Block::Dense {
                    rows,
                    cols,
                    by_rows,
                    data,
                } => {
                    check_size(rows, cols, data.len())?;
                    PartKind::Dense(DensePart {
                        rows,
                        cols,
                        down: if by_rows { cols } else { 1 },
                        across: if by_rows { 1 } else { rows },
                        data: T::take(data)?,
                    })
                }
                Block::Csc {
                    rows,
                    cols,
                    indptr,
                    indices,
                    values,
                    unlisted_missing,
                } => {
                    let mut part = SparsePart::new(rows, cols, indptr, indices, values, layout)?;
                    part.unlisted_missing = unlisted_missing;
                    PartKind::Sparse(Box::new(part))
                }
            };
            data.stored += block.stored().len();
            data.parts.push(Part {
                top: data.rows,
                kind,
            });
            data.rows += block.rows();
        }
        if data.rows == 0 || cols == 0 {
            return Err(KernelError::invalid(
                "the data must have at least one feature and one sample",
            ));
        }
        Ok(data)
    }

    /// Whether any entry is missing, or infinite.
    pub fn has_gaps(&self) -> bool {
        self.parts.iter().any(|part| {
            let unlisted = matches!(&part.kind, PartKind::Sparse(block) if block.unlisted_missing);
            let values = part.stored();
            unlisted || !run(Scan { values }).finite
        })
    }

    /// Number of entries, zeros included.
    pub fn entries(&self) -> f64 {
        self.rows as f64 * self.cols as f64
    }
}

impl<T: Element> Part<'_, T> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.kind {
            PartKind::Dense(dense) => dense.rows,
            PartKind::Sparse(sparse) => sparse.rows,
        }
    }

    /// The entries in memory, in their order.
    pub fn stored(&self) -> &[T] {
        match &self.kind {
            PartKind::Dense(dense) => &dense.data,
            PartKind::Sparse(sparse) => &sparse.values,
        }
    }
}
