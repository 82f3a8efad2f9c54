use super::lines::{Entries, Lines};
use super::loss::Loss;
use super::parameter::Numbers;
use crate::data::Element;
use crate::error::{KernelError, Result};
use crate::parallel::each_task;
use crate::view::{Side, View};

/// What is known of X, and how much it counts. What counts nothing is not known.
#[derive(Clone, Copy, Default)]
pub struct Facts {
    /// How many entries.
    pub known: f64,
    /// How many of them are not zero.
    pub nonzero: f64,
    /// Σ ω
    pub weight: f64,
    /// Σ ω·x
    pub total: f64,
    /// Σ ω·x²
    pub squares: f64,
    /// The loss does not allow one of them.
    foul: bool,
}

impl Facts {
    /// Of all entries; fails where the loss does not allow one.
    pub fn new<T: Element>(lines: &Lines<'_, T>, loss: &Loss, view: &View<'_, T>) -> Result<Self> {
        let work = lines.x.stored;
        let parts: Result<Vec<Self>> = each_task(view.ranges.clone(), work, |_, range| {
            let local = lines.local(Side::H, &range)?;
            let (mut facts, mut filled) = (Self::default(), Vec::new());
            for c in range {
                lines.each(Side::H, c, &local, &mut filled, |_, line| {
                    facts.add(&line, loss);
                });
            }
            Ok(facts)
        })
        .into_iter()
        .collect();
        let facts = parts?.into_iter().fold(Self::default(), Self::with);
        if facts.foul {
            return Err(KernelError::invalid(loss.rule()));
        }
        if facts.known == 0.0 {
            return Err(KernelError::invalid("no entry of the data is known"));
        }
        Ok(facts)
    }

    fn with(self, other: Self) -> Self {
        Self {
            known: self.known + other.known,
            nonzero: self.nonzero + other.nonzero,
            weight: self.weight + other.weight,
            total: self.total + other.total,
            squares: self.squares + other.squares,
            foul: self.foul || other.foul,
        }
    }

    fn add<T: Element>(&mut self, line: &super::lines::Line<'_, T>, loss: &Loss) {
        let weights = line.weights;
        if let Entries::Listed {
            rest_missing: false,
            indices,
            ..
        } = &line.entries
        {
            // As if all were zero; what is listed is taken back.
            let of = |weight: f64| (f64::from(u8::from(weight > 0.0)), weight);
            let (mut count, mut weight) = match weights {
                Numbers::One(own) => {
                    let (count, weight) = of(own);
                    let zeros = (line.length - indices.len()) as f64;
                    (count * zeros, weight * zeros)
                }
                Numbers::Each(own) => own.iter().fold((0.0, 0.0), |(count, sum), own| {
                    let (one, weight) = of(*own);
                    (count + one, sum + weight)
                }),
            };
            if let Numbers::Each(own) = weights {
                for &i in *indices {
                    let (one, own) = of(own[i as usize]);
                    count -= one;
                    weight -= own;
                }
            }
            self.known += count;
            self.weight += weight;
            self.foul |= count > 0.0 && !loss.allows(0.0);
        }
        line.entries.stored(line.length, |i, x| {
            let (x, weight) = (x.to_f64(), weights.at(i));
            if x.is_nan() || weight == 0.0 {
                return;
            }
            self.known += 1.0;
            self.nonzero += f64::from(u8::from(x != 0.0));
            self.weight += weight;
            self.total += weight * x;
            self.squares += weight * x * x;
            self.foul |= !loss.allows(x);
        });
    }

    /// The mean of the entries, as they count.
    pub fn mean(&self) -> f64 {
        self.total / self.weight
    }
}
