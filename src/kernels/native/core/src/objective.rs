//! J = ½‖X − W·H‖² + the penalties of both factors. A factor F stands for its k rows f_r of length n_F, P is its
//! partner; its terms are
//!
//! - L1: λ·Σ_r √n_P·‖p_r‖₂·‖f_r‖₁,
//! - L2: ½λ·Σ_r ‖p_r‖₂²·‖f_r‖₂²,
//! - L21: λ·mn·Σ_r √(σ·‖p_r‖₂·‖f_r‖₂/√(mn)), σ² the mean square of the data,
//! - angular: ½λ·Σ_{r≠s} ‖p_r‖₂·‖p_s‖₂·⟨f_r, f_s⟩,
//!
//! and those of `column_terms`.

use crate::error::{KernelError, Result};
use crate::factor::Sums;

/// The terms one factor adds to the objective by itself.
#[derive(Clone, Copy, Debug)]
pub struct FactorTerms {
    /// λ of L1 ≥ 0, in units of the data.
    pub l1: f64,
    /// λ of L2 ≥ 0, a ratio.
    pub l2: f64,
    /// λ of L21 ≥ 0, in units of the data.
    pub l21: f64,
    /// λ of angular ≥ 0, a ratio; only for a factor that is not negative.
    pub angular: f64,
    /// Entries may not fall below zero.
    pub nonneg: bool,
    /// Entries may not rise above this, > 0; infinite: they may.
    pub upper: f64,
}

impl FactorTerms {
    /// Non-negative, without a penalty.
    pub const PLAIN: Self = Self {
        l1: 0.0,
        l2: 0.0,
        l21: 0.0,
        angular: 0.0,
        nonneg: true,
        upper: f64::INFINITY,
    };

    /// Fails unless all weights are finite and not negative, and the bound is above zero.
    pub fn check(&self) -> Result<()> {
        let allowed = |x: f64| x.is_finite() && x >= 0.0;
        if ![self.l1, self.l2, self.l21, self.angular]
            .into_iter()
            .all(allowed)
        {
            return Err(KernelError::invalid(
                "penalties must be finite and not negative",
            ));
        }
        if self.angular > 0.0 && !self.nonneg {
            return Err(KernelError::invalid(
                "an angular penalty needs a factor that is not negative",
            ));
        }
        if self.upper > 0.0 {
            return Ok(());
        }
        Err(KernelError::invalid("an upper bound must be above zero"))
    }

    /// Whether each half-step is a problem with bounds other than zero, or without one minimum.
    pub fn needs_sweeps(&self) -> bool {
        self.angular > 0.0 || self.upper.is_finite()
    }
}

/// What a solve for one factor adds to its normal equations: G_rs + `coupling`, G_rr + `ridge[r]`, and `linear[r]` beside
/// ‖f_r‖₁.
pub struct StepTerms {
    /// Added to the diagonal, k of them; infinite where a row is to stay zero.
    pub ridge: Vec<f64>,
    /// Weight of |x|, k of them.
    pub linear: Vec<f64>,
    /// k × k, zero on the diagonal.
    pub coupling: Option<Vec<f64>>,
}

/// The penalties as seen from a solve for one factor while its partner stands still, but for its column terms; `rms`
/// is σ. What is not quadratic is replaced by a parabola that touches it at the present f̃ and lies above it elsewhere:
/// ‖f‖ ≤ ‖f‖² / (2‖f̃‖) + ‖f̃‖ / 2, √‖f‖ ≤ ‖f‖² / (4‖f̃‖^1.5) + …, ‖f_r‖·‖f_s‖ ≤ ½(‖f_r‖²·‖f̃_s‖/‖f̃_r‖ + …).
pub(crate) fn step_terms(
    own: &FactorTerms,
    partner: &FactorTerms,
    own_sums: &Sums,
    partner_sums: &Sums,
    rms: f64,
) -> StepTerms {
    let k = own_sums.norms.l2.len();
    let (mine, its) = (&own_sums.norms, &partner_sums.norms);
    let own_root = (mine.length as f64).sqrt();
    let partner_root = (its.length as f64).sqrt();
    let die = (own.l21 + partner.l21) * (own_root * partner_root).powf(1.5) * rms.sqrt();
    let ridge = |r: usize| {
        let (f, p) = (mine.l2[r], its.l2[r]);
        let ridge = own.l2 * p * p + partner_sums.energy[r];
        let mut pull = partner.l1 * own_root * its.l1[r];
        if partner.angular > 0.0 {
            for s in (0..k).filter(|&s| s != r) {
                pull += partner.angular * partner_sums.gram[r * k + s] * mine.l2[s];
            }
        }
        if die > 0.0 {
            pull += die / 2.0 * (p / f).sqrt();
        }
        if pull > 0.0 { ridge + pull / f } else { ridge }
    };
    let coupling = |p: usize| {
        let (r, s) = (p / k, p % k);
        if r == s {
            0.0
        } else {
            own.angular * its.l2[r] * its.l2[s]
        }
    };
    StepTerms {
        ridge: (0..k).map(ridge).collect(),
        linear: its.l2.iter().map(|l2| own.l1 * partner_root * l2).collect(),
        coupling: (own.angular > 0.0).then(|| (0..k * k).map(coupling).collect()),
    }
}

/// The value of all penalties; `rms` is σ.
pub(crate) fn penalty(w: &FactorTerms, h: &FactorTerms, of_w: &Sums, of_h: &Sums, rms: f64) -> f64 {
    let k = of_w.norms.l2.len();
    let m = (of_w.norms.length as f64).sqrt();
    let n = (of_h.norms.length as f64).sqrt();
    let die = (w.l21 + h.l21) * (m * n).powf(1.5) * rms.sqrt();
    let mut sum = of_w.apart + of_h.apart;
    for r in 0..k {
        let (a, b) = (of_w.norms.l2[r], of_h.norms.l2[r]);
        sum += 0.5 * (of_w.energy[r] * b * b + of_h.energy[r] * a * a);
        sum += h.l1 * m * a * of_h.norms.l1[r] + w.l1 * n * b * of_w.norms.l1[r];
        sum += die * (a * b).sqrt();
        for s in 0..r {
            if w.angular > 0.0 {
                sum += w.angular * b * of_h.norms.l2[s] * of_w.gram[r * k + s];
            }
            if h.angular > 0.0 {
                sum += h.angular * a * of_w.norms.l2[s] * of_h.gram[r * k + s];
            }
        }
    }
    sum
}
