//! What a model leaves of data.

mod model;

pub use model::Model;

use crate::data::{Block, Data, Dense, Layout, PartKind, Values};
use crate::error::{KernelError, Result};
use crate::hold_out::{By, Weights};
use crate::leaves::Scan;
use crate::panel::Panel;
use crate::products::{times_data, times_transposed};
use crate::simd::run;
use crate::view::Side;

/// A model of X, and how much its entries count.
#[derive(Clone, Copy)]
pub struct Estimate<'a> {
    /// features × r.
    pub w: Dense<'a>,
    /// r × samples.
    pub h: Dense<'a>,
    /// For each block numbers from 0 to 1, of its entries or one row for all of them; none where each is 1.
    pub weights: Option<&'a [Option<Block<'a>>]>,
}

/// ω ∘ (X − W·H), zero where an entry is missing or counts nothing. What of it is not sparse though X is, is left as a
/// product, unless each entry has a weight.
pub struct Difference<'a> {
    /// Block by block, but for those without rows.
    pub pieces: Vec<Piece<'a>>,
    /// How many entries are known and count.
    pub known: f64,
}

/// A block of a difference: entries, less a product of small matrices.
pub struct Piece<'a> {
    /// Row of X at which it begins.
    pub top: usize,
    /// What is still to be taken away.
    pub less: Option<Model>,
    given: Block<'a>,
    own: Option<Own>,
}

/// Entries in the place of those that were given.
enum Own {
    /// As they lie there.
    Stored(Vec<f64>),
    /// All of them, column after column.
    Whole(Vec<f64>),
}

impl Piece<'_> {
    /// The entries.
    pub fn block(&self) -> Block<'_> {
        let Some(own) = &self.own else {
            return self.given;
        };
        match (own, self.given) {
            (Own::Whole(data), given) => Block::Dense {
                rows: given.rows(),
                cols: given.cols(),
                by_rows: false,
                data: Values::F64(data),
            },
            (
                Own::Stored(data),
                Block::Dense {
                    rows,
                    cols,
                    by_rows,
                    ..
                },
            ) => Block::Dense {
                rows,
                cols,
                by_rows,
                data: Values::F64(data),
            },
            (
                Own::Stored(values),
                Block::Csc {
                    rows,
                    cols,
                    indptr,
                    indices,
                    ..
                },
            ) => Block::Csc {
                rows,
                cols,
                indptr,
                indices,
                values: Values::F64(values),
                unlisted_missing: false,
            },
        }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.given.rows()
    }

    /// What is to be taken away from the product of the entries with a factor: the panel of its columns for the rows of
    /// this block, or for all samples.
    pub fn rest(&self, side: Side, factor: &Panel<f64>) -> Result<Option<Panel<f64>>> {
        let Some(Model { w, h }) = &self.less else {
            return Ok(None);
        };
        let layout = Layout {
            k: factor.k,
            low_memory: true,
        };
        let w = [w.block()];
        let h = [h.block()];
        let w = Data::<f64>::new(&w, layout)?;
        let h = Data::<f64>::new(&h, layout)?;
        Ok(Some(match side {
            Side::W => times_data(&times_data(factor, &w)?, &h)?,
            Side::H => times_transposed(&times_transposed(factor, &h)?, &w)?,
        }))
    }
}

impl<'a> Difference<'a> {
    /// Of X and a model; a weight ω enters as `power(ω)`, which must be 0 for 0 and 1 for 1.
    pub fn new(
        x: &[Block<'a>],
        estimate: &Estimate<'a>,
        power: impl Fn(f64) -> f64 + Sync,
    ) -> Result<Self> {
        let Estimate { w, h, weights } = *estimate;
        let layout = Layout {
            k: h.rows,
            low_memory: true,
        };
        let data = Data::<f64>::new(x, layout)?;
        check_factors(data.rows, data.cols, &w, &h)?;
        let weights = weights.map(|blocks| Weights::new(blocks, &data));
        let weights = weights.transpose()?;
        let mut difference = Self {
            pieces: Vec::with_capacity(x.len()),
            known: 0.0,
        };
        for (at, (part, &given)) in data.parts.iter().zip(x).enumerate() {
            let (top, rows) = (part.top, part.rows());
            if rows == 0 {
                continue;
            }
            let model = Model::of(&w, &h, top..top + rows)?;
            let weight = |i: usize, j: usize| match &weights {
                Some(weights) => weights.sound(top + i, j),
                None => Ok(1.0),
            };
            let entry = |x: f64, e: f64, i: usize, j: usize| {
                let weight = if x.is_nan() { 0.0 } else { weight(i, j)? };
                Ok((weight > 0.0).then(|| power(weight) * (x - e)))
            };
            let by = weights.as_ref().map_or(By::Nothing, |own| own.of(at));
            let unlisted = matches!(&part.kind, PartKind::Sparse(block) if block.unlisted_missing);
            let whole = || {
                let values = part.stored();
                by == By::Nothing && !unlisted && run(Scan { values }).finite
            };
            let (own, less, known) = match &part.kind {
                _ if whole() => (None, Some(model), rows as f64 * data.cols as f64),
                PartKind::Dense(block) => {
                    let (own, known) = model.rest_of_dense(block, &entry)?;
                    (Some(Own::Stored(own)), None, known)
                }
                PartKind::Sparse(block) if unlisted => {
                    let (own, known) = model.rest_of_listed(block, &entry)?;
                    (Some(Own::Stored(own)), None, known)
                }
                PartKind::Sparse(block) if by == By::Entry => {
                    let (own, known) = model.rest_of_sparse(block, &entry)?;
                    (Some(Own::Whole(own)), None, known)
                }
                PartKind::Sparse(block) => {
                    let scales = (0..data.cols).map(|j| Ok(power(weight(0, j)?)));
                    let scales: Vec<f64> = scales.collect::<Result<_>>()?;
                    let (own, known) = model.filled(block, &scales)?;
                    (Some(Own::Stored(own)), Some(model.scaled(&scales)), known)
                }
            };
            difference.known += known;
            difference.pieces.push(Piece {
                top,
                less,
                given,
                own,
            });
        }
        Ok(difference)
    }
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
