use super::factors::{Factor, room};
use super::masked::{Looked, Masked};
use super::state::Walk;
use super::turn::Turn;
use super::walked::{Improved, Walked};
use super::{NmfArgs, Precision};
use crate::column_terms::ColumnTerms;
use crate::control::Control;
use crate::data::Element;
use crate::error::{ErrorCode, KernelError, Result};
use crate::factor::{Penalties, Sums, balance, living};
use crate::half_step::{Beside, Done};
use crate::leaves::Extrapolate;
use crate::momentum::Momentum;
use crate::objective::{penalty, step_terms};
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::reduce::dot;
use crate::simd::run;
use crate::view::Side;

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
    /// Zero where entries are held out; where they have weights, times these.
    pub(super) x: Walked<'a, T>,
    pub(super) masked: Option<Masked<'a, T>>,
    pub(super) total: f64,
    /// Root of the mean square of what is fitted.
    pub(super) rms: f64,
    pub(super) w: Factor<T>,
    pub(super) h: Factor<T>,
    /// The solution for H of the iteration before, where there is acceleration.
    h_before: Option<Panel<T>>,
    /// W·X at the start, until the first half-step takes it.
    first: Option<Panel<T>>,
    /// H·Xᵀ of the pair in work, and of the accepted one, where it was kept.
    crossed: Option<Panel<T>>,
    pub(super) accepted_crossed: Option<Panel<T>>,
}

