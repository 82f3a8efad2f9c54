//! The innermost loops. Each is written once over vectors, says in asserts what its accesses rest on, and equals a plain
//! twin in `tests/leaves.rs` to the bit, at every level.

mod accumulate;
mod across;
mod correct;
mod extrapolate;
mod gather;
mod mask_bits;
mod scan;
mod scatter;
mod sum;
mod sweep;

pub use accumulate::Accumulate;
pub use across::{Across, FEW};
pub use correct::{Correct, Scored};
pub use extrapolate::Extrapolate;
pub use gather::Gather;
pub use mask_bits::{MaskBits, TILE, draw};
pub use scan::{Scan, Seen};
pub use scatter::Scatter;
pub use sum::{Dot, SUMS};
pub use sweep::{BLOCK, SweepTile, Sweeps};
