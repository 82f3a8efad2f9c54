//! Numbers in files of text, read while the next stretch is unpacked.
//!
//! What is plain is read here; anything else is [`Declined`], and left to whoever can say what it is.

mod blocks;
pub mod entries;
pub mod number;
mod stretches;
pub mod table;
mod text;

pub use text::{Text, Took};

/// A text that is not read here: a fault, or something that is not plain. Nothing is said of which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Declined;

/// What is read, or not.
pub type Result<T> = std::result::Result<T, Declined>;

pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r')
}
