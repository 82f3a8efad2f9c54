use super::segment::{Tied, between, lowest, minus, segment, value_at};
use super::{Form, TiedArgs};
use crate::control::Control;
use crate::data::Data;
use crate::error::{ErrorCode, KernelError, Result};
use crate::half_step::Product;
use crate::kkt::largest_step;
use crate::leaves::Accumulate;
use crate::objective::StepTerms;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::{Bounds, Quadratic};
use crate::reduce::{dot, gram, row_crosses, sum_of_squares};
use crate::residual::residual;
use crate::simd::run;
use crate::solver::multiplicative::gram_panel;
use crate::solver::{Prepared, Solver};
use crate::view::{Side, View};

/// Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-6;

/// A fit in progress.
pub struct Fit<'a> {
    args: &'a TiedArgs<'a>,
    pub x: &'a Data<'a>,
    /// ‖X‖².
    pub total: f64,
    by_column: View<'a, f64>,
    /// Where X is not symmetric.
    by_row: Option<View<'a, f64>>,
    /// The accepted W, as a panel.
    pub w: Panel<f64>,
    /// Its product with X.
    p: Panel<f64>,
    /// ‖X − WH‖² as it was measured,
    pub measured: f64,
    /// and as it is where the measure is at its limit.
    pub squares: f64,
}

/// An iterate that is yet to be accepted.
pub struct Step {
    /// W and its product with X; nothing where they stay as they are.
    to: Option<(Panel<f64>, Panel<f64>)>,
    /// ‖X − WH‖².
    pub squares: f64,
    /// How far J fell.
    pub fall: f64,
}

impl<'a> Fit<'a> {
    /// At the start, multiplied by the scalar for which it is nearest to X; as large as X where that would be nothing.
    pub fn begin(args: &'a TiedArgs<'a>, x: &'a Data<'a>) -> Result<Self> {
        let k = args.start.cols;
        let by_column = View::new(x, Side::H, k)?;
        let by_row = match args.form {
            Form::Symmetric => None,
            Form::Projective => Some(View::new(x, Side::W, k)?),
        };
        let w = Panel::from_rows(&args.start)?;
        let p = by_column.product(&w)?;
        let mut fit = Self {
            args,
            x,
            total: sum_of_squares(x),
            by_column,
            by_row,
            w,
            p,
            measured: 0.0,
            squares: 0.0,
        };
        let Tied { w, h, p } = fit.tied(&fit.w, &fit.p);
        let cross = dot(p.data(), h.data());
        let whole = dot(&gram(w)?, &gram(h)?);
        let best = if cross > 0.0 {
            cross / whole
        } else {
            (fit.total / whole).sqrt()
        };
        let by = vec![best.sqrt(); k];
        if by[0].is_finite() {
            fit.w.scale_rows(&by);
            fit.p.scale_rows(&by);
        }
        fit.squares = fit.measure(fit.tied(&fit.w, &fit.p))?;
        fit.measured = fit.squares;
        Ok(fit)
    }

    fn tied<'p>(&self, w: &'p Panel<f64>, p: &'p Panel<f64>) -> Tied<'p> {
        let h = match self.args.form {
            Form::Symmetric => w,
            Form::Projective => p,
        };
        Tied { w, h, p }
    }

    /// ‖X − WH‖² by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough.
    fn measure(&self, Tied { w, h, p }: Tied<'_>) -> Result<f64> {
        let mut squares = self.total - 2.0 * dot(p.data(), h.data()) + dot(&gram(w)?, &gram(h)?);
        if squares < EXPLICIT_BELOW * self.total {
            squares = residual(self.x, w, h, None)?;
        }
        if squares.is_finite() {
            return Ok(squares);
        }
        Err(KernelError::new(
            ErrorCode::NonFinite,
            "the objective left the range of numbers",
        ))
    }

