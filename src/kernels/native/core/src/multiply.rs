use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::panel::Panel;
use crate::view::{Side, View};

/// Data times a factor.
pub struct MultiplyArgs<'a> {
    /// Row blocks of X, no entry missing.
    pub x: &'a [Block<'a>],
    /// features × k or k × samples.
    pub factor: Dense<'a>,
    /// Which of the two.
    pub side: Side,
}

/// Wᵀ·X, k × samples; or X·Hᵀ, features × k.
pub fn multiply(args: &MultiplyArgs<'_>) -> Result<Matrix> {
    let MultiplyArgs { x, factor, side } = *args;
    let (k, along) = match side {
        Side::W => (factor.cols, factor.rows),
        Side::H => (factor.rows, factor.cols),
    };
    let layout = Layout {
        k,
        low_memory: true,
    };
    let x = Data::<f64>::new(x, layout)?;
    factor.check()?;
    let length = if side == Side::W { x.rows } else { x.cols };
    if along != length || k == 0 || x.has_gaps() {
        return Err(KernelError::invalid(
            "a factor must have a row or column for each feature or sample, and the data no gaps",
        ));
    }
    match side {
        Side::W => {
            let b = View::new(&x, Side::H, k)?.product(&Panel::from_rows(&factor)?)?;
            let mut out = Matrix::zeros(k, b.cols)?;
            for j in 0..b.cols {
                out.column_mut(j).copy_from_slice(&b.column(j)[..k]);
            }
            Ok(out)
        }
        Side::H => View::new(&x, Side::W, k)?
            .product(&Panel::from_columns(&factor)?)?
            .to_rows(),
    }
}
