use std::ops::Range;

use crate::column_terms::Columns;
use crate::data::Element;
use crate::error::Result;
use crate::hold_out::{HeldValues, Lists};
use crate::leaves::{Accumulate, Correct, Extrapolate, SUMS, Scored};
use crate::memory::{Aligned, zeros};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::Quadratic;
use crate::reduce::{add_gram, in_order, inner};
use crate::simd::{Real, run};
use crate::solver::Prepared;
use crate::solver::multiplicative::gram_panel;
use crate::view::View;

/// One half-step: a factor is improved while its partner stands still.
pub struct HalfStep<'a, T: Element> {
    /// What it is fitted to.
    pub view: &'a View<'a, T>,
    /// The partner.
    pub partner: &'a Panel<T>,
    /// Its product with the data, where it was made already.
    pub known: Option<Panel<T>>,
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

/// Panels that a half-step fills beside the factor.
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

struct Task<'a, T> {
    range: Range<usize>,
    factor: &'a mut [T],
    from: &'a [T],
    before: Option<&'a mut [T]>,
    product: Option<&'a mut [T]>,
}

impl<T: Element> HalfStep<'_, T> {
    /// Solves for `factor` beginning at `from`.
    pub fn run<'p>(
        &self,
        factor: &'p mut Panel<T>,
        from: Option<&'p Panel<T>>,
        beside: Beside<'p, T>,
    ) -> Result<Done> {
        let ranges = &self.view.ranges;
        let (stride, k, cols) = (factor.stride, factor.k, factor.cols);
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
        let work = (self.view.x.stored + cols * k) * k;
        let parts: Result<Vec<Done>> =
            each_task(tasks, work, |_, task| self.solve(task, stride, k))
                .into_iter()
                .collect();
        let parts = parts?;
        Ok(Done {
            decrease: parts.iter().fold(0.0, |sum, part| sum + part.decrease),
            cross: parts.iter().fold(0.0, |sum, part| sum + part.cross),
            gram: in_order(parts.into_iter().map(|part| part.gram).collect(), k * k),
        })
    }

    fn solve(&self, task: Task<'_, T>, stride: usize, k: usize) -> Result<Done> {
        let Task {
            range,
            factor,
            from,
            before,
            product,
        } = task;
        if !from.is_empty() {
            factor.copy_from_slice(from);
        }
        let mut made;
        let product = match &self.known {
            Some(known) => &known.data()[range.start * stride..range.end * stride],
            None => {
                let out = match product {
                    Some(out) => out,
                    None => {
                        made = Aligned::zeros(factor.len())?;
                        &mut made
                    }
                };
                self.view.product_of(self.partner, range.clone(), out);
                &*out
            }
        };
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
            cross: inner(product, factor),
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
    mut scored: Option<(&HeldValues<T>, &mut [[f64; SUMS]; 2])>,
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
            factor: partner.data(),
            stride: partner.stride,
            indices: &lists.indices,
            bounds,
            weights: lists.weights.as_deref(),
            x,
            out,
            scored,
        });
    }
}
