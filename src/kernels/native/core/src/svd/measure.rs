use super::moments::Moments;
use super::operator::Product;
use super::ritz::{Ritz, leading_columns};
use crate::data::Data;
use crate::error::{ErrorCode, KernelError, Result};
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::panel::Panel;
use crate::reduce::sum;
use crate::residual::residual_by_row;

/// Below this fraction of ‖A‖² the residual is summed entry by entry: ‖A‖² − Σσ² would lose too many digits.
pub const EXPLICIT_BELOW: f64 = 1e-6;

/// How far a reconstruction is from the data.
#[derive(Clone, Copy)]
pub struct Measure {
    /// ‖X − reconstruction‖², in units of the data.
    pub squares: f64,
    /// J.
    pub objective: f64,
}

/// Of U·diag(σ / (1 + L2))·Vᵀ, row by row: ‖a_i‖² less what each pair takes off while that is exact enough, else the residual
/// itself.
pub fn measure(x: &Data<'_>, found: &Ritz, moments: &Moments, l2: f64) -> Result<Measure> {
    let weights: Vec<f64> = (0..x.rows)
        .map(|i| moments.deviation(i) * moments.deviation(i))
        .collect();
    let unit = |left: &[f64]| -> f64 {
        let pairs = left.iter().zip(&weights);
        pairs.fold(0.0, |sum, (x, weight)| sum + x / weight)
    };
    let mut explained = zeros(x.rows)?;
    for (r, sigma) in found.sigma.iter().enumerate() {
        for (explained, u) in explained.iter_mut().zip(found.u.column(r)) {
            *explained += taken_off(u * sigma, l2);
        }
    }
    let mut left = explained;
    for (i, left) in left.iter_mut().enumerate() {
        *left = (moments.squares[i] - *left) * weights[i];
    }
    let d = shrunk(&found.sigma, l2);
    let mut own = unit(&left);
    if own < EXPLICIT_BELOW * sum(&moments.squares) {
        let product = Product {
            left: scaled_columns(&found.u, &d)?,
            right: leading_columns(&found.v, d.len())?,
        };
        left = residual_of(x, &product, moments)?;
        own = unit(&left);
    }
    let squares = finite(sum(&left))?;
    let shrinking = d.iter().fold(0.0, |sum, d| sum + d * d);
    Ok(Measure {
        squares,
        objective: (own + l2 * shrinking) / 2.0,
    })
}

/// Fails for what is no number.
pub fn finite(squares: f64) -> Result<f64> {
    if squares.is_finite() {
        return Ok(squares);
    }
    Err(KernelError::new(
        ErrorCode::NonFinite,
        "the loss left the range of numbers",
    ))
}

/// d = σ / (1 + L2).
pub fn shrunk(sigma: &[f64], l2: f64) -> Vec<f64> {
    sigma.iter().map(|x| x / (1.0 + l2)).collect()
}

/// How much smaller a square is once its root x is met by x / (1 + L2).
fn taken_off(x: f64, l2: f64) -> f64 {
    let rest = l2 / (1.0 + l2);
    (1.0 - rest * rest) * x * x
}

/// What the first r pairs leave of `total`, r = 0 … k.
pub fn left_by(total: f64, sigma: &[f64], l2: f64) -> Vec<f64> {
    let mut left = vec![total];
    for (r, &x) in sigma.iter().enumerate() {
        left.push((left[r] - taken_off(x, l2)).max(0.0));
    }
    left
}

/// A·diag(d)
pub fn scaled_columns(a: &Matrix, d: &[f64]) -> Result<Matrix> {
    let mut out = leading_columns(a, d.len())?;
    for (r, d) in d.iter().enumerate() {
        out.column_mut(r).iter_mut().for_each(|x| *x *= d);
    }
    Ok(out)
}

/// Σ_j of each row's squares of X less a product, in units of the data, entry by entry; the product is of the centred and
/// scaled matrix.
pub fn residual_of(x: &Data<'_>, product: &Product, moments: &Moments) -> Result<Vec<f64>> {
    let (w, h) = as_product(product, moments)?;
    residual_by_row(x, &w, &h, None)
}

/// Panels whose product is the reconstruction in units of the data: the means become one more factor.
fn as_product(
    Product { left, right }: &Product,
    moments: &Moments,
) -> Result<(Panel<f64>, Panel<f64>)> {
    let k = left.cols;
    let factors = k + usize::from(moments.center.is_some());
    let mut w = leading_columns(left, factors)?;
    let mut h = leading_columns(right, factors)?;
    for r in 0..k {
        for (i, w) in w.column_mut(r).iter_mut().enumerate() {
            *w *= moments.deviation(i);
        }
    }
    if let Some(center) = &moments.center {
        w.column_mut(k).copy_from_slice(center);
        h.column_mut(k).fill(1.0);
    }
    Ok((Panel::from_rows(&w.view())?, Panel::from_rows(&h.view())?))
}
