use std::borrow::Cow;

use super::factors::Factor;
use super::masked::{Looked, Masked};
use super::{NmfArgs, Precision};
use crate::control::Control;
use crate::data::{Data, Element};
use crate::error::{ErrorCode, KernelError, Result};
use crate::factor::{Sums, balance};
use crate::half_step::{Beside, Done, HalfStep};
use crate::kkt::largest_step;
use crate::leaves::Extrapolate;
use crate::momentum::Momentum;
use crate::objective::{StepTerms, penalty, step_terms};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::Quadratic;
use crate::reduce::{dot, sum_of_squares};
use crate::residual::residual;
use crate::simd::run;
use crate::solver::Prepared;
use crate::view::{Side, View};

/// Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-6;
/// The same where products are made in 32 bits.
const EXPLICIT_BELOW_NARROW: f64 = 1e-3;

/// A panel that is kept to save a product has at most this fraction of the numbers of X, upside down.
const BESIDE: usize = 8;

#[derive(Clone, Copy)]
pub struct Measure {
    /// ‖X − WH‖² over what is fitted.
    pub squares: f64,
    pub objective: f64,
    /// Mean squared error over what is held out; not a number where that is nothing.
    pub held_loss: f64,
}

/// A fit in progress.
pub struct Fit<'a, T: Element> {
    pub args: &'a NmfArgs<'a>,
    /// Zero where entries are held out.
    x: &'a Data<'a, T>,
    masked: Option<Masked<T>>,
    by_row: View<'a, T>,
    by_column: View<'a, T>,
    total: f64,
    with_l1: bool,
    w: Factor<T>,
    h: Factor<T>,
    /// The solution for H of the iteration before, where there is acceleration.
    h_before: Option<Panel<T>>,
    /// W·X at the start, until the first half-step takes it.
    first: Option<Panel<T>>,
    /// H·Xᵀ of the pair in work, and of the accepted one, where it was kept.
    crossed: Option<Panel<T>>,
    accepted_crossed: Option<Panel<T>>,
}

impl<'a, T: Element> Fit<'a, T> {
    /// At the start.
    pub fn begin(
        args: &'a NmfArgs<'a>,
        x: &'a Data<'a, T>,
        masked: Option<Masked<T>>,
    ) -> Result<Self> {
        let k = args.start_h.rows;
        let with_l1 = args.w.l1 > 0.0 || args.h.l1 > 0.0;
        let h = Panel::from_columns(&args.start_h)?;
        Ok(Self {
            args,
            x,
            masked,
            by_row: View::new(x, Side::W, k)?,
            by_column: View::new(x, Side::H, k)?,
            total: sum_of_squares(x),
            with_l1,
            w: Factor::new(Panel::from_rows(&args.start_w)?, with_l1)?,
            h_before: args.accelerate.then(|| h.copied()).transpose()?,
            h: Factor::new(h, with_l1)?,
            first: None,
            crossed: None,
            accepted_crossed: None,
        })
    }

    /// ‖X‖² over what is fitted.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Entries that are fitted.
    pub fn entries(&self) -> f64 {
        let unseen = self.masked.as_ref().map_or(0, |m| m.held().count);
        self.x.entries() - unseen as f64
    }

    /// Entries that are held out.
    pub fn held_count(&self) -> Option<usize> {
        let held = self.masked.as_ref()?.held();
        held.scored.then_some(held.count)
    }

    /// Multiplies H by the scalar for which W·H is nearest to X.
    pub fn measure_start(&mut self) -> Result<Measure> {
        let product = self.by_column.product(&self.w.accepted)?;
        let mut cross = dot(product.data(), self.h.accepted.data());
        let best = (cross / dot(&self.w.accepted_sums.gram, &self.h.accepted_sums.gram)).abs();
        if best.is_finite() {
            let by = vec![best; self.h.accepted.k];
            self.h.accepted.scale_rows(&by);
            self.h.accepted_sums = Sums::of(&self.h.accepted, self.with_l1)?;
            if let Some(before) = &mut self.h_before {
                before.copy_from(&self.h.accepted);
            }
            cross = dot(product.data(), self.h.accepted.data());
        }
        self.h.work.copy_from(&self.h.accepted);
        self.h.work_sums = self.h.accepted_sums.clone();
        let measured = self.measure(cross);
        self.first = Some(product);
        self.rebalance();
        measured
    }

