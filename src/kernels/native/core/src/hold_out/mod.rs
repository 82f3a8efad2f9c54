//! Entries that are left out of a fit, and scored.

mod hide;
mod lists;
mod mask;

pub use hide::{HeldValues, Hidden};
pub use lists::Lists;
pub use mask::{Mask, held_share, threshold};

use crate::data::{Data, Element};
use crate::error::{KernelError, Result};

/// Entries (i, j) of each block drawn by a hash of (key, i, j).
#[derive(Clone, Copy, Debug)]
pub struct HoldOut<'a> {
    /// Chance of each entry to be held out, in (0, 1), to the nearest 2⁻¹⁶.
    pub fraction: f64,
    /// One for each block.
    pub keys: &'a [[u32; 2]],
    /// One Gram matrix for each column; otherwise one for all, corrected (expectation–maximisation).
    pub exact: bool,
    /// The model is the accepted iterate of lowest held-out loss; otherwise the last.
    pub best: bool,
}

/// What is held out of X, as both factors and the score want it.
pub struct Held<T> {
    /// How many entries.
    pub count: usize,
    /// The chance of each.
    pub share: f64,
    /// A bit for each entry of X.
    pub mask: Mask,
    /// For each column of X its held-out rows.
    pub by_column: Lists,
    /// For each row of X its held-out columns.
    pub by_row: Lists,
    /// In the order of `by_column`.
    pub values: HeldValues<T>,
}

impl<T: Element> Held<T> {
    /// Draws the mask of X and looks its values up, for factors of rank k.
    pub fn new(x: &Data<'_, T>, hold_out: &HoldOut<'_>, k: usize) -> Result<Self> {
        let HoldOut { fraction, keys, .. } = *hold_out;
        if !(fraction > 0.0 && fraction < 1.0) {
            return Err(KernelError::invalid(format!(
                "the fraction to hold out must lie between 0 and 1, not be {fraction}"
            )));
        }
        if keys.len() != x.parts.len() {
            return Err(KernelError::invalid(format!(
                "a hold-out needs a key for each of {} blocks, not {}",
                x.parts.len(),
                keys.len()
            )));
        }
        let mut mask = Mask::none(x.rows, x.cols)?;
        for (part, &key) in x.parts.iter().zip(keys) {
            mask.draw(part.top..part.top + part.rows(), key, fraction);
        }
        let share = held_share(fraction);
        let by_column = Lists::new::<T>(&mask.transposed()?, share, k)?;
        Ok(Self {
            count: by_column.len(),
            share,
            by_row: Lists::new::<T>(&mask, share, k)?,
            values: HeldValues::new(x, &by_column)?,
            by_column,
            mask,
        })
    }
}
