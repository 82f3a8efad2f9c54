use super::facts::Facts;
use super::half_step::HalfStep;
use super::lines::Lines;
use super::loss::Loss;
use super::measure::{Cost, each_column};
use super::null::null_loss;
use super::parameters::Pair;
use super::sight::{Plan, Sight};
use crate::column_terms::ColumnTerms;
use crate::control::Control;
use crate::data::Element;
use crate::error::{ErrorCode, KernelError, Result};
use crate::factor::{Penalties, Sums, balance, living};
use crate::nmf::{Factor, NmfArgs, Walk, room};
use crate::objective::{penalty, step_terms};
use crate::panel::Panel;
use crate::reduce::sum;
use crate::solver::Solver;
use crate::view::{Side, View};

/// What an accepted pair comes to.
#[derive(Clone, Copy)]
pub struct Measure {
    /// Mean deviance.
    pub loss: f64,
    pub objective: f64,
}

/// A fit in progress.
pub struct Fit<'a, T: Element> {
    pub args: &'a NmfArgs<'a>,
    lines: &'a Lines<'a, T>,
    facts: Facts,
    plan: Plan,
    pub loss: Loss,
    by_row: View<'a, T>,
    by_column: View<'a, T>,
    /// Root of the mean square of what is fitted.
    rms: f64,
    pub w: Factor<T>,
    pub h: Factor<T>,
    /// Parameters as they were with the accepted pair.
    accepted: Loss,
}

impl<'a, T: Element> Fit<'a, T> {
    /// At the start.
    pub fn begin(args: &'a NmfArgs<'a>, lines: &'a Lines<'a, T>, loss: Loss) -> Result<Self> {
        let k = args.start_h.rows;
        let x = lines.x;
        let with_l1 = args.w.l1 > 0.0 || args.h.l1 > 0.0;
        let penalties = |terms, args, side, cols| -> Result<Penalties<T>> {
            Ok(Penalties {
                terms,
                column_terms: ColumnTerms::new(args, side, k, cols)?,
                with_l1,
            })
        };
        let w = penalties(args.w, &args.w_column_terms, Side::W, x.rows)?;
        let h = penalties(args.h, &args.h_column_terms, Side::H, x.cols)?;
        let by_column = View::new(x, Side::H, k)?;
        let facts = Facts::new(lines, &loss, &by_column)?;
        Ok(Self {
            args,
            lines,
            plan: Plan::new(lines, &loss, &facts),
            accepted: loss.clone(),
            loss,
            by_row: View::new(x, Side::W, k)?,
            by_column,
            rms: (facts.squares / facts.known).sqrt(),
            facts,
            w: Factor::new(Panel::from_rows(&args.start_w)?, w)?,
            h: Factor::new(Panel::from_columns(&args.start_h)?, h)?,
        })
    }

    /// Multiplies the start by the scalar for which estimates and data have one sum, or by least squares where they may be
    /// negative: H by as much of it as its bound allows, W by the rest.
    pub fn scale_start(&mut self) -> Result<()> {
        let positive = self.loss.is_positive();
        let (up, down) = if positive {
            (self.facts.total, self.sum_of_estimates()?)
        } else {
            self.products_of_estimates()?
        };
        let best = (up / down).abs();
        let by = if best.is_finite() { best } else { 1.0 };
        let k = self.h.work.k;
        let by_h = by.min(room(self.args.h.upper, &self.h.work));
        self.h.work.scale_rows(&vec![by_h; k]);
        if by_h != by {
            self.w.work.scale_rows(&vec![by / by_h; k]);
        }
        if room(self.args.w.upper, &self.w.work) < 1.0 {
            let upper = T::from_f64(self.args.w.upper);
            let numbers = self.w.work.data_mut().iter_mut();
            numbers.filter(|x| **x > upper).for_each(|x| *x = upper);
        }
        for factor in [&mut self.w, &mut self.h] {
            factor.work_sums = Sums::of(&factor.work, &factor.penalties)?;
        }
        self.rebalance();
        self.accept();
        if self.drawn() {
            self.redraw();
            self.reject();
        }
        Ok(())
    }

    /// Σ ω·μ: what is linear in Poisson's loss.
    fn sum_of_estimates(&self) -> Result<f64> {
        let poisson = self.loss.poisson();
        let plan = Plan::new(self.lines, &poisson, &self.facts);
        let sight = Sight::new(self.lines, Side::H, &self.w.work, &poisson, plan)?;
        let each = each_column(&sight, &self.by_column, &self.h.work, |column, x| {
            column.sum_of_estimates(x)
        })?;
        Ok(sum(&each))
    }

