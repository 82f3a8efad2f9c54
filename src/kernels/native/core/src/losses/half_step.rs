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
use crate::reduce::sum;
use crate::view::View;

/// Multiply-adds that an entry costs in a half-step for each coordinate, about.
pub const COST: usize = 8;

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

    /// Improves all columns; Σ ω·ℓ of what they are then, where it is wanted.
    pub fn run(&self, factor: &mut Panel<T>, sweeps: usize, valued: bool) -> Result<Option<f64>> {
        let values = self.each(factor, |column, improver, x, terms| {
            improver.improve(column, x, terms, self.way, sweeps)?;
            if valued { column.value(x) } else { Ok(0.0) }
        })?;
        Ok(valued.then(|| sum(&values)))
    }

    /// The largest step that any coordinate can still take, as a fraction of the largest of its row.
    pub fn open(&self, factor: &mut Panel<T>) -> Result<f64> {
        let k = factor.k;
        let steps = self.each(factor, |column, improver, x, terms| {
            let steps = improver.open(column, x, terms, self.way)?;
            let sizes = x.iter().map(|x| x.to_f64().abs());
            Ok(steps.into_iter().zip(sizes).collect::<Vec<_>>())
        })?;
        Ok(widest(k, steps))
    }

    /// What `call` returns for each column that was loaded, in their order.
    fn each<R: Send>(
        &self,
        factor: &mut Panel<T>,
        call: impl Fn(&mut Column<'_, T>, &mut Improver<T>, &mut [T], &Terms<'_>) -> Result<R> + Sync,
    ) -> Result<Vec<R>> {
        let (k, stride) = (factor.k, factor.stride);
        let ranges = &self.view.ranges;
        let work = COST * self.view.x.stored * k;
        let by = self.sight.loss.penalties;
        let tasks = factor.split(ranges).into_iter().zip(ranges).collect();
        let done = each_task(tasks, work, |_, (out, range)| {
            let mut column = Column::new(self.sight, range)?;
            let mut improver = Improver::new(k);
            let mut added = vec![0.0; k];
            let mut ridge = self.terms.ridge.clone();
            let mut found = Vec::with_capacity(range.len());
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
                column.load(own)?;
                found.push(call(&mut column, &mut improver, &mut x[..k], &terms)?);
            }
            Ok(found)
        });
        let done: Result<Vec<Vec<R>>> = done.into_iter().collect();
        Ok(done?.into_iter().flatten().collect())
    }
}

/// The largest of the steps of all columns, each of k with the size of its coordinate, as a fraction of the largest of its row.
pub fn widest(k: usize, steps: Vec<Vec<(f64, f64)>>) -> f64 {
    let mut widest = vec![(0.0_f64, 0.0_f64); k];
    for steps in steps {
        for (widest, (step, size)) in widest.iter_mut().zip(steps) {
            *widest = (widest.0.max(step), widest.1.max(size));
        }
    }
    widest.into_iter().fold(0.0, |most: f64, (step, scale)| {
        match (step > 0.0, scale > 0.0) {
            (false, _) => most,
            (true, true) => most.max(step / scale),
            (true, false) => most.max(1.0),
        }
    })
}

/// How columns are improved under a loss.
pub fn way_of(loss: &Loss, multiplicative: bool) -> Way {
    match (multiplicative, loss.is_logarithmic()) {
        (true, _) => Way::Multiplicative,
        (false, true) => Way::Newton,
        (false, false) => Way::Parabola,
    }
}
