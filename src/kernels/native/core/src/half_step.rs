use std::ops::Range;

use crate::column_terms::Columns;
use crate::data::Element;
use crate::error::{KernelError, Result};
use crate::hold_out::{HeldValues, Lists};
use crate::leaves::{Accumulate, Correct, Extrapolate, SUMS, Scored};
use crate::memory::{Aligned, zeros};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::Quadratic;
use crate::reduce::{add_gram, inner_by_stretch};
use crate::simd::{Real, run};
use crate::solver::Prepared;
use crate::solver::multiplicative::gram_panel;
use crate::view::View;

/// One half-step: a factor is improved while its partner stands still.
pub struct HalfStep<'a, T: Element> {
    /// The partner.
    pub partner: &'a Panel<T>,
    /// The problem of every column.
    pub quadratic: &'a Quadratic<'a>,
    /// The way to its solution.
    pub prepared: &'a Prepared<'a, T>,
    /// What is added to its product with the data, where entries are held out and filled in.
    pub filled: Option<Filled<'a, T>>,
    /// What is added to it where it has column terms.
    pub columns: Option<&'a Columns<T>>,
    /// How far to go beyond the solution, in the direction from the one before.
    pub beta: f64,
}

/// The product of the partner with the data.
#[derive(Clone, Copy)]
pub enum Product<'a, T: Element> {
    /// Made already, its first column being this one of the factor.
    Known(&'a Panel<T>, usize),
    /// To be made of these data.
    Of(&'a View<'a, T>),
}

impl<T: Element> Product<'_, T> {
    /// Entries that it is yet to be made of.
    pub fn entries(&self) -> usize {
        match self {
            Self::Known(..) => 0,
            Self::Of(view) => view.x.stored,
        }
    }

    /// Its columns in a range: those that are known, or as they are made in `out`.
    pub fn columns<'b>(
        &'b self,
        partner: &Panel<T>,
        range: &Range<usize>,
        out: impl FnOnce() -> Result<&'b mut [T]>,
    ) -> Result<&'b [T]> {
        match self {
            Self::Known(panel, first) => {
                let own = (range.start - first) * panel.stride..(range.end - first) * panel.stride;
                Ok(&panel.data()[own])
            }
            Self::Of(view) => {
                let out = out()?;
                view.product_of(partner, range.clone(), out);
                Ok(out)
            }
        }
    }
}

/// Panels that a half-step fills beside the factor.
#[derive(Default)]
pub struct Beside<'a, T: Element> {
    /// Holds the solution of the half-step before; the factor goes beyond its own by β, and this becomes it.
    pub before: Option<&'a mut Panel<T>>,
    /// Becomes the product of the partner with the data, if that was not known.
    pub product: Option<&'a mut Panel<T>>,
}

/// What a half-step leaves behind beside the factor.
pub struct Done {
    /// By how much the objective fell, without cancellation; 0 where a solver does not know.
    pub decrease: f64,
    /// ⟨product with the data, factor⟩.
    pub cross: f64,
    /// F·Fᵀ of the factor, k × k.
    pub gram: Vec<f64>,
}

impl Done {
    /// What columns and those behind them leave together.
    pub fn and(mut self, next: &Self) -> Self {
        self.decrease += next.decrease;
        self.cross += next.cross;
        for (sum, x) in self.gram.iter_mut().zip(&next.gram) {
            *sum += x;
        }
        self
    }
}

struct Task<'a, T> {
    range: Range<usize>,
    factor: &'a mut [T],
    from: &'a [T],
    before: Option<&'a mut [T]>,
    product: Option<&'a mut [T]>,
}