    /// Σ ω·x·μ and Σ ω·μ².
    fn products_of_estimates(&self) -> Result<(f64, f64)> {
        let sight = Sight::new(self.lines, Side::H, &self.w.work, &self.loss, self.plan)?;
        let each = each_column(&sight, &self.by_column, &self.h.work, |column, x| {
            let mut sums = (0.0, 0.0);
            column.show(x, |entry| {
                let by = entry.weight * entry.mu;
                sums = (sums.0 + by * entry.x, sums.1 + by * entry.mu);
            })?;
            Ok(sums)
        })?;
        let total = each.iter();
        Ok(total.fold((0.0, 0.0), |sum, own| (sum.0 + own.0, sum.1 + own.1)))
    }

    /// Whether a factor is drawn to a target.
    pub fn drawn(&self) -> bool {
        self.w.penalties.column_terms.drawn() || self.h.penalties.column_terms.drawn()
    }

    /// Sets what factors are drawn to as it should be for the accepted pair; by how much J rises by that.
    pub fn redraw(&mut self) -> f64 {
        let before = self.penalty(&self.w.accepted_sums, &self.h.accepted_sums);
        let Self { w, h, .. } = self;
        w.penalties
            .column_terms
            .draw(&w.accepted_sums, &h.accepted_sums);
        h.penalties
            .column_terms
            .draw(&h.accepted_sums, &w.accepted_sums);
        for factor in [w, h] {
            let terms = &factor.penalties.column_terms;
            factor.accepted_sums.apart = terms.apart(&factor.accepted);
        }
        self.penalty(&self.w.accepted_sums, &self.h.accepted_sums) - before
    }

    fn penalty(&self, w: &Sums, h: &Sums) -> f64 {
        self.loss.penalties * penalty(&self.args.w, &self.args.h, w, h, self.rms)
    }

    /// Both half-steps and the parameters, in work, or nothing once cancelled.
    pub fn iterate(&mut self, control: Control<'_>) -> Result<Option<Measure>> {
        for factor in [&mut self.w, &mut self.h] {
            factor.work.copy_from(&factor.accepted);
            factor.work_sums = factor.accepted_sums.clone();
        }
        self.half_step(Side::H, false)?;
        if !self.args.w.nonneg && !self.w.penalties.fix_scale() {
            self.w.turn(&self.h.work_sums);
        }
        // A fit that is to be gone on with ends between iterations.
        if self.args.checkpoint.is_none() && (control.cancelled)() {
            self.loss = self.accepted.clone();
            return Ok(None);
        }
        // What is minimised is known once W is, unless it goes on to change.
        let known = !self.loss.is_likelihood() && self.args.w.l21 + self.args.h.l21 == 0.0;
        let value = self.half_step(Side::W, known)?;
        if !self.args.h.nonneg && !self.h.penalties.fix_scale() {
            self.h.turn(&self.w.work_sums);
        }
        self.loss = self.pair().estimated(&self.loss)?;
        self.rebalance();
        match value {
            Some(value) => self.measured(Cost { value, beyond: 0.0 }),
            None => self.measure(),
        }
        .map(Some)
    }

    /// Σ ω·ℓ after it, where it is wanted.
    fn half_step(&mut self, side: Side, valued: bool) -> Result<Option<f64>> {
        let sweeps = self.args.sweeps;
        let value = self.with_step(side, |step, factor| {
            step.run(&mut factor.work, sweeps, valued)
        })?;
        let own = match side {
            Side::W => &mut self.w,
            Side::H => &mut self.h,
        };
        own.work_sums = Sums::of(&own.work, &own.penalties)?;
        Ok(value)
    }

