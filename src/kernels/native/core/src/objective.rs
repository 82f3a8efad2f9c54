//! J = ½‖X − W·H‖² + the penalties of both factors. A factor F stands for its k rows f_r of length n_F, P is its
//! partner; its terms are λ₁·Σ_r √n_P·‖p_r‖₂·‖f_r‖₁ and ½λ₂·Σ_r ‖p_r‖₂²·‖f_r‖₂².

use crate::error::{KernelError, Result};

/// Lengths of the k rows of a factor.
#[derive(Clone, Debug, PartialEq)]
pub struct FactorNorms {
    /// Entries of a row.
    pub length: usize,
    /// ‖f_r‖₁, k of them; zeros where no penalty asks for them.
    pub l1: Vec<f64>,
    /// ‖f_r‖₂, k of them.
    pub l2: Vec<f64>,
}

/// The terms one factor adds to the objective.
#[derive(Clone, Copy, Debug)]
pub struct FactorTerms {
    /// λ₁ ≥ 0, in units of the data.
    pub l1: f64,
    /// λ₂ ≥ 0, a ratio.
    pub l2: f64,
    /// Entries may not fall below zero.
    pub nonneg: bool,
}

impl FactorTerms {
    /// Fails unless both weights are finite and not negative.
    pub fn check(&self) -> Result<()> {
        let allowed = |x: f64| x.is_finite() && x >= 0.0;
        if allowed(self.l1) && allowed(self.l2) {
            return Ok(());
        }
        Err(KernelError::invalid(
            "penalties must be finite and not negative",
        ))
    }
}

/// What a solve for one factor adds to its normal equations: G_rr + `ridge[r]`, and `linear[r]` beside ‖f_r‖₁.
pub struct StepTerms {
    /// Added to the diagonal, k of them; infinite where a row is to stay zero.
    pub ridge: Vec<f64>,
    /// Weight of |x|, k of them.
    pub linear: Vec<f64>,
}

/// The penalties as seen from a solve for one factor while its partner stands still; the partner's L1 term is replaced
/// by the tangent parabola ‖f_r‖₂ ≤ ‖f_r‖₂² / (2‖f̃_r‖₂) + ‖f̃_r‖₂ / 2.
pub fn step_terms(
    own: &FactorTerms,
    partner: &FactorTerms,
    own_norms: &FactorNorms,
    partner_norms: &FactorNorms,
) -> StepTerms {
    let own_root = (own_norms.length as f64).sqrt();
    let partner_root = (partner_norms.length as f64).sqrt();
    let ridge = |r: usize| {
        let ridge = (own.l2 + partner.l2) * partner_norms.l2[r] * partner_norms.l2[r];
        let pull = partner.l1 * own_root * partner_norms.l1[r];
        if pull > 0.0 {
            ridge + pull / own_norms.l2[r]
        } else {
            ridge
        }
    };
    let k = own_norms.l2.len();
    StepTerms {
        ridge: (0..k).map(ridge).collect(),
        linear: partner_norms
            .l2
            .iter()
            .map(|l2| own.l1 * partner_root * l2)
            .collect(),
    }
}

/// The value of all penalties.
pub fn penalty(
    w: &FactorTerms,
    h: &FactorTerms,
    w_norms: &FactorNorms,
    h_norms: &FactorNorms,
) -> f64 {
    let m = (w_norms.length as f64).sqrt();
    let n = (h_norms.length as f64).sqrt();
    let mut sum = 0.0;
    for r in 0..w_norms.l2.len() {
        let (a, b) = (w_norms.l2[r], h_norms.l2[r]);
        sum += 0.5 * (w.l2 + h.l2) * a * a * b * b
            + h.l1 * m * a * h_norms.l1[r]
            + w.l1 * n * b * w_norms.l1[r];
    }
    sum
}
