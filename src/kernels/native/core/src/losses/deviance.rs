use super::facts::Facts;
use super::lines::Lines;
use super::loss::{Loss, LossArgs};
use super::measure::{Cost, costs};
use super::null::null_loss;
use super::sight::{Plan, Sight};
use crate::data::{Block, Data, Layout};
use crate::difference::{Estimate, check_factors};
use crate::error::{ErrorCode, KernelError, Result};
use crate::panel::Panel;
use crate::view::{Side, View};

/// How far an estimate is from data.
pub struct Deviance {
    /// Mean deviance Σ ω·d / entries.
    pub loss: f64,
    /// That of the best constant.
    pub null_loss: f64,
}

/// That of W·H and X, over the entries that are known and count.
pub fn deviance(x: &[Block<'_>], estimate: &Estimate<'_>, loss: &LossArgs<'_>) -> Result<Deviance> {
    let Estimate { w, h, weights } = *estimate;
    let layout = Layout {
        k: h.rows,
        low_memory: true,
    };
    let data = Data::<f64>::new(x, layout)?;
    check_factors(data.rows, data.cols, &w, &h)?;
    let loss = Loss::new::<f64>(loss, data.rows, data.cols)?;
    let lines = Lines::new(&data, weights)?;
    let view = View::new(&data, Side::H, h.rows)?;
    let facts = Facts::new(&lines, &loss, &view)?;
    let (w, h) = (Panel::from_rows(&w)?, Panel::from_columns(&h)?);
    let plan = Plan::new(&lines, &loss, &facts);
    let sight = Sight::new(&lines, Side::H, &w, &loss, plan)?;
    let cost = Cost::total(&costs(&sight, &view, &h)?);
    let found = Deviance {
        loss: loss.deviance() * cost.value / facts.known,
        null_loss: null_loss(&lines, &loss, &facts)?,
    };
    if found.loss.is_finite() && found.null_loss.is_finite() {
        return Ok(found);
    }
    Err(KernelError::new(
        ErrorCode::NonFinite,
        "the loss left the range of numbers",
    ))
}
