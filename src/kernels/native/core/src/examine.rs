use crate::data::Values;
use crate::leaves::{Scan, Seen};
use crate::simd::{Real, run};

/// Entries between two looks at what was found.
const STRETCH: usize = 1 << 14;

/// What a look at every entry tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// The place of the first that is infinite; nothing else is told then.
    pub infinite: Option<usize>,
    /// The place of the first that is not a number: it is missing.
    pub missing: Option<usize>,
    /// How many are missing.
    pub gaps: usize,
    /// The place of the first that is below zero.
    pub negative: Option<usize>,
    /// The largest magnitude.
    pub largest: f64,
    /// How many are zero.
    pub zeros: usize,
}

/// Looks at every entry, on the thread that calls.
pub fn examine(values: Values<'_>) -> Facts {
    match values {
        Values::F64(values) => facts(values),
        Values::F32(values) => facts(values),
    }
}

fn facts<T: Real>(values: &[T]) -> Facts {
    let mut facts = Facts::default();
    for (c, stretch) in values.chunks(STRETCH).enumerate() {
        let place = |wanted: fn(&T) -> bool| {
            let found = stretch.iter().position(wanted);
            found.map(|p| c * STRETCH + p)
        };
        let Seen {
            largest,
            mut zeros,
            negative,
            finite,
        } = run(Scan { values: stretch });
        if !finite {
            if let Some(at) = place(|x| x.to_f64().is_infinite()) {
                return Facts {
                    infinite: Some(at),
                    ..Facts::default()
                };
            }
            let gaps = stretch.iter().filter(|x| x.to_f64().is_nan()).count();
            zeros -= gaps;
            facts.gaps += gaps;
            facts.missing = facts.missing.or_else(|| place(|x| x.to_f64().is_nan()));
        }
        if negative {
            facts.negative = facts.negative.or_else(|| place(|x| *x < T::default()));
        }
        facts.largest = facts.largest.max(largest);
        facts.zeros += zeros;
    }
    facts
}
