use std::ops::Range;

use crate::data::Dense;
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::memory::Lasting;
use crate::simd::Real;

/// A factor held factor-contiguous, k × cols: column j is the k numbers of feature or sample j, and zeros up to the
/// stride, a whole number of cache lines.
pub struct Panel<T: Real> {
    /// Number of factors.
    pub k: usize,
    /// Number of features or samples.
    pub cols: usize,
    /// Numbers from one column to the next.
    pub stride: usize,
    data: Lasting<T>,
}

/// Numbers from one column of a panel of k factors to the next.
pub fn stride_of<T: Real>(k: usize) -> usize {
    k.next_multiple_of(T::LANES)
}

impl<T: Real> Panel<T> {
    /// All zeros.
    pub fn zeros(k: usize, cols: usize) -> Result<Self> {
        let stride = stride_of::<T>(k);
        let length = stride.checked_mul(cols).ok_or_else(|| {
            KernelError::invalid(format!("a panel of {k} × {cols} is beyond all memory"))
        })?;
        Ok(Self {
            k,
            cols,
            stride,
            data: Lasting::zeros(length)?,
        })
    }

    /// Row r of column j is `number(r, j)`.
    fn of(k: usize, cols: usize, number: impl Fn(usize, usize) -> T) -> Result<Self> {
        let mut out = Self::zeros(k, cols)?;
        let columns = out.data.chunks_exact_mut(out.stride.max(1));
        for (j, column) in columns.enumerate() {
            for (r, x) in column[..k].iter_mut().enumerate() {
                *x = number(r, j);
            }
        }
        Ok(out)
    }

    /// The columns of a k × cols matrix.
    pub fn from_columns(matrix: &Dense<'_>) -> Result<Self> {
        let (k, cols, data) = (matrix.rows, matrix.cols, matrix.data);
        Self::of(k, cols, |r, j| T::from_f64(data[r + j * k]))
    }

    /// The rows of a cols × k matrix.
    pub fn from_rows(matrix: &Dense<'_>) -> Result<Self> {
        let (k, cols, data) = (matrix.cols, matrix.rows, matrix.data);
        Self::of(k, cols, |r, i| T::from_f64(data[i + r * cols]))
    }

    /// A copy of its own.
    pub fn copied(&self) -> Result<Self> {
        self.columns(0..self.cols)
    }

    /// A copy of some of its columns.
    pub fn columns(&self, range: Range<usize>) -> Result<Self> {
        let own = range.start * self.stride..range.end * self.stride;
        Ok(Self {
            k: self.k,
            cols: range.len(),
            stride: self.stride,
            data: Lasting::copied(&self.data[own])?,
        })
    }

    /// A copy in numbers of 64 bits.
    pub fn widened(&self) -> Result<Panel<f64>> {
        let (data, stride) = (self.data(), self.stride);
        Panel::of(self.k, self.cols, |r, j| data[r + j * stride].to_f64())
    }

    /// Becomes a copy of another panel of the same shape.
    pub fn copy_from(&mut self, other: &Self) {
        self.data.copy_from_slice(&other.data);
    }

    /// Ranges of columns, each to be written by itself; they follow one another.
    pub fn split(&mut self, ranges: &[Range<usize>]) -> Vec<&mut [T]> {
        let stride = self.stride;
        let first = ranges.first().map_or(0, |range| range.start);
        let mut rest: &mut [T] = &mut self.data[first * stride..];
        let mut out = Vec::with_capacity(ranges.len());
        for range in ranges {
            let (own, other) = rest.split_at_mut(range.len() * stride);
            out.push(own);
            rest = other;
        }
        out
    }

    /// All numbers, padding included.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All numbers, padding included; the padding must stay zero.
    pub fn data_mut(&mut self) -> &mut [T] {
        &mut self.data
    }

    /// Column j with its padding.
    pub fn column(&self, j: usize) -> &[T] {
        &self.data[j * self.stride..(j + 1) * self.stride]
    }

    /// Column j with its padding, which must stay zero.
    pub fn column_mut(&mut self, j: usize) -> &mut [T] {
        &mut self.data[j * self.stride..(j + 1) * self.stride]
    }

    /// The cols × k transpose: what a matrix of vectors in columns looks like.
    pub fn to_rows(&self) -> Result<Matrix> {
        let mut out = Matrix::zeros(self.cols, self.k)?;
        for j in 0..self.cols {
            for (r, x) in self.column(j)[..self.k].iter().enumerate() {
                out.data[j + r * self.cols] = x.to_f64();
            }
        }
        Ok(out)
    }

    /// The k × cols matrix.
    pub fn to_columns(&self) -> Result<Matrix> {
        let mut out = Matrix::zeros(self.k, self.cols)?;
        for j in 0..self.cols {
            let column = out.column_mut(j).iter_mut();
            for (to, x) in column.zip(self.column(j)) {
                *to = x.to_f64();
            }
        }
        Ok(out)
    }

    /// Multiplies row r by `by[r]`.
    pub fn scale_rows(&mut self, by: &[f64]) {
        let by: Vec<T> = by.iter().map(|&x| T::from_f64(x)).collect();
        let one = T::from_f64(1.0);
        for r in (0..by.len()).filter(|&r| by[r] != one) {
            for x in self.data.iter_mut().skip(r).step_by(self.stride) {
                *x = x.times(by[r]);
            }
        }
    }
}
