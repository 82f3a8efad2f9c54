//! Truncated SVD of the data, centred and scaled where asked.

mod measure;
mod moments;
mod operator;
mod ritz;
mod shift;

use crate::control::{Control, Iterate, Stopped};
use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::orthogonal::{complete, extend};
use measure::measure;
use moments::feature_moments;
use operator::Operator;
use ritz::{Ritz, grow, ritz};
use shift::{dominating_means, replaced, shifted};

/// Restarts without a smaller residual after which rounding is in the way and the search ends.
const PATIENCE: usize = 5;

/// Truncated SVD of X, with its rows' means subtracted and deviations divided out where asked.
pub struct SvdArgs<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// Directions wanted.
    pub k: usize,
    /// Subtract each feature's mean.
    pub center: bool,
    /// Divide by each feature's standard deviation.
    pub scale: bool,
    /// features × block, any numbers: the subspace search begins from Xᵀ·start.
    pub start: Dense<'a>,
    /// Most iterations.
    pub max_iter: usize,
    /// Largest residual ‖Xᵀu_r − σ_r·v_r‖₂ allowed, as a fraction of σ₁.
    pub tol: f64,
}

/// U, σ, Vᵀ and how they were found.
pub struct SvdResult {
    /// U, features × k.
    pub u: Matrix,
    /// σ, falling.
    pub sigma: Vec<f64>,
    /// Vᵀ, k × samples.
    pub vt: Matrix,
    /// ‖X − reconstruction‖² / entries.
    pub loss: f64,
    /// ½‖residual‖² of the centred and scaled matrix.
    pub objective: f64,
    /// How the search came to its end.
    pub stopped: Stopped,
    /// Every iterate.
    pub history: Vec<Iterate>,
    /// Largest residual over σ₁.
    pub kkt: f64,
    /// Mean of each feature, when centred.
    pub center: Option<Vec<f64>>,
    /// Standard deviation of each feature, when scaled.
    pub scale: Option<Vec<f64>>,
}

impl SvdArgs<'_> {
    fn check(&self, x: &Data<'_>) -> Result<()> {
        self.start.check()?;
        if self.k == 0 || self.start.cols == 0 || self.start.rows != x.rows {
            return Err(KernelError::invalid(format!(
                "{} directions of {} features cannot be sought from a start of {} × {}",
                self.k, x.rows, self.start.rows, self.start.cols
            )));
        }
        Ok(())
    }
}

/// Truncated SVD of X, centred and scaled where asked. Means that dwarf the spread are taken out of dense data first,
/// which costs a copy and saves the digits that differ.
pub fn svd(args: &SvdArgs<'_>, control: Control<'_>) -> Result<SvdResult> {
    let layout = Layout {
        k: args.start.cols,
        low_memory: false,
    };
    let x = Data::new(args.x, layout)?;
    args.check(&x)?;
    let shift = if args.center {
        dominating_means(&x)?
    } else {
        None
    };
    let Some(shift) = shift else {
        return search(args, &x, control);
    };
    let data = shifted(&x, &shift)?;
    let blocks = replaced(args.x, &data);
    let mut found = search(args, &Data::new(&blocks, layout)?, control)?;
    for (center, shift) in found.center.iter_mut().flatten().zip(&shift) {
        *center += shift;
    }
    Ok(found)
}

/// Restarted block Krylov iteration (Musco & Musco 2015, algorithm 2, restarted): the search space is orthonormalised
/// twice over, so U and V are orthonormal to rounding; it stops on the true residual ‖Aᵀu − σv‖, or when there is nothing
/// left to search. The largest entry of each left vector is positive.
fn search(args: &SvdArgs<'_>, x: &Data<'_>, control: Control<'_>) -> Result<SvdResult> {
    let moments = feature_moments(x, args.center, args.scale)?;
    let a = Operator {
        x,
        moments: &moments,
    };
    let block = args.start.cols;
    let start = a.transposed(&Matrix::copied(x.rows, block, args.start.data)?)?;
    let mut v = extend(&Matrix::zeros(x.cols, 0)?, &start, x.rows.min(x.cols))?;
    let mut best = Ritz::zeros(x.rows, x.cols, args.k)?;
    let mut last = measure(x, &best, &moments)?;
    let mut history: Vec<Iterate> = Vec::new();
    let mut kkt = if v.cols > 0 { 1.0 } else { 0.0 };
    let mut stopped = Stopped::MaxIter;
    let (mut least, mut since_best) = (f64::INFINITY, 0);

    while history.len() < args.max_iter {
        let grown = if (control.cancelled)() {
            None
        } else {
            grow(&a, &v, control)?
        };
        let Some(space) = grown else {
            stopped = Stopped::Aborted;
            break;
        };
        let found = ritz(&space)?;
        best = found.leading(args.k)?;
        kkt = best.largest_residual(&a)?;
        since_best = if kkt < least { 0 } else { since_best + 1 };
        least = least.min(kkt);
        last = measure(x, &best, &moments)?;
        let before = history.last().map_or(f64::INFINITY, |last| last.objective);
        history.push(Iterate {
            iteration: history.len() + 1,
            loss: last.squares / x.entries(),
            objective: before.min(last.objective),
        });
        (control.on_iteration)(history[history.len() - 1]);
        if kkt <= args.tol {
            stopped = Stopped::Converged;
            break;
        }
        if space.invariant || since_best == PATIENCE {
            break;
        }
        v = found.leading(block.min(found.sigma.len()))?.v;
    }

    complete(&mut best.u);
    complete(&mut best.v);
    best.fix_signs();
    Ok(SvdResult {
        vt: best.v.transposed()?,
        u: best.u,
        sigma: best.sigma,
        loss: last.squares / x.entries(),
        objective: last.objective,
        stopped,
        history,
        kkt,
        center: moments.center,
        scale: moments.scale,
    })
}
