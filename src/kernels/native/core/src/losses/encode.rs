use super::column::Column;
use super::facts::Facts;
use super::half_step::way_of;
use super::improve::{Improver, Terms};
use super::lines::Lines;
use super::loss::{Loss, LossArgs};
use super::sight::{Plan, Sight};
use crate::data::Data;
use crate::encode::EncodeArgs;
use crate::error::Result;
use crate::panel::Panel;
use crate::parallel::each_task;
use crate::view::{Side, View};

/// A column is done once no coordinate moves by more than this part of its largest, or after so many rounds.
const SETTLED: f64 = 1e-9;
const ROUNDS: usize = 1000;
/// Sweeps of a round.
const SWEEPS: usize = 10;
/// Multiply-adds that an entry costs for each coordinate, about.
const COST: usize = 100;

/// Each column improved to its end, a panel k × samples.
pub fn encode(
    args: &EncodeArgs<'_>,
    loss: &LossArgs<'_>,
    x: &Data<'_, f64>,
    w: &Panel<f64>,
) -> Result<Panel<f64>> {
    let loss = Loss::new::<f64>(loss, x.rows, x.cols)?;
    let lines = Lines::new(x, args.weights)?;
    let view = View::new(x, Side::H, w.k)?;
    let facts = Facts::new(&lines, &loss, &view)?;
    let plan = Plan::new(&lines, &loss, &facts);
    let sight = Sight::new(&lines, Side::H, w, &loss, plan)?;
    let poisson = loss.poisson();
    let all = Plan::new(&lines, &poisson, &facts);
    let all = Sight::new(&lines, Side::H, w, &poisson, all)?;
    let by = |numbers: &[f64]| -> Vec<f64> { numbers.iter().map(|x| loss.penalties * x).collect() };
    let (ridge, shrink) = (by(args.ridge), by(args.linear));
    let coupling = args.coupling.map(by);
    let added = vec![0.0; w.k];
    let terms = Terms {
        added: &added,
        ridge: &ridge,
        shrink: &shrink,
        coupling: coupling.as_deref(),
        lower: if args.nonneg { 0.0 } else { f64::NEG_INFINITY },
        upper: args.upper,
    };
    let way = way_of(&loss, false);
    let mut h = Panel::zeros(w.k, x.cols)?;
    let (k, stride) = (h.k, h.stride);
    let tasks = h.split(&view.ranges).into_iter().zip(&view.ranges);
    let done = each_task(tasks.collect(), COST * x.stored * k, |_, (out, range)| {
        let mut column = Column::new(&sight, range)?;
        let mut known = Column::new(&all, range)?;
        let mut improver = Improver::new(k);
        let ones = vec![1.0; k];
        let mut before = vec![0.0; k];
        for (c, h) in range.clone().zip(out.chunks_exact_mut(stride)) {
            let h = &mut h[..k];
            column.load(c)?;
            if loss.is_positive() {
                known.load(c)?;
                let each = column.total() / known.sum_of_estimates(&ones)?;
                evenly(each, terms.ridge, terms.upper, h);
            }
            for _ in 0..ROUNDS {
                before.copy_from_slice(h);
                improver.improve(&mut column, h, &terms, way, SWEEPS)?;
                let (mut moved, mut largest): (f64, f64) = (0.0, 0.0);
                for (x, from) in h.iter().zip(&before) {
                    moved = moved.max((x - from).abs());
                    largest = largest.max(x.abs());
                }
                if moved <= SETTLED * largest {
                    break;
                }
            }
        }
        Ok(())
    });
    done.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(h)
}

/// Equal coefficients; zero where there is nothing, and for what is dead.
fn evenly(each: f64, ridge: &[f64], upper: f64, h: &mut [f64]) {
    for (h, ridge) in h.iter_mut().zip(ridge) {
        *h = if ridge.is_finite() && each.is_finite() {
            each.min(upper)
        } else {
            0.0
        };
    }
}