    /// Both half-steps, or nothing once cancelled; what the second left behind, and how far the objective fell in both. The
    /// last iteration leaves its product with the data to `kkt`.
    pub fn iterate(
        &mut self,
        momentum: &Momentum,
        last: bool,
        control: Control<'_>,
    ) -> Result<Option<(Done, f64)>> {
        let first = self.first.take();
        let Self {
            args, masked, w, h, ..
        } = self;
        if (control.cancelled)() {
            return Ok(None);
        }
        let first = Turn {
            known: first,
            args,
            masked: masked.as_ref(),
            view: &self.by_column,
            terms: step_terms(&args.h, &args.w, &h.accepted_sums.norms, &w.work_sums.norms),
            nonneg: args.h.nonneg,
            partner: &w.work,
            gram: &w.work_sums.gram,
            beta: momentum.beta_of_h(),
        }
        .take(
            &mut h.work,
            Some(&h.accepted),
            Beside {
                before: self.h_before.as_mut(),
                product: None,
            },
        )?;
        h.work_sums = Sums::from_gram(first.gram, &h.work, self.with_l1);
        if !args.w.nonneg && momentum.plain() {
            w.turn(&h.work_sums);
        }
        if (control.cancelled)() {
            return Ok(None);
        }
        // Where H may yet be turned round, it would be the product of another H.
        let kept = last && args.h.nonneg && BESIDE * w.work.data().len() <= self.x.stored;
        let mut crossed = kept
            .then(|| Panel::zeros(w.work.k, w.work.cols))
            .transpose()?;
        let mut second = Turn {
            known: None,
            args,
            masked: masked.as_ref(),
            view: &self.by_row,
            terms: step_terms(&args.w, &args.h, &w.work_sums.norms, &h.work_sums.norms),
            nonneg: args.w.nonneg,
            partner: &h.work,
            gram: &h.work_sums.gram,
            beta: 0.0,
        }
        .take(
            &mut w.work,
            None,
            Beside {
                before: None,
                product: crossed.as_mut(),
            },
        )?;
        self.crossed = crossed;
        let decrease = first.decrease + second.decrease;
        w.work_sums = Sums::from_gram(std::mem::take(&mut second.gram), &w.work, self.with_l1);
        if !args.h.nonneg && momentum.plain() {
            h.turn(&w.work_sums);
        }
        Ok(Some((second, decrease)))
    }

    /// The pair in work becomes the accepted one, and W goes beyond it by β.
    pub fn accept(&mut self, beta: f64) {
        std::mem::swap(&mut self.h.accepted, &mut self.h.work);
        std::mem::swap(&mut self.h.accepted_sums, &mut self.h.work_sums);
        self.accepted_crossed = self.crossed.take();
        if beta == 0.0 {
            self.w.accepted.copy_from(&self.w.work);
            self.w.accepted_sums = self.w.work_sums.clone();
        } else {
            self.extrapolate_w(beta);
        }
        self.rebalance();
    }

