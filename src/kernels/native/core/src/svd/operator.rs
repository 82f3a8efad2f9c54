use super::moments::Moments;
use crate::data::Data;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::orthogonal::multiply;
use crate::panel::Panel;
use crate::products::{times_data, times_transposed};
use crate::reduce::{dot, sum};

/// A matrix that is known by its products. Factors have their vectors in columns.
pub trait Operator {
    /// Features, m.
    fn rows(&self) -> usize;
    /// Samples, n.
    fn cols(&self) -> usize;
    /// A·V, m × b, from V (n × b).
    fn times(&self, v: &Matrix) -> Result<Matrix>;
    /// Aᵀ·U, n × b, from U (m × b).
    fn transposed(&self, u: &Matrix) -> Result<Matrix>;
}

/// (X − μ·1ᵀ) ÷ s by rows; X stays sparse.
pub struct Centered<'a> {
    /// X.
    pub x: &'a Data<'a>,
    /// μ and s.
    pub moments: &'a Moments,
}

impl Operator for Centered<'_> {
    fn rows(&self) -> usize {
        self.x.rows
    }

    fn cols(&self) -> usize {
        self.x.cols
    }

    fn times(&self, v: &Matrix) -> Result<Matrix> {
        let mut y = times_transposed(&Panel::from_rows(&v.view())?, self.x)?.to_rows()?;
        for r in 0..v.cols {
            let total = sum(v.column(r));
            let y = y.column_mut(r);
            if let Some(center) = &self.moments.center {
                y.iter_mut().zip(center).for_each(|(y, c)| *y -= c * total);
            }
            if let Some(scale) = &self.moments.scale {
                y.iter_mut().zip(scale).for_each(|(y, s)| *y /= s);
            }
            self.moments.empty.iter().for_each(|&i| y[i] = 0.0);
        }
        Ok(y)
    }

    fn transposed(&self, u: &Matrix) -> Result<Matrix> {
        let mut scaled = Matrix::copied(u.rows, u.cols, &u.data)?;
        for column in scaled.data.chunks_exact_mut(u.rows) {
            if let Some(scale) = &self.moments.scale {
                column.iter_mut().zip(scale).for_each(|(u, s)| *u /= s);
            }
            self.moments.empty.iter().for_each(|&i| column[i] = 0.0);
        }
        let mut z = times_data(&Panel::from_rows(&scaled.view())?, self.x)?.to_rows()?;
        if let Some(center) = &self.moments.center {
            for r in 0..u.cols {
                let shift = dot(center, scaled.column(r));
                z.column_mut(r).iter_mut().for_each(|z| *z -= shift);
            }
        }
        Ok(z)
    }
}

/// L·Rᵀ, of matrices with their vectors in columns.
pub struct Product {
    /// m × r.
    pub left: Matrix,
    /// n × r.
    pub right: Matrix,
}

/// A + by·L·Rᵀ.
pub struct Plus<'a> {
    /// A.
    pub to: &'a dyn Operator,
    /// L and R.
    pub product: &'a Product,
    /// How much of it.
    pub by: f64,
}

impl Operator for Plus<'_> {
    fn rows(&self) -> usize {
        self.to.rows()
    }

    fn cols(&self) -> usize {
        self.to.cols()
    }

    fn times(&self, v: &Matrix) -> Result<Matrix> {
        let Product { left, right } = self.product;
        add(self.to.times(v)?, left, right, v, self.by)
    }

    fn transposed(&self, u: &Matrix) -> Result<Matrix> {
        let Product { left, right } = self.product;
        add(self.to.transposed(u)?, right, left, u, self.by)
    }
}

/// y + by·a·(bᵀ·x)
fn add(mut y: Matrix, a: &Matrix, b: &Matrix, x: &Matrix, by: f64) -> Result<Matrix> {
    let mut small = Matrix::zeros(b.cols, x.cols)?;
    for c in 0..x.cols {
        for r in 0..b.cols {
            small.data[r + c * b.cols] = by * dot(b.column(r), x.column(c));
        }
    }
    let more = multiply(a, &small)?;
    y.data
        .iter_mut()
        .zip(&more.data)
        .for_each(|(y, more)| *y += more);
    Ok(y)
}
