use crate::nmf::Walk;

/// β at first.
const FIRST: f64 = 0.5;
/// What β is divided by when an extrapolated iterate is rejected.
const SHRINK: f64 = 1.5;
/// What β grows by when one is accepted.
const GROW: f64 = 1.05;
/// What the bound of β grows by when one is accepted.
const LOOSEN: f64 = 1.01;

/// How far to extrapolate (Ang & Gillis 2019, algorithm 3): further after every success, less far, and not beyond what
/// last went well, after a failure. The iteration after a failure, like the first, is plain.
pub struct Momentum {
    accelerate: bool,
    plain: bool,
    beta: f64,
    bound: f64,
    last_good: Option<f64>,
}

impl Momentum {
    /// At the start; always plain unless told to accelerate.
    pub fn new(accelerate: bool) -> Self {
        Self {
            accelerate,
            plain: true,
            beta: FIRST,
            bound: 1.0,
            last_good: None,
        }
    }

    /// The iteration begins from accepted factors and H is not extrapolated.
    pub fn plain(&self) -> bool {
        self.plain || !self.accelerate
    }

    /// β for W once the iteration is accepted.
    pub fn beta(&self) -> f64 {
        if self.accelerate { self.beta } else { 0.0 }
    }

    /// β for H in this iteration.
    pub fn beta_of_h(&self) -> f64 {
        if self.plain() { 0.0 } else { self.beta }
    }

    /// The iterate was accepted.
    pub fn accept(&mut self) {
        if !self.plain() {
            self.last_good = Some(self.beta);
            self.beta = self.bound.min(GROW * self.beta);
            self.bound = (LOOSEN * self.bound).min(1.0);
        }
        self.plain = false;
    }

    /// Through all numbers of it.
    pub(crate) fn walk(&mut self, walk: &mut Walk<'_>) {
        walk.flag(&mut self.plain);
        walk.number(&mut self.beta);
        walk.number(&mut self.bound);
        walk.optional(&mut self.last_good);
    }

    /// The iterate was rejected.
    pub fn reject(&mut self) {
        self.bound = self.last_good.unwrap_or(self.beta / GROW);
        self.beta /= SHRINK;
        self.plain = true;
    }
}
