use crate::data::{Block, Data, Dense, Layout};
use crate::difference::{Difference, Estimate};
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::panel::Panel;
use crate::view::{Side, View};

/// Data times a factor.
pub struct MultiplyArgs<'a> {
    /// Row blocks of X; no entry missing unless there is an estimate.
    pub x: &'a [Block<'a>],
    /// features × k or k × samples.
    pub factor: Dense<'a>,
    /// Which of the two.
    pub side: Side,
    /// What is taken away from X first.
    pub estimate: Option<Estimate<'a>>,
}

/// Wᵀ·X, k × samples; or X·Hᵀ, features × k. With an estimate, that of ω ∘ (X − estimate), zero where an entry is missing.
pub fn multiply(args: &MultiplyArgs<'_>) -> Result<Matrix> {
    let MultiplyArgs {
        x, factor, side, ..
    } = *args;
    factor.check()?;
    let panel = match side {
        Side::W => Panel::from_rows(&factor)?,
        Side::H => Panel::from_columns(&factor)?,
    };
    let product = match &args.estimate {
        None => product(x, &panel, side, true)?,
        Some(estimate) => rest(x, estimate, &panel, side)?,
    };
    match side {
        Side::W => product.to_columns(),
        Side::H => product.to_rows(),
    }
}

/// `whole`: X must be without gaps.
fn product(x: &[Block<'_>], factor: &Panel<f64>, side: Side, whole: bool) -> Result<Panel<f64>> {
    let layout = Layout {
        k: factor.k,
        low_memory: true,
    };
    let x = Data::<f64>::new(x, layout)?;
    let (length, partner) = match side {
        Side::W => (x.rows, Side::H),
        Side::H => (x.cols, Side::W),
    };
    if factor.cols != length || factor.k == 0 || whole && x.has_gaps() {
        return Err(KernelError::invalid(
            "a factor must have a row or column for each feature or sample, and the data no gaps",
        ));
    }
    View::new(&x, partner, factor.k)?.product(factor)
}

/// The product of what an estimate leaves of X.
fn rest(
    x: &[Block<'_>],
    estimate: &Estimate<'_>,
    factor: &Panel<f64>,
    side: Side,
) -> Result<Panel<f64>> {
    let difference = Difference::new(x, estimate, |weight| weight)?;
    let blocks: Vec<_> = difference
        .pieces
        .iter()
        .map(|piece| piece.block())
        .collect();
    let mut out = product(&blocks, factor, side, false)?;
    for piece in &difference.pieces {
        let rows = piece.top..piece.top + piece.rows();
        let (less, columns) = match side {
            Side::W => (piece.rest(side, &factor.columns(rows)?)?, 0..out.cols),
            Side::H => (piece.rest(side, factor)?, rows),
        };
        let Some(less) = less else { continue };
        let own = columns.start * out.stride..columns.end * out.stride;
        for (out, less) in out.data_mut()[own].iter_mut().zip(less.data()) {
            *out -= less;
        }
    }
    Ok(out)
}
