use super::column::Column;
use super::improve::{Improver, Terms, Way};
use super::loss::Loss;
use super::sight::Sight;
use crate::column_terms::Columns;
use crate::data::Element;
use crate::error::Result;
use crate::nmf::with_ridge;
use crate::objective::{FactorTerms, StepTerms};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::view::View;

/// Multiply-adds that an entry costs in a half-step for each coordinate, about.
const COST: usize = 8;

/// One half-step: every column of a factor is improved while its partner stands still.
pub struct HalfStep<'a, T: Element> {
    sight: &'a Sight<'a, T>,
    /// How the columns are cut into tasks.
    view: &'a View<'a, T>,
    terms: StepTerms,
    columns: Option<&'a Columns<T>>,
    lower: f64,
    upper: f64,
    way: Way,
}

impl<'a, T: Element> HalfStep<'a, T> {
    /// Of penalties as they are while the partner stands still, κ not in them.
    pub fn new(
        sight: &'a Sight<'a, T>,
        view: &'a View<'a, T>,
        terms: StepTerms,
        columns: Option<&'a Columns<T>>,
        own: &FactorTerms,
        multiplicative: bool,
    ) -> Self {
        let mut terms = with_ridge(terms, columns);
        let by = sight.loss.penalties;
        let numbers = terms.ridge.iter_mut().chain(&mut terms.linear);
        numbers
            .chain(terms.coupling.iter_mut().flatten())
            .for_each(|x| *x *= by);
        Self {
            sight,
            view,
            terms,
            columns,
            lower: if own.nonneg { 0.0 } else { f64::NEG_INFINITY },
            upper: own.upper,
            way: way_of(sight.loss, multiplicative),
        }
    }

    /// Improves all columns.
    pub fn run(&self, factor: &mut Panel<T>, sweeps: usize) -> Result<()> {
        let (k, stride) = (factor.k, factor.stride);
        self.each(
            factor,
            |column, own, improver, x, terms| {
                column.load(own)?;
                improver.improve(column, &mut x[..k], terms, self.way, sweeps)
            },
            stride,
        )
    }

    /// The largest step that any coordinate can still take, as a fraction of the largest of its row.
    pub fn open(&self, factor: &mut Panel<T>) -> Result<f64> {
        let (k, stride) = (factor.k, factor.stride);
        let widest = std::sync::Mutex::new(vec![(0.0_f64, 0.0_f64); k]);
        self.each(
            factor,
            |column, own, improver, x, terms| {
                column.load(own)?;
                let steps = improver.open(column, &x[..k], terms, self.way)?;
                // The largest of numbers is the same in any order.
                let mut widest = widest
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner);
                for ((widest, step), x) in widest.iter_mut().zip(steps).zip(&x[..k]) {
                    *widest = (widest.0.max(step), widest.1.max(x.to_f64().abs()));
                }
                Ok(())
            },
            stride,
        )?;
        let widest = widest
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Ok(widest.into_iter().fold(0.0, |most: f64, (step, scale)| {
            match (step > 0.0, scale > 0.0) {
                (false, _) => most,
                (true, true) => most.max(step / scale),
                (true, false) => most.max(1.0),
            }
        }))
    }

    fn each(
        &self,
        factor: &mut Panel<T>,
        call: impl Fn(&mut Column<'_, T>, usize, &mut Improver<T>, &mut [T], &Terms<'_>) -> Result<()>
        + Sync,
        stride: usize,
    ) -> Result<()> {
        let k = factor.k;
        let ranges = &self.view.ranges;
        let work = COST * self.view.x.stored * k;
        let by = self.sight.loss.penalties;
        let tasks = factor.split(ranges).into_iter().zip(ranges).collect();
        let done = each_task(tasks, work, |_, (out, range)| {
            let mut column = Column::new(self.sight, range)?;
            let mut improver = Improver::new(k)?;
            let mut added = vec![0.0; k];
            let mut ridge = self.terms.ridge.clone();
            for (own, x) in range.clone().zip(out.chunks_exact_mut(stride)) {
                if let Some(columns) = self.columns {
                    for (out, x) in added.iter_mut().zip(columns.added.column(own)) {
                        *out = -by * x.to_f64();
                    }
                    if let Some(spread) = &columns.own {
                        let weight = by * spread.weights[own].to_f64();
                        let each = self.terms.ridge.iter().zip(&spread.spread);
                        for (out, (ridge, spread)) in ridge.iter_mut().zip(each) {
                            *out = ridge + weight * spread;
                        }
                    }
                }
                let terms = Terms {
                    added: &added,
                    ridge: &ridge,
                    shrink: &self.terms.linear,
                    coupling: self.terms.coupling.as_deref(),
                    lower: self.lower,
                    upper: self.upper,
                };
                call(&mut column, own, &mut improver, x, &terms)?;
            }
            Ok(())
        });
        done.into_iter().collect()
    }
}

/// How columns are improved under a loss.
pub fn way_of(loss: &Loss, multiplicative: bool) -> Way {
    match (multiplicative, loss.is_logarithmic()) {
        (true, _) => Way::Multiplicative,
        (false, true) => Way::Newton,
        (false, false) => Way::Parabola,
    }
}
