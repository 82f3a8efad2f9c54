use std::borrow::Cow;

use super::NmfArgs;
use super::masked::Masked;
use crate::column_terms::Columns;
use crate::data::Element;
use crate::error::Result;
use crate::factor::{Penalties, Sums};
use crate::half_step::HalfStep;
use crate::objective::{FactorTerms, StepTerms};
use crate::panel::Panel;
use crate::quadratic::{Bounds, Quadratic};
use crate::simd::Real;
use crate::solver::Prepared;
use crate::view::Side;

/// A factor's turn to be improved.
pub struct Turn<'a, T: Element> {
    pub args: &'a NmfArgs<'a>,
    pub masked: Option<&'a Masked<'a, T>>,
    pub side: Side,
    pub terms: StepTerms,
    pub own: &'a Penalties<T>,
    pub partner: &'a Panel<T>,
    pub partner_sums: &'a Sums,
    pub beta: f64,
}

impl<T: Element> Turn<'_, T> {
    /// What `walk` makes of the half-step for the factor, which begins at `from`, or where it is.
    pub fn take<R>(
        self,
        factor: &mut Panel<T>,
        from: Option<&Panel<T>>,
        walk: impl FnOnce(&HalfStep<'_, T>, &mut Panel<T>) -> Result<R>,
    ) -> Result<R> {
        let Self {
            args,
            masked,
            side,
            terms,
            own,
            partner,
            partner_sums,
            beta,
        } = self;
        let gram = &partner_sums.gram;
        let columns = own
            .column_terms
            .columns(from.unwrap_or(factor), partner_sums)?;
        let terms = with_ridge(terms, columns.as_ref());
        let spread = columns.as_ref().and_then(|columns| columns.own.as_ref());
        let gamma = masked.map_or(1.0, Masked::gamma);
        let shared: Cow<'_, [f64]> = if gamma < 1.0 {
            gram.iter().map(|x| gamma * x).collect()
        } else {
            gram.into()
        };
        let quadratic = Quadratic::new::<T>(shared, terms, bounds(&own.terms));
        let own = match masked {
            Some(masked) => masked.prepared(side, partner, &quadratic, args.sweeps, spread)?,
            None => None,
        };
        let prepared = match own {
            Some(own) => own,
            None => Prepared::new(args.solver, &quadratic, args.sweeps, spread)?,
        };
        let filled = match masked {
            Some(masked) => masked.filled(side, gram)?,
            None => None,
        };
        let step = HalfStep {
            partner,
            quadratic: &quadratic,
            prepared: &prepared,
            filled,
            columns: columns.as_ref(),
            beta,
        };
        walk(&step, factor)
    }
}

pub fn bounds(terms: &FactorTerms) -> Bounds {
    Bounds {
        nonneg: terms.nonneg,
        upper: terms.upper,
    }
}

pub fn with_ridge<T: Real>(mut terms: StepTerms, columns: Option<&Columns<T>>) -> StepTerms {
    if let Some(columns) = columns {
        for (ridge, x) in terms.ridge.iter_mut().zip(&columns.ridge) {
            *ridge += x;
        }
    }
    terms
}
