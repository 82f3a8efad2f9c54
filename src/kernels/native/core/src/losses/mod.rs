//! Losses other than squares: of an entry x and its estimate μ, ℓ(x, μ), half the unit deviance but for absolute errors.
//!
//! In a half-step every column of a factor is improved by itself. What is looked at lies in rows along its entries, so that
//! lanes run along these. Zeros enter through slopes that stand still meanwhile: their loss is linear in μ, or lies below its
//! tangent.

mod column;
mod descent;
mod deviance;
mod encode;
mod facts;
mod fit;
pub mod formulas;
mod half_step;
mod improve;
mod lines;
mod logarithms;
mod loss;
mod measure;
mod null;
mod parameter;
mod parameters;
mod room;
mod sight;
pub mod special;
mod sums;
mod tied;
mod zeros;

pub(crate) use descent::nmf;
pub use deviance::{Deviance, deviance};
pub(crate) use encode::encode;
pub use loss::{Kind, LossArgs};
pub use parameter::{ParameterArgs, Shared};
pub(crate) use tied::tied;