impl<'a, T: Element> Fit<'a, T> {
    /// At the start.
    pub fn begin(
        args: &'a NmfArgs<'a>,
        x: Walked<'a, T>,
        masked: Option<Masked<'a, T>>,
    ) -> Result<Self> {
        let k = args.start_h.rows;
        let with_l1 = args.w.l1 > 0.0 || args.h.l1 > 0.0;
        let h = Panel::from_columns(&args.start_h)?;
        let w_penalties = Penalties {
            terms: args.w,
            column_terms: ColumnTerms::new(&args.w_column_terms, Side::W, k, x.rows())?,
            with_l1,
        };
        let h_penalties = Penalties {
            terms: args.h,
            column_terms: ColumnTerms::new(&args.h_column_terms, Side::H, k, x.cols())?,
            with_l1,
        };
        let w = Panel::from_rows(&args.start_w)?;
        let resumed = args.checkpoint.is_some_and(|own| own.from.is_some());
        let (total, first) = match masked.as_ref().and_then(Masked::total) {
            Some(total) => (total, None),
            None => x.squares((!resumed).then_some(&w))?,
        };
        let unseen = masked.as_ref().map_or(0, |m| m.held().count);
        let entries = x.entries() - unseen as f64;
        Ok(Self {
            args,
            x,
            masked,
            total,
            rms: (total / entries).sqrt(),
            w: Factor::new(w, w_penalties)?,
            h_before: args.accelerate.then(|| h.copied()).transpose()?,
            h: Factor::new(h, h_penalties)?,
            first,
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

    /// Multiplies the start by the scalar for which W·H is nearest to X: H by as much of it as its bound allows, W by the
    /// rest.
    pub fn measure_start(&mut self) -> Result<Measure> {
        let mut product = match self.first.take() {
            Some(product) => product,
            None => self.x.with_w(&self.w.accepted)?,
        };
        let mut cross = dot(product.data(), self.h.accepted.data());
        let best = (cross / dot(&self.w.accepted_sums.gram, &self.h.accepted_sums.gram)).abs();
        let bounded = self.args.w.upper.is_finite() || self.args.h.upper.is_finite();
        if best.is_finite() || bounded {
            let by = if best.is_finite() { best } else { 1.0 };
            let by_h = by.min(room(self.args.h.upper, &self.h.accepted));
            let k = self.h.accepted.k;
            self.h.accepted.scale_rows(&vec![by_h; k]);
            self.h.accepted_sums = Sums::of(&self.h.accepted, &self.h.penalties)?;
            if let Some(before) = &mut self.h_before {
                before.copy_from(&self.h.accepted);
            }
            if bounded {
                let w = &mut self.w.accepted;
                let rest = if by_h == by { 1.0 } else { by / by_h };
                w.scale_rows(&vec![rest; k]);
                let upper = T::from_f64(self.args.w.upper);
                w.data_mut().iter_mut().for_each(|x| {
                    if *x > upper {
                        *x = upper;
                    }
                });
                self.w.accepted_sums = Sums::of(w, &self.w.penalties)?;
                self.w.work.copy_from(w);
                self.w.work_sums = self.w.accepted_sums.clone();
                product = self.x.with_w(w)?;
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

    /// Whether a factor is drawn to a target.
    pub fn drawn(&self) -> bool {
        self.w.penalties.column_terms.drawn() || self.h.penalties.column_terms.drawn()
    }

    /// Sets what factors are drawn to as it should be for the accepted pair; its objective, where ‖X − WH‖² is `squares`.
    pub fn redraw(&mut self, squares: f64) -> Result<f64> {
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
            factor.work_sums.apart = terms.apart(&factor.work);
        }
        self.objective(squares, &self.w.accepted_sums, &self.h.accepted_sums)
    }

    fn objective(&self, squares: f64, w: &Sums, h: &Sums) -> Result<f64> {
        let penalties = penalty(&self.args.w, &self.args.h, w, h, self.rms);
        let objective = squares / 2.0 + penalties;
        if objective.is_finite() {
            return Ok(objective);
        }
        Err(KernelError::new(
            ErrorCode::NonFinite,
            "the objective left the range of numbers",
        ))
    }

    /// Both half-steps, or nothing once cancelled; what the second left behind, and how far the objective fell in both. The
    /// last iteration leaves its product with the data to `kkt`.
    pub fn iterate(
        &mut self,
        momentum: &Momentum,
        last: bool,
        control: Control<'_>,
    ) -> Result<Option<(Done, f64)>> {
        let known = self.first.take();
        let Self {
            args,
            x,
            masked,
            w,
            h,
            h_before,
            rms,
            ..
        } = self;
        let rms = *rms;
        // A fit that is to be gone on with ends between iterations.
        let go_on = || args.checkpoint.is_some() || !(control.cancelled)();
        let first = Turn {
            args,
            masked: masked.as_ref(),
            side: Side::H,
            terms: step_terms(&args.h, &args.w, &h.accepted_sums, &w.work_sums, rms),
            own: &h.penalties,
            partner: &w.work,
            partner_sums: &w.work_sums,
            beta: momentum.beta_of_h(),
        }
        .take(&mut h.work, Some(&h.accepted), |step, work| {
            let known = known.as_ref();
            x.improve_h(step, known, work, &h.accepted, h_before.as_mut(), go_on)
        })?;
        let Some(Improved {
            done: first,
            crossed: known,
        }) = first
        else {
            return Ok(None);
        };
        h.work_sums = Sums::from_gram(first.gram, &h.work, &h.penalties);
        if !args.w.nonneg && momentum.plain() && !w.penalties.fix_scale() {
            w.turn(&h.work_sums);
        }
        if !go_on() {
            return Ok(None);
        }
        // Where H may yet be turned round, it would be the product of another H.
        let beside = BESIDE * w.work.data().len() <= x.stored();
        let kept = last && args.h.nonneg && beside && known.is_none();
        let mut crossed = kept
            .then(|| Panel::zeros(w.work.k, w.work.cols))
            .transpose()?;
        let mut second = Turn {
            args,
            masked: masked.as_ref(),
            side: Side::W,
            terms: step_terms(&args.w, &args.h, &w.work_sums, &h.work_sums, rms),
            own: &w.penalties,
            partner: &h.work,
            partner_sums: &h.work_sums,
            beta: 0.0,
        }
        .take(&mut w.work, None, |step, work| {
            let beside = Beside {
                before: None,
                product: crossed.as_mut(),
            };
            x.with_product(Side::W, known.as_ref(), |product, ranges| {
                step.run(product, ranges, work, None, beside)
            })
        })?;
        self.crossed = crossed;
        let decrease = first.decrease + second.decrease;
        w.work_sums = Sums::from_gram(std::mem::take(&mut second.gram), &w.work, &w.penalties);
        if !args.h.nonneg && momentum.plain() && !h.penalties.fix_scale() {
            h.turn(&w.work_sums);
        }
        Ok(Some((second, decrease)))
    }

    /// Through all numbers that the next iteration begins with.
    pub fn walk(&mut self, walk: &mut Walk<'_>) {
        for x in [self.w.work.k, self.w.work.cols, self.h.work.cols] {
            walk.fixed(x as f64);
        }
        walk.panel(&mut self.w.work);
        self.w.work_sums.walk(walk);
        for factor in [&mut self.w, &mut self.h] {
            walk.panel(&mut factor.accepted);
            factor.accepted_sums.walk(walk);
            factor.penalties.column_terms.walk(walk);
        }
        if let Some(before) = &mut self.h_before {
            walk.panel(before);
        }
        if let Some(masked) = &mut self.masked {
            masked.walk(walk);
        }
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
        let upper = self.args.w.upper;
        let ranges = &self.x.by_row;
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
                upper: T::from_f64(upper),
            });
        });
        self.w.accepted_sums = self.w.work_sums.clone();
        // A failing allocation here would have failed before: the sums are of the same size.
        if let Ok(sums) = Sums::of(&self.w.work, &self.w.penalties) {
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
            masked.look(&self.x.by_column, &self.w.accepted, &self.h.accepted, 0.0);
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

    /// Gives both rows of each factor about the same length, where they are far apart; zeros, where it is dying.
    fn rebalance(&mut self) {
        let (w, h) = (&self.w.accepted_sums.norms, &self.h.accepted_sums.norms);
        let fixed = self.w.penalties.fix_scale() || self.h.penalties.fix_scale();
        let shifts = if fixed { None } else { balance(w, h) };
        let dying = self.args.w.l21 + self.args.h.l21 > 0.0;
        let alive = dying.then(|| living(w, h));
        let died = alive
            .as_ref()
            .is_some_and(|alive| alive.iter().any(|alive| !alive));
        if shifts.is_none() && !died {
            return;
        }
        let mut shifts = shifts.unwrap_or_else(|| vec![1.0; w.l2.len()]);
        let mut back: Vec<f64> = shifts.iter().map(|shift| 1.0 / shift).collect();
        for (r, alive) in alive.into_iter().flatten().enumerate() {
            if !alive {
                (shifts[r], back[r]) = (0.0, 0.0);
            }
        }
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
            Some(masked) => masked.look(&self.x.by_column, w, h, whole),
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
            let gaps = self.masked.as_ref().map(Masked::gaps);
            squares = self.x.residual(w, h, gaps)?;
        }
        let objective = self.objective(squares, &self.w.work_sums, &self.h.work_sums)?;
        let held_loss = seen.residual / self.held_count().unwrap_or(0) as f64;
        Ok(Measure {
            squares,
            objective,
            held_loss,
        })
    }
}
