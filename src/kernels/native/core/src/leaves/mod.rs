//! The innermost loops. Each is written once over vectors, says in asserts what its accesses rest on, and equals a plain
//! twin in `tests/leaves.rs` to the bit, at every level.

mod accumulate;
mod across;
mod along;
mod ccd;
mod coordinate;
mod correct;
mod estimate;
mod extrapolate;
mod frozen;
mod gather;
mod mask_bits;
mod mix;
mod scan;
mod scatter;
mod shared_ends;
mod sum;
mod sweep;
mod turn;

pub use accumulate::Accumulate;
pub use across::{Across, FEW};
pub use along::Along;
pub use ccd::Ccd;
pub use coordinate::Coordinates;
pub use correct::{Correct, Indices, Scored};
pub use estimate::Estimate;
pub use extrapolate::Extrapolate;
pub use frozen::Frozen;
pub use gather::Gather;
pub use mask_bits::{MaskBits, TILE, draw};
pub use mix::Mix;
pub use scan::{Scan, Seen};
pub use scatter::Scatter;
pub use sum::{Dot, SUMS};
pub use sweep::{BLOCK, SweepTile, Sweeps};
pub use turn::Turn;
