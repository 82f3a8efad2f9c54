//! A column improved while its partner stands still: by Newton steps on the loss at every coordinate, by sweeps on a parabola
//! of it, or by multiplicative updates. What is minimised never rises.

use super::column::Column;
use super::logarithms::Ask;
use super::room::Room;
use crate::data::Element;
use crate::error::Result;
use crate::leaves::{Ccd, Coordinates, Frozen};
use crate::simd::run;

/// Halvings of a step before a column is left as it was.
const HALVINGS: usize = 12;
/// In 32 bits a rise of this part of what it is the difference of is rounding.
const ROUNDING: f64 = 1e-6;

/// Where estimates are kept: as they were, and as they are.
const OLD: usize = 0;
const NEW: usize = 1;
/// Where their inverses are.
const ROOM: usize = 2;

/// How columns are improved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Newton steps at every coordinate.
    Newton,
    /// Sweeps on a parabola.
    Parabola,
    /// Multiplicative updates.
    Multiplicative,
}

/// What columns have beside the data, without the slopes that stand still.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Slopes that the column does not change.
    pub added: &'a [f64],
    /// See `Coordinates`.
    pub ridge: &'a [f64],
    /// See there.
    pub shrink: &'a [f64],
    /// See there.
    pub coupling: Option<&'a [f64]>,
    /// See there.
    pub lower: f64,
    /// See there.
    pub upper: f64,
}

impl<'a> Terms<'a> {
    fn with(&self, linear: &'a [f64]) -> Coordinates<'a> {
        Coordinates {
            linear,
            ridge: self.ridge,
            shrink: self.shrink,
            coupling: self.coupling,
            lower: self.lower,
            upper: self.upper,
        }
    }
}

/// Derivatives of the data in the coordinates of a column, k of each.
pub struct Bends {
    /// Slopes.
    pub slopes: Vec<f64>,
    /// What stands for the second derivatives while the column is improved.
    pub curvatures: Vec<f64>,
}

/// Room for one column after another.
pub struct Improver<T> {
    before: Vec<T>,
    ratios: [Room<T>; 2],
}

impl<T: Element> Improver<T> {
    /// For columns of k numbers.
    pub fn new(k: usize) -> Self {
        Self {
            before: vec![T::default(); k],
            ratios: Default::default(),
        }
    }

    /// Improves the k numbers x of the column that was loaded.
    pub fn improve(
        &mut self,
        column: &mut Column<'_, T>,
        x: &mut [T],
        terms: &Terms<'_>,
        way: Way,
        sweeps: usize,
    ) -> Result<()> {
        if way == Way::Multiplicative {
            let shifted = column.set_logarithms()?;
            for _ in 0..sweeps {
                if !self.multiply(column, x, terms, shifted)? {
                    break;
                }
            }
            return Ok(());
        }
        self.before.copy_from_slice(x);
        column.stand_still(x)?;
        column.estimate(x, OLD)?;
        let own: Vec<f64> = column
            .linear
            .iter()
            .zip(terms.added)
            .map(|(s, a)| s + a)
            .collect();
        let beside = terms.with(&own);
        if way == Way::Newton {
            let shifted = column.set_logarithms()?;
            self.newton(column, x, beside, shifted, sweeps)?;
            if !self.rose(column, x, &beside, terms, Some(shifted))? {
                return Ok(());
            }
            x.copy_from_slice(&self.before);
            self.multiply(column, x, terms, shifted)?;
            return Ok(());
        }
        self.sweep(column, x, beside, sweeps)?;
        column.estimate(x, NEW)?;
        if !self.rose(column, x, &beside, terms, None)? {
            return Ok(());
        }
        let full: Vec<T> = x.to_vec();
        let mut part = 1.0;
        for _ in 0..HALVINGS {
            part *= 0.5;
            for ((x, from), to) in x.iter_mut().zip(&self.before).zip(&full) {
                let (from, to) = (from.to_f64(), to.to_f64());
                *x = T::from_f64(from + part * (to - from));
            }
            column.estimate(x, NEW)?;
            if !self.rose(column, x, &beside, terms, None)? {
                return Ok(());
            }
        }
        x.copy_from_slice(&self.before);
        Ok(())
    }

    fn newton(
        &self,
        column: &mut Column<'_, T>,
        x: &mut [T],
        beside: Coordinates<'_>,
        shifted: bool,
        sweeps: usize,
    ) -> Result<()> {
        let length = column.length();
        let [mut mu, mut inverse] = [NEW, ROOM].map(|at| std::mem::take(&mut column.mu[at]));
        let at = mu.of(length)?;
        at.copy_from_slice(column.mu[OLD].first(length));
        let terms = column.logarithms(shifted, OLD, OLD);
        let (rows, line) = column.rows();
        run(Ccd {
            rows,
            line,
            a: terms.a,
            shifted: terms.shifted,
            floor: T::from_f64(terms.floor),
            mu: at,
            inverse: inverse.of(length)?,
            x,
            beside,
            sweeps,
        });
        (column.mu[NEW], column.mu[ROOM]) = (mu, inverse);
        Ok(())
    }

