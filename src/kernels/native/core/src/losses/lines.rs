use std::borrow::Cow;
use std::ops::Range;

use super::parameter::Numbers;
use crate::data::{Block, Data, Element, Layout, PartKind};
use crate::error::{KernelError, Result};
use crate::memory::zeros;
use crate::sparse::SparsePart;
use crate::view::Side;

/// X and how much its entries count, line by line.
pub struct Lines<'a, T: Element> {
    /// X.
    pub x: &'a Data<'a, T>,
    weights: Vec<Weights<'a>>,
}

/// Of the entries of a block.
enum Weights<'a> {
    /// Each counts 1.
    None,
    BySample(Cow<'a, [f64]>),
    ByFeature(Cow<'a, [f64]>),
    /// Those that are not listed count nothing.
    Entries(Data<'a>),
}

/// The entries of a block that meet a column of a factor.
pub enum Entries<'b, T> {
    /// Entry i is `data[i·step]`.
    Every {
        /// From the first on.
        data: &'b [T],
        /// From one to the next.
        step: usize,
    },
    /// Some of them, in order.
    Listed {
        /// Which.
        indices: &'b [u32],
        /// Their values.
        values: &'b [T],
        /// The others are missing, not zero.
        rest_missing: bool,
    },
}

/// The entries of a block that meet a column of a factor, with what they count.
pub struct Line<'b, T> {
    /// Column of the partner that the first meets.
    pub first: usize,
    /// How many.
    pub length: usize,
    /// The entries.
    pub entries: Entries<'b, T>,
    /// What each counts, from the first on.
    pub weights: Numbers<'b>,
}

/// Rows of sparse blocks whose transpose is not kept, for some rows of X.
pub struct Local<T> {
    parts: Vec<Option<Rows<T>>>,
}

struct Rows<T> {
    /// The first row, in X.
    first: usize,
    bounds: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<T>,
}

impl<'a, T: Element> Lines<'a, T> {
    /// With the weights of each block, if there are any.
    pub fn new(x: &'a Data<'a, T>, weights: Option<&[Option<Block<'a>>]>) -> Result<Self> {
        let Some(blocks) = weights else {
            let weights = x.parts.iter().map(|_| Weights::None).collect();
            return Ok(Self { x, weights });
        };
        if blocks.len() != x.parts.len() {
            return Err(KernelError::invalid(
                "weights must be as many as there are row blocks",
            ));
        }
        let each = blocks.iter().zip(&x.parts);
        let weights = each.map(|(block, part)| match block {
            None => Ok(Weights::None),
            Some(block) => Weights::new(*block, part.rows(), x.cols),
        });
        Ok(Self {
            x,
            weights: weights.collect::<Result<_>>()?,
        })
    }

    /// Whether any entry counts more or less than another.
    pub fn weighted(&self) -> bool {
        !self.weights.iter().all(|own| matches!(own, Weights::None))
    }

    /// Whether entries of a block count u·v of their feature and sample, whatever they are.
    pub fn separable(&self) -> bool {
        self.weights
            .iter()
            .all(|own| !matches!(own, Weights::Entries(_)))
    }

    /// What the entries of block `part` count by the column of a factor that they meet, and by that of its partner, where
    /// they are separable: its own, and those of the partner from the first of the block on.
    pub fn factors(&self, part: usize, side: Side, c: usize) -> (f64, Numbers<'_>) {
        let top = self.x.parts[part].top;
        match (&self.weights[part], side) {
            (Weights::BySample(own), Side::H) => (own[c], Numbers::One(1.0)),
            (Weights::ByFeature(own), Side::W) => (own[c - top], Numbers::One(1.0)),
            (Weights::BySample(own), Side::W) | (Weights::ByFeature(own), Side::H) => {
                (1.0, Numbers::Each(own))
            }
            _ => (1.0, Numbers::One(1.0)),
        }
    }

    /// How many columns a factor has, and how many its partner.
    pub fn shape(&self, side: Side) -> (usize, usize) {
        match side {
            Side::W => (self.x.rows, self.x.cols),
            Side::H => (self.x.cols, self.x.rows),
        }
    }

    /// What `each` wants to know of some columns of a factor, where no transpose is kept.
    pub fn local(&self, side: Side, range: &Range<usize>) -> Result<Local<T>> {
        let rows = |part: &crate::data::Part<'_, T>| match (&part.kind, side) {
            (PartKind::Sparse(block), Side::W) if block.by_row().is_none() => {
                let from = range.start.max(part.top);
                let to = range.end.min(part.top + part.rows());
                (from < to)
                    .then(|| Rows::new(block, from..to, part.top))
                    .transpose()
            }
            _ => Ok(None),
        };
        Ok(Local {
            parts: self.x.parts.iter().map(rows).collect::<Result<_>>()?,
        })
    }

