use std::borrow::Cow;

use super::fit::{Fit, Measure};
use crate::control::Iterate;
use crate::data::Element;
use crate::error::{KernelError, Result};
use crate::momentum::Momentum;
use crate::panel::Panel;
use crate::simd::Real;

/// The order that the numbers of a state are in; another order gets another number.
const LAYOUT: f64 = 1.0;

/// All that a fit holds between two iterations: a call with the same arguments that begins there goes the same way, to the
/// bit.
#[derive(Clone, Debug)]
pub struct State<'a> {
    /// Accepted iterates so far.
    pub iterations: usize,
    /// Everything, in an order of its own.
    pub numbers: Cow<'a, [f64]>,
}

/// How a fit leaves behind where it is, so that a later call can go on from there.
#[derive(Clone, Copy)]
pub struct Checkpoint<'a> {
    /// Where a call with the same arguments was; of the start only the shape matters then.
    pub from: Option<&'a State<'a>>,
    /// Accepted iterates from one state to the next, at least.
    pub every: usize,
    /// Whether a state would be taken now; the fit goes on without where it is not.
    pub ready: &'a (dyn Fn() -> bool + Sync),
    /// Given the states.
    pub save: &'a (dyn Fn(State<'static>) + Sync),
}

impl<'a> Checkpoint<'a> {
    /// The state that a fit of at most so many iterations begins at.
    pub(crate) fn beginning(&self, max_iter: usize) -> Result<Option<&'a State<'a>>> {
        if self.every == 0 {
            return Err(KernelError::invalid(
                "states must be at least one iteration apart",
            ));
        }
        match self.from {
            Some(state) if !(1..max_iter).contains(&state.iterations) => Err(misfit()),
            from => Ok(from),
        }
    }
}

pub(crate) fn misfit() -> KernelError {
    KernelError::invalid("a fit can only go on from a state of a fit with the same arguments")
}

/// A way through all numbers of a fit, in one order: they are written down, or set as they were.
pub(crate) enum Walk<'a> {
    Down(Vec<f64>),
    Back {
        rest: &'a [f64],
        /// So far every number was there and could be one.
        fits: bool,
    },
}

impl Walk<'_> {
    pub fn number(&mut self, x: &mut f64) {
        match self {
            Self::Down(numbers) => numbers.push(*x),
            Self::Back { rest, fits } => match rest.split_first() {
                Some((first, others)) if first.is_finite() => (*x, *rest) = (*first, others),
                _ => *fits = false,
            },
        }
    }

    pub fn numbers(&mut self, numbers: &mut [f64]) {
        numbers.iter_mut().for_each(|x| self.number(x));
    }

    /// A number that is the same wherever the arguments are.
    pub fn fixed(&mut self, x: f64) {
        let mut found = x;
        self.number(&mut found);
        self.demand(found == x);
    }

    pub fn flag(&mut self, flag: &mut bool) {
        let mut found = f64::from(u8::from(*flag));
        self.number(&mut found);
        *flag = found == 1.0;
        self.demand(found == 0.0 || found == 1.0);
    }

    /// A number that may not be there yet.
    pub fn optional(&mut self, x: &mut Option<f64>) {
        let (mut there, mut found) = (x.is_some(), x.unwrap_or(0.0));
        self.flag(&mut there);
        self.number(&mut found);
        *x = there.then_some(found);
    }

    /// Numbers of 32 bits are written in 64, and were such when they come back.
    pub fn panel<T: Real>(&mut self, panel: &mut Panel<T>) {
        let k = panel.k;
        for j in 0..panel.cols {
            for x in &mut panel.column_mut(j)[..k] {
                let mut found = x.to_f64();
                self.number(&mut found);
                *x = T::from_f64(found);
                self.demand(x.to_f64().to_bits() == found.to_bits());
            }
        }
    }

    fn demand(&mut self, holds: bool) {
        if let Self::Back { fits, .. } = self {
            *fits &= holds;
        }
    }
}

/// How far a fit has come, beside its factors.
pub(super) struct Course {
    /// The measure of the accepted pair.
    pub last: Measure,
    pub momentum: Momentum,
    /// Every accepted iterate.
    pub history: Vec<Iterate>,
}

impl Course {
    /// At the start.
    pub fn begin<T: Element>(fit: &mut Fit<'_, T>) -> Result<Self> {
        let mut last = fit.measure_start()?;
        if fit.drawn() {
            last.objective = fit.redraw(last.squares)?;
        }
        Ok(Self {
            last,
            momentum: Momentum::new(fit.args.accelerate),
            history: Vec::new(),
        })
    }

    /// Where an earlier fit was.
    pub fn resume<T: Element>(fit: &mut Fit<'_, T>, state: &State<'_>) -> Result<Self> {
        if state.iterations > state.numbers.len() {
            return Err(misfit());
        }
        let iterate = |iteration| Iterate {
            iteration,
            loss: 0.0,
            objective: 0.0,
        };
        let mut course = Self {
            last: Measure {
                squares: 0.0,
                objective: 0.0,
                held_loss: f64::NAN,
            },
            momentum: Momentum::new(fit.args.accelerate),
            history: (1..=state.iterations).map(iterate).collect(),
        };
        let back = Walk::Back {
            rest: &state.numbers,
            fits: true,
        };
        match course.walk(fit, back) {
            Walk::Back {
                rest: [],
                fits: true,
            } => Ok(course),
            _ => Err(misfit()),
        }
    }

    /// Where the fit is.
    pub fn state<T: Element>(&mut self, fit: &mut Fit<'_, T>) -> State<'static> {
        let numbers = match self.walk(fit, Walk::Down(Vec::new())) {
            Walk::Down(numbers) => numbers,
            Walk::Back { .. } => Vec::new(),
        };
        State {
            iterations: self.history.len(),
            numbers: numbers.into(),
        }
    }

    fn walk<'w, T: Element>(&mut self, fit: &mut Fit<'_, T>, mut walk: Walk<'w>) -> Walk<'w> {
        walk.fixed(LAYOUT);
        fit.walk(&mut walk);
        self.momentum.walk(&mut walk);
        walk.number(&mut self.last.squares);
        walk.number(&mut self.last.objective);
        for iterate in &mut self.history {
            walk.number(&mut iterate.loss);
            walk.number(&mut iterate.objective);
        }
        walk
    }
}
