use super::moments::Moments;
use crate::data::Data;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::panel::Panel;
use crate::products::{times_data, times_transposed};
use crate::reduce::{dot, sum};

/// A = (X − μ·1ᵀ) ÷ s by rows, as two products; X stays sparse. Factors here have their vectors in columns.
pub struct Operator<'a> {
    /// X.
    pub x: &'a Data<'a>,
    /// μ and s.
    pub moments: &'a Moments,
}

impl Operator<'_> {
    /// A·V, m × b, from V (n × b).
    pub fn times(&self, v: &Matrix) -> Result<Matrix> {
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

    /// Aᵀ·U, n × b, from U (m × b).
    pub fn transposed(&self, u: &Matrix) -> Result<Matrix> {
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
