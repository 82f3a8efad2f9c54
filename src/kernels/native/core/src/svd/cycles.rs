use super::operator::Operator;
use super::ritz::{Ritz, leading_columns, ritz};
use crate::control::Control;
use crate::data::Dense;
use crate::error::Result;
use crate::matrix::Matrix;
use crate::orthogonal::extend;

/// Blocks AᵀA·Q, (AᵀA)²·Q, … added to the search space before it is reduced to its best directions;
const KRYLOV_DEPTH: usize = 3;
/// where A changes, what is not known of it keeps a cycle from more than one brings.
const KRYLOV_DEPTH_CHANGING: usize = 1;
/// Least vectors of a Lanczos basis,
const LANCZOS_LEAST: usize = 20;
/// and how many there are for each direction wanted.
const LANCZOS_EACH: usize = 2;

/// How a truncated SVD is sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// Restarted block Krylov iteration.
    Krylov,
    /// One vector at a time, thickly restarted.
    Lanczos,
    /// Powers of a random subspace.
    Randomized,
}

/// What one cycle of a search has found.
pub struct Cycled {
    /// The best of the space.
    pub found: Ritz,
    /// Nothing new was to be found: the space holds every direction of A.
    pub invariant: bool,
}

/// Where a search begins, and how many directions it is for.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// How.
    pub solver: Solver,
    /// features × block.
    pub start: Dense<'a>,
    /// Directions wanted.
    pub k: usize,
    /// Whether A is another in each cycle.
    pub changing: bool,
}

impl Search<'_> {
    /// One cycle, from where the last one has ended or, first, from Aᵀ·start; nothing once cancelled. What it finds
    /// approximates A no worse than what it begins from does. `fresh` columns of the start are brought in anew.
    pub fn cycle(
        &self,
        a: &dyn Operator,
        from: Option<&Ritz>,
        fresh: usize,
        control: Control<'_>,
    ) -> Result<Option<Cycled>> {
        if (control.cancelled)() {
            return Ok(None);
        }
        match self.solver {
            Solver::Krylov => self.krylov(a, from, control),
            Solver::Lanczos => self.lanczos(a, from, fresh, control),
            Solver::Randomized => self.randomized(a, from).map(Some),
        }
    }

    fn begin(&self) -> Result<Matrix> {
        Matrix::copied(self.start.rows, self.start.cols, self.start.data)
    }

    /// Krylov blocks of a block of directions, orthonormalised twice over.
    fn krylov(
        &self,
        a: &dyn Operator,
        from: Option<&Ritz>,
        control: Control<'_>,
    ) -> Result<Option<Cycled>> {
        let depth = if self.changing {
            KRYLOV_DEPTH_CHANGING
        } else {
            KRYLOV_DEPTH
        };
        let mut v = match from {
            None => extend(&none(a)?, &a.transposed(&self.begin()?)?, most(a))?,
            Some(from) => leading_columns(&from.v, self.start.cols.min(from.sigma.len()))?,
        };
        let mut image = a.times(&v)?;
        let mut block = Matrix::copied(image.rows, image.cols, &image.data)?;
        for _ in 0..depth {
            if (control.cancelled)() {
                return Ok(None);
            }
            let wider = extend(&v, &a.transposed(&block)?, most(a))?;
            if wider.cols == v.cols {
                return found(&v, &image, true);
            }
            if (control.cancelled)() {
                return Ok(None);
            }
            block = a.times(&wider.columns(v.cols, wider.cols)?)?;
            (v, image) = (wider, beside(&image, &block)?);
        }
        let invariant = v.cols >= most(a);
        found(&v, &image, invariant)
    }

    /// A power of AᵀA times a block, orthonormalised on both sides.
    fn randomized(&self, a: &dyn Operator, from: Option<&Ritz>) -> Result<Cycled> {
        let u = match from {
            None => self.begin()?,
            Some(from) => leading_columns(&from.u, self.start.cols.min(from.sigma.len()))?,
        };
        let v = extend(&none(a)?, &a.transposed(&u)?, most(a))?;
        let found = ritz(&v, &a.times(&v)?)?;
        let invariant = v.cols < u.cols || v.cols >= most(a);
        Ok(Cycled { found, invariant })
    }

    /// A basis grown by one vector Aᵀu at a time, u the newest vector of an orthonormal basis of its image; where A changes, or
    /// something was brought in anew, first those of all that were wanted: the residuals of these are then no longer one
    /// direction. Where that leads to nothing, a column of the start goes on: only so are equal singular values found more
    /// than once.
    fn lanczos(
        &self,
        a: &dyn Operator,
        from: Option<&Ritz>,
        fresh: usize,
        control: Control<'_>,
    ) -> Result<Option<Cycled>> {
        let (k, start) = (self.k, self.begin()?);
        let size = most(a).min((LANCZOS_EACH * k + 1).max(LANCZOS_LEAST));
        let each = self.changing || fresh > 0;
        let more = if each { 0 } else { size.saturating_sub(k) / 2 };
        let mut v = match from {
            None => none(a)?,
            Some(from) => {
                let kept = (k + more).min(from.sigma.len()).min(size - 1);
                leading_columns(&from.v, kept)?
            }
        };
        let mut image = a.times(&v)?;
        let mut q = extend(&Matrix::zeros(a.rows(), 0)?, &image, a.rows())?;
        // Columns of Q, and of the start, that have been used.
        let mut used = if each { 0 } else { q.cols.saturating_sub(1) };
        let (mut spare, mut added) = (0, 0);
        while v.cols < size {
            if (control.cancelled)() {
                return Ok(None);
            }
            let mut wider = None;
            while wider.is_none() && added >= fresh && used < q.cols {
                wider = grown(&v, &a.transposed(&q.columns(used, used + 1)?)?, most(a))?;
                used += 1;
            }
            while wider.is_none() && spare < start.cols {
                let column = start.columns(spare, spare + 1)?;
                wider = grown(&v, &a.transposed(&column)?, most(a))?;
                spare += 1;
            }
            let Some(wider) = wider else {
                return found(&v, &image, true);
            };
            let own = a.times(&wider.columns(v.cols, wider.cols)?)?;
            q = extend(&q, &own, a.rows())?;
            (v, image) = (wider, beside(&image, &own)?);
            added += 1;
        }
        // The last vectors of a full basis may be more rounding than direction.
        found(&v, &image, false)
    }
}

fn found(v: &Matrix, image: &Matrix, invariant: bool) -> Result<Option<Cycled>> {
    let found = ritz(v, image)?;
    Ok(Some(Cycled { found, invariant }))
}

/// V with a column more, if it is new.
fn grown(v: &Matrix, column: &Matrix, most: usize) -> Result<Option<Matrix>> {
    let wider = extend(v, column, most)?;
    Ok((wider.cols > v.cols).then_some(wider))
}

fn none(a: &dyn Operator) -> Result<Matrix> {
    Matrix::zeros(a.cols(), 0)
}

fn most(a: &dyn Operator) -> usize {
    a.rows().min(a.cols())
}

/// Two matrices of as many rows side by side.
fn beside(a: &Matrix, b: &Matrix) -> Result<Matrix> {
    let mut out = Matrix::zeros(a.rows, a.cols + b.cols)?;
    let (left, right) = out.data.split_at_mut(a.data.len());
    left.copy_from_slice(&a.data);
    right.copy_from_slice(&b.data);
    Ok(out)
}
