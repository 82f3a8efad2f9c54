//! Non-negative matrix factorization.

mod args;
mod factors;
mod fit;
mod look;
mod masked;
mod state;
mod turn;
mod walked;

pub use args::{HeldOut, NmfArgs, NmfResult, Precision};
pub(crate) use factors::{Factor, room};
pub(crate) use state::{Between, Walk};
pub use state::{Checkpoint, State};
pub(crate) use turn::with_ridge;

use std::ops::ControlFlow;

use crate::control::{Control, Iterate, Stopped};
use crate::data::{Block, Data, Element, Layout};
use crate::difference::check_factors;
use crate::error::{KernelError, Result};
use crate::hold_out::{Held, Hidden, Weights};
use crate::losses;
use crate::progress::{VISIBLE, is_invisible, settled};
use crate::reduce::sum_of_squares;
use crate::scale::normalize;
use crate::solver::Solver;
use crate::stream::Streamed;
use crate::wide_awake::wide_awake;
use fit::{Fit, Measure};
use masked::Masked;
use state::Course;
use walked::Walked;

/// What factors are drawn to follows them for so many iterations.
const REDRAWN: usize = 10;
/// What `VISIBLE` is where products are made in 32 bits.
const VISIBLE_NARROW: f64 = 1e-4;

/// Non-negative (or sign-free) factorization by alternating half-steps, H first, then W, inside extrapolation with
/// restarts. An accepted iterate never has a higher J than the one before, but by `Solver::Cholesky`, which is a heuristic.
pub fn nmf(args: &NmfArgs<'_>, control: Control<'_>) -> Result<NmfResult> {
    match args.precision {
        Precision::F64 => nmf_in::<f64>(args, control),
        Precision::F32 => nmf_in::<f32>(args, control),
    }
}

/// The same of data that are walked through once for each iteration tried, and twice more, in place of `args.x`: bitwise as
/// if they were in memory. A bound takes one walk more, and so does an iterate that leaves next to nothing of the data.
/// Squares alone, nothing missing or held out, and no multiplicative updates, which must know beforehand that no entry is
/// negative.
pub fn nmf_streamed(
    args: &NmfArgs<'_>,
    x: Streamed<'_>,
    control: Control<'_>,
) -> Result<NmfResult> {
    match args.precision {
        Precision::F64 => streamed_in::<f64>(args, x, control),
        Precision::F32 => streamed_in::<f32>(args, x, control),
    }
}

fn streamed_in<T: Element>(
    args: &NmfArgs<'_>,
    x: Streamed<'_>,
    control: Control<'_>,
) -> Result<NmfResult> {
    args.check()?;
    x.check()?;
    let plain = args.loss.is_none()
        && args.hold_out.is_none()
        && args.missing.is_none()
        && args.weights.is_none();
    if !plain || args.solver == Solver::Mu {
        return Err(KernelError::invalid(
            "streamed data are fitted by squares, whole and without multiplicative updates",
        ));
    }
    check_factors(x.rows, x.cols, &args.start_w, &args.start_h)?;
    let k = args.start_h.rows;
    let fit = Fit::begin(args, Walked::<T>::streamed(x, k)?, None)?;
    let end = wide_awake(fit.x.stored() * k, || descend(fit, control))?;
    end()
}

fn nmf_in<T: Element>(args: &NmfArgs<'_>, control: Control<'_>) -> Result<NmfResult> {
    args.check()?;
    if let Some(loss) = &args.loss {
        return losses::nmf::<T>(args, loss, control);
    }
    // The data made ready are gone when the end makes room for the result.
    let end = match unseen::<T>(args)? {
        None => fit_whole(args, args.x, None, control)?,
        Some((hidden, masked)) => fit_whole(args, &hidden.blocks(), Some(masked), control)?,
    };
    end()
}

fn fit_whole<'a, T: Element>(
    args: &'a NmfArgs<'a>,
    blocks: &[Block<'_>],
    masked: Option<Masked<'a, T>>,
    control: Control<'_>,
) -> Result<impl End + use<T>> {
    let k = args.start_h.rows;
    let low_memory = args.low_memory;
    let x = Data::<T>::new(blocks, Layout { k, low_memory })?;
    check_factors(x.rows, x.cols, &args.start_w, &args.start_h)?;
    let fit = Fit::begin(args, Walked::whole(&x, k)?, masked)?;
    wide_awake(x.stored * k, || descend(fit, control))
}

