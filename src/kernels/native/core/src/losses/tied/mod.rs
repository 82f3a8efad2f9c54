//! Factorizations in which W gives H, by another loss than squares.

mod fit;
mod rows;

use super::lines::Lines;
use super::loss::{Loss, LossArgs};
use super::parameter::{Parameter, Shared};
use crate::control::{Control, Iterate, Stopped};
use crate::data::Data;
use crate::error::{KernelError, Result};
use crate::nmf::NmfResult;
use crate::progress::settled;
use crate::scale::normalize;
use crate::tied::{Form, TiedArgs, TiedResult, projection_of};
use crate::wide_awake::wide_awake;
use fit::Fit;

/// Where to go is a half-step of an NMF by that loss for W, H standing still, on the slope that J has in truth; on the way
/// there J is looked at, and its lowest point found is the next iterate. Then parameters of the loss are estimated. Nothing of
/// that raises J: where it seems to, the fit has met rounding.
pub(crate) fn tied(
    args: &TiedArgs<'_>,
    loss: &LossArgs<'_>,
    x: &Data<'_>,
    control: Control<'_>,
) -> Result<TiedResult> {
    let loss = Loss::new::<f64>(loss, x.rows, x.cols)?;
    let global = |own: &Option<Parameter>| own.as_ref().is_none_or(|own| own.by == Shared::Global);
    if args.form == Form::Symmetric && !(global(&loss.dispersion) && global(&loss.zero_inflation)) {
        return Err(KernelError::invalid(
            "a symmetric matrix must have one parameter of its loss for all entries",
        ));
    }
    let lines = Lines::new(x, None)?;
    let work = x.stored * args.start.cols;
    wide_awake(work, || {
        descend(Fit::begin(args, &lines, loss)?, args, control)
    })
}

fn descend(mut fit: Fit<'_>, args: &TiedArgs<'_>, control: Control<'_>) -> Result<TiedResult> {
    let mut history: Vec<Iterate> = Vec::new();
    let mut stopped = Stopped::MaxIter;
    while history.len() < args.max_iter {
        let Some(next) = fit.iterate(control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        if next.measure.objective > fit.at.measure.objective {
            stopped = Stopped::Converged;
            break;
        }
        fit.at = next;
        history.push(Iterate {
            iteration: history.len() + 1,
            loss: fit.at.measure.loss,
            objective: fit.at.measure.objective,
        });
        (control.on_iteration)(history[history.len() - 1]);
        if settled(&history, args.tol) {
            stopped = Stopped::Converged;
            break;
        }
    }

    let kkt = fit.open()?;
    let null_loss = fit.null_loss()?;
    let h = fit.final_h()?;
    let w = &fit.at.factors.w;
    let h = h.as_ref().unwrap_or(w);
    let projection = (args.form == Form::Projective).then(|| projection_of(w, h, args.norm));
    let scaled = normalize(w, h, args.norm, false)?;
    let values = |own: &Option<Parameter>| own.as_ref().map(|own| own.values.clone());
    Ok(TiedResult {
        model: NmfResult {
            w: scaled.w,
            d: scaled.d,
            h: scaled.h,
            loss: fit.at.measure.loss,
            null_loss,
            factor_loss: None,
            objective: fit.at.measure.objective,
            stopped,
            history,
            kkt,
            held_out: None,
            state: None,
            dispersion: values(&fit.at.loss.dispersion),
            zero_inflation: values(&fit.at.loss.zero_inflation),
        },
        projection,
    })
}
