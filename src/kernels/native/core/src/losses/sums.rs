//! Loops over the entries that meet a column, for any loss: eight running sums, added by halves.

use super::formulas::{Formula, Gp, Nb};
use super::parameter::Numbers;
use super::special::{exp, log};
use crate::simd::{Leaf, Real, Vector};

const SUMS: usize = 8;
/// Where x = 0 slopes that are infinite at μ = 0 are taken at this part of the floor.
const NEAR_ZERO: f64 = 1e-6;

/// Entries with their weights and estimates.
#[derive(Clone, Copy)]
pub struct Seen<'a, T> {
    /// Estimates below count as this, if the loss takes positive ones.
    pub floor: f64,
    /// The entries.
    pub x: &'a [f64],
    /// What each counts.
    pub weights: &'a [f64],
    /// At least as many estimates.
    pub mu: &'a [T],
    /// Dispersions.
    pub p: Numbers<'a>,
}

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
fn counted<F: Formula>(_: F, floor: f64, mu: f64) -> f64 {
    if F::POSITIVE { mu.max(floor) } else { mu }
}

/// The same of a zero.
#[inline(always)]
fn counted_zero<F: Formula>(_: F, mu: f64) -> f64 {
    if F::POSITIVE { mu.max(0.0) } else { mu }
}

/// The chance that a zero is one because of its estimate, where that gives it a chance of e^−`zero`.
#[inline(always)]
pub fn own_chance(zero: f64, pi: f64) -> f64 {
    let own = (1.0 - pi) * exp(-zero);
    own / (pi + own)
}

/// Σ_i term(i), in eight running sums.
#[inline(always)]
fn add(count: usize, mut terms: impl FnMut(usize, usize) -> [f64; SUMS]) -> f64 {
    let mut sums = [0.0; SUMS];
    for first in (0..count).step_by(SUMS) {
        let terms = terms(first, SUMS.min(count - first));
        for l in 0..SUMS {
            sums[l] += terms[l];
        }
    }
    // Else the compiler pairs the sums as the tree below does, and the loop above loses its lanes.
    let mut sums = std::hint::black_box(sums);
    let mut width = SUMS;
    while width > 1 {
        width /= 2;
        for l in 0..width {
            sums[l] += sums[l + width];
        }
    }
    sums[0]
}

/// Eight numbers from `first` on; `rest` where there are no more.
#[inline(always)]
fn eight(numbers: &[f64], first: usize, count: usize, rest: f64) -> [f64; SUMS] {
    if count == SUMS
        && let Some(all) = numbers[first..].first_chunk::<SUMS>()
    {
        return *all;
    }
    let mut out = [rest; SUMS];
    out[..count].copy_from_slice(&numbers[first..first + count]);
    out
}

#[inline(always)]
fn eight_of<T: Real>(numbers: &[T], first: usize, count: usize, rest: f64) -> [f64; SUMS] {
    let mut out = [rest; SUMS];
    if count == SUMS
        && let Some(all) = numbers[first..].first_chunk::<SUMS>()
    {
        for l in 0..SUMS {
            out[l] = all[l].to_f64();
        }
        return out;
    }
    for (out, x) in out.iter_mut().zip(&numbers[first..first + count]) {
        *out = x.to_f64();
    }
    out
}

impl Numbers<'_> {
    #[inline(always)]
    fn eight(&self, first: usize, count: usize) -> [f64; SUMS] {
        match self {
            Self::One(x) => [*x; SUMS],
            Self::Each(numbers) => eight(numbers, first, count, 0.5),
        }
    }
}

impl<T: Real> Seen<'_, T> {
    /// Σ ω·term(x, μ, p).
    #[inline(always)]
    fn total(&self, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
        add(self.x.len(), |first, count| {
            let x = eight(self.x, first, count, 1.0);
            let weights = eight(self.weights, first, count, 0.0);
            let mu = eight_of(self.mu, first, count, 1.0);
            let p = self.p.eight(first, count);
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                out[l] = weights[l] * term(x[l], mu[l], p[l]);
            }
            out
        })
    }
}

/// Σ ω·ℓ(x, μ) and, of the linear part, Σ ω·linear·μ.
pub struct Values<'a, T, F> {
    /// The loss.
    pub formula: F,
    /// Of these.
    pub seen: Seen<'a, T>,
}

impl<T: Real, F: Formula> Leaf<T> for Values<'_, T, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> (f64, f64) {
        let Self { formula, seen } = self;
        let value = seen.total(|x, mu, p| {
            let mu = counted(formula, seen.floor, mu);
            formula.value(x, mu, p)
        });
        if !F::LOGARITHMIC {
            return (value, 0.0);
        }
        (value, seen.total(|_, mu, p| formula.linear(p) * mu))
    }
}