    fn extrapolate_w(&mut self, beta: f64) {
        let lower = if self.args.w.nonneg {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        let ranges = &self.by_row.ranges;
        let work = self.w.work.data().len();
        let tasks: Vec<_> = self
            .w
            .work
            .split(ranges)
            .into_iter()
            .zip(self.w.accepted.split(ranges))
            .collect();
        each_task(tasks, work, |_, (x, before)| {
            run(Extrapolate {
                x,
                before,
                beta: T::from_f64(beta),
                lower: T::from_f64(lower),
                upper: T::from_f64(f64::INFINITY),
            });
        });
        self.w.accepted_sums = self.w.work_sums.clone();
        // A failing allocation here would have failed before: the sums are of the same size.
        if let Ok(sums) = Sums::of(&self.w.work, self.with_l1) {
            self.w.work_sums = sums;
        }
    }

    /// Back to the accepted pair.
    pub fn reject(&mut self) {
        self.w.work.copy_from(&self.w.accepted);
        self.w.work_sums = self.w.accepted_sums.clone();
        if let Some(before) = &mut self.h_before {
            before.copy_from(&self.h.accepted);
        }
    }

    /// Back to the accepted pair, to go on more carefully; or nothing, where there is no other way to go.
    pub fn retreat(&mut self) -> bool {
        if !self.masked.as_mut().is_some_and(Masked::retreat) {
            return false;
        }
        self.reject();
        if let Some(masked) = &mut self.masked {
            masked.look(&self.by_column, &self.w.accepted, &self.h.accepted, 0.0);
        }
        true
    }

    /// Keeps a copy of the accepted pair.
    pub fn keep(&mut self) -> Result<()> {
        self.w.keep()?;
        self.h.keep()
    }

    /// Back to the pair that was kept.
    pub fn restore(&mut self) {
        self.w.restore();
        self.h.restore();
        self.accepted_crossed = None;
    }

    /// The accepted pair; the room of all else is given back.
    pub fn into_accepted(self) -> (Panel<T>, Panel<T>) {
        (self.w.accepted, self.h.accepted)
    }

    /// Gives both rows of each factor about the same length, where they are far apart.
    fn rebalance(&mut self) {
        let Some(shifts) = balance(&self.w.accepted_sums.norms, &self.h.accepted_sums.norms) else {
            return;
        };
        let back: Vec<f64> = shifts.iter().map(|shift| 1.0 / shift).collect();
        self.w.scale_exactly(&shifts);
        self.h.scale_exactly(&back);
        if let Some(before) = &mut self.h_before {
            before.scale_rows(&back);
        }
        if let Some(first) = &mut self.first {
            first.scale_rows(&shifts);
        }
        if let Some(crossed) = &mut self.accepted_crossed {
            crossed.scale_rows(&back);
        }
        if let Some(masked) = &mut self.masked {
            masked.scale(&shifts);
        }
    }

    /// ‖X − WH‖² and J of the pair in work, where `cross` is ⟨X, WH⟩: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact
    /// enough.
    pub fn measure(&mut self, cross: f64) -> Result<Measure> {
        let (w, h) = (&self.w.work, &self.h.work);
        let (w_sums, h_sums) = (&self.w.work_sums, &self.h.work_sums);
        let whole = dot(&w_sums.gram, &h_sums.gram);
        let seen = match &mut self.masked {
            Some(masked) => masked.look(&self.by_column, w, h, whole),
            None => Looked {
                model: whole,
                from: 0.0,
                residual: 0.0,
            },
        };
        let mut squares = self.total - 2.0 * cross + seen.model;
        let explicit_below = match self.args.precision {
            Precision::F64 => EXPLICIT_BELOW,
            Precision::F32 => EXPLICIT_BELOW_NARROW,
        };
        // What is not seen of a model may be far larger than the data.
        if squares < explicit_below * self.total.max(seen.from) {
            squares = residual(
                self.x,
                w,
                h,
                self.masked.as_ref().map(|masked| &masked.held().mask),
            )?;
        }
        let penalties = penalty(&self.args.w, &self.args.h, &w_sums.norms, &h_sums.norms);
        let objective = squares / 2.0 + penalties;
        if !objective.is_finite() {
            return Err(KernelError::new(
                ErrorCode::NonFinite,
                "the objective left the range of numbers",
            ));
        }
        let held_loss = seen.residual / self.held_count().unwrap_or(0) as f64;
        Ok(Measure {
            squares,
            objective,
            held_loss,
        })
    }

    pub fn kkt(&self) -> Result<f64> {
        let args = self.args;
        let (w, h) = (&self.w.accepted_sums, &self.h.accepted_sums);
        let listed = |side| self.masked.as_ref().map(|masked| masked.listed(side));
        let of_h = Quadratic::new::<T>(
            &w.gram,
            step_terms(&args.h, &args.w, &h.norms, &w.norms),
            args.h.nonneg,
        );
        let of_w = Quadratic::new::<T>(
            &h.gram,
            step_terms(&args.w, &args.h, &w.norms, &h.norms),
            args.w.nonneg,
        );
        let open_h = largest_step(
            &self.by_column,
            &self.h.accepted,
            &self.w.accepted,
            None,
            &of_h,
            listed(Side::H),
        )?;
        let open_w = largest_step(
            &self.by_row,
            &self.w.accepted,
            &self.h.accepted,
            self.accepted_crossed.as_ref(),
            &of_w,
            listed(Side::W),
        )?;
        Ok(open_h.max(open_w))
    }
}

/// A factor's turn to be improved.
struct Turn<'a, T: Element> {
    /// The product of the partner with the data, where it was made already.
    known: Option<Panel<T>>,
    args: &'a NmfArgs<'a>,
    masked: Option<&'a Masked<T>>,
    view: &'a View<'a, T>,
    terms: StepTerms,
    nonneg: bool,
    partner: &'a Panel<T>,
    gram: &'a [f64],
    beta: f64,
}

impl<T: Element> Turn<'_, T> {
    fn take<'p>(
        self,
        factor: &'p mut Panel<T>,
        from: Option<&'p Panel<T>>,
        beside: Beside<'p, T>,
    ) -> Result<Done> {
        let Self {
            known,
            args,
            masked,
            view,
            terms,
            nonneg,
            partner,
            gram,
            beta,
        } = self;
        let gamma = masked.map_or(1.0, Masked::gamma);
        let shared: Cow<'_, [f64]> = if gamma < 1.0 {
            gram.iter().map(|x| gamma * x).collect()
        } else {
            gram.into()
        };
        let quadratic = Quadratic::new::<T>(&shared, terms, nonneg);
        let own = match masked {
            Some(masked) => masked.prepared(view.side, partner, &quadratic, args.sweeps)?,
            None => None,
        };
        let prepared = match own {
            Some(own) => own,
            None => Prepared::new(args.solver, &quadratic, args.sweeps)?,
        };
        let filled = match masked {
            Some(masked) => masked.filled(view.side, gram)?,
            None => None,
        };
        let step = HalfStep {
            view,
            partner,
            known,
            quadratic: &quadratic,
            prepared: &prepared,
            filled,
            beta,
        };
        step.run(factor, from, beside)
    }
}
