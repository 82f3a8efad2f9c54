//! When a fit is over.

use crate::control::Iterate;

/// Convergence is judged over so many accepted iterations.
const WINDOW: usize = 5;
/// A fall of the objective below this fraction of it is rounding.
const ROUNDING: f64 = 1e-15;
/// A fall above this fraction would be seen.
pub const VISIBLE: f64 = 1e-8;

/// Whether an objective that seems to have risen from `before` may have fallen by `fall` all the same.
pub fn is_invisible(fall: f64, before: f64, visible: f64) -> bool {
    fall > ROUNDING * before && fall < visible * before
}

/// Whether the objective has fallen by less than `tol`, relatively, over the last accepted iterates.
pub fn settled(history: &[Iterate], tol: f64) -> bool {
    if history.len() <= WINDOW {
        return false;
    }
    let last = history.len() - 1;
    let now = history[last].objective;
    (history[last - WINDOW].objective - now).abs() <= tol * now
}
