use crate::column_terms::ColumnTermsArgs;
use crate::control::{Iterate, Stopped};
use crate::data::{Block, Dense};
use crate::error::{KernelError, Result};
use crate::hold_out::{HoldOut, Missing};
use crate::losses::LossArgs;
use crate::matrix::Matrix;
use crate::nmf::{Checkpoint, State};
use crate::objective::FactorTerms;
use crate::scale::Norm;
use crate::solver::Solver;

/// Numbers that products and factors are held in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 64 bits.
    F64,
    /// 32 bits; sums of many are 64 bits wide all the same.
    F32,
}

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
    /// What links rows of W, one for each feature, to one another or to a target.
    pub w_column_terms: ColumnTermsArgs<'a>,
    /// The same for columns of H.
    pub h_column_terms: ColumnTermsArgs<'a>,
    /// How half-steps are solved.
    pub solver: Solver,
    /// Half-steps begin from extrapolated factors (HER: Ang & Gillis 2019).
    pub accelerate: bool,
    /// Most sweeps over a factor for each product with the data.
    pub sweeps: usize,
    /// Numbers that products and factors are held in.
    pub precision: Precision,
    /// No transpose of sparse blocks is kept.
    pub low_memory: bool,
    /// Most accepted iterates.
    pub max_iter: usize,
    /// Stop once J has fallen by less than this, relatively, over five iterations.
    pub tol: f64,
    /// How W and H are scaled in the result.
    pub norm: Norm,
    /// Entries that are left out and scored; only with `Solver::Hals` and no acceleration.
    pub hold_out: Option<HoldOut<'a>>,
    /// Entries of X are missing; only with `Solver::Hals`, nothing held out, and acceleration only where each column has a
    /// Gram matrix of its own.
    pub missing: Option<Missing>,
    /// The fit can be gone on with; only with nothing held out.
    pub checkpoint: Option<Checkpoint<'a>>,
    /// How much entries count, for each block: numbers from 0 (missing) to 1, one for each entry or for each column; nothing
    /// where each counts 1. None: no block has any. Only where each column has a Gram matrix of its own.
    pub weights: Option<&'a [Option<Block<'a>>]>,
    /// What takes the place of ½‖X − W·H‖²; then weights are numbers ≥ 0, one for each entry, column or row of their block,
    /// and `missing` says nothing. None: squares.
    pub loss: Option<LossArgs<'a>>,
}

/// A fitted model.
pub struct NmfResult {
    /// features × k.
    pub w: Matrix,
    /// k scales, falling.
    pub d: Vec<f64>,
    /// k × samples.
    pub h: Matrix,
    /// ‖X − W·diag(d)·H‖² / entries, each square times its weight.
    pub loss: f64,
    /// ‖X‖² / entries, the same of a model of zeros.
    pub null_loss: f64,
    /// ‖X − w_r·d_r·h_r‖² / entries of each factor by itself, each square times its weight; none where what it has in entries
    /// that are not seen is so large that too few digits are left.
    pub factor_loss: Option<Vec<f64>>,
    /// J, penalties included.
    pub objective: f64,
    /// How the fit came to its end.
    pub stopped: Stopped,
    /// Every accepted iterate.
    pub history: Vec<Iterate>,
    /// Largest coordinate step still open, as a fraction of the largest entry of its factor.
    pub kkt: f64,
    /// What was held out.
    pub held_out: Option<HeldOut>,
    /// Where it was when it was cancelled, after an iterate and with a checkpoint.
    pub state: Option<State<'static>>,
    /// Parameters of the loss as they are at the end.
    pub dispersion: Option<Vec<f64>>,
    /// See `LossArgs`.
    pub zero_inflation: Option<Vec<f64>>,
}

/// The score of a model on what it has not seen.
pub struct HeldOut {
    /// Entries held out.
    pub count: usize,
    /// Mean squared error of the returned model over them; not a number where there are none.
    pub loss: f64,
    /// That of every accepted iterate.
    pub history: Vec<f64>,
    /// The accepted iterate that is returned, from 1; 0 is the start.
    pub iteration: usize,
}

impl NmfArgs<'_> {
    pub(super) fn check(&self) -> Result<()> {
        self.w.check()?;
        self.h.check()?;
        let reject = |rule: &str| Err(KernelError::invalid(rule));
        if self.start_h.rows == 0 {
            return reject("a factorization must have a factor");
        }
        if self.sweeps == 0 {
            return reject("at least one sweep is needed");
        }
        if !(self.tol >= 0.0 && self.tol.is_finite()) {
            return reject("the tolerance must be finite and not negative");
        }
        if self.accelerate && !matches!(self.solver, Solver::Hals | Solver::Bpp) {
            return reject("only hals and bpp can be accelerated");
        }
        if self.checkpoint.is_some() && self.hold_out.is_some() {
            return reject("a fit with a hold-out can't be gone on with");
        }
        if self.loss.is_some() {
            return Ok(());
        }
        if self.solver == Solver::Ccd {
            return reject("ccd is for other losses than squares");
        }
        let linked = |terms: &ColumnTermsArgs<'_>| terms.graph.is_some() || terms.target.is_some();
        let swept = self.w.needs_sweeps()
            || self.h.needs_sweeps()
            || linked(&self.w_column_terms)
            || linked(&self.h_column_terms);
        if swept && self.solver != Solver::Hals {
            return reject("bounds, couplings and column terms need hals");
        }
        if self.hold_out.is_some() && (self.solver != Solver::Hals || self.accelerate) {
            return reject("a hold-out needs hals without acceleration");
        }
        if let Some(missing) = self.missing {
            if self.solver != Solver::Hals || (self.accelerate && !missing.exact) {
                return reject("missing entries need hals, without acceleration unless exact");
            }
            if self.hold_out.is_some() {
                return reject("nothing can be held out where entries are missing");
            }
        }
        if self.weights.is_some() && !self.missing.is_some_and(|missing| missing.exact) {
            return reject("weights need missing entries to be met exactly");
        }
        if self.solver == Solver::Mu {
            let negative = self.x.iter().any(|block| block.stored().any_negative());
            let starts = [self.start_w.data, self.start_h.data];
            if !self.w.nonneg
                || !self.h.nonneg
                || negative
                || starts.iter().any(|s| s.iter().any(|x| *x < 0.0))
            {
                return reject(
                    "multiplicative updates need data, start and factors that are not negative",
                );
            }
        }
        Ok(())
    }
}
