use super::Formula;
use crate::losses::special::log;

/// x/μ − 1 − ln(x/μ).
#[derive(Clone, Copy)]
pub struct Gamma;

/// (x − μ)² / (2·x·μ²).
#[derive(Clone, Copy)]
pub struct InverseGaussian;

/// x^(2−p)/((1−p)(2−p)) − x·μ^(1−p)/(1−p) + μ^(2−p)/(2−p), of a power p > 1 that is not 2.
#[derive(Clone, Copy)]
pub struct Tweedie(pub f64);

impl Formula for Gamma {
    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        (x - mu) / mu - log(x / mu)
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x) / (mu * mu)
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        (x / mu).max(1.0) / (mu * mu)
    }
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, _p: f64) -> f64 {
        x * (from - to) / (from * to) + log(to / from)
    }
}

impl Formula for InverseGaussian {
    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        let off = (x - mu) / mu;
        off * off / (2.0 * x)
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x) / (mu * mu * mu)
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        (x / mu).max(1.0) / (mu * mu * mu)
    }
}

impl Formula for Tweedie {
    const ZEROS: bool = true;
    const STEEP_AT_ZERO: bool = true;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        let Self(p) = self;
        let (one, two) = (1.0 - p, 2.0 - p);
        (x.powf(two) / one + mu.powf(two)) / two - x * mu.powf(one) / one
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x) * mu.powf(-self.0)
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        (x / mu).max(1.0) * mu.powf(-self.0)
    }
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, _p: f64) -> f64 {
        let Self(p) = self;
        let (one, two) = (1.0 - p, 2.0 - p);
        (to.powf(two) - from.powf(two)) / two - x * (to.powf(one) - from.powf(one)) / one
    }
    /// Asked only for p < 2.
    #[inline(always)]
    fn zero(self, mu: f64, _p: f64) -> f64 {
        mu.powf(2.0 - self.0) / (2.0 - self.0)
    }
    #[inline(always)]
    fn zero_slope(self, mu: f64, _p: f64) -> f64 {
        mu.powf(1.0 - self.0)
    }
}
