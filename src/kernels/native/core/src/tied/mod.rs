//! Factorizations in which W gives H.

mod fit;
pub mod segment;

use crate::control::{Control, Iterate, Stopped};
use crate::data::{Block, Data, Dense, Layout};
use crate::difference::check_factors;
use crate::error::{KernelError, Result};
use crate::factor_losses::left_alone;
use crate::losses;
use crate::matrix::Matrix;
use crate::nmf::NmfResult;
use crate::panel::Panel;
use crate::progress::{VISIBLE, is_invisible, settled};
use crate::reduce::sums_of_row_squares;
use crate::scale::{Norm, Sizes, normalize};
use crate::wide_awake::wide_awake;
use fit::Fit;

/// What H is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// H = Wᵀ, of a square symmetric X.
    Symmetric,
    /// H = WᵀX.
    Projective,
}

/// Minimise ½‖X − W·H‖², or that of another loss, over W ≥ 0 alone from a given start.
pub struct TiedArgs<'a> {
    /// Row blocks of X, of which nothing may be missing.
    pub x: &'a [Block<'a>],
    /// What H is; that X is symmetric is not looked at.
    pub form: Form,
    /// Start of W, features × k, ≥ 0; multiplied first by the scalar that fits X best.
    pub start: Dense<'a>,
    /// Most sweeps over W for each product with the data.
    pub sweeps: usize,
    /// No transpose of sparse blocks is kept.
    pub low_memory: bool,
    /// Most accepted iterates.
    pub max_iter: usize,
    /// Stop once J has fallen by less than this, relatively, over five iterations.
    pub tol: f64,
    /// How W and H are scaled in the result.
    pub norm: Norm,
    /// Another loss than squares, for `Form::Symmetric` with one parameter for all entries.
    pub loss: Option<losses::LossArgs<'a>>,
}

/// A fitted model.
pub struct TiedResult {
    /// As that of an NMF; for `Form::Symmetric` H is Wᵀ to the bit.
    pub model: NmfResult,
    /// For `Form::Projective` k numbers p: h_r = p_r·w_rᵀX.
    pub projection: Option<Vec<f64>>,
}

impl TiedArgs<'_> {
    fn check(&self, x: &Data<'_>) -> Result<()> {
        let reject = |rule: &str| Err(KernelError::invalid(rule));
        if self.start.cols == 0 {
            return reject("a factorization must have a factor");
        }
        if self.sweeps == 0 {
            return reject("at least one sweep is needed");
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return reject("the tolerance must be finite and not negative");
        }
        let h = Matrix::zeros(self.start.cols, x.cols)?;
        check_factors(x.rows, x.cols, &self.start, &h.view())?;
        if self.start.data.iter().any(|x| *x < 0.0) {
            return reject("the start of W must have no negative entries");
        }
        if self.form == Form::Symmetric && x.rows != x.cols {
            return reject("a symmetric matrix must be square");
        }
        if x.has_gaps() {
            return reject("all entries must be known and finite");
        }
        Ok(())
    }
}

/// W ≥ 0 and what it gives, 'symmetric' H = Wᵀ (Ding, He & Simon 2005) or 'projective' H = WᵀX (Yuan & Oja 2005). J is a
/// polynomial of degree four in W, so on the way to any other W ≥ 0 its lowest point is found exactly; where to go is a
/// half-step for W, H standing still, on the slope that J has in truth.
pub fn tied(args: &TiedArgs<'_>, control: Control<'_>) -> Result<TiedResult> {
    let layout = Layout {
        k: args.start.cols,
        // Columns serve as rows where X is symmetric.
        low_memory: args.low_memory || args.form == Form::Symmetric,
    };
    let x = Data::<f64>::new(args.x, layout)?;
    args.check(&x)?;
    if let Some(loss) = &args.loss {
        return losses::tied(args, loss, &x, control);
    }
    let fit = Fit::begin(args, &x)?;
    wide_awake(x.stored * layout.k, || descend(fit, args, control))
}

fn descend(mut fit: Fit<'_>, args: &TiedArgs<'_>, control: Control<'_>) -> Result<TiedResult> {
    let entries = fit.x.entries();
    let mut history: Vec<Iterate> = Vec::new();
    let mut stopped = Stopped::MaxIter;
    while history.len() < args.max_iter {
        let before = fit.squares / 2.0;
        let Some(step) = fit.iterate(control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        let mut objective = step.squares / 2.0;
        if objective > before {
            // It can't have risen: the measure is at its limit. The fall was found without cancellation.
            if !is_invisible(step.fall, before, VISIBLE) {
                stopped = Stopped::Converged;
                break;
            }
            objective = before - step.fall;
        }
        fit.accept(step, objective);
        history.push(Iterate {
            iteration: history.len() + 1,
            loss: fit.measured / entries,
            objective,
        });
        (control.on_iteration)(history[history.len() - 1]);
        if settled(&history, args.tol) {
            stopped = Stopped::Converged;
            break;
        }
    }

    let kkt = fit.kkt()?;
    let h = fit.final_h()?;
    let (w, h) = (&fit.w, h.as_ref().unwrap_or(&fit.w));
    let own: Vec<f64> = (sums_of_row_squares(w).iter().zip(sums_of_row_squares(h)))
        .map(|(w, h)| w * h)
        .collect();
    let left = left_alone(fit.total, &fit.crosses(h), &own)?;
    let projection = (args.form == Form::Projective).then(|| projection_of(w, h, args.norm));
    let scaled = normalize(w, h, args.norm, false)?;
    Ok(TiedResult {
        model: NmfResult {
            w: scaled.w,
            d: scaled.d,
            h: scaled.h,
            loss: fit.measured / entries,
            null_loss: fit.total / entries,
            factor_loss: Some(scaled.order.iter().map(|&r| left[r] / entries).collect()),
            objective: fit.squares / 2.0,
            stopped,
            history,
            kkt,
            held_out: None,
            state: None,
            dispersion: None,
            zero_inflation: None,
        },
        projection,
    })
}

/// By what w_rᵀX is to be multiplied to be h_r, both normalised.
pub(crate) fn projection_of(w: &Panel<f64>, h: &Panel<f64>, norm: Norm) -> Vec<f64> {
    let sizes = Sizes::of(w, h, norm, false);
    let ratio = |&r: &usize| match (sizes.both[r] >= f64::MIN_POSITIVE, norm) {
        (false, _) => 0.0,
        (true, Norm::None) => 1.0,
        (true, _) => sizes.w[r] / sizes.h[r],
    };
    sizes.order.iter().map(ratio).collect()
}
