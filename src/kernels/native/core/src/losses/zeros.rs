//! What is summed over zeros, for any loss.

use super::formulas::{Formula, Gp, Nb};
use super::loss::{Kind, Loss, With};
use super::parameter::Numbers;
use super::special::{exp, log};
use super::sums::{SUMS, add, eight, eight_of};
use crate::simd::{Leaf, Real, Vector, run};

/// Where x = 0 slopes that are infinite at μ = 0 are taken at this part of the floor.
const NEAR_ZERO: f64 = 1e-6;

/// Zeros with their weights and estimates.
#[derive(Clone, Copy)]
pub struct Zeros<'a, T> {
    /// That of the others.
    pub floor: f64,
    /// What each counts.
    pub weights: &'a [f64],
    /// At least as many estimates.
    pub mu: &'a [T],
    /// Dispersions.
    pub p: Numbers<'a>,
    /// Chances to be zero whatever the estimate.
    pub pi: Option<Numbers<'a>>,
}

/// The estimate that counts.
#[inline(always)]
fn counted_zero<F: Formula>(_: F, mu: f64) -> f64 {
    if F::POSITIVE { mu.max(0.0) } else { mu }
}

/// The chance that a zero is one because of its estimate, where that gives it a chance of e^−`zero`, which may be too small
/// for a number: without inflation it is 1 all the same.
#[inline(always)]
fn own_chance(zero: f64, pi: f64) -> f64 {
    let own = (1.0 - pi) * exp(-zero);
    if pi == 0.0 { 1.0 } else { own / (pi + own) }
}

/// −ln of the chance of such a zero.
#[inline(always)]
fn inflated(zero: f64, pi: f64) -> f64 {
    if pi == 0.0 {
        zero
    } else {
        -log(pi + (1.0 - pi) * exp(-zero))
    }
}

/// Slopes of zeros, times their weights and the chance that each is one because of its estimate; zeros beyond them.
pub struct ZeroSlopes<'a, T, F> {
    /// The loss.
    pub formula: F,
    /// Of these.
    pub zeros: Zeros<'a, T>,
    /// One for each.
    pub slope: &'a mut [T],
}

impl<T: Real, F: Formula> Leaf<T> for ZeroSlopes<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let Self {
            formula,
            zeros,
            slope,
        } = self;
        let length = zeros.weights.len();
        for first in (0..length).step_by(SUMS) {
            let count = SUMS.min(length - first);
            let weights = eight(zeros.weights, first, count, 0.0);
            let mu = eight_of(zeros.mu, first, count, 1.0);
            let p = zeros.p.eight(first, count);
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                let mu = if F::STEEP_AT_ZERO {
                    mu[l].max(NEAR_ZERO * zeros.floor)
                } else {
                    counted_zero(formula, mu[l])
                };
                out[l] = weights[l] * formula.zero_slope(mu, p[l]);
            }
            if let Some(pi) = zeros.pi {
                let pi = pi.eight(first, count);
                for l in 0..SUMS {
                    let mu = counted_zero(formula, mu[l]);
                    out[l] *= own_chance(formula.zero(mu, p[l]), pi[l]);
                }
            }
            for l in 0..count {
                slope[first + l] = T::from_f64(out[l]);
            }
        }
        slope[length..].fill(T::default());
    }
}

/// Σ ω·ℓ(0, μ).
pub struct ZeroValues<'a, T, F> {
    /// The loss.
    pub formula: F,
    /// Of these.
    pub zeros: Zeros<'a, T>,
}

impl<T: Real, F: Formula> Leaf<T> for ZeroValues<'_, T, F> {
    type Output = f64;

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> f64 {
        let Self { formula, zeros } = self;
        add(zeros.weights.len(), |first, count| {
            let weights = eight(zeros.weights, first, count, 0.0);
            let mu = eight_of(zeros.mu, first, count, 1.0);
            let p = zeros.p.eight(first, count);
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                out[l] = formula.zero(counted_zero(formula, mu[l]), p[l]);
            }
            if let Some(pi) = zeros.pi {
                let pi = pi.eight(first, count);
                for l in 0..SUMS {
                    out[l] = inflated(out[l], pi[l]);
                }
            }
            for l in 0..SUMS {
                out[l] *= weights[l];
            }
            out
        })
    }
}

