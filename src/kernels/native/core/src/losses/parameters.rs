//! Parameters of a loss estimated given the factors: what is minimised never rises.

use super::lines::Lines;
use super::loss::{Kind, Loss};
use super::measure::{Cost, costs, each_column};
use super::parameter::Parameter;
use super::sight::{Plan, Sight};
use super::special::rise;
use crate::data::Element;
use crate::error::Result;
use crate::panel::Panel;
use crate::view::{Side, View};

/// Halvings of a step before a parameter is left as it was.
const HALVINGS: usize = 12;
/// Bounds of sizes, and how far the logarithm of one goes in a step.
const SIZES: (f64, f64) = (1e-4, 1e7);
const FARTHEST: f64 = std::f64::consts::LN_10;
/// Bounds of θ.
const THETAS: (f64, f64) = (0.0, 0.99);
/// Most that π may be.
const MOST_INFLATED: f64 = 0.99;

/// A pair of factors, and the data as each sees them.
pub struct Pair<'a, T: Element> {
    /// X.
    pub lines: &'a Lines<'a, T>,
    /// How entries are looked at.
    pub plan: Plan,
    /// W.
    pub w: &'a Panel<T>,
    /// H.
    pub h: &'a Panel<T>,
    /// How the columns of each are cut into tasks.
    pub by_row: &'a View<'a, T>,
    /// See there.
    pub by_column: &'a View<'a, T>,
}

/// What is summed over a group of entries.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// Derivatives of what is minimised by the parameter.
    slope: f64,
    bend: f64,
    /// Σ ω·τ and Σ ω.
    other: f64,
    all: f64,
}

