use super::operator::Operator;
use crate::control::Control;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::orthogonal::{extend, jacobi_svd, multiply, qr};

/// Blocks AᵀA·Q, (AᵀA)²·Q, … added to the search space before it is reduced to its best directions.
const KRYLOV_DEPTH: usize = 3;

/// The best approximations that a search space holds: A·V = U·diag(σ), V and U orthonormal, σ falling.
pub struct Ritz {
    /// m × count.
    pub u: Matrix,
    /// count.
    pub sigma: Vec<f64>,
    /// n × count.
    pub v: Matrix,
}

/// A search space V, its image A·V, and whether V holds every direction of A.
pub struct Space {
    v: Matrix,
    image: Matrix,
    /// Nothing new was to be found.
    pub invariant: bool,
}

/// Adds Krylov blocks to V, or gives up once cancelled.
pub fn grow(a: &Operator<'_>, start: &Matrix, control: Control<'_>) -> Result<Option<Space>> {
    let most = a.x.rows.min(a.x.cols);
    let mut v = Matrix::copied(start.rows, start.cols, &start.data)?;
    let mut image = a.times(&v)?;
    let mut block = Matrix::copied(image.rows, image.cols, &image.data)?;
    for _ in 0..KRYLOV_DEPTH {
        if (control.cancelled)() {
            return Ok(None);
        }
        let wider = extend(&v, &a.transposed(&block)?, most)?;
        if wider.cols == v.cols {
            return Ok(Some(Space {
                v,
                image,
                invariant: true,
            }));
        }
        if (control.cancelled)() {
            return Ok(None);
        }
        block = a.times(&wider.columns(v.cols, wider.cols)?)?;
        let mut both = Matrix::zeros(image.rows, wider.cols)?;
        let (left, right) = both.data.split_at_mut(image.data.len());
        left.copy_from_slice(&image.data);
        right.copy_from_slice(&block.data);
        (v, image) = (wider, both);
    }
    let invariant = v.cols >= most;
    Ok(Some(Space {
        v,
        image,
        invariant,
    }))
}

/// Rayleigh–Ritz: the SVD of A restricted to the space.
pub fn ritz(space: &Space) -> Result<Ritz> {
    let triangle = qr(&space.image)?;
    let small = jacobi_svd(&triangle.r)?;
    Ok(Ritz {
        u: multiply(&triangle.q, &small.u)?,
        sigma: small.sigma,
        v: multiply(&space.v, &small.v)?,
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
    pub fn largest_residual(&self, a: &Operator<'_>) -> Result<f64> {
        if self.sigma[0] == 0.0 {
            return Ok(0.0);
        }
        let z = a.transposed(&self.u)?;
        let mut largest = 0.0_f64;
        for (r, sigma) in self.sigma.iter().enumerate() {
            let pairs = z.column(r).iter().zip(self.v.column(r));
            let squares = pairs.fold(0.0, |sum, (z, v)| {
                let d = z - sigma * v;
                sum + d * d
            });
            largest = largest.max(squares.sqrt());
        }
        Ok(largest / self.sigma[0])
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
