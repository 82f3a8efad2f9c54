use crate::column_terms::Spread;
use crate::error::Result;
use crate::hold_out::{Listed, Lists};
use crate::leaves::Accumulate;
use crate::memory::Aligned;
use crate::panel::{Panel, stride_of};
use crate::quadratic::{Quadratic, dead_below};
use crate::reduce::gram;
use crate::simd::{Real, run};
use crate::solver::REST;

/// Listed entries whose columns of the partner are multiplied at once.
const DEPTH: usize = 64;

/// Sweeps on the quadratic that each column really has, in 64 bits: G less the columns of the partner whose entries are
/// not seen, or made of those that are; k² multiply-adds for each of them.
pub struct OwnSweeps<'a, T> {
    quadratic: &'a Quadratic<'a>,
    listed: Listed<'a>,
    partner: Panel<f64>,
    gram: Vec<f64>,
    /// What a dead curvature is at most.
    dead: f64,
    most: usize,
    own: Option<&'a Spread<T>>,
}

/// Room for a Gram matrix of some columns of a panel, rows of the panel's stride.
pub struct ListedGram {
    k: usize,
    packed: Aligned<f64>,
    products: Aligned<f64>,
}

impl ListedGram {
    /// For panels of k numbers a column.
    pub fn new(k: usize) -> Result<Self> {
        let wide = stride_of::<f64>(k);
        Ok(Self {
            k,
            packed: Aligned::zeros(DEPTH * wide)?,
            products: Aligned::zeros(k * wide)?,
        })
    }

    /// Σ p_i·p_iᵀ over the columns i of a panel that list `column` names, each times its weight, k × k.
    pub fn of(&mut self, lists: &Lists, partner: &Panel<f64>, column: usize) -> Vec<f64> {
        self.add(lists, partner, column);
        let rows = self.products.chunks_exact(partner.stride);
        rows.flat_map(|row| row[..self.k].iter().copied()).collect()
    }

    fn add(&mut self, lists: &Lists, partner: &Panel<f64>, column: usize) {
        let (wide, data) = (partner.stride, partner.data());
        self.products.fill(0.0);
        for window in 0..lists.windows {
            let bounds = lists.bounds(window, &(column..column + 1));
            let from = lists.first(window);
            for first in (bounds[0]..bounds[1]).step_by(DEPTH) {
                let list = first..bounds[1].min(first + DEPTH);
                let packed = self.packed.chunks_exact_mut(wide);
                for (to, &i) in packed.zip(&lists.indices[list.clone()]) {
                    let column = from + usize::from(i);
                    to.copy_from_slice(&data[column * wide..(column + 1) * wide]);
                }
                if let Some(weights) = &lists.weights {
                    let packed = self.packed.chunks_exact_mut(wide);
                    for (to, weight) in packed.zip(&weights[list.clone()]) {
                        let root = weight.sqrt();
                        to.iter_mut().for_each(|x| *x *= root);
                    }
                }
                run(Accumulate {
                    factor: &self.packed,
                    stride: wide,
                    k: partner.k,
                    entries: &self.packed,
                    along: wide,
                    across: 1,
                    terms: list.len(),
                    out: &mut self.products,
                });
            }
        }
    }
}

/// Room for the problem of one column, rows of a panel's stride.
struct Own {
    listed: ListedGram,
    gram: Aligned<f64>,
    curvature: Vec<f64>,
    ridge: Vec<f64>,
    x: Vec<f64>,
    slope: Vec<f64>,
}

impl<'a, T: Real> OwnSweeps<'a, T> {
    /// Of a half-step's problem; its bounds and penalties are those of `quadratic`.
    pub fn new(
        listed: Listed<'a>,
        partner: &Panel<T>,
        quadratic: &'a Quadratic<'a>,
        most: usize,
        own: Option<&'a Spread<T>>,
    ) -> Result<Self> {
        let partner = partner.widened()?;
        let gram = gram(&partner)?;
        let largest = largest(gram.iter().step_by(partner.k + 1));
        Ok(Self {
            quadratic,
            listed,
            partner,
            gram,
            dead: dead_below::<T>() * largest,
            most,
            own,
        })
    }

