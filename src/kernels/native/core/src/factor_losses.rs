use std::ops::Range;

use crate::data::{Block, Data, Dense, Layout};
use crate::difference::check_factors;
use crate::error::{ErrorCode, KernelError, Result};
use crate::hold_out::{Hidden, Lists, Mask};
use crate::memory::zeros;
use crate::panel::Panel;
use crate::parallel::{collect, even_ranges, tasks_of};
use crate::products::times_data;
use crate::reduce::{in_order, row_crosses, sum_of_squares, sums_of_row_squares};

/// How far data are from models of one factor.
pub struct FactorLosses {
    /// ‖X‖² / entries: of a model of zeros.
    pub null_loss: f64,
    /// ‖X − w_r·h_r‖² / entries of each factor, to rounding of `null_loss`.
    pub factor_loss: Vec<f64>,
}

/// Those of X (features × samples) and the columns w_r of W (features × k) times the rows h_r of H (k × samples), over the
/// entries that are known.
pub fn factor_losses(x: &[Block<'_>], w: &Dense<'_>, h: &Dense<'_>) -> Result<FactorLosses> {
    let layout = Layout {
        k: h.rows,
        low_memory: true,
    };
    let x = Data::<f64>::new(x, layout)?;
    check_factors(x.rows, x.cols, w, h)?;
    let (w, h) = (Panel::from_rows(w)?, Panel::from_columns(h)?);
    if !x.has_gaps() {
        let lengths = sums_of_row_squares(&w).into_iter();
        let own: Vec<f64> = (lengths.zip(sums_of_row_squares(&h)))
            .map(|(w, h)| w * h)
            .collect();
        return means(&x, &w, &h, &own, x.entries());
    }
    let mask = Mask::unknown(&x)?;
    let known = x.entries() - mask.count() as f64;
    if known == 0.0 {
        return Err(KernelError::invalid("no entry of the data is known"));
    }
    let own = known_squares(&mask, known / x.entries(), &w, &h)?;
    let hidden = Hidden::new(x, &mask)?;
    means(&Data::new(&hidden.blocks(), layout)?, &w, &h, &own, known)
}

fn means(
    x: &Data<'_>,
    w: &Panel<f64>,
    h: &Panel<f64>,
    own: &[f64],
    entries: f64,
) -> Result<FactorLosses> {
    let cross = row_crosses(&times_data(w, x)?, h);
    let total = sum_of_squares(x);
    let left = left_alone(total, &cross, own)?;
    Ok(FactorLosses {
        null_loss: total / entries,
        factor_loss: left.iter().map(|left| left / entries).collect(),
    })
}

/// ‖X − w_r·h_r‖² = ‖X‖² − 2⟨X, w_r·h_r⟩ + ‖w_r·h_r‖² of each factor by itself; not below zero, whatever rounding did.
pub fn left_alone(total: f64, cross: &[f64], own: &[f64]) -> Result<Vec<f64>> {
    let left = |(cross, own): (&f64, &f64)| total - (2.0 * cross - own);
    let left: Vec<f64> = cross.iter().zip(own).map(left).collect();
    if left.iter().all(|x| x.is_finite()) {
        return Ok(left.into_iter().map(|x| x.max(0.0)).collect());
    }
    Err(KernelError::new(
        ErrorCode::NonFinite,
        "the loss of a factor left the range of numbers",
    ))
}

/// ‖w_r·h_r‖² of each factor over what a mask doesn't hold. All of that is added up: what is missing may be far larger.
fn known_squares(mask: &Mask, share: f64, w: &Panel<f64>, h: &Panel<f64>) -> Result<Vec<f64>> {
    let k = w.k;
    let lists = Lists::new::<f64>(&mask.complement()?.transposed()?, share, k)?;
    let work = lists.len() * k;
    let per_column = lists.len() / h.cols.max(1) + 1;
    let ranges = even_ranges(h.cols, tasks_of(work), |j| j * per_column);
    let squares = |range: &Range<usize>| {
        let mut sums = zeros::<f64>(k)?;
        let mut column = zeros::<f64>(k)?;
        for window in 0..lists.windows {
            let bounds = lists.bounds(window, range);
            let from = lists.first(window);
            for (j, ends) in range.clone().zip(bounds.windows(2)) {
                column.fill(0.0);
                for &i in &lists.indices[ends[0]..ends[1]] {
                    let w = &w.column(from + usize::from(i))[..k];
                    column.iter_mut().zip(w).for_each(|(sum, w)| *sum += w * w);
                }
                let of_column = column.iter().zip(h.column(j));
                sums.iter_mut()
                    .zip(of_column)
                    .for_each(|(sum, (x, h))| *sum += x * h * h);
            }
        }
        Ok(sums)
    };
    let parts: Result<Vec<Vec<f64>>> = collect(ranges.len(), work, |t| squares(&ranges[t]))
        .into_iter()
        .collect();
    Ok(in_order(parts?, k))
}
