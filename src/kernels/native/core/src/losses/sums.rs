//! Loops over the entries that meet a column, for any loss: eight running sums, added by halves.

use super::formulas::Formula;
use super::loss::{Loss, With};
use super::parameter::Numbers;
use crate::simd::{Leaf, Real, Vector, run};

pub(super) const SUMS: usize = 8;

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

/// The estimate that counts.
#[inline(always)]
pub(super) fn counted<F: Formula>(_: F, floor: f64, mu: f64) -> f64 {
    if F::POSITIVE { mu.max(floor) } else { mu }
}

/// Σ_i term(i), in eight running sums.
#[inline(always)]
pub(super) fn add(count: usize, mut terms: impl FnMut(usize, usize) -> [f64; SUMS]) -> f64 {
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
pub(super) fn eight(numbers: &[f64], first: usize, count: usize, rest: f64) -> [f64; SUMS] {
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
pub(super) fn eight_of<T: Real>(
    numbers: &[T],
    first: usize,
    count: usize,
    rest: f64,
) -> [f64; SUMS] {
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
    pub(super) fn eight(&self, first: usize, count: usize) -> [f64; SUMS] {
        match self {
            Self::One(x) => [*x; SUMS],
            Self::Each(numbers) => eight(numbers, first, count, 0.5),
        }
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
        let mut linear = [0.0; SUMS];
        let value = add(seen.x.len(), |first, count| {
            let x = eight(seen.x, first, count, 1.0);
            let weights = eight(seen.weights, first, count, 0.0);
            let mu = eight_of(seen.mu, first, count, 1.0);
            let p = seen.p.eight(first, count);
            let mut out = [0.0; SUMS];
            for l in 0..SUMS {
                let at = counted(formula, seen.floor, mu[l]);
                out[l] = weights[l] * formula.value(x[l], at, p[l]);
            }
            if F::LOGARITHMIC {
                for l in 0..SUMS {
                    linear[l] += weights[l] * formula.linear(p[l]) * mu[l];
                }
            }
            out
        });
        (value, linear.iter().sum())
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

impl<T: Real> Seen<'_, T> {
    /// See `Values`.
    pub fn values(self, loss: &Loss) -> (f64, f64) {
        loss.of::<T, _>(ValuesOf(self))
    }

    /// See `Changes`.
    pub fn changes(self, loss: &Loss, to: &[T]) -> (f64, f64) {
        loss.of::<T, _>(ChangesOf { seen: self, to })
    }

    /// See `Slopes`.
    pub fn slopes(self, loss: &Loss, slope: &mut [T], curvature: &mut [T]) {
        loss.of::<T, _>(SlopesOf {
            seen: self,
            slope,
            curvature,
        });
    }
}

struct ValuesOf<'a, T>(Seen<'a, T>);

impl<T: Real> With for ValuesOf<'_, T> {
    type Output = (f64, f64);
    fn with<F: Formula>(self, formula: F) -> (f64, f64) {
        run(Values {
            formula,
            seen: self.0,
        })
    }
}

struct ChangesOf<'a, T> {
    seen: Seen<'a, T>,
    to: &'a [T],
}

impl<T: Real> With for ChangesOf<'_, T> {
    type Output = (f64, f64);
    fn with<F: Formula>(self, formula: F) -> (f64, f64) {
        let Self { seen, to } = self;
        run(Changes { formula, seen, to })
    }
}

struct SlopesOf<'a, T> {
    seen: Seen<'a, T>,
    slope: &'a mut [T],
    curvature: &'a mut [T],
}

impl<T: Real> With for SlopesOf<'_, T> {
    type Output = ();
    fn with<F: Formula>(self, formula: F) {
        let Self {
            seen,
            slope,
            curvature,
        } = self;
        run(Slopes {
            formula,
            seen,
            slope,
            curvature,
        });
    }
}

/// ω·linear of each entry.
struct LinearParts<'a> {
    weights: &'a [f64],
    p: Numbers<'a>,
}

impl With for LinearParts<'_> {
    type Output = Vec<f64>;
    fn with<F: Formula>(self, formula: F) -> Vec<f64> {
        let each = self.weights.iter().enumerate();
        each.map(|(i, weight)| weight * formula.linear(self.p.at(i)))
            .collect()
    }
}

/// ω·linear of each entry.
pub fn linear(loss: &Loss, weights: &[f64], p: Numbers<'_>) -> Vec<f64> {
    // The same in numbers of either kind.
    loss.of::<f64, _>(LinearParts { weights, p })
}
