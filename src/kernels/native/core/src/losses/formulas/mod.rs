//! What each loss is of an entry x and its estimate μ: half its deviance, but for absolute errors.

mod continuous;
mod counts;
mod robust;

pub use continuous::{Gamma, InverseGaussian, Tweedie};
pub use counts::{Gp, Kl, Nb};
pub use robust::{Huber, Mae};

/// ℓ(x, μ) and its derivatives in μ; p is the dispersion of the entry, where the loss has one. What is not said for zeros
/// is asked only where x > 0, if the loss takes positive estimates, and for μ not below the floor.
pub trait Formula: Copy + Send + Sync {
    /// Estimates are positive: those below the floor count as the floor.
    const POSITIVE: bool = true;
    /// Zeros are met apart from the other entries.
    const ZEROS: bool = false;
    /// The slope at x = 0 is infinite at μ = 0.
    const STEEP_AT_ZERO: bool = false;
    /// ℓ is −a·ln μ − b·ln(μ + s) and what is linear in μ, also at zero.
    const LOGARITHMIC: bool = false;

    /// ℓ ≥ 0.
    fn value(self, x: f64, mu: f64, p: f64) -> f64;
    /// ℓ′.
    fn slope(self, x: f64, mu: f64, p: f64) -> f64;
    /// What stands for ℓ″ while a half-step is made, > 0.
    fn curvature(self, x: f64, mu: f64, p: f64) -> f64;
    /// ℓ(x, to) − ℓ(x, from).
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, p: f64) -> f64 {
        self.value(x, to, p) - self.value(x, from, p)
    }
    /// ℓ(0, μ), where zeros are met apart.
    #[inline(always)]
    fn zero(self, _mu: f64, _p: f64) -> f64 {
        0.0
    }
    /// ℓ′(0, μ).
    #[inline(always)]
    fn zero_slope(self, _mu: f64, _p: f64) -> f64 {
        0.0
    }
    /// The slope of the linear part, where the loss is logarithmic.
    #[inline(always)]
    fn linear(self, _p: f64) -> f64 {
        0.0
    }
    /// −ln of the mass or density of x at the μ that fits it best; 0 where the loss is no likelihood of one's own.
    #[inline(always)]
    fn saturated(self, _x: f64, _p: f64) -> f64 {
        0.0
    }
}
