use crate::data::{Block, Data, Dense, Layout};
use crate::difference::check_factors;
use crate::error::{KernelError, Result};
use crate::half_step::{Beside, HalfStep, Product};
use crate::hold_out::{Hidden, Lists, Mask};
use crate::losses::{self, LossArgs};
use crate::matrix::Matrix;
use crate::objective::StepTerms;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::quadratic::{Bounds, Quadratic};
use crate::reduce::gram;
use crate::solver::own::ListedGram;
use crate::solver::{Prepared, Solver};
use crate::view::{Side, View};

/// Minimise ½‖X − W·H‖² + Σ_r (½·ridge_r·‖h_r‖² + linear_r·‖h_r‖₁) over H ≥ 0, or over all H, where ‖X − W·H‖² is over the
/// entries that are not missing.
pub struct EncodeArgs<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// features × k.
    pub w: Dense<'a>,
    /// One for each factor, ≥ 0; one that is infinite leaves its coefficients at zero.
    pub ridge: &'a [f64],
    /// One for each factor, ≥ 0.
    pub linear: &'a [f64],
    /// k × k, symmetric, zero on the diagonal, added to WᵀW.
    pub coupling: Option<&'a [f64]>,
    /// H ≥ 0.
    pub nonneg: bool,
    /// H ≤ this, > 0.
    pub upper: f64,
    /// What takes the place of ½‖X − W·H‖², κ multiplying the rest. None: squares.
    pub loss: Option<LossArgs<'a>>,
    /// As those of a fit with a loss; only with one.
    pub weights: Option<&'a [Option<Block<'a>>]>,
}

/// The exact minimiser H, k × samples, column by column.
pub fn encode(args: &EncodeArgs<'_>) -> Result<Matrix> {
    let k = args.w.cols;
    let layout = Layout {
        k,
        low_memory: true,
    };
    let x = Data::<f64>::new(args.x, layout)?;
    let sized = args.ridge.len() == k && args.linear.len() == k;
    let allowed = args.ridge.iter().all(|x| *x >= 0.0)
        && args.linear.iter().all(|x| *x >= 0.0 && x.is_finite());
    let fits = |coupling: &[f64]| coupling.len() == k * k && coupling.iter().all(|x| x.is_finite());
    if !(args.coupling.is_none_or(fits) && args.upper > 0.0) {
        return Err(KernelError::invalid(
            "a coupling must be k × k finite numbers, and an upper bound above zero",
        ));
    }
    if !sized || !allowed {
        return Err(KernelError::invalid(
            "penalties must be one for each factor, not negative, and but for a ridge finite",
        ));
    }
    if args.weights.is_some() && args.loss.is_none() {
        return Err(KernelError::invalid("weights need a loss"));
    }
    let start = Matrix::zeros(k, x.cols)?;
    check_factors(x.rows, x.cols, &args.w, &start.view())?;
    let w = Panel::from_rows(&args.w)?;
    let h = if let Some(loss) = &args.loss {
        losses::encode(args, loss, &x, &w)?
    } else if x.has_gaps() {
        of_known(args, x, &w, layout)?
    } else {
        of_all(args, &x, &w)?
    };
    let out = h.to_columns()?;
    let finite = out.data.iter().all(|x| x.is_finite());
    finite.then_some(out).ok_or_else(|| {
        KernelError::new(
            crate::error::ErrorCode::NonFinite,
            "the coefficients left the range of numbers",
        )
    })
}

impl EncodeArgs<'_> {
    fn terms(&self) -> StepTerms {
        StepTerms {
            ridge: self.ridge.to_vec(),
            linear: self.linear.to_vec(),
            coupling: self.coupling.map(<[f64]>::to_vec),
        }
    }

    fn bounds(&self) -> Bounds {
        Bounds {
            nonneg: self.nonneg,
            upper: self.upper,
        }
    }
}

fn of_all(args: &EncodeArgs<'_>, x: &Data<'_, f64>, w: &Panel<f64>) -> Result<Panel<f64>> {
    let mut h = Panel::zeros(w.k, x.cols)?;
    let gram = gram(w)?;
    let quadratic = Quadratic::new::<f64>((&gram).into(), args.terms(), args.bounds());
    let view = View::new(x, Side::H, w.k)?;
    let step = HalfStep {
        partner: w,
        quadratic: &quadratic,
        prepared: &Prepared::new(Solver::Bpp, &quadratic, 1, None)?,
        filled: None,
        columns: None,
        beta: 0.0,
    };
    let nothing = Beside::default();
    step.run(Product::Of(&view), &view.ranges, &mut h, None, nothing)?;
    Ok(h)
}

/// Each column by the Gram matrix of what is known of it; zero where that is nothing.
fn of_known(
    args: &EncodeArgs<'_>,
    x: Data<'_, f64>,
    w: &Panel<f64>,
    layout: Layout,
) -> Result<Panel<f64>> {
    let mask = Mask::unknown(&x)?;
    let known = mask.complement()?.transposed()?;
    let share = 1.0 - mask.count() as f64 / x.entries();
    let lists = Lists::new::<f64>(&known, share, w.k)?;
    let hidden = Hidden::new(x, &mask)?;
    let x = Data::new(&hidden.blocks(), layout)?;
    let view = View::new(&x, Side::H, w.k)?;
    let product = view.product(w)?;
    let mut h = Panel::zeros(w.k, x.cols)?;
    let stride = h.stride;
    let work = lists.len() * w.k * w.k;
    let tasks = h.split(&view.ranges).into_iter().zip(&view.ranges);
    let done: Result<Vec<()>> = each_task(tasks.collect(), work, |_, (out, range)| {
        let mut own = ListedGram::new(w.k)?;
        for (j, h) in range.clone().zip(out.chunks_exact_mut(stride)) {
            let gram = own.of(&lists, w, j);
            let quadratic = Quadratic::new::<f64>((&gram).into(), args.terms(), args.bounds());
            let b = &product.data()[j * stride..(j + 1) * stride];
            Prepared::new(Solver::Bpp, &quadratic, 1, None)?.solve(j, stride, h, b)?;
        }
        Ok(())
    })
    .into_iter()
    .collect();
    done?;
    Ok(h)
}
