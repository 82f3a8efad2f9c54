use super::formulas::Formula;
use super::parameter::{Parameter, ParameterArgs};
use crate::data::Element;
use crate::error::{KernelError, Result};
use crate::simd::Real;

/// What a fit measures its estimates by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Generalized Kullback–Leibler divergence: counts of a Poisson.
    Kl,
    /// Positive numbers whose deviation grows with their mean.
    Gamma,
    /// Positive numbers whose variance grows with the cube of their mean.
    InverseGaussian,
    /// Variance μ^p, p ≥ 1.
    Tweedie(f64),
    /// Negative binomial.
    Nb,
    /// Generalized Poisson.
    Gp,
    /// Squares up to δ > 0, then absolute errors.
    Huber(f64),
    /// Absolute errors.
    Mae,
}

/// A loss as a caller gives it.
#[derive(Clone, Copy, Debug)]
pub struct LossArgs<'a> {
    /// Which.
    pub kind: Kind,
    /// Estimates below this count as this where x > 0, if the loss takes positive ones; for `Mae` errors below it are curved
    /// as if they were this. ≥ 0
    pub floor: f64,
    /// Sizes r > 0 of `Nb`, θ in [0, 1) of `Gp`; no other loss has any.
    pub dispersion: Option<ParameterArgs<'a>>,
    /// κ > 0: what penalties are multiplied by.
    pub penalties: f64,
    /// Chances in [0, 1) that an entry is zero whatever its mean, of `Nb` and `Gp`.
    pub zero_inflation: Option<ParameterArgs<'a>>,
}

/// A loss and its parameters as they are now.
#[derive(Clone)]
pub struct Loss {
    /// Which.
    pub kind: Kind,
    /// See `LossArgs`.
    pub floor: f64,
    /// See `LossArgs`.
    pub penalties: f64,
    /// r or θ.
    pub dispersion: Option<Parameter>,
    /// π.
    pub zero_inflation: Option<Parameter>,
}

/// Below this a floor is none: what is divided by it would leave the range of the numbers of a fit.
fn least<T: Element>() -> f64 {
    if T::LANES == 16 { 1e-30 } else { 1e-290 }
}

