use super::fit::Fit;
use super::turn::{bounds, with_ridge};
use crate::data::Element;
use crate::error::Result;
use crate::factor_losses::left_alone;
use crate::kkt::{Open, largest_step};
use crate::objective::step_terms;
use crate::quadratic::Quadratic;
use crate::view::Side;

/// What is told of the accepted pair at the end.
impl<T: Element> Fit<'_, T> {
    /// What each factor of the accepted pair leaves of ‖X‖² by itself; none where too few digits of that are known.
    pub fn left_alone(&self, open: &Open) -> Result<Option<Vec<f64>>> {
        let whole = self.w.accepted_sums.squares_with(&self.h.accepted_sums);
        let own = match (&self.masked, &open.listed) {
            (Some(masked), Some(listed)) => masked.seen_of(&whole, listed),
            _ => Some(whole),
        };
        own.map(|own| left_alone(self.total, &open.cross, &own))
            .transpose()
    }

    /// How far the accepted pair is from a stationary point, and ⟨X, w_r·h_r⟩ of each factor.
    pub fn look(&self) -> Result<Open> {
        let args = self.args;
        let (w, h) = (&self.w.accepted_sums, &self.h.accepted_sums);
        let listed = |side| self.masked.as_ref().map(|masked| masked.listed(side));
        let h_columns = self.h.penalties.column_terms.columns(&self.h.accepted, w)?;
        let w_columns = self.w.penalties.column_terms.columns(&self.w.accepted, h)?;
        let h_terms = with_ridge(
            step_terms(&args.h, &args.w, h, w, self.rms),
            h_columns.as_ref(),
        );
        let w_terms = with_ridge(
            step_terms(&args.w, &args.h, w, h, self.rms),
            w_columns.as_ref(),
        );
        let of_h = Quadratic::new::<T>((&w.gram).into(), h_terms, bounds(&args.h));
        let of_w = Quadratic::new::<T>((&h.gram).into(), w_terms, bounds(&args.w));
        let (w, h) = (&self.w.accepted, &self.h.accepted);
        let (product, crossed) = self.x.walked(w, h)?.unzip();
        let crossed = crossed.as_ref().or(self.accepted_crossed.as_ref());
        let open_h = self
            .x
            .with_product(Side::H, product.as_ref(), |product, ranges| {
                largest_step(
                    product,
                    ranges,
                    h,
                    w,
                    &of_h,
                    listed(Side::H),
                    h_columns.as_ref(),
                )
            })?;
        let open_w = self.x.with_product(Side::W, crossed, |product, ranges| {
            largest_step(
                product,
                ranges,
                w,
                h,
                &of_w,
                listed(Side::W),
                w_columns.as_ref(),
            )
        })?;
        Ok(Open {
            step: open_h.step.max(open_w.step),
            ..open_h
        })
    }
}