    /// Calls with the half-step of a factor, the pair being in work.
    fn with_step<R>(
        &mut self,
        side: Side,
        call: impl FnOnce(&HalfStep<'_, T>, &mut Factor<T>) -> Result<R>,
    ) -> Result<R> {
        let (own, partner, view) = match side {
            Side::W => (&mut self.w, &self.h, &self.by_row),
            Side::H => (&mut self.h, &self.w, &self.by_column),
        };
        let terms = step_terms(
            &own.penalties.terms,
            &partner.penalties.terms,
            &own.work_sums,
            &partner.work_sums,
            self.rms,
        );
        let columns = own
            .penalties
            .column_terms
            .columns(&own.work, &partner.work_sums)?;
        let sight = Sight::new(self.lines, side, &partner.work, &self.loss, self.plan)?;
        let step = HalfStep::new(
            &sight,
            view,
            terms,
            columns.as_ref(),
            &own.penalties.terms,
            self.args.solver == Solver::Mu,
        );
        call(&step, own)
    }

    fn pair(&self) -> Pair<'_, T> {
        Pair {
            lines: self.lines,
            plan: self.plan,
            w: &self.w.work,
            h: &self.h.work,
            by_row: &self.by_row,
            by_column: &self.by_column,
        }
    }

    /// Of the pair in work.
    pub fn measure(&self) -> Result<Measure> {
        self.measured(self.pair().cost(&self.loss)?)
    }

    fn measured(&self, cost: Cost) -> Result<Measure> {
        let penalties = self.penalty(&self.w.work_sums, &self.h.work_sums);
        let objective = cost.whole() + penalties;
        if !objective.is_finite() {
            return Err(KernelError::new(
                ErrorCode::NonFinite,
                "the objective left the range of numbers",
            ));
        }
        Ok(Measure {
            loss: self.loss.deviance() * cost.value / self.facts.known,
            objective,
        })
    }

    /// The pair in work becomes the accepted one.
    pub fn accept(&mut self) {
        for factor in [&mut self.w, &mut self.h] {
            factor.accepted.copy_from(&factor.work);
            factor.accepted_sums = factor.work_sums.clone();
        }
        self.accepted = self.loss.clone();
    }

    /// Back to the accepted pair.
    pub fn reject(&mut self) {
        for factor in [&mut self.w, &mut self.h] {
            factor.work.copy_from(&factor.accepted);
            factor.work_sums = factor.accepted_sums.clone();
        }
        self.loss = self.accepted.clone();
    }

    /// Through all numbers that the next iteration begins with.
    pub fn walk(&mut self, walk: &mut Walk<'_>) {
        for x in [self.w.work.k, self.w.work.cols, self.h.work.cols] {
            walk.fixed(x as f64);
        }
        for factor in [&mut self.w, &mut self.h] {
            walk.panel(&mut factor.accepted);
            factor.accepted_sums.walk(walk);
            factor.penalties.column_terms.walk(walk);
        }
        let loss = &mut self.accepted;
        let parameters = loss.dispersion.iter_mut().chain(&mut loss.zero_inflation);
        for parameter in parameters {
            walk.numbers(&mut parameter.values);
        }
        self.loss = self.accepted.clone();
    }

    /// Gives both rows of each factor in work about the same length, where they are far apart; zeros, where it is dying.
    fn rebalance(&mut self) {
        let (w, h) = (&self.w.work_sums.norms, &self.h.work_sums.norms);
        let fixed = self.w.penalties.fix_scale() || self.h.penalties.fix_scale();
        let shifts = if fixed { None } else { balance(w, h) };
        let dying = self.args.w.l21 + self.args.h.l21 > 0.0;
        let alive = if dying { living(w, h) } else { Vec::new() };
        let mut shifts = shifts.unwrap_or_else(|| vec![1.0; w.l2.len()]);
        let mut back: Vec<f64> = shifts.iter().map(|shift| 1.0 / shift).collect();
        for r in (0..alive.len()).filter(|&r| !alive[r]) {
            (shifts[r], back[r]) = (0.0, 0.0);
        }
        for (factor, by) in [(&mut self.w, &shifts), (&mut self.h, &back)] {
            factor.work.scale_rows(by);
            factor.work_sums.scale_exactly(by);
        }
    }

    /// How far the accepted pair is from a stationary point.
    pub fn open(&mut self) -> Result<f64> {
        self.reject();
        let of_h = self.with_step(Side::H, |step, factor| step.open(&mut factor.work))?;
        let of_w = self.with_step(Side::W, |step, factor| step.open(&mut factor.work))?;
        Ok(of_h.max(of_w))
    }

    /// Mean deviance of the best constant.
    pub fn null_loss(&self) -> Result<f64> {
        null_loss(self.lines, &self.loss, &self.facts)
    }

    /// The accepted pair; the room of all else is given back.
    pub fn into_accepted(self) -> (Panel<T>, Panel<T>) {
        (self.w.accepted, self.h.accepted)
    }
}