    /// Improves columns x of a panel, `first` and those after it, given columns b; returns by how much the objective falls.
    pub fn solve(&self, first: usize, stride: usize, x: &mut [T], b: &[T]) -> Result<f64> {
        let (k, wide) = (self.partner.k, self.partner.stride);
        let mut own = Own {
            listed: ListedGram::new(k)?,
            gram: Aligned::zeros(k * wide)?,
            curvature: vec![0.0; k],
            ridge: vec![0.0; k],
            x: vec![0.0; k],
            slope: vec![0.0; wide],
        };
        let mut fall = 0.0;
        for (c, (x, b)) in x
            .chunks_exact_mut(stride)
            .zip(b.chunks_exact(stride))
            .enumerate()
        {
            self.pose(first + c, &mut own);
            for r in 0..k {
                own.x[r] = x[r].to_f64();
            }
            fall += self.descend(b, &mut own);
            for r in 0..k {
                x[r] = T::from_f64(own.x[r]);
            }
        }
        Ok(fall)
    }

    fn pose(&self, column: usize, own: &mut Own) {
        let (k, wide) = (self.partner.k, self.partner.stride);
        own.listed.add(self.listed.lists, &self.partner, column);
        let products = &own.listed.products;
        let dead = match self.listed.lists.weights {
            None => self.dead,
            // All of a column may count little.
            Some(_) => dead_below::<T>() * largest(products.iter().step_by(wide + 1).take(k)),
        };
        for r in 0..k {
            for s in 0..k {
                let listed = products[r * wide + s];
                own.gram[r * wide + s] = if self.listed.seen {
                    listed
                } else {
                    self.gram[r * k + s] - listed
                };
                if let Some(coupling) = &self.quadratic.terms.coupling {
                    own.gram[r * wide + s] += coupling[r * k + s];
                }
            }
            let diagonal = own.gram[r * wide + r];
            let spread = self
                .own
                .map_or(0.0, |own| own.spread[r] * own.weights[column].to_f64());
            own.ridge[r] = self.quadratic.terms.ridge[r] + spread;
            let curvature = diagonal + own.ridge[r];
            let alive = diagonal > dead && curvature.is_finite();
            own.curvature[r] = if alive { curvature } else { 0.0 };
        }
    }

    fn descend(&self, b: &[T], own: &mut Own) -> f64 {
        let Quadratic {
            k,
            terms,
            lower,
            upper,
            ..
        } = self.quadratic;
        let wide = self.partner.stride;
        let Own {
            gram,
            curvature,
            ridge,
            x,
            slope,
            ..
        } = own;
        slope.fill(0.0);
        for (&x, row) in x.iter().zip(gram.chunks_exact(wide)) {
            slope
                .iter_mut()
                .zip(row)
                .for_each(|(slope, g)| *slope += x * g);
        }
        let alive: Vec<usize> = (0..*k).filter(|&r| curvature[r] > 0.0).collect();
        for &r in &alive {
            slope[r] += ridge[r] * x[r] - b[r].to_f64();
        }
        let (mut fall, mut first) = (0.0, 0.0);
        for sweep in 0..self.most {
            let mut moved = 0.0;
            for &r in &alive {
                let (at, c, linear) = (x[r], curvature[r], terms.linear[r]);
                let (free, shrink) = (at - slope[r] / c, linear / c);
                let to = ((free - shrink).max(0.0) + (free + shrink).min(0.0))
                    .max(*lower)
                    .min(*upper);
                let step = to - at;
                fall -= slope[r] * step + 0.5 * c * step * step + linear * (to.abs() - at.abs());
                moved += c * step * step;
                x[r] = to;
                let row = &gram[r * wide..(r + 1) * wide];
                slope
                    .iter_mut()
                    .zip(row)
                    .for_each(|(slope, g)| *slope += step * g);
                slope[r] += ridge[r] * step;
            }
            if sweep == 0 {
                first = moved;
            }
            if moved <= REST * first {
                break;
            }
        }
        fall
    }
}

fn largest<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.fold(0.0, |most, x| most.max(*x))
}