impl Loss {
    /// Of data of so many features and samples, and numbers of a kind.
    pub fn new<T: Element>(args: &LossArgs<'_>, rows: usize, cols: usize) -> Result<Self> {
        let reject = |rule: &str| Err(KernelError::invalid(rule));
        let kind = match args.kind {
            Kind::Tweedie(1.0) => Kind::Kl,
            Kind::Tweedie(2.0) => Kind::Gamma,
            Kind::Tweedie(3.0) => Kind::InverseGaussian,
            other => other,
        };
        match kind {
            Kind::Tweedie(p) if !(p > 1.0 && p.is_finite()) => {
                return reject("the power of a loss must be at least 1");
            }
            Kind::Huber(delta) if !(delta > 0.0 && delta.is_finite()) => {
                return reject("the bound of a Huber loss must be above zero");
            }
            _ => (),
        }
        if !(args.floor >= 0.0 && args.floor.is_finite()) {
            return reject("the floor of a loss must be finite and not negative");
        }
        if !(args.penalties > 0.0 && args.penalties.is_finite()) {
            return reject("what penalties are multiplied by must be finite and above zero");
        }
        let parameter = |given: Option<ParameterArgs<'_>>| {
            given
                .map(|given| Parameter::new(&given, rows, cols))
                .transpose()
        };
        let (dispersion, zero_inflation) =
            (parameter(args.dispersion)?, parameter(args.zero_inflation)?);
        let all = |parameter: &Option<Parameter>, fits: &dyn Fn(f64) -> bool| {
            parameter
                .as_ref()
                .is_some_and(|own| own.values.iter().all(|x| fits(*x)))
        };
        let fits = match kind {
            Kind::Nb => all(&dispersion, &|r| r > 0.0 && r.is_finite()),
            Kind::Gp => all(&dispersion, &|theta| (0.0..1.0).contains(&theta)),
            _ => dispersion.is_none(),
        };
        if !fits {
            return reject(
                "nb needs sizes above zero, gp dispersions from 0 to below 1, no other loss has any",
            );
        }
        if zero_inflation.is_some() {
            let counts = matches!(kind, Kind::Nb | Kind::Gp);
            if !counts || !all(&zero_inflation, &|pi| (0.0..1.0).contains(&pi)) {
                return reject("only nb and gp can have more zeros, of a chance from 0 to below 1");
            }
        }
        Ok(Self {
            kind,
            floor: args.floor.max(least::<T>()),
            penalties: args.penalties,
            dispersion,
            zero_inflation,
        })
    }

    /// Poisson's, in place of this one: what is linear in it is Σ ω·μ.
    pub fn poisson(&self) -> Self {
        Self {
            kind: Kind::Kl,
            dispersion: None,
            zero_inflation: None,
            ..*self
        }
    }

    /// Whether the objective is −ln of the likelihood, with all constants.
    pub fn is_likelihood(&self) -> bool {
        let estimated = |own: &Option<Parameter>| own.as_ref().is_some_and(|own| own.estimate);
        self.zero_inflation.is_some() || estimated(&self.dispersion)
    }

    /// Whether estimates must be positive.
    pub fn is_positive(&self) -> bool {
        !matches!(self.kind, Kind::Huber(_) | Kind::Mae)
    }

    /// Whether half-steps follow the loss itself, at every coordinate.
    pub fn is_logarithmic(&self) -> bool {
        matches!(self.kind, Kind::Kl | Kind::Gp)
    }

    /// Whether a zero is an entry whose slope stands still while a half-step is made.
    pub fn zeros_apart(&self) -> bool {
        self.is_positive()
    }

    /// Whether the slope at zeros does not depend on their estimates.
    pub fn zeros_linear(&self) -> bool {
        self.is_logarithmic() && self.zero_inflation.is_none()
    }

    /// Whether the data may hold x.
    pub fn allows(&self, x: f64) -> bool {
        match self.kind {
            Kind::Huber(_) | Kind::Mae => true,
            Kind::Kl | Kind::Nb => x >= 0.0,
            Kind::Gp => x == 0.0 || x >= 1.0,
            Kind::Tweedie(p) if p < 2.0 => x >= 0.0,
            Kind::Gamma | Kind::InverseGaussian | Kind::Tweedie(_) => x > 0.0,
        }
    }

    /// What is said of data that it may not hold.
    pub fn rule(&self) -> &'static str {
        match self.kind {
            Kind::Gp => "the data of gp must be zeros and numbers from 1 on",
            Kind::Gamma | Kind::InverseGaussian => "the data of this loss must be above zero",
            Kind::Tweedie(p) if p > 2.0 => "the data of this loss must be above zero",
            _ => "the data of this loss must not be negative",
        }
    }

    /// The mean of 2ℓ is the deviance, that of ℓ the absolute error.
    pub fn deviance(&self) -> f64 {
        if self.kind == Kind::Mae { 1.0 } else { 2.0 }
    }
}

/// Something to be done for any loss.
pub trait With {
    /// What it returns.
    type Output;
    /// Does it.
    fn with<F: Formula>(self, formula: F) -> Self::Output;
}

impl Loss {
    /// Does it for this one, with numbers of kind T.
    pub fn of<T: Real, W: With>(&self, work: W) -> W::Output {
        use super::formulas::{Gamma, Gp, Huber, InverseGaussian, Kl, Mae, Nb, Tweedie};
        // No other is fitted in 32 bits.
        if const { T::LANES == 16 } {
            return work.with(Kl);
        }
        match self.kind {
            Kind::Kl => work.with(Kl),
            Kind::Gamma => work.with(Gamma),
            Kind::InverseGaussian => work.with(InverseGaussian),
            Kind::Tweedie(p) => work.with(Tweedie(p)),
            Kind::Nb => work.with(Nb),
            Kind::Gp => work.with(Gp),
            Kind::Huber(delta) => work.with(Huber(delta)),
            Kind::Mae => work.with(Mae(self.floor)),
        }
    }
}
