mod load;

use std::ops::Range;

use super::lines::Local;
use super::logarithms::{Ask, Asked, Logarithms, Ratios};
use super::loss::{Kind, Loss};
use super::parameter::Numbers;
use super::room::Room;
use super::sight::{Sight, Still};
use super::sums::{Seen, linear};
use super::zeros::Zeros;
use crate::data::Element;
use crate::error::Result;
use crate::leaves::{Along, Mix};
use crate::simd::run;

/// Absolute errors smaller than this part of their column's mean are curved as if they were that.
const SMALL: f64 = 0.1;

/// The entries that meet one column of a factor, and room for all that is worked out of them. One column after another
/// takes its place.
pub struct Column<'a, T: Element> {
    sight: &'a Sight<'a, T>,
    local: Local<T>,
    /// The column.
    c: usize,
    /// Columns of the partner that are looked at, where they are listed.
    indices: Vec<u32>,
    /// Entries that are looked at: those above zero, or all that are known.
    x: Vec<f64>,
    /// What they count; 0: not at all.
    weights: Vec<f64>,
    /// Their dispersions, where they are listed and not the same.
    own_p: Vec<f64>,
    /// Numbers of a line that their rows take.
    length: usize,
    gathered: Room<T>,
    /// What zeros count, where their slopes stand still one by one.
    zero_weights: Vec<f64>,
    /// Their chances to be zero whatever the estimate, where they are listed and not the same.
    own_pi: Vec<f64>,
    filled: Vec<f64>,
    /// a, b and s of logarithms, or slopes and curvatures.
    pub(super) terms: [Room<T>; 3],
    /// Estimates: as they were, as they are, and between.
    pub(super) mu: [Room<T>; 3],
    /// Estimates of zeros, and what is summed along them.
    zero_mu: Room<T>,
    still: Room<T>,
    /// Slopes that stand still, k of them.
    pub(super) linear: Vec<f64>,
}

impl<'a, T: Element> Column<'a, T> {
    /// For columns in a range.
    pub fn new(sight: &'a Sight<'a, T>, range: &Range<usize>) -> Result<Self> {
        Ok(Self {
            local: sight.lines.local(sight.side, range)?,
            sight,
            c: 0,
            indices: Vec::new(),
            x: Vec::new(),
            weights: Vec::new(),
            own_p: Vec::new(),
            length: 0,
            gathered: Room::default(),
            zero_weights: Vec::new(),
            own_pi: Vec::new(),
            filled: Vec::new(),
            terms: Default::default(),
            mu: Default::default(),
            zero_mu: Room::default(),
            still: Room::default(),
            linear: vec![0.0; sight.partner.k],
        })
    }

    /// How many numbers a line of estimates has.
    pub fn length(&self) -> usize {
        self.length
    }

    /// Rows of the partner along the entries that are looked at.
    pub fn rows(&self) -> (&[T], usize) {
        match &self.sight.rows {
            Some(rows) if self.sight.plan.whole => (&rows.data, rows.line),
            _ => (
                self.gathered.first(self.linear.len() * self.length),
                self.length,
            ),
        }
    }

    /// Rows of the partner along the zeros.
    fn zero_rows(&self) -> (&[T], usize, usize) {
        match &self.sight.rows {
            Some(rows) if !self.sight.plan.listed => (&rows.data, rows.line, rows.line),
            _ => {
                let (rows, line) = self.rows();
                (rows, line, self.length)
            }
        }
    }

