use std::ops::ControlFlow;

use super::fit::{Fit, Measure};
use super::lines::Lines;
use super::loss::{Kind, Loss, LossArgs};
use crate::control::{Control, Iterate, Stopped};
use crate::data::{Data, Element, Layout};
use crate::difference::check_factors;
use crate::error::{KernelError, Result};
use crate::nmf::{Between, NmfArgs, NmfResult, Precision, State, Walk};
use crate::progress::settled;
use crate::scale::normalize;
use crate::solver::Solver;
use crate::wide_awake::wide_awake;

/// What factors are drawn to follows them for so many iterations.
const REDRAWN: usize = 10;
/// The order that the numbers of a state are in; another order, and that of squares, has another number.
const LAYOUT: f64 = 101.0;

/// Factorization by another loss than squares: half-steps, H first, in which every column is improved by itself, then the
/// parameters of the loss. Nothing of that raises J: where it seems to, the fit has met rounding.
pub fn nmf<T: Element>(
    args: &NmfArgs<'_>,
    loss: &LossArgs<'_>,
    control: Control<'_>,
) -> Result<NmfResult> {
    check(args, loss)?;
    let layout = Layout {
        k: args.start_h.rows,
        low_memory: args.low_memory,
    };
    let x = Data::<T>::new(args.x, layout)?;
    check_factors(x.rows, x.cols, &args.start_w, &args.start_h)?;
    let loss = Loss::new::<T>(loss, x.rows, x.cols)?;
    let lines = Lines::new(&x, args.weights)?;
    let work = x.stored * args.start_h.rows;
    wide_awake(work, || descend(Fit::begin(args, &lines, loss)?, control))
}

fn check(args: &NmfArgs<'_>, loss: &LossArgs<'_>) -> Result<()> {
    let reject = |rule: &str| Err(KernelError::invalid(rule));
    let poisson = matches!(loss.kind, Kind::Kl | Kind::Tweedie(1.0));
    match args.solver {
        Solver::Ccd => (),
        Solver::Mu if poisson => (),
        _ => return reject("another loss than squares needs ccd, or with kl mu"),
    }
    if args.hold_out.is_some() {
        return reject("nothing can be held out with another loss than squares");
    }
    if args.precision == Precision::F32 && !poisson {
        return reject("of the losses but squares only kl is fitted in 32 bits");
    }
    let signed = matches!(loss.kind, Kind::Huber(_) | Kind::Mae);
    if signed {
        return Ok(());
    }
    let starts = [args.start_w.data, args.start_h.data];
    let negative = starts.iter().any(|s| s.iter().any(|x| *x < 0.0));
    if !args.w.nonneg || !args.h.nonneg || negative {
        return reject("this loss needs a start and factors that are not negative");
    }
    Ok(())
}

/// How far a fit has come, beside its factors.
struct Course {
    last: Measure,
    history: Vec<Iterate>,
}

impl Course {
    fn begin<T: Element>(fit: &mut Fit<'_, T>) -> Result<Self> {
        fit.scale_start()?;
        Ok(Self {
            last: fit.measure()?,
            history: Vec::new(),
        })
    }

    fn resume<T: Element>(fit: &mut Fit<'_, T>, state: &State<'_>) -> Result<Self> {
        let mut course = Self {
            last: Measure {
                loss: 0.0,
                objective: 0.0,
            },
            history: state.history()?,
        };
        state.give_back(|walk| course.walk(fit, walk))?;
        Ok(course)
    }

    fn state<T: Element>(&mut self, fit: &mut Fit<'_, T>) -> State<'static> {
        State::of(self.history.len(), |walk| self.walk(fit, walk))
    }

    fn walk<T: Element>(&mut self, fit: &mut Fit<'_, T>, walk: &mut Walk<'_>) {
        walk.fixed(LAYOUT);
        fit.walk(walk);
        walk.number(&mut self.last.loss);
        walk.number(&mut self.last.objective);
        walk.history(&mut self.history);
    }
}

fn descend<T: Element>(mut fit: Fit<'_, T>, control: Control<'_>) -> Result<NmfResult> {
    let args = fit.args;
    let drawn = fit.drawn();
    let from = match args.checkpoint {
        Some(checkpoint) => checkpoint.beginning(args.max_iter)?,
        None => None,
    };
    let mut course = match from {
        Some(state) => Course::resume(&mut fit, state)?,
        None => Course::begin(&mut fit)?,
    };
    let mut between = Between::new(control, args.checkpoint, course.history.len());
    let mut state = None;
    let mut stopped = Stopped::MaxIter;
    while course.history.len() < args.max_iter {
        let made = course.history.len();
        if let ControlFlow::Break(left) = between.ask(made, || course.state(&mut fit)) {
            state = left;
            stopped = Stopped::Aborted;
            break;
        }
        let Some(mut now) = fit.iterate(control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        if now.objective > course.last.objective {
            fit.reject();
            stopped = Stopped::Converged;
            break;
        }
        fit.accept();
        if drawn && made < REDRAWN {
            now.objective += fit.redraw();
        }
        course.last = now;
        course.history.push(Iterate {
            iteration: made + 1,
            loss: now.loss,
            objective: now.objective,
        });
        (control.on_iteration)(course.history[made]);
        let judged = if drawn {
            course.history.get(REDRAWN..).unwrap_or(&[])
        } else {
            &course.history
        };
        if settled(judged, args.tol) {
            stopped = Stopped::Converged;
            break;
        }
    }
    let kkt = fit.open()?;
    let null_loss = fit.null_loss()?;
    let values =
        |own: &Option<super::parameter::Parameter>| own.as_ref().map(|own| own.values.clone());
    let (dispersion, zero_inflation) = (
        values(&fit.loss.dispersion),
        values(&fit.loss.zero_inflation),
    );
    let (w, h) = fit.into_accepted();
    let model = normalize(&w, &h, args.norm, drawn)?;
    Ok(NmfResult {
        w: model.w,
        d: model.d,
        h: model.h,
        loss: course.last.loss,
        null_loss,
        factor_loss: None,
        objective: course.last.objective,
        stopped,
        history: course.history,
        kkt,
        held_out: None,
        state,
        dispersion,
        zero_inflation,
    })
}
