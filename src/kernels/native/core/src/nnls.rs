use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::half_step::{Beside, HalfStep};
use crate::matrix::Matrix;
use crate::mse::check_factors;
use crate::objective::StepTerms;
use crate::panel::Panel;
use crate::quadratic::Quadratic;
use crate::reduce::gram;
use crate::solver::{Prepared, Solver};
use crate::view::{Side, View};

/// Minimise ½‖X − W·H‖² + l1·Σ|h| + ½·l2·mean(diag WᵀW)·Σh² over H ≥ 0.
pub struct NnlsArgs<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// features × k.
    pub w: Dense<'a>,
    /// In units of WᵀX.
    pub l1: f64,
    /// A ratio.
    pub l2: f64,
}

/// The exact minimiser H, k × samples, column by column.
pub fn nnls(args: &NnlsArgs<'_>) -> Result<Matrix> {
    let k = args.w.cols;
    let layout = Layout {
        k,
        low_memory: true,
    };
    let x = Data::<f64>::new(args.x, layout)?;
    let allowed = |x: f64| x.is_finite() && x >= 0.0;
    if !allowed(args.l1) || !allowed(args.l2) {
        return Err(KernelError::invalid(
            "penalties must be finite and not negative",
        ));
    }
    let start = Matrix::zeros(k, x.cols)?;
    check_factors(x.rows, x.cols, &args.w, &start.view())?;
    let w = Panel::from_rows(&args.w)?;
    let mut h = Panel::zeros(k, x.cols)?;
    let gram = gram(&w)?;
    let mean = gram.iter().step_by(k + 1).sum::<f64>() / k as f64;
    let terms = StepTerms {
        ridge: vec![args.l2 * mean; k],
        linear: vec![args.l1; k],
    };
    let quadratic = Quadratic::new::<f64>(&gram, terms, true);
    let view = View::new(&x, Side::H, k)?;
    let step = HalfStep {
        view: &view,
        partner: &w,
        known: None,
        quadratic: &quadratic,
        prepared: &Prepared::new(Solver::Bpp, &quadratic, 1)?,
        filled: None,
        beta: 0.0,
    };
    let nothing = Beside {
        before: None,
        product: None,
    };
    step.run(&mut h, None, nothing)?;
    h.to_rows()?.transposed()
}
