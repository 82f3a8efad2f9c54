/// How a fit came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// The stopping rule was met.
    Converged,
    /// As many iterations as allowed were made.
    MaxIter,
    /// The caller cancelled.
    Aborted,
}

/// Told of every accepted iterate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iterate {
    /// Counted from 1.
    pub iteration: usize,
    /// ‖X − W·diag(d)·H‖² / entries.
    pub loss: f64,
    /// J, penalties included.
    pub objective: f64,
}

/// How a caller watches and ends a fit.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    /// Asked once per half-iteration; an iteration cut in the middle is dropped.
    pub cancelled: &'a (dyn Fn() -> bool + Sync),
    /// Called after every accepted iterate, in order.
    pub on_iteration: &'a (dyn Fn(Iterate) + Sync),
}

impl Control<'_> {
    /// Neither watches nor ends.
    pub const IDLE: Control<'static> = Control {
        cancelled: &|| false,
        on_iteration: &|_| (),
    };
}
