//! Terms of a factor F that link its columns to one another, to patterns or to a target, P being its partner:
//!
//! - graph: ½λ·Σ_ij a_ij·Σ_r ‖p_r‖₂²·(f_ri − f_rj)²,
//! - remove: ½λ·Σ_r ‖p_r‖₂²·‖U·f_r‖₂², the rows of U orthonormal,
//! - attract: ½λ̄·‖F − c·T‖², λ̄ being λ times the mean of ‖p_r‖₂², and c = ‖F‖ / ‖T‖ or 1, as they were set last.

use crate::data::{Block, Data, Dense, Layout, Pointers, Values};
use crate::error::{KernelError, Result};
use crate::factor::Sums;
use crate::nmf::Walk;
use crate::panel::Panel;
use crate::parallel::{collect, each_chunk};
use crate::reduce::{in_order, sum};
use crate::simd::Real;
use crate::view::Side;

/// Columns of a panel in one chunk.
const COLUMNS: usize = 1024;

/// The column terms of a factor as a caller gives them.
#[derive(Clone, Copy, Debug, Default)]
pub struct ColumnTermsArgs<'a> {
    /// Neighbours are pulled together.
    pub graph: Option<Neighbours<'a>>,
    /// It is drawn to this, or to be rid of it.
    pub target: Option<Target<'a>>,
}

/// A graph of the columns of a factor.
#[derive(Clone, Copy, Debug)]
pub struct Neighbours<'a> {
    /// Sparse and symmetric, no number below zero.
    pub adjacency: Block<'a>,
    /// λ ≥ 0.
    pub lambda: f64,
}

/// What a factor is drawn to (λ > 0), or to be rid of (λ < 0).
#[derive(Clone, Copy, Debug)]
pub struct Target<'a> {
    /// T in the shape of the factor, features × k or k × samples; for λ < 0 the orthonormal patterns, one in each column
    /// or row.
    pub matrix: Dense<'a>,
    /// Not zero.
    pub lambda: f64,
    /// T is brought to the length of the factor.
    pub rescaled: bool,
}

/// The column terms of a factor, ready to be used.
pub(crate) struct ColumnTerms<T: Real> {
    graph: Option<Graph>,
    remove: Option<Remove>,
    attract: Option<Attract<T>>,
}

struct Graph {
    lambda: f64,
    bounds: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f64>,
    /// Σ_j a_ij
    degrees: Vec<f64>,
}

struct Remove {
    lambda: f64,
    count: usize,
    /// `count` numbers for each column.
    patterns: Vec<f64>,
}

struct Attract<T: Real> {
    lambda: f64,
    rescaled: bool,
    target: Panel<T>,
    length: f64,
    /// λ̄ and c.
    weight: f64,
    by: f64,
}

/// What a solve for a factor has in each column beside the data and `step_terms`.
pub(crate) struct Columns<T: Real> {
    /// Added to G_rr of every column.
    pub ridge: Vec<f64>,
    /// Added to the product with the data.
    pub added: Panel<T>,
    /// G_rr of column j grows by `spread[r]·weights[j]` beyond that.
    pub own: Option<Spread<T>>,
}

/// A diagonal of each column's own, of rank one.
pub struct Spread<T> {
    /// k of them.
    pub spread: Vec<f64>,
    /// One for each column.
    pub weights: Vec<T>,
}

impl<T: Real> ColumnTerms<T> {
    /// Of a factor of k rows and so many columns.
    pub fn new(args: &ColumnTermsArgs<'_>, side: Side, k: usize, cols: usize) -> Result<Self> {
        let mut terms = Self {
            graph: None,
            remove: None,
            attract: None,
        };
        terms.graph = args
            .graph
            .map(|graph| Graph::new(&graph, cols))
            .transpose()?;
        let Some(Target {
            matrix,
            lambda,
            rescaled,
        }) = args.target
        else {
            return Ok(terms);
        };
        let along = if side == Side::W {
            matrix.rows
        } else {
            matrix.cols
        };
        let finite = matrix.data.iter().all(|x| x.is_finite());
        if along != cols || !finite || !lambda.is_finite() || lambda == 0.0 {
            return Err(KernelError::invalid(
                "a target must be finite, of the factor's length, and its weight not zero",
            ));
        }
        let of = |side| match side {
            Side::W => Panel::<f64>::from_rows(&matrix),
            Side::H => Panel::from_columns(&matrix),
        };
        if lambda < 0.0 {
            let panel = of(side)?;
            let patterns = panel.data().chunks_exact(panel.stride.max(1));
            terms.remove = Some(Remove {
                lambda: -lambda,
                count: panel.k,
                patterns: patterns.flat_map(|c| c[..panel.k].to_vec()).collect(),
            });
            return Ok(terms);
        }
        let target = match side {
            Side::W => Panel::from_rows(&matrix)?,
            Side::H => Panel::from_columns(&matrix)?,
        };
        if target.k != k {
            return Err(KernelError::invalid(
                "a target must have the factor's shape",
            ));
        }
        terms.attract = Some(Attract {
            lambda,
            rescaled,
            length: sum(&squares(&target)).sqrt(),
            target,
            weight: 0.0,
            by: 1.0,
        });
        Ok(terms)
    }

