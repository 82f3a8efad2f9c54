use super::operator::Operator;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::orthogonal::{jacobi_svd, multiply, qr};

/// The best approximations that a search space holds: A·V = U·diag(σ), V and U orthonormal, σ falling.
pub struct Ritz {
    /// m × count.
    pub u: Matrix,
    /// count.
    pub sigma: Vec<f64>,
    /// n × count.
    pub v: Matrix,
}

/// Rayleigh–Ritz: the SVD of A restricted to the space that V spans, from A·V.
pub fn ritz(v: &Matrix, image: &Matrix) -> Result<Ritz> {
    let triangle = qr(image)?;
    let small = jacobi_svd(&triangle.r)?;
    Ok(Ritz {
        u: multiply(&triangle.q, &small.u)?,
        sigma: small.sigma,
        v: multiply(v, &small.v)?,
    })
}

impl Ritz {
    /// Zero vectors.
    pub fn zeros(m: usize, n: usize, count: usize) -> Result<Self> {
        Ok(Self {
            u: Matrix::zeros(m, count)?,
            sigma: zeros(count)?,
            v: Matrix::zeros(n, count)?,
        })
    }

    /// The first `count` directions, zero vectors where there are fewer.
    pub fn leading(&self, count: usize) -> Result<Self> {
        let kept = count.min(self.sigma.len());
        let mut sigma = zeros(count)?;
        sigma[..kept].copy_from_slice(&self.sigma[..kept]);
        Ok(Self {
            u: leading_columns(&self.u, count)?,
            sigma,
            v: leading_columns(&self.v, count)?,
        })
    }

    /// max_r ‖Aᵀu_r − σ_r·v_r‖₂ / σ₁.
    pub fn largest_residual(&self, a: &dyn Operator) -> Result<f64> {
        if self.sigma[0] == 0.0 {
            return Ok(0.0);
        }
        Ok(furthest(&a.transposed(&self.u)?, &self.v, &self.sigma) / self.sigma[0])
    }

    /// Turns each pair of vectors so that the left one's largest entry (the first, among equals to rounding) is positive.
    pub fn fix_signs(&mut self) {
        for r in 0..self.sigma.len() {
            let u = self.u.column_mut(r);
            let largest = u.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
            let lead = u.iter().find(|x| x.abs() >= (1.0 - 1e-9) * largest);
            if lead.is_none_or(|&x| x >= 0.0) {
                continue;
            }
            u.iter_mut().for_each(|x| *x = -*x);
            self.v.column_mut(r).iter_mut().for_each(|x| *x = -*x);
        }
    }
}

/// The first `count` columns, zero where there are fewer.
pub fn leading_columns(m: &Matrix, count: usize) -> Result<Matrix> {
    let mut out = Matrix::zeros(m.rows, count)?;
    let kept = count.min(m.cols) * m.rows;
    out.data[..kept].copy_from_slice(&m.data[..kept]);
    Ok(out)
}

/// max_r ‖z_r − σ_r·v_r‖₂
pub fn furthest(z: &Matrix, v: &Matrix, sigma: &[f64]) -> f64 {
    let of = |(r, sigma): (usize, &f64)| {
        let pairs = z.column(r).iter().zip(v.column(r));
        let squares = pairs.fold(0.0, |sum, (z, v)| {
            let d = z - sigma * v;
            sum + d * d
        });
        squares.sqrt()
    };
    sigma.iter().enumerate().map(of).fold(0.0, f64::max)
}