/// Σ ω·(ℓ(x, to) − ℓ(x, μ)), and how large the slopes are that it comes from: Σ ω·|ℓ′(x, μ)·(to − μ)|.
pub struct Changes<'a, T, F> {
    /// The loss.
    pub formula: F,
    /// Of these.
    pub seen: Seen<'a, T>,
    /// As many estimates.
    pub to: &'a [T],
}

impl<T: Real, F: Formula> Leaf<T> for Changes<'_, T, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn run<V: Vector<T>>(self) -> (f64, f64) {
        let Self { formula, seen, to } = self;
        let mut size = 0.0;
        let change = add(seen.x.len(), |first, count| {
            let x = eight(seen.x, first, count, 1.0);
            let weights = eight(seen.weights, first, count, 0.0);
            let from = eight_of(seen.mu, first, count, 1.0);
            let to = eight_of(to, first, count, 1.0);
            let p = seen.p.eight(first, count);
            let mut out = [0.0; SUMS];
            let mut sizes = [0.0; SUMS];
            for l in 0..SUMS {
                let (x, p) = (x[l], p[l]);
                let before = counted(formula, seen.floor, from[l]);
                let after = counted(formula, seen.floor, to[l]);
                let slope = formula.slope(x, before, p);
                out[l] = weights[l] * formula.change(x, before, after, p);
                sizes[l] = weights[l] * (slope * (after - before)).abs();
            }
            size += sizes.iter().sum::<f64>();
            out
        });
        (change, size)
    }
}

/// Slopes and curvatures of the entries, times their weights; zeros beyond them.
pub struct Slopes<'a, T, F> {
    /// The loss.
    pub formula: F,
    /// Of these.
    pub seen: Seen<'a, T>,
    /// ω·ℓ′
    pub slope: &'a mut [T],
    /// ω·ℓ″, or what stands for it.
    pub curvature: &'a mut [T],
}

impl<T: Real, F: Formula> Leaf<T> for Slopes<'_, T, F> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<T>>(self) {
        let Self {
            formula,
            seen,
            slope,
            curvature,
        } = self;
        let length = seen.x.len();
        for first in (0..length).step_by(SUMS) {
            let count = SUMS.min(length - first);
            let x = eight(seen.x, first, count, 1.0);
            let weights = eight(seen.weights, first, count, 0.0);
            let mu = eight_of(seen.mu, first, count, 1.0);
            let p = seen.p.eight(first, count);
            let mut out = [[0.0; SUMS]; 2];
            for l in 0..SUMS {
                let mu = counted(formula, seen.floor, mu[l]);
                out[0][l] = weights[l] * formula.slope(x[l], mu, p[l]);
                out[1][l] = weights[l] * formula.curvature(x[l], mu, p[l]);
            }
            for l in 0..count {
                slope[first + l] = T::from_f64(out[0][l]);
                curvature[first + l] = T::from_f64(out[1][l]);
            }
        }
        slope[length..].fill(T::default());
        curvature[length..].fill(T::default());
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
                    out[l] = -log(pi[l] + (1.0 - pi[l]) * exp(-out[l]));
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
    /// Σ term(a, s, from, to) over both kinds of logarithms.
    #[inline(always)]
    fn total(&self, term: impl Fn(f64, f64, f64) -> f64) -> f64 {
        let sum = |a: &[T], s: Option<&[T]>| {
            add(a.len(), |first, count| {
                let a = eight_of(a, first, count, 0.0);
                let from = eight_of(self.from, first, count, 1.0);
                let to = eight_of(self.to, first, count, 1.0);
                let s = s.map_or([0.0; SUMS], |s| eight_of(s, first, count, 0.0));
                let mut out = [0.0; SUMS];
                for l in 0..SUMS {
                    out[l] = a[l] * term(s[l], from[l], to[l]);
                }
                out
            })
        };
        let first = sum(self.a, None);
        match self.shifted {
            Some((b, s)) => first + sum(b, Some(s)),
            None => first,
        }
    }

    /// A number that is no less than the change: the slope where it goes, all the way.
    #[inline(always)]
    fn bound(&self) -> f64 {
        let floor = self.floor;
        -self.total(|s, from, to| {
            let to = to.max(floor);
            (to - from.max(floor)) / (to + s)
        })
    }

    #[inline(always)]
    fn change(&self) -> f64 {
        let floor = self.floor;
        -self.total(|s, from, to| log((to.max(floor) + s) / (from.max(floor) + s)))
    }

    #[inline(always)]
    fn size(&self) -> f64 {
        let floor = self.floor;
        self.total(|s, from, to| {
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
            Ask::Bound => self.1.bound(),
            Ask::Change => self.1.change(),
            Ask::Size => self.1.size(),
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
