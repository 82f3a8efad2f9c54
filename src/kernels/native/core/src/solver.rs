use crate::column_terms::Spread;
use crate::error::Result;
use crate::leaves::{SweepTile, Sweeps};
use crate::quadratic::Quadratic;
use crate::reduce::STRETCH;
use crate::simd::{Real, run};

/// Exactly, by pivoting.
pub mod exact;
/// By multiplicative updates.
pub mod multiplicative;
/// By sweeps on a Gram matrix of each column's own.
pub mod own;
/// Without bounds, and then clipped.
pub mod unconstrained;

/// How a half-step solves for one factor while the other stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Solver {
    /// Exact coordinate steps, several sweeps of them (HALS: Cichocki & Phan 2009, eq. 24; Gillis & Glineur 2012,
    /// section 4).
    Hals,
    /// Multiplicative updates (Lee & Seung 2001).
    Mu,
    /// Without bounds, and then clipped: a heuristic that may raise the objective.
    Cholesky,
    /// Exactly, by block principal pivoting (Kim & Park 2011).
    Bpp,
    /// Newton steps at every coordinate, or sweeps on a parabola (CCD: Hsieh & Dhillon 2011): of other losses than squares.
    Ccd,
}

impl Solver {
    /// Whether no half-step raises the objective.
    pub fn descends(self) -> bool {
        self != Self::Cholesky
    }
}

/// A column rests once Σ curvature·δ² of a sweep is at most this fraction of that of its first.
pub const REST: f64 = 0.01;

/// A half-step's problem, made ready for every column.
pub enum Prepared<'a, T: Real> {
    /// By sweeps; each column with a weight of its own, where there are such.
    Sweeps(Sweeps<T>, Option<&'a [T]>),
    /// By multiplicative updates.
    Mu(multiplicative::Updates<'a, T>),
    /// By one factorization of G.
    Cholesky(unconstrained::Factored<'a>),
    /// By pivoting.
    Bpp(exact::Pivoting<'a>),
    /// By sweeps, each column on its own Gram matrix.
    Own(own::OwnSweeps<'a, T>),
}

impl<'a, T: Real> Prepared<'a, T> {
    /// The problem of a half-step; only sweeps take a diagonal of each column's own.
    pub fn new(
        solver: Solver,
        quadratic: &'a Quadratic<'a>,
        sweeps: usize,
        own: Option<&'a Spread<T>>,
    ) -> Result<Self> {
        Ok(match solver {
            Solver::Hals | Solver::Ccd => Self::Sweeps(
                quadratic.sweeps(sweeps, REST, own.map(|own| &own.spread[..])),
                own.map(|own| &own.weights[..]),
            ),
            Solver::Mu => Self::Mu(multiplicative::Updates::new(quadratic, sweeps)?),
            Solver::Bpp => Self::Bpp(exact::Pivoting::new(quadratic)),
            // Where there are no linear equations, or singular ones, the exact minimum.
            Solver::Cholesky => match unconstrained::Factored::new(quadratic)? {
                Some(factored) if !quadratic.has_kinks() => Self::Cholesky(factored),
                _ => Self::Bpp(exact::Pivoting::new(quadratic)),
            },
        })
    }

    /// Improves columns x of a panel, `first` and those after it, given columns b; returns by how much the objective falls,
    /// stretch after stretch.
    pub fn solve(&self, first: usize, stride: usize, x: &mut [T], b: &[T]) -> Result<f64> {
        match self {
            Self::Sweeps(sweeps, weights) => {
                let count = x.len() / stride;
                let mut decrease = vec![T::default(); count];
                let tile = SweepTile {
                    sweeps,
                    stride,
                    x,
                    b,
                    diagonal: weights.map(|weights| &weights[first..first + count]),
                    decrease: &mut decrease,
                };
                run(tile);
                let of = |falls: &[T]| falls.iter().fold(0.0, |sum, fall| sum + fall.to_f64());
                let falls = decrease.chunks(STRETCH).map(of);
                Ok(falls.fold(0.0, |sum, fall| sum + fall))
            }
            Self::Mu(updates) => by_stretch(stride, x, b, |_, x, b| updates.apply(stride, x, b)),
            Self::Cholesky(factored) => {
                by_stretch(stride, x, b, |_, x, b| factored.solve(stride, x, b))
            }
            Self::Bpp(pivoting) => by_stretch(stride, x, b, |_, x, b| pivoting.solve(stride, x, b)),
            Self::Own(own) => {
                by_stretch(stride, x, b, |c, x, b| own.solve(first + c, stride, x, b))
            }
        }
    }
}

/// Solves for columns x, given columns b, stretch after stretch, each from column c of them on; how far they fall together.
fn by_stretch<T: Real>(
    stride: usize,
    x: &mut [T],
    b: &[T],
    solve: impl Fn(usize, &mut [T], &[T]) -> Result<f64>,
) -> Result<f64> {
    let size = STRETCH * stride;
    let mut fall = 0.0;
    for (n, (x, b)) in x.chunks_mut(size).zip(b.chunks(size)).enumerate() {
        fall += solve(n * STRETCH, x, b)?;
    }
    Ok(fall)
}
