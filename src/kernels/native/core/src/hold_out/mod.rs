//! Entries that are left out of a fit, and scored.

mod hide;
mod lists;
mod mask;
mod weights;

pub use hide::{HeldValues, Hidden};
pub use lists::Lists;
pub use mask::{Mask, held_share, threshold};
pub use weights::{By, Weights};

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

/// Entries that are not known: see [`Mask::unknown`].
#[derive(Clone, Copy, Debug)]
pub struct Missing {
    /// One Gram matrix for each column; otherwise one for all, corrected (expectation–maximisation).
    pub exact: bool,
}

/// Lists of one factor's columns.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// Entries of X.
    pub lists: &'a Lists,
    /// They are those that are seen, and make the Gram matrix of a column; otherwise they are missing from it.
    pub seen: bool,
}

/// What a fit does not see of X, as both factors and the score want it.
pub struct Held<'a, T> {
    /// How many entries.
    pub count: usize,
    /// What part of X, about.
    pub share: f64,
    /// A bit for each entry of X.
    pub mask: Mask,
    /// For each column of X its rows that are not seen, or those that are.
    pub by_column: Lists,
    /// For each row of X its columns.
    pub by_row: Lists,
    /// The lists are of what is seen.
    pub seen: bool,
    /// In the order of `by_column`; none where they are not known.
    pub values: HeldValues<T>,
    /// They are known.
    pub scored: bool,
    /// How much the entries that are seen count; then the lists are of these. None where each counts 1.
    pub weights: Option<Weights<'a>>,
}

impl<'a, T: Element> Held<'a, T> {
    /// Draws the mask of X and looks its values up, for factors of rank k.
    pub fn drawn(x: &Data<'_, T>, hold_out: &HoldOut<'_>, k: usize) -> Result<Self> {
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
            seen: false,
            values: HeldValues::new(x, &by_column)?,
            scored: true,
            weights: None,
            by_column,
            mask,
        })
    }

    /// Finds what is missing from X. Where each column has a Gram matrix of its own, that is made of what is seen or by
    /// taking away the rest: whichever is less, or where entries have weights of what is seen.
    pub fn missing(
        x: &Data<'_, T>,
        missing: Missing,
        weights: Option<Weights<'a>>,
        k: usize,
    ) -> Result<Self> {
        let mut mask = Mask::unknown(x)?;
        if let Some(weights) = &weights {
            weights.hide(&mut mask)?;
        }
        let count = mask.count();
        let share = count as f64 / x.entries();
        let seen = missing.exact && (share > 0.5 || weights.is_some());
        let complement;
        let (listed, listed_share) = if seen {
            complement = mask.complement()?;
            (&complement, 1.0 - share)
        } else {
            (&mask, share)
        };
        let mut by_column = Lists::new::<T>(&listed.transposed()?, listed_share, k)?;
        let mut by_row = Lists::new::<T>(listed, listed_share, k)?;
        if let Some(weights) = &weights {
            by_column.weigh(|j, i| weights.at(i, j))?;
            by_row.weigh(|i, j| weights.at(i, j))?;
        }
        Ok(Self {
            count,
            share,
            by_row,
            seen,
            values: HeldValues::none(&by_column)?,
            scored: false,
            weights,
            by_column,
            mask,
        })
    }
}