impl<T: Element> HalfStep<'_, T> {
    /// Solves for all columns of `factor` beginning at `from`.
    pub fn run<'p>(
        &self,
        product: Product<'_, T>,
        ranges: &[Range<usize>],
        factor: &'p mut Panel<T>,
        from: Option<&'p Panel<T>>,
        beside: Beside<'p, T>,
    ) -> Result<Done> {
        let parts = self.each(product, ranges, factor, from, beside)?;
        let total = parts.into_iter().reduce(|sum, part| sum.and(&part));
        total.ok_or_else(|| KernelError::invalid("a factor must have a column"))
    }

    /// Solves for some ranges of columns that follow one another, and tells what each leaves behind.
    pub fn each<'p>(
        &self,
        product: Product<'_, T>,
        ranges: &[Range<usize>],
        factor: &'p mut Panel<T>,
        from: Option<&'p Panel<T>>,
        beside: Beside<'p, T>,
    ) -> Result<Vec<Done>> {
        let (stride, k) = (factor.stride, factor.k);
        let each = |panel: Option<&'p mut Panel<T>>| -> Vec<Option<&'p mut [T]>> {
            match panel {
                Some(panel) => panel.split(ranges).into_iter().map(Some).collect(),
                None => ranges.iter().map(|_| None).collect(),
            }
        };
        let beside = each(beside.before).into_iter().zip(each(beside.product));
        let tasks: Vec<Task<'_, T>> = factor
            .split(ranges)
            .into_iter()
            .zip(ranges)
            .zip(beside)
            .map(|((factor, range), (before, product))| Task {
                range: range.clone(),
                factor,
                from: from.map_or(&[], |from| {
                    &from.data()[range.start * stride..range.end * stride]
                }),
                before,
                product,
            })
            .collect();
        let columns: usize = ranges.iter().map(Range::len).sum();
        let work = (product.entries() + columns * k) * k;
        each_task(tasks, work, |_, task| self.solve(product, task, stride, k))
            .into_iter()
            .collect()
    }

    fn solve(
        &self,
        product: Product<'_, T>,
        task: Task<'_, T>,
        stride: usize,
        k: usize,
    ) -> Result<Done> {
        let Task {
            range,
            factor,
            from,
            before,
            product: kept,
        } = task;
        if !from.is_empty() {
            factor.copy_from_slice(from);
        }
        let mut made = Aligned::default();
        let product = product.columns(self.partner, &range, || match kept {
            Some(kept) => Ok(kept),
            None => {
                made = Aligned::zeros(factor.len())?;
                Ok(&mut made)
            }
        })?;
        let decrease = if self.filled.is_none() && self.columns.is_none() {
            self.prepared.solve(range.start, stride, factor, product)?
        } else {
            let mut complete = Aligned::zeros(factor.len())?;
            complete.copy_from_slice(product);
            if let Some(filled) = &self.filled {
                filled.add(self.partner, &range, factor, &mut complete);
            }
            if let Some(columns) = self.columns {
                let added = &columns.added.data()[range.start * stride..range.end * stride];
                for (b, x) in complete.iter_mut().zip(added) {
                    *b = b.plus(*x);
                }
            }
            self.prepared
                .solve(range.start, stride, factor, &complete)?
        };
        if let Some(before) = before {
            run(Extrapolate {
                x: factor,
                before,
                beta: T::from_f64(self.beta),
                lower: T::from_f64(self.quadratic.lower),
                upper: T::from_f64(self.quadratic.upper),
            });
        }
        let mut gram = zeros(k * k)?;
        add_gram(factor, stride, k, &mut gram)?;
        Ok(Done {
            decrease,
            cross: inner_by_stretch(product, factor, stride),
            gram,
        })
    }
}

/// What the held-out entries would add to a product if they were as the model has them (expectation–maximisation:
/// Srebro & Jaakkola 2003), less what a smaller Gram matrix leaves out at the column as it is: the slope there is right
/// whatever Gram matrix the half-step takes.
pub struct Filled<'a, T: Element> {
    lists: &'a Lists,
    /// The sum over held-out entries, where it is known.
    known: Option<&'a Panel<T>>,
    /// What the Gram matrix is smaller by, negative, as a panel.
    less: Option<Aligned<T>>,
}

impl<'a, T: Element> Filled<'a, T> {
    /// For a half-step that takes (1 − less)·G.
    pub fn new(
        lists: &'a Lists,
        known: Option<&'a Panel<T>>,
        gram: &[f64],
        less: f64,
    ) -> Result<Self> {
        let k = gram.len().isqrt();
        let less = (less > 0.0)
            .then(|| gram_panel(k, gram, -less))
            .transpose()?;
        Ok(Self { lists, known, less })
    }

    fn add(&self, partner: &Panel<T>, range: &Range<usize>, x: &[T], out: &mut [T]) {
        let stride = partner.stride;
        match self.known {
            Some(panel) => {
                let known = &panel.data()[range.start * stride..range.end * stride];
                out.iter_mut()
                    .zip(known)
                    .for_each(|(out, x)| *out = out.plus(*x));
            }
            None => correct(self.lists, partner, range, x, out, None),
        }
        if let Some(less) = &self.less {
            run(Accumulate {
                factor: less,
                stride,
                k: partner.k,
                entries: x,
                along: 1,
                across: stride,
                terms: partner.k,
                out,
            });
        }
    }
}

/// out_j += Σ (p_i·x_j)·p_i over the held-out entries i of columns j of a factor, p_i being column i of its partner; the
/// p_i·x_j are compared with the values of those entries where they are wanted. Where entries have weights, each term is
/// multiplied by its own.
pub fn correct<T: Real>(
    lists: &Lists,
    partner: &Panel<T>,
    range: &Range<usize>,
    x: &[T],
    out: &mut [T],
    mut scored: Option<(&HeldValues<T>, &mut [f64; SUMS])>,
) {
    for window in 0..lists.windows {
        let bounds = lists.bounds(window, range);
        let scored = scored.as_mut().map(|(values, sums)| {
            let own = lists.bounds_of(&values.bounds, window, range);
            let own = own[0]..own[own.len() - 1];
            let first = bounds[0] - lists.bounds[window * lists.count];
            Scored {
                places: &values.places[own.clone()],
                values: &values.values[own],
                first,
                sums,
            }
        });
        run(Correct {
            factor: &partner.data()[lists.first(window) * partner.stride..],
            stride: partner.stride,
            indices: &lists.indices,
            window,
            bounds,
            weights: lists.weights.as_deref(),
            x,
            out,
            scored,
        });
    }
}