    /// Shows the lines of the blocks that meet column c of a factor, with the number of each block.
    pub fn each(
        &self,
        side: Side,
        c: usize,
        local: &Local<T>,
        filled: &mut Vec<f64>,
        mut show: impl FnMut(usize, Line<'_, T>),
    ) {
        for (at, part) in self.x.parts.iter().enumerate() {
            let (own, first, length) = match side {
                Side::H => (c, part.top, part.rows()),
                Side::W if (part.top..part.top + part.rows()).contains(&c) => {
                    (c - part.top, 0, self.x.cols)
                }
                Side::W => continue,
            };
            if length == 0 {
                continue;
            }
            let entries = match &part.kind {
                PartKind::Dense(block) => {
                    let (from, step) = match side {
                        Side::H => (own * block.across, block.down),
                        Side::W => (own * block.down, block.across),
                    };
                    Entries::Every {
                        data: &block.data[from..],
                        step,
                    }
                }
                PartKind::Sparse(block) => {
                    let (indices, values) = match (side, block.by_row(), &local.parts[at]) {
                        (Side::H, ..) => block.columns().list(own),
                        (Side::W, Some(lists), _) => lists.list(own),
                        (Side::W, None, Some(rows)) => rows.list(c),
                        (Side::W, None, None) => (&[][..], &[][..]),
                    };
                    Entries::Listed {
                        indices,
                        values,
                        rest_missing: block.unlisted_missing,
                    }
                }
            };
            let weights = self.weights[at].line(side, own, length, filled);
            show(
                at,
                Line {
                    first,
                    length,
                    entries,
                    weights,
                },
            );
        }
    }
}

impl<T: Copy> Entries<'_, T> {
    /// Shows the entries that are there, with their places.
    #[inline(always)]
    pub fn stored(&self, length: usize, mut show: impl FnMut(usize, T)) {
        match self {
            Self::Every { data, step: 1 } => {
                for (i, x) in data[..length].iter().enumerate() {
                    show(i, *x);
                }
            }
            Self::Every { data, step } => {
                for (i, x) in data.iter().step_by(*step).take(length).enumerate() {
                    show(i, *x);
                }
            }
            Self::Listed {
                indices, values, ..
            } => {
                for (&i, x) in indices.iter().zip(*values) {
                    show(i as usize, *x);
                }
            }
        }
    }
}

