use crate::error::Result;
use crate::memory::zeros;
use crate::quadratic::Quadratic;
use crate::simd::Real;

/// What is added to the diagonal, as a fraction of it, so that it can be factored.
const LIFT: f64 = 1e-12;

/// (G + ridge)⁻¹(b − linear), and negative numbers clipped to the bounds.
pub struct Factored<'a> {
    quadratic: &'a Quadratic<'a>,
    /// L of L·Lᵀ, by rows.
    lower: Vec<f64>,
}

impl<'a> Factored<'a> {
    /// Factors G once for all columns, or not at all where it is singular; coordinates that are to be left alone stand by
    /// themselves.
    pub fn new(quadratic: &'a Quadratic<'a>) -> Result<Option<Self>> {
        let k = quadratic.k;
        let mut lower = zeros(k * k)?;
        let alive = |r: usize| quadratic.curvature[r] > 0.0;
        for r in 0..k {
            for s in 0..r {
                if alive(r) && alive(s) {
                    lower[r * k + s] = quadratic.gram[r * k + s];
                }
            }
            lower[r * k + r] = if alive(r) {
                quadratic.curvature[r] * (1.0 + LIFT)
            } else {
                1.0
            };
        }
        Ok(cholesky(&mut lower, k).then_some(Self { quadratic, lower }))
    }

    /// Solves for columns x of a panel, given columns b. The objective may rise, by how much is not known (0).
    pub fn solve<T: Real>(&self, stride: usize, x: &mut [T], b: &[T]) -> Result<f64> {
        let Quadratic {
            k,
            gram,
            terms,
            lower,
            upper,
            curvature,
        } = self.quadratic;
        let mut y = zeros(*k)?;
        for (x, b) in x.chunks_exact_mut(stride).zip(b.chunks_exact(stride)) {
            for r in 0..*k {
                let left_alone = (0..*k).filter(|&s| curvature[s] == 0.0);
                let fixed = left_alone.fold(0.0, |sum, s| sum + gram[r * k + s] * x[s].to_f64());
                y[r] = if curvature[r] > 0.0 {
                    b[r].to_f64() - terms.linear[r] - fixed
                } else {
                    x[r].to_f64()
                };
            }
            substitute(&self.lower, *k, &mut y);
            for (x, y) in x.iter_mut().zip(&y) {
                *x = T::from_f64(y.max(*lower).min(*upper));
            }
        }
        Ok(0.0)
    }
}

/// L of A = L·Lᵀ in place of the lower half of A, by rows; false where A is not positive definite.
pub fn cholesky(a: &mut [f64], k: usize) -> bool {
    for r in 0..k {
        for s in 0..=r {
            let (above, row) = a.split_at(r * k);
            let left = if s < r {
                &above[s * k..s * k + s]
            } else {
                &row[..s]
            };
            let sum = row[..s]
                .iter()
                .zip(left)
                .fold(row[s], |sum, (x, y)| sum - x * y);
            if s == r {
                if !(sum > 0.0 && sum.is_finite()) {
                    return false;
                }
                a[r * k + r] = sum.sqrt();
            } else {
                a[r * k + s] = sum / a[s * k + s];
            }
        }
    }
    true
}

/// y ← (L·Lᵀ)⁻¹·y.
pub fn substitute(lower: &[f64], k: usize, y: &mut [f64]) {
    for r in 0..k {
        let sum = (0..r).fold(y[r], |sum, s| sum - lower[r * k + s] * y[s]);
        y[r] = sum / lower[r * k + r];
    }
    for r in (0..k).rev() {
        let sum = (r + 1..k).fold(y[r], |sum, s| sum - lower[s * k + r] * y[s]);
        y[r] = sum / lower[r * k + r];
    }
}
