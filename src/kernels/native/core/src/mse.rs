use crate::data::{Block, Data, Dense};
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::residual::residual;

/// Mean squared difference of X (features × samples) and W·H (features × r, r × samples), entry by entry.
pub fn mse(x: &[Block<'_>], w: &Dense<'_>, h: &Dense<'_>) -> Result<f64> {
    let x = Data::new(x)?;
    check_factors(&x, w, h)?;
    let w = Matrix::copied(w.rows, w.cols, w.data)?.transposed()?;
    let h = Matrix::copied(h.rows, h.cols, h.data)?;
    Ok(residual(&x, &w, &h)? / x.entries())
}

/// Fails unless W is features × k and H is k × samples, for a k ≥ 1.
pub fn check_factors(x: &Data<'_>, w: &Dense<'_>, h: &Dense<'_>) -> Result<()> {
    w.check()?;
    h.check()?;
    let fits = w.rows == x.rows && h.cols == x.cols && w.cols == h.rows && h.rows > 0;
    if fits {
        return Ok(());
    }
    Err(KernelError::invalid(format!(
        "data of {} × {} cannot have factors of {} × {} and {} × {}",
        x.rows, x.cols, w.rows, w.cols, h.rows, h.cols
    )))
}
