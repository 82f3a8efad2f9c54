use crate::data::{Block, Data, Layout};
use crate::difference::{Difference, Estimate, Model};
use crate::error::{KernelError, Result};
use crate::panel::Panel;
use crate::products::times_data;
use crate::reduce::{dot, gram, sum_of_squares};
use crate::residual::residual;

/// Below this fraction of ‖X‖² the loss is summed entry by entry: the identity would lose too many digits.
const EXPLICIT_BELOW: f64 = 1e-3;

/// Mean squared difference of X (features × samples) and W·H (features × r, r × samples), each square times the weight of
/// its entry, over the entries that are known and count.
pub fn mse(x: &[Block<'_>], estimate: &Estimate<'_>) -> Result<f64> {
    let difference = Difference::new(x, estimate, f64::sqrt)?;
    if difference.known == 0.0 {
        return Err(KernelError::invalid("no entry of the data is known"));
    }
    let mut total = 0.0;
    for piece in &difference.pieces {
        let layout = Layout {
            k: estimate.h.rows,
            low_memory: true,
        };
        let blocks = [piece.block()];
        let x = Data::<f64>::new(&blocks, layout)?;
        total += match &piece.less {
            None => sum_of_squares(&x),
            Some(model) => squares(&x, model)?,
        };
    }
    Ok(total / difference.known)
}

/// ‖X − W·H‖²: by ‖X‖² − 2⟨X, WH⟩ + ⟨WᵀW, HHᵀ⟩ while that is exact enough, else entry by entry.
fn squares(x: &Data<'_>, model: &Model) -> Result<f64> {
    let w = Panel::from_rows(&model.w.view())?;
    let h = Panel::from_columns(&model.h.view())?;
    let total = sum_of_squares(x);
    if is_zero(w.data()) || is_zero(h.data()) {
        return Ok(total);
    }
    let cross = dot(times_data(&w, x)?.data(), h.data());
    let squares = total - 2.0 * cross + dot(&gram(&w)?, &gram(&h)?);
    if squares > EXPLICIT_BELOW * total {
        return Ok(squares);
    }
    residual(x, &w, &h, None)
}

fn is_zero(data: &[f64]) -> bool {
    data.iter().all(|&x| x == 0.0)
}
