use std::ops::Range;

use super::state::Walk;
use crate::column_terms::Spread;
use crate::data::Element;
use crate::error::Result;
use crate::half_step::{Filled, correct};
use crate::hold_out::{Held, Listed, Lists};
use crate::leaves::SUMS;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::Quadratic;
use crate::reduce::{inner, sum};
use crate::residual::Gaps;
use crate::solver::Prepared;
use crate::solver::own::OwnSweeps;
use crate::view::Side;

/// Below this fraction of both a difference has too few digits.
const FEW_DIGITS: f64 = 1e-6;

/// What a fit that does not see all of X knows beside the products with what is seen.
pub struct Masked<'a, T: Element> {
    held: Held<'a, T>,
    /// Σ ω_ij·x_ij² where entries have weights.
    total: Option<f64>,
    exact: bool,
    /// Share of the Gram matrix that the half-steps of expectation–maximisation take: at first that of the entries that are
    /// seen, which is right on average; 1, which never raises the objective, once that has.
    gamma: f64,
    /// Σ ω_ij·(w_i·h_j)·w_i over the listed entries of each column j, at the pair that was looked at last.
    known: Panel<T>,
}

/// What a look at a pair tells.
#[derive(Clone, Copy)]
pub struct Looked {
    /// Σ ω_ij·(w_i·h_j)² over what is seen.
    pub model: f64,
    /// The largest number that it is the difference of.
    pub from: f64,
    /// Σ (x_ij − w_i·h_j)² over what is held out.
    pub residual: f64,
}

impl<'a, T: Element> Masked<'a, T> {
    pub fn new(held: Held<'a, T>, total: Option<f64>, exact: bool, k: usize) -> Result<Self> {
        let gamma = if exact { 1.0 } else { 1.0 - held.share };
        Ok(Self {
            known: Panel::zeros(k, held.by_column.count)?,
            exact,
            gamma,
            total,
            held,
        })
    }

    pub fn held(&self) -> &Held<'a, T> {
        &self.held
    }

    pub fn total(&self) -> Option<f64> {
        self.total
    }

    pub fn gaps(&self) -> Gaps<'_> {
        Gaps {
            mask: &self.held.mask,
            weights: self.held.weights.as_ref(),
        }
    }

    pub fn gamma(&self) -> f64 {
        self.gamma
    }

    /// Whether there was a safer way to go, which is taken from now on.
    pub fn retreat(&mut self) -> bool {
        let bold = self.gamma < 1.0;
        self.gamma = 1.0;
        bold
    }

    pub fn listed(&self, side: Side) -> Listed<'_> {
        Listed {
            lists: self.lists(side),
            seen: self.held.seen,
        }
    }

    fn lists(&self, side: Side) -> &Lists {
        match side {
            Side::H => &self.held.by_column,
            Side::W => &self.held.by_row,
        }
    }

    /// Compares a pair, for which Σ (w_i·h_j)² over all entries is `whole`, with what is held out, and keeps what the next
    /// half-step for H wants.
    pub fn look(
        &mut self,
        ranges: &[Range<usize>],
        w: &Panel<T>,
        h: &Panel<T>,
        whole: f64,
    ) -> Looked {
        let lists = &self.held.by_column;
        let values = &self.held.values;
        self.known.data_mut().fill(T::default());
        let tasks: Vec<_> = self.known.split(ranges).into_iter().zip(ranges).collect();
        let work = 2 * lists.len() * h.k;
        let parts = each_task(tasks, work, |_, (out, range)| {
            let mut sums = [0.0; SUMS];
            let x = &h.data()[range.start * h.stride..range.end * h.stride];
            let scored = lists.weights.is_none().then_some((values, &mut sums));
            correct(lists, w, range, x, out, scored);
            [inner(out, x), sum(&sums)]
        });
        let total = |at: usize| parts.iter().fold(0.0, |sum, part| sum + part[at]);
        let listed = total(0);
        let (model, from) = if self.held.seen {
            (listed, listed)
        } else {
            (whole - listed, whole)
        };
        Looked {
            model,
            from,
            residual: total(1),
        }
    }

    /// ‖w_r·h_r‖² over what is seen, of such over all entries and over those that are listed; none where what is not seen is
    /// so much larger that too few digits are left.
    pub fn seen_of(&self, whole: &[f64], listed: &[f64]) -> Option<Vec<f64>> {
        if self.held.seen {
            return Some(listed.to_vec());
        }
        let seen = whole.iter().zip(listed).map(|(whole, listed)| {
            let seen = whole - listed;
            (seen >= FEW_DIGITS * whole).then_some(seen)
        });
        seen.collect()
    }

    /// Through the numbers that the next iteration begins with.
    pub fn walk(&mut self, walk: &mut Walk<'_>) {
        walk.number(&mut self.gamma);
        if !self.exact {
            walk.panel(&mut self.known);
        }
    }

    /// The factors were multiplied so, exactly, W's rows by these numbers and H's by their inverses.
    pub fn scale(&mut self, by: &[f64]) {
        self.known.scale_rows(by);
    }

    /// What a half-step of expectation–maximisation adds to its product with what is seen.
    pub fn filled(&self, side: Side, gram: &[f64]) -> Result<Option<Filled<'_, T>>> {
        if self.exact {
            return Ok(None);
        }
        let known = (side == Side::H).then_some(&self.known);
        Ok(Some(Filled::new(
            self.lists(side),
            known,
            gram,
            1.0 - self.gamma,
        )?))
    }

    /// The way to solve a half-step whose quadratic is shared; or by each column's own.
    pub fn prepared<'b>(
        &'b self,
        side: Side,
        partner: &Panel<T>,
        quadratic: &'b Quadratic<'b>,
        sweeps: usize,
        own: Option<&'b Spread<T>>,
    ) -> Result<Option<Prepared<'b, T>>> {
        if !self.exact {
            return Ok(None);
        }
        Ok(Some(Prepared::Own(OwnSweeps::new(
            self.listed(side),
            partner,
            quadratic,
            sweeps,
            own,
        )?)))
    }
}