    /// Whether it is drawn to a target.
    pub fn drawn(&self) -> bool {
        self.attract.is_some()
    }

    /// Sets the weight and the scale of what the factor is drawn to, as they should be for it and its partner.
    pub fn draw(&mut self, own: &Sums, partner: &Sums) {
        let squares = |sums: &Sums| sums.norms.l2.iter().fold(0.0, |sum, x| sum + x * x);
        if let Some(attract) = &mut self.attract {
            let length = squares(own).sqrt();
            if attract.rescaled && attract.length > 0.0 && length > 0.0 {
                attract.by = length / attract.length;
            }
            attract.weight = attract.lambda * (squares(partner) / partner.norms.l2.len() as f64);
        }
    }

    /// Through the numbers that follow the factors.
    pub fn walk(&mut self, walk: &mut Walk<'_>) {
        if let Some(attract) = &mut self.attract {
            walk.number(&mut attract.weight);
            walk.number(&mut attract.by);
        }
    }

    /// What graph and remove multiply ½‖p_r‖₂² by, added to `energy`.
    pub fn add_energy(&self, factor: &Panel<T>, energy: &mut [f64]) {
        let k = factor.k;
        if let Some(graph) = &self.graph {
            let chunk = |c: usize| {
                let mut sums = vec![0.0; k];
                for j in columns_of(c, factor.cols) {
                    for (r, sum) in sums.iter_mut().enumerate() {
                        *sum += factor.column(j)[r].to_f64() * graph.times_laplacian(factor, j, r);
                    }
                }
                sums
            };
            for (energy, x) in energy.iter_mut().zip(chunked(factor, k, chunk)) {
                *energy += 2.0 * graph.lambda * x;
            }
        }
        if let Some(remove) = &self.remove {
            for (energy, parts) in energy.iter_mut().zip(remove.along(factor)) {
                *energy += remove.lambda * parts.iter().fold(0.0, |sum, x| sum + x * x);
            }
        }
    }

    /// The attract term.
    pub fn apart(&self, factor: &Panel<T>) -> f64 {
        let Some(attract) = &self.attract else {
            return 0.0;
        };
        let chunk = |c: usize| {
            let columns = columns_of(c, factor.cols);
            let range = columns.start * factor.stride..columns.end * factor.stride;
            let pairs = factor.data()[range.clone()]
                .iter()
                .zip(&attract.target.data()[range]);
            vec![pairs.fold(0.0, |sum, (x, t)| {
                let off = x.to_f64() - attract.by * t.to_f64();
                sum + off * off
            })]
        };
        0.5 * attract.weight * chunked(factor, 1, chunk)[0]
    }

    /// What a solve that begins at `factor` has in each column; nothing where there are no terms.
    ///
    /// Graph and remove hold products of columns: the parabolas 2D − L and 1 − UᵀU above them, which touch them at the
    /// present factor, hold none.
    pub fn columns(&self, factor: &Panel<T>, partner: &Sums) -> Result<Option<Columns<T>>> {
        if self.graph.is_none() && self.remove.is_none() && self.attract.is_none() {
            return Ok(None);
        }
        let k = factor.k;
        let squares: Vec<f64> = partner.norms.l2.iter().map(|x| x * x).collect();
        let mut ridge = vec![0.0; k];
        let mut added = Panel::<T>::zeros(k, factor.cols)?;
        let stride = added.stride;
        let mut each = |add: &(dyn Fn(usize, usize, f64) -> f64 + Sync)| {
            let work = factor.data().len();
            each_chunk(
                added.data_mut(),
                COLUMNS * stride,
                work,
                |c, part: &mut [T]| {
                    for (j, out) in columns_of(c, factor.cols).zip(part.chunks_exact_mut(stride)) {
                        for (r, out) in out[..k].iter_mut().enumerate() {
                            let x = factor.column(j)[r].to_f64();
                            *out = T::from_f64(out.to_f64() + add(j, r, x));
                        }
                    }
                },
            );
        };
        if let Some(attract) = &self.attract {
            let by = attract.weight * attract.by;
            ridge.iter_mut().for_each(|x| *x += attract.weight);
            each(&|j, r, _| by * attract.target.column(j)[r].to_f64());
        }
        if let Some(remove) = &self.remove {
            let parts = remove.along(factor);
            for (ridge, square) in ridge.iter_mut().zip(&squares) {
                *ridge += remove.lambda * square;
            }
            each(&|j, r, x| {
                let patterns = &remove.patterns[j * remove.count..(j + 1) * remove.count];
                let along = patterns.iter().zip(&parts[r]);
                let rest = along.fold(x, |rest, (u, part)| rest - u * part);
                remove.lambda * squares[r] * rest
            });
        }
        let own = self.graph.as_ref().map(|graph| {
            each(&|j, r, x| {
                let anchored = 2.0 * graph.degrees[j] * x - graph.times_laplacian(factor, j, r);
                2.0 * graph.lambda * squares[r] * anchored
            });
            Spread {
                spread: squares.iter().map(|x| 4.0 * graph.lambda * x).collect(),
                weights: graph.degrees.iter().map(|&x| T::from_f64(x)).collect(),
            }
        });
        Ok(Some(Columns { ridge, added, own }))
    }
}

