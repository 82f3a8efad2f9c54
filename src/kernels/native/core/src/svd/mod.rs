//! Truncated SVD of the data, centred and scaled where asked.

mod bounds;
mod cycles;
mod deflate;
mod gaps;
mod measure;
mod moments;
mod operator;
mod ritz;
mod shift;

pub use bounds::Terms;
pub use cycles::Solver;

use crate::control::{Control, Iterate, Stopped};
use crate::data::{Block, Data, Dense, Layout};
use crate::error::{KernelError, Result};
use crate::matrix::Matrix;
use crate::orthogonal::complete;
use crate::reduce::sum;
use cycles::Search;
use deflate::deflate;
use gaps::fill_in;
use measure::{Measure, left_by, measure, shrunk};
use moments::feature_moments;
use operator::Centered;
use ritz::Ritz;
use shift::{dominating_means, replaced, shifted};

/// Cycles without a smaller residual after which rounding is in the way and the search ends.
const fn patience(solver: Solver) -> usize {
    match solver {
        Solver::Krylov => 5,
        Solver::Lanczos => 20,
        Solver::Randomized => 40,
    }
}

/// Truncated SVD of X, with its rows' means subtracted and deviations divided out where asked: U, d and V minimise
/// J = ½‖A − U·diag(d)·Vᵀ‖² + ½·L2·‖d‖² over what is known; or pairs one by one, with terms.
pub struct SvdArgs<'a> {
    /// Row blocks of X.
    pub x: &'a [Block<'a>],
    /// Directions wanted.
    pub k: usize,
    /// Subtract each feature's mean.
    pub center: bool,
    /// Divide by each feature's standard deviation.
    pub scale: bool,
    /// How pairs are sought.
    pub solver: Solver,
    /// ≥ 0.
    pub l2: f64,
    /// Of W and H: pairs are found one by one.
    pub terms: Option<[Terms; 2]>,
    /// Whether entries are missing.
    pub missing: bool,
    /// features × block, any numbers: the subspace search begins from Xᵀ·start.
    pub start: Dense<'a>,
    /// Most cycles; rounds, where entries are missing; steps of each pair, with terms.
    pub max_iter: usize,
    /// Largest residual ‖Xᵀu_r − σ_r·v_r‖₂ allowed, as a fraction of σ₁; fall of J, where entries are missing; what a step
    /// brings of what its pair has brought, with terms.
    pub tol: f64,
}

/// U, σ, Vᵀ and how they were found.
pub struct SvdResult {
    /// U, features × k.
    pub u: Matrix,
    /// σ, falling.
    pub sigma: Vec<f64>,
    /// Vᵀ, k × samples.
    pub vt: Matrix,
    /// ‖X − reconstruction‖² / entries.
    pub loss: f64,
    /// J.
    pub objective: f64,
    /// How the search came to its end.
    pub stopped: Stopped,
    /// Every iterate.
    pub history: Vec<Iterate>,
    /// Largest residual over σ₁.
    pub kkt: f64,
    /// Mean of each feature, when centred.
    pub center: Option<Vec<f64>>,
    /// Standard deviation of each feature, when scaled.
    pub scale: Option<Vec<f64>>,
    /// What the first r pairs leave of the squares of the centred and scaled matrix, r = 0 … k.
    pub left: Vec<f64>,
}

impl SvdArgs<'_> {
    fn check(&self, x: &Data<'_>) -> Result<()> {
        self.start.check()?;
        if self.k == 0 || self.start.cols == 0 || self.start.rows != x.rows {
            return Err(KernelError::invalid(format!(
                "{} directions of {} features cannot be sought from a start of {} × {}",
                self.k, x.rows, self.start.rows, self.start.cols
            )));
        }
        let terms = self.terms.iter().flatten().map(|terms| terms.l1);
        for x in terms.chain([self.l2, self.tol]) {
            if !(x >= 0.0 && x.is_finite()) {
                return Err(KernelError::invalid(format!(
                    "penalties and tolerance must be finite and not negative, not {x}"
                )));
            }
        }
        Ok(())
    }
}

