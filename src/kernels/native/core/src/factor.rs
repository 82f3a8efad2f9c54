use crate::error::Result;
use crate::matrix::{Matrix, Panel};
use crate::objective::{FactorTerms, step_terms};
use crate::reduce::{FactorNorms, gram, panel_norms};
use crate::scale::{balance, scale_rows};
use crate::sweep::{Quadratic, largest_step, sweep_columns};

/// A factor with the sums that both half-steps and the loss need of it.
pub struct Factor {
    /// k × n.
    pub panel: Panel,
    /// F·Fᵀ, k × k.
    pub gram: Vec<f64>,
    /// Lengths of its rows.
    pub norms: FactorNorms,
}

impl Factor {
    /// Takes the sums of a panel.
    pub fn new(panel: Panel) -> Result<Self> {
        Ok(Self {
            gram: gram(&panel)?,
            norms: panel_norms(&panel),
            panel,
        })
    }

    /// A copy of its own.
    pub fn copied(&self) -> Result<Self> {
        let panel = &self.panel;
        Ok(Self {
            panel: Matrix::copied(panel.rows, panel.cols, &panel.data)?,
            gram: self.gram.clone(),
            norms: self.norms.clone(),
        })
    }

    /// Becomes a copy of another factor of the same shape.
    pub fn copy_from(&mut self, other: &Factor) {
        self.panel.data.copy_from_slice(&other.panel.data);
        self.gram.copy_from_slice(&other.gram);
        self.norms.clone_from(&other.norms);
    }

    fn refresh(&mut self) -> Result<()> {
        self.gram = gram(&self.panel)?;
        self.norms = panel_norms(&self.panel);
        Ok(())
    }

    /// One half-step: improved while `partner` P stands still; `product` is P·X or P·Xᵀ.
    pub fn solve(
        &mut self,
        partner: &Factor,
        product: &Panel,
        own: &FactorTerms,
        other: &FactorTerms,
        sweeps: usize,
    ) -> Result<()> {
        let terms = step_terms(own, other, &self.norms, &partner.norms);
        let quadratic = Quadratic::new(&partner.gram, &terms, own.nonneg);
        sweep_columns(&mut self.panel, product, &quadratic, sweeps);
        self.refresh()
    }

    /// Largest coordinate step still open in such a half-step.
    pub fn open(
        &self,
        partner: &Factor,
        product: &Panel,
        own: &FactorTerms,
        other: &FactorTerms,
    ) -> f64 {
        let terms = step_terms(own, other, &self.norms, &partner.norms);
        let quadratic = Quadratic::new(&partner.gram, &terms, own.nonneg);
        largest_step(&self.panel, product, &quadratic)
    }

    /// Multiplies all rows by one number.
    pub fn scale(&mut self, by: f64) -> Result<()> {
        scale_rows(&mut self.panel, &vec![by; self.norms.l2.len()]);
        self.refresh()
    }

    /// Turns round the rows whose partner row is zero: the product stays as it is, and a partner that vanished because
    /// the row pointed away from the data can grow in the next half-step.
    pub fn turn_unused(&mut self, partner: &Factor) {
        let sign = |&length: &f64| if length == 0.0 { -1.0 } else { 1.0 };
        self.scale_exactly(&partner.norms.l2.iter().map(sign).collect::<Vec<_>>());
    }

    /// Multiplies row r by `by[r]`, a power of two or its negative, which is exact in the panel and in its sums.
    fn scale_exactly(&mut self, by: &[f64]) {
        if by.iter().all(|&by| by == 1.0) {
            return;
        }
        scale_rows(&mut self.panel, by);
        let k = by.len();
        for (r, x) in by.iter().enumerate() {
            self.norms.l1[r] *= x.abs();
            self.norms.l2[r] *= x.abs();
            for (s, y) in by.iter().enumerate() {
                self.gram[r * k + s] = self.gram[r * k + s] * x * y;
            }
        }
    }
}

/// Gives both rows of each factor about the same length; by powers of two, so no bit of their product changes.
pub fn balance_both(w: &mut Factor, h: &mut Factor) {
    let shifts = balance(&w.norms, &h.norms);
    w.scale_exactly(&shifts);
    let back: Vec<f64> = shifts.iter().map(|shift| 1.0 / shift).collect();
    h.scale_exactly(&back);
}