fn columns_of(chunk: usize, cols: usize) -> std::ops::Range<usize> {
    chunk * COLUMNS..((chunk + 1) * COLUMNS).min(cols)
}

/// Sums over chunks of columns, `length` numbers each, in order.
fn chunked<T: Real>(
    factor: &Panel<T>,
    length: usize,
    chunk: impl Fn(usize) -> Vec<f64> + Sync,
) -> Vec<f64> {
    let count = factor.cols.div_ceil(COLUMNS);
    in_order(collect(count, factor.data().len(), chunk), length)
}

fn squares<T: Real>(panel: &Panel<T>) -> Vec<f64> {
    chunked(panel, 1, |c| {
        let columns = columns_of(c, panel.cols);
        let data = &panel.data()[columns.start * panel.stride..columns.end * panel.stride];
        vec![data.iter().fold(0.0, |sum, x| {
            let x = x.to_f64();
            sum + x * x
        })]
    })
}

impl Graph {
    fn new(graph: &Neighbours<'_>, cols: usize) -> Result<Self> {
        let Neighbours { adjacency, lambda } = *graph;
        let layout = Layout {
            k: 1,
            low_memory: true,
        };
        // Bounds and indices that don't fit are found there.
        Data::<f64>::new(&[adjacency], layout)?;
        let wrong = || {
            KernelError::invalid(
                "neighbours must be a sparse symmetric matrix of the factor's length, without negative numbers",
            )
        };
        let Block::Csc {
            rows,
            cols: wide,
            indptr,
            indices,
            values,
            ..
        } = adjacency
        else {
            return Err(wrong());
        };
        let bounds: Vec<usize> = match indptr {
            Pointers::U32(bounds) => bounds.iter().map(|&x| x as usize).collect(),
            Pointers::U64(bounds) => bounds.iter().map(|&x| x as usize).collect(),
        };
        let values: Vec<f64> = match values {
            Values::F64(values) => values.to_vec(),
            Values::F32(values) => values.iter().map(|&x| f64::from(x)).collect(),
        };
        let allowed = |x: f64| x.is_finite() && x >= 0.0;
        if rows != cols || wide != cols || !allowed(lambda) || !values.iter().all(|&x| allowed(x)) {
            return Err(wrong());
        }
        let degrees: Vec<f64> = bounds
            .windows(2)
            .map(|ends| sum(&values[ends[0]..ends[1]]))
            .collect();
        let graph = Self {
            lambda,
            bounds,
            indices: indices.to_vec(),
            values,
            degrees,
        };
        graph.symmetric().then_some(graph).ok_or_else(wrong)
    }

    fn symmetric(&self) -> bool {
        let at = |i: usize, j: usize| {
            let own = self.bounds[j]..self.bounds[j + 1];
            let found = self.indices[own.clone()].binary_search(&(i as u32));
            found.map_or(0.0, |p| self.values[own.start + p])
        };
        (0..self.degrees.len()).all(|j| {
            (self.bounds[j]..self.bounds[j + 1])
                .all(|p| at(j, self.indices[p] as usize) == self.values[p])
        })
    }

    /// Entry (r, j) of F·(D − A).
    fn times_laplacian<T: Real>(&self, factor: &Panel<T>, j: usize, r: usize) -> f64 {
        let own = self.bounds[j]..self.bounds[j + 1];
        let first = self.degrees[j] * factor.column(j)[r].to_f64();
        let listed = self.indices[own.clone()].iter().zip(&self.values[own]);
        listed.fold(first, |sum, (&i, a)| {
            sum - a * factor.column(i as usize)[r].to_f64()
        })
    }
}

impl Remove {
    /// Each row of F along the patterns.
    fn along<T: Real>(&self, factor: &Panel<T>) -> Vec<Vec<f64>> {
        let (k, q) = (factor.k, self.count);
        let chunk = |c: usize| {
            let mut sums = vec![0.0; k * q];
            for j in columns_of(c, factor.cols) {
                let patterns = &self.patterns[j * q..(j + 1) * q];
                for (sums, x) in sums.chunks_exact_mut(q.max(1)).zip(factor.column(j)) {
                    for (sum, u) in sums.iter_mut().zip(patterns) {
                        *sum += x.to_f64() * u;
                    }
                }
            }
            sums
        };
        let all = chunked(factor, k * q, chunk);
        (0..k).map(|r| all[r * q..(r + 1) * q].to_vec()).collect()
    }
}