impl<'a> Weights<'a> {
    fn new(block: Block<'a>, rows: usize, cols: usize) -> Result<Self> {
        let layout = Layout {
            k: 1,
            low_memory: false,
        };
        let own = Data::<f64>::new(&[block], layout)?;
        let sound = own
            .parts
            .iter()
            .all(|part| part.stored().iter().all(|x| *x >= 0.0 && x.is_finite()));
        if !sound {
            return Err(KernelError::invalid(
                "weights must be finite and not negative",
            ));
        }
        let flat = |own: Data<'a>| -> Result<Cow<'a, [f64]>> {
            let mut out = zeros(own.rows * own.cols)?;
            for (p, out) in out.iter_mut().enumerate() {
                let (i, j) = if own.rows == 1 { (0, p) } else { (p, 0) };
                *out = match &own.parts[0].kind {
                    PartKind::Dense(block) => block.data[i * block.down + j * block.across],
                    PartKind::Sparse(block) => {
                        let (rows, values) = block.columns().list(j);
                        rows.binary_search(&(i as u32))
                            .map_or(0.0, |place| values[place])
                    }
                };
            }
            Ok(Cow::Owned(out))
        };
        match (own.rows, own.cols) {
            (1, wide) if wide == cols => Ok(Self::BySample(flat(own)?)),
            (tall, 1) if tall == rows => Ok(Self::ByFeature(flat(own)?)),
            (tall, wide) if tall == rows && wide == cols => Ok(Self::Entries(own)),
            _ => Err(KernelError::invalid(
                "weights must be as many as the entries of their block, as its columns, or as its rows",
            )),
        }
    }

    fn line<'b>(
        &'b self,
        side: Side,
        c: usize,
        length: usize,
        filled: &'b mut Vec<f64>,
    ) -> Numbers<'b> {
        match (self, side) {
            (Self::None, _) => Numbers::One(1.0),
            (Self::BySample(own), Side::H) | (Self::ByFeature(own), Side::W) => {
                Numbers::One(own[c])
            }
            (Self::BySample(own), Side::W) | (Self::ByFeature(own), Side::H) => Numbers::Each(own),
            (Self::Entries(own), _) => {
                filled.clear();
                filled.resize(length, 0.0);
                match &own.parts[0].kind {
                    PartKind::Dense(block) => {
                        let (from, step) = match side {
                            Side::H => (c * block.across, block.down),
                            Side::W => (c * block.down, block.across),
                        };
                        let every = block.data[from..].iter().step_by(step);
                        for (out, x) in filled.iter_mut().zip(every) {
                            *out = *x;
                        }
                    }
                    PartKind::Sparse(block) => {
                        let (indices, values) = match (side, block.by_row()) {
                            (Side::W, Some(lists)) => lists.list(c),
                            _ => block.columns().list(c),
                        };
                        for (&i, x) in indices.iter().zip(values) {
                            filled[i as usize] = *x;
                        }
                    }
                }
                Numbers::Each(filled)
            }
        }
    }
}

impl<T: Element> Rows<T> {
    /// By two counts over the columns.
    fn new(block: &SparsePart<'_, T>, rows: Range<usize>, top: usize) -> Result<Self> {
        let own = rows.start - top..rows.end - top;
        let columns = block.columns();
        let within = |j: usize| {
            let (indices, values) = columns.list(j);
            let from = indices.partition_point(|&i| (i as usize) < own.start);
            let to = from + indices[from..].partition_point(|&i| (i as usize) < own.end);
            (&indices[from..to], &values[from..to])
        };
        let mut bounds = zeros::<usize>(own.len() + 1)?;
        for j in 0..block.cols {
            for &i in within(j).0 {
                bounds[i as usize - own.start + 1] += 1;
            }
        }
        let mut end = 0;
        for bound in &mut bounds {
            end += *bound;
            *bound = end;
        }
        let mut out = Self {
            first: rows.start,
            indices: zeros(end)?,
            values: zeros(end)?,
            bounds,
        };
        let mut next = out.bounds.clone();
        for j in 0..block.cols {
            let (indices, values) = within(j);
            for (&i, x) in indices.iter().zip(values) {
                let next = &mut next[i as usize - own.start];
                out.indices[*next] = j as u32;
                out.values[*next] = *x;
                *next += 1;
            }
        }
        Ok(out)
    }

    fn list(&self, row: usize) -> (&[u32], &[T]) {
        let at = row - self.first;
        let own = self.bounds[at]..self.bounds[at + 1];
        (&self.indices[own.clone()], &self.values[own])
    }
}