    /// The data as W sees them.
    fn own_view(&self) -> &View<'a, f64> {
        self.by_row.as_ref().unwrap_or(&self.by_column)
    }

    /// The next iterate, or nothing once cancelled.
    pub fn iterate(&self, control: Control<'_>) -> Result<Option<Step>> {
        if (control.cancelled)() {
            return Ok(None);
        }
        let mut w = self.improved()?;
        if (control.cancelled)() {
            return Ok(None);
        }
        let mut p = self.by_column.product(&w)?;
        let (by_w, by_p) = (minus(&w, &self.w)?, minus(&p, &self.p)?);
        let c = segment(self.tied(&self.w, &self.p), self.tied(&by_w, &by_p))?;
        let t = lowest(&c);
        if t == 0.0 {
            return Ok(Some(Step {
                to: None,
                squares: self.squares,
                fall: 0.0,
            }));
        }
        between(&self.w, &mut w, t, 0.0);
        between(&self.p, &mut p, t, f64::NEG_INFINITY);
        let squares = self.measure(self.tied(&w, &p))?;
        Ok(Some(Step {
            to: Some((w, p)),
            squares,
            fall: -value_at(&c, t),
        }))
    }

    /// The iterate becomes the accepted one.
    pub fn accept(&mut self, step: Step, objective: f64) {
        if let Some((w, p)) = step.to {
            (self.w, self.p) = (w, p);
            self.measured = step.squares;
        }
        self.squares = 2.0 * objective;
    }

    /// W after sweeps over every feature.
    fn improved(&self) -> Result<Panel<f64>> {
        let curvature = gram(self.tied(&self.w, &self.p).h)?;
        let bent = self.right_side(&curvature)?;
        let b = bent.as_ref().unwrap_or(&self.p);
        let quadratic = plain_quadratic(&curvature, self.w.k);
        let prepared = Prepared::new(Solver::Hals, &quadratic, self.args.sweeps, None)?;
        let mut out = self.w.copied()?;
        let (stride, ranges) = (out.stride, &self.own_view().ranges);
        let work = out.cols * out.k * out.k;
        let tasks: Vec<_> = out.split(ranges).into_iter().zip(ranges).collect();
        let done: Result<Vec<f64>> = each_task(tasks, work, |_, (x, range)| {
            let b = &b.data()[range.start * stride..range.end * stride];
            prepared.solve(range.start, stride, x, b)
        })
        .into_iter()
        .collect();
        done?;
        Ok(out)
    }

    /// X·Hᵀ + ½(W·HHᵀ − X·Hᵀ·WᵀW): on a quadratic of curvature HHᵀ half the slope of J. Where X is symmetric that is P,
    /// which is there already.
    fn right_side(&self, curvature: &[f64]) -> Result<Option<Panel<f64>>> {
        let Some(view) = &self.by_row else {
            return Ok(None);
        };
        let crossed = view.product(&self.p)?;
        let mut out = crossed.copied()?;
        let (k, stride) = (out.k, out.stride);
        let of_w = gram_panel(k, curvature, 0.5)?;
        let of_crossed = gram_panel(k, &gram(&self.w)?, -0.5)?;
        let work = 2 * out.cols * k * k;
        let tasks = out.split(&view.ranges).into_iter().zip(&view.ranges);
        each_task(tasks.collect(), work, |_, (out, range)| {
            let part = range.start * stride..range.end * stride;
            for (factor, panel) in [(&of_w, &self.w), (&of_crossed, &crossed)] {
                run(Accumulate {
                    factor,
                    stride,
                    k,
                    entries: &panel.data()[part.clone()],
                    along: 1,
                    across: stride,
                    terms: k,
                    out: &mut *out,
                });
            }
        });
        Ok(Some(out))
    }

    /// The largest step that a coordinate of W can still take.
    pub fn kkt(&self) -> Result<f64> {
        let curvature = gram(self.tied(&self.w, &self.p).h)?;
        let bent = self.right_side(&curvature)?;
        let b = bent.as_ref().unwrap_or(&self.p);
        let quadratic = plain_quadratic(&curvature, self.w.k);
        let open = largest_step(
            Product::Known(b, 0),
            &self.own_view().ranges,
            &self.w,
            &self.p,
            &quadratic,
            None,
            None,
        )?;
        Ok(open.step)
    }

    /// ⟨X, w_r·h_r⟩ of each factor, for the final H.
    pub fn crosses(&self, h: &Panel<f64>) -> Vec<f64> {
        match self.args.form {
            Form::Symmetric => row_crosses(&self.p, h),
            Form::Projective => row_crosses(h, h),
        }
    }

    /// WᵀX where that is H: sums over many iterates have let go of its last digits.
    pub fn final_h(&self) -> Result<Option<Panel<f64>>> {
        let projective = self.args.form == Form::Projective;
        projective
            .then(|| self.by_column.product(&self.w))
            .transpose()
    }
}

/// A quadratic of that curvature over x ≥ 0, without terms.
fn plain_quadratic(curvature: &[f64], k: usize) -> Quadratic<'_> {
    let terms = StepTerms {
        ridge: vec![0.0; k],
        linear: vec![0.0; k],
        coupling: None,
    };
    let bounds = Bounds {
        nonneg: true,
        upper: f64::INFINITY,
    };
    Quadratic::new::<f64>(curvature.into(), terms, bounds)
}
