use crate::control::{Control, Iterate, Stopped};
use crate::data::{Block, Data, Dense};
use crate::error::{ErrorCode, KernelError, Result};
use crate::factor::{Factor, balance_both};
use crate::matrix::{Matrix, Panel};
use crate::mse::check_factors;
use crate::objective::{FactorTerms, penalty};
use crate::products::{times_data, times_transposed};
use crate::reduce::{dot, sum_of_squares};
use crate::residual::residual;
use crate::scale::{Norm, normalize};

/// Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-6;
/// Convergence is judged over so many accepted iterations.
const WINDOW: usize = 5;

/// Minimise J over X (features × samples) ≈ W·diag(d)·H from a given start.
pub struct NmfArgs<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// Start, features × k.
    pub start_w: Dense<'a>,
    /// Start, k × samples; multiplied first by the scalar that fits X best.
    pub start_h: Dense<'a>,
    /// Terms of W.
    pub w: FactorTerms,
    /// Terms of H.
    pub h: FactorTerms,
    /// Most iterations.
    pub max_iter: usize,
    /// Stop once J has fallen by less than this, relatively, over five iterations.
    pub tol: f64,
    /// Coordinate sweeps over a factor for each product with the data.
    pub sweeps: usize,
    /// How W and H are scaled in the result.
    pub norm: Norm,
}

/// A fitted model.
pub struct NmfResult {
    /// features × k.
    pub w: Matrix,
    /// k scales, falling.
    pub d: Vec<f64>,
    /// k × samples.
    pub h: Matrix,
    /// ‖X − W·diag(d)·H‖² / entries.
    pub loss: f64,
    /// J, penalties included.
    pub objective: f64,
    /// How the fit came to its end.
    pub stopped: Stopped,
    /// Every accepted iterate.
    pub history: Vec<Iterate>,
    /// Largest coordinate step still open, as a fraction of the largest entry of its factor.
    pub kkt: f64,
}

#[derive(Clone, Copy)]
struct Measure {
    squares: f64,
    objective: f64,
}

struct Fit<'a> {
    args: &'a NmfArgs<'a>,
    x: &'a Data<'a>,
    total: f64,
    w: Factor,
    h: Factor,
    /// W·X, k × samples.
    b: Panel,
    /// H·Xᵀ, k × features.
    c: Panel,
}

/// Non-negative (or sign-free) factorization by hierarchical alternating least squares with inner sweeps: H first, then
/// W. No step raises J; an iterate that seems to is below rounding, so the one before it is kept and the fit has converged.
pub fn nmf(args: &NmfArgs<'_>, control: Control<'_>) -> Result<NmfResult> {
    let x = Data::new(args.x)?;
    check_factors(&x, &args.start_w, &args.start_h)?;
    args.w.check()?;
    args.h.check()?;
    let mut fit = Fit::begin(args, &x)?;
    let mut last = fit.measure(dot(&fit.b.data, &fit.h.panel.data))?;
    let mut accepted = (fit.w.copied()?, fit.h.copied()?);
    let mut history: Vec<Iterate> = Vec::new();
    let mut stopped = Stopped::MaxIter;

    while history.len() < args.max_iter {
        let Some(now) = fit.iterate(history.is_empty(), control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        if now.objective > last.objective {
            stopped = Stopped::Converged;
            break;
        }
        balance_both(&mut fit.w, &mut fit.h);
        accepted.0.copy_from(&fit.w);
        accepted.1.copy_from(&fit.h);
        last = now;
        history.push(Iterate {
            iteration: history.len() + 1,
            loss: now.squares / x.entries(),
            objective: now.objective,
        });
        (control.on_iteration)(history[history.len() - 1]);
        if settled(&history, args.tol) {
            stopped = Stopped::Converged;
            break;
        }
    }

    (fit.w, fit.h) = accepted;
    let kkt = fit.kkt();
    let model = normalize(&fit.w.panel, &fit.h.panel, args.norm)?;
    Ok(NmfResult {
        w: model.w,
        d: model.d,
        h: model.h,
        loss: last.squares / x.entries(),
        objective: last.objective,
        stopped,
        history,
        kkt,
    })
}

impl<'a> Fit<'a> {
    /// The start, H multiplied by the scalar for which W·H is nearest to X.
    fn begin(args: &'a NmfArgs<'a>, x: &'a Data<'a>) -> Result<Self> {
        let (w, h) = (&args.start_w, &args.start_h);
        let k = h.rows;
        let mut fit = Self {
            args,
            x,
            total: sum_of_squares(x),
            w: Factor::new(Matrix::copied(x.rows, k, w.data)?.transposed()?)?,
            h: Factor::new(Matrix::copied(k, x.cols, h.data)?)?,
            b: Matrix::zeros(k, x.cols)?,
            c: Matrix::zeros(k, x.rows)?,
        };
        times_data(&fit.w.panel, x, &mut fit.b);
        let best = (dot(&fit.b.data, &fit.h.panel.data) / dot(&fit.w.gram, &fit.h.gram)).abs();
        if best.is_finite() {
            fit.h.scale(best)?;
        }
        Ok(fit)
    }

    /// Both half-steps, or nothing once cancelled; the product for H is at hand at the first.
    fn iterate(&mut self, first: bool, control: Control<'_>) -> Result<Option<Measure>> {
        let args = self.args;
        if (control.cancelled)() {
            return Ok(None);
        }
        if !first {
            times_data(&self.w.panel, self.x, &mut self.b);
        }
        self.h
            .solve(&self.w, &self.b, &args.h, &args.w, args.sweeps)?;
        if !args.w.nonneg {
            self.w.turn_unused(&self.h);
        }
        if (control.cancelled)() {
            return Ok(None);
        }
        times_transposed(&self.h.panel, self.x, &mut self.c);
        self.w
            .solve(&self.h, &self.c, &args.w, &args.h, args.sweeps)?;
        if !args.h.nonneg {
            self.h.turn_unused(&self.w);
        }
        self.measure(dot(&self.c.data, &self.w.panel.data))
            .map(Some)
    }

    /// ‖X − WH‖² and J, where `cross` is ⟨X, WH⟩: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough.
    fn measure(&self, cross: f64) -> Result<Measure> {
        let mut squares = self.total - 2.0 * cross + dot(&self.w.gram, &self.h.gram);
        if squares < EXPLICIT_BELOW * self.total {
            squares = residual(self.x, &self.w.panel, &self.h.panel)?;
        }
        let penalties = penalty(&self.args.w, &self.args.h, &self.w.norms, &self.h.norms);
        let objective = squares / 2.0 + penalties;
        if !objective.is_finite() {
            return Err(KernelError::new(
                ErrorCode::NonFinite,
                "the objective left the range of numbers",
            ));
        }
        Ok(Measure { squares, objective })
    }

    fn kkt(&mut self) -> f64 {
        let args = self.args;
        times_data(&self.w.panel, self.x, &mut self.b);
        times_transposed(&self.h.panel, self.x, &mut self.c);
        let h = self.h.open(&self.w, &self.b, &args.h, &args.w);
        let w = self.w.open(&self.h, &self.c, &args.w, &args.h);
        h.max(w)
    }
}

fn settled(history: &[Iterate], tol: f64) -> bool {
    if history.len() <= WINDOW {
        return false;
    }
    let last = history.len() - 1;
    let now = history[last].objective;
    history[last - WINDOW].objective - now <= tol * now
}
