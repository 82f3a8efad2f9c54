use super::super::facts::Facts;
use super::super::fit::Measure;
use super::super::lines::Lines;
use super::super::loss::Loss;
use super::super::null::null_loss;
use super::super::parameter::Parameter;
use super::super::parameters::Pair;
use super::super::sight::Plan;
use super::rows::Rows;
use crate::control::Control;
use crate::error::{ErrorCode, KernelError, Result};
use crate::panel::Panel;
use crate::reduce::{dot, gram, sums_of_magnitudes};
use crate::tied::segment::between;
use crate::tied::{Form, TiedArgs};
use crate::view::{Side, View};

/// Nearer looks on the way to a half-step's end, each at a quarter of the last, before W stays as it is.
const LOOKS: usize = 10;
/// Rows are damped by no more than what bounds them, and by less while steps are long.
const LEAST: f64 = 1.0 / 1024.0;
const MOST: f64 = 1.0;
const LESS: f64 = 0.5;
const MORE: f64 = 4.0;

/// A fit in progress.
pub struct Fit<'a> {
    args: &'a TiedArgs<'a>,
    lines: &'a Lines<'a, f64>,
    pub facts: Facts,
    plan: Plan,
    by_row: View<'a, f64>,
    by_column: View<'a, f64>,
    /// The accepted iterate.
    pub at: Place,
}

/// An iterate.
pub struct Place {
    pub factors: Factors,
    pub measure: Measure,
    /// With its parameters.
    pub loss: Loss,
    /// Part of the damping that rows have.
    damping: f64,
}

/// W, and H where that is its product with the data.
pub struct Factors {
    pub w: Panel<f64>,
    h: Option<Panel<f64>>,
}

impl Factors {
    fn h(&self) -> &Panel<f64> {
        self.h.as_ref().unwrap_or(&self.w)
    }
}

impl<'a> Fit<'a> {
    /// At the start, multiplied so that estimates and data have one sum, or by least squares where they may be negative.
    pub fn begin(args: &'a TiedArgs<'a>, lines: &'a Lines<'a, f64>, loss: Loss) -> Result<Self> {
        let k = args.start.cols;
        let by_column = View::new(lines.x, Side::H, k)?;
        let facts = Facts::new(lines, &loss, &by_column)?;
        let w = Panel::from_rows(&args.start)?;
        let p = by_column.product(&w)?;
        let h = match args.form {
            Form::Symmetric => &w,
            Form::Projective => &p,
        };
        let (cross, whole) = if loss.is_positive() {
            let (w, h) = (sums_of_magnitudes(&w), sums_of_magnitudes(h));
            (facts.total, dot(&w, &h))
        } else {
            (dot(p.data(), h.data()), dot(&gram(&w)?, &gram(h)?))
        };
        let best = if cross > 0.0 {
            cross / whole
        } else {
            (facts.squares / whole).sqrt()
        };
        let by = best.sqrt();
        let mut factors = Factors {
            w,
            h: (args.form == Form::Projective).then_some(p),
        };
        if by.is_finite() {
            factors.w.scale_rows(&vec![by; k]);
            if let Some(h) = &mut factors.h {
                h.scale_rows(&vec![by; k]);
            }
        }
        let nothing = Measure {
            loss: 0.0,
            objective: 0.0,
        };
        let mut fit = Self {
            args,
            lines,
            plan: Plan::new(lines, &loss, &facts),
            by_row: View::new(lines.x, Side::W, k)?,
            by_column,
            facts,
            at: Place {
                factors,
                measure: nothing,
                loss,
                damping: MOST,
            },
        };
        fit.at.measure = checked(fit.measure(&fit.at.factors, &fit.at.loss)?)?;
        Ok(fit)
    }

    fn pair<'p>(&'p self, factors: &'p Factors) -> Pair<'p, f64> {
        Pair {
            lines: self.lines,
            plan: self.plan,
            w: &factors.w,
            h: factors.h(),
            by_row: &self.by_row,
            by_column: &self.by_column,
        }
    }

    fn measure(&self, factors: &Factors, loss: &Loss) -> Result<Measure> {
        let cost = self.pair(factors).cost(loss)?;
        Ok(Measure {
            loss: loss.deviance() * cost.value / self.facts.known,
            objective: cost.whole(),
        })
    }

