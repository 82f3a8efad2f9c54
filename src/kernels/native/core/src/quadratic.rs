use std::borrow::Cow;

use crate::leaves::{BLOCK, Sweeps};
use crate::objective::StepTerms;
use crate::simd::Real;

/// Fraction of the largest curvature below which the factor of a coordinate is dead.
const DEAD: f64 = 1e-14;
/// The same for numbers of 32 bits.
const DEAD_NARROW: f64 = 1e-7;

/// Coordinates whose curvature is below this fraction of the largest are left alone.
pub fn dead_below<T: Real>() -> f64 {
    if T::LANES == 16 { DEAD_NARROW } else { DEAD }
}

/// minimise ½·xᵀ(G + ridge)x − bᵀx + linear·|x| over lower ≤ x ≤ upper, for every column of a factor.
pub struct Quadratic<'a> {
    /// k.
    pub k: usize,
    /// G, k × k, symmetric, the coupling of the terms included.
    pub gram: Cow<'a, [f64]>,
    /// What is added to the diagonal and to the slope.
    pub terms: StepTerms,
    /// Least of each coordinate.
    pub lower: f64,
    /// Most of each coordinate.
    pub upper: f64,
    /// G_rr + ridge_r, 0 where a coordinate is to be left alone.
    pub curvature: Vec<f64>,
}

/// Where the entries of a factor may lie.
#[derive(Clone, Copy)]
pub struct Bounds {
    /// Not below zero.
    pub nonneg: bool,
    /// Not above this.
    pub upper: f64,
}

impl<'a> Quadratic<'a> {
    /// Puts the terms together for numbers of kind T.
    pub fn new<T: Real>(gram: Cow<'a, [f64]>, terms: StepTerms, bounds: Bounds) -> Self {
        let k = terms.ridge.len();
        let diagonal = |r: usize| gram[r * k + r];
        let largest = (0..k).map(diagonal).fold(0.0, f64::max);
        let dead = dead_below::<T>();
        let curvature = |r: usize| {
            let c = diagonal(r) + terms.ridge[r];
            let inverse = T::from_f64(1.0 / c).to_f64();
            if diagonal(r) > dead * largest && c.is_finite() && inverse.is_finite() && inverse > 0.0
            {
                c
            } else {
                0.0
            }
        };
        let curvature = (0..k).map(curvature).collect();
        let gram = match &terms.coupling {
            Some(coupling) => gram.iter().zip(coupling).map(|(g, c)| g + c).collect(),
            None => gram,
        };
        let Bounds { nonneg, upper } = bounds;
        Self {
            k,
            gram,
            curvature,
            terms,
            lower: if nonneg { 0.0 } else { f64::NEG_INFINITY },
            upper,
        }
    }

    /// Whether |x| has a weight where x may have any sign: the minimum solves no linear equations.
    pub fn has_kinks(&self) -> bool {
        let weighed = |r: usize| self.curvature[r] > 0.0 && self.terms.linear[r] > 0.0;
        self.lower == f64::NEG_INFINITY && (0..self.k).any(weighed)
    }

    /// As sweeps over its coordinates want it: at most `most` of them, until Σδ² is at most `rest` of the first.
    pub fn sweeps<T: Real>(&self, most: usize, rest: f64, spread: Option<&[f64]>) -> Sweeps<T> {
        let mut gram = vec![T::default(); self.k.next_multiple_of(BLOCK) * self.k];
        for r in 0..self.k {
            let (block, i) = (r / BLOCK * BLOCK, r % BLOCK);
            for s in 0..self.k {
                let own = if r == s && self.curvature[r] > 0.0 {
                    self.terms.ridge[r]
                } else {
                    0.0
                };
                gram[block * self.k + s * BLOCK + i] = T::from_f64(self.gram[r * self.k + s] + own);
            }
        }
        let alive = |value: &dyn Fn(usize) -> f64| {
            (0..self.k)
                .map(|r| {
                    if self.curvature[r] > 0.0 {
                        T::from_f64(value(r))
                    } else {
                        T::default()
                    }
                })
                .collect()
        };
        Sweeps {
            k: self.k,
            gram,
            curvature: alive(&|r| self.curvature[r]),
            inverse: alive(&|r| 1.0 / self.curvature[r]),
            linear: alive(&|r| self.terms.linear[r]),
            spread: alive(&|r| spread.map_or(0.0, |spread| spread[r])),
            lower: T::from_f64(self.lower),
            upper: T::from_f64(self.upper),
            plain: self.lower == 0.0 && self.upper == f64::INFINITY,
            most,
            rest: T::from_f64(rest),
        }
    }
}
