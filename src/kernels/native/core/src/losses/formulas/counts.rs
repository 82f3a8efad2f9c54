use std::sync::LazyLock;

use super::Formula;
use crate::losses::special::{log, stirling};

/// x·ln(x/μ) − x + μ: Poisson.
#[derive(Clone, Copy)]
pub struct Kl;

/// x·ln(x/μ) − (x + r)·ln((x + r)/(μ + r)): negative binomial of size r.
#[derive(Clone, Copy)]
pub struct Nb;

/// Generalized Poisson of dispersion θ: with λ = (1 − θ)·μ, λ − ln λ − (x − 1)·ln(λ + θx) less what that is at its least.
#[derive(Clone, Copy)]
pub struct Gp;

impl Formula for Kl {
    const ZEROS: bool = true;
    const LOGARITHMIC: bool = true;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, _p: f64) -> f64 {
        x * log(x / mu) - x + mu
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, _p: f64) -> f64 {
        (mu - x) / mu
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, _p: f64) -> f64 {
        x / (mu * mu)
    }
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, _p: f64) -> f64 {
        to - from - x * log(to / from)
    }
    #[inline(always)]
    fn zero(self, mu: f64, _p: f64) -> f64 {
        mu
    }
    #[inline(always)]
    fn zero_slope(self, _mu: f64, _p: f64) -> f64 {
        1.0
    }
    #[inline(always)]
    fn linear(self, _p: f64) -> f64 {
        1.0
    }
}

impl Formula for Nb {
    const ZEROS: bool = true;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, r: f64) -> f64 {
        x * log(x / mu) - (x + r) * log((x + r) / (mu + r))
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, r: f64) -> f64 {
        r * (mu - x) / (mu * (mu + r))
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, r: f64) -> f64 {
        (x / mu).max(1.0) * r / (mu * (mu + r))
    }
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, r: f64) -> f64 {
        (x + r) * log((to + r) / (from + r)) - x * log(to / from)
    }
    #[inline(always)]
    fn zero(self, mu: f64, r: f64) -> f64 {
        r * log((mu + r) / r)
    }
    #[inline(always)]
    fn zero_slope(self, mu: f64, r: f64) -> f64 {
        r / (mu + r)
    }
    /// ln Γ(x + r) and the like cancel; what Stirling's formula leaves of them does not. Few counts are met one by one:
    /// Γ(x + r) / Γ(r) = r·(r + 1) … (r + x − 1).
    #[inline(always)]
    fn saturated(self, x: f64, r: f64) -> f64 {
        if let Some(poisson) = few(x) {
            let one = 1.0 / r;
            let rising = (1..x as usize).fold(1.0, |product, t| product * (1.0 + t as f64 * one));
            return poisson - x + (x + r) * (x * one).ln_1p() - log(rising);
        }
        poisson(x) + 0.5 * (x / r).ln_1p() + stirling(r) - stirling(x + r)
    }
}

/// `poisson` of 0, 1, 2 …, by ln x! = ln 2 + ln 3 + …
static FEW: LazyLock<[f64; 25]> = LazyLock::new(|| {
    let mut factorial = 0.0;
    std::array::from_fn(|x| {
        let x = x as f64;
        factorial += x.max(1.0).ln();
        factorial + x - if x > 0.0 { x * x.ln() } else { 0.0 }
    })
});

/// `poisson` of a whole number that is not large.
#[inline(always)]
fn few(x: f64) -> Option<f64> {
    (x < FEW.len() as f64 && x.fract() == 0.0).then(|| FEW[x as usize])
}

/// −ln of the Poisson mass of x > 0 where its mean is x.
pub fn poisson(x: f64) -> f64 {
    if let Some(known) = few(x) {
        return known;
    }
    0.5 * (std::f64::consts::TAU * x).ln() + stirling(x)
}

impl Gp {
    /// λ that fits x best.
    #[inline(always)]
    fn best(x: f64, theta: f64) -> f64 {
        let own = (1.0 - theta) * x;
        0.5 * (own + (own * own + 4.0 * theta * x).sqrt())
    }
}

impl Formula for Gp {
    const ZEROS: bool = true;
    const LOGARITHMIC: bool = true;

    #[inline(always)]
    fn value(self, x: f64, mu: f64, theta: f64) -> f64 {
        let (at, best) = (mu * (1.0 - theta), Self::best(x, theta));
        let rest = (x - 1.0) * log((at + theta * x) / (best + theta * x));
        at - best - log(at / best) - rest
    }
    #[inline(always)]
    fn slope(self, x: f64, mu: f64, theta: f64) -> f64 {
        let at = mu * (1.0 - theta);
        (1.0 - theta) * (1.0 - 1.0 / at - (x - 1.0) / (at + theta * x))
    }
    #[inline(always)]
    fn curvature(self, x: f64, mu: f64, theta: f64) -> f64 {
        let own = 1.0 - theta;
        let at = mu * own + theta * x;
        1.0 / (mu * mu) + (x - 1.0) * own * own / (at * at)
    }
    #[inline(always)]
    fn change(self, x: f64, from: f64, to: f64, theta: f64) -> f64 {
        let own = 1.0 - theta;
        let rest = (own * to + theta * x) / (own * from + theta * x);
        own * (to - from) - log(to / from) - (x - 1.0) * log(rest)
    }
    #[inline(always)]
    fn zero(self, mu: f64, theta: f64) -> f64 {
        (1.0 - theta) * mu
    }
    #[inline(always)]
    fn zero_slope(self, _mu: f64, theta: f64) -> f64 {
        1.0 - theta
    }
    #[inline(always)]
    fn linear(self, theta: f64) -> f64 {
        1.0 - theta
    }
    #[inline(always)]
    fn saturated(self, x: f64, theta: f64) -> f64 {
        // ln x! is that of the Poisson mass, and x·ln x − x.
        let best = Self::best(x, theta);
        let sum = best + theta * x;
        poisson(x) + x * (x / sum).ln() - x + sum + (sum / best).ln()
    }
}
