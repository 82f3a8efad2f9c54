use super::column::Column;
use super::formulas::{Formula, Gp, Nb};
use super::loss::{Kind, Loss};
use super::sight::Sight;
use crate::data::Element;
use crate::error::Result;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::view::View;

/// What is minimised of the data.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    /// Σ ω·ℓ
    pub value: f64,
    /// What −ln of the likelihood has beyond that; 0 where that is not minimised.
    pub beyond: f64,
}

impl Cost {
    /// Both.
    pub fn whole(self) -> f64 {
        self.value + self.beyond
    }

    /// The sums.
    pub fn total(costs: &[Self]) -> Self {
        costs.iter().fold(Self::default(), |sum, own| Self {
            value: sum.value + own.value,
            beyond: sum.beyond + own.beyond,
        })
    }
}

/// That of every column of a factor.
pub fn costs<T: Element>(
    sight: &Sight<'_, T>,
    view: &View<'_, T>,
    factor: &Panel<T>,
) -> Result<Vec<Cost>> {
    let likelihood = sight.loss.is_likelihood();
    each_column(sight, view, factor, |column, x| {
        let value = column.value(x)?;
        let mut beyond = 0.0;
        if likelihood {
            column.show(x, |entry| {
                beyond += entry.weight * beyond_loss(sight.loss, entry.x, entry.p, entry.pi);
            })?;
        }
        Ok(Cost { value, beyond })
    })
}

/// What −ln of the chance of x > 0 has beyond ℓ.
fn beyond_loss(loss: &Loss, x: f64, p: f64, pi: f64) -> f64 {
    let saturated = match loss.kind {
        Kind::Nb => Nb.saturated(x, p),
        _ => Gp.saturated(x, p),
    };
    saturated - (-pi).ln_1p()
}

/// What is found of each column of a factor, in their order.
pub fn each_column<T: Element, R: Send>(
    sight: &Sight<'_, T>,
    view: &View<'_, T>,
    factor: &Panel<T>,
    look: impl Fn(&mut Column<'_, T>, &[T]) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let work = sight.lines.x.stored * factor.k;
    let parts: Result<Vec<Vec<R>>> = each_task(view.ranges.clone(), work, |_, range| {
        let mut column = Column::new(sight, &range)?;
        let each = range.map(|c| {
            column.load(c)?;
            look(&mut column, &factor.column(c)[..factor.k])
        });
        each.collect::<Result<Vec<R>>>()
    })
    .into_iter()
    .collect();
    Ok(parts?.into_iter().flatten().collect())
}
