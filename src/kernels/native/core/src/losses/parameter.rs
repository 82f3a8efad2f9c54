use crate::error::{KernelError, Result};
use crate::view::Side;

/// Entries that share a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shared {
    /// All.
    Global,
    /// Those of a feature.
    Row,
    /// Those of a sample.
    Column,
}

/// Numbers of a loss as a caller gives them.
#[derive(Clone, Copy, Debug)]
pub struct ParameterArgs<'a> {
    /// Whose.
    pub by: Shared,
    /// One, or one for each feature or sample: fixed, or where estimation begins.
    pub values: &'a [f64],
    /// They are estimated.
    pub estimate: bool,
}

/// Numbers of a loss.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Whose.
    pub by: Shared,
    /// As they are now.
    pub values: Vec<f64>,
    /// They are estimated.
    pub estimate: bool,
}

/// A number for each of a line of entries.
#[derive(Clone, Copy)]
pub enum Numbers<'a> {
    /// The same for all.
    One(f64),
    /// One for each.
    Each(&'a [f64]),
}

impl Numbers<'_> {
    /// That of entry i.
    #[inline(always)]
    pub fn at(&self, i: usize) -> f64 {
        match self {
            Self::One(x) => *x,
            Self::Each(numbers) => numbers[i],
        }
    }
}

impl Parameter {
    /// Of data of so many features and samples.
    pub fn new(args: &ParameterArgs<'_>, rows: usize, cols: usize) -> Result<Self> {
        let wanted = match args.by {
            Shared::Global => 1,
            Shared::Row => rows,
            Shared::Column => cols,
        };
        if args.values.len() != wanted {
            return Err(KernelError::invalid(format!(
                "a parameter of a loss must have {wanted} values, not {}",
                args.values.len()
            )));
        }
        Ok(Self {
            by: args.by,
            values: args.values.to_vec(),
            estimate: args.estimate,
        })
    }

    /// Those of the entries that meet column c of a factor.
    pub fn line(&self, side: Side, c: usize) -> Numbers<'_> {
        match (self.by, side) {
            (Shared::Global, _) => Numbers::One(self.values[0]),
            (Shared::Row, Side::H) | (Shared::Column, Side::W) => Numbers::Each(&self.values),
            (Shared::Row, Side::W) | (Shared::Column, Side::H) => Numbers::One(self.values[c]),
        }
    }

    /// The factor whose columns each have one number; none where all share one.
    pub fn side(&self) -> Option<Side> {
        match self.by {
            Shared::Global => None,
            Shared::Row => Some(Side::W),
            Shared::Column => Some(Side::H),
        }
    }
}