    fn sweep(
        &self,
        column: &mut Column<'_, T>,
        x: &mut [T],
        beside: Coordinates<'_>,
        sweeps: usize,
    ) -> Result<()> {
        let length = column.length();
        column.set_slopes(OLD)?;
        let mut own = column.take_terms();
        let [slope, curvature, _] = &mut own;
        let (slope, curvature) = (slope.of(length)?, curvature.of(length)?);
        let curvatures = column.along(curvature, true);
        let (rows, line) = column.rows();
        run(Frozen {
            rows,
            line,
            slope,
            curvature,
            curvatures: &curvatures,
            x,
            beside,
            sweeps,
        });
        column.terms = own;
        Ok(())
    }

    /// Whether what is minimised is higher at x, of estimates `NEW`, than it was before. What is no lower, and quickly found,
    /// is looked at first: the tangents where a convex loss goes to, and those of zeros where it comes from.
    fn rose(
        &self,
        column: &mut Column<'_, T>,
        x: &[T],
        beside: &Coordinates<'_>,
        terms: &Terms<'_>,
        logarithms: Option<bool>,
    ) -> Result<bool> {
        let own = beside.change(&self.before, x);
        if let Some(shifted) = logarithms {
            if own + column.ask(Ask::Bound, shifted, OLD, NEW) <= 0.0 {
                return Ok(false);
            }
            let change = own + column.ask(Ask::Change, shifted, OLD, NEW);
            if change <= 0.0 {
                return Ok(false);
            }
            if T::LANES == 16 {
                let size = column.ask(Ask::Size, shifted, OLD, NEW);
                return Ok(change > ROUNDING * size || change.is_nan());
            }
        } else if own + column.change(OLD, NEW).0 <= 0.0 {
            return Ok(false);
        }
        if !column.zeros_bend() {
            return Ok(true);
        }
        let zeros = column.zero_change(&self.before, x)?;
        let change =
            terms.with(terms.added).change(&self.before, x) + column.change(OLD, NEW).0 + zeros;
        // Not a number: it rose.
        Ok(!matches!(
            change.partial_cmp(&0.0),
            Some(std::cmp::Ordering::Less | std::cmp::Ordering::Equal)
        ))
    }

    /// A multiplicative update (Lee & Seung 2001), with a ridge the zero of a quadratic equation, and a coupling met by
    /// 2·x_r·x_s ≤ x_r²·x̃_s/x̃_r + x_s²·x̃_r/x̃_s. Whether it was made.
    fn multiply(
        &mut self,
        column: &mut Column<'_, T>,
        x: &mut [T],
        terms: &Terms<'_>,
        shifted: bool,
    ) -> Result<bool> {
        let length = column.length();
        self.before.copy_from_slice(x);
        column.stand_still(x)?;
        column.estimate(x, OLD)?;
        let mut room = std::mem::take(&mut self.ratios[0]);
        let ratios = room.of(length)?;
        column.ratios(shifted, OLD, ratios, None);
        let up = column.along(ratios, false);
        self.ratios[0] = room;
        let own: Vec<f64> = column
            .linear
            .iter()
            .zip(terms.added)
            .map(|(s, a)| s + a)
            .collect();
        let beside = terms.with(&own);
        for r in 0..x.len() {
            let at = self.before[r].to_f64();
            if at == 0.0 || !terms.ridge[r].is_finite() {
                continue;
            }
            let ridge = terms.ridge[r] + beside.coupled(r, &self.before) / at;
            let b = own[r] + terms.shrink[r];
            let root = (b * b + 4.0 * ridge * up[r] * at).sqrt();
            let to = if b >= 0.0 {
                2.0 * up[r] * at / (b + root).max(f64::from_bits(1))
            } else if ridge > 0.0 {
                (root - b) / (2.0 * ridge)
            } else {
                at
            };
            x[r] = T::from_f64(to.min(terms.upper));
        }
        column.estimate(x, NEW)?;
        if self.rose(column, x, &beside, terms, Some(shifted))? {
            x.copy_from_slice(&self.before);
            return Ok(false);
        }
        Ok(true)
    }

    /// Slopes and curvatures of the data in each coordinate of x.
    pub fn bends(&mut self, column: &mut Column<'_, T>, x: &[T], way: Way) -> Result<Bends> {
        let length = column.length();
        column.stand_still(x)?;
        column.estimate(x, OLD)?;
        let (mut slopes, curvatures) = if way == Way::Parabola {
            column.set_slopes(OLD)?;
            let [slope, curvature, _] = &column.terms;
            (
                column.along(slope.first(length), false),
                column.along(curvature.first(length), true),
            )
        } else {
            let shifted = column.set_logarithms()?;
            let [first, second] = &mut self.ratios;
            let (first, second) = (first.of(length)?, second.of(length)?);
            column.ratios(shifted, OLD, first, Some(second));
            let up = column.along(first, false);
            (up.iter().map(|x| -x).collect(), column.along(second, true))
        };
        for (slope, still) in slopes.iter_mut().zip(&column.linear) {
            *slope += still;
        }
        Ok(Bends { slopes, curvatures })
    }

    /// The largest step that each coordinate of x can still take.
    pub fn open(
        &mut self,
        column: &mut Column<'_, T>,
        x: &[T],
        terms: &Terms<'_>,
        way: Way,
    ) -> Result<Vec<f64>> {
        let Bends { slopes, curvatures } = self.bends(column, x, way)?;
        let beside = terms.with(terms.added);
        let step = |r: usize| (beside.best(r, x, slopes[r], curvatures[r]) - x[r].to_f64()).abs();
        Ok((0..x.len()).map(step).collect())
    }
}
