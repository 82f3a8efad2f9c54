use super::facts::Facts;
use super::formulas::Formula;
use super::lines::Lines;
use super::loss::{Loss, With};
use super::parameter::Numbers;
use crate::data::{Element, PartKind};
use crate::error::Result;
use crate::leaves::Turn;
use crate::memory::Aligned;
use crate::panel::Panel;
use crate::simd::run;
use crate::view::Side;

/// From this share of entries that are looked at on, they are met where they lie; below, they are listed.
const MANY: f64 = 0.4;

/// Where the slopes come from that stand still while a half-step is made: those of zeros, and of what is linear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Still {
    /// There are none.
    Nothing,
    /// From sums over the partner that all columns share.
    Shared,
    /// From each entry.
    Entries,
}

/// How the entries that meet a column are looked at: the same for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Every column of the partner is met where it lies; otherwise those that are looked at are put together.
    pub whole: bool,
    /// See there.
    pub still: Still,
    /// What is listed is what is looked at, and counts 1.
    pub plain: bool,
    /// Slopes that stand still come from those that are looked at; zeros are among these then.
    pub listed: bool,
}

impl Plan {
    /// For a loss, and data of which so much is known.
    pub fn new<T: Element>(lines: &Lines<'_, T>, loss: &Loss, facts: &Facts) -> Self {
        let entries = lines.x.entries();
        let apart = loss.zeros_apart();
        let swept = if apart { facts.nonzero } else { facts.known };
        let zeros_unlisted = |part: &crate::data::Part<'_, T>| match &part.kind {
            PartKind::Dense(_) => false,
            PartKind::Sparse(block) => !block.unlisted_missing && part.rows() > 0,
        };
        // Zeros that are swept with the others are met though nothing lists them.
        let whole = swept >= MANY * entries || (!apart && lines.x.parts.iter().any(zeros_unlisted));
        let no_rest = |part: &crate::data::Part<'_, T>| match &part.kind {
            PartKind::Dense(_) => part.rows() == 0,
            PartKind::Sparse(block) => block.unlisted_missing || part.rows() == 0,
        };
        let listed = !whole && lines.x.parts.iter().all(no_rest);
        let all_known = facts.known == entries;
        let sparse = |part: &crate::data::Part<'_, T>| matches!(part.kind, PartKind::Sparse(_));
        let plain = !whole
            && !lines.weighted()
            && facts.nonzero == lines.x.stored as f64
            && lines.x.parts.iter().all(sparse);
        let still = if !apart || !(loss.is_logarithmic() || loss.allows(0.0)) {
            Still::Nothing
        } else if loss.zeros_linear() && all_known && lines.separable() {
            Still::Shared
        } else {
            Still::Entries
        };
        Self {
            whole,
            still,
            plain,
            listed,
        }
    }

    /// The same, but that each zero is met by itself.
    pub fn by_entries(self, loss: &Loss) -> Self {
        let still = if loss.allows(0.0) && loss.zeros_apart() {
            Still::Entries
        } else {
            self.still
        };
        Self { still, ..self }
    }

    /// Whether the rows of the whole partner are wanted.
    fn turns(&self) -> bool {
        self.whole || (self.still == Still::Entries && !self.listed)
    }
}

/// The rows of a panel, one after the other.
pub struct Rows<T> {
    /// k rows.
    pub data: Aligned<T>,
    /// Numbers from one to the next.
    pub line: usize,
}

impl<T: Element> Rows<T> {
    fn new(panel: &Panel<T>) -> Result<Self> {
        let line = panel.cols.next_multiple_of(T::LANES);
        let mut data = Aligned::zeros(panel.k * line)?;
        run(Turn {
            panel: panel.data(),
            stride: panel.stride,
            k: panel.k,
            indices: None,
            line,
            out: &mut data,
        });
        Ok(Self { data, line })
    }
}

/// The data as one factor sees them while its partner stands still.
pub struct Sight<'a, T: Element> {
    /// X.
    pub lines: &'a Lines<'a, T>,
    /// Which factor looks.
    pub side: Side,
    /// The other.
    pub partner: &'a Panel<T>,
    /// What is measured.
    pub loss: &'a Loss,
    /// How.
    pub plan: Plan,
    /// The partner by rows, where that is wanted.
    pub rows: Option<Rows<T>>,
    /// Σ of what counts linearly along the partner, block by block, where columns share that.
    pub shared: Vec<Vec<f64>>,
}

/// What is said of the linear part of entries of dispersion p.
struct Linear(f64);

impl With for Linear {
    type Output = f64;
    fn with<F: Formula>(self, formula: F) -> f64 {
        formula.linear(self.0)
    }
}

impl<'a, T: Element> Sight<'a, T> {
    /// Of a factor whose partner is given.
    pub fn new(
        lines: &'a Lines<'a, T>,
        side: Side,
        partner: &'a Panel<T>,
        loss: &'a Loss,
        plan: Plan,
    ) -> Result<Self> {
        let mut sight = Self {
            lines,
            side,
            partner,
            loss,
            plan,
            rows: plan.turns().then(|| Rows::new(partner)).transpose()?,
            shared: Vec::new(),
        };
        if plan.still == Still::Shared {
            sight.shared = (0..lines.x.parts.len())
                .map(|part| sight.share(part))
                .collect();
        }
        Ok(sight)
    }

    fn share(&self, part: usize) -> Vec<f64> {
        let block = &self.lines.x.parts[part];
        let columns = match self.side {
            Side::H => block.top..block.top + block.rows(),
            Side::W => 0..self.lines.x.cols,
        };
        let mut sums = vec![0.0; self.partner.k];
        if block.rows() == 0 {
            return sums;
        }
        let (_, weights) = self.lines.factors(
            part,
            self.side,
            block.top.min(self.lines.shape(self.side).0 - 1),
        );
        for (i, at) in columns.enumerate() {
            let by = weights.at(i) * self.linear_of_partner(at);
            for (sum, x) in sums.iter_mut().zip(self.partner.column(at)) {
                *sum += by * x.to_f64();
            }
        }
        sums
    }

    fn linear(&self, p: f64) -> f64 {
        self.loss.of::<T, _>(Linear(p))
    }

    /// The linear part of entries is the product of this and that of the column.
    fn linear_of_partner(&self, at: usize) -> f64 {
        match &self.loss.dispersion {
            None => self.linear(0.0),
            Some(own) => match own.line(self.side, 0) {
                Numbers::One(_) => 1.0,
                Numbers::Each(values) => self.linear(values[at]),
            },
        }
    }

    /// See there.
    pub fn linear_of_column(&self, c: usize) -> f64 {
        match &self.loss.dispersion {
            None => 1.0,
            Some(own) => match own.line(self.side, c) {
                Numbers::One(p) => self.linear(p),
                Numbers::Each(_) => 1.0,
            },
        }
    }

    /// Dispersions of the entries that meet column c.
    pub fn dispersions(&self, c: usize) -> Numbers<'_> {
        match &self.loss.dispersion {
            None => Numbers::One(0.0),
            Some(own) => own.line(self.side, c),
        }
    }

    /// Chances to be zero whatever the estimate of the entries that meet column c.
    pub fn inflations(&self, c: usize) -> Option<Numbers<'_>> {
        self.loss
            .zero_inflation
            .as_ref()
            .map(|own| own.line(self.side, c))
    }
}
