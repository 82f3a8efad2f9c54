use crate::error::{KernelError, Result};
use crate::rows::CscRows;

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

/// A borrowed sparse matrix: column j owns positions `indptr[j]..indptr[j + 1]` of `indices` (ascending) and `values`.
#[derive(Clone, Copy, Debug)]
pub struct Csc<'a> {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `cols + 1` bounds.
    pub indptr: &'a [u32],
    /// Row of each listed entry.
    pub indices: &'a [u32],
    /// Each listed entry.
    pub values: &'a [f64],
}

/// One of the matrices stacked in X.
#[derive(Clone, Copy, Debug)]
pub enum Block<'a> {
    /// Every entry is kept.
    Dense(Dense<'a>),
    /// Only listed entries are kept.
    Csc(Csc<'a>),
}

impl Dense<'_> {
    /// Fails unless there are `rows · cols` entries.
    pub fn check(&self) -> Result<()> {
        if self.rows.checked_mul(self.cols) == Some(self.data.len()) {
            return Ok(());
        }
        let (rows, cols, length) = (self.rows, self.cols, self.data.len());
        Err(KernelError::invalid(format!(
            "a dense matrix of {rows} × {cols} cannot have {length} entries"
        )))
    }
}

impl<'a> Csc<'a> {
    /// Rows and values of the listed entries of column j.
    pub fn column(&self, j: usize) -> (&'a [u32], &'a [f64]) {
        let range = self.indptr[j] as usize..self.indptr[j + 1] as usize;
        (&self.indices[range.clone()], &self.values[range])
    }

    /// Fails unless the bounds rise from 0 to the number of entries and row indices rise within each column.
    pub fn check(&self) -> Result<()> {
        let listed = self.indices.len();
        let bounded = self.indptr.len() == self.cols + 1
            && self.indptr[0] == 0
            && self.indptr[self.cols] as usize == listed
            && self.values.len() == listed
            && self.indptr.is_sorted();
        if !bounded {
            return Err(KernelError::invalid(
                "the column bounds of a sparse matrix do not fit its entries",
            ));
        }
        for j in 0..self.cols {
            let (indices, _) = self.column(j);
            let within = indices.last().is_none_or(|&i| (i as usize) < self.rows);
            if !within || !indices.is_sorted_by(|a, b| a < b) {
                return Err(KernelError::invalid(format!(
                    "the row indices of a sparse matrix must rise and stay below {} (column {j})",
                    self.rows
                )));
            }
        }
        Ok(())
    }
}

impl Block<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.rows,
            Self::Csc(csc) => csc.rows,
        }
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        match self {
            Self::Dense(dense) => dense.cols,
            Self::Csc(csc) => csc.cols,
        }
    }

    /// The entries in memory, in their order.
    pub fn stored(&self) -> &[f64] {
        match self {
            Self::Dense(dense) => dense.data,
            Self::Csc(csc) => csc.values,
        }
    }
}

/// A block in its place, with what a pass over its rows needs.
pub struct Part<'a> {
    /// Row of X at which the block begins.
    pub top: usize,
    /// The block, both ways round if it is sparse.
    pub kind: PartKind<'a>,
}

/// A block, both ways round if it is sparse.
pub enum PartKind<'a> {
    /// Dense columns serve both ways.
    Dense(Dense<'a>),
    /// Columns as they came, and rows made from them once.
    Csc(Csc<'a>, CscRows),
}

/// X (features × samples): blocks stacked top to bottom, checked, none copied into one.
pub struct Data<'a> {
    /// Number of features.
    pub rows: usize,
    /// Number of samples.
    pub cols: usize,
    /// Listed entries of all blocks.
    pub stored: usize,
    /// The blocks, top to bottom.
    pub parts: Vec<Part<'a>>,
}

impl<'a> Data<'a> {
    /// Checks the blocks and lists the rows of the sparse ones.
    pub fn new(blocks: &[Block<'a>]) -> Result<Self> {
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
                Block::Dense(dense) => {
                    dense.check()?;
                    PartKind::Dense(dense)
                }
                Block::Csc(csc) => {
                    csc.check()?;
                    PartKind::Csc(csc, CscRows::new(&csc)?)
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

    /// Number of entries, zeros included.
    pub fn entries(&self) -> f64 {
        self.rows as f64 * self.cols as f64
    }
}

impl Part<'_> {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        match &self.kind {
            PartKind::Dense(dense) => dense.rows,
            PartKind::Csc(csc, _) => csc.rows,
        }
    }

    /// The entries in memory, in their order.
    pub fn stored(&self) -> &[f64] {
        match &self.kind {
            PartKind::Dense(dense) => dense.data,
            PartKind::Csc(csc, _) => csc.values,
        }
    }
}
