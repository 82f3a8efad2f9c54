use crate::data::Values;
use crate::leaves::{Scan, Seen};
use crate::simd::{Real, run};

/// Entries between two looks at what was found.
const STRETCH: usize = 1 << 14;

/// What a look at every entry tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Facts {
    /// The place of the first that is not finite; nothing else is told then.
    pub non_finite: Option<usize>,
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
        let at = |wanted: fn(&T) -> bool| {
            let found = stretch.iter().position(wanted);
            found.map(|p| c * STRETCH + p)
        };
        let Seen {
            largest,
            zeros,
            negative,
            finite,
        } = run(Scan { values: stretch });
        if !finite {
            return Facts {
                non_finite: at(|x| !x.to_f64().is_finite()),
                ..Facts::default()
            };
        }
        if negative && facts.negative.is_none() {
            facts.negative = at(|x| *x < T::default());
        }
        facts.largest = facts.largest.max(largest);
        facts.zeros += zeros;
    }
    facts
}
