use crate::error::Result;
use crate::matrix::{Matrix, Panel};
use crate::memory::zeros;
use crate::reduce::{FactorNorms, panel_norms};

/// How W and H are scaled once a fit is over; the rest goes into d.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Sums of absolute values are 1.
    L1,
    /// Euclidean lengths are 1.
    L2,
    /// Nothing is scaled and d is 1.
    None,
}

/// The powers of two by which W's rows grow and H's shrink to be of about the same length; no bit of W·H changes.
pub fn balance(w_norms: &FactorNorms, h_norms: &FactorNorms) -> Vec<f64> {
    let shift = |(&w, &h): (&f64, &f64)| {
        if w == 0.0 || h == 0.0 {
            return 1.0;
        }
        2.0_f64.powi((exponent(h) - exponent(w)).div_euclid(2))
    };
    w_norms.l2.iter().zip(&h_norms.l2).map(shift).collect()
}

/// The power of two at or below x > 0; one for all subnormal numbers and 0.
pub fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}

/// Multiplies row r of F (k × n) by `by[r]`.
pub fn scale_rows(f: &mut Panel, by: &[f64]) {
    for column in f.data.chunks_exact_mut(by.len()) {
        for (x, by) in column.iter_mut().zip(by) {
            *x *= by;
        }
    }
}

/// A model with its scale in d.
pub struct Normalized {
    /// features × k.
    pub w: Matrix,
    /// k scales, falling.
    pub d: Vec<f64>,
    /// k × samples.
    pub h: Matrix,
}

/// Moves the scale of both panels into d and sorts by it, falling, ties by position. A factor that is zero on either
/// side becomes zero on both, with d = 0; with `Norm::None` d is 1 and the order is that of ‖w_r‖₂·‖h_r‖₂.
pub fn normalize(w: &Panel, h: &Panel, norm: Norm) -> Result<Normalized> {
    let k = w.rows;
    let (w_norms, h_norms) = (panel_norms(w), panel_norms(h));
    let (w_sizes, h_sizes) = match norm {
        Norm::L1 => (w_norms.l1, h_norms.l1),
        Norm::L2 | Norm::None => (w_norms.l2, h_norms.l2),
    };
    let sizes: Vec<f64> = w_sizes.iter().zip(&h_sizes).map(|(a, b)| a * b).collect();
    let order = falling(&sizes);
    let mut out = Normalized {
        w: Matrix::zeros(w.cols, k)?,
        d: zeros(k)?,
        h: Matrix::zeros(k, h.cols)?,
    };
    for (to, &from) in order.iter().enumerate() {
        let unit = norm == Norm::None;
        // By division: the inverse of a subnormal size is infinite.
        let scaled = |x: f64, size: f64| match (sizes[from] >= f64::MIN_POSITIVE, unit) {
            (false, _) => 0.0,
            (true, true) => x,
            (true, false) => x / size,
        };
        out.d[to] = match (unit, sizes[from] >= f64::MIN_POSITIVE) {
            (true, _) => 1.0,
            (false, true) => sizes[from],
            (false, false) => 0.0,
        };
        let row = w.data.iter().skip(from).step_by(k);
        for (target, x) in out.w.column_mut(to).iter_mut().zip(row) {
            *target = scaled(*x, w_sizes[from]);
        }
        let row = h.data.iter().skip(from).step_by(k);
        let targets = out.h.data.iter_mut().skip(to).step_by(k);
        for (target, x) in targets.zip(row) {
            *target = scaled(*x, h_sizes[from]);
        }
    }
    Ok(out)
}

/// Positions of the values, largest first, equal ones in their order.
pub fn falling(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
    order
}
