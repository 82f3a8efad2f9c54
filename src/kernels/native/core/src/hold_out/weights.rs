use std::sync::atomic::{AtomicBool, Ordering};

use super::mask::Mask;
use crate::data::{Block, Data, Element, Layout, PartKind};
use crate::error::{KernelError, Result};

/// How much entries count beside one another: numbers from 0 to 1. What counts nothing is missing, and what is missing
/// counts nothing, whatever its weight.
pub struct Weights<'a> {
    blocks: Vec<Weighed<'a>>,
}

struct Weighed<'a> {
    /// Row of X at which the block begins, and that after its last.
    top: usize,
    end: usize,
    /// Of each entry, or one row for all; nothing where each is 1.
    weights: Option<Data<'a>>,
}

/// What the entries of a block have weights by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Each counts 1.
    Nothing,
    /// One for all of a column.
    Sample,
    /// One for each.
    Entry,
}

impl<'a> Weights<'a> {
    /// Those of X, block by block.
    pub fn new<T: Element>(blocks: &[Option<Block<'a>>], x: &Data<'_, T>) -> Result<Self> {
        if blocks.len() != x.parts.len() {
            return Err(KernelError::invalid(
                "weights must be as many as there are row blocks",
            ));
        }
        let weigh = |block: &Option<Block<'a>>, top: usize, rows: usize| {
            let layout = Layout {
                k: 1,
                low_memory: true,
            };
            let weights = block
                .map(|block| Data::<f64>::new(&[block], layout))
                .transpose()?;
            let fits = |own: &Data<'_>| (own.rows == rows || own.rows == 1) && own.cols == x.cols;
            if !weights.as_ref().is_none_or(fits) {
                return Err(KernelError::invalid(
                    "weights must be as many as the entries of their block, or as its columns",
                ));
            }
            Ok(Weighed {
                top,
                end: top + rows,
                weights,
            })
        };
        let blocks = blocks.iter().zip(&x.parts);
        Ok(Self {
            blocks: blocks
                .map(|(block, part)| weigh(block, part.top, part.rows()))
                .collect::<Result<_>>()?,
        })
    }

    /// The weight of entry (i, j) of X.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        let block = &self.blocks[self.blocks.partition_point(|block| block.end <= i)];
        let Some(weights) = &block.weights else {
            return 1.0;
        };
        let i = if weights.rows == 1 { 0 } else { i - block.top };
        match &weights.parts[0].kind {
            PartKind::Dense(own) => own.data[i * own.down + j * own.across],
            PartKind::Sparse(own) => {
                let columns = own.columns();
                let (rows, values) = columns.list(j);
                rows.binary_search(&(i as u32))
                    .map_or(0.0, |place| values[place])
            }
        }
    }

    /// The same, if that is one.
    pub fn sound(&self, i: usize, j: usize) -> Result<f64> {
        let weight = self.at(i, j);
        if (0.0..=1.0).contains(&weight) {
            return Ok(weight);
        }
        Err(unsound())
    }

    /// What is said of a block of X.
    pub fn of(&self, part: usize) -> By {
        match &self.blocks[part].weights {
            None => By::Nothing,
            Some(weights) if weights.rows == 1 => By::Sample,
            Some(_) => By::Entry,
        }
    }

    /// Adds entries that count nothing to those that are missing.
    pub fn hide(&self, missing: &mut Mask) -> Result<()> {
        let sound = AtomicBool::new(true);
        missing.add(|i, j| {
            let weight = self.at(i, j);
            if !(0.0..=1.0).contains(&weight) {
                sound.store(false, Ordering::Relaxed);
            }
            weight == 0.0
        });
        if sound.into_inner() {
            return Ok(());
        }
        Err(unsound())
    }
}

fn unsound() -> KernelError {
    KernelError::invalid("weights must lie between 0 and 1")
}