/// X without what is held out or missing, times the weights of its entries, and these.
fn unseen<'a, T: Element>(args: &NmfArgs<'a>) -> Result<Option<(Hidden<T>, Masked<'a, T>)>> {
    if args.hold_out.is_none() && args.missing.is_none() {
        return Ok(None);
    }
    let k = args.start_h.rows;
    let layout = Layout {
        k,
        low_memory: true,
    };
    let x = Data::<T>::new(args.x, layout)?;
    check_factors(x.rows, x.cols, &args.start_w, &args.start_h)?;
    let (held, exact) = match (&args.hold_out, args.missing) {
        (Some(hold_out), _) => (Held::drawn(&x, hold_out, k)?, hold_out.exact),
        (None, Some(missing)) => {
            let weights = args.weights.map(|blocks| Weights::new(blocks, &x));
            (
                Held::missing(&x, missing, weights.transpose()?, k)?,
                missing.exact,
            )
        }
        (None, None) => return Ok(None),
    };
    if held.count as f64 == x.entries() {
        return Err(KernelError::invalid("no entry of the data is known"));
    }
    let mut hidden = Hidden::new(x, &held.mask)?;
    let mut total = None;
    if let Some(weights) = &held.weights {
        let root = |i, j| weights.at(i, j).sqrt();
        hidden.weigh(root);
        total = Some(sum_of_squares(&Data::<T>::new(&hidden.blocks(), layout)?));
        hidden.weigh(root);
    }
    Ok(Some((hidden, Masked::new(held, total, exact, k)?)))
}

/// The end of a descent, which scales the model and needs the data no more.
trait End: FnOnce() -> Result<NmfResult> + Send {}
impl<F: FnOnce() -> Result<NmfResult> + Send> End for F {}

fn descend<T: Element>(mut fit: Fit<'_, T>, control: Control<'_>) -> Result<impl End + use<T>> {
    let args = fit.args;
    let entries = fit.entries();
    let drawn = fit.drawn();
    let from = match args.checkpoint {
        Some(checkpoint) => checkpoint.beginning(args.max_iter)?,
        None => None,
    };
    let mut course = match from {
        Some(state) => Course::resume(&mut fit, state)?,
        None => Course::begin(&mut fit)?,
    };
    let began = course.history.len();
    let mut between = Between::new(control, args.checkpoint, began);
    let mut state = None;
    let mut best = Best {
        measure: course.last,
        iteration: began,
        kept: false,
    };
    let visible = match args.precision {
        Precision::F64 => VISIBLE,
        Precision::F32 => VISIBLE_NARROW,
    };
    let keep_best = args.hold_out.is_some_and(|hold_out| hold_out.best);
    let mut held_history = Vec::new();
    let mut stopped = Stopped::MaxIter;

    while course.history.len() < args.max_iter {
        let made = course.history.len();
        if let ControlFlow::Break(left) = between.ask(made, || course.state(&mut fit)) {
            state = left;
            stopped = Stopped::Aborted;
            break;
        }
        let Course {
            last,
            momentum,
            history,
        } = &mut course;
        let ending = made + 1 == args.max_iter;
        let Some((done, decrease)) = fit.iterate(momentum, ending, control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        let mut now = fit.measure(done.cross)?;
        if now.objective > last.objective && args.solver.descends() {
            if !momentum.plain() {
                momentum.reject();
                fit.reject();
                continue;
            }
            if fit.retreat() {
                continue;
            }
            // A plain iteration can't rise: the measure is at its limit. The fall was summed without cancellation.
            if !is_invisible(decrease, last.objective, visible) {
                stopped = Stopped::Converged;
                break;
            }
            now.objective = last.objective - decrease;
        }
        let worse = keep_best && best.iteration > 0 && now.held_loss >= best.measure.held_loss;
        if worse && !best.kept {
            fit.keep()?;
            best.kept = true;
        }
        fit.accept(momentum.beta());
        momentum.accept();
        if drawn && history.len() < REDRAWN {
            now.objective = fit.redraw(now.squares)?;
        }
        *last = now;
        if !worse {
            best = Best {
                measure: now,
                iteration: history.len() + 1,
                kept: false,
            };
        }
        held_history.push(now.held_loss);
        history.push(Iterate {
            iteration: history.len() + 1,
            loss: now.squares / entries,
            objective: now.objective,
        });
        (control.on_iteration)(history[history.len() - 1]);
        if settled(
            if drawn {
                history.get(REDRAWN..).unwrap_or(&[])
            } else {
                history
            },
            args.tol,
        ) {
            stopped = Stopped::Converged;
            break;
        }
    }

    if best.kept {
        fit.restore();
    }
    let Best {
        measure, iteration, ..
    } = best;
    let open = fit.look()?;
    let left = fit.left_alone(&open)?;
    let held_out = fit.held_count().map(|count| HeldOut {
        count,
        loss: measure.held_loss,
        history: held_history,
        iteration,
    });
    let null_loss = fit.total() / entries;
    let norm = args.norm;
    let history = course.history;
    let (w, h) = fit.into_accepted();
    Ok(move || {
        let model = normalize(&w, &h, norm, drawn)?;
        Ok(NmfResult {
            w: model.w,
            d: model.d,
            h: model.h,
            loss: measure.squares / entries,
            null_loss,
            factor_loss: left.map(|left| model.order.iter().map(|&r| left[r] / entries).collect()),
            objective: measure.objective,
            stopped,
            history,
            kkt: open.step,
            held_out,
            state,
            dispersion: None,
            zero_inflation: None,
        })
    })
}

/// The iterate to return.
struct Best {
    measure: Measure,
    iteration: usize,
    /// It is no longer the accepted one, and a copy was kept.
    kept: bool,
}
