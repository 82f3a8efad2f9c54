use super::facts::Facts;
use super::lines::{Entries, Lines};
use super::loss::Loss;
use super::measure::{Cost, costs};
use super::sight::{Plan, Sight};
use crate::data::Element;
use crate::error::Result;
use crate::panel::Panel;
use crate::view::{Side, View};

/// Mean deviance of the best constant: the mean of what is known, as it counts; where estimates may be negative the least
/// entry at or below which lies half of what counts.
pub fn null_loss<T: Element>(lines: &Lines<'_, T>, loss: &Loss, facts: &Facts) -> Result<f64> {
    let constant = if loss.is_positive() {
        facts.mean()
    } else {
        lower_median(lines, facts)?
    };
    let of = |cols: usize, x: f64| -> Result<Panel<T>> {
        let mut panel = Panel::zeros(1, cols)?;
        (0..cols).for_each(|c| panel.column_mut(c)[0] = T::from_f64(x));
        Ok(panel)
    };
    let (w, h) = (of(lines.x.rows, 1.0)?, of(lines.x.cols, constant)?);
    let view = View::new(lines.x, Side::H, 1)?;
    let sight = Sight::new(lines, Side::H, &w, loss, Plan::new(lines, loss, facts))?;
    let cost = Cost::total(&costs(&sight, &view, &h)?);
    Ok(loss.deviance() * cost.value / facts.known)
}

fn lower_median<T: Element>(lines: &Lines<'_, T>, facts: &Facts) -> Result<f64> {
    let local = lines.local(Side::H, &(0..lines.x.cols))?;
    let (mut listed, mut filled) = (Vec::new(), Vec::new());
    let mut zeros = 0.0;
    for c in 0..lines.x.cols {
        lines.each(Side::H, c, &local, &mut filled, |_, line| {
            if let Entries::Listed {
                rest_missing: false,
                indices,
                ..
            } = &line.entries
            {
                let all = (0..line.length).fold(0.0, |sum, i| sum + line.weights.at(i));
                let own = indices.iter();
                zeros += own.fold(all, |rest, &i| rest - line.weights.at(i as usize));
            }
            line.entries.stored(line.length, |i, x| {
                let (x, weight) = (x.to_f64(), line.weights.at(i));
                if !x.is_nan() && weight > 0.0 {
                    listed.push((x, weight));
                }
            });
        });
    }
    if zeros > 0.0 {
        listed.push((0.0, zeros));
    }
    listed.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    for (x, weight) in &listed {
        below += weight;
        if below >= facts.weight / 2.0 {
            return Ok(*x);
        }
    }
    Ok(listed.last().map_or(0.0, |(x, _)| *x))
}