    fn p(&self) -> Numbers<'_> {
        match self.sight.dispersions(self.c) {
            Numbers::Each(_) if !self.sight.plan.whole => Numbers::Each(&self.own_p),
            numbers => numbers,
        }
    }

    fn of_zeros(&self) -> (Numbers<'_>, Option<Numbers<'_>>) {
        let listed = self.sight.plan.listed;
        let p = match self.sight.dispersions(self.c) {
            Numbers::Each(_) if listed => Numbers::Each(&self.own_p),
            numbers => numbers,
        };
        let pi = self.sight.inflations(self.c).map(|pi| match pi {
            Numbers::Each(_) if listed => Numbers::Each(&self.own_pi[..]),
            numbers => numbers,
        });
        (p, pi)
    }

    /// The estimates of what is looked at, for coordinates x, in place `at`.
    pub fn estimate(&mut self, x: &[T], at: usize) -> Result<()> {
        let length = self.length;
        let mut out = std::mem::take(&mut self.mu[at]);
        let (rows, line) = self.rows();
        run(Mix {
            rows,
            line,
            x,
            out: out.of(length)?,
        });
        self.mu[at] = out;
        Ok(())
    }

    /// The slopes that stand still, at coordinates x.
    pub fn stand_still(&mut self, x: &[T]) -> Result<()> {
        self.linear.fill(0.0);
        let sight = self.sight;
        match sight.plan.still {
            Still::Nothing => Ok(()),
            Still::Shared => {
                let by_column = sight.linear_of_column(self.c);
                for (part, sums) in sight.shared.iter().enumerate() {
                    let block = &sight.lines.x.parts[part];
                    let meets = match sight.side {
                        crate::view::Side::H => block.rows() > 0,
                        crate::view::Side::W => {
                            (block.top..block.top + block.rows()).contains(&self.c)
                        }
                    };
                    if meets {
                        let (own, _) = sight.lines.factors(part, sight.side, self.c);
                        let by = own * by_column;
                        for (out, sum) in self.linear.iter_mut().zip(sums) {
                            *out += by * sum;
                        }
                    }
                }
                Ok(())
            }
            Still::Entries => self.of_entries(x),
        }
    }

    fn of_entries(&mut self, x: &[T]) -> Result<()> {
        let mut still = std::mem::take(&mut self.still);
        let length = {
            let (_, _, length) = self.zero_rows();
            if self.sight.loss.zeros_linear() {
                self.zero_mu.of(length)?.fill(T::default());
            } else {
                self.estimate_zeros(x)?;
            }
            let slope = still.of(length)?;
            self.zeros().slopes(self.sight.loss, slope);
            if self.sight.loss.is_logarithmic() {
                let listed = self.sight.plan.whole || self.sight.plan.listed;
                let by = linear(self.sight.loss, &self.weights, self.p());
                for (p, by) in by.into_iter().enumerate() {
                    let place = if listed { p } else { self.indices[p] as usize };
                    slope[place] = T::from_f64(slope[place].to_f64() + by);
                }
            }
            length
        };
        let mut sums = std::mem::take(&mut self.linear);
        let (rows, line, _) = self.zero_rows();
        run(Along {
            rows,
            line,
            q: still.first(length),
            sums: &mut sums,
            squared: false,
        });
        self.linear = sums;
        self.still = still;
        Ok(())
    }

    fn estimate_zeros(&mut self, x: &[T]) -> Result<()> {
        let mut mu = std::mem::take(&mut self.zero_mu);
        let (rows, line, length) = self.zero_rows();
        let out = mu.of(length)?;
        run(Mix { rows, line, x, out });
        self.zero_mu = mu;
        Ok(())
    }

    fn zeros(&self) -> Zeros<'_, T> {
        let (p, pi) = self.of_zeros();
        let (_, _, length) = self.zero_rows();
        Zeros {
            floor: self.sight.loss.floor,
            weights: &self.zero_weights,
            mu: self.zero_mu.first(length),
            p,
            pi,
        }
    }

    fn seen(&self, at: usize) -> Seen<'_, T> {
        Seen {
            floor: self.sight.loss.floor,
            x: &self.x,
            weights: &self.weights,
            mu: self.mu[at].first(self.length),
            p: self.p(),
        }
    }

    /// Sets a, b and s.
    pub fn set_logarithms(&mut self) -> Result<bool> {
        let mut terms = self.take_terms();
        let (length, count) = (self.length, self.x.len());
        let shifted = self.sight.loss.dispersion.is_some();
        let [a, b, s] = &mut terms;
        let a = a.of(length)?;
        a[count..].fill(T::default());
        if shifted {
            let (b, s) = (b.of(length)?, s.of(length)?);
            b[count..].fill(T::default());
            s[count..].fill(T::default());
            let p = self.p();
            for i in 0..count {
                let (theta, weight) = (p.at(i), self.weights[i]);
                a[i] = T::from_f64(weight);
                b[i] = T::from_f64(weight * (self.x[i] - 1.0));
                s[i] = T::from_f64(theta * self.x[i] / (1.0 - theta));
            }
        } else {
            for ((a, x), weight) in a.iter_mut().zip(&self.x).zip(&self.weights) {
                *a = T::from_f64(weight * x);
            }
        }
        self.terms = terms;
        Ok(shifted)
    }

    /// Sets slopes and curvatures at estimates `at`.
    pub fn set_slopes(&mut self, at: usize) -> Result<()> {
        let mut terms = self.take_terms();
        let [slope, curvature, _] = &mut terms;
        let (slope, curvature) = (slope.of(self.length)?, curvature.of(self.length)?);
        let seen = self.seen(at);
        let loss = self.sight.loss;
        if loss.kind == Kind::Mae {
            // Else the first error that happens to vanish would hold the column where it is.
            let all: f64 = self.weights.iter().sum();
            let least = SMALL * seen.values(loss).0 / all;
            let floor = loss.floor.max(least);
            seen.slopes(
                &Loss {
                    floor,
                    ..loss.clone()
                },
                slope,
                curvature,
            );
        } else {
            seen.slopes(loss, slope, curvature);
        }
        self.terms = terms;
        Ok(())
    }

    pub(super) fn take_terms(&mut self) -> [Room<T>; 3] {
        std::mem::take(&mut self.terms)
    }

    /// Sums of q along the rows of what is looked at, or along their squares.
    pub fn along(&self, q: &[T], squared: bool) -> Vec<f64> {
        let mut sums = vec![0.0; self.linear.len()];
        let (rows, line) = self.rows();
        run(Along {
            rows,
            line,
            q,
            sums: &mut sums,
            squared,
        });
        sums
    }

    pub(super) fn logarithms(&self, shifted: bool, from: usize, to: usize) -> Logarithms<'_, T> {
        let [a, b, s] = &self.terms;
        let length = self.length;
        Logarithms {
            a: a.first(length),
            shifted: shifted.then(|| (b.first(length), s.first(length))),
            floor: self.sight.loss.floor,
            from: self.mu[from].first(length),
            to: self.mu[to].first(length),
        }
    }

    /// What is asked of the logarithms from estimates `from` to `to`.
    pub fn ask(&self, ask: Ask, shifted: bool, from: usize, to: usize) -> f64 {
        run(Asked(ask, self.logarithms(shifted, from, to)))
    }

    /// q of `Ratios` at estimates `at`, and c, into the places given.
    pub fn ratios(&self, shifted: bool, at: usize, first: &mut [T], second: Option<&mut [T]>) {
        let terms = self.logarithms(shifted, at, at);
        run(Ratios {
            a: terms.a,
            shifted: terms.shifted,
            floor: T::from_f64(terms.floor),
            mu: terms.from,
            first,
            second,
        });
    }

    /// By how much the loss of what is looked at rises from estimates `from` to `to`, and the size of what that comes from.
    pub fn change(&self, from: usize, to: usize) -> (f64, f64) {
        self.seen(from)
            .changes(self.sight.loss, self.mu[to].first(self.length))
    }

    /// Whether zeros lie below the tangents that stand for them while a half-step is made.
    pub fn zeros_bend(&self) -> bool {
        self.sight.plan.still == Still::Entries && !self.sight.loss.zeros_linear()
    }

    /// By how much the loss of zeros rises from coordinates `from` to `to`.
    pub fn zero_change(&mut self, from: &[T], to: &[T]) -> Result<f64> {
        self.estimate_zeros(from)?;
        let before = self.zeros().values(self.sight.loss);
        self.estimate_zeros(to)?;
        Ok(self.zeros().values(self.sight.loss) - before)
    }

    /// Σ ω·ℓ over all entries of the column that are known, for coordinates x.
    pub fn value(&mut self, x: &[T]) -> Result<f64> {
        // Where estimates are what they should be, what is left is rounding.
        Ok(self.rounded_value(x)?.max(0.0))
    }

    fn rounded_value(&mut self, x: &[T]) -> Result<f64> {
        self.estimate(x, 0)?;
        let (value, linear) = self.seen(0).values(self.sight.loss);
        match self.sight.plan.still {
            Still::Nothing => Ok(value),
            Still::Shared => Ok(value + (self.sum_of_estimates(x)? - linear)),
            Still::Entries => {
                self.estimate_zeros(x)?;
                Ok(value + self.zeros().values(self.sight.loss))
            }
        }
    }

    /// Shows the entries of the column that are looked at, for coordinates x: x, ω, μ, their dispersion and chance of zero,
    /// and the column of the partner.
    pub fn show(&mut self, x: &[T], mut each: impl FnMut(Entry)) -> Result<()> {
        self.estimate(x, 0)?;
        let p = self.p();
        let pi = self.sight.inflations(self.c);
        let mu = self.mu[0].first(self.length);
        for (i, &x) in self.x.iter().enumerate() {
            if self.weights[i] == 0.0 {
                continue;
            }
            let at = if self.sight.plan.whole {
                i
            } else {
                self.indices[i] as usize
            };
            each(Entry {
                x,
                weight: self.weights[i],
                mu: mu[i].to_f64(),
                p: p.at(i),
                pi: pi.map_or(0.0, |pi| pi.at(at)),
            });
        }
        Ok(())
    }

    /// Σ ω·x
    pub fn total(&self) -> f64 {
        let entries = self.x.iter().zip(&self.weights);
        entries.fold(0.0, |sum, (x, weight)| sum + x * weight)
    }

    /// Σ ω·μ at coordinates x, where the loss is Poisson's.
    pub fn sum_of_estimates(&mut self, x: &[T]) -> Result<f64> {
        self.stand_still(x)?;
        let pairs = self.linear.iter().zip(x);
        Ok(pairs.fold(0.0, |sum, (s, x)| sum + s * x.to_f64()))
    }

    /// Of its zeros, at coordinates x, what `ZeroParameters` tells, and Σ ω; where their slopes stand still one by one.
    pub fn zero_parameters(&mut self, x: &[T]) -> Result<([f64; 3], f64)> {
        self.estimate_zeros(x)?;
        let found = self.zeros().parameters(self.sight.loss);
        Ok((found, self.zero_weights.iter().sum()))
    }
}

/// An entry as estimates of parameters see it.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The entry.
    pub x: f64,
    /// What it counts.
    pub weight: f64,
    /// Its estimate, as it is.
    pub mu: f64,
    /// Its dispersion.
    pub p: f64,
    /// Its chance to be zero whatever the estimate.
    pub pi: f64,
}
