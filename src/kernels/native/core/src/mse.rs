use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::hold_out::{Hidden, Mask};
use crate::panel::Panel;
use crate::products::times_data;
use crate::reduce::{dot, gram, sum_of_squares};
use crate::residual::{Gaps, residual};

/// Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-3;

/// Mean squared difference of X (features × samples) and W·H (features × r, r × samples): by ‖X‖² − 2⟨X, WH⟩ +
/// ⟨WᵀW, HHᵀ⟩ while that is exact enough, else entry by entry.
pub fn mse(x: &[Block<'_>], w: &Dense<'_>, h: &Dense<'_>) -> Result<f64> {
    let layout = Layout {
        k: h.rows,
        low_memory: true,
    };
    let x = Data::<f64>::new(x, layout)?;
    check_factors(x.rows, x.cols, w, h)?;
    if x.has_gaps() {
        return mse_of_known(x, w, h, layout);
    }
    let w = Panel::from_rows(w)?;
    let h = Panel::from_columns(h)?;
    let total = sum_of_squares(&x);
    if is_zero(w.data()) || is_zero(h.data()) {
        return Ok(total / x.entries());
    }
    let cross = dot(times_data(&w, &x)?.data(), h.data());
    let mut squares = total - 2.0 * cross + dot(&gram(&w)?, &gram(&h)?);
    let exact = squares > EXPLICIT_BELOW * total;
    if !exact {
        squares = residual(&x, &w, &h, None)?;
    }
    Ok(squares / x.entries())
}

/// The same over the entries that are known.
fn mse_of_known(x: Data<'_>, w: &Dense<'_>, h: &Dense<'_>, layout: Layout) -> Result<f64> {
    let mask = Mask::unknown(&x)?;
    let known = x.entries() - mask.count() as f64;
    if known == 0.0 {
        return Err(KernelError::invalid("no entry of the data is known"));
    }
    let hidden = Hidden::new(x, &mask)?;
    let x = Data::<f64>::new(&hidden.blocks(), layout)?;
    let (w, h) = (Panel::from_rows(w)?, Panel::from_columns(h)?);
    let gaps = Gaps {
        mask: &mask,
        weights: None,
    };
    Ok(residual(&x, &w, &h, Some(gaps))? / known)
}

fn is_zero(data: &[f64]) -> bool {
    data.iter().all(|&x| x == 0.0)
}

/// Fails unless W is features × k and H is k × samples, for a k ≥ 1.
pub fn check_factors(rows: usize, cols: usize, w: &Dense<'_>, h: &Dense<'_>) -> Result<()> {
    w.check()?;
    h.check()?;
    let fits = w.rows == rows && h.cols == cols && w.cols == h.rows && h.rows > 0;
    if fits {
        return Ok(());
    }
    Err(KernelError::invalid(format!(
        "data of {rows} × {cols} cannot have factors of {} × {} and {} × {}",
        w.rows, w.cols, h.rows, h.cols
    )))
}