/// Truncated SVD of X, centred and scaled where asked. Means that dwarf the spread are taken out of dense data first,
/// which costs a copy and saves the digits that differ.
pub fn svd(args: &SvdArgs<'_>, control: Control<'_>) -> Result<SvdResult> {
    let layout = Layout {
        k: args.start.cols,
        low_memory: false,
    };
    let x = Data::new(args.x, layout)?;
    args.check(&x)?;
    if args.missing && args.terms.is_none() {
        return fill_in(args, control);
    }
    let shift = if args.center && !args.missing {
        dominating_means(&x)?
    } else {
        None
    };
    let solve = |x: &Data<'_>| match args.terms {
        None => search(args, x, control),
        Some([w, h]) => deflate(args, w, h, x, control),
    };
    let Some(shift) = shift else {
        return solve(&x);
    };
    let data = shifted(&x, &shift)?;
    let blocks = replaced(args.x, &data);
    let mut found = solve(&Data::new(&blocks, layout)?)?;
    for (center, shift) in found.center.iter_mut().flatten().zip(&shift) {
        *center += shift;
    }
    Ok(found)
}

/// Cycles of a search until the true residual ‖Aᵀu − σv‖ is small, or there is nothing left to search. A basis is
/// orthonormalised twice over, so U and V are orthonormal to rounding. The largest entry of each left vector is positive.
fn search(args: &SvdArgs<'_>, x: &Data<'_>, control: Control<'_>) -> Result<SvdResult> {
    let moments = feature_moments(x, args.center, args.scale)?;
    let a = Centered {
        x,
        moments: &moments,
    };
    let search = Search {
        solver: args.solver,
        start: args.start,
        k: args.k,
        changing: false,
    };
    let mut best = Ritz::zeros(x.rows, x.cols, args.k)?;
    let mut last = measure(x, &best, &moments, args.l2)?;
    let mut from = None;
    let mut history = History::new(x.entries());
    let mut kkt = if last.objective > 0.0 { 1.0 } else { 0.0 };
    let mut stopped = Stopped::MaxIter;
    let (mut least, mut since_best) = (f64::INFINITY, 0);
    // One vector at a time may have missed a direction of equal σ: cycles with something new would show it.
    let mut fresh = 0;

    while history.iterates.len() < args.max_iter {
        let Some(cycled) = search.cycle(&a, from.as_ref(), fresh, control)? else {
            stopped = Stopped::Aborted;
            break;
        };
        best = cycled.found.leading(args.k)?;
        kkt = best.largest_residual(&a)?;
        since_best = if kkt < least { 0 } else { since_best + 1 };
        least = least.min(kkt);
        last = measure(x, &best, &moments, args.l2)?;
        let before = history
            .iterates
            .last()
            .map_or(f64::INFINITY, |last| last.objective);
        let told = Measure {
            squares: last.squares,
            objective: before.min(last.objective),
        };
        history.push(told, control);
        let there = kkt <= args.tol;
        if there && (cycled.invariant || args.solver != Solver::Lanczos || fresh > 0) {
            stopped = Stopped::Converged;
            break;
        }
        if cycled.invariant || since_best == patience(args.solver) {
            break;
        }
        fresh = fresh.max(usize::from(there));
        from = Some(cycled.found);
    }

    let left = left_by(sum(&moments.squares), &best.sigma, args.l2);
    best.sigma = shrunk(&best.sigma, args.l2);
    let ended = Ended {
        last,
        kkt,
        stopped,
        left,
        center: moments.center,
        scale: moments.scale,
    };
    orthonormal(best, history, ended)
}

/// Every iterate so far.
struct History {
    iterates: Vec<Iterate>,
    /// That are known.
    entries: f64,
}

impl History {
    fn new(entries: f64) -> Self {
        Self {
            iterates: Vec::new(),
            entries,
        }
    }

    fn push(&mut self, measured: Measure, control: Control<'_>) {
        let iterate = Iterate {
            iteration: self.iterates.len() + 1,
            loss: measured.squares / self.entries,
            objective: measured.objective,
        };
        self.iterates.push(iterate);
        (control.on_iteration)(iterate);
    }
}

/// How a search ended.
struct Ended {
    last: Measure,
    kkt: f64,
    stopped: Stopped,
    left: Vec<f64>,
    center: Option<Vec<f64>>,
    scale: Option<Vec<f64>>,
}

/// Vectors that are zero are replaced by others at right angles to all.
fn orthonormal(mut best: Ritz, history: History, ended: Ended) -> Result<SvdResult> {
    complete(&mut best.u);
    complete(&mut best.v);
    best.fix_signs();
    result(best, history, ended)
}

fn result(best: Ritz, history: History, ended: Ended) -> Result<SvdResult> {
    Ok(SvdResult {
        vt: best.v.transposed()?,
        u: best.u,
        sigma: best.sigma,
        loss: ended.last.squares / history.entries,
        objective: ended.last.objective,
        stopped: ended.stopped,
        history: history.iterates,
        kkt: ended.kkt,
        center: ended.center,
        scale: ended.scale,
        left: ended.left,
    })
}
