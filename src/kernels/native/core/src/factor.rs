use crate::error::Result;
use crate::objective::FactorNorms;
use crate::panel::Panel;
use crate::reduce::{gram, sums_of_magnitudes};
use crate::simd::Real;

/// Rows are balanced once they are to be moved by at least two to this power.
const APART: i32 = 4;

/// What a solve and the objective need to know of a factor.
#[derive(Clone)]
pub struct Sums {
    /// F·Fᵀ, k × k.
    pub gram: Vec<f64>,
    /// Lengths of its rows.
    pub norms: FactorNorms,
}

impl Sums {
    /// Those of a panel; ‖f_r‖₁ only where a penalty asks for it.
    pub fn of<T: Real>(panel: &Panel<T>, with_l1: bool) -> Result<Self> {
        Ok(Self::from_gram(gram(panel)?, panel, with_l1))
    }

    /// Those of a panel whose Gram matrix is known.
    pub fn from_gram<T: Real>(gram: Vec<f64>, panel: &Panel<T>, with_l1: bool) -> Self {
        let k = panel.k;
        let l1 = if with_l1 {
            sums_of_magnitudes(panel)
        } else {
            vec![0.0; k]
        };
        let l2 = (0..k).map(|r| gram[r * k + r].sqrt()).collect();
        Self {
            gram,
            norms: FactorNorms {
                length: panel.cols,
                l1,
                l2,
            },
        }
    }

    /// As if row r of the panel were multiplied by `by[r]`, a power of two or its negative: exactly.
    pub fn scale_exactly(&mut self, by: &[f64]) {
        let k = by.len();
        for (r, x) in by.iter().enumerate() {
            self.norms.l1[r] *= x.abs();
            self.norms.l2[r] *= x.abs();
            for (s, y) in by.iter().enumerate() {
                self.gram[r * k + s] = self.gram[r * k + s] * x * y;
            }
        }
    }

    /// −1 for each row that is zero, 1 for the others.
    pub fn signs_of_unused(&self) -> Vec<f64> {
        let sign = |&length: &f64| if length == 0.0 { -1.0 } else { 1.0 };
        self.norms.l2.iter().map(sign).collect()
    }
}

/// The powers of two by which W's rows should grow and H's shrink to be of about the same length, where they are far
/// from it; nothing where all are near. No bit of W·H changes.
pub fn balance(w: &FactorNorms, h: &FactorNorms) -> Option<Vec<f64>> {
    let shift = |(&w, &h): (&f64, &f64)| {
        if w == 0.0 || h == 0.0 {
            return 1.0;
        }
        let shift = (exponent(h) - exponent(w)).div_euclid(2);
        if shift.abs() < APART {
            1.0
        } else {
            2.0_f64.powi(shift)
        }
    };
    let shifts: Vec<f64> = w.l2.iter().zip(&h.l2).map(shift).collect();
    shifts.iter().any(|&shift| shift != 1.0).then_some(shifts)
}

/// The power of two at or below x > 0; one for all subnormal numbers and 0.
pub fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}
