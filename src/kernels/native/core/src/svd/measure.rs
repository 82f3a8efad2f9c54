use super::moments::Moments;
use super::ritz::{Ritz, leading_columns};
use crate::data::Data;
use crate::error::{ErrorCode, KernelError, Result};
use crate::memory::zeros;
use crate::panel::Panel;
use crate::reduce::sum;
use crate::residual::residual_by_row;

/// Below this fraction of ‖A‖² the residual is summed entry by entry: ‖A‖² − Σσ² would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-6;

/// How far a reconstruction is from the data.
#[derive(Clone, Copy)]
pub struct Measure {
    /// ‖X − reconstruction‖², in units of the data.
    pub squares: f64,
    /// Half the same of the centred and scaled matrix.
    pub objective: f64,
}

/// Row by row: ‖a_i‖² − Σ_r (u_ir·σ_r)² while that is exact enough, else the residual itself.
pub fn measure(x: &Data<'_>, found: &Ritz, moments: &Moments) -> Result<Measure> {
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
            *explained += (u * sigma) * (u * sigma);
        }
    }
    let mut left = explained;
    for (i, left) in left.iter_mut().enumerate() {
        *left = (moments.squares[i] - *left) * weights[i];
    }
    let mut objective = unit(&left);
    if objective < EXPLICIT_BELOW * sum(&moments.squares) {
        let (w, h) = as_product(found, moments)?;
        left = residual_by_row(x, &w, &h, None)?;
        objective = unit(&left);
    }
    let squares = sum(&left);
    if !squares.is_finite() {
        return Err(KernelError::new(
            ErrorCode::NonFinite,
            "the loss left the range of numbers",
        ));
    }
    Ok(Measure {
        squares,
        objective: objective / 2.0,
    })
}

/// Panels whose product is the reconstruction in units of the data: the means become one more factor.
fn as_product(found: &Ritz, moments: &Moments) -> Result<(Panel<f64>, Panel<f64>)> {
    let k = found.sigma.len();
    let factors = k + usize::from(moments.center.is_some());
    let mut w = leading_columns(&found.u, factors)?;
    let mut h = leading_columns(&found.v, factors)?;
    for (r, sigma) in found.sigma.iter().enumerate() {
        for (i, w) in w.column_mut(r).iter_mut().enumerate() {
            *w = *w * sigma * moments.deviation(i);
        }
    }
    if let Some(center) = &moments.center {
        w.column_mut(k).copy_from_slice(center);
        h.column_mut(k).fill(1.0);
    }
    Ok((Panel::from_rows(&w.view())?, Panel::from_rows(&h.view())?))
}
