use crate::column_terms::ColumnTerms;
use crate::error::Result;
use crate::nmf::Walk;
use crate::objective::FactorTerms;
use crate::panel::Panel;
use crate::reduce::{gram, sums_of_magnitudes};
use crate::simd::Real;

/// Rows are balanced once they are to be moved by at least two to this power.
const APART: i32 = 4;

/// Lengths of the k rows of a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorNorms {
    /// Entries of a row.
    pub length: usize,
    /// ‖f_r‖₁, k of them; zeros where no penalty asks for them.
    pub l1: Vec<f64>,
    /// ‖f_r‖₂, k of them.
    pub l2: Vec<f64>,
}

/// The penalties of a factor.
pub struct Penalties<T: Real> {
    /// Those of its rows.
    pub terms: FactorTerms,
    /// Those of its columns.
    pub column_terms: ColumnTerms<T>,
    /// Somebody asks for ‖f_r‖₁.
    pub with_l1: bool,
}

impl<T: Real> Penalties<T> {
    /// Whether they change when scale moves between the factor and its partner.
    pub fn fix_scale(&self) -> bool {
        self.terms.upper.is_finite() || self.column_terms.drawn()
    }
}

/// What a solve and the objective need to know of a factor.
#[derive(Clone)]
pub struct Sums {
    /// F·Fᵀ, k × k.
    pub gram: Vec<f64>,
    /// Lengths of its rows.
    pub norms: FactorNorms,
    /// What its own terms multiply ½‖p_r‖₂² by: λ₂·‖f_r‖₂² and those of graph and remove.
    pub energy: Vec<f64>,
    /// The attract term.
    pub apart: f64,
}

impl Sums {
    /// Those of a panel; ‖f_r‖₁ only where a penalty asks for it.
    pub fn of<T: Real>(panel: &Panel<T>, penalties: &Penalties<T>) -> Result<Self> {
        Ok(Self::from_gram(gram(panel)?, panel, penalties))
    }

    /// Those of a panel whose Gram matrix is known.
    pub fn from_gram<T: Real>(gram: Vec<f64>, panel: &Panel<T>, penalties: &Penalties<T>) -> Self {
        let k = panel.k;
        let l1 = if penalties.with_l1 {
            sums_of_magnitudes(panel)
        } else {
            vec![0.0; k]
        };
        let l2: Vec<f64> = (0..k).map(|r| gram[r * k + r].sqrt()).collect();
        let mut energy: Vec<f64> = l2.iter().map(|x| penalties.terms.l2 * x * x).collect();
        penalties.column_terms.add_energy(panel, &mut energy);
        Self {
            gram,
            norms: FactorNorms {
                length: panel.cols,
                l1,
                l2,
            },
            energy,
            apart: penalties.column_terms.apart(panel),
        }
    }

    /// ‖f_r‖²·‖p_r‖², which is ‖f_r·p_r‖², of each row with that of a partner.
    pub fn squares_with(&self, partner: &Self) -> Vec<f64> {
        let k = self.norms.l2.len();
        let squares = |r: usize| self.gram[r * (k + 1)] * partner.gram[r * (k + 1)];
        (0..k).map(squares).collect()
    }

    /// As if row r of the panel were multiplied by `by[r]`, a power of two or its negative: exactly.
    pub fn scale_exactly(&mut self, by: &[f64]) {
        let k = by.len();
        for (r, x) in by.iter().enumerate() {
            self.norms.l1[r] *= x.abs();
            self.norms.l2[r] *= x.abs();
            self.energy[r] *= x * x;
            for (s, y) in by.iter().enumerate() {
                self.gram[r * k + s] = self.gram[r * k + s] * x * y;
            }
        }
    }

    /// Through all numbers of them.
    pub(crate) fn walk(&mut self, walk: &mut Walk<'_>) {
        walk.numbers(&mut self.gram);
        walk.numbers(&mut self.norms.l1);
        walk.numbers(&mut self.norms.l2);
        walk.numbers(&mut self.energy);
        walk.number(&mut self.apart);
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

/// A factor this much smaller than the largest is dead where factors are made to die.
const DYING: f64 = 1e-12;

/// Whether each factor is worth keeping.
pub fn living(w: &FactorNorms, h: &FactorNorms) -> Vec<bool> {
    let size: Vec<f64> = w.l2.iter().zip(&h.l2).map(|(w, h)| w * h).collect();
    let least = DYING * size.iter().fold(0.0, |most: f64, x| most.max(*x));
    size.into_iter().map(|x| x > least).collect()
}

/// The power of two at or below x > 0; one for all subnormal numbers and 0.
pub fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}