impl<T: Element> Pair<'_, T> {
    /// Σ of what is minimised of the data, column by column of H.
    pub fn cost(&self, loss: &Loss) -> Result<Cost> {
        let sight = Sight::new(self.lines, Side::H, self.w, loss, self.plan)?;
        Ok(Cost::total(&costs(&sight, self.by_column, self.h)?))
    }

    /// The loss with its parameters estimated anew.
    pub fn estimated(&self, loss: &Loss) -> Result<Loss> {
        let mut loss = loss.clone();
        if let Some(dispersion) = &loss.dispersion
            && dispersion.estimate
        {
            let found = self.disperse(&loss, dispersion)?;
            loss.dispersion = Some(found);
        }
        if let Some(inflation) = &loss.zero_inflation
            && inflation.estimate
        {
            let found = self.inflate(&loss, inflation)?;
            loss.zero_inflation = Some(found);
        }
        Ok(loss)
    }

    /// The factor whose columns the groups of a parameter are, its partner, and how it is cut.
    fn sides(&self, parameter: &Parameter) -> (Side, &Panel<T>, &Panel<T>, &View<'_, T>) {
        match parameter.side() {
            Some(Side::W) => (Side::W, self.w, self.h, self.by_row),
            _ => (Side::H, self.h, self.w, self.by_column),
        }
    }

    /// One Newton step of each group, of log r or of θ, halved until it lowers what it should.
    fn disperse(&self, loss: &Loss, parameter: &Parameter) -> Result<Parameter> {
        let sums = self.sums(loss, parameter)?;
        let before = self.costs(loss, parameter)?;
        let sizes = loss.kind == Kind::Nb;
        let values = &parameter.values;
        let step = |(sums, x): (&Sums, &f64)| {
            let own = if sums.bend > 0.0 {
                -sums.slope / sums.bend
            } else if sums.slope == 0.0 {
                0.0
            } else {
                -sums.slope.signum() * if sizes { FARTHEST } else { f64::INFINITY }
            };
            if sizes {
                let to = x.ln() + own.clamp(-FARTHEST, FARTHEST);
                return to.clamp(SIZES.0.ln(), SIZES.1.ln()) - x.ln();
            }
            (x + own).clamp(THETAS.0, THETAS.1) - x
        };
        let steps: Vec<f64> = sums.iter().zip(values).map(step).collect();
        let mut now = values.clone();
        let mut open: Vec<bool> = steps.iter().map(|step| *step != 0.0).collect();
        let mut part = 1.0;
        for _ in 0..=HALVINGS {
            if !open.contains(&true) {
                break;
            }
            let mut tried = parameter.clone();
            for (at, x) in tried.values.iter_mut().enumerate() {
                *x = match (open[at], sizes) {
                    (false, _) => now[at],
                    (true, true) => (now[at] * (part * steps[at]).exp()).clamp(SIZES.0, SIZES.1),
                    (true, false) => now[at] + part * steps[at],
                };
            }
            let mut of_tried = loss.clone();
            of_tried.dispersion = Some(tried.clone());
            let costs = self.costs(&of_tried, parameter)?;
            for at in 0..now.len() {
                if open[at] && costs[at] <= before[at] {
                    now[at] = tried.values[at];
                    open[at] = false;
                }
            }
            part *= 0.5;
        }
        Ok(Parameter {
            values: now,
            ..parameter.clone()
        })
    }

    /// One step of expectation–maximisation: π is the mean chance of a group's entries to be zeros of the other kind.
    fn inflate(&self, loss: &Loss, parameter: &Parameter) -> Result<Parameter> {
        let sums = self.sums(loss, parameter)?;
        let next = |(sums, x): (&Sums, &f64)| {
            if sums.all > 0.0 {
                (sums.other / sums.all).min(MOST_INFLATED)
            } else {
                *x
            }
        };
        Ok(Parameter {
            values: sums.iter().zip(&parameter.values).map(next).collect(),
            ..parameter.clone()
        })
    }

    fn costs(&self, loss: &Loss, parameter: &Parameter) -> Result<Vec<f64>> {
        let (side, factor, partner, view) = self.sides(parameter);
        let plan = self.plan.by_entries(loss);
        let sight = Sight::new(self.lines, side, partner, loss, plan)?;
        let each = costs(&sight, view, factor)?;
        let each: Vec<f64> = each.into_iter().map(Cost::whole).collect();
        Ok(if parameter.side().is_none() {
            vec![crate::reduce::sum(&each)]
        } else {
            each
        })
    }

    fn sums(&self, loss: &Loss, parameter: &Parameter) -> Result<Vec<Sums>> {
        let (side, factor, partner, view) = self.sides(parameter);
        let plan = self.plan.by_entries(loss);
        let sight = Sight::new(self.lines, side, partner, loss, plan)?;
        let each = each_column(&sight, view, factor, |column, x| {
            let mut sums = Sums::default();
            column.show(x, |entry| {
                let mu = entry.mu.max(loss.floor);
                let (slope, bend) = match loss.kind {
                    Kind::Nb => by_size(entry.x, mu, entry.p),
                    _ => by_theta(entry.x, mu, entry.p),
                };
                sums.slope += entry.weight * slope;
                sums.bend += entry.weight * bend;
                sums.all += entry.weight;
            })?;
            let ([other, slope, bend], all) = column.zero_parameters(x)?;
            sums.slope += slope;
            sums.bend += bend;
            sums.other += other;
            sums.all += all;
            Ok(sums)
        })?;
        if parameter.side().is_some() {
            return Ok(each);
        }
        Ok(vec![each.iter().fold(Sums::default(), |sum, own| Sums {
            slope: sum.slope + own.slope,
            bend: sum.bend + own.bend,
            other: sum.other + own.other,
            all: sum.all + own.all,
        })])
    }
}

/// Derivatives of −ln of the chance of x by the logarithm of the size r, μ standing still.
fn by_size(x: f64, mu: f64, r: f64) -> (f64, f64) {
    let (first, second) = rise(x, r);
    let by = (mu / r).ln_1p() + (x - mu) / (r + mu) - first;
    let again = -second - mu / (r * (r + mu)) - (x - mu) / ((r + mu) * (r + mu));
    (r * by, r * (r * again + by))
}

/// Derivatives by θ.
fn by_theta(x: f64, mu: f64, theta: f64) -> (f64, f64) {
    let own = 1.0 - theta;
    let apart = (x - mu) / (own * mu + theta * x);
    (
        1.0 / own - (x - 1.0) * apart - mu + x,
        1.0 / (own * own) + (x - 1.0) * apart * apart,
    )
}
