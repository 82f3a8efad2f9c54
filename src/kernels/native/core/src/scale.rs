use crate::error::Result;
use crate::matrix::Matrix;
use crate::memory::zeros;
use crate::pages::make_room;
use crate::panel::Panel;
use crate::reduce::{sums_of_magnitudes, sums_of_row_squares};
use crate::simd::Real;

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

/// A model with its scale in d.
pub struct Normalized {
    /// features × k.
    pub w: Matrix,
    /// k scales, falling.
    pub d: Vec<f64>,
    /// k × samples.
    pub h: Matrix,
    /// Where each factor was before.
    pub order: Vec<usize>,
}

/// Moves the scale of both panels into d and sorts by it, falling, ties by position. A factor that is zero on either
/// side becomes zero on both, with d = 0; with `Norm::None` d is 1 and the order is that of ‖w_r‖₂·‖h_r‖₂. Factors
/// that are `placed` stay where they are.
pub fn normalize<T: Real>(
    w: &Panel<T>,
    h: &Panel<T>,
    norm: Norm,
    placed: bool,
) -> Result<Normalized> {
    let k = w.k;
    let Sizes {
        w: w_sizes,
        h: h_sizes,
        both: sizes,
        order,
    } = Sizes::of(w, h, norm, placed);
    make_room((w.cols + h.cols).saturating_mul(k * size_of::<f64>()));
    let mut out = Normalized {
        w: Matrix::zeros(w.cols, k)?,
        d: zeros(k)?,
        h: Matrix::zeros(k, h.cols)?,
        order: Vec::new(),
    };
    for (to, &from) in order.iter().enumerate() {
        let unit = norm == Norm::None;
        // By division: the inverse of a subnormal size is infinite.
        let alive = sizes[from] >= f64::MIN_POSITIVE;
        // What is drawn to a target stays there, though its partner is gone.
        let scaled = |x: f64, size: f64| match (alive || placed, unit || size == 0.0) {
            (false, _) => 0.0,
            (true, true) => x,
            (true, false) => x / size,
        };
        out.d[to] = match (unit, alive) {
            (true, _) => 1.0,
            (false, true) => sizes[from],
            (false, false) => 0.0,
        };
        let row = w.data().iter().skip(from).step_by(w.stride);
        for (target, x) in out.w.column_mut(to).iter_mut().zip(row) {
            *target = scaled(x.to_f64(), w_sizes[from]);
        }
        let row = h.data().iter().skip(from).step_by(h.stride);
        let targets = out.h.data.iter_mut().skip(to).step_by(k);
        for (target, x) in targets.zip(row) {
            *target = scaled(x.to_f64(), h_sizes[from]);
        }
    }
    out.order = order;
    Ok(out)
}

/// How large the factors of a model are.
pub struct Sizes {
    /// Lengths of W's rows.
    pub w: Vec<f64>,
    /// Lengths of H's rows.
    pub h: Vec<f64>,
    /// Their products.
    pub both: Vec<f64>,
    /// The factors by falling product, or as they are where they are placed.
    pub order: Vec<usize>,
}

impl Sizes {
    /// Of two panels, as a norm has it.
    pub fn of<T: Real>(w: &Panel<T>, h: &Panel<T>, norm: Norm, placed: bool) -> Self {
        let lengths = |f: &Panel<T>| -> Vec<f64> {
            match norm {
                Norm::L1 => sums_of_magnitudes(f),
                Norm::L2 | Norm::None => sums_of_row_squares(f).iter().map(|x| x.sqrt()).collect(),
            }
        };
        let (w, h) = (lengths(w), lengths(h));
        let both: Vec<f64> = w.iter().zip(&h).map(|(a, b)| a * b).collect();
        let order = if placed {
            (0..w.len()).collect()
        } else {
            falling(&both)
        };
        Self { w, h, both, order }
    }
}

/// Positions of the values, largest first, equal ones in their order.
pub fn falling(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&i, &j| values[j].total_cmp(&values[i]));
    order
}
