//! Losses that are −a·ln μ − b·ln(μ + s) and what is linear in μ.

use super::special::log;
use super::sums::{SUMS, add, eight_of};
use crate::simd::{Leaf, Real, Vector};

/// −Σ_i (a_i·ln μ_i + b_i·ln(μ_i + s_i)) as it goes from one μ to another, none below the floor.
pub struct Logarithms<'a, T> {
    /// One for each entry.
    pub a: &'a [T],
    /// b and s.
    pub shifted: Option<(&'a [T], &'a [T])>,
    /// Least μ.
    pub floor: f64,
    /// Where it comes from.
    pub from: &'a [T],
    /// Where it goes.
    pub to: &'a [T],
}

impl<T: Real> Logarithms<'_, T> {
    /// Σ a·term(s, from, to) over both kinds of logarithms.
    #[inline(always)]
    #[expect(
        clippy::extra_unused_type_parameters,
        reason = "each level has closures of its own, and so its instructions within them"
    )]
    fn total<V: Vector<T>>(&self, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let length = self.a.len();
        let mut shifted = [0.0; SUMS];
        let first = add(length, |first, count| {
            let a = eight_of(self.a, first, count, 0.0);
            let from = eight_of(self.from, first, count, 1.0);
            let to = eight_of(self.to, first, count, 1.0);
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                out[l] = a[l] * term(0.0, from[l], to[l]);
            }
            if let Some((b, s)) = self.shifted {
                let b = eight_of(b, first, count, 0.0);
                let s = eight_of(s, first, count, 0.0);
                for l in 0..SUMS {
                    shifted[l] += b[l] * term(s[l], from[l], to[l]);
                }
            }
            out
        });
        first + shifted.iter().sum::<f64>()
    }

    /// A number that is no less than the change: the slope where it goes, all the way.
    #[inline(always)]
    fn bound<V: Vector<T>>(&self) -> f64 {
        let floor = self.floor;
        -self.total::<V>(|s, from, to| {
            let to = to.max(floor);
            (to - from.max(floor)) / (to + s)
        })
    }

    #[inline(always)]
    fn change<V: Vector<T>>(&self) -> f64 {
        let floor = self.floor;
        -self.total::<V>(|s, from, to| log((to.max(floor) + s) / (from.max(floor) + s)))
    }

    #[inline(always)]
    fn size<V: Vector<T>>(&self) -> f64 {
        let floor = self.floor;
        self.total::<V>(|s, from, to| {
            let from = from.max(floor);
            (to.max(floor) - from).abs() / (from + s)
        })
    }
}

/// What is asked of `Logarithms`.
#[derive(Clone, Copy)]
pub enum Ask {
    /// A number that is no less than the change.
    Bound,
    /// The change.
    Change,
    /// How large the slopes are that it comes from.
    Size,
}

/// An answer.
pub struct Asked<'a, T>(pub Ask, pub Logarithms<'a, T>);

impl<T: Real> Leaf<T> for Asked<'_, T> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> f64 {
        match self.0 {
            Ask::Bound => self.1.bound::<V>(),
            Ask::Change => self.1.change::<V>(),
            Ask::Size => self.1.size::<V>(),
        }
    }
}

/// q_i = a_i/μ_i + b_i/(μ_i + s_i) and c_i = a_i/μ_i² + b_i/(μ_i + s_i)², at μ that are not below the floor.
pub struct Ratios<'a, T> {
    /// A whole number of lines.
    pub a: &'a [T],
    /// b and s.
    pub shifted: Option<(&'a [T], &'a [T])>,
    /// Least μ.
    pub floor: T,
    /// Estimates.
    pub mu: &'a [T],
    /// q, as long.
    pub first: &'a mut [T],
    /// c, as long, where it is wanted.
    pub second: Option<&'a mut [T]>,
}

impl<T: Real> Leaf<T> for Ratios<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(mut self) {
        for i in 0..self.a.len() {
            let mu = if self.mu[i] > self.floor {
                self.mu[i].to_f64()
            } else {
                self.floor.to_f64()
            };
            let mut first = self.a[i].to_f64() / mu;
            let mut second = first / mu;
            if let Some((b, s)) = self.shifted {
                let mu = mu + s[i].to_f64();
                let own = b[i].to_f64() / mu;
                first += own;
                second += own / mu;
            }
            self.first[i] = T::from_f64(first);
            if let Some(out) = &mut self.second {
                out[i] = T::from_f64(second);
            }
        }
    }
}
