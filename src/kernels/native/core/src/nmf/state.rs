use std::borrow::Cow;
use std::ops::ControlFlow;

use super::fit::{Fit, Measure};
use crate::control::{Control, Iterate};
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

impl State<'static> {
    /// All numbers that a fit walks through.
    pub(crate) fn of(iterations: usize, through: impl FnOnce(&mut Walk<'_>)) -> Self {
        let mut walk = Walk::Down(Vec::new());
        through(&mut walk);
        let numbers = match walk {
            Walk::Down(numbers) => numbers,
            Walk::Back { .. } => Vec::new(),
        };
        Self {
            iterations,
            numbers: numbers.into(),
        }
    }
}

impl State<'_> {
    /// As many iterates as it has, to be walked through.
    pub(crate) fn history(&self) -> Result<Vec<Iterate>> {
        if self.iterations > self.numbers.len() {
            return Err(misfit());
        }
        let iterate = |iteration| Iterate {
            iteration,
            loss: 0.0,
            objective: 0.0,
        };
        Ok((1..=self.iterations).map(iterate).collect())
    }

    /// Sets all numbers that a fit walks through as they were: no more and no fewer than there are.
    pub(crate) fn give_back(&self, through: impl FnOnce(&mut Walk<'_>)) -> Result<()> {
        let mut walk = Walk::Back {
            rest: &self.numbers,
            fits: true,
        };
        through(&mut walk);
        match walk {
            Walk::Back {
                rest: [],
                fits: true,
            } => Ok(()),
            _ => Err(misfit()),
        }
    }
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

/// What is asked between two iterations: whether to go on, and whether to leave behind where the fit is.
pub(crate) struct Between<'a> {
    control: Control<'a>,
    checkpoint: Option<Checkpoint<'a>>,
    saved: usize,
}

impl<'a> Between<'a> {
    /// Of a fit that begins with so many iterates.
    pub fn new(
        control: Control<'a>,
        checkpoint: Option<Checkpoint<'a>>,
        iterations: usize,
    ) -> Self {
        Self {
            control,
            checkpoint,
            saved: iterations,
        }
    }

    /// After so many iterates. A fit that breaks off has been cancelled, and may be gone on with from the state.
    pub fn ask(
        &mut self,
        iterations: usize,
        state: impl FnOnce() -> State<'static>,
    ) -> ControlFlow<Option<State<'static>>> {
        if (self.control.cancelled)() {
            let wanted = self.checkpoint.is_some() && iterations > 0;
            return ControlFlow::Break(wanted.then(state));
        }
        if let Some(checkpoint) = self.checkpoint
            && iterations >= self.saved + checkpoint.every
            && (checkpoint.ready)()
        {
            (checkpoint.save)(state());
            self.saved = iterations;
        }
        ControlFlow::Continue(())
    }
}

fn misfit() -> KernelError {
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

    pub fn history(&mut self, history: &mut [Iterate]) {
        for iterate in history {
            self.number(&mut iterate.loss);
            self.number(&mut iterate.objective);
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
        let mut course = Self {
            last: Measure {
                squares: 0.0,
                objective: 0.0,
                held_loss: f64::NAN,
            },
            momentum: Momentum::new(fit.args.accelerate),
            history: state.history()?,
        };
        state.give_back(|walk| course.walk(fit, walk))?;
        Ok(course)
    }

    /// Where the fit is.
    pub fn state<T: Element>(&mut self, fit: &mut Fit<'_, T>) -> State<'static> {
        State::of(self.history.len(), |walk| self.walk(fit, walk))
    }

    fn walk<T: Element>(&mut self, fit: &mut Fit<'_, T>, walk: &mut Walk<'_>) {
        walk.fixed(LAYOUT);
        fit.walk(walk);
        self.momentum.walk(walk);
        walk.number(&mut self.last.squares);
        walk.number(&mut self.last.objective);
        walk.history(&mut self.history);
    }
}