/// Of zeros: Σ ω·τ, the chance that each has nothing to do with its estimate, and the derivatives of Σ ω·(1 − τ)·ℓ(0, μ) by
/// the logarithm of the size, or by θ, the estimates standing still.
pub struct ZeroParameters<'a, T> {
    /// Of these.
    pub zeros: Zeros<'a, T>,
    /// The dispersions are sizes.
    pub sizes: bool,
}

impl<T: Real> Leaf<T> for ZeroParameters<'_, T> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> [f64; 3] {
        let Self { zeros, sizes } = self;
        let (mut other, mut slopes) = ([0.0; SUMS], [0.0; SUMS]);
        let bend = add(zeros.weights.len(), |first, count| {
            let mut weights = eight(zeros.weights, first, count, 0.0);
            let mut mu = eight_of(zeros.mu, first, count, 1.0);
            mu.iter_mut().for_each(|mu| *mu = mu.max(0.0));
            let p = zeros.p.eight(first, count);
            let mut zero = [0.0; SUMS];
            for l in 0..SUMS {
                zero[l] = if sizes {
                    Nb.zero(mu[l], p[l])
                } else {
                    Gp.zero(mu[l], p[l])
                };
            }
            if let Some(pi) = zeros.pi {
                let pi = pi.eight(first, count);
                for l in 0..SUMS {
                    let own = own_chance(zero[l], pi[l]);
                    other[l] += weights[l] * (1.0 - own);
                    weights[l] *= own;
                }
            }
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                let (slope, bend) = if sizes {
                    let (r, mu) = (p[l], mu[l]);
                    let by = log((mu + r) / r) - mu / (r + mu);
                    let again = mu / ((r + mu) * (r + mu)) - mu / (r * (r + mu));
                    (r * by, r * (r * again + by))
                } else {
                    (-mu[l], 0.0)
                };
                slopes[l] += weights[l] * slope;
                out[l] = weights[l] * bend;
            }
            out
        });
        [other.iter().sum(), slopes.iter().sum(), bend]
    }
}

impl<T: Real> Zeros<'_, T> {
    /// See `ZeroSlopes`.
    pub fn slopes(self, loss: &Loss, slope: &mut [T]) {
        loss.of::<T, _>(ZeroSlopesOf { zeros: self, slope });
    }

    /// See `ZeroValues`.
    pub fn values(self, loss: &Loss) -> f64 {
        loss.of::<T, _>(ZeroValuesOf(self))
    }

    /// See `ZeroParameters`.
    pub fn parameters(self, loss: &Loss) -> [f64; 3] {
        run(ZeroParameters {
            zeros: self,
            sizes: loss.kind == Kind::Nb,
        })
    }
}

struct ZeroSlopesOf<'a, T> {
    zeros: Zeros<'a, T>,
    slope: &'a mut [T],
}

impl<T: Real> With for ZeroSlopesOf<'_, T> {
    type Output = ();
    fn with<F: Formula>(self, formula: F) {
        if const { !F::ZEROS } {
            return;
        }
        let Self { zeros, slope } = self;
        run(ZeroSlopes {
            formula,
            zeros,
            slope,
        });
    }
}

struct ZeroValuesOf<'a, T>(Zeros<'a, T>);

impl<T: Real> With for ZeroValuesOf<'_, T> {
    type Output = f64;
    fn with<F: Formula>(self, formula: F) -> f64 {
        if const { !F::ZEROS } {
            return 0.0;
        }
        run(ZeroValues {
            formula,
            zeros: self.0,
        })
    }
}