    fn rows(&self, damping: f64) -> Result<Rows<'_>> {
        let Place { factors, loss, .. } = &self.at;
        Rows::new(&self.pair(factors), loss, self.args.form, damping)
    }

    /// The next iterate, or nothing once cancelled.
    pub fn iterate(&self, control: Control<'_>) -> Result<Option<Place>> {
        if (control.cancelled)() {
            return Ok(None);
        }
        let mut w = self.at.factors.w.copied()?;
        self.rows(self.at.damping)?
            .improve(&mut w, self.args.sweeps)?;
        if (control.cancelled)() {
            return Ok(None);
        }
        let h = match self.args.form {
            Form::Symmetric => None,
            Form::Projective => Some(self.by_column.product(&w)?),
        };
        let mut to = self.lowest_on_the_way(&Factors { w, h })?;
        let estimated = |own: &Option<Parameter>| own.as_ref().is_some_and(|own| own.estimate);
        if estimated(&to.loss.dispersion) || estimated(&to.loss.zero_inflation) {
            to.loss = self.pair(&to.factors).estimated(&to.loss)?;
            to.measure = checked(self.measure(&to.factors, &to.loss)?)?;
        }
        Ok(Some(to))
    }

    /// The lowest point that is found on the way to `goal`: of its end, its middle and the foot of the parabola through these
    /// and where it begins; if J is lower at none, of a quarter of the way.
    fn lowest_on_the_way(&self, goal: &Factors) -> Result<Place> {
        let Place {
            factors: from,
            measure,
            loss,
            damping,
        } = &self.at;
        let place = |factors, measure, t| Place {
            factors,
            measure,
            loss: loss.clone(),
            damping: after(*damping, t),
        };
        let least = if loss.is_positive() {
            0.0
        } else {
            f64::NEG_INFINITY
        };
        let look = |t: f64| -> Result<(Factors, Measure, f64)> {
            let way = |from: &Panel<f64>, to: &Panel<f64>, least| -> Result<Panel<f64>> {
                let mut out = to.copied()?;
                between(from, &mut out, t, least);
                Ok(out)
            };
            let w = way(&from.w, &goal.w, 0.0)?;
            let h = match (&from.h, &goal.h) {
                (Some(from), Some(to)) => Some(way(from, to, least)?),
                _ => None,
            };
            let factors = Factors { w, h };
            let measure = self.measure(&factors, loss)?;
            Ok((factors, measure, t))
        };
        let mut end = 1.0;
        for _ in 0..LOOKS {
            let (far, near) = (look(end)?, look(0.5 * end)?);
            let first = measure.objective;
            let foot = foot_of(first, near.1.objective, far.1.objective)
                .map(|foot| look(foot * end))
                .transpose()?;
            let mut best = None;
            let mut lowest = first;
            for point in [far, near].into_iter().chain(foot) {
                if point.1.objective < lowest {
                    lowest = point.1.objective;
                    best = Some(point);
                }
            }
            if let Some((factors, measure, t)) = best {
                return Ok(place(factors, checked(measure)?, t));
            }
            end *= 0.25;
        }
        let factors = Factors {
            w: from.w.copied()?,
            h: from.h.as_ref().map(Panel::copied).transpose()?,
        };
        Ok(place(factors, *measure, 0.0))
    }

    /// The largest step that a coordinate of W can still take.
    pub fn open(&self) -> Result<f64> {
        self.rows(MOST)?.open(&self.at.factors.w)
    }

    /// Mean deviance of the best constant.
    pub fn null_loss(&self) -> Result<f64> {
        null_loss(self.lines, &self.at.loss, &self.facts)
    }

    /// WᵀX where that is H: sums over many iterates have let go of its last digits.
    pub fn final_h(&self) -> Result<Option<Panel<f64>>> {
        let projective = self.args.form == Form::Projective;
        projective
            .then(|| self.by_column.product(&self.at.factors.w))
            .transpose()
    }
}

fn checked(measure: Measure) -> Result<Measure> {
    if measure.objective.is_finite() && measure.loss.is_finite() {
        return Ok(measure);
    }
    Err(KernelError::new(
        ErrorCode::NonFinite,
        "the objective left the range of numbers",
    ))
}

/// Damping after a step of length t.
fn after(damping: f64, t: f64) -> f64 {
    if t >= 0.5 {
        (LESS * damping).max(LEAST)
    } else if t < 0.25 {
        (MORE * damping).min(MOST)
    } else {
        damping
    }
}

/// Where in (0, 1) the parabola of these values at 0, ½ and 1 is lowest; nothing where that is not inside.
fn foot_of(first: f64, middle: f64, last: f64) -> Option<f64> {
    let slope = 4.0 * middle - 3.0 * first - last;
    let at = slope / (4.0 * (2.0 * middle - first - last));
    (slope < 0.0 && at > 0.0 && at < 1.0).then_some(at)
}
