use crate::data::{Block, Dense, Values};
use crate::error::{KernelError, Result};
use crate::memory::zeros;

/// An owned `rows × cols` matrix, column-major: entry (i, j) is `data[i + j·rows]`.
#[derive(Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub cols: usize,
    /// `rows · cols` entries, column after column.
    pub data: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zeros(rows: usize, cols: usize) -> Result<Self> {
        let length = rows.checked_mul(cols).ok_or_else(|| {
            KernelError::invalid(format!("a matrix of {rows} × {cols} is beyond all memory"))
        })?;
        Ok(Self {
            rows,
            cols,
            data: zeros(length)?,
        })
    }

    /// A copy of `data`, which must have `rows · cols` entries.
    pub fn copied(rows: usize, cols: usize, data: &[f64]) -> Result<Self> {
        let mut out = Self::zeros(rows, cols)?;
        out.data.copy_from_slice(data);
        Ok(out)
    }

    /// The same, borrowed.
    pub fn view(&self) -> Dense<'_> {
        Dense {
            rows: self.rows,
            cols: self.cols,
            data: &self.data,
        }
    }

    /// The same, as data.
    pub fn block(&self) -> Block<'_> {
        Block::Dense {
            rows: self.rows,
            cols: self.cols,
            by_rows: false,
            data: Values::F64(&self.data),
        }
    }

    /// Column j.
    pub fn column(&self, j: usize) -> &[f64] {
        &self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// Column j, to be written.
    pub fn column_mut(&mut self, j: usize) -> &mut [f64] {
        &mut self.data[j * self.rows..(j + 1) * self.rows]
    }

    /// The transpose, cols × rows.
    pub fn transposed(&self) -> Result<Self> {
        let mut out = Self::zeros(self.cols, self.rows)?;
        for j in 0..self.cols {
            for i in 0..self.rows {
                out.data[j + i * self.cols] = self.data[i + j * self.rows];
            }
        }
        Ok(out)
    }

    /// Columns `from` to `to` (not included) as a matrix of their own.
    pub fn columns(&self, from: usize, to: usize) -> Result<Self> {
        Self::copied(
            self.rows,
            to - from,
            &self.data[from * self.rows..to * self.rows],
        )
    }
}
