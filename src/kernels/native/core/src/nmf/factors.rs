use crate::data::Element;
use crate::error::Result;
use crate::factor::{Penalties, Sums};
use crate::panel::Panel;
use crate::simd::Real;

/// A factor: the accepted panel, the one in work, and what is known of each.
pub struct Factor<T: Element> {
    pub accepted: Panel<T>,
    pub work: Panel<T>,
    pub accepted_sums: Sums,
    pub work_sums: Sums,
    pub penalties: Penalties<T>,
    /// An earlier accepted panel.
    kept: Option<(Panel<T>, Sums)>,
}

impl<T: Element> Factor<T> {
    pub fn new(panel: Panel<T>, penalties: Penalties<T>) -> Result<Self> {
        let sums = Sums::of(&panel, &penalties)?;
        Ok(Self {
            work: panel.copied()?,
            accepted: panel,
            accepted_sums: sums.clone(),
            work_sums: sums,
            penalties,
            kept: None,
        })
    }

    pub fn scale_exactly(&mut self, by: &[f64]) {
        self.accepted.scale_rows(by);
        self.work.scale_rows(by);
        self.accepted_sums.scale_exactly(by);
        self.work_sums.scale_exactly(by);
    }

    /// Turns round the rows whose partner row is zero: the product stays as it is, and a partner that vanished because the
    /// row pointed away from the data can grow in the next half-step.
    pub fn turn(&mut self, partner: &Sums) {
        let signs = partner.signs_of_unused();
        if signs.iter().any(|&sign| sign < 0.0) {
            self.work.scale_rows(&signs);
            self.work_sums.scale_exactly(&signs);
        }
    }

    /// Keeps a copy of the accepted panel, instead of any kept before.
    pub fn keep(&mut self) -> Result<()> {
        let sums = self.accepted_sums.clone();
        match &mut self.kept {
            Some((panel, kept)) => {
                panel.copy_from(&self.accepted);
                *kept = sums;
            }
            None => self.kept = Some((self.accepted.copied()?, sums)),
        }
        Ok(())
    }

    /// The kept panel is the accepted one again.
    pub fn restore(&mut self) {
        if let Some((panel, sums)) = self.kept.take() {
            self.accepted = panel;
            self.accepted_sums = sums;
        }
    }
}

/// What a factor can be multiplied by before it meets its bound.
pub fn room<T: Real>(upper: f64, factor: &Panel<T>) -> f64 {
    let largest = factor
        .data()
        .iter()
        .fold(0.0, |most: f64, x| most.max(x.to_f64()));
    if largest > 0.0 {
        upper / largest
    } else {
        f64::INFINITY
    }
}
